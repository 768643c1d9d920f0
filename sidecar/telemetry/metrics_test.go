package telemetry

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// feeds call each method of Metrics once.
var feeds = map[string]func(*Metrics){
	"OAuthRefresh":      func(m *Metrics) { m.OAuthRefresh("figma", RefreshOK) },
	"OAuthRefreshWait":  func(m *Metrics) { m.OAuthRefreshWait(time.Second) },
	"OAuthRefreshSaved": func(m *Metrics) { m.OAuthRefreshSaved() },
	"OAuthConnectFlow":  func(m *Metrics) { m.OAuthConnectFlow("slack", ConnectStarted) },
	"OAuthConnections":  func(m *Metrics) { m.OAuthConnections("slack", "active", 4) },
	"OAuthDisconnect":   func(m *Metrics) { m.OAuthDisconnect("github") },
	"IdentityMismatch":  func(m *Metrics) { m.IdentityMismatch() },
	"TokenDecryptError": func(m *Metrics) { m.TokenDecryptError() },
	"KeysetRows":        func(m *Metrics) { m.KeysetRows("17", 9) },
	"BreakerState":      func(m *Metrics) { m.BreakerState("figma", BreakerOpen) },
	"ToolCall":          func(m *Metrics) { m.ToolCall("query", "internal") },
	"QueryCache":        func(m *Metrics) { m.QueryCache(CacheVolatile) },
	"AskFallback":       func(m *Metrics) { m.AskFallback() },
	"RateLimitDenied":   func(m *Metrics) { m.RateLimitDenied("addresses") },
	"RateLimitFallback": func(m *Metrics) { m.RateLimitFallback(true) },
	"AuthFailure":       func(m *Metrics) { m.AuthFailure("expired") },
	"ClaudeHeaderShim":  func(m *Metrics) { m.ClaudeHeaderShim() },
	"JWKSAge":           func(m *Metrics) { m.JWKSAge("https://issuer.example", func() time.Duration { return time.Minute }) },
	"AuditQueue":        func(m *Metrics) { m.AuditQueue(func() int { return 5 }) },
	"AuditDropped":      func(m *Metrics) { m.AuditDropped(2) },
	"AuditWriteFailure": func(m *Metrics) { m.AuditWriteFailure() },
	"WebhookReceived":   func(m *Metrics) { m.WebhookReceived("github", ReceivedAccepted) },
	"WebhookAck":        func(m *Metrics) { m.WebhookAck(time.Millisecond) },
	"WebhookProcessed":  func(m *Metrics) { m.WebhookProcessed(time.Second) },
	"Inbox":             func(m *Metrics) { m.Inbox(3, time.Minute) },
	"InboxDead":         func(m *Metrics) { m.InboxDead(1) },
}

func TestEveryMethodIsFed(t *testing.T) {
	var methods []string
	for m := range reflect.TypeFor[*Metrics]().Methods() {
		methods = append(methods, m.Name)
	}
	slices.Sort(methods)
	if got := slices.Sorted(maps.Keys(feeds)); !slices.Equal(got, methods) {
		t.Errorf("fed are %v, want %v", got, methods)
	}
}

// fed is a Telemetry whose every instrument has been used once.
func fed(t *testing.T) *Telemetry {
	tel := started(t, Config{Version: "1.2.3", Tools: func(string) bool { return true }, Prompts: func(string) bool { return true }})
	for _, feed := range feeds {
		feed(tel.Metrics())
	}
	for _, m := range []transport.Message{
		{Transport: "http", Method: "tools/call", Target: "query", Version: "2025-11-25"}, {Transport: "stdio", Method: "prompts/get", Target: "review"},
	} {
		_, end := tel.Observer().Begin(t.Context(), m)
		end(transport.Outcome{Code: -32603})
	}
	tel.Observer().SessionEnded("sse", 3)
	mux := http.NewServeMux()
	mux.HandleFunc("/mcp", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/sse", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
	})
	for _, path := range []string{"/mcp", "/sse"} {
		serve(tel.Middleware(mux), httptest.NewRequest(http.MethodPost, path, nil))
	}
	return tel
}

// families are the metrics as Prometheus reads them.
func families(t *testing.T, tel *Telemetry) map[string]*dto.MetricFamily {
	t.Helper()
	w := serve(tel.MetricsHandler(), httptest.NewRequest(http.MethodGet, "/metrics", nil))
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// labelsOf are the names of the labels of a metric.
func labelsOf(f *dto.MetricFamily) []string {
	names := map[string]bool{}
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			names[l.GetName()] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func TestMetricsAsPrometheusShowsThem(t *testing.T) {
	all := families(t, fed(t))
	for _, c := range []struct{ name, labels string }{
		{"fluxmcp_oauth_refresh_total", "provider result"}, {"fluxmcp_oauth_refresh_wait_seconds", ""}, {"fluxmcp_oauth_refresh_requests_saved_total", ""},
		{"fluxmcp_oauth_connect_flow_total", "provider step"}, {"fluxmcp_oauth_connections", "provider status"}, {"fluxmcp_oauth_disconnect_total", "provider"},
		{"fluxmcp_identity_mismatch_total", ""}, {"fluxmcp_token_decrypt_errors_total", ""}, {"fluxmcp_keyset_rows", "key_id"}, {"fluxmcp_breaker_state", "provider"},
		{"mcp_server_operation_duration_seconds", "error_type gen_ai_operation_name gen_ai_prompt_name gen_ai_tool_name mcp_method_name mcp_protocol_version network_transport rpc_response_status_code"},
		{"mcp_server_session_duration_seconds", "network_transport"}, {"http_server_request_duration_seconds", "http_request_method http_response_status_code http_route"},
		{"fluxmcp_http_stream_duration_seconds", "http_route"}, {"fluxmcp_open_streams", "http_route"}, {"fluxmcp_tool_calls_total", "outcome tool"},
		{"fluxmcp_query_cache_total", "result"}, {"fluxmcp_ask_fallback_total", ""}, {"fluxmcp_ratelimit_denied_total", "bucket"}, {"fluxmcp_ratelimit_fallback", ""},
		{"fluxmcp_auth_failures_total", "reason"}, {"fluxmcp_claude_header_shim_total", ""}, {"fluxmcp_jwks_age_seconds", "issuer"},
		{"fluxmcp_audit_queue_depth", ""}, {"fluxmcp_audit_dropped_total", ""}, {"fluxmcp_audit_write_failures_total", ""},
		{"fluxmcp_webhook_received_total", "provider result"}, {"fluxmcp_webhook_ack_seconds", ""}, {"fluxmcp_webhook_process_seconds", ""},
		{"fluxmcp_inbox_pending", ""}, {"fluxmcp_inbox_oldest_pending_seconds", ""}, {"fluxmcp_inbox_dead_total", ""}, {"fluxmcp_build_info", "go_version version"},
		{"go_goroutines", ""}, {"process_resident_memory_bytes", ""},
	} {
		f := all[c.name]
		if f == nil {
			t.Errorf("%s is missing", c.name)
			continue
		}
		if got := strings.Join(labelsOf(f), " "); got != c.labels || f.GetHelp() == "" {
			t.Errorf("%s has labels %q and help %q, want %q and some", c.name, got, f.GetHelp(), c.labels)
		}
		delete(all, c.name)
	}
	for name := range all {
		if !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is not in the list", name)
		}
	}
}

func TestValuesOfMetrics(t *testing.T) {
	all := families(t, fed(t))
	for _, c := range []struct {
		name string
		want float64
	}{
		{"fluxmcp_oauth_connections", 4}, {"fluxmcp_keyset_rows", 9}, {"fluxmcp_breaker_state", 2}, {"fluxmcp_ratelimit_fallback", 1},
		{"fluxmcp_jwks_age_seconds", 60}, {"fluxmcp_audit_queue_depth", 5}, {"fluxmcp_inbox_pending", 3}, {"fluxmcp_inbox_oldest_pending_seconds", 60},
		{"fluxmcp_audit_dropped_total", 2}, {"fluxmcp_inbox_dead_total", 1}, {"fluxmcp_build_info", 1},
	} {
		m := all[c.name].GetMetric()[0]
		if got := m.GetGauge().GetValue() + m.GetCounter().GetValue(); got != c.want {
			t.Errorf("%s = %v, want %v", c.name, got, c.want)
		}
	}
	var bounds []float64
	for _, b := range all["mcp_server_operation_duration_seconds"].GetMetric()[0].GetHistogram().GetBucket() {
		bounds = append(bounds, b.GetUpperBound())
	}
	if want := []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300}; !slices.Equal(bounds[:len(bounds)-1], want) {
		t.Errorf("bounds = %v, want %v", bounds, want)
	}
}

func TestCountersBeginAtZero(t *testing.T) {
	all := families(t, started(t, Config{}))
	for _, name := range []string{"fluxmcp_token_decrypt_errors_total", "fluxmcp_identity_mismatch_total", "fluxmcp_inbox_dead_total", "fluxmcp_audit_dropped_total",
		"fluxmcp_audit_write_failures_total", "fluxmcp_ratelimit_fallback"} {
		if f := all[name]; f == nil || f.GetMetric()[0].GetCounter().GetValue() != 0 {
			t.Errorf("%s = %v, want 0 before anything happens: an alert sees no increase otherwise", name, f)
		}
	}
}

func TestNothingIsNeededToObserve(t *testing.T) {
	var tel *Telemetry
	for _, feed := range feeds {
		feed(tel.Metrics())
	}
	tel.Logger().Info("x")
	ctx, end := tel.Observer().Begin(t.Context(), transport.Message{Method: "ping"})
	end(transport.Outcome{})
	tel.Observer().SessionEnded("http", 1)
	_, span := tel.TracerProvider().Tracer("x").Start(ctx, "x")
	span.End()
	w := serve(tel.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })), httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusTeapot {
		t.Errorf("status %d, want that of the handler", w.Code)
	}
	if got := serve(tel.MetricsHandler(), httptest.NewRequest("GET", "/", nil)).Code; got != http.StatusNotFound {
		t.Errorf("metrics answer %d, want 404", got)
	}
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Errorf("shutdown: %v, want nil", err)
	}
}

func TestOpenMetricsIsServedToThoseWhoAsk(t *testing.T) {
	q := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	q.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := serve(started(t, Config{}).MetricsHandler(), q)
	if body, _ := io.ReadAll(w.Body); !strings.HasSuffix(string(body), "# EOF\n") {
		t.Errorf("answer of type %q ends with %q, want OpenMetrics", w.Header().Get("Content-Type"), body[max(0, len(body)-40):])
	}
}
