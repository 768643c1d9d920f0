package tools_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools"
)

// send gives a server one request and returns its answer as JSON.
func send(t *testing.T, s *server.MCPServer, method, params string) string {
	t.Helper()
	b, err := json.Marshal(s.HandleMessage(t.Context(), json.RawMessage(`{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":`+params+`}`)))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestTextAlone checks that a document is sent once, without a schema.
func TestTextAlone(t *testing.T) {
	s := server.NewMCPServer("test", "1")
	tools.Runtime{}.Add(s, tools.New(echoSpec, func(_ context.Context, in echoArgs) (tools.Text, error) { return tools.Text("# " + in.Text), nil }))
	if list := send(t, s, "tools/list", `{}`); strings.Contains(list, "outputSchema") {
		t.Errorf("got %s, want no output schema", list)
	}
	got := send(t, s, "tools/call", `{"name":"echo","arguments":{"text":"hi"}}`)
	if !strings.Contains(got, `"text":"# hi"`) || strings.Contains(got, "structuredContent") {
		t.Errorf("got %s, want the text and no structured content", got)
	}
}

// TestTemplateValues checks what the variables of a template's URI become.
func TestTemplateValues(t *testing.T) {
	s := server.NewMCPServer("test", "1")
	tools.Runtime{}.AddToolset(s, tools.Toolset{Templates: []tools.ResourceTemplate{{
		URITemplate: "test://a/{x}/b/{y}", Name: "t", Description: "d", MIMEType: "text/plain",
		Read: func(_ context.Context, v map[string]string) (string, error) { return v["x"] + "|" + v["y"], nil },
	}}})
	for _, c := range []struct{ name, uri, want string }{
		{"two values", "test://a/1/b/2", `"text":"1|2"`},
		{"a value that is encoded", "test://a/1%3A2/b/I3%3A4%3B5%3A6", `"text":"1:2|I3:4;5:6"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := send(t, s, "resources/read", `{"uri":"`+c.uri+`"}`); !strings.Contains(got, c.want) {
				t.Errorf("%s: got %s, want %s", c.uri, got, c.want)
			}
		})
	}
}

// limitedError carries what a provider said.
type limitedError struct{ busyError }

func (limitedError) Details() map[string]string { return map[string]string{"plan_tier": "pro"} }

func TestDetailsReachTheCaller(t *testing.T) {
	f := tools.Runtime{}.Call(t.Context(), failing(errors.Join(limitedError{})), json.RawMessage(`{"text":"x"}`)).Failure
	if f == nil || f.Details["plan_tier"] != "pro" || !strings.Contains(f.JSON(), `"details":{"plan_tier":"pro"}`) {
		t.Errorf("got %+v, want the plan tier in its details", f)
	}
}
