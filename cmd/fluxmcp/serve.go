package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
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
		{"auth", "FLUXMCP_AUTH", "who may call: jwt or none"},
		{"strict", "FLUXMCP_STRICT", "refuse a database role that can do more than read"},
		{"read-only", "FLUXMCP_READ_ONLY", "offer only tools that change nothing"},
		{"sandbox", "FLUXMCP_SANDBOX", "use invented stand-ins of Figma, Slack and GitHub"},
	}
}

// addServeFlags defines the flags of serveFlags that cmd takes.
func addServeFlags(cmd *cobra.Command, names ...string) {
	for _, name := range names {
		for _, f := range serveFlags() {
			if f.flag != name {
				continue
			}
			if name == "strict" || name == "read-only" || name == "sandbox" {
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
			"/message, REST at /api/mcp, and /healthz, /readyz and /metrics.\n\n" +
			"With JWT_SECRET or FLUXMCP_ISSUERS every request needs a bearer token; without,\n" +
			"serve listens on loopback addresses alone. It stops on SIGTERM: calls under way have\n" +
			"10 seconds to end, then they are canceled.",
		Example: "  fluxmcp serve                                   # this machine alone, no tokens\n" +
			"  export JWT_SECRET=$(openssl rand -base64 48); fluxmcp serve --listen 0.0.0.0:8787\n" +
			"  FLUXMCP_ISSUERS=https://login.example.com FLUXMCP_PUBLIC_URL=https://mcp.example.com fluxmcp serve --listen :8787 --strict",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), nil) },
	}
	addServeFlags(cmd, "listen", "auth", "strict", "read-only", "sandbox")
	return cmd
}

// serve runs the HTTP server until ctx ends. ready, where not nil, is called
// once it accepts connections.
func (c *cli) serve(ctx context.Context, ready func(a *app, base string) error) (err error) {
	address := c.set.text("FLUXMCP_LISTEN")
	if err := checkListen("FLUXMCP_LISTEN", address); err != nil {
		return err
	}
	auth, err := authKind(c.set, address)
	if err != nil {
		return err
	}
	tel, err := c.startTelemetry(ctx)
	if err != nil {
		return err
	}
	defer c.stopTelemetry(tel)
	// Connections outlive ctx: calls under way are drained after it ends.
	a, err := newApp(context.WithoutCancel(ctx), c.set, c.log, serving{telemetry: tel, limited: true, calls: true, open: auth == authNone, point: c.io.point})
	if err != nil {
		return err
	}
	defer a.close()
	c.offered.set(a.sets)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the check below before the database is closed
	if err := c.checkPosture(ctx, a); err != nil {
		return err
	}
	return c.listen(ctx, a, auth, ready)
}

// listen opens the listeners and serves until ctx ends.
func (c *cli) listen(ctx context.Context, a *app, auth string, ready func(a *app, base string) error) error {
	address := c.set.text("FLUXMCP_LISTEN")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return &cannotListen{setting: "--listen", address: address, err: err}
	}
	base := "http://" + listener.Addr().String()
	f, err := c.newFace(ctx, a, auth, base)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer f.close()
	stopMetrics, err := c.serveMetrics(ctx, a)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer stopMetrics()
	stopAccounts := a.startAccounts(ctx)
	defer stopAccounts()
	srv := newServer(f.handler)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	go c.warnOfTrouble(ctx, f)
	c.log.Info("listening", "address", listener.Addr().String(), "callers", auth, "mcp", a.shownBase(base)+"/mcp")
	if a.consent != nil {
		c.log.Info("accounts are connected at", "page", a.shownBase(base)+"/integrations", "providers", strings.Join(names(a.consent.desk.offered), ", "))
	}
	if ready != nil {
		if err := ready(a, base); err != nil {
			return errors.Join(err, srv.Close())
		}
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	c.log.Info("stopping", "calls under way may take", drainTime)
	return drain(srv, f.mcp)
}

// warnOfTrouble tells at the start what is missing. The server runs all the same:
// what it depends on may come later.
func (c *cli) warnOfTrouble(ctx context.Context, f *face) {
	for _, check := range f.checks {
		if check.Name == "jobs" {
			continue // they start by and by, and tell of trouble themselves
		}
		bounded, cancel := context.WithTimeout(ctx, firstStart)
		_, err := check.Probe(bounded)
		cancel()
		if err != nil && ctx.Err() == nil {
			c.log.Warn("started without "+check.Name, "cause", cause(err), "mend", "fluxmcp doctor")
		}
	}
}

// newServer has the limits that no client may hold it up with.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}

// serveMetrics listens apart where that is set.
func (c *cli) serveMetrics(ctx context.Context, a *app) (stop func(), err error) {
	const name = "FLUXMCP_METRICS_LISTEN"
	address := c.set.text(name)
	if address == "" {
		return func() {}, nil
	}
	if err := checkListen(name, address); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, &cannotListen{setting: name, address: address, err: err}
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.around.tel.MetricsHandler())
	srv := newServer(mux)
	go func() { _ = srv.Serve(listener) }() // ends with stop
	c.log.Info("metrics", "address", listener.Addr().String())
	return func() { _ = srv.Close() }, nil
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

// cannotListen says why the address is not to be had.
type cannotListen struct {
	setting, address string
	err              error
}

func (e *cannotListen) Error() string { return "cannot listen on " + e.address + ": " + e.err.Error() }
func (e *cannotListen) Unwrap() error { return e.err }
func (e *cannotListen) Code() string  { return "cannot_listen" }
func (e *cannotListen) Hint() string {
	return "Stop the program that uses the port, or choose another with " + e.setting + " 127.0.0.1:PORT (port 0 takes a free one)."
}
