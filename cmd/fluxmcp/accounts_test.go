package main

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// providers are the sandbox on an address of its own, and the settings that
// lead to it.
type providers struct {
	box *sandbox.Sandbox
	env []string
}

var testVaultKey = canary(vault.Generate())

func newProviders(t testing.TB) *providers {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + l.Addr().String()
	p := &providers{box: sandbox.New(sandbox.Options{BaseURL: base})}
	srv := &httptest.Server{Listener: l, Config: &http.Server{Handler: p.box.Handler()}}
	srv.Start()
	t.Cleanup(srv.Close)
	p.env = []string{"OAUTH_ENCRYPTION_KEY=" + testVaultKey}
	for _, row := range p.box.Settings() {
		p.env = append(p.env, row.Name+"="+row.Value)
		if strings.HasSuffix(row.Name, "_SECRET") {
			canary(row.Value)
		}
	}
	return p
}

// serve starts a server that the providers send people back to.
func (p *providers) serve(t testing.TB, database string, env ...string) *httpServer {
	t.Helper()
	s := serve(t, database, append(append([]string{"RATE_LIMIT_PER_MINUTE=0", "FLUXMCP_WRITE_LIMIT_PER_MINUTE=0"}, p.env...), env...)...)
	p.register(s.base)
	return s
}

func (p *providers) register(base string) {
	for _, name := range []string{"figma", "slack", "github"} {
		p.box.Register(name, base+callbackPath(name))
	}
}

// tool calls a tool with the 2026-07-28 protocol and returns its text.
func (s *httpServer) tool(t testing.TB, token, name, args string) string {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":` + args +
		`,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"test","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}`
	head := []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", "Mcp-Name: " + name}
	if token != "" {
		head = append(head, "Authorization: Bearer "+token)
	}
	a := s.do(t, http.MethodPost, "/mcp", body, head...)
	if _, after, found := strings.Cut(a.body, "data: "); found {
		a.body, _, _ = strings.Cut(after, "\n")
	}
	var answer struct {
		Result struct {
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
		} `json:"result"`
	}
	if err := json.Unmarshal([]byte(a.body), &answer); err != nil || len(answer.Result.Content) == 0 {
		t.Fatalf("%s: %d %s", name, a.status, a.body)
	}
	return answer.Result.Content[0].Text
}

var linkForm = regexp.MustCompile(`http://127\.0\.0\.1:\d+/connect/[A-Za-z0-9_-]+`)

func linkIn(t testing.TB, text string) string {
	t.Helper()
	link := linkForm.FindString(text)
	if link == "" {
		t.Fatalf("there is no link in %s", text)
	}
	canary(link[strings.LastIndex(link, "/")+1:])
	return link
}

// visit opens the link in an answer.
func (v *visitor) visit(answer string) *visitor {
	v.t.Helper()
	return v.open(linkIn(v.t, answer))
}

// TestAccountIsConnectedFromTheConversation is the session of a person with
// Figma, Slack and GitHub.
func TestAccountIsConnectedFromTheConversation(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	for _, c := range []struct{ name, title, tool, args string }{
		{"figma", "Figma", "figma_get_file", `{"file":"` + sandboxFile + `"}`},
		{"slack", "Slack", "connect_account", `{"provider":"slack"}`},
		{"github", "GitHub", "connect_account", `{"provider":"github"}`},
	} {
		v := newVisitor(t)
		v.visit(s.tool(t, "", c.tool, c.args)).sees("Connect " + c.title).press("Allow").sees("SANDBOX").press("Allow").sees(c.title + " is connected as")
		if v.at.RawQuery != "" {
			t.Errorf("%s: the address at the end is %s, with a query", c.name, v.at)
		}
		if list := s.tool(t, "", "list_accounts", `{"check":true}`); !strings.Contains(list, c.title+": connected as") {
			t.Errorf("%s: list_accounts says %s", c.name, list)
		}
	}
	if list := s.tool(t, "", "list_accounts", `{"check":true}`); strings.Count(list, ", works") != 3 {
		t.Errorf("list_accounts says %s, want three that work", list)
	}
	if file := s.tool(t, "", "figma_get_file", `{"file":"`+sandboxFile+`"}`); !strings.Contains(file, "more=") {
		t.Errorf("figma_get_file answers %s", file)
	}
	p.box.Expire("figma")
	if list := s.tool(t, "", "figma_get_comments", `{"file":"`+sandboxFile+`"}`); !strings.Contains(list, "threads") {
		t.Errorf("after the token has expired at Figma, figma_get_comments answers %s", list)
	}
	if n := p.box.Count("figma", "refresh"); n != 1 {
		t.Errorf("Figma got %d refreshes, want 1: %v", n, p.box.Counts("figma"))
	}
	p.box.RevokeAll("slack")
	if list := s.tool(t, "", "list_accounts", `{"check":true}`); !strings.Contains(list, "Slack: needs reconnect") {
		t.Errorf("after Slack has revoked it, list_accounts says %s", list)
	}
	newVisitor(t).visit(s.tool(t, "", "connect_account", `{"provider":"slack"}`)).press("Allow").press("Allow").sees("Slack is connected as")
	for _, c := range []struct{ name, want string }{
		{"figma", "remove the app at"}, {"slack", "Nothing is left to do"}, {"github", "Nothing is left to do"},
	} {
		if gone := s.tool(t, "", "disconnect_account", `{"provider":"`+c.name+`"}`); !strings.Contains(gone, c.want) {
			t.Errorf("disconnecting %s says %s, want %q", c.name, gone, c.want)
		}
	}
	if list := s.tool(t, "", "list_accounts", `{}`); strings.Contains(list, ": connected") {
		t.Errorf("list_accounts says %s after all were disconnected", list)
	}
}

// TestAccountBelongsToWhoAsked: two people with tokens, one link, one code.
func TestAccountBelongsToWhoAsked(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice, bob := tokenOf(t, "alice"), tokenOf(t, "bob")
	answer := s.tool(t, alice, "connect_account", `{"provider":"github"}`)
	code := regexp.MustCompile(`[A-Z0-9]{4}-[A-Z0-9]{4}`).FindString(answer)
	if code == "" {
		t.Fatalf("there is no code in %s", answer)
	}
	v := newVisitor(t)
	v.visit(answer).sees("code").press("Allow", "code", "AAAA-AAAA").sees("not the code")
	v.press("Allow", "code", strings.ToLower(code)).sees("SANDBOX").press("Allow").sees("GitHub is connected as")
	if list := s.tool(t, alice, "list_accounts", `{}`); !strings.Contains(list, "GitHub: connected") {
		t.Errorf("alice has %s", list)
	}
	if list := s.tool(t, bob, "list_accounts", `{}`); strings.Contains(list, ": connected") {
		t.Errorf("bob has %s", list)
	}
	v.visit(s.tool(t, bob, "connect_account", `{"provider":"github"}`)).sees("another person")
	if v.status != http.StatusForbidden {
		t.Errorf("alice's browser gets %d for bob's link, want 403", v.status)
	}
}

// TestREST follows the contract of the earlier web API.
func TestRESTOfAccounts(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice := "Authorization: Bearer " + tokenOf(t, "alice")
	if a := s.do(t, http.MethodGet, "/api/integrations", ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", a.status)
	}
	a := s.do(t, http.MethodGet, "/api/integrations/figma/auth", "", alice)
	var begun struct{ AuthorizationURL, StateToken, Provider string }
	if err := json.Unmarshal([]byte(a.body), &begun); err != nil || a.status != http.StatusOK || begun.Provider != "figma" ||
		!strings.Contains(begun.AuthorizationURL, "state="+begun.StateToken) || !strings.Contains(begun.AuthorizationURL, "code_challenge=") {
		t.Fatalf("auth: %d %s", a.status, a.body)
	}
	stranger := newVisitor(t)
	stranger.open(begun.AuthorizationURL).press("Allow")
	if stranger.status != http.StatusForbidden {
		t.Errorf("another browser that comes back gets %s, want 403", stranger)
	}
	v := newVisitor(t)
	v.keep(&http.Response{Header: a.header, Request: &http.Request{URL: mustParse(t, s.base)}})
	v.open(begun.AuthorizationURL).press("Allow").sees("Figma is connected as")
	a = s.do(t, http.MethodGet, "/api/integrations", "", alice)
	for _, want := range []string{`"provider":"figma"`, `"connected":true`, `"status":"connected"`, `"scopes":["`, `"accountName":"`} {
		if a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.Errorf("list: %d %s, want %s", a.status, a.body, want)
		}
	}
	a = s.do(t, http.MethodDelete, "/api/integrations/figma", "", alice)
	if a.status != http.StatusOK || !strings.Contains(a.body, "Figma integration disconnected successfully") {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if a = s.do(t, http.MethodDelete, "/api/integrations/figma", "", alice); a.status != http.StatusNotFound {
		t.Errorf("delete again: %d %s, want 404", a.status, a.body)
	}
}

// sandboxFile is a Figma file of the sandbox.
const sandboxFile = demoFile

// TestKilledInTheMiddleOfACallback: at each named point the account is either
// connected or not, and a new link works.
func TestKilledInTheMiddleOfACallback(t *testing.T) {
	for _, point := range []string{
		"callback.taken", "callback.before_provider", "callback.after_provider", "callback.identity",
		"save.before_commit", "save.after_commit", "callback.saved",
	} {
		t.Run(point, func(t *testing.T) {
			p := newProviders(t)
			database := sampleDatabase(t)
			s := p.serve(t, database, "FLUXMCP_TEST_KILL_AT="+point)
			v := newVisitor(t)
			v.visit(s.tool(t, "", "connect_account", `{"provider":"github"}`))
			v.press("Allow").press("Allow")
			if v.err == nil {
				t.Fatalf("got %s, want a server that was killed at %s", v, point)
			}
			again := p.serve(t, database)
			list := again.tool(t, "", "list_accounts", `{"check":true}`)
			saved := point == "save.after_commit" || point == "callback.saved"
			if connected := strings.Contains(list, "GitHub: connected"); connected != saved || saved && !strings.Contains(list, "works") {
				t.Errorf("after the kill list_accounts says %s, want connected %v", list, saved)
			}
			v = newVisitor(t)
			v.visit(again.tool(t, "", "connect_account", `{"provider":"github","reconnect":true}`)).press("Allow").press("Allow").sees("GitHub is connected as")
		})
	}
}

// TestKeysAreNeeded: no key, no start; and not another one than before.
func TestKeysAreNeeded(t *testing.T) {
	database := storetest.DB(t)
	if _, err := store.Migrate(t.Context(), database, store.MigrateLatest); err != nil {
		t.Fatal(err)
	}
	env := []string{"DATABASE_URL=" + database, "FIGMA_CLIENT_ID=x", "FIGMA_CLIENT_SECRET=y"}
	for _, c := range []struct {
		name, key, want string
	}{
		{"no key", "", "OAUTH_ENCRYPTION_KEY: is not set"},
		{"a short key", "tiny-0", "OAUTH_ENCRYPTION_KEY"},
		{"a placeholder", "change-this-to-a-long-random-secret-key", "OAUTH_ENCRYPTION_KEY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runCLI(t, "", append(env, "OAUTH_ENCRYPTION_KEY="+c.key), "serve", "--listen", "127.0.0.1:0")
			if got.code != exitFailed || !strings.Contains(got.err, c.want) || c.key != "" && strings.Contains(got.err, c.key) {
				t.Errorf("got %+v, want a refusal that names %q and not the key", got, c.want)
			}
		})
	}
}

// TestDatabaseThatWasNotMigrated: tools, REST and pages say what the operator
// must do, and nothing of SQL.
func TestDatabaseThatWasNotMigrated(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, storetest.DB(t), "FLUXMCP_AUDIT=off")
	if got := s.tool(t, "", "connect_account", `{"provider":"figma"}`); !strings.Contains(got, "migration_missing") || !strings.Contains(got, "fluxmcp migrate up") {
		t.Errorf("connect_account says %s", got)
	}
	if a := s.do(t, http.MethodGet, "/api/integrations", ""); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "migration_missing") || strings.Contains(a.body, "oauth_accounts") {
		t.Errorf("REST: %d %s", a.status, a.body)
	}
	if v := newVisitor(t).open(s.base + "/integrations"); v.status != http.StatusServiceUnavailable || strings.Contains(v.text(), "SQLSTATE") {
		t.Errorf("page: %s", v)
	}
	if a := s.do(t, http.MethodGet, "/readyz", ""); !strings.Contains(a.body, "migration_missing") {
		t.Errorf("readyz: %s", a.body)
	}
}

// TestOwnKeyIsMadeOnce: processes that start at once have the same key, which
// nobody else can read.
func TestOwnKeyIsMadeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", keyFile)
	keys := make(chan string, 20)
	for range cap(keys) {
		go func() {
			key, err := ownKey(path)
			if err != nil {
				t.Error(err)
			}
			keys <- key
		}()
	}
	first := <-keys
	for range cap(keys) - 1 {
		if key := <-keys; key != first || key == "" {
			t.Fatalf("got two keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := ownKey(path); err == nil {
		t.Error("a key that everybody can read was taken")
	}
}
