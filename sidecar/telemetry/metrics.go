package telemetry

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Metrics are all that is counted and measured. Methods never block and never
// fail; on a nil *Metrics they do nothing. Safe for concurrent use. Prometheus
// shows names with underscores and a unit: fluxmcp.oauth.refresh is
// fluxmcp_oauth_refresh_total.
type Metrics struct {
	oauth
	vault
	calls
	doors
	audits
	webhooks

	labels *labels
	mu     sync.Mutex
	jwks   map[string]func() time.Duration // age of the keys, by issuer
	queue  func() int                      // depth of the audit queue; nil: there is none
}

// labels bound what each kind of label may hold.
type labels struct {
	provider, result, step, status, bucket, reason, issuer, key, code, tool, outcome, route *bounded
}

func newLabels() *labels {
	return &labels{
		provider: newBounded(16), result: newBounded(32), step: newBounded(32), status: newBounded(16),
		bucket: newBounded(32), reason: newBounded(64), issuer: newBounded(32), key: newBounded(32),
		code: newBounded(32), tool: newBounded(128), outcome: newBounded(64), route: newBounded(128),
	}
}

// newMetrics creates all instruments, and a first value of those that have no
// labels: Prometheus sees no increase in a series that begins at 1.
func newMetrics(meter metric.Meter, version string) (*Metrics, error) {
	m := &Metrics{labels: newLabels(), jwks: map[string]func() time.Duration{}}
	f := &factory{meter: meter}
	m.oauth, m.vault, m.calls = newOAuth(f), newVault(f), newCalls(f)
	m.doors, m.audits, m.webhooks = newDoors(f), newAudits(f), newWebhooks(f)
	f.observe(m)
	build := f.gauge("fluxmcp.build.info", "", "Always 1; the labels say what is running.")
	if f.err != nil {
		return nil, f.err
	}
	build.Record(context.Background(), 1, metric.WithAttributes(
		attribute.String("version", version), attribute.String("go_version", runtime.Version())))
	return m, nil
}

// factory creates instruments and keeps the first error.
type factory struct {
	meter metric.Meter
	err   error
}

func (f *factory) keep(err error) {
	if err != nil {
		f.err = errors.Join(f.err, err)
	}
}

func (f *factory) counter(name, help string) metric.Int64Counter {
	c, err := f.meter.Int64Counter(name, metric.WithDescription(help))
	f.keep(err)
	return c
}

// zero is a counter without labels, seen from the start.
func (f *factory) zero(name, help string) metric.Int64Counter {
	c := f.counter(name, help)
	c.Add(context.Background(), 0)
	return c
}

func (f *factory) gauge(name, unit, help string) metric.Float64Gauge {
	g, err := f.meter.Float64Gauge(name, metric.WithUnit(unit), metric.WithDescription(help))
	f.keep(err)
	return g
}

func (f *factory) seconds(name, help string, bounds ...float64) metric.Float64Histogram {
	h, err := f.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(help), metric.WithExplicitBucketBoundaries(bounds...))
	f.keep(err)
	return h
}

// observe registers the gauges that are read when they are asked for.
func (f *factory) observe(m *Metrics) {
	age, err := f.meter.Float64ObservableGauge("fluxmcp.jwks.age", metric.WithUnit("s"),
		metric.WithDescription("Time since the keys of an issuer were last fetched."))
	f.keep(err)
	depth, err := f.meter.Int64ObservableGauge("fluxmcp.audit.queue.depth",
		metric.WithDescription("Audit entries that wait to be written."))
	f.keep(err)
	_, err = f.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m.read(o, age, depth)
		return nil
	}, age, depth)
	f.keep(err)
}

func (m *Metrics) read(o metric.Observer, age metric.Float64Observable, depth metric.Int64Observable) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for issuer, since := range m.jwks {
		o.ObserveFloat64(age, since().Seconds(), metric.WithAttributes(attribute.String("issuer", issuer)))
	}
	if m.queue != nil {
		o.ObserveInt64(depth, int64(m.queue()))
	}
}

func add(c metric.Int64Counter, n int, attrs ...attribute.KeyValue) {
	c.Add(context.Background(), int64(n), metric.WithAttributes(attrs...))
}

func set(g metric.Float64Gauge, v float64, attrs ...attribute.KeyValue) {
	g.Record(context.Background(), v, metric.WithAttributes(attrs...))
}

func took(h metric.Float64Histogram, d time.Duration, attrs ...attribute.KeyValue) {
	h.Record(context.Background(), d.Seconds(), metric.WithAttributes(attrs...))
}
