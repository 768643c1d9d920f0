package transport

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestOriginAndHost(t *testing.T) {
	const listed = "https://app.example.com"
	tests := []struct {
		name, origin, host string
		want               int
	}{
		{"no page", "", "", http.StatusOK},
		{"a page of this server", "http://SELF", "", http.StatusOK},
		{"a page on loopback", "http://localhost:6274", "", http.StatusOK},
		{"a page on loopback by IPv6", "http://[::1]:6274", "", http.StatusOK},
		{"a listed page", listed, "", http.StatusOK},
		{"a listed page in capitals", "HTTPS://APP.example.com", "", http.StatusOK},
		{"a foreign page", "https://evil.example", "", http.StatusForbidden},
		{"a page whose name begins like loopback", "http://localhost.evil.example", "", http.StatusForbidden},
		{"a page that hides its origin", "null", "", http.StatusForbidden},
		{"a page of another scheme", "file://localhost", "", http.StatusForbidden},
		{"a listed host on another port", listed + ":8443", "", http.StatusForbidden},
		{"a name bound to loopback by an attacker", "", "evil.example", http.StatusForbidden},
		{"such a name with its own origin", "http://evil.example", "evil.example", http.StatusForbidden},
		{"the public name from a proxy on this machine", "", "app.example.com", http.StatusOK},
		{"loopback by name", "", "localhost:80", http.StatusOK},
	}
	r := newRig()
	w := r.http(t, func(o *HTTPOptions) { o.AllowedOrigins = []string{listed + "/"} })
	for _, path := range []string{"/mcp", "/sse", "/message"} {
		for _, tt := range tests {
			t.Run(path+" "+tt.name, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				method, body := http.MethodPost, legacy.call("1", "echo")
				if path == "/sse" {
					method, body = http.MethodGet, ""
				}
				req := w.request(ctx, method, path, body)
				if tt.origin != "" {
					req.Header.Set("Origin", strings.Replace(tt.origin, "SELF", req.URL.Host, 1))
				}
				req.Host = tt.host
				status := w.stream(ctx, req).status
				if path == "/message" && status == http.StatusNotFound {
					status = http.StatusOK // past the gate, without a session
				}
				if status != tt.want {
					t.Errorf("%s with origin %q and host %q: got %d, want %d", path, tt.origin, tt.host, status, tt.want)
				}
			})
		}
	}
}

// Trap 8. The SSE server of mcp-go lets every page read it.
func TestNoPageGetsAWildcard(t *testing.T) {
	const listed = "https://app.example.com"
	w := newRig().http(t, func(o *HTTPOptions) { o.AllowedOrigins = []string{listed} })
	for _, path := range []string{"/mcp", "/sse"} {
		for origin, want := range map[string]string{"": "", "http://localhost:1": "", "https://evil.example": "", listed: listed} {
			ctx, cancel := context.WithCancel(t.Context())
			req := w.request(ctx, map[string]string{"/mcp": http.MethodPost, "/sse": http.MethodGet}[path], path, "{}")
			if origin != "" {
				req.Header.Set("Origin", origin)
			}
			if got := w.stream(ctx, req).header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("%s from %q: got Access-Control-Allow-Origin %q, want %q", path, origin, got, want)
			}
			cancel()
		}
	}
}

// Trap 10. mcp-go answers 404 to the methods it does not serve.
func TestMethods(t *testing.T) {
	const listed = "https://app.example.com"
	w := newRig().http(t, func(o *HTTPOptions) { o.AllowedOrigins = []string{listed} })
	tests := []struct {
		name, method, path, origin string
		want                       int
		allow                      string
	}{
		{"PUT", http.MethodPut, "/mcp", "", http.StatusMethodNotAllowed, "DELETE, GET, POST"},
		{"OPTIONS", http.MethodOptions, "/mcp", "", http.StatusMethodNotAllowed, "DELETE, GET, POST"},
		{"OPTIONS of a page on loopback", http.MethodOptions, "/mcp", "http://localhost:1", http.StatusMethodNotAllowed, "DELETE, GET, POST"},
		{"OPTIONS of a listed page", http.MethodOptions, "/mcp", listed, http.StatusNoContent, ""},
		{"POST to the stream", http.MethodPost, "/sse", "", http.StatusMethodNotAllowed, "GET"},
		{"GET of messages", http.MethodGet, "/message", "", http.StatusMethodNotAllowed, "POST"},
		{"another path", http.MethodPost, "/other", "", http.StatusNotFound, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := w.request(t.Context(), tt.method, tt.path, "")
			if tt.origin != "" {
				req.Header.Set("Origin", tt.origin)
				req.Header.Set("Access-Control-Request-Method", "POST")
			}
			g := w.do(req)
			if g.status != tt.want || g.header.Get("Allow") != tt.allow {
				t.Errorf("%s %s: got %d, Allow %q; want %d, %q", tt.method, tt.path, g.status, g.header.Get("Allow"), tt.want, tt.allow)
			}
		})
	}
}

func TestBodies(t *testing.T) {
	w := newRig().http(t, nil)
	big := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"` + strings.Repeat("x", 10<<20) + `"}}}`
	tests := []struct {
		name, body, kind string
		want             int
	}{
		{"10 MB", big, "application/json", http.StatusRequestEntityTooLarge},
		{"1 MB", strings.Replace(big, strings.Repeat("x", 9<<20), "", 1), "application/json", http.StatusOK},
		{"text", "{}", "text/plain", http.StatusUnsupportedMediaType},
		{"no type", "{}", "", http.StatusUnsupportedMediaType},
		{"a charset", legacy.call("1", "echo"), "application/json; charset=utf-8", http.StatusOK},
		{"nothing", "", "application/json", http.StatusBadRequest},
		{"no JSON", "{", "application/json", http.StatusBadRequest},
		{"a notification", legacy.msg("", "notifications/initialized", ""), "application/json", http.StatusAccepted},
		{"a reply to no question", `{"jsonrpc":"2.0","id":1,"result":{}}`, "application/json", http.StatusAccepted},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := w.request(t.Context(), http.MethodPost, "/mcp", tt.body)
			req.Header.Set("Content-Type", tt.kind)
			g := w.do(req)
			if g.status != tt.want {
				t.Errorf("got %d %.200s, want %d", g.status, g.raw, tt.want)
			}
			if g.status >= 400 && g.last().Error == nil {
				t.Errorf("got %.200s, want a JSON-RPC error", g.raw)
			}
		})
	}
}

// Clients repeat the version header, join it, or keep the one they asked for.
func TestVersionHeader(t *testing.T) {
	w := newRig().http(t, nil)
	session := w.as("").initialize("")
	tests := []struct {
		name   string
		client *wire
		msg    string
		header []string
		want   int
	}{
		{"the negotiated one", session, legacy.call("1", "echo"), []string{"2025-11-25"}, http.StatusOK},
		{"none", session, legacy.call("1", "echo"), nil, http.StatusOK},
		{"repeated", session, legacy.call("1", "echo"), []string{"2025-11-25", "2025-11-25"}, http.StatusOK},
		{"joined", session, legacy.call("1", "echo"), []string{"2025-11-25, 2025-11-25"}, http.StatusOK},
		{"two that differ", session, legacy.call("1", "echo"), []string{"2025-06-18", "2025-11-25"}, http.StatusOK},
		{"not the negotiated one", session, legacy.call("1", "echo"), []string{"2024-11-05"}, http.StatusOK},
		{"2026-07-28, which a session cannot be", session, legacy.call("1", "echo"), []string{"2026-07-28"}, http.StatusOK},
		{"2026-07-28 on initialize", w, initialize(""), []string{"2026-07-28"}, http.StatusOK},
		{"unknown", session, legacy.call("1", "echo"), []string{"1999-01-01"}, http.StatusBadRequest},
		{"unknown and known", session, legacy.call("1", "echo"), []string{"1999-01-01, 2025-11-25"}, http.StatusBadRequest},
		{"older, without a session", w, legacy.call("1", "echo"), []string{"2025-06-18"}, http.StatusOK},
		{"2026-07-28 repeated", w, modern.call("1", "echo"), []string{"2026-07-28", "2026-07-28"}, http.StatusOK},
		{"2026-07-28 joined", w, modern.call("1", "echo"), []string{"2026-07-28,2026-07-28"}, http.StatusOK},
		{"2026-07-28 with another in the header", w, modern.call("1", "echo"), []string{"2025-11-25"}, http.StatusBadRequest},
		{"2026-07-28 and another in the header", w, modern.call("1", "echo"), []string{"2026-07-28", "2025-11-25"}, http.StatusBadRequest},
		{"2026-07-28 in the header alone", w, legacy.call("1", "echo"), []string{"2026-07-28"}, http.StatusBadRequest},
		{"2026-07-28 in the body alone", w, modern.call("1", "echo"), []string{}, http.StatusBadRequest},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := tt.client.request(t.Context(), http.MethodPost, "/mcp", tt.msg)
			if tt.header != nil {
				req.Header[http.CanonicalHeaderKey(versionHeader)] = tt.header
			}
			if g := tt.client.do(req); g.status != tt.want || g.status >= 400 && g.last().Error == nil {
				t.Errorf("%s with %q: got %d %s, want %d", tt.msg, tt.header, g.status, g.raw, tt.want)
			}
		})
	}
}

// Trap 10. Proxies buffer streams and drop idle ones.
func TestStreamsPassProxies(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	w.h.every = 5 * time.Millisecond
	session := w.as("").initialize("")
	tests := []struct {
		name string
		req  func(context.Context) *http.Request
	}{
		{"a slow call of 2026-07-28", func(ctx context.Context) *http.Request {
			return w.request(ctx, http.MethodPost, "/mcp", modern.call("1", "wait"))
		}},
		{"a slow call of 2025-11-25", func(ctx context.Context) *http.Request {
			return session.request(ctx, http.MethodPost, "/mcp", legacy.call("1", "wait"))
		}},
		{"the stream of a session", func(ctx context.Context) *http.Request {
			return session.request(ctx, http.MethodGet, "/mcp", "")
		}},
		{"HTTP+SSE", func(ctx context.Context) *http.Request { return w.request(ctx, http.MethodGet, "/sse", "") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			e := w.stream(ctx, tt.req(ctx))
			if got := e.header.Get("X-Accel-Buffering"); got != "no" {
				t.Errorf("got X-Accel-Buffering %q, want no", got)
			}
			for beats := 0; beats < 2; {
				l := e.line()
				if l == "" {
					t.Fatal("the stream ended, want keep-alives")
				}
				if l == ": keep-alive" {
					beats++
				}
			}
		})
	}
}

func TestJSONOnlyClientGetsJSON(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	w.header.Set("Accept", "application/json")
	w.h.every = time.Millisecond
	if g := w.post(modern.call("1", "noisy")); g.header.Get("Content-Type") != "application/json" || len(g.msgs) != 1 || g.last().Result == nil {
		t.Errorf("got %s %s, want the answer alone as JSON", g.header.Get("Content-Type"), g.raw)
	}
	session := w.as("").initialize("")
	session.header.Set("Accept", "application/json")
	if g := session.do(session.request(t.Context(), http.MethodGet, "/mcp", "")); g.status != http.StatusNotAcceptable {
		t.Errorf("GET: got %d, want 406", g.status)
	}
}

// A client that sends its body a byte at a time does not hold its handler.
func TestSlowBodyGivesUp(t *testing.T) {
	h := newRig().http(t, nil).h
	server, client := net.Pipe()
	defer client.Close()
	_ = server.SetReadDeadline(time.Now().Add(-time.Second)) // as when bodyLimit has passed
	req := httptest.NewRequest(http.MethodPost, "/mcp", server)
	req.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != http.StatusRequestTimeout {
		t.Errorf("got %d %s, want 408", w.Code, w.Body)
	}
}
