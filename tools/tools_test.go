package tools_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

type echoArgs struct {
	Text  string   `json:"text" jsonschema:"what to say"`
	Times int      `json:"times,omitempty" jsonschema:"how often"`
	Loud  bool     `json:"loud,omitempty"`
	Tags  []string `json:"tags,omitempty"`
	Tone  string   `json:"tone,omitempty"`
}

type echoResult struct {
	Said []string `json:"said"`
}

func (r echoResult) Text() string { return strings.Join(r.Said, "\n") }

var echoSpec = tools.Spec{
	Name: "echo", Title: "Echo", Effect: tools.ReadOnly,
	Description: "Say it again.",
	Ranges:      map[string]tools.Range{"times": {Min: 1, Max: 3, Default: 2}},
	Choices:     map[string][]string{"tone": {"calm", "sharp"}},
	Timeout:     100 * time.Millisecond,
}

func echo(_ context.Context, in echoArgs) (echoResult, error) {
	out := echoResult{Said: []string{}}
	for range in.Times {
		out.Said = append(out.Said, in.Text+map[string]string{"calm": "", "sharp": "!"}[in.Tone])
	}
	return out, nil
}

func failing(err error) tools.Tool {
	return tools.New(echoSpec, func(context.Context, echoArgs) (echoResult, error) { return echoResult{}, err })
}

// busyError can be acted on, and says when.
type busyError struct{}

func (busyError) Error() string             { return "all lines are busy" }
func (busyError) Code() string              { return "busy" }
func (busyError) Hint() string              { return "Wait." }
func (busyError) RetryAfter() time.Duration { return 1500 * time.Millisecond }

func TestArguments(t *testing.T) {
	for _, c := range []struct {
		name, args, want, hint string // want: text of the answer, or code and message
	}{
		{"absent optional argument takes its default", `{"text":"hi"}`, "hi\nhi", ""},
		{"null counts as absent", `{"text":"hi","times":null}`, "hi\nhi", ""},
		{"value in range is taken", `{"text":"hi","times":1}`, "hi", ""},
		{"missing required argument is named", `{"times":1}`, "bad_argument: the argument text is missing", "text (a string, required)"},
		{"no arguments at all is a missing argument", ``, "bad_argument: the argument text is missing", "text"},
		{"misspelt argument gets the right spelling", `{"text":"hi","timse":2}`, `bad_argument: there is no argument "timse"`, "Use times instead of timse."},
		{"unknown argument gets the list", `{"text":"hi","whatever":2}`, `bad_argument: there is no argument "whatever"`, "times (an integer)"},
		{"wrong type is told in JSON's words", `{"text":"hi","times":"two"}`, "bad_argument: the argument times must be an integer", ""},
		{"whole number with a fraction of zero is an integer", `{"text":"hi","times":1.0}`, "hi", ""},
		{"fraction is no integer", `{"text":"hi","times":1.5}`, "bad_argument: the argument times must be an integer", ""},
		{"value over the range is told the range", `{"text":"hi","times":4}`, "bad_argument: the argument times is 4, outside 1 to 3", "from 1 to 3"},
		{"value under the range is told the range", `{"text":"hi","times":0}`, "bad_argument: the argument times is 0, outside 1 to 3", "from 1 to 3"},
		{"array as arguments is refused", `[1]`, "bad_argument: the arguments are not a JSON object", ""},
		{"array of the wrong type is refused", `{"text":"hi","tags":"x"}`, "bad_argument: the argument tags must be an array", ""},
		{"a choice is taken", `{"text":"hi","times":1,"tone":"sharp"}`, "hi!", ""},
		{"what is no choice is told the choices", `{"text":"hi","tone":"shrill"}`, `bad_argument: the argument tone cannot be "shrill"`, "one of calm, sharp"},
		{"case matters", `{"Text":"hi"}`, `bad_argument: there is no argument "Text"`, "Use text instead of Text."},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := tools.Runtime{}.Call(t.Context(), tools.New(echoSpec, echo), json.RawMessage(c.args))
			got, hint := a.Text, ""
			if a.Failure != nil {
				got, hint = a.Failure.Code+": "+a.Failure.Message, a.Failure.Hint
			}
			if got != c.want || !strings.Contains(hint, c.hint) {
				t.Errorf("arguments %s\ngot  %q, hint %q\nwant %q, hint with %q", c.args, got, hint, c.want, c.hint)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.5: password=hunter2")
	for _, c := range []struct {
		name  string
		tool  tools.Tool
		code  string
		retry int
		log   string // must be in the log
	}{
		{"actionable error reaches the caller", failing(fmt.Errorf("ask: %w", busyError{})), "busy", 2, "outcome=busy"},
		{"any other error is internal, its cause in the log alone", failing(secret), "internal", 0, "hunter2"},
		{"deadline is a timeout", tools.New(echoSpec, func(ctx context.Context, _ echoArgs) (echoResult, error) {
			<-ctx.Done()
			return echoResult{}, ctx.Err()
		}), "timeout", 0, "outcome=timeout"},
		{"panic is internal and logged with its stack", tools.New(echoSpec, func(context.Context, echoArgs) (echoResult, error) {
			panic(secret)
		}), "internal", 0, "tools_test.go"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			rt := tools.Runtime{Log: slog.New(slog.NewTextHandler(&log, nil))}
			f := rt.Call(t.Context(), c.tool, json.RawMessage(`{"text":"hi"}`)).Failure
			if f == nil {
				t.Fatal("got success, want a failure")
			}
			if f.Code != c.code || f.RetryAfter != c.retry || f.Hint == "" {
				t.Errorf("got %+v, want code %s, retry %d and a hint", f, c.code, c.retry)
			}
			if strings.Contains(f.JSON(), "hunter2") {
				t.Errorf("the cause went out: %s", f.JSON())
			}
			if !strings.Contains(log.String(), c.log) || !strings.Contains(log.String(), f.Ref) {
				t.Errorf("log %q\nlacks %q or the reference %q", log.String(), c.log, f.Ref)
			}
			if lines := strings.Count(log.String(), "\n"); lines != 1 {
				t.Errorf("got %d log lines, want one a call", lines)
			}
		})
	}
}

// TestThroughClient sees a tool as a real client does.
func TestThroughClient(t *testing.T) {
	s := server.NewMCPServer("test", "1")
	tools.Runtime{}.Add(s, tools.New(echoSpec, echo))
	c, err := client.NewInProcessClient(s)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Initialize(t.Context(), mcp.InitializeRequest{}); err != nil {
		t.Fatal(err)
	}
	list, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	if err != nil || len(list.Tools) != 1 {
		t.Fatalf("got %v, %v, want one tool", list, err)
	}
	got, err := json.Marshal(list.Tools[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"readOnlyHint":true`, `"destructiveHint":false`, `"idempotentHint":true`, `"openWorldHint":false`,
		`"additionalProperties":false`, `"enum":["calm","sharp"]`, `"default":"calm"`, `"maximum":3`, `"default":2`, `"said":{`, `"type":"array"`,
	} {
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("definition lacks %s:\n%s", want, got)
		}
	}
	res, err := c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{
		Name: "echo", Arguments: map[string]any{"text": "hi", "times": 1},
	}})
	if err != nil || res.IsError {
		t.Fatalf("got %+v, %v, want success", res, err)
	}
	if text := res.Content[0].(mcp.TextContent).Text; text != "hi" {
		t.Errorf("got text %q, want hi", text)
	}
	if b, _ := json.Marshal(res.StructuredContent); string(b) != `{"said":["hi"]}` {
		t.Errorf("got structured %s", b)
	}
	res, err = c.CallTool(t.Context(), mcp.CallToolRequest{Params: mcp.CallToolParams{Name: "echo"}})
	if err != nil || !res.IsError {
		t.Errorf("got %+v, %v, want isError", res, err)
	}
}

func TestSpecMistakesPanicAtStart(t *testing.T) {
	for name, spec := range map[string]tools.Spec{
		"no effect":                {Name: "a", Title: "A", Description: "d"},
		"no description":           {Name: "a", Title: "A", Effect: tools.ReadOnly},
		"range of a missing field": {Name: "a", Title: "A", Description: "d", Effect: tools.ReadOnly, Ranges: map[string]tools.Range{"x": {}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			tools.New(spec, echo)
		})
	}
}

// TestProgress checks that a report carries the client's token, and that a
// client that did not ask gets none.
func TestProgress(t *testing.T) {
	var sent []string
	rt := tools.Runtime{Notify: func(_ context.Context, method string, params map[string]any) error {
		sent = append(sent, fmt.Sprint(method, params["progressToken"], params["progress"], params["total"]))
		return nil
	}}
	s := server.NewMCPServer("test", "1")
	rt.Add(s, tools.New(echoSpec, func(ctx context.Context, _ echoArgs) (echoResult, error) {
		tools.Progress(ctx, 1, 2, "half")
		return echoResult{Said: []string{}}, nil
	}))
	for _, meta := range []string{`{"progressToken":"t1"}`, `{}`} {
		s.HandleMessage(t.Context(), json.RawMessage(
			`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":`+meta+`}}`))
	}
	if got, want := strings.Join(sent, ";"), "notifications/progresst11 2"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
