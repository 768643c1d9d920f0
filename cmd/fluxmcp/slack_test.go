package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// slackAPI is the address of the sandbox's Slack.
func (p *providers) slackAPI() string {
	for _, pair := range p.env {
		if value, ok := strings.CutPrefix(pair, "SLACK_API_URL="); ok {
			return value
		}
	}
	return ""
}

// TestSlackOfTwoPeople: each acts as themselves, and sees what they may see.
func TestSlackOfTwoPeople(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice, mallory := tokenOf(t, "alice"), tokenOf(t, "mallory")
	if text := s.tool(t, alice, "slack_list_channels", `{}`); !strings.Contains(text, `"not_connected"`) || !strings.Contains(text, "connect_url") {
		t.Errorf("before it is connected: got %.300s, want not_connected with the page", text)
	}
	s.connectsTo(t, alice, "Slack", "caleb.ochoa")
	s.connectsTo(t, mallory, "Slack", "theo.norris")
	if text := s.tool(t, alice, "slack_list_channels", `{}`); !strings.Contains(text, "leadership") {
		t.Errorf("caleb, who is in it, sees no private channel: %.500s", text)
	}
	if text := s.tool(t, mallory, "slack_list_channels", `{}`); strings.Contains(text, "leadership") || !strings.Contains(text, "tidal") {
		t.Errorf("theo is not in leadership, and is in tidal; got %.500s", text)
	}
	if text := s.tool(t, mallory, "slack_get_channel_history", `{"channel":"#leadership"}`); !strings.Contains(text, `"unknown_channel"`) {
		t.Errorf("got %.300s, want unknown_channel", text)
	}
	posted := s.tool(t, mallory, "slack_post_message", `{"channel":"#tidal","text":"As **theo** <!channel>"}`)
	history := s.tool(t, alice, "slack_get_channel_history", `{"channel":"#tidal","limit":1}`)
	if !strings.Contains(history, "theo.norris") || !strings.Contains(history, "As **theo**") {
		t.Errorf("posted %.300s, and history has %.500s: want it as theo's own", posted, history)
	}
	if posts := p.box.SlackPosts(); len(posts) != 1 || strings.Contains(posts[0].Text, "<!") {
		t.Errorf("Slack got %+v, want one message that tells nobody", posts)
	}
}

// TestSlackWithoutAScope: the page that adds what is missing, and only that.
func TestSlackWithoutAScope(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	s.connectsTo(t, "", "Slack", "caleb.ochoa")
	refused := s.tool(t, "", "slack_list_channels", `{"types":["im"]}`)
	for _, want := range []string{`"slack_scope_missing"`, `im:read`, `connect_url`} {
		if !strings.Contains(refused, want) {
			t.Fatalf("got %s, want %s in it", refused, want)
		}
	}
	s.allow(t, refused, "Slack", "caleb.ochoa")
	if text := s.tool(t, "", "slack_list_channels", `{"types":["im"]}`); strings.Contains(text, "slack_scope_missing") {
		t.Errorf("afterwards: got %.300s, want the list", text)
	}
}

// TestSlackTokenThatIsRevoked ends in the page, though Slack refuses with status 200.
func TestSlackTokenThatIsRevoked(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	s.connectsTo(t, "", "Slack", "caleb.ochoa")
	p.box.RevokeAll("slack")
	for _, tool := range []string{"slack_get_channel_history", "slack_post_message"} {
		args := `{"channel":"#tidal"}`
		if tool == "slack_post_message" {
			args = `{"channel":"#tidal","text":"hello"}`
		}
		if text := s.tool(t, "", tool, args); !strings.Contains(text, `"needs_reconnect"`) || !strings.Contains(text, "connect_url") {
			t.Errorf("%s: got %.300s, want needs_reconnect with the page", tool, text)
		}
	}
}

// TestSlackTokenThatExpires is renewed, and the call goes on.
func TestSlackTokenThatExpires(t *testing.T) {
	p := newProviders(t)
	p.box.Rotation("slack", true)
	s := p.serve(t, sampleDatabase(t))
	s.connectsTo(t, "", "Slack", "caleb.ochoa")
	p.box.Expire("slack")
	if text := s.tool(t, "", "slack_post_message", `{"channel":"#tidal","text":"after a while"}`); strings.Contains(text, `"code"`) {
		t.Errorf("got %.300s, want it posted", text)
	}
	if n := len(p.box.SlackPosts()); n != 1 {
		t.Errorf("%d messages were posted, want 1", n)
	}
}

// TestSlackREST follows the contract of the earlier web API.
func TestSlackREST(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret)
	alice := tokenOf(t, "alice")
	call := func(method, path, body string) (int, map[string]any) {
		t.Helper()
		a := s.do(t, method, path, body, "Authorization: Bearer "+alice, "Content-Type: application/json")
		var out map[string]any
		if err := json.Unmarshal([]byte(a.body), &out); err != nil {
			t.Fatalf("%s: %d %.200s", path, a.status, a.body)
		}
		return a.status, out
	}
	if status, body := call(http.MethodGet, "/api/integrations/slack/channels", ""); status != http.StatusConflict || body["connect_url"] == nil {
		t.Errorf("before it is connected: %d %v, want 409 with the page", status, body)
	}
	s.connectsTo(t, alice, "Slack", "caleb.ochoa")
	if status, body := call(http.MethodGet, "/api/integrations/slack/channels", ""); status != 200 || !strings.Contains(fmt.Sprint(body), "leadership") {
		t.Errorf("got %d %v, want the channels, private ones too", status, body)
	}
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"a message", "message", `{"channel":"#tidal","text":"hello"}`, 200, "hello"},
		{"one with blocks", "message", `{"channel":"#tidal","text":"hello","blocks":[{"type":"divider"}]}`, 200, "divider"},
		{"one without a text", "message", `{"channel":"#tidal"}`, 400, "Channel and text are required"},
		{"a project update", "project-update", `{"channel":"#tidal","projectName":"A & B","updateType":"completed","details":"All *done*"}`, 200, "Project completed: A"},
		{"one of an unknown type", "project-update", `{"channel":"#tidal","projectName":"A","updateType":"milestone"}`, 400, "created"},
		{"one without a project", "project-update", `{"channel":"#tidal","updateType":"created"}`, 400, "Missing required fields"},
		{"a task", "task-notification", `{"channel":"#tidal","taskTitle":"Drill","assignee":"Ann","dueDate":"Friday"}`, 200, "New task assigned: Drill"},
		{"a channel that is not there", "message", `{"channel":"#tidaal","text":"hello"}`, 404, "tidal"},
	} {
		status, body := call(http.MethodPost, "/api/integrations/slack/"+c.path, c.body)
		if text := fmt.Sprint(body); status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: got %d %s, want %d with %q", c.name, status, text, c.status, c.want)
		}
	}
	if a := s.do(t, http.MethodPost, "/api/integrations/slack/message", `{"channel":"#tidal","text":"x"}`, "Content-Type: application/json"); a.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d, want 401", a.status)
	}
}

// TestSlackByToken: stdio needs no OAuth app; a server for several people does
// not take the token for all of them.
func TestSlackByToken(t *testing.T) {
	p := newProviders(t)
	token := p.box.SlackBotToken()
	env := []string{"DATABASE_URL=" + sampleDatabase(t), "SLACK_BOT_TOKEN=" + token, "SLACK_API_URL=" + p.slackAPI(), "SLACK_POST_CHANNELS=#tidal"}
	session := connect(t, &mcp.CommandTransport{Command: program(t, env, "stdio")})
	if text, failed := callText(t, session, "slack_get_channel_history", m{"channel": "#tidal"}); failed || !strings.Contains(text, "staircase") {
		t.Errorf("got %.300s, want the history", text)
	}
	if text, failed := callText(t, session, "slack_post_message", m{"channel": "#solstice-brand", "text": "hello"}); !failed || !strings.Contains(text, "slack_post_denied") || !strings.Contains(text, "#tidal") {
		t.Errorf("got %.300s, want a refusal that names what is allowed", text)
	}
	if list, err := session.ListTools(t.Context(), nil); err != nil || strings.Contains(fmt.Sprint(toolNames(list)), "slack_search_messages") || !strings.Contains(fmt.Sprint(toolNames(list)), "slack_get_thread") {
		t.Errorf("got %v, %v, want all tools but the search, which no bot may use", toolNames(list), err)
	}
	for uri, want := range map[string]string{"slack://channels": "tidal", "slack://channel/tidal": "staircase"} {
		r, err := session.ReadResource(t.Context(), &mcp.ReadResourceParams{URI: uri})
		if err != nil || len(r.Contents) != 1 || !strings.Contains(r.Contents[0].Text, want) {
			t.Errorf("%s: got %+v, %v, want %q in it", uri, r, err, want)
		}
	}
	both := append(slices.Clone(env), "SLACK_CLIENT_ID=x", "SLACK_CLIENT_SECRET=y", "OAUTH_ENCRYPTION_KEY="+testVaultKey)
	if told := runCLI(t, "", both, "stdio"); told.code == 0 || !strings.Contains(told.err, "beside SLACK_CLIENT_ID") {
		t.Errorf("with an app as well: got %d, %s, want a refusal", told.code, told.err)
	}
	if told := runCLI(t, "", env, "doctor"); !strings.Contains(told.out, "ok    SLACK_BOT_TOKEN: works, as fluxmcp") {
		t.Errorf("doctor says:\n%s", told.out)
	}
	if told := runCLI(t, "", append(env, "SLACK_BOT_TOKEN=xoxb-wrong"), "doctor"); !strings.Contains(told.out, "FAIL  SLACK_BOT_TOKEN: ") || strings.Contains(told.out+told.err, "xoxb-wrong") {
		t.Errorf("doctor says of a wrong one:\n%s", told.out)
	}
	for setting, want := range map[string]string{"SLACK_BOT_TOKEN=secret": "xoxb-", "SLACK_POST_CHANNELS=#a,,b c": "SLACK_POST_CHANNELS", "SLACK_POST_BROADCASTS=perhaps": "SLACK_POST_BROADCASTS"} {
		if told := runCLI(t, "", append(slices.Clone(env), setting), "stdio"); told.code == 0 || !strings.Contains(told.err, want) {
			t.Errorf("%s: got %d, %s, want a refusal with %s", setting, told.code, told.err, want)
		}
	}
	s := serve(t, sampleDatabase(t), append(env[1:], "JWT_SECRET="+testSecret)...)
	if list := s.do(t, http.MethodGet, "/api/mcp/tools", "", "Authorization: Bearer "+tokenOf(t, "alice")); strings.Contains(list.body, "slack_") {
		t.Errorf("a server for several people offers %s", list.body)
	}
	if !strings.Contains(s.log.String(), "SLACK_BOT_TOKEN is not used") {
		t.Errorf("the log does not say why:\n%s", s.log)
	}
}

// TestSlackPostsOnceOverReplicas: a key that one process has used is known to
// another.
func TestSlackPostsOnceOverReplicas(t *testing.T) {
	p := newProviders(t)
	database := sampleDatabase(t)
	first := p.serve(t, database)
	first.connectsTo(t, "", "Slack", "caleb.ochoa")
	args := `{"channel":"#tidal","text":"once","idempotency_key":"k1"}`
	one := first.tool(t, "", "slack_post_message", args)
	second := p.serve(t, database)
	two := second.tool(t, "", "slack_post_message", args)
	if n := len(p.box.SlackPosts()); n != 1 || !strings.Contains(two, "by an earlier call") {
		t.Errorf("%d messages were posted, want 1; the answers were %.300s and %.300s", n, one, two)
	}
	if text := second.tool(t, "", "slack_post_message", `{"channel":"#tidal","text":"something else","idempotency_key":"k1"}`); !strings.Contains(text, "idempotency_key_reused") {
		t.Errorf("got %.300s, want idempotency_key_reused", text)
	}
}

func toolNames(list *mcp.ListToolsResult) (names []string) {
	if list == nil {
		return nil
	}
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names
}
