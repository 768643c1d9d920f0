package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/fluxstudio/fluxmcp/sidecar"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
)

// pageServer serves the pages of consents for a process that serves no HTTP:
// from the first time that one is needed, on FLUXMCP_LISTEN, which the redirect
// URIs registered with the providers name. Where another fluxmcp listens there,
// that one serves them: it finds the tickets in the same database.
//
// It serves no MCP, no REST and no list of accounts to who has no link:
// everybody on this machine can reach it.
type pageServer struct {
	c *cli
	a *app

	mu   sync.Mutex
	srv  *http.Server // nil: not needed yet, or another process serves
	base string
}

// ready makes sure that the pages can be opened.
// Errors: *badSetting, *cannotListen.
func (p *pageServer) ready(ctx context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.srv != nil {
		return p.base, nil
	}
	address := p.c.set.text("FLUXMCP_LISTEN")
	if !loopback(address) {
		return "", &badSetting{"FLUXMCP_LISTEN", address + " can be reached from other machines", "Set it to 127.0.0.1:8787: the person's browser is on this machine."}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) && another(ctx, address) {
		return p.known("http://" + address)
	}
	if err != nil {
		return "", &cannotListen{setting: "FLUXMCP_LISTEN", address: address, err: err}
	}
	base, err := p.known("http://" + listener.Addr().String())
	if err != nil {
		return "", errors.Join(err, listener.Close())
	}
	p.srv = newServer(p.handler())
	p.base = base
	go func() { _ = p.srv.Serve(listener) }() // ends with close
	p.c.log.Info("pages for connecting accounts", "address", listener.Addr().String())
	return base, nil
}

// known notes where the pages are, as the person's browser writes it.
func (p *pageServer) known(base string) (string, error) {
	public, err := publicURL(p.c.set)
	if err != nil {
		return "", err
	}
	if public != "" {
		base = public
	}
	p.a.consent.base.Store(&base)
	p.a.sandbox.register(base, names(p.a.consent.desk.offered))
	return base, nil
}

// handler serves the pages alone.
func (p *pageServer) handler() http.Handler {
	open := pages.New(p.a.pageOptions(p.c.set, nil))
	s := sidecar.New(sidecar.Options{
		MCP: http.NotFoundHandler(), Verifier: nobody{}, Log: p.c.log, Version: version(),
		Routes: openRoutes(open.Routes(), false),
	})
	return s.Handler()
}

// openRoutes are the routes of pages as the sidecar mounts them, with or
// without those that need a bearer token.
func openRoutes(list []pages.Route, bearer bool) []sidecar.Route {
	var out []sidecar.Route
	for _, r := range list {
		route := sidecar.Route{Pattern: r.Pattern, Open: r.Methods, Closed: map[string]sidecar.Closed{}}
		for method, b := range r.Bearer {
			if bearer {
				route.Closed[method] = sidecar.Closed{Scope: b.Scope, Serve: b.Serve}
			}
		}
		if len(route.Open)+len(route.Closed) > 0 {
			out = append(out, route)
		}
	}
	return out
}

// another reports whether a fluxmcp listens at address.
func another(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/api/health", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<16)) // what was read decides
	return strings.Contains(string(body), `"service":"fluxmcp"`)
}

// opens checks that the page of a link is there: another process may serve
// another database.
func opens(ctx context.Context, link string) error {
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, link, nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_ = res.Body.Close() // HEAD has none
		if res.StatusCode == http.StatusOK {
			return nil
		}
		err = fmt.Errorf("it answers %d", res.StatusCode)
	}
	return &badSetting{"FLUXMCP_LISTEN", "another fluxmcp listens there, which does not know this person's links: " + plainCause(err), "Stop it, give both the same DATABASE_URL, or choose another port and register its redirect URI with the providers."}
}

// serves reports whether this process itself serves the pages.
func (p *pageServer) serves() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.srv != nil
}

// close lets requests under way end.
func (p *pageServer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.srv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	if p.srv.Shutdown(ctx) != nil {
		_ = p.srv.Close() // nothing more can be done
	}
}
