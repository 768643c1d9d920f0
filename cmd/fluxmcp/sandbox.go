package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"syscall"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// sandboxAddress is where the stand-ins of the providers are.
const sandboxAddress = "127.0.0.1:8788"

// sandboxed is the stand-ins of the providers, in this process or another.
type sandboxed struct {
	box *sandbox.Sandbox
	srv *http.Server // nil: another process serves
}

// register lets the stand-ins send people back to base.
func (b *sandboxed) register(base string, providers []string) {
	if b == nil {
		return
	}
	for _, p := range providers {
		b.box.Register(p, base+callbackPath(p))
		if b.srv == nil {
			ctx, cancel := context.WithTimeout(context.Background(), reachLimit)
			// Where it fails, the provider's page says that the redirect URI is unknown.
			_, _ = sandbox.Turn(ctx, "http://"+sandboxAddress, "register", map[string]any{"provider": p, "uri": base + callbackPath(p)})
			cancel()
		}
	}
}

// useSandbox lets the stand-ins take the providers' place, where set says so.
// Settings that name a real client win.
func (a *app) useSandbox(set *settings) error {
	on, err := set.boolean("FLUXMCP_SANDBOX")
	if err != nil || !on {
		return err
	}
	s := sandbox.New(sandbox.Options{BaseURL: "http://" + sandboxAddress, Log: a.log})
	for _, row := range s.Settings() {
		if set.origin[row.Name] == "default" {
			set.set(row.Name, row.Value, "sandbox")
		}
	}
	a.sandbox, err = startSandbox(s, a.log)
	return err
}

// startSandbox serves s, unless another process of fluxmcp has one already.
func startSandbox(s *sandbox.Sandbox, log *slog.Logger) (*sandboxed, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", sandboxAddress)
	if errors.Is(err, syscall.EADDRINUSE) {
		log.Info("sandbox of another process is used", "address", sandboxAddress)
		return &sandboxed{box: s}, nil
	}
	if err != nil {
		return nil, &cannotListen{setting: "FLUXMCP_SANDBOX", address: sandboxAddress, err: err}
	}
	b := &sandboxed{box: s, srv: newServer(s.Handler())}
	go func() { _ = b.srv.Serve(l) }() // ends with close
	return b, nil
}

func (b *sandboxed) close() {
	if b != nil && b.srv != nil {
		_ = b.srv.Close() // nothing to be kept
	}
}
