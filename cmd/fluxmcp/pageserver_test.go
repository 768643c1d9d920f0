package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// freeAddress is one that nothing listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestConnectFromATerminal: the command prints the link, waits, and says as whom.
func TestConnectFromATerminal(t *testing.T) {
	p := newProviders(t)
	address, database := freeAddress(t), sampleDatabase(t)
	p.register("http://" + address)
	env := append(p.env, "DATABASE_URL="+database, "FLUXMCP_LISTEN="+address)
	cmd := program(t, env, "connect", "github", "--no-browser")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	log := &lockedBuffer{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	said := ""
	for !linkForm.MatchString(said) {
		line, err := lines.ReadString('\n')
		if said += line; err != nil {
			t.Fatalf("the command said %q, %q: %v", said, log, err)
		}
	}
	newVisitor(t).visit(said).sees("fluxmcp connect").press("Allow").press("Allow").sees("GitHub is connected as")
	rest, _ := io.ReadAll(lines)
	if err := cmd.Wait(); err != nil || !strings.Contains(string(rest), "GitHub is connected as ") {
		t.Errorf("the command said %q, %v, %s", rest, err, log)
	}
	got := runCLI(t, "", env, "accounts", "list")
	if got.code != exitOK || !strings.Contains(got.out, "github") || !strings.Contains(got.out, "active") {
		t.Errorf("accounts list: %+v", got)
	}
	got = runCLI(t, "", env, "accounts", "disconnect", "github")
	if got.code != exitOK || !strings.Contains(got.out, "GitHub is disconnected") {
		t.Errorf("accounts disconnect: %+v", got)
	}
	if alive := p.box.Alive("github"); alive != 0 {
		t.Errorf("%d tokens are alive at GitHub after all was disconnected", alive)
	}
	got = runCLI(t, "", env, "accounts", "disconnect", "github")
	if got.code != exitFailed || !strings.Contains(got.err, "GitHub is not connected") {
		t.Errorf("accounts disconnect again: %+v", got)
	}
	if got = runCLI(t, "", env, "connect", "jira"); got.code != exitUsage || !strings.Contains(got.err, "figma, github, slack") {
		t.Errorf("connect jira: %+v", got)
	}
	if got = runCLI(t, "", env, "connect", "fimga"); got.code != exitUsage || !strings.Contains(got.err, "did you mean figma?") {
		t.Errorf("connect fimga: %+v", got)
	}
}

// TestStdioServesPagesAlone: for who has a link, and nothing else.
func TestStdioServesPagesAlone(t *testing.T) {
	p := newProviders(t)
	address := freeAddress(t)
	base := "http://" + address
	p.register(base)
	env := append(p.env, "DATABASE_URL="+sampleDatabase(t), "FLUXMCP_LISTEN="+address)
	s := connect(t, &mcp.CommandTransport{Command: program(t, env, "stdio")})
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("it listens before a page is needed")
	}
	text, isError := callText(t, s, "list_accounts", map[string]any{"link": true})
	if isError {
		t.Fatal(text)
	}
	stranger := newVisitor(t).open(base + "/integrations")
	if stranger.status != http.StatusUnauthorized {
		t.Errorf("who has no link gets %s, want 401", stranger)
	}
	for _, path := range []string{"/api/integrations", "/mcp", "/api/mcp/tools"} {
		res, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode < 400 {
			t.Errorf("%s answers %d without a token", path, res.StatusCode)
		}
	}
	v := newVisitor(t).visit(text)
	v.sees("Open your accounts").press("Continue").sees("Your accounts").press("Connect").sees("Connect Figma").press("Allow").press("Allow").sees("Figma is connected as")
	if text, _ = callText(t, s, "list_accounts", map[string]any{"check": true}); !strings.Contains(text, "Figma: connected as") || !strings.Contains(text, "works") {
		t.Errorf("list_accounts says %s", text)
	}
	// Another process of the same person finds the port taken, and its link works there.
	other := connect(t, &mcp.CommandTransport{Command: program(t, env, "stdio")})
	text, _ = callText(t, other, "connect_account", map[string]any{"provider": "slack"})
	newVisitor(t).visit(text).press("Allow").press("Allow").sees("Slack is connected as")
}
