package transport

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
)

// Trap 2. mcp-go loses the last notification of 8 to 13 % of modern calls and
// sends it after the answer on stdio.
func TestLastNotificationArrivesBeforeTheAnswer(t *testing.T) {
	const calls = 200
	want := []string{"1", "2", "3", "answer"}
	r := newRig()
	plain := r.http(t, nil)
	session := r.http(t, nil).initialize("")
	overHTTP := func(w *wire, e era) func(*testing.T, int) []string {
		return func(_ *testing.T, i int) []string { return order(w.post(e.call(fmt.Sprint(i), "noisy")).msgs...) }
	}
	overStdio := func(e era) func(*testing.T, int) []string {
		p := r.stdio(t, nil)
		return func(_ *testing.T, i int) []string {
			p.send(e.call(fmt.Sprint(i), "noisy"))
			return order(p.next(), p.next(), p.next(), p.next())
		}
	}
	stream, endpoint := plain.sse(t.Context())
	tests := []struct {
		name string
		call func(*testing.T, int) []string
	}{
		{"HTTP, 2026-07-28", overHTTP(plain, modern)},
		{"HTTP, 2025-11-25 in a session", overHTTP(session, legacy)},
		{"HTTP, 2025-11-25 without one", overHTTP(plain, legacy)},
		{"stdio, 2026-07-28", overStdio(modern)},
		{"stdio, 2025-11-25", overStdio(legacy)},
		{"HTTP+SSE", func(_ *testing.T, i int) []string {
			plain.postSSE(endpoint, legacy.call(fmt.Sprint(i), "noisy"))
			return order(stream.msg(), stream.msg(), stream.msg(), stream.msg())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i := range calls {
				if got := tt.call(t, i); !slices.Equal(got, want) {
					t.Fatalf("call %d: got %v, want %v", i, got, want)
				}
			}
		})
	}
}

// order names messages: progress by its number, a response as "answer".
func order(msgs ...reply1) []string {
	var names []string
	for _, m := range msgs {
		name := "answer"
		if m.Method != "" {
			_, after, _ := strings.Cut(string(m.Params), `"progress":`)
			name = after[:1]
		}
		names = append(names, name)
	}
	return names
}

// What a handler sends past Notify, through mcp-go, keeps its order too.
func TestNotificationPastNotifyIsNotLost(t *testing.T) {
	r := newRig()
	r.srv.AddTool(mcp.NewTool("direct"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for i := 1; i <= 3; i++ {
			params := map[string]any{"progressToken": "t", "progress": i}
			if err := r.srv.SendNotificationToClient(ctx, "notifications/progress", params); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("done"), nil
	})
	w, p := r.http(t, nil), r.stdio(t, nil)
	for i := range 200 {
		id := fmt.Sprint(i)
		if got := order(w.post(modern.call(id, "direct")).msgs...); !slices.Equal(got, []string{"1", "2", "3", "answer"}) {
			t.Fatalf("HTTP call %d: got %v, want 1 2 3 answer", i, got)
		}
		p.send(modern.call(id, "direct"))
		if got := order(p.next(), p.next(), p.next(), p.next()); !slices.Equal(got, []string{"1", "2", "3", "answer"}) {
			t.Fatalf("stdio call %d: got %v, want 1 2 3 answer", i, got)
		}
	}
}

func TestNothingFollowsTheAnswer(t *testing.T) {
	r := newRig()
	w, p := r.http(t, nil), r.stdio(t, nil)
	if g := w.post(modern.call("1", "late")); len(g.msgs) != 1 || g.last().Result == nil {
		t.Errorf("HTTP: got %s, want the answer alone", g.raw)
	}
	r.release <- struct{}{}
	if err := receive(t, r.late, "Notify to return"); !errors.Is(err, errAnswered) {
		t.Errorf("HTTP: Notify after the answer: got %v, want %v", err, errAnswered)
	}
	p.send(legacy.call("1", "late"))
	if m := p.next(); m.Result == nil {
		t.Errorf("stdio: got %s, want the answer", m.raw)
	}
	r.release <- struct{}{}
	if err := receive(t, r.late, "Notify to return"); !errors.Is(err, errAnswered) {
		t.Errorf("stdio: Notify after the answer: got %v, want %v", err, errAnswered)
	}
	p.send(legacy.call("2", "echo"))
	if m := p.next(); string(m.ID) != "2" {
		t.Errorf("stdio: got %s between two answers, want nothing", m.raw)
	}
}

func TestNotifySendsOnlyWhatTheClientWants(t *testing.T) {
	const debug, warning = `"level":"debug"`, `"level":"warning"`
	level := func(name string) string { return `"io.modelcontextprotocol/logLevel":"` + name + `",` }
	tests := []struct {
		name   string
		msg    string
		setup  string
		want   []string
		absent string
	}{
		{"2026-07-28 without a log level gets no log", modern.call("1", "log"), "", nil, "notifications/message"},
		{"2026-07-28 gets what its request asks for", strings.Replace(modern.call("1", "log"), `"_meta":{`, `"_meta":{`+level("warning"), 1), "", []string{warning}, debug},
		{"2025-11-25 gets info and above until it says otherwise", legacy.call("1", "log"), "", []string{warning}, debug},
		{"2025-11-25 gets what it set", legacy.call("1", "log"), legacy.msg("9", "logging/setLevel", `{"level":"debug"}`), []string{debug, warning}, "none"},
		{"no token, no progress", strings.Replace(legacy.call("1", "noisy"), `"progressToken":"t"`, "", 1), "", nil, "notifications/progress"},
		{"the token is filled in", legacy.call("1", "noisy"), "", []string{`"progressToken":"t"`}, "none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig()
			r.srv.AddTool(mcp.NewTool("log"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				for _, l := range []string{"debug", "warning"} {
					if err := Notify(ctx, "notifications/message", map[string]any{"level": l, "data": "x"}); err != nil {
						return nil, err
					}
				}
				return mcp.NewToolResultText("done"), nil
			})
			w := r.http(t, nil).initialize("")
			if tt.setup != "" {
				w.post(tt.setup)
			}
			raw := w.post(tt.msg).raw
			for _, want := range tt.want {
				if !strings.Contains(raw, want) {
					t.Errorf("%s: got %s, want %s", tt.msg, raw, want)
				}
			}
			if strings.Contains(raw, tt.absent) {
				t.Errorf("%s: got %s, want no %s", tt.msg, raw, tt.absent)
			}
		})
	}
}
