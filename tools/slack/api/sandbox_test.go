package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

const (
	bot      = "xoxb-SANDBOX-T0SBXFLUX"
	callback = "http://127.0.0.1:1/callback"
	allOf    = "channels:read,channels:history,groups:read,groups:history,im:read,im:history,im:write,mpim:read,mpim:history,users:read,users:read.email,chat:write,files:read,files:write,search:read"
)

// sandboxed starts a sandbox and returns its address.
func sandboxed(t *testing.T) (*sandbox.Sandbox, string) {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

// with is a client of the sandbox with a token.
func with(base, token string) *api.Client {
	client := &http.Client{Transport: api.BotToken(token, base, nil)}
	return api.New(api.Config{BaseURL: base + "/slack/api", Client: func(context.Context) *http.Client { return client }})
}

// person signs somebody in and returns their token, which has these scopes.
func person(t *testing.T, s *sandbox.Sandbox, base, who, scopes string) string {
	t.Helper()
	id, secret := s.Client(sandbox.Slack)
	s.Register(sandbox.Slack, callback)
	ask := url.Values{"client_id": {id}, "redirect_uri": {callback}, "state": {"5bxstate"}, "user_scope": {scopes}}
	back := must(s.Allow(sandbox.Slack, base+"/slack/oauth/v2/authorize?"+ask.Encode(), who))(t)
	u := must(url.Parse(back))(t)
	form := url.Values{"client_id": {id}, "client_secret": {secret}, "code": {u.Query().Get("code")}, "redirect_uri": {callback}}
	resp := must(http.PostForm(base+"/slack/api/oauth.v2.access", form))(t)
	defer resp.Body.Close()
	var got struct {
		User struct {
			Token string `json:"access_token"`
		} `json:"authed_user"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil || got.User.Token == "" {
		t.Fatalf("sign in %s: %v, %+v", who, err, got)
	}
	return got.User.Token
}

// must is a value that had no error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatalf("got %v", err)
		}
		return v
	}
}

// named is the conversation of a name.
func named(t *testing.T, c *api.Client, name string) api.Channel {
	t.Helper()
	page := must(c.Channels(t.Context(), api.ChannelQuery{Archived: true}))(t)
	at := slices.IndexFunc(page.List, func(ch api.Channel) bool { return ch.Name == name })
	if at < 0 {
		t.Fatalf("no #%s in %+v", name, page.List)
	}
	return page.List[at]
}

func TestTheSandboxIsReadAsSlackIs(t *testing.T) {
	s, base := sandboxed(t)
	c, ctx := with(base, person(t, s, base, "caleb.ochoa", allOf)), t.Context()
	me := must(c.Identity(ctx))(t)
	if me.Name != "caleb.ochoa" || me.Team != "T0SBXFLUX" || me.Title == "" || !strings.HasSuffix(me.URL, ".slack.com/") || me.Bot != "" || !slices.Contains(me.Scopes, "search:read") {
		t.Errorf("Identity: got %+v", me)
	}
	if got := must(with(base, bot).Identity(ctx))(t); got.Bot == "" || got.Team != "T0SBXFLUX" {
		t.Errorf("Identity of the bot: got %+v", got)
	}
	var names []string
	for q := (api.ChannelQuery{Limit: 2, Archived: true}); ; {
		page := must(c.Channels(ctx, q))(t)
		for _, ch := range page.List {
			names = append(names, ch.Name)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if !slices.Contains(names, "general") || !slices.Contains(names, "season-2025") || len(slices.Compact(slices.Sorted(slices.Values(names)))) != len(names) {
		t.Errorf("Channels by two: got %v", names)
	}
	mine := must(c.MyChannels(ctx, api.ChannelQuery{Kinds: []api.Kind{api.Private}}))(t)
	if len(mine.List) == 0 || mine.List[0].Kind != api.Private || !mine.List[0].Member {
		t.Errorf("MyChannels: got %+v, want private ones", mine)
	}
	general := named(t, c, "general")
	if got := must(c.Channel(ctx, general.ID))(t); got.Name != "general" || got.Kind != api.Public || got.Members == 0 {
		t.Errorf("Channel: got %+v", got)
	}
	people := must(c.Users(ctx, "", 3))(t)
	if len(people.List) != 3 || people.Next == "" || people.List[0].ID == "" {
		t.Errorf("Users: got %+v", people)
	}
	kofi := must(c.UserByEmail(ctx, "kofi.larsen@fluxstudio.example"))(t)
	if got := must(c.User(ctx, kofi.ID))(t); got != kofi || got.Called() == got.ID || got.Email == "" {
		t.Errorf("User: got %+v, want %+v", got, kofi)
	}
	_, err := c.User(ctx, "U0NOBODY")
	if toldOf(t, err).code != "unknown_user" {
		t.Errorf("nobody: got %v", err)
	}
}

func TestMessagesOfTheSandboxAreReadWrittenAndFound(t *testing.T) {
	s, base := sandboxed(t)
	c, ctx := with(base, person(t, s, base, "theo.norris", allOf)), t.Context()
	general := named(t, c, "general").ID
	note := api.Metadata{Type: "fluxmcp_post", Payload: json.RawMessage(`{"key":"k1"}`)}
	said := must(c.Post(ctx, api.NewMessage{Channel: general, Text: "The pelican has landed &amp; eaten", Metadata: note}))(t)
	reply := must(c.Post(ctx, api.NewMessage{Channel: general, Text: "pelican, part two", Thread: said.TS, Broadcast: true}))(t)
	if said.Channel != general || time.Since(api.Time(said.TS)).Abs() > time.Minute || api.TS(api.Time(said.TS)) != said.TS {
		t.Errorf("Post: got %+v", said)
	}
	history := must(c.History(ctx, api.HistoryQuery{Channel: general, Oldest: said.TS, Inclusive: true, Metadata: true}))(t)
	if len(history.List) != 2 || history.List[0].TS != reply.TS || !history.List[0].Broadcast || history.List[1].Replies != 1 ||
		history.List[1].Metadata.Type != "fluxmcp_post" || string(history.List[1].Metadata.Payload) != `{"key":"k1"}` || history.List[1].Unreadable {
		t.Errorf("History: got %+v, want the reply and what it is to", history)
	}
	thread := must(c.Replies(ctx, api.HistoryQuery{Channel: general, Thread: said.TS}))(t)
	if len(thread.List) != 2 || thread.List[0].TS != said.TS || thread.List[1].Text != "pelican, part two" {
		t.Errorf("Replies: got %+v", thread)
	}
	found := must(c.Search(ctx, api.SearchQuery{Query: "pelican in:#general", Limit: 1}))(t)
	if found.Total != 2 || found.Pages != 2 || len(found.List) != 1 || found.List[0].TS != reply.TS || found.List[0].Channel.Name != "general" || found.List[0].Thread != said.TS {
		t.Errorf("Search: got %+v", found)
	}
	if link := must(c.Permalink(ctx, general, said.TS))(t); !strings.HasSuffix(link, "/p"+strings.ReplaceAll(said.TS, ".", "")) {
		t.Errorf("Permalink: got %s", link)
	}
	blocks := json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"*in blocks*"}}]`)
	changed := must(c.Update(ctx, said.TS, api.NewMessage{Channel: general, Blocks: blocks}))(t)
	history = must(c.History(ctx, api.HistoryQuery{Channel: general, Oldest: said.TS, Latest: said.TS, Inclusive: true}))(t)
	if changed != said || history.List[0].Text != "*in blocks*" {
		t.Errorf("Update: got %+v, then %+v", changed, history.List)
	}
	must(c.Update(ctx, said.TS, api.NewMessage{Channel: general, Text: "text again"}))(t)
	history = must(c.History(ctx, api.HistoryQuery{Channel: general, Oldest: said.TS, Latest: said.TS, Inclusive: true}))(t)
	if history.List[0].Text != "text again" || history.List[0].Edited == "" {
		t.Errorf("Update with a text: got %+v", history.List)
	}
	if err := c.Delete(ctx, general, said.TS); err != nil {
		t.Errorf("Delete: got %v", err)
	}
	if err := c.Delete(ctx, general, said.TS); toldOf(t, err).code != "unknown_message" {
		t.Errorf("Delete twice: got %v", err)
	}
	kofi := must(c.UserByEmail(ctx, "kofi.larsen@fluxstudio.example"))(t)
	if direct := must(c.Post(ctx, api.NewMessage{Channel: kofi.ID, Text: "hi"}))(t); !strings.HasPrefix(direct.Channel, "D") {
		t.Errorf("Post to a person: got %+v, want their conversation", direct)
	}
}

func TestAFileOfTheSandboxIsUploadedInThreeSteps(t *testing.T) {
	s, base := sandboxed(t)
	c, ctx := with(base, person(t, s, base, "theo.norris", allOf)), t.Context()
	general := named(t, c, "general").ID
	place := must(c.PlaceUpload(ctx, api.Upload{Name: "Notes.txt", Size: 5}))(t)
	if err := c.SendUpload(ctx, place, strings.NewReader("hello"), 5, nil); err != nil {
		t.Fatalf("SendUpload: got %v", err)
	}
	shared := must(c.ShareUpload(ctx, api.Share{FileID: place.FileID, Title: "Notes", Channel: general, Comment: "Here they are"}))(t)
	if shared.ID != place.FileID || shared.Title != "Notes" {
		t.Errorf("ShareUpload: got %+v", shared)
	}
	info := must(c.FileInfo(ctx, place.FileID))(t)
	history := must(c.History(ctx, api.HistoryQuery{Channel: general, Limit: 1}))(t)
	if len(history.List[0].Files) != 1 || history.List[0].Files[0].ID != place.FileID || !slices.Equal(info.Shares[general], []string{history.List[0].TS}) {
		t.Errorf("FileInfo: got %+v, want it in %+v", info, history.List)
	}
}

func TestBadDaysOfTheSandbox(t *testing.T) {
	s, base := sandboxed(t)
	c, ctx := with(base, person(t, s, base, "theo.norris", "channels:read,channels:history,chat:write")), t.Context()
	general, archived := named(t, c, "general").ID, named(t, c, "season-2025").ID
	post := func(c *api.Client, channel, text string) error {
		return ignore(c.Post(ctx, api.NewMessage{Channel: channel, Text: text}))
	}
	_, scope := c.Search(ctx, api.SearchQuery{Query: "x"})
	_, kinds := c.Channels(ctx, api.ChannelQuery{Kinds: []api.Kind{api.Public, api.Private}})
	_, kind := with(base, bot).Search(ctx, api.SearchQuery{Query: "x"})
	_, blocks := c.Post(ctx, api.NewMessage{Channel: general, Blocks: json.RawMessage(`[{"type":"hologram"}]`)})
	_, thread := c.Replies(ctx, api.HistoryQuery{Channel: general, Thread: "1.0"})
	_, cursor := c.History(ctx, api.HistoryQuery{Channel: general, Cursor: "x"})
	_, update := c.Update(ctx, "1.0", api.NewMessage{Channel: general, Text: "x"})
	for _, x := range []struct {
		name string
		err  error
		want string
	}{
		{"no such channel", post(c, "C0NOTHING", "x"), "unknown_channel"},
		{"an archived one", post(c, archived, "x"), "slack_channel_archived"},
		{"a text that is too long", post(c, general, strings.Repeat("x", 40_001)), "slack_message_too_long"},
		{"no text", post(c, general, ""), "slack_refused"},
		{"a method whose scope is missing", scope, "slack_scope_missing"},
		{"a kind whose scope is missing", kinds, "slack_scope_missing"},
		{"a search with a bot's token", kind, "slack_user_token_needed"},
		{"blocks of no kind", blocks, "slack_invalid_blocks"},
		{"no such thread", thread, "unknown_thread"},
		{"a cursor that is none", cursor, "slack_refused"},
		{"no such message", update, "unknown_message"},
		{"a token that is none", post(with(base, "xoxp-nothing"), general, "x"), "slack_token_refused"},
	} {
		if got := toldOf(t, x.err); got.code != x.want {
			t.Errorf("%s: got %v, want %s", x.name, x.err, x.want)
		}
	}
	e, _ := errors.AsType[*api.Error](kinds)
	if _, missing := e.MissingScopes(); !slices.Equal(missing, []string{"groups:read"}) || !strings.Contains(e.Provided, "channels:read") {
		t.Errorf("got %+v, want groups:read to be missing", e)
	}
	if e, _ := errors.AsType[*api.Error](blocks); !strings.Contains(e.Details()["problems"], "/blocks/0") {
		t.Errorf("got %+v, want the block named", e)
	}
}

func TestFailuresOfTheSandbox(t *testing.T) {
	s, base := sandboxed(t)
	c, ctx := with(base, person(t, s, base, "theo.norris", allOf)), t.Context()
	general := named(t, c, "general").ID
	s.Fail(sandbox.Slack, "conversations.history", 1, 500)
	must(c.History(ctx, api.HistoryQuery{Channel: general}))(t)
	s.FailWith(sandbox.Slack, sandbox.Failure{What: "chat.postMessage", Times: 1, Status: 0, Late: true})
	if _, err := c.Post(ctx, api.NewMessage{Channel: general, Text: "only once"}); toldOf(t, err).code != "slack_outcome_unknown" {
		t.Errorf("an answer that is cut after the post: got %v", err)
	}
	found := must(c.Search(ctx, api.SearchQuery{Query: "only once"}))(t)
	if found.Total != 1 || s.Count(sandbox.Slack, "chat.postMessage") != 1 {
		t.Errorf("posted %d times with %d requests, want once", found.Total, s.Count(sandbox.Slack, "chat.postMessage"))
	}
	s.FailWith(sandbox.Slack, sandbox.Failure{What: "chat.postMessage", Times: 1, Status: 429, RetryAfter: 60})
	if _, err := c.Post(ctx, api.NewMessage{Channel: general, Text: "later"}); toldOf(t, err).code != "slack_rate_limited" {
		t.Errorf("429: got %v", err)
	}
	s.Revoke(sandbox.Slack, "theo.norris")
	if _, err := c.Identity(ctx); toldOf(t, err).code != "slack_token_refused" {
		t.Errorf("a token that was revoked: got %v", err)
	}
}
