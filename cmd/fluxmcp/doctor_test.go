package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestDoctor(t *testing.T) {
	sampled := sampleDatabase(t)
	// A copy of a database does not keep the rights on the database itself.
	storetest.Exec(t, sampled, `DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$`)
	for _, c := range []struct {
		name string
		env  []string
		code int
		want []string
		not  string
	}{
		{"a database set up well is all ok", []string{"DATABASE_URL=" + sampled}, 0, []string{"ok    role: agents' SQL runs as fluxmcp_reader", "ok    guard"}, "warn  role"},
		{"a refused connection says where to look", []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d"}, 1, []string{"FAIL  database", "Start PostgreSQL there"}, "hunter2"},
		{"a reader role that is not there is named", []string{"DATABASE_URL=" + sampled, "FLUXMCP_READER_ROLE=nosuch"}, 0, []string{"there is no role nosuch", "guard setup-sql"}, "ALTER ROLE"},
		{"a misspelt setting, a replica without Redis and an origin that is none are told", []string{"DATABASE_URL=" + sampled, "JWT_SECERT=x", "FLUXMCP_REPLICAS=3", "CORS_ORIGINS=example.com"}, 1,
			[]string{"Did you mean JWT_SECRET?", "warn  redis: not set, but FLUXMCP_REPLICAS is 3", "FAIL  addresses: CORS_ORIGINS"}, ""},
		{"Redis that is away is told, and the rest is looked at", []string{"DATABASE_URL=" + sampled, "REDIS_URL=redis://:hunter2@127.0.0.1:1"}, 0, []string{"warn  redis", "rediss", "ok    clock", "ok    audit"}, "hunter2"},
		{"keys are looked at", []string{"DATABASE_URL=" + sampled, "JWT_SECRET=" + testSecret, "FLUXMCP_ISSUERS=http://127.0.0.1:1"}, 1, []string{fmt.Sprintf("ok    JWT_SECRET: %d bytes", len(testSecret)), "FAIL  issuer http://127.0.0.1:1"}, testSecret},
		{"an address that others reach is refused", []string{"DATABASE_URL=" + sampled, "FLUXMCP_LISTEN=0.0.0.0:1"}, 1, []string{"FAIL  address", "or listen on 127.0.0.1."}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCLI(t, "", c.env, "doctor")
			if got.code != c.code || (c.not != "" && strings.Contains(got.out+got.err, c.not)) {
				t.Errorf("got code %d, want %d and no %q:\n%s%s", got.code, c.code, c.not, got.out, got.err)
			}
			for _, w := range c.want {
				if !strings.Contains(got.out, w) {
					t.Errorf("lacks %q:\n%s", w, got.out)
				}
			}
		})
	}
}

// TestTwoProcessesShareThePrivateDatabase starts two at once on a machine where
// nothing is set up, kills one, and starts again after killing the other.
func TestTwoProcessesShareThePrivateDatabase(t *testing.T) {
	dir := t.TempDir()
	env := []string{"FLUXMCP_DATA_DIR=" + dir}
	start := func() (*mcp.ClientSession, func()) {
		cmd := program(t, env, "stdio")
		s := connect(t, &mcp.CommandTransport{Command: cmd})
		return s, func() { _ = cmd.Process.Kill() }
	}
	count := func(s *mcp.ClientSession) {
		t.Helper()
		for {
			text, failed := callText(t, s, "query", m{"sql": "SELECT count(*) > 1000 FROM tasks"})
			if strings.Contains(text, "database_starting") {
				continue // as a client does that is told to call again
			}
			if failed || !strings.Contains(text, "\nt\n") {
				t.Fatalf("got %s", text)
			}
			return
		}
	}
	first, kill := start()
	second, killSecond := start()
	count(first)
	count(second)
	kill()
	count(second)
	killSecond()
	third, _ := start()
	count(third)
}
