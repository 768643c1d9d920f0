// Package observability holds the dashboard and the alerts to the metrics that
// the server has: it feeds each of them once, and reads them as Prometheus does.
// It knows neither Grafana nor Prometheus.
package observability

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// feeds call each method of Metrics once.
var feeds = map[string]func(*telemetry.Metrics){
	"OAuthRefresh":      func(m *telemetry.Metrics) { m.OAuthRefresh("figma", telemetry.RefreshOK) },
	"OAuthRefreshWait":  func(m *telemetry.Metrics) { m.OAuthRefreshWait(time.Second) },
	"OAuthRefreshSaved": func(m *telemetry.Metrics) { m.OAuthRefreshSaved() },
	"OAuthConnectFlow":  func(m *telemetry.Metrics) { m.OAuthConnectFlow("slack", telemetry.ConnectStarted) },
	"OAuthConnections":  func(m *telemetry.Metrics) { m.OAuthConnections("slack", "active", 4) },
	"OAuthDisconnect":   func(m *telemetry.Metrics) { m.OAuthDisconnect("github") },
	"IdentityMismatch":  func(m *telemetry.Metrics) { m.IdentityMismatch() },
	"TokenDecryptError": func(m *telemetry.Metrics) { m.TokenDecryptError() },
	"KeysetRows":        func(m *telemetry.Metrics) { m.KeysetRows("17", 9) },
	"BreakerState":      func(m *telemetry.Metrics) { m.BreakerState("figma", telemetry.BreakerOpen) },
	"ToolCall":          func(m *telemetry.Metrics) { m.ToolCall("query", "internal") },
	"QueryCache":        func(m *telemetry.Metrics) { m.QueryCache(telemetry.CacheHit) },
	"AskFallback":       func(m *telemetry.Metrics) { m.AskFallback() },
	"RateLimitDenied":   func(m *telemetry.Metrics) { m.RateLimitDenied("addresses") },
	"RateLimitFallback": func(m *telemetry.Metrics) { m.RateLimitFallback(true) },
	"AuthFailure":       func(m *telemetry.Metrics) { m.AuthFailure("expired") },
	"ClaudeHeaderShim":  func(m *telemetry.Metrics) { m.ClaudeHeaderShim() },
	"JWKSAge": func(m *telemetry.Metrics) {
		m.JWKSAge("https://issuer.example", func() time.Duration { return time.Minute })
	},
	"AuditQueue":        func(m *telemetry.Metrics) { m.AuditQueue(func() int { return 5 }) },
	"AuditDropped":      func(m *telemetry.Metrics) { m.AuditDropped(2) },
	"AuditWriteFailure": func(m *telemetry.Metrics) { m.AuditWriteFailure() },
	"WebhookReceived":   func(m *telemetry.Metrics) { m.WebhookReceived("github", telemetry.ReceivedAccepted) },
	"WebhookAck":        func(m *telemetry.Metrics) { m.WebhookAck(time.Millisecond) },
	"WebhookProcessed":  func(m *telemetry.Metrics) { m.WebhookProcessed(time.Second) },
	"Inbox":             func(m *telemetry.Metrics) { m.Inbox(3, time.Minute) },
	"InboxDead":         func(m *telemetry.Metrics) { m.InboxDead(1) },
}

func TestEveryMethodOfMetricsIsFed(t *testing.T) {
	var methods []string
	for m := range reflect.TypeFor[*telemetry.Metrics]().Methods() {
		methods = append(methods, m.Name)
	}
	slices.Sort(methods)
	if got := slices.Sorted(maps.Keys(feeds)); !slices.Equal(got, methods) {
		t.Errorf("fed are %v, want %v", got, methods)
	}
}

// gathered are the metrics of a server on which everything has happened once.
func gathered(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	known := func(string) bool { return true }
	tel, err := telemetry.Start(t.Context(), telemetry.Config{Version: "1.2.3", Tools: known, Prompts: known})
	if err != nil {
		t.Fatal(err)
	}
	for _, feed := range feeds {
		feed(tel.Metrics())
	}
	talk(t, tel)
	w := httptest.NewRecorder()
	tel.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// talk has tel see messages of MCP, and an answer and a stream over HTTP.
func talk(t *testing.T, tel *telemetry.Telemetry) {
	for _, m := range []transport.Message{
		{Transport: "http", Method: "tools/call", Target: "query", Version: "2025-11-25"}, {Transport: "stdio", Method: "prompts/get", Target: "review"},
	} {
		_, end := tel.Observer().Begin(t.Context(), m)
		end(transport.Outcome{Code: -32603})
	}
	tel.Observer().SessionEnded("sse", 3)
	for _, kind := range []string{"application/json", "text/event-stream"} {
		h := tel.Middleware(telemetry.Route("/mcp", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(http.StatusOK)
		})))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/mcp", nil))
	}
}

// query is an expression of PromQL, and where it stands.
type query struct{ where, expr string }

// panel is what matters here of a panel of Grafana.
type panel struct {
	ID          int
	Type, Title string
	Datasource  struct{ UID string }
	Targets     []struct{ Expr string }
}

func panels(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d struct{ Panels []panel }
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("dashboard.json: %v", err)
	}
	return d.Panels
}

// shown are the queries of all panels.
func shown(t *testing.T) []query {
	t.Helper()
	var all []query
	for _, p := range panels(t) {
		for _, target := range p.Targets {
			all = append(all, query{"panel " + p.Title, strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")})
		}
	}
	return all
}

func TestPanelsLeaveTheDataSourceOpen(t *testing.T) {
	ids := map[int]bool{}
	for _, p := range panels(t) {
		if ids[p.ID] {
			t.Errorf("panel %q has the id %d of another one", p.Title, p.ID)
		}
		ids[p.ID] = true
		if p.Type != "row" && (p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
			t.Errorf("panel %q: data source %q, %d queries, want the variable and at least one", p.Title, p.Datasource.UID, len(p.Targets))
		}
	}
}

func TestQueriesUseWhatThereIs(t *testing.T) {
	all, queries := gathered(t), shown(t)
	for _, a := range alerts(t) {
		queries = append(queries, query{"alert " + a.name, a.fields["expr"]})
	}
	if len(queries) < 70 {
		t.Fatalf("%d queries, want all of the dashboard and the alerts", len(queries))
	}
	for _, q := range queries {
		for _, problem := range problems(q.expr, all) {
			t.Errorf("%s: %s in %s", q.where, problem, q.expr)
		}
	}
}

// unshown are our metrics that no query uses.
func unshown(queries []query, all map[string]*dto.MetricFamily) []string {
	used := map[string]bool{}
	for _, q := range queries {
		for _, word := range regexp.MustCompile(`[a-zA-Z_]\w*`).FindAllString(q.expr, -1) {
			used[word] = true
		}
	}
	var missing []string
	for name := range all {
		ours := !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_")
		if ours && !used[name] && !used[name+"_bucket"] && !used[name+"_count"] {
			missing = append(missing, name)
		}
	}
	return missing
}

func TestEveryMetricIsOnTheDashboard(t *testing.T) {
	all, queries := gathered(t), shown(t)
	if missing := unshown(queries, all); len(missing) > 0 {
		t.Errorf("on no panel are %v, want none", missing)
	}
	for _, name := range []string{"fluxmcp_jwks_age_seconds", "fluxmcp_webhook_ack_seconds", "mcp_server_session_duration_seconds"} {
		without := slices.DeleteFunc(slices.Clone(queries), func(q query) bool { return strings.Contains(q.expr, name) })
		if got := unshown(without, all); !slices.Equal(got, []string{name}) {
			t.Errorf("a dashboard without %s lacks %v, want that one", name, got)
		}
	}
}
