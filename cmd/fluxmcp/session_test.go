package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// connect gives a session of the Go SDK's client, which we did not write.
func connect(t *testing.T, transport mcp.Transport) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// callText calls a tool and gives its text and whether it failed.
func callText(t *testing.T, s *mcp.ClientSession, name string, args any) (string, bool) {
	t.Helper()
	res, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return res.Content[0].(*mcp.TextContent).Text, res.IsError
}

type m = map[string]any

// TestSession is what an agent does on the sample company, over stdio and HTTP.
func TestSession(t *testing.T) {
	url := sampleDatabase(t)
	for name, transport := range map[string]func(*testing.T) mcp.Transport{
		"stdio": func(t *testing.T) mcp.Transport {
			return &mcp.CommandTransport{Command: program(t, []string{"DATABASE_URL=" + url}, "stdio")}
		},
		"http": func(t *testing.T) mcp.Transport {
			return &mcp.StreamableClientTransport{Endpoint: serve(t, url).base + "/mcp"}
		},
		"sse": func(t *testing.T) mcp.Transport {
			return &mcp.SSEClientTransport{Endpoint: serve(t, url).base + "/sse"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := connect(t, transport(t))
			tools, err := s.ListTools(t.Context(), nil)
			if err != nil || len(tools.Tools) != 6 {
				t.Fatalf("got %v, %v, want 6 tools", tools, err)
			}
			checkSession(t, s)
			checkDocuments(t, s)
		})
	}
}

func checkSession(t *testing.T, s *mcp.ClientSession) {
	t.Helper()
	for _, c := range []struct {
		tool   string
		args   m
		failed bool
		want   []string
		not    []string
	}{
		{"tables", m{}, false, []string{"projects\t", "users\t", "active_projects\tview"}, []string{"oauth_tokens", "refresh_tokens", "oauth_state_tokens", "schema_migrations"}},
		{"schema", m{}, false, []string{"projects (table", "-> organizations(id)"}, []string{"oauth_tokens", "oauth_state_tokens", "refresh_tokens", "password_hash"}},
		{"describe_table", m{"table": "projects"}, false, []string{"status", "frequent:", "referred to by:"}, nil},
		{"describe_table", m{"table": "users"}, false, []string{"email"}, []string{"oauth_tokens", "refresh_tokens", "password_hash"}},
		{"describe_table", m{"table": "projcts"}, true, []string{"unknown_table", "projects"}, nil},
		{"describe_table", m{"table": "oauth_tokens"}, true, []string{"unknown_table"}, []string{"access_token"}},
		{"query", m{"sql": "SELECT count(*) > 100 AS many FROM projects"}, false, []string{"many\nt\n(1 row, more=false"}, nil},
		{"query", m{"sql": "SELECT id FROM tasks", "limit": 3}, false, []string{"(3 rows, more=true"}, nil},
		{"query", m{"sql": "SELECT * FROM projects WHERE id = $1::uuid", "params": []any{"00000000-0000-0000-0000-000000000000"}}, false, []string{"(0 rows"}, nil},
		{"query", m{"sql": "SELECT nme FROM projects"}, true, []string{"sql_rejected", "projects has id, "}, nil},
		{"query", m{"sql": "SELECT * FROM projcts"}, true, []string{"projects"}, nil},
		{"query", m{"sql": "SELECT * FROM oauth_tokens"}, true, []string{"forbidden_table"}, nil},
		{"query", m{"sql": "SELECT password_hash FROM users"}, true, []string{"permission_denied"}, nil},
		{"query", m{"sql": "SELECT * FROM users"}, true, []string{"permission_denied", "users has id, email", "the rest is hidden"}, nil},
		{"describe_table", m{"table": "users"}, false, []string{"has hidden columns"}, nil},
		{"query", m{"sql": "UPDATE users SET name = ''"}, true, []string{"sql_not_read_only"}, nil},
		{"explain_query", m{"sql": "SELECT * FROM tasks WHERE title LIKE '%x%'", "analyze": true}, false, []string{"Scan on tasks"}, nil},
		{"database_health", m{}, false, []string{"findings,"}, []string{"oauth_tokens", "refresh_tokens"}},
	} {
		text, failed := callText(t, s, c.tool, c.args)
		if failed != c.failed {
			t.Errorf("%s %v: got failed=%v: %s", c.tool, c.args, failed, text)
		}
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s %v lacks %q:\n%s", c.tool, c.args, w, text)
			}
		}
		for _, n := range c.not {
			if strings.Contains(text, n) {
				t.Errorf("%s %v shows %q:\n%s", c.tool, c.args, n, text)
			}
		}
	}
}

func checkDocuments(t *testing.T, s *mcp.ClientSession) {
	t.Helper()
	for uri, want := range map[string]string{"flux://schema": "projects (table", "flux://table/tasks": "tasks (table"} {
		res, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
		if err != nil || !strings.Contains(res.Contents[0].Text, want) {
			t.Errorf("%s: got %v, %v, want %q", uri, res, err, want)
		}
	}
	if _, err := s.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "flux://table/oauth_tokens"}); err == nil {
		t.Error("flux://table/oauth_tokens: got it, want an error")
	}
	done, err := s.Complete(t.Context(), &mcp.CompleteParams{
		Ref:      &mcp.CompleteReference{Type: "ref/resource", URI: "flux://table/{name}"},
		Argument: mcp.CompleteParamsArgument{Name: "name", Value: "proj"},
	})
	if err != nil || len(done.Completion.Values) == 0 || done.Completion.Values[0] != "project_members" {
		t.Errorf("completion of proj: got %+v, %v, want project_members first", done, err)
	}
	p, err := s.GetPrompt(t.Context(), &mcp.GetPromptParams{Name: "answer_from_data", Arguments: map[string]string{"question": `who "is" late?`}})
	if err != nil || !strings.Contains(p.Messages[0].Content.(*mcp.TextContent).Text, `who \"is\" late?`) {
		t.Errorf("prompt: got %+v, %v", p, err)
	}
}

// httpServer is `fluxmcp serve` as a child process.
type httpServer struct {
	base string
	cmd  *exec.Cmd
	log  *lockedBuffer
}

// lockedBuffer keeps what a child says on standard error.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts `fluxmcp serve` on a free port and stops it with SIGTERM.
func serve(t testing.TB, url string, env ...string) *httpServer {
	t.Helper()
	s := &httpServer{cmd: program(t, append(env, "DATABASE_URL="+url), "serve", "--listen", "127.0.0.1:0"), log: &lockedBuffer{}}
	listenFor("the log of "+t.Name(), s.log.String)
	r, w := io.Pipe()
	s.cmd.Stderr = io.MultiWriter(s.log, w)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		_ = s.cmd.Wait()
		_ = w.Close()
	})
	lines := bufio.NewScanner(r)
	address := regexp.MustCompile(`msg=listening address=(\S+)`)
	for lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			s.base = "http://" + found[1]
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return s
		}
	}
	t.Fatalf("serve did not listen:\n%s", s.log)
	return nil
}

func TestServeFace(t *testing.T) {
	s := serve(t, sampleDatabase(t))
	big := strings.Repeat("x", 10<<20)
	initialize := `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`
	for _, c := range []struct {
		name, method, path, body, origin string
		status                           int
	}{
		{"healthz answers", "GET", "/healthz", "", "", 200},
		{"initialize works", "POST", "/mcp", initialize, "", 200},
		{"foreign origin is forbidden", "POST", "/mcp", initialize, "https://evil.example", 403},
		{"10 MB are too much", "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping","x":"` + big + `"}`, "", 413},
		{"malformed JSON is a bad request", "POST", "/mcp", `{"jsonrpc":`, "", 400},
		{"unknown path is not found", "GET", "/nope", "", "", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, s.base+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/json")
			req.Header.Set("Accept", "application/json, text/event-stream")
			if c.origin != "" {
				req.Header.Set("Origin", c.origin)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, _ := io.ReadAll(res.Body)
			if res.StatusCode != c.status {
				t.Errorf("got %d, want %d: %.200s", res.StatusCode, c.status, body)
			}
		})
	}
}

// TestSigtermDrains ends the server under a call: the call is answered, and
// the process exits with 0.
func TestSigtermDrains(t *testing.T) {
	url := sampleDatabase(t)
	s := serve(t, url, "QUERY_TIMEOUT=5s") // less than what is left for calls under way
	c := connect(t, &mcp.StreamableClientTransport{Endpoint: s.base + "/mcp"})
	answered := make(chan string, 1)
	go func() {
		res, err := c.CallTool(t.Context(), &mcp.CallToolParams{Name: "query", Arguments: m{
			"sql": "SELECT count(*) FROM tasks a, tasks b WHERE a.title < b.title AND b.id < a.id",
		}})
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- res.Content[0].(*mcp.TextContent).Text
	}()
	awaitQuery(t, url, "tasks a, tasks b")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if text := <-answered; !strings.Contains(text, "count\n") && !strings.Contains(text, "timeout") {
		t.Errorf("got %q, want the answer of the call", text)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("got %v, want exit code 0\n%s", err, s.log)
	}
}

// awaitQuery returns once a statement that contains part is running.
func awaitQuery(t *testing.T, url, part string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	const ask = `SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND position($1 IN query) > 0 AND pid <> pg_backend_pid()`
	for n := 0; n == 0; {
		if err := conn.QueryRow(t.Context(), ask, part).Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDatabaseDown starts on a database that is not there: the client is
// answered, and the tool says what to do.
func TestDatabaseDown(t *testing.T) {
	cmd := program(t, []string{"DATABASE_URL=postgres://u:hunter2@127.0.0.1:1/d"}, "stdio")
	s := connect(t, &mcp.CommandTransport{Command: cmd})
	text, failed := callText(t, s, "query", m{"sql": "SELECT 1"})
	var f struct {
		Code  string
		Hint  string
		After int `json:"retry_after_seconds"`
	}
	if err := json.Unmarshal([]byte(text), &f); err != nil || !failed {
		t.Fatalf("got %q, %v, want a failure", text, err)
	}
	if f.Code != "database_unavailable" || !strings.Contains(f.Hint, "fluxmcp doctor") || f.After == 0 {
		t.Errorf("got %+v, want database_unavailable with what to do", f)
	}
}

// TestStdoutCarriesOnlyMessages reads every byte that stdio writes.
func TestStdoutCarriesOnlyMessages(t *testing.T) {
	cmd := program(t, []string{"DATABASE_URL=" + sampleDatabase(t), "FLUXMCP_LOG_LEVEL=debug"}, "stdio")
	cmd.Stdin = strings.NewReader(strings.Join([]string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`,
		`not json`, ``,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"query","arguments":{"sql":"SELECT 1"}}}`,
		`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"no_such_tool"}}`,
	}, "\n") + "\n")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("got %v, want exit code 0 at the end of standard input", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 4 {
		t.Errorf("got %d lines, want 4 answers:\n%s", len(lines), out)
	}
	for _, line := range lines {
		var msg struct{ JSONRPC string }
		if err := json.Unmarshal([]byte(line), &msg); err != nil || msg.JSONRPC != "2.0" {
			t.Errorf("not a message: %q", line)
		}
	}
}
