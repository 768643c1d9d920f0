package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// audits is about the record of who did what.
type audits struct {
	dropped, failed metric.Int64Counter
}

// webhooks is about what providers send.
type webhooks struct {
	received, dead  metric.Int64Counter
	ack, process    metric.Float64Histogram
	pending, oldest metric.Float64Gauge
}

func newAudits(f *factory) audits {
	return audits{
		dropped: f.zero("fluxmcp.audit.dropped", "Audit entries that were lost."),
		failed:  f.zero("fluxmcp.audit.write.failures", "Attempts to write audit entries that failed."),
	}
}

func newWebhooks(f *factory) webhooks {
	return webhooks{
		received: f.counter("fluxmcp.webhook.received", "Deliveries of providers, by what became of them."),
		ack: f.seconds("fluxmcp.webhook.ack", "Time from a delivery to its answer.",
			.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10),
		process: f.seconds("fluxmcp.webhook.process", "Time from a delivery to its effect.",
			.01, .05, .1, .5, 1, 5, 15, 60, 300, 1800, 7200, 43200),
		pending: f.gauge("fluxmcp.inbox.pending", "", "Deliveries that wait for their effect."),
		oldest:  f.gauge("fluxmcp.inbox.oldest_pending", "s", "Age of the oldest delivery that waits."),
		dead:    f.zero("fluxmcp.inbox.dead", "Deliveries given up after all attempts."),
	}
}

// AuditQueue has depth tell how many entries wait, whenever metrics are read. It
// must return at once and not use Metrics.
func (m *Metrics) AuditQueue(depth func() int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = depth
}

// AuditDropped counts n entries that were lost.
func (m *Metrics) AuditDropped(n int) {
	if m != nil {
		add(m.dropped, n)
	}
}

// AuditWriteFailure counts an attempt to write entries that failed.
func (m *Metrics) AuditWriteFailure() {
	if m != nil {
		add(m.failed, 1)
	}
}

// Received is what became of a delivery.
type Received string

// What can become of a delivery.
const (
	ReceivedAccepted    Received = "accepted"    // stored, its effect follows
	ReceivedDuplicate   Received = "duplicate"   // it had been stored before
	ReceivedRejected    Received = "rejected"    // not signed, or not by the provider
	ReceivedUnavailable Received = "unavailable" // it could not be stored; the provider sends it again
	ReceivedIgnored     Received = "ignored"     // of a kind that has no effect
)

// WebhookReceived counts a delivery of provider.
func (m *Metrics) WebhookReceived(provider string, result Received) {
	if m != nil {
		add(m.received, 1, m.provider(provider), attribute.String("result", m.labels.result.name(string(result))))
	}
}

// WebhookAck measures the time from a delivery to its answer.
func (m *Metrics) WebhookAck(d time.Duration) {
	if m != nil {
		took(m.ack, d)
	}
}

// WebhookProcessed measures the time from a delivery to its effect.
func (m *Metrics) WebhookProcessed(d time.Duration) {
	if m != nil {
		took(m.process, d)
	}
}

// Inbox sets how many deliveries wait, and how long the oldest has; 0 where none
// does.
func (m *Metrics) Inbox(pending int, oldest time.Duration) {
	if m == nil {
		return
	}
	set(m.pending, float64(pending))
	set(m.oldest, oldest.Seconds())
}

// InboxDead counts n deliveries that were given up.
func (m *Metrics) InboxDead(n int) {
	if m != nil {
		add(m.dead, n)
	}
}
