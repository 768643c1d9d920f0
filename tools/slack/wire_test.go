package slack

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing/iotest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// wire is what lies between the tools and Slack: it has the token, and knows what
// went over it. It is safe for concurrent use.
type wire struct {
	next        http.RoundTripper
	base, token string
	idle        func() // waits until Slack works on nothing

	mu      sync.Mutex
	sent    []request
	answers map[string][]string // of methods, in place of Slack's, each once; empty: Slack's own
	hasty   time.Duration       // how long answers to posts may take; 0: as they like
}

// leaving is what ends a caller's wait when an answer to a post is lost.
type leaving struct{}

type request struct {
	method string
	form   url.Values
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	method := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	out := r.Clone(r.Context())
	out.Header.Set("Authorization", "Bearer "+w.token)
	form := r.URL.Query()
	if r.Body != nil && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		more, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		for name, v := range more {
			form[name] = v
		}
		out.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	w.mu.Lock()
	w.sent = append(w.sent, request{method, form})
	var answer string
	if list := w.answers[method]; len(list) > 0 {
		answer, w.answers[method] = list[0], list[1:]
	}
	w.mu.Unlock()
	if answer != "" {
		head := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
		return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: head, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	}
	return w.carry(out, method)
}

// carry asks Slack. Callers of a post may be hasty, and leave when its answer is
// lost.
func (w *wire) carry(r *http.Request, method string) (*http.Response, error) {
	if method != "chat.postMessage" {
		return w.next.RoundTrip(r)
	}
	leave, ok := r.Context().Value(leaving{}).(context.CancelFunc)
	if !ok {
		leave = func() {}
	}
	w.mu.Lock()
	hasty := w.hasty
	w.mu.Unlock()
	if hasty > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), hasty)
		defer cancel()
		r = r.WithContext(ctx)
	}
	res, err := w.next.RoundTrip(r)
	if err != nil {
		leave()
		return nil, err
	}
	body, broken := io.ReadAll(res.Body)
	_ = res.Body.Close()
	res.Body = io.NopCloser(strings.NewReader(string(body)))
	if broken != nil {
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(body)), iotest.ErrReader(broken)))
	}
	if broken != nil || !strings.Contains(string(body), `"ok":true`) {
		leave()
	}
	return res, nil
}

// hurry says how long answers to posts may take.
func (w *wire) hurry(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hasty = d
}

// answer answers the next call of a method in Slack's place.
func (w *wire) answer(method, body string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.answers == nil {
		w.answers = map[string][]string{}
	}
	w.answers[method] = append(w.answers[method], body)
}

// skip leaves the next n calls of a method to Slack.
func (w *wire) skip(method string, n int) {
	for range n {
		w.answer(method, "")
	}
}

// reset forgets what went over it.
func (w *wire) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = nil
}

// of are the calls of methods whose names begin so.
func (w *wire) of(prefixes ...string) (list []request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.sent {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(r.method, p) }) {
			list = append(list, r)
		}
	}
	return list
}

// writes are the calls that change something.
func (w *wire) writes() []request {
	return w.of("chat.postMessage", "chat.update", "chat.delete", "files.")
}

// aged are claims whose clock can be moved on.
type aged struct {
	*posting.Memory
	mu    sync.Mutex
	ahead time.Duration
}

// settled is when an attempt that ended in nothing may be made again.
const settled = 150 * time.Second

// on moves the clock to d from now.
func (a *aged) on(d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ahead = d
}

// Claim is that of posting.Claims.
func (a *aged) Claim(ctx context.Context, k posting.Key, digest string) (posting.Claim, error) {
	c, err := a.Memory.Claim(ctx, k, digest)
	a.mu.Lock()
	defer a.mu.Unlock()
	c.Now = c.Now.Add(a.ahead)
	return c, err
}

// entries are an audit in memory.
type entries struct {
	mu   sync.Mutex
	list []tools.Entry
}

// Before is that of tools.Auditor.
func (e *entries) Before(context.Context, tools.Entry) error { return nil }

// After is that of tools.Auditor.
func (e *entries) After(_ context.Context, entry tools.Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, entry)
}

func (e *entries) last() tools.Entry {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.list[len(e.list)-1]
}
