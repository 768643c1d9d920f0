package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// leaky fails in every way that a handler can.
type leaky struct{ how string }

func (l leaky) fail() error {
	if l.how == "panic" {
		panic(secret)
	}
	return fmt.Errorf("read rows: %w", errors.New(secret))
}

func (l leaky) CompletePromptArgument(context.Context, string, mcp.CompleteArgument, mcp.CompleteContext) (*mcp.Completion, error) {
	return nil, l.fail()
}

func (l leaky) CompleteResourceArgument(context.Context, string, mcp.CompleteArgument, mcp.CompleteContext) (*mcp.Completion, error) {
	return nil, l.fail()
}

func (l leaky) rig() *rig {
	r := newRig(server.WithPromptCompletionProvider(l), server.WithResourceCompletionProvider(l))
	r.srv.AddPrompt(mcp.NewPrompt("p"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return nil, l.fail()
	})
	r.srv.AddResource(mcp.NewResource("test://r", "r"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, l.fail()
	})
	r.srv.AddResourceTemplate(mcp.NewResourceTemplate("test://t/{id}", "t"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, l.fail()
	})
	r.srv.AddTool(mcp.NewTool("leak"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, l.fail()
	})
	return r
}

// Trap 4. mcp-go sends err.Error() and panic values as they are.
func TestFailuresLeaveNoTextOfTheirCause(t *testing.T) {
	requests := map[string]func(e era) string{
		"tool":     func(e era) string { return e.call("1", "leak") },
		"prompt":   func(e era) string { return e.msg("1", "prompts/get", `{"name":"p"}`) },
		"resource": func(e era) string { return e.msg("1", "resources/read", `{"uri":"test://r"}`) },
		"template": func(e era) string { return e.msg("1", "resources/read", `{"uri":"test://t/1"}`) },
		"completion": func(e era) string {
			return e.msg("1", "completion/complete", `{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":""}}`)
		},
		"resource completion": func(e era) string {
			return e.msg("1", "completion/complete", `{"ref":{"type":"ref/resource","uri":"test://t/{id}"},"argument":{"name":"id","value":""}}`)
		},
	}
	for _, how := range []string{"error", "panic"} {
		for what, msg := range requests {
			t.Run(what+" "+how, func(t *testing.T) {
				r := leaky{how}.rig()
				everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
					checkReference(t, r, exchange(msg(e)))
				})
			})
		}
	}
}

// A filter is no handler, and no middleware of mcp-go is around it.
func TestPanickingFilterLeavesNoTrace(t *testing.T) {
	r := newRig(server.WithToolFilter(func(context.Context, []mcp.Tool) []mcp.Tool { panic(secret) }))
	everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
		checkReference(t, r, exchange(e.msg("1", "tools/list", "")))
	})
}

func TestHandlerWithoutResultIsAFailure(t *testing.T) {
	r := newRig()
	everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
		checkReference(t, r, exchange(e.call("1", "nothing")))
	})
}

// everyTransport runs one exchange over each, in both eras where it has them.
func everyTransport(t *testing.T, r *rig, run func(*testing.T, era, func(string) reply1)) {
	t.Helper()
	w := r.http(t, nil)
	session := r.http(t, nil).initialize(`{"elicitation":{}}`)
	stream, endpoint := w.sse(t.Context())
	w.postSSE(endpoint, initialize(""))
	stream.msg()
	overSSE := func(msg string) reply1 { w.postSSE(endpoint, msg); return stream.msg() }
	p := r.stdio(t, nil)
	overStdio := func(msg string) reply1 { return p.send(msg).next() }

	t.Run("HTTP 2026-07-28", func(t *testing.T) { run(t, modern, func(msg string) reply1 { return w.post(msg).last() }) })
	t.Run("HTTP 2025-11-25", func(t *testing.T) { run(t, legacy, func(msg string) reply1 { return session.post(msg).last() }) })
	t.Run("HTTP+SSE", func(t *testing.T) { run(t, legacy, overSSE) })
	t.Run("stdio 2026-07-28", func(t *testing.T) { run(t, modern, overStdio) })
	t.Run("stdio 2025-11-25", func(t *testing.T) { run(t, legacy, overStdio) })
}

// checkReference wants an internal failure that says nothing of its cause, with
// a reference under which the log has it.
func checkReference(t *testing.T, r *rig, m reply1) {
	t.Helper()
	for _, word := range []string{"10.0.0.5", "hunter2", "panic", "read rows", "goroutine", ".go:"} {
		if strings.Contains(m.raw, word) {
			t.Errorf("got %s, which has %q of the cause", m.raw, word)
		}
	}
	ref := regexp.MustCompile(`[A-Z2-7]{8}`).FindString(m.raw)
	if ref == "" || !strings.Contains(m.raw, "internal") {
		t.Fatalf("got %s, want an internal failure with a reference", m.raw)
	}
	if string(m.ID) != "1" {
		t.Errorf("got id %s, want 1", m.ID)
	}
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, ref) && strings.Contains(line, "cause=") {
			return
		}
	}
	t.Errorf("the log has no cause under %s:\n%s", ref, r.log)
}

func TestFailAnswersWithItsCodeAndStatus(t *testing.T) {
	failing := func(e *RPCError) *rig {
		r := newRig()
		r.srv.AddTool(mcp.NewTool("failing"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return nil, fmt.Errorf("%s: %w", secret, Fail(ctx, e))
		})
		return r
	}
	tests := []struct {
		name   string
		fail   *RPCError
		era    era
		status int
	}{
		{"a missing capability is HTTP 400 in 2026-07-28", MissingCapability("sampling"), modern, http.StatusBadRequest},
		{"and 200 before", MissingCapability("sampling"), legacy, http.StatusOK},
		{"invalid params are HTTP 400 in 2026-07-28", &RPCError{Code: mcp.INVALID_PARAMS, Message: "bad", Data: map[string]any{"uri": "x"}}, modern, http.StatusBadRequest},
		{"a code of one's own is HTTP 200", &RPCError{Code: -32050, Message: "own"}, modern, http.StatusOK},
		{"data that is no JSON is left out", &RPCError{Code: -32050, Message: "own", Data: func() {}}, modern, http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := failing(tt.fail).http(t, nil).post(tt.era.call("1", "failing"))
			m := g.last()
			if g.status != tt.status || m.Error == nil || m.Error.Code != tt.fail.Code || m.Error.Message != tt.fail.Message {
				t.Errorf("got %d %s, want %d with code %d %q", g.status, g.raw, tt.status, tt.fail.Code, tt.fail.Message)
			}
		})
	}
}

func TestMistakesAreNamed(t *testing.T) {
	tests := []struct {
		name string
		msg  string
		code int
		want string
	}{
		{"an unknown tool", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"qery"}}`, -32602, `unknown tool \"qery\"; tools/list has the names there are`},
		{"an unknown prompt", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"x"}}`, -32602, `unknown prompt \"x\"`},
		{"an unknown resource", `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b"}}`, -32002, `"data":{"uri":"a:b"}`},
		{"an unknown method", `{"jsonrpc":"2.0","id":1,"method":"tools/cull"}`, -32601, "tools/cull"},
		{"params of another shape", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}`, -32602, "name must not be a JSON number"},
		{"params that are a list", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[1]}`, -32602, "params must be an object"},
		{"no method", `{"jsonrpc":"2.0","id":1}`, -32600, "needs a method"},
		{"an id that is an object", `{"jsonrpc":"2.0","id":{},"method":"ping"}`, -32600, "id must be"},
		{"an id that is null", `{"jsonrpc":"2.0","id":null,"method":"ping"}`, -32600, "id must be"},
		{"another version of JSON-RPC", `{"jsonrpc":"1.0","id":1,"method":"ping"}`, -32600, "jsonrpc must be"},
		{"a batch", `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, -32600, "batches"},
		{"no JSON", `{"jsonrpc":`, -32700, "not JSON"},
		{"no object", `"ping"`, -32600, "must be a JSON object"},
		{"tasks, which do not exist", `{"jsonrpc":"2.0","id":1,"method":"tasks/list"}`, -32601, "tasks"},
	}
	r := newRig()
	p := r.stdio(t, nil)
	w := r.http(t, nil)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for way, m := range map[string]reply1{"stdio": p.send(tt.msg).next(), "HTTP": w.post(tt.msg).last()} {
				if m.Error == nil || m.Error.Code != tt.code || !strings.Contains(m.raw, tt.want) {
					t.Errorf("%s: %s: got %s, want code %d with %s", way, tt.msg, m.raw, tt.code, tt.want)
				}
				if strings.Contains(m.raw, "Go struct") || strings.Contains(m.raw, "mcp.") {
					t.Errorf("%s: %s: got %s, which speaks of Go", way, tt.msg, m.raw)
				}
			}
		})
	}
}

// told is an error that was written for the caller.
type told struct{}

func (told) Error() string { return "there is no such table" }
func (told) Code() string  { return "no_table" }
func (told) Hint() string  { return "Call tables." }

func TestErrorWithAHintReachesTheCaller(t *testing.T) {
	r := newRig()
	r.srv.AddTool(mcp.NewTool("told"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return nil, fmt.Errorf("%s: %w", secret, told{})
	})
	r.srv.AddResource(mcp.NewResource("test://r", "r"), func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, fmt.Errorf("%s: %w", secret, told{})
	})
	w := r.http(t, nil)
	for _, msg := range []string{legacy.call("1", "told"), legacy.msg("1", "resources/read", `{"uri":"test://r"}`)} {
		raw := w.post(msg).raw
		if !strings.Contains(raw, "no_table") || !strings.Contains(raw, "Call tables.") || strings.Contains(raw, "hunter2") {
			t.Errorf("%s: got %s, want the code and hint and nothing around them", msg, raw)
		}
	}
}

// Trap 7. mcp-go answers tools/list with HTTP 200 and no body.
func TestAnswerThatCannotBeEncodedIsAnError(t *testing.T) {
	r := newRig()
	r.srv.AddTool(mcp.NewTool("twice", mcp.WithRawInputSchema(json.RawMessage(`{"type":"object"}`))), noisy)
	everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
		checkReference(t, r, exchange(e.msg("1", "tools/list", "")))
	})
}

// Trap 3. The tasks of mcp-go die with their request and are shown to others.
func TestTaskParameterIsIgnored(t *testing.T) {
	r := newRig()
	tool := mcp.NewTool("able")
	tool.Execution = &mcp.ToolExecution{TaskSupport: mcp.TaskSupportOptional}
	r.srv.AddTool(tool, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("plain"), nil
	})
	everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
		m := exchange(e.msg("1", "tools/call", `{"name":"able","arguments":{},"task":{"ttl":1000}}`))
		if !strings.Contains(string(m.Result), `"text":"plain"`) || strings.Contains(m.raw, "taskId") {
			t.Errorf("got %s, want the plain result", m.raw)
		}
		if m := exchange(e.msg("1", "tasks/get", `{"taskId":"x"}`)); m.Error == nil || m.Error.Code != mcp.METHOD_NOT_FOUND {
			t.Errorf("tasks/get: got %s, want code %d", m.raw, mcp.METHOD_NOT_FOUND)
		}
	})
	if g := r.http(t, nil).post(initialize("")); strings.Contains(g.raw, `"tasks"`) {
		t.Errorf("initialize: got %s, want no tasks", g.raw)
	}
}

// Trap 12.
func TestAddingAToolTellsNobody(t *testing.T) {
	r := newRig()
	w := r.http(t, nil).initialize("")
	stream := w.stream(t.Context(), w.request(t.Context(), http.MethodGet, "/mcp", ""))
	p := r.stdio(t, nil)
	p.send(initialize("")).next()
	r.srv.AddTool(mcp.NewTool("new"), noisy)
	if m := p.send(legacy.call("1", "echo")).next(); string(m.ID) != "1" {
		t.Errorf("stdio: got %s, want nothing before the answer", m.raw)
	}
	w.do(w.request(t.Context(), http.MethodDelete, "/mcp", ""))
	if l := stream.line(); l != "" {
		t.Errorf("GET stream: got %q, want its end", l)
	}
}

func TestLargeIDsComeBackAsTheyWere(t *testing.T) {
	r := newRig()
	everyTransport(t, r, func(t *testing.T, e era, exchange func(string) reply1) {
		for _, id := range []string{"9007199254740993", `"a\u0062"`, "1.0", "-1", "0", `""`} {
			if m := exchange(e.call(id, "echo")); m.Error != nil || len(m.Result) == 0 || !sameID(string(m.ID), id) {
				t.Errorf("id %s: got %s", id, m.raw)
			}
		}
	})
}

func sameID(a, b string) bool {
	var x, y string
	if json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil {
		return x == y
	}
	return a == b
}
