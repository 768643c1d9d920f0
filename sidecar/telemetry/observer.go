package telemetry

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// Observer makes a span and a measurement of each message of MCP, by the names of
// the conventions. The trace that the message names is its parent, and the HTTP
// request a link; else the HTTP request is the parent. Arguments and results are
// never seen here. What a client writes becomes a label only where it is one of
// the names known: a tool that is not registered is counted as _other.
// Source: https://github.com/open-telemetry/semantic-conventions-genai docs/gen-ai/mcp.md
func (t *Telemetry) Observer() transport.Observer {
	if t == nil {
		return blind{}
	}
	return observer{t}
}

// blind observes nothing.
type blind struct{}

func (blind) Begin(ctx context.Context, _ transport.Message) (context.Context, func(transport.Outcome)) {
	return ctx, func(transport.Outcome) {}
}

func (blind) SessionEnded(string, float64) {}

type observer struct{ t *Telemetry }

// subject is what a message is about, in names that are bounded.
type subject struct {
	method, tool, prompt, version, network string
}

func (o observer) subject(m transport.Message) subject {
	s := subject{method: mcpMethod(m.Method), version: mcpVersion(m.Version), network: network(m.Transport)}
	switch s.method {
	case "tools/call":
		s.tool = among(o.t.cfg.Tools, m.Target)
	case "prompts/get":
		s.prompt = among(o.t.cfg.Prompts, m.Target)
	}
	return s
}

// among is name where it is known, else other.
func among(known func(string) bool, name string) string {
	if known != nil && known(name) {
		return name
	}
	return other
}

// span is the name of the span.
func (s subject) span() string {
	switch {
	case s.tool != "":
		return s.method + " " + s.tool
	case s.prompt != "":
		return s.method + " " + s.prompt
	}
	return s.method
}

// labels are the attributes that spans and measurements share.
func (s subject) labels() []attribute.KeyValue {
	l := make([]attribute.KeyValue, 0, 8) // room for those of the outcome
	l = append(l, attribute.String("mcp.method.name", s.method), attribute.String("network.transport", s.network))
	if s.tool != "" {
		l = append(l, attribute.String("gen_ai.tool.name", s.tool), attribute.String("gen_ai.operation.name", "execute_tool"))
	}
	if s.prompt != "" {
		l = append(l, attribute.String("gen_ai.prompt.name", s.prompt))
	}
	if s.version != "" {
		l = append(l, attribute.String("mcp.protocol.version", s.version))
	}
	return l
}

// Begin starts the span of m.
func (o observer) Begin(ctx context.Context, m transport.Message) (context.Context, func(transport.Outcome)) {
	began, s := time.Now(), o.subject(m)
	labels := s.labels()
	ctx, links := o.parent(ctx, m.Trace)
	if o.t.spans == nil { // the caller's trace goes on in logs
		return ctx, func(out transport.Outcome) { o.record(ctx, labels, out, began) }
	}
	ctx, span := o.t.tracer.Start(ctx, s.span(), trace.WithSpanKind(trace.SpanKindServer), trace.WithLinks(links...), trace.WithTimestamp(began))
	if span.IsRecording() {
		span.SetAttributes(labels...)
		span.SetAttributes(o.details(ctx, m)...)
	}
	return ctx, func(out transport.Outcome) {
		o.record(ctx, labels, out, began)
		conclude(span, out)
	}
}

// parent is ctx within the trace that a message names, and a link to where it was.
func (o observer) parent(ctx context.Context, named map[string]string) (context.Context, []trace.Link) {
	if named["traceparent"] == "" {
		return ctx, nil
	}
	asked := o.t.propagator.Extract(context.Background(), propagation.MapCarrier(named))
	remote := trace.SpanContextFromContext(asked)
	if !remote.IsValid() {
		return ctx, nil
	}
	var links []trace.Link
	if ambient := trace.SpanContextFromContext(ctx); ambient.IsValid() {
		links = []trace.Link{{SpanContext: ambient}}
	}
	ctx = baggage.ContextWithBaggage(ctx, baggage.FromContext(asked))
	return trace.ContextWithRemoteSpanContext(ctx, remote), links
}

// mostText is how many bytes of a client's text a span holds.
const mostText = 128

// details are attributes that only spans have: there is no end to their values.
func (o observer) details(ctx context.Context, m transport.Message) []attribute.KeyValue {
	var d []attribute.KeyValue
	text := func(name, v string) {
		if v = o.t.secrets.text(v); v != "" {
			d = append(d, attribute.String(name, short(v)))
		}
	}
	text("jsonrpc.request.id", strings.Trim(m.ID, `"`))
	text("mcp.session.id", m.Session)
	text("mcp.resource.uri", address(m.Resource))
	text("client.address", tools.RequestOf(ctx).Address)
	return d
}

// address is uri without what may be secret in it.
func address(uri string) string {
	if uri == "" {
		return ""
	}
	u, err := url.Parse(uri)
	if err != nil {
		return other
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

func short(s string) string {
	if len(s) > mostText {
		s = strings.ToValidUTF8(s[:mostText], "")
	}
	return s
}

// trouble is the error.type of an outcome; empty for success.
func trouble(out transport.Outcome) string {
	switch {
	case out.Dropped:
		return "canceled"
	case out.Code != 0:
		return strconv.Itoa(out.Code)
	case out.Failed:
		return "tool_error"
	}
	return ""
}

// conclude ends span. That a client went away is no error of the server.
func conclude(span trace.Span, out transport.Outcome) {
	if what := trouble(out); what != "" {
		span.SetAttributes(attribute.String("error.type", what))
		if !out.Dropped {
			span.SetStatus(codes.Error, "")
		}
	}
	if out.Code != 0 {
		span.SetAttributes(attribute.String("rpc.response.status_code", strconv.Itoa(out.Code)))
	}
	span.End()
}

// record measures a message.
func (o observer) record(ctx context.Context, labels []attribute.KeyValue, out transport.Outcome, began time.Time) {
	m := o.t.metrics
	if what := trouble(out); what != "" {
		labels = append(labels, attribute.String("error.type", m.labels.code.name(what)))
	}
	if out.Code != 0 {
		labels = append(labels, attribute.String("rpc.response.status_code", m.labels.code.name(strconv.Itoa(out.Code))))
	}
	m.operation.Record(ctx, time.Since(began).Seconds(), metric.WithAttributes(labels...))
}

// SessionEnded measures the length of a session.
func (o observer) SessionEnded(over string, seconds float64) {
	o.t.metrics.session.Record(context.Background(), seconds,
		metric.WithAttributes(attribute.String("network.transport", network(over))))
}
