package sidecar

import (
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// metadataPath is where the protected resource metadata is; the path of the
// resource follows it.
// Source: https://www.rfc-editor.org/rfc/rfc9728 section 3.1
const metadataPath = "/.well-known/oauth-protected-resource"

// base is the URL of this server as its clients write it.
func (s *Server) base(r *http.Request) string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// challenge is the value of WWW-Authenticate. It names the metadata from which a
// client learns where to sign in, and the scopes that suffice.
// Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization
func (s *Server) challenge(r *http.Request, code, text, scope string) string {
	parts := []string{`resource_metadata="` + quotable(s.base(r)) + metadataPath + `/mcp"`}
	if code != "" {
		parts = append(parts, `error="`+code+`"`, `error_description="`+quotable(text)+`"`)
	}
	if scope != "" && !s.AnyScope {
		parts = append(parts, `scope="`+scope+`"`)
	}
	return "Bearer " + strings.Join(parts, ", ")
}

// quotable drops what a quoted string cannot hold; the Host header is the client's.
func quotable(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return -1
		}
		return c
	}, s)
}

// metadata is what RFC 9728 calls it. offline_access is not among the scopes: it
// is between a client and its authorization server.
func (s *Server) metadata(w http.ResponseWriter, r *http.Request) {
	type document struct {
		Resource string   `json:"resource"`
		SignIn   []string `json:"authorization_servers,omitempty"`
		Scopes   []string `json:"scopes_supported,omitempty"`
		Methods  []string `json:"bearer_methods_supported"`
		Name     string   `json:"resource_name"`
	}
	d := document{
		Resource: s.base(r) + "/mcp", SignIn: s.SignIn, Scopes: []string{tools.ScopeRead, tools.ScopeWrite},
		Methods: []string{"header"}, Name: "fluxmcp",
	}
	if s.AnyScope {
		d.Scopes = nil
	}
	if w.Header().Get("Access-Control-Allow-Origin") == "" {
		w.Header().Set("Access-Control-Allow-Origin", "*") // public, and the same for everybody
	}
	w.Header().Set("Cache-Control", "public, max-age=300")
	s.write(w, r, http.StatusOK, d)
}

// deniedScope records a call that was refused before the kernel saw it.
func (s *Server) deniedScope(r *http.Request, target string) {
	t, known := s.calls[target]
	if !known {
		target = ""
	}
	s.log.InfoContext(r.Context(), "scope missing", "tool", target)
	if s.Runtime.Audit == nil || !known {
		return
	}
	e := tools.Entry{
		Time: time.Now(), Principal: tools.PrincipalOf(r.Context()), Tool: target, Effect: t.Spec.Effect,
		Outcome: "insufficient_scope", Request: tools.RequestOf(r.Context()),
	}
	if s.Runtime.TraceID != nil {
		e.TraceID = s.Runtime.TraceID(r.Context())
	}
	s.Runtime.Audit.After(r.Context(), e)
}

// Authorize decides whether the sender of r may have a message of MCP served. It
// is the transport's: only there is it known which tool a message calls, and only
// an HTTP status makes a client ask its person for more.
func (s *Server) Authorize(r *http.Request, method, target string) *transport.Denied {
	p := tools.PrincipalOf(r.Context())
	scope := tools.ScopeRead
	switch method {
	case "initialize", "ping", "server/discover", "notifications/initialized", "notifications/cancelled":
		return nil
	case "tools/call":
		if t, known := s.calls[target]; known {
			scope = t.Spec.Effect.Scope()
		}
	}
	if p.Permits(scope) {
		return nil
	}
	text := "the token does not permit " + scope
	s.deniedScope(r, target)
	return &transport.Denied{
		Status: http.StatusForbidden,
		Header: http.Header{"Www-Authenticate": {s.challenge(r, "insufficient_scope", text, scope)}},
		Reason: text,
		Data:   tools.Failure{Code: "insufficient_scope", Message: text, Hint: "Sign in again with the scope " + scope + "."},
	}
}
