package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/golang-jwt/jwt/v5"
)

// collector stands for an OpenTelemetry collector or for Sentry: it takes
// everything and keeps it.
type collector struct {
	url  string
	got  lockedBuffer
	asks atomic.Int64
}

func newCollector(t *testing.T, name string) *collector {
	t.Helper()
	c := &collector{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
			if z, zerr := gzip.NewReader(bytes.NewReader(body)); zerr == nil {
				body, _ = io.ReadAll(z)
			}
		}
		fmt.Fprintf(&c.got, "%s\n%s\n", r.URL.Path, body)
		c.asks.Add(1)
		w.WriteHeader(http.StatusOK)
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	listenFor(name, c.got.String)
	return c
}

// TestSecretsAreToldNobody uses a secret in every place that takes one, and has
// everything go wrong with it. TestMain then looks for them in all that was
// written: also by the other tests.
func TestSecretsAreToldNobody(t *testing.T) {
	traces, sentry := newCollector(t, "what the collector got"), newCollector(t, "what Sentry got")
	redis := storetest.RedisServer(t)
	if u, err := url.Parse(redis.URL()); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			canary(password)
		}
	}
	db := withPassword(t, sampleDatabase(t), canary("canary-database-password"))
	id := newIssuer(t)
	dsn := strings.Replace(sentry.url, "http://", "http://public@", 1) + "/1"
	env := []string{
		"JWT_SECRET=" + testSecret, "REDIS_URL=" + redis.URL(), "FLUXMCP_ISSUERS=" + id.url, "FLUXMCP_LOG_LEVEL=debug",
		"FLUXMCP_SESSION_KEY=" + canary("canary-session-key-0123456789abcdef"), "SENTRY_DSN=" + dsn,
		"OTEL_EXPORTER_OTLP_ENDPOINT=" + traces.url, "OTEL_EXPORTER_OTLP_HEADERS=x-api-key=" + canary("canary-collector-key"),
		"RATE_LIMIT_PER_MINUTE=12", "FLUXMCP_ADDRESS_LIMIT_PER_MINUTE=30",
	}
	s := serve(t, db, env...)
	alice := tokenOf(t, "alice")
	literal := canary("canary-literal-in-a-query")
	for _, sql := range []string{
		"SELECT '" + literal + "' AS said", "SELECT '" + literal + "'::int", "DELETE FROM users WHERE name = '" + literal + "'",
		"SELECT '" + literal, "SELECT * FROM oauth_tokens WHERE access_token = '" + literal + "'",
	} {
		s.query(t, alice, sql)
	}
	c := s.connectAs(t, alice)
	callText(t, c, "query", m{"sql": "SELECT $1::text AS said", "params": []any{literal}})
	callText(t, c, "query", m{"sql": "SELECT $1::int AS said", "params": []any{literal}})
	callText(t, c, "describe_table", m{"table": "nosuch"})
	for _, token := range []string{
		canary("canary-that-is-no-token"), hs256(t, []byte(canary("canary-secret-of-somebody-else-0123456789")), jwt.MapClaims{"sub": "x"}),
		id.tokenAs("RS256", "nosuch", id.claims("eve")), hs256(t, []byte(testSecret), jwt.MapClaims{"sub": "x", "aud": "other", "exp": time.Now().Add(time.Hour).Unix()}),
	} {
		s.query(t, token, "SELECT 1")
		s.do(t, "POST", "/mcp", "{", "Authorization: Bearer "+token)
		s.do(t, "GET", "/sse?access_token="+token, "")
		s.do(t, "GET", "/nope/"+token, "", "Cookie: session="+token, "Authorization: Basic "+token)
	}
	redis.Kill()
	id.down.Store(true)
	s.query(t, alice, "SELECT 2")
	s.query(t, id.tokenAs("ES256", "another", id.claims("eve")), "SELECT 1")
	for range 70 { // the limit, and the flood's
		s.query(t, alice, "SELECT 1")
	}
	for range 35 {
		s.query(t, "guess", "SELECT 1")
	}
	answers := s.do(t, "GET", "/metrics", "", "Authorization: Bearer "+tokenOf(t, "root", "admin"), "X-Forwarded-For: 192.0.2.1").body
	listenFor("the metrics", func() string { return answers })
	broken := serveBroken(t, append(env, "FLUXMCP_POSTGRES_BIN=/nowhere/"+"bin"))
	eventually(t, "an error to reach Sentry", func() bool { return sentry.asks.Load() > 0 })
	for _, p := range []*httpServer{s, broken} {
		stop(t, p)
	}
	if traces.asks.Load() == 0 || !strings.Contains(traces.got.String(), "tools/call query") {
		t.Errorf("the collector got %d requests without a span of a call", traces.asks.Load())
	}
	audit := runAudit(t, db, "--json", "--limit", "1000")
	listenFor("the audit", func() string { return audit })
	if !strings.Contains(audit, `"outcome":"forbidden_table"`) || !strings.Contains(audit, `"table:oauth_tokens"`) {
		t.Errorf("the audit lacks the forbidden table:\n%.2000s", audit)
	}
	config := runCLI(t, "", append(env, "DATABASE_URL="+db), "config")
	doctor := runCLI(t, "", append(env, "DATABASE_URL="+db), "doctor")
	listenFor("config and doctor", func() string { return config.out + config.err + doctor.out + doctor.err })
}

// withPassword puts a password into a URL that needs none.
func withPassword(t *testing.T, address, password string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

// serveBroken starts on a private database that cannot start.
func serveBroken(t *testing.T, env []string) *httpServer {
	t.Helper()
	return serve(t, "", env...)
}

// stop ends a server, so that it sends what it has.
func stop(t *testing.T, s *httpServer) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
}
