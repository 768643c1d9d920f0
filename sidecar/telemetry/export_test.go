package telemetry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getsentry/sentry-go"
	"go.opentelemetry.io/otel"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

const (
	tracesPath  = "/v1/traces"
	metricsPath = "/v1/metrics"
)

// busy has tel see a message and a request that are full of secrets.
func busy(tel *Telemetry, ctx context.Context) {
	_, end := tel.Observer().Begin(asked(ctx), transport.Message{
		Transport: "http", Method: "tools/call", Target: "figd_" + canary, ID: "xoxb-" + canary, Version: canary, Resource: "x://h/p?token=" + canary,
		Trace: map[string]string{"traceparent": traceparent, "baggage": "k=" + canary},
	})
	end(transport.Outcome{Failed: true})
	mux := http.NewServeMux()
	mux.HandleFunc("/connect/{ticket}", func(w http.ResponseWriter, r *http.Request) {
		tel.Logger().ErrorContext(r.Context(), "Bearer "+canary)
		w.Header().Set("Set-Cookie", canary)
	})
	q := httptest.NewRequestWithContext(ctx, http.MethodPost, "/connect/"+canary+"?code="+canary, strings.NewReader(canary))
	q.Header = http.Header{"Authorization": {"Bearer " + canary}, "Cookie": {canary}, "User-Agent": {canary}, "Baggage": {"k=" + canary}}
	serve(tel.Middleware(mux), q)
}

func TestCollectorGetsEverythingButSecrets(t *testing.T) {
	k := newKeeper(t, 200, "", nil)
	tel := started(t, Config{OTLPEndpoint: k.URL + "/", OTLPHeaders: map[string]string{"X-Collector-Key": "for the collector"}, SampleRatio: 1, Version: "1.2.3", Environment: "test"})
	busy(tel, t.Context())
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all string
	for _, b := range k.sent(tracesPath) {
		all += string(b) + decoded(t, b, &coltraces.ExportTraceServiceRequest{})
	}
	for _, b := range k.sent(metricsPath) {
		all += string(b) + decoded(t, b, &colmetrics.ExportMetricsServiceRequest{})
	}
	clean(t, "what the collector got", all)
	for _, want := range []string{"tools/call _other", "POST /connect/{ticket}", "mcp.server.operation.duration", "http.server.request.duration", "fluxmcp", "1.2.3", "deployment.environment.name", "service.instance.id"} {
		if !strings.Contains(all, want) {
			t.Errorf("the collector did not get %q", want)
		}
	}
	if !slices.ContainsFunc(k.heads, func(h http.Header) bool { return h.Get("X-Collector-Key") == "for the collector" }) {
		t.Errorf("headers = %v, want the collector's key", k.heads)
	}
}

func decoded(t *testing.T, b []byte, into proto.Message) string {
	t.Helper()
	if err := proto.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
	return protojson.Format(into)
}

func TestCollectorThatFailsIsMentionedOnce(t *testing.T) {
	secret := "plain-" + canary
	k := newKeeper(t, 400, "bad key "+secret+", bad Bearer "+canary, nil)
	log := &sink{}
	tel := started(t, Config{OTLPEndpoint: k.URL, OTLPHeaders: map[string]string{"X-Key": secret}, SampleRatio: 1, Log: slog.NewJSONHandler(log, nil)})
	for range 3 {
		busy(tel, t.Context())
		if err := tel.spans.ForceFlush(t.Context()); err != nil {
			t.Errorf("flush: %v, want nil: the failure is the collector's", err)
		}
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v, want nil", err)
	}
	if got := strings.Count(log.String(), "telemetry was not delivered"); got != 1 || len(k.sent(tracesPath)) != 3 {
		t.Errorf("%d complaints about %d requests, want 1 about 3: %s", got, len(k.sent(tracesPath)), log)
	}
	if !strings.Contains(log.String(), "bad key [redacted]") {
		t.Errorf("log is %s, want what the collector said, without the key", log)
	}
	clean(t, "log", log.String())
}

func TestCollectorThatHangsHoldsNothingUp(t *testing.T) {
	hold := make(chan struct{})
	k := newKeeper(t, 200, "", hold)
	t.Cleanup(func() { close(hold) }) // before the server waits for its requests
	tel := started(t, Config{OTLPEndpoint: k.URL, SampleRatio: 1, Tools: func(string) bool { return true }})
	for range 10_000 { // more than all queues hold
		_, end := tel.Observer().Begin(t.Context(), transport.Message{Method: "tools/call", Target: "query"})
		end(transport.Outcome{})
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- tel.Shutdown(ctx) }()
	<-k.got
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v, want context.Canceled", err)
	}
}

func TestNothingIsSentWithoutACollector(t *testing.T) {
	tel := started(t, Config{SampleRatio: 1})
	if tel.spans != nil {
		t.Errorf("spans are recorded, want none")
	}
	_, span := tel.TracerProvider().Tracer("x").Start(t.Context(), "x")
	if span.IsRecording() {
		t.Errorf("span records, want one that costs nothing")
	}
}

func TestGlobalStateStays(t *testing.T) {
	traces, metrics, text := otel.GetTracerProvider(), otel.GetMeterProvider(), otel.GetTextMapPropagator()
	before := sentry.CurrentHub().Client()
	k := newKeeper(t, 200, "{}", nil)
	tel := started(t, Config{OTLPEndpoint: k.URL, SentryDSN: dsn(k), SampleRatio: 1})
	busy(tel, t.Context())
	if otel.GetTracerProvider() != traces || otel.GetMeterProvider() != metrics || otel.GetTextMapPropagator() != text {
		t.Error("a global of OpenTelemetry changed, want none")
	}
	if sentry.CurrentHub().Client() != before {
		t.Error("the client of Sentry's global hub changed, want the same")
	}
}

func TestComplaintsComeOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &sink{}
		c := newComplaint(slog.New(slog.NewTextHandler(log, nil)), "collector", newRedactor(Config{}))
		for range 121 {
			c.about(io.ErrUnexpectedEOF)
			c.about(nil)
			time.Sleep(time.Second)
		}
		if got := strings.Count(log.String(), "\n"); got != 3 {
			t.Errorf("%d lines in 121 s, want 3: %s", got, log)
		}
		if !strings.Contains(log.String(), "failures_before=59") {
			t.Errorf("log is %s, want how many failures were not mentioned", log)
		}
	})
}

func TestComplaintsAreShort(t *testing.T) {
	log := &sink{}
	newComplaint(slog.New(slog.NewTextHandler(log, nil)), "collector", newRedactor(Config{})).about(errors.New(strings.Repeat("<p>ä", 10_000)))
	if got := len(log.String()); got > 600 {
		t.Errorf("line has %d bytes, want at most 600", got)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := newKeeper(t, 200, "", nil)
	k := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer k.Close()
	tel := started(t, Config{OTLPEndpoint: k.URL, OTLPHeaders: map[string]string{"X-Key": canary}, SampleRatio: 1})
	busy(tel, t.Context())
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(elsewhere.sent("/")); got != 0 {
		t.Errorf("%d requests went elsewhere with the collector's key, want none", got)
	}
}

func TestSettingsThatCannotBeUsed(t *testing.T) {
	for _, c := range []struct {
		name    string
		cfg     Config
		setting string
	}{
		{"share above one", Config{SampleRatio: 1.5}, "SampleRatio"},
		{"share below zero", Config{SampleRatio: -1}, "SampleRatio"},
		{"share that is no number", Config{SampleRatio: math.NaN()}, "SampleRatio"},
		{"endpoint without a scheme", Config{OTLPEndpoint: "collector:4318"}, "OTLPEndpoint"},
		{"endpoint without a host", Config{OTLPEndpoint: "http://"}, "OTLPEndpoint"},
		{"endpoint with a password", Config{OTLPEndpoint: "http://u:" + canary + "@h"}, "OTLPEndpoint"},
		{"endpoint with a query", Config{OTLPEndpoint: "http://h/?token=" + canary}, "OTLPEndpoint"},
		{"endpoint that is no URL", Config{OTLPEndpoint: "http://h:x" + canary}, "OTLPEndpoint"},
		{"DSN without a key", Config{SentryDSN: "https://" + canary}, "SentryDSN"},
		{"DSN whose port is none", Config{SentryDSN: "https://" + canary + "@h:x" + canary + "/1"}, "SentryDSN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Start(t.Context(), c.cfg)
			var told *SettingError
			if !errors.As(err, &told) || told.Setting != c.setting {
				t.Fatalf("error = %v, want one about %s", err, c.setting)
			}
			if told.Code() != "bad_telemetry_setting" || !strings.HasSuffix(told.Hint(), ".") {
				t.Errorf("code %q, hint %q, want bad_telemetry_setting and a sentence", told.Code(), told.Hint())
			}
			clean(t, "error", err.Error())
		})
	}
}

func BenchmarkStart(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Start(b.Context(), Config{}); err != nil {
			b.Fatal(err)
		}
	}
}
