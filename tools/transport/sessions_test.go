package transport

import (
	"net/http"
	"strings"
	"testing"
)

// Trap 5. mcp-go serves anyone who knows an id, and opens streams for made-up
// ones.
func TestSessionBelongsToItsPrincipal(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	alice := w.as("alice").initialize("")
	ended := w.as("alice").initialize("")
	ended.do(ended.request(t.Context(), http.MethodDelete, "/mcp", ""))
	id := alice.session
	tests := []struct {
		name, user, session string
	}{
		{"another's", "mallory", id},
		{"another's, when nobody is logged in", "", id},
		{"made up", "alice", "mcp-session-1b4e28ba-2fa1-11d2-883f-0016d3cca427"},
		{"signed by nobody", "alice", strings.Repeat("A", len(id))},
		{"altered", "alice", id[:len(id)-3] + "AAA"},
		{"ended", "alice", ended.session},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
			t.Run(method+" with one that is "+tt.name, func(t *testing.T) {
				c := w.as(tt.user)
				c.session = tt.session
				body := ""
				if method == http.MethodPost {
					body = legacy.call("1", "echo")
				}
				g := c.do(c.request(t.Context(), method, "/mcp", body))
				if g.status != http.StatusNotFound || strings.HasPrefix(g.header.Get("Content-Type"), "text/event-stream") {
					t.Errorf("got %d %s, want 404", g.status, g.raw)
				}
			})
		}
	}
	if g := alice.post(legacy.call("1", "echo")); g.status != http.StatusOK {
		t.Errorf("the owner: got %d %s, want 200", g.status, g.raw)
	}
}

func TestTwoSessionsInOneRequestAreAmbiguous(t *testing.T) {
	w := newRig().http(t, nil)
	one, two := w.as("alice").initialize(""), w.as("alice").initialize("")
	for name, values := range map[string][]string{"two headers": {one.session, two.session}, "one header": {one.session + ", " + two.session}} {
		one.header = http.Header{"Mcp-Session-Id": values}
		if g := one.post(legacy.call("1", "echo")); g.status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s, want 400", name, g.status, g.raw)
		}
	}
	one.header = http.Header{"Mcp-Session-Id": {one.session, one.session}}
	if g := one.post(legacy.call("1", "echo")); g.status != http.StatusOK {
		t.Errorf("the same twice, as some proxies send it: got %d %s, want 200", g.status, g.raw)
	}
}

func TestMessageIsARequestOrAReply(t *testing.T) {
	w := newRig().http(t, nil)
	for _, extra := range []string{`,"result":{}`, `,"error":{"code":1,"message":"x"}`, `,"result":null`} {
		body := strings.TrimSuffix(legacy.call("1", "echo"), "}") + extra + "}"
		if g := w.post(body); g.status != http.StatusBadRequest || !strings.Contains(g.raw, "-32600") {
			t.Errorf("a call with %s: got %d %s, want 400", extra, g.status, g.raw)
		}
	}
}

func TestStreamNeedsASession(t *testing.T) {
	w := newRig().http(t, nil)
	if g := w.do(w.request(t.Context(), http.MethodGet, "/mcp", "")); g.status != http.StatusBadRequest {
		t.Errorf("GET without a session: got %d %s, want 400", g.status, g.raw)
	}
	w.header.Set(versionHeader, string(modern))
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		if g := w.do(w.request(t.Context(), method, "/mcp", "")); g.status != http.StatusMethodNotAllowed || g.header.Get("Allow") != "POST" {
			t.Errorf("%s of 2026-07-28: got %d, want 405", method, g.status)
		}
	}
}

func TestSSESessionBelongsToItsPrincipal(t *testing.T) {
	w := newRig().http(t, nil)
	stream, endpoint := w.as("alice").sse(t.Context())
	if g := w.as("mallory").postSSE(endpoint, legacy.call("1", "echo")); g.status != http.StatusNotFound {
		t.Errorf("another's: got %d %s, want 404", g.status, g.raw)
	}
	if g := w.as("alice").postSSE("/message?sessionId=x", legacy.call("1", "echo")); g.status != http.StatusNotFound {
		t.Errorf("made up: got %d %s, want 404", g.status, g.raw)
	}
	w.as("alice").postSSE(endpoint, legacy.call("2", "echo"))
	if m := stream.msg(); string(m.ID) != "2" {
		t.Errorf("got %s, want the owner's answer alone", m.raw)
	}
}

func TestEndOfSessionEndsItsStreamsAndCalls(t *testing.T) {
	r := newRig()
	w := r.http(t, nil).initialize("")
	stream := w.stream(t.Context(), w.request(t.Context(), http.MethodGet, "/mcp", ""))
	answer := make(chan got, 1)
	go func() { answer <- w.post(legacy.call("1", "wait")) }()
	receive(t, r.entered, "the call to begin")
	if g := w.do(w.request(t.Context(), http.MethodDelete, "/mcp", "")); g.status != http.StatusNoContent {
		t.Errorf("DELETE: got %d %s, want 204", g.status, g.raw)
	}
	receive(t, answer, "the call to end")
	if l := stream.line(); l != "" {
		t.Errorf("stream: got %q, want its end", l)
	}
}

// Broadcasts go to one stream of a session, the newest.
func TestBroadcastGoesToOneStreamOfASession(t *testing.T) {
	r := newRig()
	w := r.http(t, nil).initialize("")
	older := w.stream(t.Context(), w.request(t.Context(), http.MethodGet, "/mcp", ""))
	newer := w.stream(t.Context(), w.request(t.Context(), http.MethodGet, "/mcp", ""))
	r.srv.SendNotificationToAllClients("notifications/tools/list_changed", nil)
	if m := newer.msg(); m.Method != "notifications/tools/list_changed" {
		t.Errorf("newer stream: got %s", m.raw)
	}
	w.do(w.request(t.Context(), http.MethodDelete, "/mcp", ""))
	if l := older.line(); l != "" {
		t.Errorf("older stream: got %q, want its end", l)
	}
}
