// Command conformance serves the fixtures of the official MCP conformance suite
// on fluxmcp's kernel and transports, so that the suite tests exactly those. It
// knows nothing of fluxmcp's own tools. See run.sh.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to serve HTTP on; its URL is printed")
	stdio := flag.Bool("stdio", false, "serve standard input and output instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, *listen, *stdio, log); err != nil {
		log.Error("stopped", slog.String("cause", err.Error()))
		os.Exit(1)
	}
}

func run(ctx context.Context, listen string, stdio bool, log *slog.Logger) error {
	s := newServer(log)
	if stdio {
		return transport.ServeStdio(ctx, s, os.Stdin, os.Stdout, transport.StdioOptions{Log: log})
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	h := transport.NewHTTP(s, transport.HTTPOptions{Log: log})
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	fmt.Printf("http://%s/mcp\n", l.Addr())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err = <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	within, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(h.Shutdown(within), srv.Shutdown(within))
}

// newServer publishes all fixtures.
func newServer(log *slog.Logger) *server.MCPServer {
	s := transport.NewServer(transport.Info{Name: "fluxmcp-conformance", Title: "fluxmcp conformance fixtures", Version: "1.0.0"}, log,
		server.WithToolCapabilities(true), // the suite changes the lists and wants to be told
		server.WithPromptCapabilities(true),
		server.WithResourceCapabilities(true, true),
	)
	rt := tools.Runtime{Log: log, Notify: transport.Notify, Fail: func(ctx context.Context, uri string, f tools.Failure) error {
		return transport.Fail(ctx, &transport.RPCError{Code: mcp.INVALID_PARAMS, Message: f.Message, Data: f})
	}}
	rt.AddToolset(s, plainTools(), documents())
	addRichDocuments(s)
	addQuestions(s)
	addRounds(s)
	addDiagnostics(s)
	return s
}
