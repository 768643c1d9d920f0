package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"
)

// dsn is the one of a project on k.
func dsn(k *keeper) string { return strings.Replace(k.URL, "://", "://public"+canary+"@", 1) + "/7" }

const envelopes = "/api/7/envelope/"

// reported are the events that k got.
func reported(t *testing.T, k *keeper) (events []map[string]any, raw string) {
	t.Helper()
	for _, b := range k.sent(envelopes) {
		raw += string(b)
		for _, line := range bytes.Split(b, []byte("\n")) {
			var e map[string]any
			if json.Unmarshal(line, &e) == nil && e["level"] != nil {
				events = append(events, e)
			}
		}
	}
	return events, raw
}

func sentryRig(t *testing.T) (*rig, *keeper) {
	k := newKeeper(t, 200, "{}", nil)
	return newRig(t, func(c *Config) { c.SentryDSN, c.Environment = dsn(k), "test" }), k
}

func TestErrorsAreReportedWithoutSecrets(t *testing.T) {
	r, k := sentryRig(t)
	ctx := inTrace(asked(t.Context()), callerTrace)
	r.Logger().InfoContext(ctx, "not an error")
	for name, a := range secretValues() {
		r.Logger().ErrorContext(ctx, "call failed: ghp_"+canary, "case", name, a)
		r.Logger().With(a).WithGroup("g").ErrorContext(ctx, "call failed", a)
		r.Logger().WithGroup("token").ErrorContext(ctx, "call failed", a)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, raw := reported(t, k)
	if want := 3 * len(secretValues()); len(events) != want {
		t.Fatalf("%d events, want %d", len(events), want)
	}
	clean(t, "envelopes", strings.ReplaceAll(raw, "public"+canary, "public")) // the envelope names its DSN
	host, _ := os.Hostname()
	for _, private := range []string{"192.0.2.7", "someone@example.com", "person-17", `"server_name":"` + host, "not an error", `"modules"`} {
		if strings.Contains(raw, private) {
			t.Errorf("envelopes hold %q", private)
		}
	}
}

func TestReportsSayWhereAndWhose(t *testing.T) {
	r, k := sentryRig(t)
	ctx := inTrace(asked(t.Context()), callerTrace)
	r.Logger().With("tool", "query").WithGroup("g").ErrorContext(ctx, "call failed", "error", http.ErrNoLocation, "n", 3, slog.Group("h", "x", "y"))
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, _ := reported(t, k)
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	text, _ := json.Marshal(events[0])
	for _, want := range []string{
		`"trace_id":"` + callerTrace + `"`, `"request_id":"req-1"`, `"user":{"id":"` + principalOf(ctx) + `"}`, `"release":"1.2.3"`, `"environment":"test"`,
		`"type":"call failed"`, `"tool":"query"`, `"g.n":"3"`, `"g.h.x":"y"`, `"g.error":"http: no Location header in response"`, "TestReportsSayWhereAndWhose",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("event lacks %s: %s", want, text)
		}
	}
}

func TestEventsAreScrubbedWhateverTheyHold(t *testing.T) {
	e := &sentry.Event{
		ServerName: "machine", Message: "Bearer " + canary, Transaction: "GET /x?code=" + canary, Tags: map[string]string{"cookie": canary, "x": "ghp_" + canary},
		User:        sentry.User{ID: "abc", Email: canary, IPAddress: canary, Username: canary, Data: map[string]string{"a": canary}},
		Contexts:    map[string]sentry.Context{"c": {"password": canary, "deep": map[string]any{"token": canary}, "l": []string{"figd_" + canary}}},
		Breadcrumbs: []*sentry.Breadcrumb{{Message: canary}}, Modules: map[string]string{canary: "1"}, Fingerprint: []string{"xoxb-1-" + canary},
		Attachments: []*sentry.Attachment{{Payload: []byte(canary)}},
		Exception: []sentry.Exception{{Type: "Bearer " + canary, Value: "redis://:" + canary + "@h", Mechanism: &sentry.Mechanism{Data: map[string]any{"a": canary}},
			Stacktrace: &sentry.Stacktrace{Frames: []sentry.Frame{{Vars: map[string]any{"a": canary}, AbsPath: "/" + canary, ContextLine: canary, PreContext: []string{canary}, PostContext: []string{canary}}}}}},
		Threads: []sentry.Thread{{Stacktrace: &sentry.Stacktrace{Frames: []sentry.Frame{{Vars: map[string]any{"a": canary}}}}}},
		Request: &sentry.Request{URL: "https://u:" + canary + "@h/p?a=" + canary + "#" + canary, Method: "POST", Data: canary, QueryString: canary, Cookies: canary,
			Headers: map[string]string{"Authorization": canary, "X-Api-Key": canary, "X-Other": canary, "User-Agent": "agent Bearer " + canary}, Env: map[string]string{"a": canary}},
	}
	e = newRedactor(Config{}).event(e)
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	clean(t, "event", string(text))
	if strings.Contains(string(text), "machine") || len(e.Attachments) > 0 {
		t.Errorf("event is %s with %d attachments, want neither the machine nor any", text, len(e.Attachments))
	}
	if e.Request.Method != "POST" || e.Request.URL != "https://h/p" || e.Request.Headers["User-Agent"] != "agent Bearer [redacted]" || e.User.ID != "abc" {
		t.Errorf("event is %s, want method, path, agent and digest kept", text)
	}
}

func TestSentryThatFailsIsMentionedOnce(t *testing.T) {
	k := newKeeper(t, 500, "no: "+canary, nil)
	r := newRig(t, func(c *Config) { c.SentryDSN = dsn(k) })
	for range 5 {
		r.Logger().Error("call failed")
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(r.log.String(), "telemetry was not delivered"); got != 1 {
		t.Errorf("%d complaints, want 1: %s", got, r.log)
	}
	clean(t, "log", r.log.String())
}

func TestSentryThatWantsFewerReportsGetsNone(t *testing.T) {
	k := newKeeper(t, http.StatusTooManyRequests, "", nil)
	r := newRig(t, func(c *Config) { c.SentryDSN = dsn(k) })
	r.Logger().Error("first")
	if !r.Telemetry.sentry.FlushWithContext(t.Context()) {
		t.Fatal("the first report was not sent")
	}
	for range 100 {
		r.Logger().Error("later")
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v, want nil", err)
	}
	if got := len(k.sent(envelopes)); got != 1 {
		t.Errorf("%d reports were sent, want 1: the answer was 429", got)
	}
	if got := strings.Count(r.log.String(), `"msg":"later"`); got != 100 {
		t.Errorf("%d lines are in the log, want all 100", got)
	}
}

func TestSentryThatHangsHoldsNothingUp(t *testing.T) {
	hold := make(chan struct{})
	k := newKeeper(t, 200, "{}", hold)
	defer close(hold) // before the rig is shut down and the server waits for its requests
	r := newRig(t, func(c *Config) { c.SentryDSN = dsn(k) })
	r.Logger().Error("first")
	<-k.got
	for range 1200 { // more than its queue holds
		r.Logger().Error("later")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("shutdown: %v, want context.Canceled", err)
	}
	if strings.Contains(r.log.String(), "telemetry was not delivered") {
		t.Errorf("shutdown waited until the request was given up, want it to end with its context: %s", r.log)
	}
}

func TestReportsAreNotRedirected(t *testing.T) {
	elsewhere := newKeeper(t, 200, "{}", nil)
	k := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer k.Close()
	r := newRig(t, func(c *Config) { c.SentryDSN = strings.Replace(k.URL, "://", "://public@", 1) + "/7" })
	r.Logger().Error("call failed")
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := len(elsewhere.sent("/")); got != 0 {
		t.Errorf("%d reports went elsewhere, want none", got)
	}
	if got := strings.Count(r.log.String(), "telemetry was not delivered"); got != 1 {
		t.Errorf("%d complaints, want 1: %s", got, r.log)
	}
}

func TestPanicsAreReportedWithFewHeaders(t *testing.T) {
	r, k := sentryRig(t)
	h := r.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("broke with Bearer " + canary) }))
	q := httptest.NewRequest(http.MethodPost, "/connect/"+canary+"?code="+canary, strings.NewReader(canary))
	q.Header = http.Header{"Authorization": {"Bearer " + canary}, "Cookie": {"a=" + canary}, "User-Agent": {"agent"}, "X-Forwarded-For": {"203.0.113.9"}}
	if got := thrown(func() { serve(h, q) }); got != http.ErrAbortHandler {
		t.Errorf("middleware panics with %v, want http.ErrAbortHandler", got)
	}
	if err := r.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, raw := reported(t, k)
	if len(events) != 1 {
		t.Fatalf("%d events, want 1", len(events))
	}
	clean(t, "envelope", strings.ReplaceAll(raw, "public"+canary, "public"))
	clean(t, "log", r.log.String())
	text, _ := json.Marshal(events[0]["request"])
	if got, want := string(text), `{"headers":{"User-Agent":"agent"},"method":"POST"}`; got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
}

func thrown(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}
