// Command fluxmcp is a Model Context Protocol server that gives an agent a
// team's systems: today a PostgreSQL database, read-only and behind a guard.
// This package wires everything and is the only reader of environment and flags.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/fluxstudio/fluxmcp/store/embedded"
)

// Exit codes, part of the stable surface.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50) // many processes run beside a desktop client: memory before speed
	}
	if len(os.Args) > 1 && os.Args[1] == embedded.WatchCommand {
		os.Exit(watch(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Environ())
	stop()
	os.Exit(code)
}

// watch is the supervisor of the private PostgreSQL, which embedded starts: it
// outlives the process that asked for it, and needs no settings.
func watch(args []string) int {
	if err := embedded.Watch(args); err != nil {
		report(os.Stderr, err)
		return exitFailed
	}
	return exitOK
}

// streams are the program's ends, so that tests can hold them.
type streams struct {
	in  io.Reader
	out io.Writer
	err io.Writer

	point func(name string) // called at named points of consents and refreshes, for tests that end the process there; nil: not
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, io streams, environ []string) int {
	root := rootCommand(io, environ)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errDenied):
		return exitFailed // the verdict has been printed
	case errors.As(err, &usage):
		report(io.err, err)
		return exitUsage
	default:
		report(io.err, err)
		return exitFailed
	}
}

// report prints what went wrong and what to do.
func report(w io.Writer, err error) {
	fmt.Fprintln(w, "fluxmcp:", err)
	if why := cause(err); why != err.Error() {
		fmt.Fprintln(w, "cause:", why)
	}
	var told interface{ Hint() string }
	if errors.As(err, &told) {
		fmt.Fprintln(w, "hint:", told.Hint())
	}
}

// usageError is a wrong command line.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Hint() string  { return "Run `fluxmcp --help`, or `fluxmcp COMMAND --help`." }
