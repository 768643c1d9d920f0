package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// auditRows are the lines of `fluxmcp audit --json`.
func auditRows(t *testing.T, url string, args ...string) []m {
	t.Helper()
	var rows []m
	for line := range strings.Lines(runAudit(t, url, append(args, "--json")...)) {
		var row m
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("not JSON: %s", line)
		}
		rows = append(rows, row)
	}
	return rows
}

// TestCallsAreRecorded makes calls over each way in and looks for them.
func TestCallsAreRecorded(t *testing.T) {
	url := sampleDatabase(t)
	s := serve(t, url, "JWT_SECRET="+testSecret)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	alice := tokenOf(t, "alice")
	s.do(t, "POST", "/api/mcp/query", `{"sql":"SELECT count(*) FROM projects p JOIN users u ON u.id = p.manager_id"}`, "Authorization: Bearer "+alice, "traceparent: "+parent, "X-Request-Id: request-1")
	callText(t, s.connectAs(t, tokenOf(t, "bob")), "describe_table", m{"table": "projects"})
	s.query(t, alice, "SELECT * FROM oauth_tokens")
	stdio := program(t, []string{"DATABASE_URL=" + url}, "stdio")
	stdio.Stdin = strings.NewReader(`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"query","arguments":{"sql":"SELECT 1"}}}` + "\n")
	if out, err := stdio.Output(); err != nil || !strings.Contains(string(out), `"isError":false`) && strings.Contains(string(out), "error") {
		t.Fatalf("stdio: %v %s", err, out)
	}
	eventually(t, "four calls to be recorded", func() bool { return len(auditRows(t, url)) == 4 })
	for _, c := range []struct {
		name string
		args []string
		want m
	}{
		{"REST, with its objects, request and trace", []string{"--user", "alice", "--outcome", "ok"}, m{
			"subject": "alice", "issuer": "fluxstudio", "tool": "query", "effect": "read", "outcome": "ok", "request_id": "request-1",
			"trace_id": "0af7651916cd43dd8448eb211c80319c", "address": "127.0.0.1", "objects": "[table:projects table:users]",
		}},
		{"MCP", []string{"--user", "fluxstudio|bob"}, m{"subject": "bob", "tool": "describe_table", "outcome": "ok", "objects": "[table:projects]"}},
		{"what was refused, and what it was about", []string{"--outcome", "forbidden_table"}, m{"subject": "alice", "objects": "[table:oauth_tokens]"}},
		{"the local user", []string{"--user", localUser().ID()}, m{"issuer": "local", "tool": "query", "objects": "[]"}},
	} {
		rows := auditRows(t, url, c.args...)
		if len(rows) != 1 {
			t.Errorf("%s: got %d rows, want one: %v", c.name, len(rows), rows)
			continue
		}
		for name, want := range c.want {
			if got := rows[0][name]; strings.TrimSpace(text(got)) != want {
				t.Errorf("%s: got %s %v, want %v", c.name, name, got, want)
			}
		}
		if ms, ok := rows[0]["duration_ms"].(float64); !ok || ms <= 0 || len(text(rows[0]["arguments_digest"])) != 64 {
			t.Errorf("%s: got duration %v and digest %v", c.name, rows[0]["duration_ms"], rows[0]["arguments_digest"])
		}
	}
	down := func(args ...string) (string, error) {
		out, err := program(t, []string{"DATABASE_URL=" + url}, append([]string{"migrate", "down"}, args...)...).CombinedOutput()
		return string(out), err
	}
	if out, err := down(); err == nil || !strings.Contains(out, "--yes") {
		t.Errorf("migrate down over an audit with rows: got %v, %s, want a refusal that says how", err, out)
	}
	defer func() {
		if out, err := down("--yes"); err != nil || !strings.Contains(out, "down 0007_slack") {
			t.Errorf("migrate down --yes: got %v, %s", err, out)
		}
	}()
	if out := runAudit(t, url, "--limit", "2"); strings.Count(out, "\n") != 3 || !strings.Contains(out, "WHO") {
		t.Errorf("as a table, want a header and two rows:\n%s", out)
	}
}

// text is a JSON value as fmt prints it.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return strings.NewReplacer(`"`, "", ",", " ").Replace(string(b))
}

// TestAuditThatIsRequired refuses calls that nothing would record.
func TestAuditThatIsRequired(t *testing.T) {
	url := storetest.OwnerDB(t) // without fluxmcp's own tables
	for _, c := range []struct {
		mode   string
		status int
		ready  int
	}{{"required", 503, 503}, {"auto", 200, 200}, {"off", 200, 200}} {
		s := serve(t, url, "JWT_SECRET="+testSecret, "FLUXMCP_AUDIT="+c.mode)
		if a := s.query(t, tokenOf(t, "alice"), "SELECT 1"); a.status != c.status {
			t.Errorf("%s: got %d %s, want %d", c.mode, a.status, a.body, c.status)
		}
		if a := s.do(t, "GET", "/readyz", ""); a.status != c.ready {
			t.Errorf("%s: readyz: got %d %s, want %d", c.mode, a.status, a.body, c.ready)
		}
	}
	migrated := sampleDatabase(t)
	s := serve(t, migrated, "JWT_SECRET="+testSecret, "FLUXMCP_AUDIT=required")
	for range 5 {
		if a := s.query(t, tokenOf(t, "alice"), "SELECT 1"); a.status != 200 {
			t.Errorf("required, with its table: got %d %s", a.status, a.body)
		}
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	if rows := auditRows(t, migrated, "--outcome", "started"); len(rows) != 5 {
		t.Errorf("got %d of 5 calls recorded by a process that was killed", len(rows))
	}
	if got := runAudit(t, url); !strings.Contains(got, "fluxmcp migrate up") {
		t.Errorf("audit without its table: got %s, want what to do", got)
	}
}
