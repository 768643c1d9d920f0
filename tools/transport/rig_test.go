package transport

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// secret stands for what an error's text may hold.
const secret = "dial tcp 10.0.0.5:5432: password=hunter2"

// patience bounds what should take milliseconds.
const patience = 20 * time.Second

// rig is a server with tools that do what tests need.
type rig struct {
	srv     *server.MCPServer
	log     *record
	entered chan struct{} // a call of wait has begun
	release chan struct{} // lets one call of wait return
	ended   chan error    // what a call of wait saw at its end
	late    chan error    // what Notify said after the answer
}

// record collects log lines.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

func newRig(opts ...server.ServerOption) *rig {
	r := &rig{
		log:     &record{},
		entered: make(chan struct{}, 100), release: make(chan struct{}, 100),
		ended: make(chan error, 100), late: make(chan error, 100),
	}
	r.srv = NewServer(Info{Name: "rig", Version: "1"}, r.logger(), opts...)
	add := func(name string, h server.ToolHandlerFunc) {
		r.srv.AddTool(mcp.NewTool(name, mcp.WithDescription("for tests")), h)
	}
	add("echo", func(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(fmt.Sprint(req.GetArguments()["text"])), nil
	})
	add("wait", r.wait)
	add("noisy", noisy)
	add("late", r.notifyLate)
	add("broken", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, errors.New(secret)
	})
	add("crash", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { panic(secret) })
	add("nothing", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil })
	add("ask", r.ask)
	add("round", round)
	return r
}

func (r *rig) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// wait returns when released, or when its context ends.
func (r *rig) wait(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	r.entered <- struct{}{}
	select {
	case <-r.release:
		r.ended <- nil
		return mcp.NewToolResultText("released"), nil
	case <-ctx.Done():
		r.ended <- ctx.Err()
		return nil, ctx.Err()
	}
}

// noisy reports progress three times and returns at once.
func noisy(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for i := 1; i <= 3; i++ {
		if err := Notify(ctx, "notifications/progress", map[string]any{"progress": i}); err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("done"), nil
}

// notifyLate notifies when released, after it has been answered.
func (r *rig) notifyLate(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	go func() {
		<-r.release
		r.late <- Notify(context.WithoutCancel(ctx), "notifications/progress", map[string]any{"progress": 1})
	}()
	return mcp.NewToolResultText("done"), nil
}

func (r *rig) ask(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	res, err := r.srv.RequestElicitation(ctx, mcp.ElicitationRequest{Params: question()})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secret, err)
	}
	return mcp.NewToolResultText("answered " + string(res.Action)), nil
}

// round asks through a result, which mcp-go turns into a question for a client
// of an older revision.
func round(_ context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	if res := server.ElicitationResponse(req.Params.InputResponses, "q"); res != nil {
		return mcp.NewToolResultText("answered " + string(res.Action)), nil
	}
	return server.NewInputRequestBuilder("").Elicit("q", question()).ToolResult(), nil
}

func question() mcp.ElicitationParams {
	return mcp.ElicitationParams{Message: "which?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}}}
}

// reply1 is one message as tests look at it.
type reply1 struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int             `json:"code"`
		Message string          `json:"message"`
		Data    json.RawMessage `json:"data"`
	} `json:"error"`
	raw string
}

func parse(t *testing.T, raw string) reply1 {
	t.Helper()
	m := reply1{raw: raw}
	if err := json.Unmarshal([]byte(raw), &m); err != nil {
		t.Fatalf("got %q, want JSON: %v", raw, err)
	}
	return m
}

// era is how a request declares its revision.
type era string

const (
	legacy era = "2025-11-25"
	modern era = "2026-07-28"
)

// msg makes a request, or a notification when id is empty.
func (e era) msg(id, method, params string) string {
	meta := ""
	if e == modern {
		meta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}},`
	}
	if params == "" {
		params = "{}"
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(params, "{"), "}")
	if inner != "" {
		inner = "," + inner
	}
	head := ""
	if id != "" {
		head = `"id":` + id + ","
	}
	return fmt.Sprintf(`{"jsonrpc":"2.0",%s"method":%q,"params":{"_meta":{%s"progressToken":"t"}%s}}`, head, method, meta, inner)
}

func (e era) call(id, tool string) string {
	return e.msg(id, "tools/call", fmt.Sprintf(`{"name":%q,"arguments":{}}`, tool))
}

// pipe is a stdio client of a rig.
type pipe struct {
	t     *testing.T
	in    *io.PipeWriter
	lines chan string
	done  chan error // what ServeStdio returned
	stop  context.CancelFunc
}

func (r *rig) stdio(t *testing.T, change func(*stdio)) *pipe {
	t.Helper()
	s := stdio{srv: r.srv, log: r.logger(), maxLine: defaultMaxBody, eof: patience, term: patience, last: time.Second}
	if change != nil {
		change(&s)
	}
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	ctx, stop := context.WithCancel(context.Background())
	p := &pipe{t: t, in: inW, lines: make(chan string, 1000), done: make(chan error, 1), stop: stop}
	go func() {
		p.done <- s.serve(ctx, inR, outW)
		outW.Close()
	}()
	go func() {
		defer close(p.lines)
		sc := bufio.NewScanner(outR)
		sc.Buffer(nil, 64<<20)
		for sc.Scan() {
			p.lines <- sc.Text()
		}
	}()
	t.Cleanup(func() { stop(); inW.Close(); outR.Close() })
	return p
}

func (p *pipe) send(lines ...string) *pipe {
	p.t.Helper()
	for _, l := range lines {
		if _, err := io.WriteString(p.in, l+"\n"); err != nil {
			p.t.Fatalf("write %.80q: %v", l, err)
		}
	}
	return p
}

func (p *pipe) next() reply1 {
	p.t.Helper()
	select {
	case l, ok := <-p.lines:
		if !ok {
			p.t.Fatal("standard output ended, want a message")
		}
		return parse(p.t, l)
	case <-time.After(patience):
		p.t.Fatal("no message")
	}
	return reply1{}
}

func (p *pipe) returned() error {
	p.t.Helper()
	return receive(p.t, p.done, "ServeStdio to return")
}

func receive[T any](t *testing.T, ch <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}
