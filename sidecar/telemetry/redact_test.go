package telemetry

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// canary is what every secret in these tests contains.
const canary = "c4n4ryS3cret"

var secretTexts = []struct{ name, in, want string }{
	{"JWT", "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI" + canary + ".sig_" + canary + " back", "got [redacted] back"},
	{"JWT without a signature", "eyJhbGciOiJub25lIn0.eyJz" + canary + ".", "[redacted]"},
	{"Slack bot token", "xoxb-12-" + canary, "[redacted]"},
	{"Slack app token", "xapp-1-" + canary, "[redacted]"},
	{"rotating Slack token", "xoxe.xoxp-1-" + canary, "xoxe.[redacted]"},
	{"Slack refresh token", "(xoxe-1-" + canary + ")", "([redacted])"},
	{"GitHub token inside a sentence", "token gho_" + canary + " is bad", "token [redacted] is bad"},
	{"GitHub installation token", "ghs_" + canary, "[redacted]"},
	{"fine-grained GitHub token", "github_pat_11A_" + canary, "[redacted]"},
	{"Figma personal token", "figd_" + canary + "-x", "[redacted]"},
	{"Figma user token", "figu_" + canary, "[redacted]"},
	{"Figma OAuth token", "figo_" + canary, "[redacted]"},
	{"Anthropic key", "sk-ant-api03-" + canary, "[redacted]"},
	{"AWS key id", "AKIAC4N4RYSECRET1234", "[redacted]"},
	{"bearer header", "sent Bearer " + canary + "==", "sent Bearer [redacted]"},
	{"bearer in lower case", "bearer  " + canary, "bearer  [redacted]"},
	{"basic authorization", "Authorization: Basic " + canary, "Authorization: Basic [redacted]"},
	{"printed header map", "map[Authorization:[Bearer " + canary + "]]", "map[Authorization:[Bearer [redacted]]]"},
	{"cookie header", "Cookie: sid=" + canary + "; b=" + canary, "Cookie: [redacted]"},
	{"PostgreSQL URL", `dial "postgres://app:` + canary + `@db:5432/x?sslmode=off"`, `dial "postgres://app:[redacted]@db:5432/x?sslmode=off"`},
	{"PostgreSQL URL with odd characters", "postgresql://app:a@b/" + canary + "@db/x", "postgresql://app:[redacted]@db/x"},
	{"PostgreSQL keywords", "host=db password=" + canary + " user=app", "host=db password=[redacted] user=app"},
	{"quoted PostgreSQL password", `password="a ` + canary + `" user=app`, `password=[redacted] user=app`},
	{"Redis URL without a user", "redis://:" + canary + "@cache:6379", "redis://:[redacted]@cache:6379"},
	{"any URL with a password", "ftp://u:" + canary + "@host/path", "ftp://u:[redacted]@host/path"},
	{"token as the user of a URL", "https://" + canary + "@github.com/x", "https://[redacted]@github.com/x"},
	{"code and state of a callback", `Get "https://x/callback?code=` + canary + `&state=` + canary + `": EOF`, `Get "https://x/callback?code=[redacted]&state=[redacted]": EOF`},
	{"access token in a query", "/x?access_token=" + canary + "&page=2", "/x?access_token=[redacted]&page=2"},
	{"JSON inside a text", `body: {"access_token":"` + canary + `","expires_in":3}`, `body: {"access_token":[redacted],"expires_in":3}`},
	{"spaced JSON inside a text", `{"client_secret": "` + canary + `"}`, `{"client_secret": [redacted]}`},
	{"escaped JSON inside a text", `{\"refresh_token\":\"` + canary + `\",\"n\":1}`, `{\"refresh_token\":[redacted],\"n\":1}`},
	{"printed struct", "{Name:x Token:" + canary + "}", "{Name:x Token:[redacted]}"},
	{"API key", "X-Api-Key=" + canary, "X-Api-Key=[redacted]"},
	{"private key", "-----BEGIN RSA PRIVATE KEY-----\n" + canary + "\n-----END RSA PRIVATE KEY-----", "[redacted]"},
	{"quotes of PostgreSQL keywords", "host=db password='" + canary + ` \' ` + canary + "' user=app", "host=db password=[redacted] user=app"},
	{"password in SQL", "ALTER ROLE app PASSWORD '" + canary + "''" + canary + "' LOGIN", "ALTER ROLE app PASSWORD [redacted] LOGIN"},
	{"assignment with spaces", "password = " + canary + " x", "password = [redacted] x"},
	{"password in a line of YAML", "password: " + canary, "password: [redacted]"},
	{"header of a provider", "X-Figma-Token: " + canary + "\r\nA: b", "X-Figma-Token: [redacted]\r\nA: b"},
	{"widely spaced JSON", "{\"password\" :\n  \"" + canary + "\"}", "{\"password\" :\n  [redacted]}"},
	{"JSON with a quote in the secret", `{"password":"a\"` + canary + `","n":1}`, `{"password":[redacted],"n":1}`},
	{"JSON cut off in the secret", `{"access_token":"` + canary, `{"access_token":[redacted]`},
	{"escaped JSON cut off in the secret", `{\"access_token\":\"` + canary, `{\"access_token\":[redacted]`},
	{"header as JSON", `{"X-Api-Key":["` + canary + `"],"A":["b"]}`, `{"X-Api-Key":[redacted],"A":["b"]}`},
	{"header as Go", `http.Header{"X-Api-Key":[]string{"` + canary + `"}, "A":[]string{"b"}}`, `http.Header{"X-Api-Key":[redacted], "A":[]string{"b"}}`},
	{"list of tokens", `{"tokens":["` + canary + `","` + canary + `"],"n":1}`, `{"tokens":[redacted],"n":1}`},
	{"object under a secret name", `{"token":{"v":["` + canary + `"]},"n":1}`, `{"token":[redacted],"n":1}`},
	{"cookie with quotes", `Cookie: sid="` + canary + `"; b=` + canary + "\nA: b", "Cookie: [redacted]\nA: b"},
	{"cookie as JSON", `{"Set-Cookie":"sid=\"` + canary + `\"","n":1}`, `{"Set-Cookie":[redacted],"n":1}`},
	{"session key of the settings", "FLUXMCP_SESSION_KEY=" + canary, "FLUXMCP_SESSION_KEY=[redacted]"},
	{"Slack session token", "xoxc-1-" + canary + " xoxd-" + canary, "[redacted] [redacted]"},
	{"Slack webhook address", `Post "https://hooks.slack.com/services/T0/B0/` + canary + `": EOF`, `Post "https://hooks.slack.com/[redacted]": EOF`},
	{"private key cut off", "-----BEGIN PRIVATE KEY-----\n" + canary, "[redacted]"},
}

func TestSecretsLeaveTexts(t *testing.T) {
	for _, c := range secretTexts {
		t.Run(c.name, func(t *testing.T) {
			if got := newRedactor(Config{}).text(c.in); got != c.want {
				t.Errorf("text(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestOrdinaryTextsStay(t *testing.T) {
	for _, s := range []string{
		"", "call", "tools/call figma_get_file", "figma_list_versions", "slack_post_message", "listening on http://127.0.0.1:8787/mcp",
		"verify token: token is expired", "the bearer is not known", "task-list of risk-averse people", "SELECT a, b FROM t WHERE x = 3 AND y >= 'z'",
		"read config: open a.yaml: no such file", "ghost_writer", "monkey=banana", "mail to someone@example.com", "12:30:05.1", "https://example.com/a?page=2&sort=x",
		"github_app installed", "input_tokens=12", "EYJ", "key: value", `{"max_tokens":12}`, "save token: connection refused", "password authentication failed",
	} {
		t.Run(s, func(t *testing.T) {
			if got := newRedactor(Config{}).text(s); got != s {
				t.Errorf("text(%q) = %q, want it as it is", s, got)
			}
		})
	}
}

func TestNamesThatHideValues(t *testing.T) {
	for _, c := range []struct {
		name string
		want int
	}{
		{"authorization", keySecret}, {"Authorization", keySecret}, {"token", keySecret}, {"access_token", keySecret}, {"accessToken", keySecret},
		{"accesstoken", keySecret}, {"cookie", keySecret}, {"Set-Cookie", keySecret}, {"dsn", keySecret}, {"sentry.dsn", keySecret},
		{"api_key", keySecret}, {"X-Api-Key", keySecret}, {"APIKey", keySecret}, {"apikey", keySecret}, {"private_key", keySecret},
		{"session_id", keySecret}, {"code_verifier", keySecret}, {"credentials", keySecret}, {"smtp_pass", keySecret}, {"client_assertion", keySecret}, {"session_key", keySecret}, {"jwt", keySecret}, {"ticket", keySecret},
		{"password", keyClosed}, {"db_password", keyClosed}, {"DBPassword", keyClosed}, {"secret", keyClosed}, {"clientSecret", keyClosed}, {"client_secrets", keyClosed},
		{"tool", keyOpen}, {"key", keyOpen}, {"cache_key", keyOpen}, {"monkey", keyOpen}, {"tokenizer", keyOpen}, {"trace_id", keyOpen},
		{"request_id", keyOpen}, {"session", keyOpen}, {"author", keyOpen}, {"code", keyOpen}, {"error", keyOpen}, {"", keyOpen}, {"_", keyOpen}, {"ms", keyOpen},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := keyKind(c.name); got != c.want {
				t.Errorf("keyKind(%q) = %d, want %d", c.name, got, c.want)
			}
		})
	}
}

type stringer struct{ s string }

func (s stringer) String() string { return s.s }

type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

type nilPanics struct{ s string }

func (p *nilPanics) Error() string { return p.s }

type marshaler struct{ error }

func (m marshaler) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"inner": "xoxb-1-" + canary})
}

// secretValues are one secret in each form that a value can have.
func secretValues() map[string]slog.Attr {
	token := "ghp_" + canary
	return map[string]slog.Attr{
		"text":                           slog.String("text", token),
		"text under a secret name":       slog.String("refresh_token", canary),
		"number under a password's name": slog.Int("password", 31337),
		"bytes":                          slog.Any("body", []byte(`{"password":"`+canary+`"}`)),
		"raw JSON":                       slog.Any("body", json.RawMessage(`{"password":"`+canary+`"}`)),
		"bytes under a secret name":      slog.Any("secret", []byte(canary)),
		"error":                          slog.Any("error", fmt.Errorf("refresh: %w", errors.New("Bearer "+canary))),
		"error with a form of JSON":      slog.Any("error", marshaler{errors.New(token)}),
		"joined errors":                  slog.Any("error", errors.Join(errors.New("a"), errors.New(token))),
		"stringer":                       slog.Any("s", stringer{token}),
		"pointer to a stringer":          slog.Any("s", &stringer{token}),
		"valuer":                         slog.Any("v", valuer{slog.StringValue(token)}),
		"valuer of a group":              slog.Any("v", valuer{slog.GroupValue(slog.String("cookie", canary))}),
		"valuer under a secret name":     slog.Any("token", valuer{slog.StringValue(canary)}),
		"group":                          slog.Group("g", slog.Int("n", 1), slog.Group("h", slog.String("x", token), slog.String("dsn", canary))),
		"group under a secret name":      slog.Group("credentials", slog.String("x", canary)),
		"inlined group":                  slog.Group("", slog.String("api_key", canary)),
		"list":                           slog.Any("l", []string{"a", token}),
		"map":                            slog.Any("m", map[string]any{"a": []any{map[string]any{"client_secret": canary}}}),
		"map keyed by a token":           slog.Any("m", map[string]int{token: 1}),
		"header":                         slog.Any("h", map[string][]string{"Authorization": {canary}, "Cookie": {canary}}),
		"struct":                         slog.Any("s", struct{ Name, Password string }{"x", canary}),
		"struct with bytes":              slog.Any("s", struct{ Token []byte }{[]byte(canary)}),
		"struct that JSON cannot write":  slog.Any("s", struct{ F, Token any }{func() {}, canary}),
		"pointer to a text":              slog.Any("p", &token),
	}
}

func TestSecretsLeaveValues(t *testing.T) {
	for name, a := range secretValues() {
		for _, json := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, json=%v", name, json), func(t *testing.T) {
				out := &sink{}
				var to slog.Handler = slog.NewTextHandler(out, nil)
				if json {
					to = slog.NewJSONHandler(out, nil)
				}
				log := slog.New(newHandler(to, nil, newRedactor(Config{})))
				log.Info("line", a)
				log.With(a).Info("line")
				log.WithGroup("outer").Info("line", a)
				log.WithGroup("token").Info("line", a)
				log.WithGroup("token").With(a).Info("line")
				clean(t, "log", out.String())
				if got := strings.Count(out.String(), "[redacted]"); got < 5 {
					t.Errorf("log is %s, want [redacted] in each of five lines", out)
				}
			})
		}
	}
}

// clean fails where a secret, in some spelling, is in text.
func clean(t *testing.T, what, text string) {
	t.Helper()
	for _, spelling := range []string{canary, "C4N4RYSECRET", "31337", "YzRuNHJ5UzNjcmV0"} {
		if at := strings.Index(text, spelling); at >= 0 {
			t.Errorf("%s holds %q: …%s…", what, spelling, text[max(0, at-80):min(len(text), at+80)])
		}
	}
}

func TestValuesThatAreNoSecretKeepTheirForm(t *testing.T) {
	for _, c := range []struct {
		name string
		attr slog.Attr
		want string
	}{
		{"count of tokens", slog.Int("token_count", 12), `"token_count":12`},
		{"whether there is a token", slog.Bool("has_token", true), `"has_token":true`},
		{"list", slog.Any("l", []string{"a", "b"}), `"l":["a","b"]`},
		{"map", slog.Any("m", map[string]int{"a": 1}), `"m":{"a":1}`},
		{"large number", slog.Any("m", map[string]int64{"a": 9007199254740993}), `"m":{"a":9007199254740993}`},
		{"error", slog.Any("error", errors.New("no route")), `"error":"no route"`},
		{"nil error", slog.Any("error", nil), `"error":null`},
		{"nil pointer with a method", slog.Any("error", (*nilPanics)(nil)), `"error":"(panic while printing)"`},
		{"valuer", slog.Any("v", valuer{slog.IntValue(3)}), `"v":3`},
		{"group", slog.Group("g", slog.String("a", "b")), `"g":{"a":"b"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := &sink{}
			slog.New(newHandler(slog.NewJSONHandler(out, nil), nil, newRedactor(Config{}))).Info("line", c.attr)
			if !strings.Contains(out.String(), c.want) {
				t.Errorf("line is %s, want it to hold %s", out, c.want)
			}
		})
	}
}

// FuzzRedact holds the quick look and the rules together: a text that the rules
// would change is never let through.
func FuzzRedact(f *testing.F) {
	for _, c := range secretTexts {
		f.Add(c.in)
	}
	f.Add(`cookie "=x authorization :y passwd\":"z`)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\u017f\u212a") {
			return // letters that regular expressions take for s and k
		}
		if full := scrubbed(s); full != s && !suspicious(s) {
			t.Errorf("suspicious(%q) = false, but the rules make it %q", s, full)
		}
	})
}

func BenchmarkRedactOrdinaryText(b *testing.B) {
	r := newRedactor(Config{})
	b.ReportAllocs()
	for b.Loop() {
		r.text("read table public.orders: connection reset by peer (10.0.0.7:5432), will try again in 3 s")
	}
}
