package telemetry

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

func TestSpansOfMessages(t *testing.T) {
	for _, c := range []struct {
		name   string
		m      transport.Message
		out    transport.Outcome
		span   string
		attrs  map[string]string
		status codes.Code
	}{
		{"tool over HTTP", transport.Message{Transport: "http", Method: "tools/call", Target: "query", ID: "7", Version: "2025-11-25", Session: "0011"}, transport.Outcome{},
			"tools/call query", map[string]string{"mcp.method.name": "tools/call", "gen_ai.tool.name": "query", "gen_ai.operation.name": "execute_tool",
				"jsonrpc.request.id": "7", "mcp.protocol.version": "2025-11-25", "mcp.session.id": "0011", "network.transport": "tcp", "client.address": "192.0.2.7"}, codes.Unset},
		{"tool result that is an error", transport.Message{Transport: "sse", Method: "tools/call", Target: "query", ID: `"a"`}, transport.Outcome{Failed: true},
			"tools/call query", map[string]string{"mcp.method.name": "tools/call", "gen_ai.tool.name": "query", "gen_ai.operation.name": "execute_tool",
				"jsonrpc.request.id": "a", "error.type": "tool_error", "network.transport": "tcp", "client.address": "192.0.2.7"}, codes.Error},
		{"error of JSON-RPC", transport.Message{Transport: "stdio", Method: "resources/read", Resource: "fluxmcp://u:" + canary + "@tables/orders?token=" + canary, ID: "1"}, transport.Outcome{Code: -32602},
			"resources/read", map[string]string{"mcp.method.name": "resources/read", "mcp.resource.uri": "fluxmcp://tables/orders", "jsonrpc.request.id": "1",
				"error.type": "-32602", "rpc.response.status_code": "-32602", "network.transport": "pipe", "client.address": "192.0.2.7"}, codes.Error},
		{"prompt", transport.Message{Transport: "stdio", Method: "prompts/get", Target: "review"}, transport.Outcome{},
			"prompts/get review", map[string]string{"mcp.method.name": "prompts/get", "gen_ai.prompt.name": "review", "network.transport": "pipe", "client.address": "192.0.2.7"}, codes.Unset},
		{"client that went away", transport.Message{Transport: "http", Method: "tools/list"}, transport.Outcome{Dropped: true},
			"tools/list", map[string]string{"mcp.method.name": "tools/list", "error.type": "canceled", "network.transport": "tcp", "client.address": "192.0.2.7"}, codes.Unset},
		{"tool that is not registered", transport.Message{Transport: "http", Method: "tools/call", Target: canary, ID: "ghp_" + canary, Version: canary}, transport.Outcome{Code: -32602},
			"tools/call _other", map[string]string{"mcp.method.name": "tools/call", "gen_ai.tool.name": "_other", "gen_ai.operation.name": "execute_tool", "jsonrpc.request.id": "[redacted]",
				"mcp.protocol.version": "_other", "error.type": "-32602", "rpc.response.status_code": "-32602", "network.transport": "tcp", "client.address": "192.0.2.7"}, codes.Error},
		{"method that MCP has not", transport.Message{Transport: "http", Method: canary, Target: canary}, transport.Outcome{Code: -32601},
			"_other", map[string]string{"mcp.method.name": "_other", "error.type": "-32601", "rpc.response.status_code": "-32601", "network.transport": "tcp", "client.address": "192.0.2.7"}, codes.Error},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			_, end := r.Observer().Begin(asked(t.Context()), c.m)
			end(c.out)
			s := r.spans.GetSpans()[0]
			if s.Name != c.span || s.SpanKind != trace.SpanKindServer || s.Status.Code != c.status {
				t.Errorf("span = %q of kind %v and status %v, want %q, server, %v", s.Name, s.SpanKind, s.Status.Code, c.span, c.status)
			}
			if got := attrs(s); !maps.Equal(got, c.attrs) {
				t.Errorf("attributes = %v, want %v", got, c.attrs)
			}
			clean(t, "span", fmt.Sprintf("%+v", s))
		})
	}
}

func TestParentsOfSpans(t *testing.T) {
	ambient := inTrace(context.Background(), ambientTrace)
	for _, c := range []struct {
		name        string
		ctx         context.Context
		named       map[string]string
		trace, link string
	}{
		{"the message's trace is the parent, the request a link", ambient, map[string]string{"traceparent": traceparent}, callerTrace, ambientTrace},
		{"the message's trace alone", context.Background(), map[string]string{"traceparent": traceparent, "baggage": "k=v"}, callerTrace, ""},
		{"no trace in the message", ambient, nil, ambientTrace, ""},
		{"a trace that cannot be read", ambient, map[string]string{"traceparent": "00-" + canary}, ambientTrace, ""},
		{"a trace of zeros", ambient, map[string]string{"traceparent": "00-00000000000000000000000000000000-0000000000000000-01"}, ambientTrace, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			ctx, end := r.Observer().Begin(c.ctx, transport.Message{Method: "ping", Trace: c.named})
			end(transport.Outcome{})
			s, link := r.spans.GetSpans()[0], ""
			if len(s.Links) > 0 {
				link = s.Links[0].SpanContext.TraceID().String()
			}
			if got := s.Parent.TraceID().String(); got != c.trace || link != c.link {
				t.Errorf("parent %q, link %q, want %q, %q", got, link, c.trace, c.link)
			}
			if got := trace.SpanContextFromContext(ctx).SpanID(); got != s.SpanContext.SpanID() {
				t.Errorf("the handler runs in span %s, want %s", got, s.SpanContext.SpanID())
			}
			if got, want := baggage.FromContext(ctx).Member("k").Value(), strings.TrimPrefix(c.named["baggage"], "k="); got != want {
				t.Errorf("baggage = %q, want %q", got, want)
			}
		})
	}
}

func TestMeasurementsOfMessages(t *testing.T) {
	r := newRig(t, nil)
	do := func(m transport.Message, out transport.Outcome) {
		_, end := r.Observer().Begin(t.Context(), m)
		end(out)
	}
	query := transport.Message{Transport: "http", Method: "tools/call", Target: "query"}
	do(query, transport.Outcome{})
	do(query, transport.Outcome{})
	do(query, transport.Outcome{Failed: true})
	do(query, transport.Outcome{Code: -32603})
	do(query, transport.Outcome{Dropped: true})
	do(transport.Message{Transport: "stdio", Method: "ping"}, transport.Outcome{})
	r.Observer().SessionEnded("stdio", 3)

	base := "gen_ai.operation.name=execute_tool,gen_ai.tool.name=query,mcp.method.name=tools/call,network.transport=tcp"
	for name, want := range map[string]map[string]float64{
		"mcp.server.operation.duration": {base: 2, "error.type=tool_error," + base: 1, "error.type=-32603," + base + ",rpc.response.status_code=-32603": 1,
			"error.type=canceled," + base: 1, "mcp.method.name=ping,network.transport=pipe": 1},
		"mcp.server.session.duration": {"network.transport=pipe": 1},
	} {
		if got := r.series(t, name); !maps.Equal(got, want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
}

func TestClientsCannotMakeSeries(t *testing.T) {
	r := newRig(t, nil)
	for i := range 500 {
		free := fmt.Sprintf("name%d", i)
		for _, method := range []string{"tools/call", "prompts/get", free} {
			_, end := r.Observer().Begin(t.Context(), transport.Message{Transport: free, Method: method, Target: free, Resource: free, ID: free, Version: free, Session: free})
			end(transport.Outcome{Code: -33000 - i})
		}
		m := r.Metrics()
		m.AuthFailure(free)
		m.RateLimitDenied(free)
		m.ToolCall("query", free)
		m.ToolCall(free, "ok")
		m.ToolCall("figd_ "+free, "ok")
		m.OAuthRefresh(free, Refresh(free))
		m.WebhookReceived(free, Received(free))
	}
	for name, most := range map[string]int{
		"mcp.server.operation.duration": 3 * 34, "fluxmcp.tool.calls": 65 + 128, "fluxmcp.auth.failures": 65, "fluxmcp.ratelimit.denied": 33,
		"fluxmcp.oauth.refresh": 33, "fluxmcp.webhook.received": 33,
	} {
		if got := len(r.series(t, name)); got == 0 || got > most {
			t.Errorf("%s has %d series, want 1 to %d", name, got, most)
		}
	}
}

func TestBoundedRefusesTextsThatAreNoNames(t *testing.T) {
	b := newBounded(2)
	for _, c := range []struct{ in, want string }{
		{"figma", "figma"}, {"", other}, {"two words", other}, {strings.Repeat("a", 129), other}, {"a\nb", other}, {"u:p@host", other},
		{"https://issuer.example/", "https://issuer.example/"}, {"third", other}, {"figma", "figma"},
	} {
		if got := b.name(c.in); got != c.want {
			t.Errorf("name(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	m := transport.Message{Transport: "http", Method: "tools/call", Target: "query", ID: "7", Version: "2025-11-25", Session: "0011"}
	for _, c := range []struct {
		name   string
		change func(*Config)
	}{
		{"without a collector", func(*Config) {}},
		{"with a collector, sampled", func(c *Config) { c.OTLPEndpoint, c.SampleRatio = "http://127.0.0.1:1", 1 }},
		{"with a collector, not sampled", func(c *Config) { c.OTLPEndpoint = "http://127.0.0.1:1" }},
	} {
		b.Run(c.name, func(b *testing.B) {
			cfg := Config{Tools: func(string) bool { return true }}
			c.change(&cfg)
			o, ctx := started(b, cfg).Observer(), asked(context.Background())
			b.ReportAllocs()
			for b.Loop() {
				_, end := o.Begin(ctx, m)
				end(transport.Outcome{})
			}
		})
	}
}
