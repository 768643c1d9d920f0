// Package telemetry is how an operator sees what the server does: traces, metrics,
// log lines with the identifiers of their request, and reports of errors. Nothing
// that it sends or writes holds an argument, a result or a secret. It knows no tool,
// no provider, no database and no environment: others feed it, and it must never
// slow or fail what it watches.
//
// It keeps all state to itself: the global providers of OpenTelemetry and the
// global hub of Sentry stay as they are.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/getsentry/sentry-go"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// scope names this package as the source of spans and metrics.
const scope = "github.com/fluxstudio/fluxmcp/sidecar/telemetry"

// Config says what is observed and where it goes. The zero value serves metrics
// on MetricsHandler and sends nothing anywhere.
type Config struct {
	ServiceName string // service.name; empty: fluxmcp
	Version     string // service.version, the release in Sentry
	Environment string // such as production; may be empty

	OTLPEndpoint string            // base URL of a collector that speaks OTLP over HTTP; empty: no spans, and metrics for Prometheus only
	OTLPHeaders  map[string]string // sent to the collector; never logged
	SampleRatio  float64           // share of the traces begun here that is kept, 0 to 1; what a caller sampled is kept in any case

	SentryDSN string // empty: no reports

	Log   slog.Handler // where lines finally go; nil: nowhere
	Level slog.Leveler // lines below it are dropped; nil: Log decides

	Tools   func(name string) bool // whether a tool of this name is registered; nil: none is. Must be safe for concurrent use
	Prompts func(name string) bool // likewise of prompts
}

// Telemetry is what Start sets up. A nil *Telemetry observes nothing; all its
// methods work. Safe for concurrent use.
type Telemetry struct {
	cfg        Config
	secrets    *redactor
	log        *slog.Logger
	registry   *prometheus.Registry
	meters     *sdkmetric.MeterProvider
	spans      *sdktrace.TracerProvider // nil without a collector
	provider   trace.TracerProvider
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	sentry     *sentry.Client // nil without a DSN
	metrics    *Metrics
}

// Start sets everything up and returns at once: whether a collector or Sentry
// answers shows later, in the log, at most once a minute.
//
// Errors: *SettingError where a setting cannot be used.
func Start(ctx context.Context, cfg Config) (*Telemetry, error) {
	return start(ctx, cfg, exporters{})
}

// exporters are where spans and metrics go besides what Config names.
type exporters struct {
	spans   []sdktrace.SpanProcessor
	metrics []sdkmetric.Reader
}

func start(ctx context.Context, cfg Config, extra exporters) (*Telemetry, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	t := &Telemetry{cfg: cfg, secrets: newRedactor(cfg), registry: prometheus.NewRegistry()}
	t.propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	plain := slog.New(newHandler(cfg.Log, cfg.Level, t.secrets))
	if t.sentry, err = newSentry(cfg, t.secrets, newComplaint(plain, "sentry", t.secrets)); err != nil {
		return nil, err
	}
	t.log = t.newLogger(plain)
	if err := t.export(ctx, extra, newComplaint(plain, "collector", t.secrets)); err != nil {
		return nil, err
	}
	t.tracer = t.provider.Tracer(scope)
	if t.metrics, err = newMetrics(t.meters.Meter(scope), cfg.Version); err != nil {
		return nil, fmt.Errorf("create metrics: %w", err)
	}
	return t, nil
}

// export connects spans and metrics with their destinations.
func (t *Telemetry) export(ctx context.Context, extra exporters, c *complaint) error {
	t.provider = noop.NewTracerProvider()
	if t.cfg.OTLPEndpoint != "" {
		if err := collector(ctx, t.cfg, c, &extra); err != nil {
			return err
		}
	}
	res := t.cfg.resource()
	if len(extra.spans) > 0 {
		t.spans = newSpans(t.cfg, res, extra.spans)
		t.provider = t.spans
	}
	var err error
	t.meters, err = newMeters(t.registry, res, extra.metrics, t.spans != nil)
	return err
}

// Shutdown sends what is still waiting, until ctx ends. Nothing may be observed
// afterwards.
//
// Errors: of ctx, where it ended before everything was sent. What a collector or
// Sentry refused is in the log.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	var errs []error
	if t.spans != nil {
		errs = append(errs, t.spans.Shutdown(ctx))
	}
	errs = append(errs, t.meters.Shutdown(ctx))
	if t.sentry != nil {
		errs = append(errs, endReports(ctx, t.sentry))
	}
	return errors.Join(errs...)
}

// Logger writes lines that carry request_id, principal, trace_id and span_id of
// their context, with secrets taken out. Lines at slog.LevelError and above also
// go to Sentry.
func (t *Telemetry) Logger() *slog.Logger {
	if t == nil {
		return slog.New(slog.DiscardHandler)
	}
	return t.log
}

// Metrics are fed by whoever knows. It is nil, and usable, on a nil *Telemetry.
func (t *Telemetry) Metrics() *Metrics {
	if t == nil {
		return nil
	}
	return t.metrics
}

// TracerProvider is for libraries that trace what they do. It records nothing
// without a collector.
func (t *Telemetry) TracerProvider() trace.TracerProvider {
	if t == nil {
		return noop.NewTracerProvider()
	}
	return t.provider
}

// TraceID is the trace that ctx belongs to, 32 hexadecimal digits: the caller's
// where it named one. Empty outside a trace.
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// MetricsHandler serves all metrics as text for Prometheus, or as OpenMetrics to
// those who ask for it.
func (t *Telemetry) MetricsHandler() http.Handler {
	if t == nil {
		return http.NotFoundHandler()
	}
	return exposition(t.registry)
}
