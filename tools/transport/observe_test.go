package transport

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// watcher records what an Observer is told.
type watcher struct {
	mu    sync.Mutex
	seen  []string
	ended []string
	trace map[string]string
}

type watchedKey struct{}

func (o *watcher) Begin(ctx context.Context, m Message) (context.Context, func(Outcome)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.Trace != nil {
		o.trace = m.Trace
	}
	return context.WithValue(ctx, watchedKey{}, true), func(out Outcome) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.seen = append(o.seen, fmt.Sprintf("%s %s %s%s id=%s v=%s session=%v code=%d failed=%v", m.Transport, m.Method, m.Target, m.Resource, m.ID, m.Version, m.Session != "", out.Code, out.Failed))
	}
}

func (o *watcher) SessionEnded(transport string, seconds float64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = append(o.ended, fmt.Sprintf("%s %v", transport, seconds >= 0 && seconds < 3600))
}

func (o *watcher) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.seen) == 0 {
		return ""
	}
	return o.seen[len(o.seen)-1]
}

func TestObserverSeesEveryMessage(t *testing.T) {
	o := &watcher{}
	w := newRig().http(t, func(opts *HTTPOptions) { opts.Observer = o }).as("alice")
	for _, c := range []struct{ name, body, want string }{
		{"a call", modern.call("1", "echo"), "http tools/call echo id=1 v=2026-07-28 session=false code=0 failed=false"},
		{"a call that fails", modern.call("2", "broken"), "http tools/call broken id=2 v=2026-07-28 session=false code=0 failed=true"},
		{"a tool that there is not", modern.call("3", "nope"), "http tools/call nope id=3 v=2026-07-28 session=false code=-32602 failed=false"},
		{"a method that there is not", modern.msg("4", "no/such", ""), "http no/such  id=4 v=2026-07-28 session=false code=-32601 failed=false"},
		{"a resource that there is not", modern.msg("5", "resources/read", `{"uri":"x://y"}`), "http resources/read x://y id=5 v=2026-07-28 session=false code=-32602 failed=false"},
		{"a list", legacy.msg(`"a"`, "tools/list", ""), `http tools/list  id="a" v= session=false code=0 failed=false`},
	} {
		w.post(c.body)
		if got := o.last(); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
	w.initialize("")
	w.post(legacy.call("7", "echo"))
	if got, want := o.last(), "http tools/call echo id=7 v=2025-11-25 session=true code=0 failed=false"; got != want {
		t.Errorf("in a session:\ngot  %s\nwant %s", got, want)
	}
	w.do(w.request(t.Context(), http.MethodDelete, "/mcp", ""))
	if !slices.Equal(o.ended, []string{"http true"}) {
		t.Errorf("got ends of sessions %v, want one", o.ended)
	}
}

func TestTraceContextOfMetaIsTold(t *testing.T) {
	o := &watcher{}
	w := newRig().http(t, func(opts *HTTPOptions) { opts.Observer = o })
	body := modern.call("1", "echo")
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	w.post(strings.Replace(body, `"_meta":{`, `"_meta":{"traceparent":"`+parent+`","tracestate":5,"baggage":"`+strings.Repeat("x", 9000)+`",`, 1))
	if len(o.trace) != 1 || o.trace["traceparent"] != parent {
		t.Errorf("got %v, want traceparent alone: the others are no string, or too long", o.trace)
	}
}

func TestObserverSeesStdioAndSSE(t *testing.T) {
	o := &watcher{}
	r := newRig()
	p := r.stdio(t, func(s *stdio) { s.observe = o })
	p.send(legacy.call("1", "echo")).next()
	if got, want := o.last(), "stdio tools/call echo id=1 v= session=true code=0 failed=false"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	p.in.Close()
	_ = p.returned()
	w := r.http(t, func(opts *HTTPOptions) { opts.Observer = o })
	ctx, cancel := context.WithCancel(t.Context())
	e, endpoint := w.sse(ctx)
	w.postSSE(endpoint, legacy.call("2", "echo"))
	e.msg()
	if got, want := o.last(), "sse tools/call echo id=2 v= session=true code=0 failed=false"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	cancel()
	for e.line() != "" {
	}
}

func TestDeniedMessageIsNotServed(t *testing.T) {
	var asked []string
	w := newRig().http(t, func(o *HTTPOptions) {
		o.Authorize = func(_ *http.Request, method, target string) *Denied {
			asked = append(asked, method+" "+target)
			if target != "broken" {
				return nil
			}
			return &Denied{Status: http.StatusForbidden, Header: http.Header{"Www-Authenticate": {"Bearer x"}}, Reason: "no", Data: "why"}
		}
	})
	for _, e := range []era{legacy, modern} {
		g := w.post(e.call("5", "broken"))
		if g.status != http.StatusForbidden || g.header.Get("WWW-Authenticate") != "Bearer x" || !strings.Contains(g.raw, `"id":5`) || !strings.Contains(g.raw, `"data":"why"`) {
			t.Errorf("%s: got %d %v %s, want 403 with the challenge", e, g.status, g.header, g.raw)
		}
		if g := w.post(e.call("6", "echo")); g.status != http.StatusOK {
			t.Errorf("%s: another tool: got %d %s", e, g.status, g.raw)
		}
	}
	e, endpoint := w.sse(t.Context())
	_ = e
	if g := w.postSSE(endpoint, legacy.call("7", "broken")); g.status != http.StatusForbidden {
		t.Errorf("SSE: got %d %s, want 403", g.status, g.raw)
	}
	if asked[0] != "tools/call broken" {
		t.Errorf("got asked %q first", asked[0])
	}
}

func TestStreamsAreBounded(t *testing.T) {
	w := newRig().http(t, func(o *HTTPOptions) { o.MaxStreams, o.StreamsOfEach = 3, 2 })
	ctx, cancel := context.WithCancel(t.Context())
	open := func(user string) *events {
		c := w.as(user)
		return c.stream(ctx, c.request(ctx, http.MethodGet, "/sse", ""))
	}
	var streams []*events
	for i, c := range []struct {
		user   string
		status int
	}{{"alice", 200}, {"alice", 200}, {"alice", 429}, {"bob", 200}, {"bob", 429}, {"carol", 429}} {
		e := open(c.user)
		if e.status != c.status || (c.status == 429) != (e.header.Get("Retry-After") != "") {
			t.Errorf("stream %d, of %s: got %d, Retry-After %q, want %d", i+1, c.user, e.status, e.header.Get("Retry-After"), c.status)
		}
		if e.status == 200 {
			streams = append(streams, e)
		}
	}
	if n := w.h.Streams(); n != 3 {
		t.Errorf("got %d streams, want 3", n)
	}
	cancel()
	for _, e := range streams {
		for e.line() != "" {
		}
	}
	for w.h.Streams() > 0 { // the server notices a moment later
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	if e := open("carol"); e.status != 200 {
		t.Errorf("after the others closed: got %d, want 200", e.status)
	}
}
