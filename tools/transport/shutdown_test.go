package transport

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/server"
)

// With mcp-go, an open listen stream holds the shutdown until its deadline.
func TestShutdownEndsOpenStreamsInMilliseconds(t *testing.T) {
	r := newRig(server.WithToolCapabilities(true))
	w := r.http(t, nil)
	session := w.as("").initialize("")
	streams := map[string]*http.Request{
		"listen": w.request(t.Context(), http.MethodPost, "/mcp", modern.msg("5", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`)),
		"GET":    session.request(t.Context(), http.MethodGet, "/mcp", ""),
		"SSE":    w.request(t.Context(), http.MethodGet, "/sse", ""),
	}
	open := map[string]*events{}
	for name, req := range streams {
		open[name] = w.stream(t.Context(), req)
	}
	if m := open["listen"].msg(); m.Method != "notifications/subscriptions/acknowledged" {
		t.Fatalf("got %s, want the acknowledgement", m.raw)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := time.Now()
	if err := w.h.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: got %v, want nil", err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("Shutdown took %v, want milliseconds", took)
	}
	if m := open["listen"].msg(); string(m.ID) != "5" || !strings.Contains(string(m.Result), `/subscriptionId":5`) {
		t.Errorf("listen: got %s, want its result", m.raw)
	}
	for name, e := range open {
		for l := e.line(); l != ""; l = e.line() {
			if name != "SSE" {
				t.Errorf("%s: got %q, want the end", name, l)
			}
		}
	}
	if g := w.post(legacy.call("1", "echo")); g.status != http.StatusServiceUnavailable || g.header.Get("Retry-After") == "" {
		t.Errorf("a new request: got %d %s, want 503", g.status, g.raw)
	}
}

func TestShutdownAnswersCallsInFlight(t *testing.T) {
	tests := []struct {
		name string
		call func(t *testing.T, w *wire) <-chan string
	}{
		{"HTTP 2026-07-28", func(_ *testing.T, w *wire) <-chan string { return async(w, modern.call("1", "wait")) }},
		{"HTTP 2025-11-25", func(_ *testing.T, w *wire) <-chan string { return async(w, legacy.call("1", "wait")) }},
		{"HTTP+SSE", func(t *testing.T, w *wire) <-chan string {
			stream, endpoint := w.sse(t.Context())
			w.postSSE(endpoint, legacy.call("1", "wait"))
			answer := make(chan string, 1)
			go func() { answer <- stream.line() + stream.line() }()
			return answer
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			w := r.http(t, nil)
			answer := tt.call(t, w)
			receive(t, r.entered, "the call to begin")
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			down := make(chan error, 1)
			go func() { down <- w.h.Shutdown(ctx) }()
			for !w.h.work.Closing() {
				w.post(legacy.call("2", "echo"))
			}
			r.release <- struct{}{}
			if got := receive(t, answer, "the answer"); !strings.Contains(got, "released") {
				t.Errorf("got %s, want the call's answer", got)
			}
			if err := receive(t, down, "Shutdown"); err != nil {
				t.Errorf("Shutdown: got %v, want nil", err)
			}
		})
	}
}

func async(w *wire, msg string) <-chan string {
	answer := make(chan string, 1)
	go func() { answer <- w.post(msg).raw }()
	return answer
}

func TestShutdownCancelsWhatDoesNotEnd(t *testing.T) {
	r := newRig()
	w := r.http(t, nil)
	answer := async(w, modern.call("1", "wait"))
	receive(t, r.entered, "the call to begin")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.h.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: got %v, want %v", err, context.Canceled)
	}
	if err := receive(t, r.ended, "the call to end"); !errors.Is(err, context.Canceled) {
		t.Errorf("the handler saw %v, want %v", err, context.Canceled)
	}
	if got := receive(t, answer, "the answer"); !strings.Contains(got, "shutting down") {
		t.Errorf("got %s, want it to say why", got)
	}
}

// The whole order that a command follows: Shutdown, then http.Server.Shutdown.
func TestServerStopsWithClientsConnected(t *testing.T) {
	r := newRig(server.WithToolCapabilities(true))
	h := NewHTTP(r.srv, HTTPOptions{})
	ts := httptest.NewServer(h)
	defer ts.Close()
	w := &wire{t: t, h: h, url: ts.URL, header: http.Header{}}
	listen := modern.msg("5", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`)
	w.stream(t.Context(), w.request(t.Context(), http.MethodPost, "/mcp", listen)).msg()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := time.Now()
	if err := errors.Join(h.Shutdown(ctx), ts.Config.Shutdown(ctx)); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v, want far less than the deadline", took)
	}
}

// Streams of one subscription each: tagged, filtered, on stdio as over HTTP.
func TestSubscriptionsAreFilteredAndTagged(t *testing.T) {
	r := newRig(server.WithToolCapabilities(true), server.WithPromptCapabilities(true))
	listen := func(id, what string) string {
		return modern.msg(id, "subscriptions/listen", `{"notifications":{"`+what+`":true}}`)
	}
	w := r.http(t, nil)
	tools := w.stream(t.Context(), w.request(t.Context(), http.MethodPost, "/mcp", listen("5", "toolsListChanged")))
	prompts := w.stream(t.Context(), w.request(t.Context(), http.MethodPost, "/mcp", listen(`"p"`, "promptsListChanged")))
	p := r.stdio(t, nil)
	p.send(listen("6", "toolsListChanged"))
	for name, m := range map[string]reply1{"tools": tools.msg(), "prompts": prompts.msg(), "stdio": p.next()} {
		if m.Method != "notifications/subscriptions/acknowledged" {
			t.Fatalf("%s: got %s, want the acknowledgement", name, m.raw)
		}
	}
	r.srv.SendNotificationToAllClients("notifications/tools/list_changed", nil)
	r.srv.SendNotificationToAllClients("notifications/prompts/list_changed", nil)
	for name, want := range map[string]string{"tools": `/subscriptionId":5`, "prompts": `/subscriptionId":"p"`, "stdio": `/subscriptionId":6`} {
		m := map[string]func() reply1{"tools": tools.msg, "prompts": prompts.msg, "stdio": p.next}[name]()
		method := "notifications/tools/list_changed"
		if name == "prompts" {
			method = "notifications/prompts/list_changed"
		}
		if m.Method != method || !strings.Contains(string(m.Params), want) {
			t.Errorf("%s: got %s, want %s with %s", name, m.raw, method, want)
		}
	}
	p.send(legacy.call("9", "echo"))
	if m := p.next(); string(m.ID) != "9" {
		t.Errorf("stdio: got %s, want no change that was not asked for", m.raw)
	}
}
