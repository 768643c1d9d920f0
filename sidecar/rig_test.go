package sidecar

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
	"github.com/fluxstudio/fluxmcp/tools/transport/origins"
)

// fakeTokens knows tokens by their text.
type fakeTokens struct{ asked []string }

// keysAway is what the verifier says while it has no keys.
type keysAway struct{ error }

func (e *keysAway) Unwrap() error          { return e.error }
func (keysAway) RetryAfter() time.Duration { return 1500 * time.Millisecond }

func (f *fakeTokens) Verify(_ context.Context, token string) (bearer.Claims, error) {
	f.asked = append(f.asked, token)
	known := map[string]bearer.Claims{
		"alice":  {Issuer: "iss", Subject: "alice", Roles: []string{"designer"}},
		"admin":  {Issuer: "iss", Subject: "root", Roles: []string{"admin"}},
		"reader": {Issuer: "iss", Subject: "bob", Scoped: true, Scopes: []string{tools.ScopeRead}},
		"writer": {Issuer: "iss", Subject: "bob", Scoped: true, Scopes: []string{tools.ScopeWrite}},
		"openid": {Issuer: "iss", Subject: "eve", Scoped: true, Scopes: []string{"openid"}},
		"scoped": {Issuer: "iss", Subject: "root", Roles: []string{"admin"}, Scoped: true, Scopes: []string{tools.ScopeRead}},
	}
	switch token {
	case "expired":
		return bearer.Claims{}, &bearer.Rejected{Reason: bearer.ReasonExpired}
	case "away":
		return bearer.Claims{}, &keysAway{&bearer.Rejected{Reason: bearer.ReasonKeysUnavailable}}
	case "broken":
		return bearer.Claims{}, errors.New("dial tcp 10.0.0.5")
	}
	if c, ok := known[token]; ok {
		return c, nil
	}
	return bearer.Claims{}, &bearer.Rejected{Reason: bearer.ReasonSignature}
}

// fakeBucket has a number of places for each key.
type fakeBucket struct {
	places int
	taken  map[string]int
}

func (b *fakeBucket) Peek(key string) (bool, time.Duration) {
	return b.taken[key] < b.places, 1500 * time.Millisecond
}

func (b *fakeBucket) Take(key string) (bool, time.Duration) {
	ok, wait := b.Peek(key)
	b.taken[key]++
	return ok, wait
}

type sayArgs struct {
	SQL string `json:"sql" jsonschema:"what to say"`
}

type sayResult struct {
	Said     string    `json:"said"`
	Cached   bool      `json:"cached"`
	Executed time.Time `json:"executed_at"`
}

// rig is a server with a reading tool called query and a writing one called write.
type rig struct {
	*Server
	tokens  *fakeTokens
	events  []string
	cleared int
	called  []tools.Principal
}

// toolError has any code.
type toolError struct{ code string }

func (e toolError) Error() string { return "the tool says no" }
func (e toolError) Code() string  { return e.code }
func (e toolError) Hint() string  { return "Try another." }

func (g *rig) say(ctx context.Context, in sayArgs) (sayResult, error) {
	g.called = append(g.called, tools.PrincipalOf(ctx))
	if code, failing := strings.CutPrefix(in.SQL, "fail "); failing {
		return sayResult{}, toolError{code}
	}
	return sayResult{Said: in.SQL, Cached: in.SQL == "again", Executed: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}, nil
}

func newRig(change func(*Options)) *rig {
	g := &rig{tokens: &fakeTokens{}}
	set := tools.Toolset{Name: "postgres", Tools: []tools.Tool{
		tools.New(tools.Spec{Name: "query", Title: "Q", Description: "d", Effect: tools.ReadOnly}, g.say),
		tools.New(tools.Spec{Name: "write", Title: "W", Description: "d", Effect: tools.Writes}, g.say),
	}}
	rt := tools.Runtime{Notify: transport.Notify}
	mcp := transport.NewServer(transport.Info{Name: "t", Version: "1"}, nil)
	rt.AddToolset(mcp, set)
	o := Options{
		Verifier: g.tokens, Toolsets: []tools.Toolset{set}, Runtime: rt, Version: "1",
		SignIn: []string{"https://id.example"}, PublicURL: "https://mcp.example", Origins: origins.New([]string{"https://app.example", "https://mcp.example"}),
		ClearCache: func(context.Context) error { g.cleared++; return nil },
		Metrics:    http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("metrics here")) }),
		Events: Events{
			Refused: func(_ context.Context, reason string) { g.events = append(g.events, "refused "+reason) },
			Limited: func(_ context.Context, bucket string) { g.events = append(g.events, "limited "+bucket) },
		},
	}
	if change != nil {
		change(&o)
	}
	var authorize func(*http.Request, string, string) *transport.Denied
	o.MCP = transport.NewHTTP(mcp, transport.HTTPOptions{
		AllowedOrigins: []string{"https://app.example", "https://mcp.example"}, SessionKey: []byte("0123456789abcdef0123456789abcdef"),
		Principal: func(r *http.Request) string { return tools.PrincipalOf(r.Context()).Key() },
		Authorize: func(r *http.Request, method, target string) *transport.Denied { return authorize(r, method, target) },
	})
	g.Server = New(o)
	authorize = g.Authorize
	return g
}

// send makes one request. head lists headers as Name: value.
func (g *rig) send(t *testing.T, method, path, body string, head ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "mcp.example", "192.0.2.7:1234"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range head {
		name, value, _ := strings.Cut(h, ": ")
		switch name {
		case "From":
			r.RemoteAddr = value
		case "Content-Type":
			r.Header.Set(name, value)
		default:
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, r)
	return w
}

func toolCall(name string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":{"sql":"hi"}}}`
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`

// code is the code member of a failure.
func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var f struct {
		Code, Message, Hint string
		Error               struct{ Data tools.Failure }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil {
		return ""
	}
	if f.Code == "" && f.Error.Data.Code != "" {
		f.Code, f.Message, f.Hint = f.Error.Data.Code, f.Error.Data.Message, f.Error.Data.Hint
	}
	if f.Code != "" && (f.Message == "" || !strings.HasSuffix(f.Hint, ".")) {
		t.Errorf("the failure lacks a message or a hint that is a sentence: %s", w.Body)
	}
	return f.Code
}
