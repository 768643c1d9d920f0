package sidecar

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

func TestWhoMayCall(t *testing.T) {
	const metadata = `Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource/mcp"`
	const both = `scope="fluxmcp:read fluxmcp:write"`
	for _, c := range []struct {
		name, method, path, body string
		head                     []string
		status                   int
		code                     string
		challenge                string // WWW-Authenticate
	}{
		{"no token gets the way to sign in, and no error code", "POST", "/mcp", initialize, nil, 401, "unauthorized", metadata + ", " + both},
		{"a valid token is served", "POST", "/mcp", initialize, []string{"Authorization: Bearer alice"}, 200, "", ""},
		{"the scheme may be written in any case", "POST", "/mcp", initialize, []string{"Authorization: bearer alice"}, 200, "", ""},
		{"a forged token is invalid", "POST", "/mcp", initialize, []string{"Authorization: Bearer mallory"}, 401, "invalid_token", metadata + `, error="invalid_token", error_description="` + rejected("signature") + `", ` + both},
		{"an expired token is invalid", "POST", "/mcp", initialize, []string{"Authorization: Bearer expired"}, 401, "invalid_token", metadata + `, error="invalid_token", error_description="` + rejected("expired") + `", ` + both},
		{"another scheme is no token", "POST", "/mcp", initialize, []string{"Authorization: Basic YTpi"}, 401, "unauthorized", metadata + ", " + both},
		{"two Authorization headers are ambiguous", "POST", "/mcp", initialize, []string{"Authorization: Bearer alice", "Authorization: Bearer alice"}, 400, "invalid_request", metadata + `, error="invalid_request", error_description="there is more than one Authorization header", ` + both},
		{"two tokens in one header are ambiguous", "POST", "/mcp", initialize, []string{"Authorization: Bearer alice, Bearer bob"}, 400, "invalid_request", ""},
		{"an empty token is malformed", "POST", "/mcp", initialize, []string{"Authorization: Bearer "}, 400, "invalid_request", ""},
		{"a token in the URL is refused", "POST", "/mcp?access_token=alice", initialize, nil, 400, "invalid_request", ""},
		{"a token in the URL is refused beside a good one", "GET", "/api/mcp/tools?x=1&access_token=alice", "", []string{"Authorization: Bearer alice"}, 400, "invalid_request", ""},
		{"keys that cannot be had are the server's trouble", "POST", "/mcp", initialize, []string{"Authorization: Bearer away"}, 503, "keys_unavailable", ""},
		{"a verifier that breaks lets nobody in", "POST", "/mcp", initialize, []string{"Authorization: Bearer broken"}, 503, "keys_unavailable", ""},
		{"SSE needs a token", "GET", "/sse", "", nil, 401, "unauthorized", metadata + ", " + both},
		{"the messages of SSE need a token", "POST", "/message?sessionId=x", initialize, nil, 401, "unauthorized", ""},
		{"REST needs a token", "POST", "/api/mcp/query", `{"sql":"hi"}`, nil, 401, "unauthorized", metadata + ", " + both},
		{"metrics need a token", "GET", "/metrics", "", nil, 401, "unauthorized", ""},
		{"metrics need an administrator", "GET", "/metrics", "", []string{"Authorization: Bearer alice"}, 403, "admin_required", ""},
		{"metrics are an administrator's", "GET", "/metrics", "", []string{"Authorization: Bearer admin"}, 200, "", ""},
		{"an administrator's token that is limited to reading runs nothing", "POST", "/api/mcp/cache/clear", "", []string{"Authorization: Bearer scoped"}, 403, "insufficient_scope", metadata + `, error="insufficient_scope", error_description="the token does not permit fluxmcp:admin", scope="fluxmcp:admin"`},
		{"health needs none", "GET", "/healthz", "", nil, 200, "", ""},
		{"readiness needs none", "GET", "/readyz", "", nil, 200, "", ""},
		{"the health of the web API needs none", "GET", "/api/health", "", nil, 200, "", ""},
		{"the metadata needs none", "GET", "/.well-known/oauth-protected-resource", "", nil, 200, "", ""},
		{"a path that is not there says so without a token", "GET", "/nope", "", nil, 404, "not_found", ""},
		{"a reading token calls a reading tool", "POST", "/mcp", toolCall("query"), []string{"Authorization: Bearer reader"}, 200, "", ""},
		{"a reading token is asked for more by a writing tool", "POST", "/mcp", toolCall("write"), []string{"Authorization: Bearer reader"}, 403, "insufficient_scope", metadata + `, error="insufficient_scope", error_description="the token does not permit fluxmcp:write", scope="fluxmcp:write"`},
		{"a writing token calls both", "POST", "/mcp", toolCall("write"), []string{"Authorization: Bearer writer"}, 200, "", ""},
		{"a token with foreign scopes alone is asked for one of ours", "POST", "/mcp", toolCall("query"), []string{"Authorization: Bearer openid"}, 403, "insufficient_scope", ""},
		{"a token with foreign scopes alone may say hello", "POST", "/mcp", initialize, []string{"Authorization: Bearer openid"}, 200, "", ""},
		{"a token without scopes may call everything", "POST", "/mcp", toolCall("write"), []string{"Authorization: Bearer alice"}, 200, "", ""},
		{"a browser may ask before it sends a token", "OPTIONS", "/mcp", "", []string{"Origin: https://app.example", "Access-Control-Request-Method: POST"}, 204, "", ""},
		{"OPTIONS without a token is served by nothing", "OPTIONS", "/metrics", "", nil, 405, "method_not_allowed", ""},
		{"OPTIONS with a body is served by nothing", "OPTIONS", "/mcp", initialize, nil, 405, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(nil)
			w := g.send(t, c.method, c.path, c.body, append(c.head, "Accept: application/json, text/event-stream")...)
			if w.Code != c.status || code(t, w) != c.code {
				t.Errorf("got %d %s, want %d %s: %s", w.Code, code(t, w), c.status, c.code, w.Body)
			}
			if got := w.Header().Get("WWW-Authenticate"); c.challenge != "" && got != c.challenge {
				t.Errorf("got challenge  %s\nwant            %s", got, c.challenge)
			}
			if w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
				t.Error("503 lacks Retry-After")
			}
			if strings.Contains(w.Body.String(), "10.0.0.5") {
				t.Errorf("the cause went out: %s", w.Body)
			}
		})
	}
}

// rejected is the text that a client gets of a refused token.
func rejected(token string) string {
	_, err := (&fakeTokens{}).Verify(context.Background(), token)
	return err.Error()
}

func TestMetadataNamesTheResourceAndWhereToSignIn(t *testing.T) {
	for path, host := range map[string]string{
		"/.well-known/oauth-protected-resource": "https://mcp.example", "/.well-known/oauth-protected-resource/mcp": "https://mcp.example",
	} {
		w := newRig(nil).send(t, "GET", path, "")
		want := `{"resource":"` + host + `/mcp","authorization_servers":["https://id.example"],"scopes_supported":["fluxmcp:read","fluxmcp:write"],"bearer_methods_supported":["header"],"resource_name":"fluxmcp"}` + "\n"
		if w.Body.String() != want || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: got  %s%v\nwant %s", path, w.Body, w.Header(), want)
		}
	}
	w := newRig(func(o *Options) { o.PublicURL = "" }).send(t, "GET", "/.well-known/oauth-protected-resource/mcp", "")
	if !strings.Contains(w.Body.String(), `"resource":"http://mcp.example/mcp"`) {
		t.Errorf("without a public URL: got %s, want that of the request", w.Body)
	}
	if w := newRig(func(o *Options) { o.Verifier = nil }).send(t, "GET", metadataPath, ""); w.Code != http.StatusNotFound {
		t.Errorf("without authentication: got %d, want 404", w.Code)
	}
}

func TestAdministratorsCanBeNamed(t *testing.T) {
	for _, c := range []struct {
		name, token string
		admins      []string
		want        bool
	}{
		{"nobody is named: the role counts", "admin", nil, true},
		{"nobody is named: others are none", "alice", nil, false},
		{"somebody else is named: the role does not count", "admin", []string{"alice"}, false},
		{"named by subject alone, which any issuer could give", "alice", []string{"x", "alice"}, false},
		{"named by issuer and subject", "alice", []string{"iss|alice"}, true},
		{"named under another issuer", "alice", []string{"other|alice"}, false},
	} {
		w := newRig(func(o *Options) { o.Admins = c.admins }).send(t, "POST", "/api/mcp/cache/clear", "", "Authorization: Bearer "+c.token)
		if got := w.Code == http.StatusOK; got != c.want {
			t.Errorf("%s: got %d %s, want admin=%v", c.name, w.Code, w.Body, c.want)
		}
	}
}

func TestAddressesThatGuessAreStopped(t *testing.T) {
	b, hard := &fakeBucket{places: 2, taken: map[string]int{}}, &fakeBucket{places: 7, taken: map[string]int{}}
	g := newRig(func(o *Options) {
		o.Addresses, o.Guesses, o.Trusted = b, hard, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	for _, c := range []struct {
		name   string
		head   []string
		status int
	}{
		{"a valid token costs nothing", []string{"Authorization: Bearer alice"}, 200},
		{"first failure", nil, 401},
		{"second failure", []string{"Authorization: Bearer mallory"}, 401},
		{"third failure is told to wait", []string{"Authorization: Bearer mallory"}, 429},
		{"a valid token from there is served: others share the address", []string{"Authorization: Bearer alice"}, 200},
		{"another address is free", []string{"From: 192.0.2.8:1"}, 401},
		{"a header that no trusted proxy wrote does not count", []string{"X-Forwarded-For: 192.0.2.99"}, 429},
		{"behind a trusted proxy the client counts", []string{"From: 10.1.1.1:1", "X-Forwarded-For: 192.0.2.7"}, 429},
		{"behind a trusted proxy another client is free", []string{"From: 10.1.1.1:1", "X-Forwarded-For: 192.0.2.77"}, 401},
		{"what the client itself wrote there does not count", []string{"From: 10.1.1.1:1", "X-Forwarded-For: 192.0.2.55, 192.0.2.7, 10.2.2.2"}, 429},
		{"an IPv6 neighbour of one network", []string{"From: [2001:db8::1]:1"}, 401},
		{"the same network", []string{"From: [2001:db8::2]:1"}, 401},
		{"is stopped as one", []string{"From: [2001:db8::3]:1"}, 429},
		{"a flood: sixth", nil, 429},
		{"a flood: seventh", nil, 429},
		{"from then on not even a valid token is looked at", []string{"Authorization: Bearer alice"}, 429},
		{"trouble of the server is not counted", []string{"From: 192.0.2.44:1", "Authorization: Bearer away"}, 503},
	} {
		w := g.send(t, "POST", "/api/mcp/query", `{"sql":"hi"}`, c.head...)
		if w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
		if w.Code == 429 && w.Header().Get("Retry-After") != "2" {
			t.Errorf("%s: got Retry-After %q, want 2", c.name, w.Header().Get("Retry-After"))
		}
	}
	if b.taken["192.0.2.44"] != 0 {
		t.Error("a 503 was counted as a failure of the client")
	}
}

func TestFloodOfOneUserIsStopped(t *testing.T) {
	g := newRig(func(o *Options) { o.Requests = &fakeBucket{places: 2, taken: map[string]int{}} })
	for i, want := range []int{200, 200, 429} {
		if w := g.send(t, "POST", "/mcp", toolCall("query"), "Authorization: Bearer alice"); w.Code != want {
			t.Errorf("request %d: got %d, want %d", i+1, w.Code, want)
		}
	}
	if w := g.send(t, "POST", "/mcp", toolCall("query"), "Authorization: Bearer admin"); w.Code != 200 {
		t.Errorf("another user: got %d, want 200", w.Code)
	}
	if w := g.send(t, "GET", "/api/mcp/tools", "", "Authorization: Bearer alice"); w.Code != 200 {
		t.Errorf("GET: got %d, want 200", w.Code)
	}
	if want := []string{"limited requests"}; !slices.Equal(g.events, want) {
		t.Errorf("got events %v, want %v", g.events, want)
	}
}

func TestSessionsAreOfWhoOpenedThem(t *testing.T) {
	g := newRig(nil)
	w := g.send(t, "POST", "/mcp", initialize, "Authorization: Bearer alice")
	id := w.Header().Get("Mcp-Session-Id")
	if id == "" {
		t.Fatalf("got no session: %s", w.Body)
	}
	for _, c := range []struct {
		name, token, method string
		status              int
	}{
		{"its own", "alice", "POST", 200},
		{"another's", "admin", "POST", 404},
		{"another's to end", "admin", "DELETE", 404},
		{"another's to listen on", "admin", "GET", 404},
	} {
		w := g.send(t, c.method, "/mcp", toolCall("query"), "Authorization: Bearer "+c.token, "Mcp-Session-Id: "+id, "MCP-Protocol-Version: 2025-11-25", "Accept: text/event-stream, application/json")
		if w.Code != c.status {
			t.Errorf("%s: got %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
	}
	if len(g.called) != 1 || g.called[0].Subject != "alice" || g.called[0].Issuer != "iss" {
		t.Errorf("got calls of %+v, want one of alice", g.called)
	}
}

func TestWithoutAVerifierEverybodyIsTheLocalUser(t *testing.T) {
	g := newRig(func(o *Options) {
		o.Verifier, o.Local = nil, tools.Principal{Issuer: "local", Subject: "me", Admin: true}
	})
	for _, path := range []string{"/mcp", "/api/mcp/query"} {
		body := toolCall("query")
		if path != "/mcp" {
			body = `{"sql":"hi"}`
		}
		if w := g.send(t, "POST", path, body); w.Code != 200 {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	if w := g.send(t, "GET", "/metrics", ""); w.Body.String() != "metrics here" {
		t.Errorf("metrics: got %s", w.Body)
	}
	if len(g.called) != 2 || g.called[0].Subject != "me" {
		t.Errorf("got calls of %+v, want two of me", g.called)
	}
}

func TestStreamsEndWithTheirToken(t *testing.T) {
	expires := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name, method string
		expires      time.Time
		want         time.Duration // after the token; 0: never
	}{
		{"a stream", "GET", expires, 30 * time.Second},
		{"a call, or a subscription", "POST", expires, 150 * time.Second},
		{"the local user", "GET", time.Time{}, 0},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, "/sse", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, done := untilExpired(t.Context(), r, tools.Principal{Expires: c.expires})
		defer done()
		end, bounded := ctx.Deadline()
		if bounded != (c.want > 0) || bounded && end.Sub(expires) != c.want {
			t.Errorf("%s: got end %v, %v, want %v after the token", c.name, end, bounded, c.want)
		}
	}
}
