package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/fluxstudio/fluxmcp/tools"
)

const (
	callerTrace  = "0af7651916cd43dd8448eb211c80319c"
	callerSpan   = "b7ad6b7169203331"
	traceparent  = "00-" + callerTrace + "-" + callerSpan + "-01"
	ambientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
)

// sink is a log that several goroutines write to.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// lines are the lines written so far, decoded.
func (s *sink) lines(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, line := range strings.Split(strings.TrimSpace(s.String()), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, m)
	}
	return all
}

// rig is a Telemetry whose spans, metrics and lines stay in memory.
type rig struct {
	*Telemetry
	spans *tracetest.InMemoryExporter
	read  *sdkmetric.ManualReader
	log   *sink
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	r := &rig{spans: tracetest.NewInMemoryExporter(), read: sdkmetric.NewManualReader(), log: &sink{}}
	cfg := Config{
		Version: "1.2.3", SampleRatio: 1, Log: slog.NewJSONHandler(r.log, nil),
		Tools:   func(name string) bool { return name == "query" || name == "figma_get_file" },
		Prompts: func(name string) bool { return name == "review" },
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	r.Telemetry, err = start(t.Context(), cfg, exporters{
		spans: []sdktrace.SpanProcessor{sdktrace.NewSimpleSpanProcessor(r.spans)}, metrics: []sdkmetric.Reader{r.read},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Shutdown(context.Background()) })
	return r
}

// started is Start for tests.
func started(t testing.TB, cfg Config) *Telemetry {
	t.Helper()
	tel, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = tel.Shutdown(ctx)
	})
	return tel
}

// attrs are the attributes of a span, as text.
func attrs(s tracetest.SpanStub) map[string]string {
	m := map[string]string{}
	for _, a := range s.Attributes {
		m[string(a.Key)] = a.Value.String()
	}
	return m
}

// series are the points of a metric: its labels as text, and count or value.
func (r *rig) series(t *testing.T, name string) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.read.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			if m.Name == name {
				points(found, m.Data)
			}
		}
	}
	return found
}

func points(found map[string]float64, data metricdata.Aggregation) {
	switch d := data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			found[p.Attributes.Encoded(attribute.DefaultEncoder())] = float64(p.Value)
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			found[p.Attributes.Encoded(attribute.DefaultEncoder())] = float64(p.Value)
		}
	case metricdata.Gauge[float64]:
		for _, p := range d.DataPoints {
			found[p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			found[p.Attributes.Encoded(attribute.DefaultEncoder())] = float64(p.Count)
		}
	}
}

// inTrace is ctx within a span of another server.
func inTrace(ctx context.Context, id string) context.Context {
	traceID, _ := trace.TraceIDFromHex(id)
	spanID, _ := trace.SpanIDFromHex("00f067aa0ba902b7")
	return trace.ContextWithRemoteSpanContext(ctx, trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled,
	}))
}

// asked is a context as a handler has it.
func asked(ctx context.Context) context.Context {
	ctx = tools.WithRequest(ctx, tools.Request{ID: "req-1", Address: "192.0.2.7"})
	return tools.WithPrincipal(ctx, tools.Principal{Issuer: "https://issuer.example", Subject: "person-17", Email: "someone@example.com"})
}

// keeper is a server that keeps what it is sent and answers what it is told to.
type keeper struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string][][]byte // by path
	heads  []http.Header
	got    chan string // the path of each request, where somebody listens
}

// newKeeper answers with status and body; where hold is not nil, only once it is
// closed.
func newKeeper(t *testing.T, status int, body string, hold <-chan struct{}) *keeper {
	t.Helper()
	k := &keeper{bodies: map[string][][]byte{}, got: make(chan string, 1000)}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		k.mu.Lock()
		k.bodies[r.URL.Path] = append(k.bodies[r.URL.Path], b)
		k.heads = append(k.heads, r.Header)
		k.mu.Unlock()
		k.got <- r.URL.Path
		if hold != nil {
			<-hold
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(k.Close)
	return k
}

// sent is everything that was sent to path.
func (k *keeper) sent(path string) [][]byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bodies[path]
}

// serve has h answer a request.
func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
