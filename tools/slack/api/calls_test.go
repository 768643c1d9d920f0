package api_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

func TestCallsSendWhatSlackDocumentsAndReadWhatItAnswers(t *testing.T) {
	for _, c := range []struct {
		call
		method, form string // sorted by name
		answer       string
		head         map[string]string
		want         any
	}{
		{calling("Identity", func(ctx context.Context, c *api.Client) (api.Identity, error) { return c.Identity(ctx) }),
			"auth.test", "", `{"ok":true,"url":"https://subarachnoid.slack.com","team":"Subarachnoid Workspace","user":"grace","team_id":"T12345678","user_id":"W12345678","bot_id":"B1"}`,
			map[string]string{"X-OAuth-Scopes": "channels:read, chat:write"},
			api.Identity{User: "W12345678", Name: "grace", Team: "T12345678", Title: "Subarachnoid Workspace", URL: "https://subarachnoid.slack.com/", Bot: "B1", Scopes: []string{"channels:read", "chat:write"}}},
		{calling("Channels", func(ctx context.Context, c *api.Client) (api.Page[api.Channel], error) {
			return c.Channels(ctx, api.ChannelQuery{})
		}), "conversations.list", "exclude_archived=true&limit=999&types=public_channel",
			`{"ok":true,"channels":[{"id":"C1","name":"general","is_channel":true,"is_member":true,"num_members":4,"topic":{"value":"Company","creator":"","last_set":0},"purpose":{"value":"All"},"previous_names":[]},
			{"id":"G1","name":"mpdm-a--b-1","is_mpim":true,"is_private":true},{"id":"C2","name":"secret","is_private":true,"is_archived":true},{"id":"D1","is_im":true,"user":"U2"}],"response_metadata":{"next_cursor":"dGVhbTpDMQ=="}}`, nil,
			api.Page[api.Channel]{Next: "dGVhbTpDMQ==", List: []api.Channel{
				{ID: "C1", Kind: api.Public, Name: "general", Topic: "Company", Purpose: "All", Members: 4, Member: true},
				{ID: "G1", Kind: api.Group, Name: "mpdm-a--b-1", Member: true},
				{ID: "C2", Kind: api.Private, Name: "secret", Archived: true},
				{ID: "D1", Kind: api.Direct, User: "U2", Member: true},
			}}},
		{calling("MyChannels", func(ctx context.Context, c *api.Client) (api.Page[api.Channel], error) {
			return c.MyChannels(ctx, api.ChannelQuery{Kinds: []api.Kind{api.Direct, api.Private}, Archived: true, Limit: 5000, Cursor: "x"})
		}), "users.conversations", "cursor=x&limit=999&types=im%2Cprivate_channel", `{"ok":true,"channels":[{"id":"C1","name":"general"}],"response_metadata":{"next_cursor":""}}`, nil,
			api.Page[api.Channel]{List: []api.Channel{{ID: "C1", Kind: api.Public, Name: "general", Member: true}}}},
		{calling("Channel", func(ctx context.Context, c *api.Client) (api.Channel, error) { return c.Channel(ctx, "C1") }),
			"conversations.info", "channel=C1&include_locale=false&include_num_members=true", `{"ok":true,"channel":{"id":"C1","name":"general","num_members":2,"latest":{"blocks":7}}}`, nil,
			api.Channel{ID: "C1", Kind: api.Public, Name: "general", Members: 2}},
		{calling("User", func(ctx context.Context, c *api.Client) (api.User, error) { return c.User(ctx, "W012") }),
			"users.info", "include_locale=false&user=W012",
			`{"ok":true,"user":{"id":"W012","team_id":"T1","name":"spengler","deleted":true,"real_name":"Egon Spengler","tz":"America/New_York","is_restricted":true,"profile":{"title":"Ghosts","display_name":"egon","email":"s@g.example","fields":[]}}}`, nil,
			api.User{ID: "W012", Team: "T1", Handle: "spengler", Name: "Egon Spengler", Display: "egon", Title: "Ghosts", Email: "s@g.example", Zone: "America/New_York", Gone: true, Guest: true}},
		{calling("UserByEmail", func(ctx context.Context, c *api.Client) (api.User, error) { return c.UserByEmail(ctx, "s+1@g.example") }),
			"users.lookupByEmail", "email=s%2B1%40g.example", `{"ok":true,"user":{"id":"U1","name":"s","is_bot":true,"profile":{"real_name":"S","team":"T2"}}}`, nil,
			api.User{ID: "U1", Team: "T2", Handle: "s", Name: "S", Bot: true}},
		{calling("Users", func(ctx context.Context, c *api.Client) (api.Page[api.User], error) { return c.Users(ctx, "", 0) }),
			"users.list", "include_locale=false&limit=1000", `{"ok":true,"members":[{"id":"USLACKBOT","name":"slackbot"}],"response_metadata":{"next_cursor":"n"}}`, nil,
			api.Page[api.User]{Next: "n", List: []api.User{{ID: "USLACKBOT", Handle: "slackbot", Bot: true}}}},
		{calling("Update", func(ctx context.Context, c *api.Client) (api.Posted, error) {
			return c.Update(ctx, "1.2", api.NewMessage{Channel: "C1", Text: "a <b> & c", Thread: "1.0", Broadcast: true})
		}), "chat.update", "blocks=%5B%5D&channel=C1&parse=none&text=a+%3Cb%3E+%26+c&ts=1.2&unfurl_links=false&unfurl_media=false", `{"ok":true,"channel":"C1","ts":"1.2","text":"a"}`, nil,
			api.Posted{Channel: "C1", TS: "1.2"}},
		{calling("Delete", func(ctx context.Context, c *api.Client) (any, error) { return nil, c.Delete(ctx, "C1", "1.2") }),
			"chat.delete", "channel=C1&ts=1.2", `{"ok":true,"channel":"C1","ts":"1.2"}`, nil, nil},
		{calling("Permalink", func(ctx context.Context, c *api.Client) (string, error) { return c.Permalink(ctx, "C1", "1.2") }),
			"chat.getPermalink", "channel=C1&message_ts=1.2", `{"ok":true,"channel":"C1","permalink":"https://x.slack.com/archives/C1/p12"}`, nil, "https://x.slack.com/archives/C1/p12"},
		{calling("PlaceUpload", func(ctx context.Context, c *api.Client) (api.UploadPlace, error) {
			return c.PlaceUpload(ctx, api.Upload{Name: "a b.txt", Size: 53072, AltText: "text"})
		}), "files.getUploadURLExternal", "alt_txt=text&filename=a+b.txt&length=53072", `{"ok":true,"upload_url":"https://files.slack.com/upload/v1/ABC","file_id":"F1"}`, nil,
			api.UploadPlace{FileID: "F1", URL: "https://files.slack.com/upload/v1/ABC"}},
		{calling("ShareUpload", func(ctx context.Context, c *api.Client) (api.File, error) {
			return c.ShareUpload(ctx, api.Share{FileID: "F1", Title: "T", Channel: "C1", Thread: "1.2", Comment: "see"})
		}), "files.completeUploadExternal", "channel_id=C1&files=%5B%7B%22id%22%3A%22F1%22%2C%22title%22%3A%22T%22%7D%5D&initial_comment=see&thread_ts=1.2", `{"ok":true,"files":[{"id":"F1","title":"T"}]}`, nil,
			api.File{ID: "F1", Title: "T"}},
		{calling("FileInfo", func(ctx context.Context, c *api.Client) (api.File, error) { return c.FileInfo(ctx, "F1") }),
			"files.info", "count=1&file=F1&page=1", `{"ok":true,"file":{"id":"F1","name":"a.txt","title":"A","mimetype":"text/plain","size":5000000000,"permalink":"https://x","user":"U1","shares":{"public":{"C1":[{"ts":"1.2"},{"ts":"1.3"}]},"private":{"D1":[{"ts":"2.1"}]}}}}`, nil,
			api.File{ID: "F1", Name: "a.txt", Title: "A", MIMEType: "text/plain", Size: 5_000_000_000, Permalink: "https://x", User: "U1", Shares: map[string][]string{"C1": {"1.2", "1.3"}, "D1": {"2.1"}}}},
		{calling("FileInfo of one that is gone", func(ctx context.Context, c *api.Client) (api.File, error) { return c.FileInfo(ctx, "F1") }),
			"files.info", "count=1&file=F1&page=1", `{"ok":true,"file":{"id":"F1","mode":"tombstone","shares":[]}}`, nil, api.File{ID: "F1", Gone: true}},
	} {
		client, slack := over(t, reply{body: c.answer, head: c.head})
		got, err := c.do(t.Context(), client)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.name, got, err, c.want)
		}
		if slack.seen[0] != c.method || slack.forms[0].Encode() != c.form {
			t.Errorf("%s: sent %s %s, want %s %s", c.name, slack.seen[0], slack.forms[0].Encode(), c.method, c.form)
		}
	}
}

func TestMessagesAreReadAndSearched(t *testing.T) {
	const page = `{"ok":true,"has_more":true,"messages":[
	{"type":"message","user":"U1","text":"hi &amp; bye","ts":"2.1","thread_ts":"2.1","reply_count":3,"latest_reply":"2.9","team":"T1","edited":{"user":"U1","ts":"2.2"},
	 "reactions":[{"name":"eyes","users":["U2"],"count":2}],"files":[{"id":"F1","name":"a.png","size":12,"mode":"hosted"},{"id":"F2","mode":"hidden_by_limit"}],
	 "user_profile":{"name":"egon","real_name":"Egon Spengler","display_name":"E","team":"T1","is_restricted":false},
	 "metadata":{"event_type":"task","event_payload":{"n":12345678901234567890}}},
	{"type":"message","subtype":"bot_message","bot_id":"B1","text":"","ts":"1.9","bot_profile":{"name":"CI"},"attachments":[{"fallback":"built"}]},
	{"type":"message","user":"U3","text":"reply","ts":"1.8","thread_ts":"1.0"}],
	"response_metadata":{"next_cursor":"bmV4dA=="}}`
	client, slack := over(t, reply{body: page})
	got, err := client.History(t.Context(), api.HistoryQuery{Channel: "C1", Oldest: "1.0", Latest: "3.0", Inclusive: true, Metadata: true, Limit: 4000, Cursor: "x"})
	want := api.Messages{Next: "bmV4dA==", List: []api.Message{
		{TS: "2.1", User: "U1", Text: "hi &amp; bye", Team: "T1", Thread: "2.1", Replies: 3, LastReply: "2.9", Edited: "2.2",
			Reactions: []api.Reaction{{Name: "eyes", Count: 2}}, Files: []api.File{{ID: "F1", Name: "a.png", Size: 12}, {ID: "F2", Gone: true}},
			Profile:  api.User{ID: "U1", Team: "T1", Handle: "egon", Name: "Egon Spengler", Display: "E"},
			Metadata: api.Metadata{Type: "task", Payload: json.RawMessage(`{"n":12345678901234567890}`)}},
		{TS: "1.9", Bot: "B1", Subtype: "bot_message", Username: "CI", Text: "built"},
		{TS: "1.8", User: "U3", Text: "reply", Thread: "1.0", Broadcast: true},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("history: got %+v, %v, want %+v", got, err, want)
	}
	if form := slack.forms[0].Encode(); form != "channel=C1&cursor=x&include_all_metadata=1&inclusive=1&latest=3.0&limit=999&oldest=1.0" {
		t.Errorf("history: sent %s", form)
	}
	client, slack = over(t, reply{body: page})
	thread, err := client.Replies(t.Context(), api.HistoryQuery{Channel: "C1", Thread: "1.0"})
	if err != nil || thread.List[2].Broadcast || slack.forms[0].Encode() != "channel=C1&include_all_metadata=0&inclusive=0&limit=100&ts=1.0" {
		t.Errorf("replies: got %+v, %v, sent %s, want no broadcast", thread.List[2], err, slack.forms[0].Encode())
	}
	const found = `{"ok":true,"query":"x","messages":{"total":41,"paging":{"count":20,"total":41,"page":2,"pages":3},"matches":[
	{"type":"message","channel":{"id":"C2","name":"random","is_private":true},"user":"U1","username":"egon","ts":"1.2","text":"x","permalink":"https://x.slack.com/archives/C2/p12?thread_ts=1.0&cid=C2"},
	{"channel":{"id":"D1","name":"U9","is_im":true},"user":"U9","ts":"1.1","text":"x too"}]}}`
	client, slack = over(t, reply{body: found})
	hits, err := client.Search(t.Context(), api.SearchQuery{Query: "x in:#random", Page: 2})
	wantHits := api.Found{Total: 41, Page: 2, Pages: 3, List: []api.Message{
		{TS: "1.2", User: "U1", Username: "egon", Text: "x", Thread: "1.0", Permalink: "https://x.slack.com/archives/C2/p12?thread_ts=1.0&cid=C2", Channel: api.Channel{ID: "C2", Name: "random", Kind: api.Private}},
		{TS: "1.1", User: "U9", Text: "x too", Channel: api.Channel{ID: "D1", User: "U9", Kind: api.Direct, Member: true}},
	}}
	if err != nil || !reflect.DeepEqual(hits, wantHits) || slack.forms[0].Encode() != "page=2&query=x+in%3A%23random&sort=timestamp" {
		t.Errorf("search: got %+v, %v, sent %s, want %+v", hits, err, slack.forms[0].Encode(), wantHits)
	}
	client, slack = over(t, reply{body: found})
	if _, err := client.Search(t.Context(), api.SearchQuery{Query: "x", Relevance: true, Limit: 500, Page: 900}); err != nil || slack.forms[0].Encode() != "count=100&page=100&query=x" {
		t.Errorf("search by relevance: %v, sent %s", err, slack.forms[0].Encode())
	}
}

func TestPostsSayWhatTheyShouldAndNoMore(t *testing.T) {
	for _, c := range []struct {
		name string
		m    api.NewMessage
		form string
		code string
	}{
		{"a text is neither parsed nor unfolded", api.NewMessage{Channel: "C1", Text: "<!here> a&b"}, "channel=C1&parse=none&text=%3C%21here%3E+a%26b&unfurl_links=false&unfurl_media=false", ""},
		{"links are unfolded where that is asked for", api.NewMessage{Channel: "C1", Text: "x", Unfurl: true}, "channel=C1&parse=none&text=x&unfurl_links=true&unfurl_media=true", ""},
		{"a reply may be broadcast", api.NewMessage{Channel: "C1", Text: "x", Thread: "1.2", Broadcast: true}, "channel=C1&parse=none&reply_broadcast=true&text=x&thread_ts=1.2&unfurl_links=false&unfurl_media=false", ""},
		{"what is no reply is not", api.NewMessage{Channel: "C1", Text: "x", Broadcast: true}, "channel=C1&parse=none&text=x&unfurl_links=false&unfurl_media=false", ""},
		{"blocks and metadata go as they are", api.NewMessage{Channel: "U1", Blocks: json.RawMessage(`[{"type":"new","n":1e400}]`), Metadata: api.Metadata{Type: "t", Payload: json.RawMessage(`{"key":"k"}`)}},
			"blocks=%5B%7B%22type%22%3A%22new%22%2C%22n%22%3A1e400%7D%5D&channel=U1&metadata=%7B%22event_payload%22%3A%7B%22key%22%3A%22k%22%7D%2C%22event_type%22%3A%22t%22%7D&parse=none&unfurl_links=false&unfurl_media=false", ""},
		{"metadata without a payload have an empty one", api.NewMessage{Channel: "C1", Text: "x", Metadata: api.Metadata{Type: "t"}},
			"channel=C1&metadata=%7B%22event_payload%22%3A%7B%7D%2C%22event_type%22%3A%22t%22%7D&parse=none&text=x&unfurl_links=false&unfurl_media=false", ""},
		{"metadata that are no JSON are not sent", api.NewMessage{Channel: "C1", Text: "x", Metadata: api.Metadata{Type: "t", Payload: json.RawMessage(`{`)}}, "", "slack_refused"},
	} {
		client, slack := over(t, reply{body: `{"ok":true,"channel":"C1","ts":"1.2","message":{"blocks":"of a shape to come"}}`})
		got, err := client.Post(t.Context(), c.m)
		if code := toldOf(t, err).code; code != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
		switch {
		case c.code != "":
			if len(slack.seen) != 0 {
				t.Errorf("%s: sent %v", c.name, slack.forms)
			}
		case got != api.Posted{Channel: "C1", TS: "1.2"}, slack.forms[0].Encode() != c.form:
			t.Errorf("%s: got %+v, sent %s, want %s", c.name, got, slack.forms[0].Encode(), c.form)
		}
	}
}

func TestOneOddShapeCostsNoOtherItem(t *testing.T) {
	client, _ := over(t, reply{body: `{"ok":true,"messages":[
		{"ts":"1.1","text":"good","blocks":{"not":"a list"}},
		{"ts":"1.2","text":"half","reactions":{"eyes":1},"user":"U1"},
		{"ts":12,"text":"no ts"}, null, "text", {"ts":"1.3","text":"end","channel":"C1","edited":null}],"response_metadata":[]}`})
	got, err := client.History(t.Context(), api.HistoryQuery{Channel: "C1"})
	want := []api.Message{
		{TS: "1.1", Text: "good"}, {TS: "1.2", Text: "half", User: "U1", Unreadable: true},
		{Text: "no ts", Unreadable: true}, {Unreadable: true}, {Unreadable: true}, {TS: "1.3", Text: "end"},
	}
	if toldOf(t, err).code != "slack_unreadable" { // the cursor cannot be read, and the page would look like the last
		t.Errorf("a page without its cursor: got %+v, %v, want slack_unreadable", got, err)
	}
	client, _ = over(t, reply{body: `{"ok":true,"messages":[
		{"ts":"1.1","text":"good","blocks":{"not":"a list"}},
		{"ts":"1.2","text":"half","reactions":{"eyes":1},"user":"U1"},
		{"ts":12,"text":"no ts"}, null, "text", {"ts":"1.3","text":"end","channel":"C1","edited":null}]}`})
	got, err = client.History(t.Context(), api.HistoryQuery{Channel: "C1"})
	if err != nil || !reflect.DeepEqual(got.List, want) {
		t.Errorf("messages: got %+v, %v, want %+v", got.List, err, want)
	}
	client, _ = over(t, reply{body: `{"ok":true,"channels":[{"id":"C1","name":"a","topic":[]},{"name":"without id"},null,{"id":"C2","num_members":"many"}]}`})
	channels, err := client.Channels(t.Context(), api.ChannelQuery{})
	if wantList := []api.Channel{{ID: "C1", Kind: api.Public, Name: "a"}, {ID: "C2", Kind: api.Public}}; err != nil || !reflect.DeepEqual(channels.List, wantList) {
		t.Errorf("channels: got %+v, %v, want %+v", channels.List, err, wantList)
	}
	client, _ = over(t, reply{body: `{"ok":true,"members":[{"id":"U1","name":"a","profile":[]},{"id":7},{"id":"U2","deleted":"yes","tz":null}]}`})
	users, err := client.Users(t.Context(), "", 10)
	if wantList := []api.User{{ID: "U1", Handle: "a"}, {ID: "U2"}}; err != nil || !reflect.DeepEqual(users.List, wantList) {
		t.Errorf("users: got %+v, %v, want %+v", users.List, err, wantList)
	}
}
