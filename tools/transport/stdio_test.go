package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Trap 11. mcp-go cancels what is in flight when its input ends, so that
// `printf … | server` works for instant tools only.
func TestEndOfInputStillAnswersSlowCalls(t *testing.T) {
	r := newRig(server.WithToolCapabilities(true))
	p := r.stdio(t, nil)
	p.send(modern.msg("5", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`)).next()
	p.send(legacy.call("1", "wait"), legacy.call("2", "wait"))
	receive(t, r.entered, "the first call")
	receive(t, r.entered, "the second call")
	p.in.Close()
	if m := p.next(); string(m.ID) != "5" { // which ends at once, and so shows that the end was noticed
		t.Fatalf("got %s, want the end of the subscription", m.raw)
	}
	r.release <- struct{}{}
	r.release <- struct{}{}
	for range 2 {
		if m := p.next(); !strings.Contains(m.raw, "released") {
			t.Errorf("got %s, want the call's answer", m.raw)
		}
	}
	if err := p.returned(); err != nil {
		t.Errorf("ServeStdio: got %v, want nil", err)
	}
}

// As from a shell: a file of requests, whose last line has no end.
func TestPipedRequestsAreAllAnswered(t *testing.T) {
	r := newRig()
	in := strings.Join([]string{initialize(""), legacy.msg("", "notifications/initialized", ""), legacy.msg("1", "tools/list", ""), legacy.call("2", "noisy")}, "\n")
	var out bytes.Buffer
	if err := ServeStdio(t.Context(), r.srv, strings.NewReader("\ufeff"+in), &out, StdioOptions{}); err != nil {
		t.Fatalf("got %v, want nil", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		seen[string(parse(t, line).ID)] = true
	}
	for _, id := range []string{`"init"`, "1", "2"} {
		if !seen[id] {
			t.Errorf("got %s, want an answer to %s", out.String(), id)
		}
	}
	if first, _, _ := strings.Cut(out.String(), "\n"); string(parse(t, first).ID) != `"init"` {
		t.Errorf("got %s first, want the answer to initialize", first)
	}
}

func TestSignalDrainsAndIsNoError(t *testing.T) {
	tests := []struct {
		name    string
		grace   time.Duration
		release bool
		want    string
	}{
		{"a call that ends in time is answered", patience, true, "released"},
		{"one that does not is cancelled", time.Millisecond, false, "shutting down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			p := r.stdio(t, func(s *stdio) { s.term = tt.grace })
			p.send(legacy.call("1", "wait"))
			receive(t, r.entered, "the call to begin")
			p.stop()
			if tt.release {
				r.release <- struct{}{}
			}
			if m := p.next(); string(m.ID) != "1" || !strings.Contains(m.raw, tt.want) {
				t.Errorf("got %s, want %s", m.raw, tt.want)
			}
			if err := p.returned(); err != nil {
				t.Errorf("ServeStdio: got %v, want nil", err)
			}
		})
	}
}

func TestSignalEndsSubscriptionsAtOnce(t *testing.T) {
	r := newRig(server.WithToolCapabilities(true))
	p := r.stdio(t, nil)
	p.send(modern.msg("5", "subscriptions/listen", `{"notifications":{"toolsListChanged":true}}`))
	p.next()
	start := time.Now()
	p.stop()
	if m := p.next(); string(m.ID) != "5" || m.Result == nil {
		t.Errorf("got %s, want the subscription's result", m.raw)
	}
	if err := p.returned(); err != nil || time.Since(start) > time.Second {
		t.Errorf("ServeStdio: got %v after %v, want nil at once", err, time.Since(start))
	}
}

// deaf is an output that nobody reads.
type deaf struct{ blocked chan struct{} }

func (d deaf) Write([]byte) (int, error) {
	close(d.blocked)
	select {} // as a full pipe
}

func TestClientThatNeverReadsCannotBlockTheReturn(t *testing.T) {
	for _, how := range []string{"end of input", "signal"} {
		t.Run(how, func(t *testing.T) {
			r := newRig()
			in, feed := io.Pipe()
			ctx, stop := context.WithCancel(context.Background())
			defer stop()
			out := deaf{make(chan struct{})}
			s := stdio{srv: r.srv, log: r.logger(), maxLine: defaultMaxBody, eof: time.Millisecond, term: time.Millisecond, last: time.Millisecond}
			done := make(chan error, 1)
			go func() { done <- s.serve(ctx, in, out) }()
			for range 10 {
				if _, err := io.WriteString(feed, legacy.call("1", "noisy")+"\n"); err != nil {
					t.Fatal(err)
				}
			}
			receive(t, out.blocked, "the first write")
			if how == "signal" {
				stop()
			} else {
				feed.Close()
			}
			if err := receive(t, done, "ServeStdio to return"); err != nil {
				t.Errorf("got %v, want nil", err)
			}
		})
	}
}

func TestBrokenOutputEndsWithAnError(t *testing.T) {
	r := newRig()
	in, feed := io.Pipe()
	out, w := io.Pipe()
	out.CloseWithError(io.ErrClosedPipe)
	done := make(chan error, 1)
	go func() { done <- ServeStdio(t.Context(), r.srv, in, w, StdioOptions{}) }()
	if _, err := io.WriteString(feed, legacy.call("1", "echo")+"\n"); err != nil {
		t.Fatal(err)
	}
	if err := receive(t, done, "ServeStdio to return"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
}

func TestBrokenInputEndsWithAnError(t *testing.T) {
	err := ServeStdio(t.Context(), newRig().srv, io.MultiReader(strings.NewReader("\n\n"), broken{}), io.Discard, StdioOptions{})
	if err == nil || !strings.Contains(err.Error(), "read standard input") {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func TestBadLinesAreAnsweredAndSkipped(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	call := func(head, tail string) string {
		return `{` + head + `"method":"tools/call","params":{"name":"echo","arguments":{"id":999,"text":"` + long + `"}}` + tail + `}`
	}
	tests := []struct {
		name, line string
		code       int
		id         string
	}{
		{"too long, id first", call(`"jsonrpc":"2.0","id":7,`, ""), mcp.INVALID_REQUEST, "7"},
		{"too long, id last", call("", `,"jsonrpc":"2.0","id":"a7"`), mcp.INVALID_REQUEST, `"a7"`},
		{"too long, id then version last", call("", `,"id":7,"jsonrpc":"2.0"`), mcp.INVALID_REQUEST, "7"},
		{"too long, no id to be found", long, mcp.INVALID_REQUEST, "null"},
		{"too long, an id that is an argument", `{"params":{"text":"` + long + `","id":9}}`, mcp.INVALID_REQUEST, "null"},
		{"no JSON", `{"jsonrpc":"2.0","id":7,`, mcp.PARSE_ERROR, "null"},
		{"not UTF-8", "\xff\xfe", mcp.PARSE_ERROR, "null"},
		{"unknown method", `{"jsonrpc":"2.0","id":7,"method":"nope"}`, mcp.METHOD_NOT_FOUND, "7"},
	}
	r := newRig()
	p := r.stdio(t, func(s *stdio) { s.maxLine = 1 << 20 })
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p.send("", "  \t\r", tt.line)
			if m := p.next(); m.Error == nil || m.Error.Code != tt.code || string(m.ID) != tt.id && (tt.id != "null" || m.ID != nil) {
				t.Errorf("%.60s…: got %s, want code %d for id %s", tt.line, m.raw, tt.code, tt.id)
			}
			if m := p.send(legacy.call("8", "echo")).next(); m.Result == nil {
				t.Errorf("the next request: got %s, want its answer", m.raw)
			}
		})
	}
}

func TestLongestLineIsServed(t *testing.T) {
	r := newRig()
	msg := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"TEXT"}}}`
	text := strings.Repeat("y", 1<<20)
	msg = strings.Replace(msg, "TEXT", text, 1)
	p := r.stdio(t, func(s *stdio) { s.maxLine = len(msg) + 1 })
	if m := p.send(msg).next(); !strings.Contains(string(m.Result), text) {
		t.Errorf("got %.200s, want the text back", m.raw)
	}
}

// Two servers in one process do not share a session, as they do in mcp-go.
func TestTwoServersInOneProcess(t *testing.T) {
	r := newRig()
	a, b := r.stdio(t, nil), r.stdio(t, nil)
	for range 50 {
		a.send(legacy.call(`"a"`, "noisy"))
		b.send(legacy.call(`"b"`, "noisy"))
		for name, p := range map[string]*pipe{`"a"`: a, `"b"`: b} {
			p.next()
			p.next()
			p.next()
			if m := p.next(); string(m.ID) != name {
				t.Fatalf("client %s got %s", name, m.raw)
			}
		}
	}
}

// Only JSON-RPC, a message a line, whatever a tool returns.
func TestOutputIsOneMessageALine(t *testing.T) {
	r := newRig()
	p := r.stdio(t, nil)
	for _, text := range []string{"a\nb", "a\r\nb", "a\u2028b", "\x00"} {
		arg, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		m := p.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":` + string(arg) + `}}}`).next()
		if m.Result == nil {
			t.Errorf("text %q: got %s, want a result", text, m.raw)
		}
	}
}
