package sidecar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

const alice = "Authorization: Bearer alice"

func TestREST(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		head                     []string
		status                   int
		want                     string // in the body
	}{
		{"a query is answered in the shape of the earlier API", "POST", "/api/mcp/query", `{"sql":"hi"}`, nil, 200,
			`{"query":"hi","results":[{"type":"text","text":"{\"said\":\"hi\",\"cached\":false,\"executed_at\":\"2026-11-24T06:00:00Z\"}"}],"structuredContent":{"said":"hi","cached":false,"executed_at":"2026-11-24T06:00:00Z"},"executedAt":"2026-11-24T06:00:00Z","source":"mcp","cached":false}`},
		{"a cached answer says so", "POST", "/api/mcp/query", `{"sql":"again"}`, nil, 200, `"cached":true}`},
		{"an empty object lacks its argument", "POST", "/api/mcp/query", `{}`, nil, 400, `"code":"bad_argument","message":"the argument sql is missing"`},
		{"an argument that is no string", "POST", "/api/mcp/query", `{"sql":{}}`, nil, 400, "must be a string"},
		{"an argument that there is not", "POST", "/api/mcp/query", `{"sql":"hi","user":"bob"}`, nil, 400, `there is no argument \"user\"`},
		{"a question in English is for later", "POST", "/api/mcp/query", `{"query":"how many users?"}`, nil, 501, `"code":"questions_unavailable"`},
		{"no body", "POST", "/api/mcp/query", "", []string{"Content-Type: application/json"}, 400, `"code":"bad_json"`},
		{"malformed JSON", "POST", "/api/mcp/query", `{"sql":`, nil, 400, `"code":"bad_json"`},
		{"JSON that is no object", "POST", "/api/mcp/query", `null`, nil, 400, `"code":"bad_json"`},
		{"a form is not JSON", "POST", "/api/mcp/query", `sql=hi`, []string{"Content-Type: application/x-www-form-urlencoded"}, 415, `"code":"unsupported_media_type"`},
		{"text is not JSON", "POST", "/api/mcp/query", `{"sql":"hi"}`, []string{"Content-Type: text/plain"}, 415, `"code":"unsupported_media_type"`},
		{"two megabytes", "POST", "/api/mcp/query", `{"sql":"` + strings.Repeat("x", 2<<20) + `"}`, nil, 413, `"code":"body_too_large"`},
		{"another method", "GET", "/api/mcp/query", "", nil, 405, `"hint":"Use POST."`},
		{"tools by toolset", "GET", "/api/mcp/tools", "", nil, 200, `"tools":{"postgres":[{"name":"query","title":"Q","description":"d","inputSchema":{`},
		{"tools are there", "GET", "/api/mcp/tools", "", nil, 200, `{"available":true`},
		{"clearing the cache needs an administrator", "POST", "/api/mcp/cache/clear", "", nil, 403, `{"code":"admin_required","message":"Admin access required"`},
		{"an administrator clears the cache", "POST", "/api/mcp/cache/clear", "", []string{"Authorization: Bearer admin"}, 200, `{"message":"MCP cache cleared successfully"}`},
		{"a foreign page may not call", "POST", "/api/mcp/query", `{"sql":"hi"}`, []string{"Origin: https://evil.example"}, 403, `"code":"origin_not_allowed"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(nil)
			if !strings.Contains(strings.Join(c.head, " "), "Bearer") {
				c.head = append(c.head, alice)
			}
			w := g.send(t, c.method, c.path, c.body, c.head...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("got  %d %s\nwant %d with %s", w.Code, w.Body, c.status, c.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("got Content-Type %q", got)
			}
			if (g.cleared == 1) != strings.Contains(c.want, "cleared") {
				t.Errorf("the cache was cleared %d times", g.cleared)
			}
		})
	}
}

func TestFailuresOfToolsHaveTheirStatus(t *testing.T) {
	for code, want := range map[string]int{
		"bad_argument": 400, "sql_syntax": 400, "sql_not_read_only": 400, "sql_rejected": 400, "forbidden_table": 403,
		"forbidden_function": 403, "permission_denied": 403, "insufficient_scope": 403, "unknown_table": 404, "timeout": 504,
		"database_busy": 503, "database_unavailable": 503, "database_starting": 503, "audit_unavailable": 503, "row_too_large": 422,
		"rate_limited": 429, "internal": 500, "whatever_is_new": 400,
	} {
		if w := newRig(nil).send(t, "POST", "/api/mcp/query", `{"sql":"fail `+code+`"}`, alice); w.Code != want || !strings.Contains(w.Body.String(), `"code":"`+code+`"`) {
			t.Errorf("%s: got %d %s, want %d", code, w.Code, w.Body, want)
		}
	}
}

// full is a limit that is reached.
type full struct{}

func (full) Allow(context.Context, tools.Principal, tools.Effect) tools.Quota {
	return tools.Quota{Bucket: "calls", PerMinute: 30, RetryAfter: 1500 * time.Millisecond}
}

func TestCallOverItsLimitIsAnErrorOfTheToolAndA429OfREST(t *testing.T) {
	g := newRig(nil)
	g.Runtime.Limits = full{}
	if w := g.send(t, "POST", "/api/mcp/query", `{"sql":"hi"}`, alice); w.Code != 429 || w.Header().Get("Retry-After") != "2" {
		t.Errorf("got %d, Retry-After %q, want 429 and 2: %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
}

func TestPagesOfListedOriginsReadEveryAnswer(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		head               []string
		status             int
	}{
		{"POST", "/mcp", initialize, nil, 401},
		{"POST", "/mcp", initialize, []string{alice}, 200},
		{"POST", "/api/mcp/query", `{"sql":"hi"}`, []string{alice}, 200},
		{"POST", "/api/mcp/query", `{"sql":"hi"}`, nil, 401},
		{"GET", "/.well-known/oauth-protected-resource/mcp", "", nil, 200},
		{"OPTIONS", "/api/mcp/query", "", []string{"Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"}, 204},
	} {
		w := newRig(nil).send(t, c.method, c.path, c.body, append(c.head, "Origin: https://app.example")...)
		h := w.Header()
		if w.Code != c.status || h.Get("Access-Control-Allow-Origin") != "https://app.example" || len(h.Values("Vary")) != 1 {
			t.Errorf("%s %s: got %d, origin %q, vary %v, want %d for the page", c.method, c.path, w.Code, h.Get("Access-Control-Allow-Origin"), h.Values("Vary"), c.status)
		}
		if !strings.Contains(h.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") {
			t.Errorf("%s %s: WWW-Authenticate is not exposed", c.method, c.path)
		}
		if w := newRig(nil).send(t, c.method, c.path, c.body, append(c.head, "Origin: https://evil.example")...); w.Code != 403 {
			t.Errorf("%s %s from a foreign page: got %d, want 403", c.method, c.path, w.Code)
		}
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	for _, path := range []string{"/healthz", "/mcp", "/api/mcp/tools", "/nope"} {
		w := newRig(nil).send(t, "GET", path, "", "X-Request-Id: abc-1")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "X-Request-Id": "abc-1",
			"Strict-Transport-Security": "max-age=31536000; includeSubDomains", "Cache-Control": "no-store",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", path, name, got, want)
			}
		}
	}
	for _, bad := range []string{"a b", strings.Repeat("x", 65), "a\nb", "ä", ""} {
		w := newRig(nil).send(t, "GET", "/healthz", "", "X-Request-Id: "+bad)
		if got := w.Header().Get("X-Request-Id"); got == bad || !plainID(got) {
			t.Errorf("X-Request-Id %q: got %q, want one of ours", bad, got)
		}
	}
}

// coded can be shown to everybody.
type coded struct{ error }

func (coded) Code() string { return "migration_missing" }

func TestReadiness(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.5: password=hunter2")
	fine := Check{Name: "database", Probe: func(context.Context) (string, error) { return "PostgreSQL 15", nil }}
	for _, c := range []struct {
		name   string
		checks []Check
		status int
		want   string
	}{
		{"all is well", []Check{fine}, 200, `{"status":"ok","checks":{"database":{"state":"ok","detail":"PostgreSQL 15"}}}`},
		{"what only degrades leaves it ready", []Check{fine, {Name: "redis", Degrades: true, Probe: func(context.Context) (string, error) { return "", secret }}}, 200,
			`{"status":"degraded","checks":{"database":{"state":"ok","detail":"PostgreSQL 15"},"redis":{"state":"degraded","detail":"see ` + "`fluxmcp doctor`" + `"}}}`},
		{"what is needed makes it unready", []Check{{Name: "database", Probe: func(context.Context) (string, error) { return "", secret }}}, 503, `"status":"failed"`},
		{"an error with a code is told", []Check{{Name: "audit", Probe: func(context.Context) (string, error) { return "", coded{errors.New("no table")} }}}, 503, `"detail":"migration_missing: no table"`},
		{"a check that panics has failed", []Check{{Name: "x", Probe: func(context.Context) (string, error) { panic(secret) }}}, 503, `"state":"failed"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newRig(func(o *Options) { o.Checks = c.checks }).send(t, "GET", "/readyz", "")
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "hunter2") {
				t.Errorf("got  %d %s\nwant %d with %s and no cause", w.Code, w.Body, c.status, c.want)
			}
		})
	}
}

func TestReadinessAsksAtMostOnceASecond(t *testing.T) {
	asked := 0
	g := newRig(func(o *Options) {
		o.Checks = []Check{{Name: "x", Probe: func(context.Context) (string, error) { asked++; return "", nil }}}
	})
	for range 10 {
		g.send(t, http.MethodGet, "/readyz", "")
	}
	if asked > 2 {
		t.Errorf("ten requests asked %d times, want one, or two where a second passed", asked)
	}
}
