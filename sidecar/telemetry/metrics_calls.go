package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// calls is about MCP and HTTP. Observer and Middleware feed all but the calls of
// tools, the cache and the questions.
type calls struct {
	operation, session, request, stream metric.Float64Histogram
	toolCalls, cache, ask               metric.Int64Counter
	streams                             metric.Int64UpDownCounter
}

// doors is about who is let in, and how often.
type doors struct {
	denied, refused, shim metric.Int64Counter
	fallback              metric.Float64Gauge
}

// newCalls takes names and bounds of the first three from the conventions.
// Source: https://github.com/open-telemetry/semantic-conventions-genai docs/gen-ai/mcp.md
// and https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
func newCalls(f *factory) calls {
	mcp := []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300}
	c := calls{
		operation: f.seconds("mcp.server.operation.duration", "Time from a message of MCP to its answer.", mcp...),
		session:   f.seconds("mcp.server.session.duration", "Length of sessions of MCP.", mcp...),
		request: f.seconds("http.server.request.duration", "Time from a request to the end of its answer, streams left out.",
			.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10),
		stream: f.seconds("fluxmcp.http.stream.duration", "Length of answers that are streams of events.",
			.1, 1, 10, 60, 300, 900, 3600, 14400, 86400),
		toolCalls: f.counter("fluxmcp.tool.calls", "Calls of tools, by how they ended."),
		cache:     f.counter("fluxmcp.query.cache", "Queries, by what the cache did."),
		ask:       f.zero("fluxmcp.ask.fallback", "Questions in English that were answered without the model."),
	}
	var err error
	c.streams, err = f.meter.Int64UpDownCounter("fluxmcp.open.streams", metric.WithDescription("Streams of events that are open."))
	f.keep(err)
	return c
}

func newDoors(f *factory) doors {
	d := doors{
		denied:   f.counter("fluxmcp.ratelimit.denied", "Requests and calls over a limit."),
		refused:  f.counter("fluxmcp.auth.failures", "Requests whose token was refused."),
		shim:     f.zero("fluxmcp.claude.header.shim", "Requests mended because a client sent a header amiss."),
		fallback: f.gauge("fluxmcp.ratelimit.fallback", "", "1 while limits are kept by each process alone, because Redis does not answer."),
	}
	set(d.fallback, 0)
	return d
}

// Cache is what the cache did for a query.
type Cache string

// What the cache can do.
const (
	CacheHit      Cache = "hit"      // the answer came from the cache
	CacheMiss     Cache = "miss"     // the database was asked, and the answer kept
	CacheBypass   Cache = "bypass"   // the caller, or the settings, wanted no cache
	CacheVolatile Cache = "volatile" // the answer may differ each time
)

// ToolCall counts a call of a tool that is registered, over MCP or REST, by how
// it ended: ok, or the code of its failure.
func (m *Metrics) ToolCall(tool, outcome string) {
	if m != nil {
		add(m.toolCalls, 1, attribute.String("tool", m.labels.tool.name(tool)), attribute.String("outcome", m.labels.outcome.name(outcome)))
	}
}

// QueryCache counts a query by what the cache did.
func (m *Metrics) QueryCache(result Cache) {
	if m != nil {
		add(m.cache, 1, attribute.String("result", m.labels.result.name(string(result))))
	}
}

// AskFallback counts a question in English that was answered without the model.
func (m *Metrics) AskFallback() {
	if m != nil {
		add(m.ask, 1)
	}
}

// RateLimitDenied counts what was over the limit of a bucket.
func (m *Metrics) RateLimitDenied(bucket string) {
	if m != nil {
		add(m.denied, 1, attribute.String("bucket", m.labels.bucket.name(bucket)))
	}
}

// RateLimitFallback sets whether limits are kept by this process alone.
func (m *Metrics) RateLimitFallback(on bool) {
	if m == nil {
		return
	}
	v := 0.0
	if on {
		v = 1
	}
	set(m.fallback, v)
}

// AuthFailure counts a refused token; reason is a word of a fixed list, never a
// text.
func (m *Metrics) AuthFailure(reason string) {
	if m != nil {
		add(m.refused, 1, attribute.String("reason", m.labels.reason.name(reason)))
	}
}

// ClaudeHeaderShim counts a request whose header was mended.
func (m *Metrics) ClaudeHeaderShim() {
	if m != nil {
		add(m.shim, 1)
	}
}

// JWKSAge has age tell how long ago the keys of issuer were fetched, whenever
// metrics are read. It must return at once and not use Metrics. A second one for
// an issuer replaces the first.
func (m *Metrics) JWKSAge(issuer string, age func() time.Duration) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jwks[m.labels.issuer.name(issuer)] = age
}
