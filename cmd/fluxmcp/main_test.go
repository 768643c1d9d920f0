package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/embedded"
	"github.com/fluxstudio/fluxmcp/store/sample"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// TestMain lets the test binary stand in for fluxmcp: as a child of a test,
// and as the supervisor that embedded starts.
func TestMain(m *testing.M) {
	if at := os.Getenv("FLUXMCP_TEST_KILL_AT"); at != "" {
		os.Exit(run(context.Background(), os.Args[1:], streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, point: killAt(at)}, os.Environ()))
	}
	if os.Getenv("FLUXMCP_TEST_CHILD") == "1" || (len(os.Args) > 1 && os.Args[1] == embedded.WatchCommand) {
		main()
		return
	}
	code := m.Run()
	hits, secrets, bytes := searchCanaries()
	if hits > 0 {
		code = 1
	}
	fmt.Fprintf(os.Stderr, "canaries: %d secrets searched for in %d bytes of logs, traces, envelopes and audit rows: %d hits\n", secrets, bytes, hits)
	os.Exit(code)
}

// killAt ends this process, as kill -9 does, where it comes to the named point.
func killAt(name string) func(string) {
	return func(at string) {
		if at == name {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
}

// sampleDatabase is the URL of a database with the sample company.
func sampleDatabase(t testing.TB) string {
	t.Helper()
	return storetest.Template(t, "sample", func(url string) error {
		set, err := loadSettings(nil, "")
		if err != nil {
			return err
		}
		return prepareDatabase(context.Background(), url, true, readerSetup(set), func(string) {})
	})
}

// program is fluxmcp as a child process, with no settings but env.
func program(t testing.TB, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"FLUXMCP_TEST_CHILD=1", "PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	return cmd
}

// cliResult is what one command line gave.
type cliResult struct {
	code     int
	out, err string
}

func runCLI(t testing.TB, stdin string, env []string, args ...string) cliResult {
	t.Helper()
	var out, errOut bytes.Buffer
	t.Chdir(t.TempDir())
	code := run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &errOut}, env)
	return cliResult{code, out.String(), errOut.String()}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		env   []string
		code  int
		out   string // must be in standard output
		err   string // must be in standard error
	}{
		{"no command shows help", nil, "", nil, 0, "fluxmcp demo", ""},
		{"version prints the version", []string{"version"}, "", nil, 0, "fluxmcp ", ""},
		{"unknown command is a usage error", []string{"sevre"}, "", nil, 2, "", `unknown command "sevre"`},
		{"unknown flag is a usage error", []string{"serve", "--lissten", "x"}, "", nil, 2, "", "unknown flag"},
		{"superfluous argument is a usage error", []string{"version", "x"}, "", nil, 2, "", "hint: Run"},
		{"allowed statement exits 0", []string{"guard", "check", "--no-database", "SELECT 1"}, "", nil, 0, `{"verdict":"allow"}`, ""},
		{"denied statement exits 1", []string{"guard", "check", "--no-database", "DELETE FROM users"}, "", nil, 1, `"verdict":"deny","rule":"`, ""},
		{"one denied of two exits 1", []string{"guard", "check", "SELECT 1", "DROP TABLE x"}, "", nil, 1, `{"verdict":"allow"}`, ""},
		{"lines are answered one by one and exit 0", []string{"guard", "check", "--jsonl"}, "{\"sql\":\"SELECT 1\"}\nnonsense\n{\"sql\":\"SELECT a < b FROM\"}\n", nil, 0, `"rule":"bad_line"`, ""},
		{"guard check without SQL is a usage error", []string{"guard", "check"}, "", nil, 2, "", "--jsonl"},
		{"forbidden tables come from the settings", []string{"guard", "check", "SELECT * FROM salaries"}, "", []string{"FORBIDDEN_TABLES=salaries"}, 1, "forbidden_table", ""},
		{"fluxmcp's own tables are always forbidden", []string{"guard", "check", "SELECT * FROM fluxmcp.users"}, "", []string{"FORBIDDEN_TABLES=salaries"}, 1, "forbidden_table", ""},
		{"a table with the name of one of them is not", []string{"guard", "check", "SELECT * FROM users"}, "", nil, 0, "allow", ""},
		{"unknown word in FORBIDDEN_OPERATIONS refuses to start", []string{"guard", "check", "SELECT 1"}, "", []string{"FORBIDDEN_OPERATIONS=SELCT *"}, 1, "", "SELCT"},
		{"setup-sql prints SQL of the role", []string{"guard", "setup-sql", "--role", "agents", "--hide", "users.password_hash"}, "", nil, 0, "agents", ""},
		{"setup-sql wants table.column", []string{"guard", "setup-sql", "--hide", "users"}, "", nil, 1, "", "table.column"},
		{"config masks secrets", []string{"config"}, "", []string{"DATABASE_URL=postgres://u:hunter2@h/d"}, 0, "(set, hidden)", ""},
		{"flag wins over the environment", []string{"config", "--log-level", "warn"}, "", []string{"FLUXMCP_LOG_LEVEL=debug"}, 0, "warn", ""},
		{"misspelt setting is reported", []string{"version"}, "", []string{"FLUXMCP_LISTN=x"}, 0, "", "FLUXMCP_LISTN"},
		{"bad log level refuses to start", []string{"version"}, "", []string{"FLUXMCP_LOG_LEVEL=loud"}, 1, "", "Write debug, info, warn or error."},
		{"open address without authentication refuses to start", []string{"serve", "--listen", "0.0.0.0:0"}, "", nil, 1, "", "or listen on 127.0.0.1."},
		{"empty host is an open address", []string{"serve", "--listen", ":0"}, "", nil, 1, "", "or listen on 127.0.0.1."},
		{"tokens without a key to verify them refuse to start", []string{"serve", "--auth", "jwt"}, "", nil, 1, "", "Set JWT_SECRET"},
		{"address without a port refuses to start", []string{"serve", "--listen", "127.0.0.1"}, "", nil, 1, "", "Write it as 127.0.0.1:8787."},
		{"short secret refuses to start, without repeating it", []string{"serve"}, "", []string{"JWT_SECRET=hunter2"}, 1, "", "32 random bytes"},
		{"short session key refuses to start", []string{"serve", "--listen", "127.0.0.1:0"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_SESSION_KEY=hunter2"}, 1, "", "FLUXMCP_SESSION_KEY"},
		{"issuer that is no URL refuses to start", []string{"serve", "--listen", "127.0.0.1:0"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_ISSUERS=login.example"}, 1, "", "hint: "},
		{"bad Redis URL refuses to start, without repeating it", []string{"serve"}, "", []string{"DATABASE_URL=postgres://h/d", "REDIS_URL=http://u:hunter2@h"}, 1, "", "REDIS_URL"},
		{"unknown way to audit refuses to start", []string{"stdio"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_AUDIT=yes"}, 1, "", "auto, required or off"},
		{"public URL with a path refuses to start", []string{"serve", "--listen", "127.0.0.1:0"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_PUBLIC_URL=https://x/y"}, 1, "", "without a path"},
		{"proxy that is no network refuses to start", []string{"serve", "--listen", "127.0.0.1:0"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_TRUSTED_PROXIES=proxy"}, 1, "", "10.0.0.0/8"},
		{"share of traces over one refuses to start", []string{"serve"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_TRACE_SAMPLE=2"}, 1, "", "FLUXMCP_TRACE_SAMPLE"},
		{"bad Sentry DSN refuses to start", []string{"serve"}, "", []string{"DATABASE_URL=postgres://h/d", "SENTRY_DSN=nonsense"}, 1, "", "hint: "},
		{"limit that is no number refuses to start", []string{"serve"}, "", []string{"DATABASE_URL=postgres://h/d", "RATE_LIMIT_PER_MINUTE=many"}, 1, "", "RATE_LIMIT_PER_MINUTE"},
		{"list of nothing refuses to start", []string{"guard", "check", "--no-database", "TABLE oauth_tokens"}, "", []string{"FORBIDDEN_TABLES= , "}, 1, "", "lists nothing"},
		{"collector's headers that are none refuse to start, without repeating them", []string{"serve"}, "", []string{"DATABASE_URL=postgres://h/d", "OTEL_EXPORTER_OTLP_HEADERS=hunter2"}, 1, "", "name=value"},
		{"page origin without a scheme refuses to start", []string{"serve", "--listen", "127.0.0.1:0"}, "", []string{"DATABASE_URL=postgres://h/d", "CORS_ORIGINS=example.com"}, 1, "", "https://app.example.com"},
		{"setting of another name that is nearly ours is reported", []string{"version"}, "", []string{"JWT_SECERT=x"}, 0, "", "Did you mean JWT_SECRET?"},
		{"setting of somebody else is not", []string{"version"}, "", []string{"POSTGRES_PASSWORD=x"}, 0, "fluxmcp ", ""},
		{"token for a scope that there is not is a usage error", []string{"token", "issue", "--subject", "a", "--scope", "fluxmcp:raed"}, "", []string{"JWT_SECRET=" + testSecret}, 2, "", "fluxmcp:read"},
		{"audit wants a sensible limit", []string{"audit", "--limit", "0"}, "", nil, 2, "", "--limit"},
		{"bad database URL refuses to start, without repeating it", []string{"stdio"}, "", []string{"DATABASE_URL=postgres://u:hunter2@h:port/d"}, 1, "", "percent-encoded"},
		{"bad number refuses to start", []string{"stdio"}, "", []string{"DATABASE_URL=postgres://h/d", "QUERY_MAX_ROWS=many"}, 1, "", "QUERY_MAX_ROWS"},
		{"unknown toolset refuses to start", []string{"stdio"}, "", []string{"DATABASE_URL=postgres://h/d", "FLUXMCP_TOOLSETS=postgers"}, 1, "", "Choose from postgres."},
		{"missing env file is an error when asked for", []string{"version", "--env-file", "nowhere"}, "", nil, 1, "", "cannot be read"},
		{"strict does not start without a database", []string{"stdio", "--strict"}, "", []string{"DATABASE_URL=postgres://127.0.0.1:1/d"}, 1, "", "cannot be reached"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCLI(t, c.stdin, c.env, c.args...)
			if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
				t.Errorf("fluxmcp %s\ngot  code %d, out %q, err %q\nwant code %d, out with %q, err with %q",
					strings.Join(c.args, " "), got.code, got.out, got.err, c.code, c.out, c.err)
			}
			if strings.Contains(got.out+got.err, "hunter2") {
				t.Errorf("a password was printed: %q %q", got.out, got.err)
			}
		})
	}
}

func TestEveryCommandHasAnExample(t *testing.T) {
	root := rootCommand(streams{}, nil)
	for _, cmd := range append(root.Commands(), root) {
		for _, sub := range append(cmd.Commands(), cmd) {
			if !sub.Hidden && sub.Name() != "help" && sub.Name() != "completion" && sub.Example == "" && sub.Parent() != nil && sub.Parent().Name() != "completion" {
				t.Errorf("%s has no example", sub.CommandPath())
			}
		}
	}
}

func TestEnvFile(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(text string) {
		if err := os.WriteFile(".env", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("# comment\n\nexport QUERY_MAX_ROWS=5\nQUERY_TIMEOUT='3s'\nOTHER=x\n")
	s, err := loadSettings([]string{"QUERY_MAX_ROWS=7"}, defaultEnvFile)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join([]string{s.text("QUERY_MAX_ROWS"), s.origin["QUERY_MAX_ROWS"], s.text("QUERY_TIMEOUT"), s.origin["QUERY_TIMEOUT"]}, "|")
	if want := "7|environment|3s|env file"; got != want {
		t.Errorf("got %q, want the environment over the file over the default", got)
	}
	write("\ufeffQUERY_MAX_ROWS=9\r\nREDIS_URI=x\nDATABASE_URL_OF_OURS=y\n")
	s, err = loadSettings(nil, defaultEnvFile)
	if err != nil || s.text("QUERY_MAX_ROWS") != "9" || strings.Join(s.unknown, " ") != "REDIS_URI" {
		t.Errorf("got %q, unknown %v, %v, want the first line read in spite of its mark, and REDIS_URI reported", s.text("QUERY_MAX_ROWS"), s.unknown, err)
	}
	write("QUERY_MAX_ROWS\n")
	if _, err := loadSettings(nil, defaultEnvFile); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v, want an error that names line 1", err)
	}
}

func TestSampleQuestionsAreThree(t *testing.T) {
	if n := len(sample.Questions()); n != 3 {
		t.Errorf("got %d questions, want 3", n)
	}
}
