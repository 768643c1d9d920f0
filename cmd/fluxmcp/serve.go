package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/transport"
	"github.com/spf13/cobra"
)

// After SIGTERM calls under way may go on for drainTime; then they are canceled
// and have answerTime to tell their callers.
const (
	drainTime  = 10 * time.Second
	answerTime = 3 * time.Second
)

func serveFlags() []flagOf {
	return []flagOf{
		{"listen", "FLUXMCP_LISTEN", "HOST:PORT to listen on"},
		{"auth", "FLUXMCP_AUTH", "who may call: none"},
		{"strict", "FLUXMCP_STRICT", "refuse a database role that can do more than read"},
		{"read-only", "FLUXMCP_READ_ONLY", "offer only tools that change nothing"},
	}
}

// addServeFlags defines the flags of serveFlags that cmd takes.
func addServeFlags(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		for _, f := range serveFlags() {
			if f.flag != name {
				continue
			}
			if name == "strict" || name == "read-only" {
				cmd.Flags().Bool(name, false, f.usage)
			} else {
				cmd.Flags().String(name, "", f.usage)
			}
		}
	}
}

func serveCommand(c *cli) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve MCP over HTTP",
		Long: "serve answers MCP over Streamable HTTP at /mcp and over legacy SSE at /sse and\n" +
			"/message, and /healthz. It stops on SIGTERM: calls under way have 10 seconds to end,\n" +
			"then they are canceled.",
		Example: "  fluxmcp serve --listen 127.0.0.1:8787 --auth none\n" +
			"  DATABASE_URL=postgres://reader@db/app fluxmcp serve --strict",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), nil) },
	}
	addServeFlags(cmd, "listen", "auth", "strict", "read-only")
	return cmd
}

// serve runs the HTTP server until ctx ends. ready, where not nil, is called
// once it accepts connections.
func (c *cli) serve(ctx context.Context, ready func(a *app, base string) error) error {
	address := c.set.text("FLUXMCP_LISTEN")
	if err := checkAuth(c.set.text("FLUXMCP_AUTH"), address); err != nil {
		return err
	}
	// Connections outlive ctx: calls under way are drained after it ends.
	a, err := newApp(context.WithoutCancel(ctx), c.set, c.log)
	if err != nil {
		return err
	}
	defer a.close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the check below before the database is closed
	if err := c.checkPosture(ctx, a); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return &cannotListen{address: address, err: err}
	}
	handler := transport.NewHTTP(a.mcp, transport.HTTPOptions{AllowedOrigins: c.set.list("CORS_ORIGINS"), Log: c.log})
	srv := &http.Server{
		Handler:           routes(handler),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	c.log.Info("listening", "address", listener.Addr().String())
	if ready != nil {
		if err := ready(a, "http://"+listener.Addr().String()); err != nil {
			return errors.Join(err, srv.Close())
		}
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	return drain(srv, handler)
}

// drain lets calls under way end and closes streams that would never end.
func drain(srv *http.Server, h *transport.HTTP) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(fmt.Errorf("end calls under way: %w", err), srv.Close())
	}
	// What did not end in time has been canceled; its callers are told so.
	ctx, cancel = context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop HTTP: %w", err), srv.Close())
	}
	return nil
}

func routes(mcp http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/mcp", mcp)
	mux.Handle("/sse", mcp)
	mux.Handle("/message", mcp)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	return mux
}

// checkAuth refuses to serve strangers without knowing who they are.
func checkAuth(auth, address string) error {
	if auth != "none" {
		return &badSetting{"FLUXMCP_AUTH", fmt.Sprintf("%q is not a kind of authentication that this version has", auth), "Use --auth none on a loopback address."}
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return &badSetting{"FLUXMCP_LISTEN", fmt.Sprintf("%q is not HOST:PORT", address), "Write it as 127.0.0.1:8787."}
	}
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return nil
	}
	return &badSetting{"FLUXMCP_LISTEN", fmt.Sprintf("%s can be reached from other machines, and --auth none lets anyone in", address), "Listen on 127.0.0.1."}
}

// cannotListen says why the address is not to be had.
type cannotListen struct {
	address string
	err     error
}

func (e *cannotListen) Error() string { return "cannot listen on " + e.address + ": " + e.err.Error() }
func (e *cannotListen) Unwrap() error { return e.err }
func (e *cannotListen) Code() string  { return "cannot_listen" }
func (e *cannotListen) Hint() string {
	return "Stop the program that uses the port, or choose another with --listen 127.0.0.1:PORT (port 0 takes a free one)."
}
