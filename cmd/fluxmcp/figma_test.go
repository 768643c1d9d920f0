package main

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// connects lets the person of a token connect Figma as somebody of the sandbox.
func (s *httpServer) connects(t *testing.T, token, person string) {
	t.Helper()
	s.connectsTo(t, token, "Figma", person)
}

// connectsTo lets the person of a token connect an account, with further scopes.
func (s *httpServer) connectsTo(t *testing.T, token, title, person string, scopes ...string) {
	t.Helper()
	args, err := json.Marshal(m{"provider": strings.ToLower(title), "reconnect": true, "scopes": scopes})
	if err != nil {
		t.Fatal(err)
	}
	s.allow(t, s.tool(t, token, "connect_account", string(args)), title, person)
}

// allow opens the page of an answer and clicks through it.
func (s *httpServer) allow(t *testing.T, answer, title, person string) {
	t.Helper()
	fill := []string{}
	if code := regexp.MustCompile(`[A-Z0-9]{4}-[A-Z0-9]{4}`).FindString(answer); code != "" {
		fill = []string{"code", code}
	}
	v := newVisitor(t)
	v.visit(answer).press("Allow", fill...).press("Allow", "person", person)
	if strings.Contains(v.text(), "Replace the "+title+" account?") {
		v.press("Replace with")
	}
	v.sees(title + " is connected as")
}

// TestFigmaOfTwoPeople: one sees the file and reads it, the other does not see
// it, though this server has just read it.
func TestFigmaOfTwoPeople(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice, mallory := tokenOf(t, "alice"), tokenOf(t, "mallory")
	s.connects(t, alice, "theo.norris")
	s.connects(t, mallory, "mei.ramirez") // of another studio
	args := `{"file":"` + sandboxFile + `"}`
	for _, tool := range []string{"figma_get_file", "figma_get_node"} {
		if text := s.tool(t, alice, tool, args); !strings.Contains(text, "Timing sheet") {
			t.Errorf("%s of alice: %.200s", tool, text)
		}
		if text := s.tool(t, mallory, tool, args); !strings.Contains(text, "unknown_file") || strings.Contains(text, "Timing sheet") {
			t.Errorf("%s of mallory: %.200s, want unknown_file", tool, text)
		}
	}
}

// TestFigmaIsKeptForThePersonAlone: what one process has read, another gives to
// the same account without asking Figma again; sealed; and not after the person
// has connected another account.
func TestFigmaIsKeptForThePersonAlone(t *testing.T) {
	p := newProviders(t)
	database := sampleDatabase(t)
	args := `{"file":"` + sandboxFile + `"}`
	first := p.serve(t, database)
	first.connects(t, "", "theo.norris")
	first.tool(t, "", "figma_get_node", args)
	second := p.serve(t, database)
	if text := second.tool(t, "", "figma_get_node", args); !strings.Contains(text, "Timing sheet") || p.box.Count("figma", "tier 1") != 1 {
		t.Errorf("got %.100s after %d requests of tier 1, want the file after one", text, p.box.Count("figma", "tier 1"))
	}
	p.box.FailWith("figma", sandbox.Failure{What: "tier 3", Times: 100, Status: 429, RetryAfter: 396749})
	third := p.serve(t, database)
	if text := third.tool(t, "", "figma_get_file", args); !strings.Contains(text, "stale: true") {
		t.Errorf("at the limit: got %.200s, want it as stale", text)
	}
	p.box.Reset()
	third.connects(t, "", "mei.ramirez")
	if text := third.tool(t, "", "figma_get_file", args); !strings.Contains(text, "unknown_file") {
		t.Errorf("with another account: got %.200s, want unknown_file", text)
	}
}

// TestFigmaREST follows the contract of the earlier web API.
func TestFigmaREST(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret, "FIGMA_SCOPES=folders:read,projects:read")
	alice := tokenOf(t, "alice")
	get := func(path string) (int, map[string]any) {
		t.Helper()
		a := s.do(t, http.MethodGet, path, "", "Authorization: Bearer "+alice)
		var body map[string]any
		if err := json.Unmarshal([]byte(a.body), &body); err != nil {
			t.Fatalf("%s: %d %.200s", path, a.status, a.body)
		}
		return a.status, body
	}
	if status, body := get("/api/integrations/figma/files"); status != http.StatusConflict || body["code"] != "not_connected" || body["connect_url"] == nil {
		t.Errorf("before it is connected: %d %v, want 409 with the page", status, body)
	}
	s.connects(t, alice, "caleb.ochoa")
	for _, c := range []struct {
		name, path string
		status     int
		has        []string
	}{
		{"who asks, and no team", "/api/integrations/figma/files", 200, []string{"projects", "files", "user"}},
		{"a team", "/api/integrations/figma/files?teamId=1170245155647481000", 200, []string{"teamId", "projects", "user"}},
		{"a file as Figma has it", "/api/integrations/figma/files/" + sandboxFile, 200, []string{"document", "components", "version"}},
		{"its comments", "/api/integrations/figma/comments/" + sandboxFile, 200, []string{"comments"}},
		{"a file that is not there", "/api/integrations/figma/files/AbCdEf0123456789", 404, []string{"code", "message", "hint"}},
		{"a path in place of a key", "/api/integrations/figma/files/..%2Fme", 400, []string{"code"}},
	} {
		status, body := get(c.path)
		for _, name := range c.has {
			if status != c.status || body[name] == nil {
				t.Errorf("%s: got %d %.200v, want %d with %s", c.name, status, body, c.status, name)
			}
		}
	}
	if a := s.do(t, http.MethodGet, "/api/integrations/figma/files/"+sandboxFile, ""); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", a.status)
	}
}

// TestFigmaByToken: stdio needs no OAuth app; a server for several people does
// not take the token for all of them.
func TestFigmaByToken(t *testing.T) {
	p := newProviders(t)
	var api string
	for _, pair := range p.env {
		if value, ok := strings.CutPrefix(pair, "FIGMA_API_URL="); ok {
			api = value
		}
	}
	env := []string{"DATABASE_URL=" + sampleDatabase(t), "FIGMA_ACCESS_TOKEN=figd_SANDBOX_caleb_ochoa", "FIGMA_API_URL=" + api}
	session := connect(t, &mcp.CommandTransport{Command: program(t, env, "stdio")})
	text, failed := callText(t, session, "figma_get_node", m{"file": sandboxFile})
	if failed || !strings.Contains(text, "Timing sheet") {
		t.Errorf("got %.200s, want the file", text)
	}
	for uri, want := range map[string]string{"figma://file/" + sandboxFile + "/node/1:49": "Opener", "figma://file/" + sandboxFile: "Timing sheet"} {
		r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
		if err != nil || len(r.Contents) != 1 || !strings.Contains(r.Contents[0].Text, want) {
			t.Errorf("%s: got %+v, %v, want %q in it", uri, r, err, want)
		}
	}
	if _, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: "figma://file/" + sandboxFile + "/node/99:99"}); err == nil || strings.Contains(err.Error(), "nternal") {
		t.Errorf("a node that is not there: got %v, want that there is none", err)
	}
	both := append(slices.Clone(env), "FIGMA_CLIENT_ID=x", "FIGMA_CLIENT_SECRET=y", "OAUTH_ENCRYPTION_KEY="+testVaultKey)
	if told := runCLI(t, "", both, "stdio"); told.code == 0 || !strings.Contains(told.err, "beside FIGMA_CLIENT_ID") {
		t.Errorf("with an app as well: got %d, %s, want a refusal", told.code, told.err)
	}
	if told := runCLI(t, "", env, "doctor"); !strings.Contains(told.out, "ok    FIGMA_ACCESS_TOKEN: works, as Caleb Ochoa") {
		t.Errorf("doctor says:\n%s", told.out)
	}
	if told := runCLI(t, "", append(env, "FIGMA_ACCESS_TOKEN=figd_wrong"), "doctor"); !strings.Contains(told.out, "FAIL  FIGMA_ACCESS_TOKEN: ") || strings.Contains(told.out+told.err, "figd_wrong") {
		t.Errorf("doctor says of a wrong one:\n%s", told.out)
	}
	s := serve(t, sampleDatabase(t), append(env[1:], "JWT_SECRET="+testSecret)...)
	if list := s.do(t, http.MethodGet, "/api/mcp/tools", "", "Authorization: Bearer "+tokenOf(t, "alice")); strings.Contains(list.body, "figma_") {
		t.Errorf("a server for several people offers %s", list.body)
	}
	if !strings.Contains(s.log.String(), "FIGMA_ACCESS_TOKEN is not used") {
		t.Errorf("the log does not say why:\n%s", s.log)
	}
}

// TestFigmaTokenThatIsRevokedBetweenCalls: nothing that is kept is given out
// with it either.
func TestFigmaTokenThatIsRevokedBetweenCalls(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	s.connects(t, "", "theo.norris")
	args := `{"file":"` + sandboxFile + `"}`
	if text := s.tool(t, "", "figma_get_file", args); !strings.Contains(text, "Timing sheet") {
		t.Fatalf("got %.200s, want the file", text)
	}
	p.box.RevokeAll("figma")
	for _, tool := range []string{"figma_get_comments", "figma_get_file", "figma_get_node"} {
		if text := s.tool(t, "", tool, args); !strings.Contains(text, `"needs_reconnect"`) || !strings.Contains(text, "connect_url") {
			t.Errorf("%s: got %.200s, want needs_reconnect with the page", tool, text)
		}
	}
	s.connects(t, "", "theo.norris")
	if text := s.tool(t, "", "figma_get_file", args); !strings.Contains(text, "Timing sheet") {
		t.Errorf("connected again: got %.200s, want the file", text)
	}
}
