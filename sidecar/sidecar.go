// Package sidecar is the HTTP face around MCP: who is asking (bearer tokens),
// who asks too much, what a browser may do, the REST API for web clients, health
// and metadata. It knows no tool, no database and no way to verify a token: those
// are given to it.
package sidecar

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport/origins"
)

// Verifier says whose a bearer token is. Errors with Code() reach the caller.
type Verifier interface {
	Verify(ctx context.Context, token string) (bearer.Claims, error)
}

// Bucket limits how often something happens, by key. Implementations never fail.
type Bucket interface {
	// Peek tells whether Take would succeed, and else how long it will not.
	Peek(key string) (ok bool, wait time.Duration)
	// Take counts once.
	Take(key string) (ok bool, wait time.Duration)
}

// Events are told what happens at the door. Nil members are not.
type Events struct {
	Refused func(ctx context.Context, reason string) // a token, by its Reason
	Limited func(ctx context.Context, bucket string) // "addresses" or "requests"
}

// Options are the settings of New.
type Options struct {
	MCP http.Handler // serves /mcp, /sse and /message

	Verifier   Verifier        // nil: everybody is Local
	Local      tools.Principal // who asks without a Verifier
	Admins     []string        // issuer|subject of those who may run the server; empty: who has the role admin
	AnyScope   bool            // do not look at the scopes of tokens
	PublicURL  string          // as clients write it, without a path; empty: as the request has it
	SignIn     []string        // authorization servers, for the metadata
	Origins    origins.Allowed
	Trusted    []netip.Prefix // proxies whose X-Forwarded-For counts
	Addresses  Bucket         // of requests without a valid token, by client address; nil: no limit
	Guesses    Bucket         // likewise, a larger one, above which no token of the address is looked at; nil: no limit
	Requests   Bucket         // of requests, by principal; nil: no limit
	Events     Events
	Toolsets   []tools.Toolset
	Runtime    tools.Runtime
	ClearCache func(context.Context) error // nil: there is no cache
	Routes     []Route                     // further paths
	Checks     []Check                     // of readiness
	Metrics    http.Handler                // nil: no /metrics here
	Trace      func(http.Handler) http.Handler
	Log        *slog.Logger
	Version    string
}

// Route is a path that others serve.
type Route struct {
	Pattern string                      // of http.ServeMux, without a method
	Open    map[string]http.HandlerFunc // by method, for everybody
	Closed  map[string]Closed           // by method, for those who are known
}

// Closed serves those whose token permits Scope.
type Closed struct {
	Scope string
	Serve http.HandlerFunc
}

// Server answers HTTP. Make it with New; safe for concurrent use.
type Server struct {
	Options
	log    *slog.Logger
	ready  readiness
	warned atomic.Int64 // when the log last told of guessing, Unix seconds
	calls  map[string]tools.Tool
	clear  tools.Tool // zero without a cache
	start  time.Time
}

// New makes the HTTP face.
func New(o Options) *Server {
	s := &Server{Options: o, log: o.Log, ready: readiness{checks: o.Checks}, calls: map[string]tools.Tool{}, start: time.Now()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.ClearCache != nil {
		s.clear = clearTool(o.ClearCache)
	}
	for _, set := range o.Toolsets {
		for _, t := range set.Tools {
			s.calls[t.Spec.Name] = t
		}
	}
	return s
}

// Handler routes all paths. Order of what surrounds a request: identity of the
// request, headers, origin, address limit, token, request limit, the handler.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.open(mux, "/healthz", get(s.healthz))
	s.open(mux, "/readyz", get(s.readyz))
	s.open(mux, "/api/health", get(s.apiHealth))
	if s.Verifier != nil {
		s.open(mux, metadataPath, get(s.metadata))
		s.open(mux, metadataPath+"/mcp", get(s.metadata))
	}
	for _, path := range []string{"/mcp", "/sse", "/message"} {
		mux.Handle(path, s.authenticated(s.MCP))
	}
	s.closed(mux, "/api/mcp/query", post(s.query))
	s.closed(mux, "/api/mcp/tools", get(s.listTools))
	s.closed(mux, "/api/mcp/cache/clear", post(s.clearCache))
	for _, r := range s.Routes {
		s.mount(mux, r)
	}
	s.endpoints(mux)
	if s.Metrics != nil {
		s.closed(mux, "/metrics", get(s.metrics))
	}
	s.open(mux, "/", methods{"": func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &problem{http.StatusNotFound, "not_found", "there is nothing at this path", "Post MCP messages to /mcp."})
	}})
	var h http.Handler = mux
	if s.Trace != nil {
		h = s.Trace(h)
	}
	return s.identified(h)
}

// methods are the handlers of one path; "" serves the methods that are missing.
type methods map[string]http.HandlerFunc

func get(h http.HandlerFunc) methods {
	return methods{http.MethodGet: h, http.MethodHead: h}
}

func post(h http.HandlerFunc) methods { return methods{http.MethodPost: h} }

// open serves a path to everybody.
func (s *Server) open(mux *http.ServeMux, path string, m methods) {
	mux.Handle(path, s.shared(m, s.byMethod(m)))
}

// closed serves a path to those who are known.
func (s *Server) closed(mux *http.ServeMux, path string, m methods) {
	mux.Handle(path, s.shared(m, s.authenticated(s.byMethod(m))))
}

// mount serves a path of others, whose methods may differ in who may call them.
func (s *Server) mount(mux *http.ServeMux, r Route) {
	all := methods(maps.Clone(r.Open))
	if all == nil {
		all = methods{}
	}
	for method, c := range r.Closed {
		known := s.authenticated(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.permitted(w, r, c.Scope) {
				c.Serve(w, r)
			}
		}))
		all[method] = known.ServeHTTP
	}
	mux.Handle(r.Pattern, s.shared(all, s.byMethod(all)))
}
