package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

const (
	exportTimeout = 10 * time.Second // of one request to the collector
	seriesLimit   = 2000             // of one metric; what comes later is counted together
)

// collector adds the collector that cfg names to e.
func collector(ctx context.Context, cfg Config, c *complaint, e *exporters) error {
	spans, err := otlptracehttp.New(ctx,
		otlptracehttp.WithEndpointURL(cfg.OTLPEndpoint+"/v1/traces"), otlptracehttp.WithHeaders(cfg.OTLPHeaders),
		otlptracehttp.WithHTTPClient(newClient()), otlptracehttp.WithTimeout(exportTimeout))
	if err != nil {
		return fmt.Errorf("connect traces with the collector: %w", err)
	}
	metrics, err := otlpmetrichttp.New(ctx,
		otlpmetrichttp.WithEndpointURL(cfg.OTLPEndpoint+"/v1/metrics"), otlpmetrichttp.WithHeaders(cfg.OTLPHeaders),
		otlpmetrichttp.WithHTTPClient(newClient()), otlpmetrichttp.WithTimeout(exportTimeout))
	if err != nil {
		return fmt.Errorf("connect metrics with the collector: %w", err)
	}
	// The batch processor drops spans when its queue is full; it never waits.
	e.spans = append(e.spans, sdktrace.NewBatchSpanProcessor(quietSpans{spans, c}))
	e.metrics = append(e.metrics, sdkmetric.NewPeriodicReader(quietMetrics{metrics, c}))
	return nil
}

// newClient follows no redirect: the headers hold the operator's credentials.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       exportTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// quietSpans keeps errors from the SDK, which would print them through a global
// handler, as often as they happen.
type quietSpans struct {
	sdktrace.SpanExporter
	complaint *complaint
}

// ExportSpans sends spans; a failure is for the operator alone.
func (q quietSpans) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	q.complaint.about(q.SpanExporter.ExportSpans(ctx, spans))
	return nil
}

// quietMetrics does for metrics what quietSpans does for spans.
type quietMetrics struct {
	sdkmetric.Exporter
	complaint *complaint
}

// Export sends metrics, likewise.
func (q quietMetrics) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	q.complaint.about(q.Exporter.Export(ctx, m))
	return nil
}

func newSpans(cfg Config, res *resource.Resource, to []sdktrace.SpanProcessor) *sdktrace.TracerProvider {
	o := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(res),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(cfg.SampleRatio))),
	}
	for _, p := range to {
		o = append(o, sdktrace.WithSpanProcessor(p))
	}
	return sdktrace.NewTracerProvider(o...)
}

// newMeters collects for Prometheus and for the readers given.
func newMeters(reg *prometheus.Registry, res *resource.Resource, to []sdkmetric.Reader, tracing bool) (*sdkmetric.MeterProvider, error) {
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	prom, err := otelprom.New(otelprom.WithRegisterer(reg), otelprom.WithoutScopeInfo(), otelprom.WithoutTargetInfo(),
		otelprom.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return nil, fmt.Errorf("connect metrics with Prometheus: %w", err)
	}
	o := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(prom), sdkmetric.WithCardinalityLimit(seriesLimit)}
	if !tracing {
		o = append(o, sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter)) // there are no spans to point at
	}
	for _, r := range to {
		o = append(o, sdkmetric.WithReader(r))
	}
	return sdkmetric.NewMeterProvider(o...), nil
}

func exposition(reg *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true, ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
}
