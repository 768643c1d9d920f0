// Command serve runs the sandbox by itself, and prints the settings that make
// fluxmcp use it.
//
//	go run ./examples/sandbox/serve --redirect http://127.0.0.1:8787
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	listen, redirect string
	verbose          bool
}

func parse(args []string, errs io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8788", "loopback `HOST:PORT`")
	flags.StringVar(&o.redirect, "redirect", "http://127.0.0.1:8787", "address of fluxmcp, whose callbacks are registered; several with commas")
	flags.BoolVar(&o.verbose, "verbose", false, "log each request, without secrets")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return o, fmt.Errorf("--listen: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return o, errors.New("--listen: the sandbox gives tokens to everybody who asks, so it listens on loopback addresses alone")
	}
	return o, nil
}

func run(ctx context.Context, args []string, out, errs io.Writer) error {
	o, err := parse(args, errs)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	s := sandbox.New(sandbox.Options{
		BaseURL: "http://" + listener.Addr().String(), Log: slog.New(slog.NewTextHandler(errs, &slog.HandlerOptions{Level: level})),
	})
	for address := range strings.SplitSeq(o.redirect, ",") {
		for _, p := range []string{sandbox.Figma, sandbox.Slack, sandbox.GitHub} {
			s.Register(p, strings.TrimSuffix(address, "/")+"/api/integrations/"+p+"/callback")
		}
	}
	for _, x := range s.Settings() {
		fmt.Fprintf(out, "export %s=%s\n", x.Name, x.Value)
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close() // nobody is waited for
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
