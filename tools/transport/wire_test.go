package transport

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// wire is an HTTP server of a rig, and a client with its session and name.
type wire struct {
	t       *testing.T
	h       *HTTP
	url     string
	session string
	user    string
	header  http.Header
}

func (r *rig) http(t *testing.T, change func(*HTTPOptions)) *wire {
	t.Helper()
	o := HTTPOptions{Log: r.logger(), Principal: func(r *http.Request) string { return r.Header.Get("X-User") }}
	if change != nil {
		change(&o)
	}
	h := NewHTTP(r.srv, o)
	ts := httptest.NewServer(h)
	t.Cleanup(ts.Close)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = h.Shutdown(ctx)
	})
	return &wire{t: t, h: h, url: ts.URL, header: http.Header{}}
}

// as is the same server seen by another user, without a session.
func (w *wire) as(user string) *wire {
	return &wire{t: w.t, h: w.h, url: w.url, user: user, header: http.Header{}}
}

// request makes an HTTP request with the headers that the message calls for.
func (w *wire) request(ctx context.Context, method, path, body string) *http.Request {
	w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	req.Header.Set("X-User", w.user)
	if w.session != "" {
		req.Header.Set(sessionHeader, w.session)
	}
	if strings.Contains(body, `"io.modelcontextprotocol/protocolVersion":"2026-07-28"`) {
		m := struct {
			Method string
			Params struct{ Name, URI string }
		}{}
		_ = json.Unmarshal([]byte(body), &m)
		req.Header.Set(versionHeader, string(modern))
		req.Header.Set("Mcp-Method", m.Method)
		if name := m.Params.Name + m.Params.URI; name != "" {
			req.Header.Set("Mcp-Name", name)
		}
	}
	for k, v := range w.header {
		req.Header[k] = v
	}
	return req
}

// got is an HTTP answer: its messages in order.
type got struct {
	status int
	header http.Header
	msgs   []reply1
	raw    string
}

func (g got) last() reply1 {
	if len(g.msgs) == 0 {
		return reply1{}
	}
	return g.msgs[len(g.msgs)-1]
}

func (w *wire) do(req *http.Request) got {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatalf("read the answer: %v", err)
	}
	g := got{status: res.StatusCode, header: res.Header, raw: string(b)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		for _, line := range strings.Split(g.raw, "\n") {
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				g.msgs = append(g.msgs, parse(w.t, data))
			}
		}
	} else if len(b) > 0 {
		g.msgs = []reply1{parse(w.t, g.raw)}
	}
	return g
}

func (w *wire) post(body string) got {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.do(w.request(ctx, http.MethodPost, "/mcp", body))
}

// initialize opens a session; caps is what the client says it can do.
func (w *wire) initialize(caps string) *wire {
	w.t.Helper()
	g := w.post(initialize(caps))
	w.session = g.header.Get(sessionHeader)
	if g.status != http.StatusOK || w.session == "" {
		w.t.Fatalf("initialize: got %d %s, want a session", g.status, g.raw)
	}
	return w
}

func initialize(caps string) string {
	if caps == "" {
		caps = "{}"
	}
	return `{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":` + caps +
		`,"clientInfo":{"name":"test","version":"1"}}}`
}

// events is an open event stream.
type events struct {
	t      *testing.T
	status int
	header http.Header
	lines  chan string // closed at the end
}

func (w *wire) stream(ctx context.Context, req *http.Request) *events {
	w.t.Helper()
	res, err := http.DefaultClient.Do(req.WithContext(ctx))
	if err != nil {
		w.t.Fatal(err)
	}
	e := &events{t: w.t, status: res.StatusCode, header: res.Header, lines: make(chan string, 1000)}
	w.t.Cleanup(func() { res.Body.Close() })
	go func() {
		defer close(e.lines)
		sc := bufio.NewScanner(res.Body)
		for sc.Scan() {
			if sc.Text() != "" {
				e.lines <- sc.Text()
			}
		}
	}()
	return e
}

// line is the next line, "" at the end of the stream.
func (e *events) line() string {
	e.t.Helper()
	return receive(e.t, e.lines, "a line of the stream")
}

// msg is the next message, past event names and comments.
func (e *events) msg() reply1 {
	e.t.Helper()
	for {
		l := e.line()
		if data, ok := strings.CutPrefix(l, "data: "); ok {
			return parse(e.t, data)
		}
		if l == "" {
			e.t.Fatal("the stream ended, want a message")
		}
	}
}

// sse opens the older transport and returns its stream and where to post.
func (w *wire) sse(ctx context.Context) (*events, string) {
	w.t.Helper()
	e := w.stream(ctx, w.request(ctx, http.MethodGet, "/sse", ""))
	if e.line() != "event: endpoint" {
		w.t.Fatal("the first event is not the endpoint")
	}
	endpoint, _ := strings.CutPrefix(e.line(), "data: ")
	return e, endpoint
}

func (w *wire) postSSE(endpoint, body string) got {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.do(w.request(ctx, http.MethodPost, endpoint, body))
}
