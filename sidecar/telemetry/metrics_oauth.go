package telemetry

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// oauth is about accounts at providers.
type oauth struct {
	refresh, refreshSaved, connect, disconnect, mismatch metric.Int64Counter
	refreshWait                                          metric.Float64Histogram
	connections, breaker                                 metric.Float64Gauge
}

// vault is about stored tokens.
type vault struct {
	decrypt metric.Int64Counter
	keyset  metric.Float64Gauge
}

func newOAuth(f *factory) oauth {
	return oauth{
		refresh:      f.counter("fluxmcp.oauth.refresh", "Tokens refreshed at a provider, by how it ended."),
		refreshSaved: f.zero("fluxmcp.oauth.refresh.requests_saved", "Refreshes not sent, because another request had just done it."),
		refreshWait: f.seconds("fluxmcp.oauth.refresh.wait", "Time that calls waited for a refresh.",
			.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30),
		connect:     f.counter("fluxmcp.oauth.connect.flow", "Steps that people took to connect an account."),
		disconnect:  f.counter("fluxmcp.oauth.disconnect", "Accounts disconnected."),
		mismatch:    f.zero("fluxmcp.identity.mismatch", "Consents that came back from another person than the one who asked."),
		connections: f.gauge("fluxmcp.oauth.connections", "", "Accounts that are connected, by status."),
		breaker:     f.gauge("fluxmcp.breaker.state", "", "Whether a provider is called: 0 closed (it is), 1 half open, 2 open (it is not)."),
	}
}

func newVault(f *factory) vault {
	return vault{
		decrypt: f.zero("fluxmcp.token.decrypt.errors", "Stored tokens that could not be decrypted."),
		keyset:  f.gauge("fluxmcp.keyset.rows", "", "Rows encrypted under a key."),
	}
}

// Refresh is how refreshing a token ended.
type Refresh string

// The ends of a refresh.
const (
	RefreshOK      Refresh = "ok"      // there is a new token
	RefreshRefused Refresh = "refused" // the provider wants a new consent
	RefreshFailed  Refresh = "failed"  // the provider could not be reached, or was at fault
)

// OAuthRefresh counts a refresh sent to provider.
func (m *Metrics) OAuthRefresh(provider string, result Refresh) {
	if m != nil {
		add(m.refresh, 1, m.provider(provider), attribute.String("result", m.labels.result.name(string(result))))
	}
}

// OAuthRefreshWait measures how long a call waited for a refresh, its own or
// another's.
func (m *Metrics) OAuthRefreshWait(d time.Duration) {
	if m != nil {
		took(m.refreshWait, d)
	}
}

// OAuthRefreshSaved counts a refresh that another one made unnecessary.
func (m *Metrics) OAuthRefreshSaved() {
	if m != nil {
		add(m.refreshSaved, 1)
	}
}

// ConnectStep is a step of connecting an account.
type ConnectStep string

// The steps of connecting an account, in their order; the last three end it.
const (
	ConnectStarted  ConnectStep = "started"   // a ticket was made
	ConnectShown    ConnectStep = "shown"     // the page was opened
	ConnectSent     ConnectStep = "sent"      // the person went on to the provider
	ConnectReturned ConnectStep = "returned"  // the provider sent them back
	ConnectDone     ConnectStep = "connected" // the token is stored
	ConnectDenied   ConnectStep = "denied"    // the person said no
	ConnectFailed   ConnectStep = "failed"    // anything else
)

// OAuthConnectFlow counts a step taken to connect an account at provider.
func (m *Metrics) OAuthConnectFlow(provider string, step ConnectStep) {
	if m != nil {
		add(m.connect, 1, m.provider(provider), attribute.String("step", m.labels.step.name(string(step))))
	}
}

// OAuthConnections sets how many accounts at provider have the status. Whoever
// feeds it sets every status each time, 0 included.
func (m *Metrics) OAuthConnections(provider, status string, n int) {
	if m != nil {
		set(m.connections, float64(n), m.provider(provider), attribute.String("status", m.labels.status.name(status)))
	}
}

// OAuthDisconnect counts an account disconnected from provider.
func (m *Metrics) OAuthDisconnect(provider string) {
	if m != nil {
		add(m.disconnect, 1, m.provider(provider))
	}
}

// IdentityMismatch counts a consent that came back from another person than the
// one who asked for it.
func (m *Metrics) IdentityMismatch() {
	if m != nil {
		add(m.mismatch, 1)
	}
}

// TokenDecryptError counts a stored token that could not be decrypted.
func (m *Metrics) TokenDecryptError() {
	if m != nil {
		add(m.decrypt, 1)
	}
}

// KeysetRows sets how many rows are encrypted under the key of an id.
func (m *Metrics) KeysetRows(keyID string, n int) {
	if m != nil {
		set(m.keyset, float64(n), attribute.String("key_id", m.labels.key.name(keyID)))
	}
}

// Breaker is the state of the circuit breaker around a provider.
type Breaker int

// The states of a breaker, as the gauge shows them.
const (
	BreakerClosed   Breaker = iota // calls go through
	BreakerHalfOpen                // a few calls go through, to see whether it works again
	BreakerOpen                    // no call goes through
)

// BreakerState sets the state of the breaker around provider.
func (m *Metrics) BreakerState(provider string, s Breaker) {
	if m != nil {
		set(m.breaker, float64(s), m.provider(provider))
	}
}

func (m *Metrics) provider(name string) attribute.KeyValue {
	return attribute.String("provider", m.labels.provider.name(name))
}
