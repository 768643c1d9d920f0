package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// listed are the values of one member of all in a list.
func listed(a map[string]any, list, member string) (values []string) {
	rows, _ := a[list].([]any)
	for _, r := range rows {
		values = append(values, fmt.Sprint(dig(r, member)))
	}
	return values
}

func TestSlackTokensByHand(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	for token, want := range map[string]string{s.SlackBotToken(): "fluxmcp B0SBXBOT1", s.SlackUserToken("caleb.ochoa"): "caleb.ochoa <nil>", s.SlackUserToken("noah.hughes"): "noah.hughes <nil>"} {
		a := slackCall(t, base, token, "auth.test")
		if got := fmt.Sprintf("%v %v", a["user"], a["bot_id"]); got != want || a["team_id"] != "T0SBXFLUX" {
			t.Errorf("%s: got %s of %v, want %s", token, got, a["team_id"], want)
		}
	}
	if n := s.RevokeAll(sandbox.Slack); n != 0 {
		t.Errorf("%d tokens made by hand were revoked with what people allowed, want none", n)
	}
	if a := slackCall(t, base, everyone(t, s, base, "caleb.ochoa"), "auth.test"); a["user"] != "caleb.ochoa" {
		t.Errorf("consent beside a token made by hand: %v", a)
	}
}

func TestSlackOwnConversations(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.SlackCrowd(3, 0, 0)
	for _, c := range []struct {
		name, token string
		args        []string
		want        string
	}{
		{"a person has what they are in", s.SlackUserToken("kofi.larsen"), []string{"exclude_archived", "true"}, "general tidal northern-lights solstice-brand flux-kit"},
		{"the bot is in the projects alone", s.SlackBotToken(), nil, "tidal northern-lights solstice-brand flux-kit"},
		{"private ones are asked for", s.SlackUserToken("caleb.ochoa"), []string{"types", "private_channel"}, "leadership"},
		{"what somebody else is in is seen as far as one sees", s.SlackUserToken("kofi.larsen"), []string{"user", "U0SBX00AA", "types", "public_channel,private_channel", "limit", "6"}, "general season-2025 tidal northern-lights solstice-brand flux-kit"},
	} {
		a := slackCall(t, base, c.token, "users.conversations", c.args...)
		if got := strings.Join(listed(a, "channels", "name"), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if dig(a, "channels", 0, "is_member") != nil || dig(a, "channels", 0, "num_members") != nil {
			t.Errorf("%s: %v tells of members, which users.conversations does not", c.name, dig(a, "channels", 0))
		}
	}
	token := s.SlackUserToken("caleb.ochoa")
	if a := slackCall(t, base, token, "conversations.info", "channel", "C0SBX0001"); dig(a, "channel", "is_member") != true || dig(a, "channel", "num_members") != nil {
		t.Errorf("conversations.info: %v, want is_member alone", a)
	}
	if a := slackCall(t, base, token, "conversations.info", "channel", "C0SBX0001", "include_num_members", "true"); dig(a, "channel", "num_members") != 9.0 {
		t.Errorf("conversations.info with include_num_members: %v, want 9", dig(a, "channel", "num_members"))
	}
	if a := slackCall(t, base, token, "conversations.list", "limit", "ten"); a["error"] != "invalid_limit" {
		t.Errorf("a limit that is no number: %v, want invalid_limit", a)
	}
}

func TestSlackMessagesLookLikeSlacks(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	theo, robot := s.SlackUserToken("theo.norris"), s.SlackBotToken()
	message := func(a map[string]any, i int) map[string]any {
		m, _ := dig(a, "messages", i).(map[string]any)
		return m
	}
	typed := message(slackCall(t, base, theo, "conversations.history", "channel", "C0SBX0010"), 0)
	first := fmt.Sprint(slackCall(t, base, robot, "chat.postMessage", "channel", "C0SBX0010", "text", "See <https://example.com/|*this*> &amp; <@U0SBX00AA>",
		"metadata", `{"event_type":"build","event_payload":{"n":7}}`)["ts"])
	slackCall(t, base, theo, "chat.postMessage", "channel", "C0SBX0010", "text", "one", "thread_ts", first)
	second := slackCall(t, base, robot, "chat.postMessage", "channel", "C0SBX0010", "text", "two", "thread_ts", first, "reply_broadcast", "true")
	slackCall(t, base, robot, "chat.postMessage", "channel", "C0SBX0010", "text", "three", "thread_ts", fmt.Sprint(second["ts"]))
	history := slackCall(t, base, theo, "conversations.history", "channel", "C0SBX0010", "include_all_metadata", "1")
	said, shown := message(history, 1), message(history, 0)
	plain := message(slackCall(t, base, theo, "conversations.history", "channel", "C0SBX0010"), 1)
	thread := slackCall(t, base, theo, "conversations.replies", "channel", "C0SBX0010", "ts", first, "include_all_metadata", "1")
	for _, c := range []struct {
		name string
		m    map[string]any
		path []any
		want any
	}{
		{"people's have an id of the client", typed, []any{"client_msg_id"}, "5bx"},
		{"people's are rich text", typed, []any{"blocks", 0, "elements", 0, "elements", 0, "type"}, "text"},
		{"people's are no bot's", typed, []any{"bot_id"}, nil},
		{"an app's have none", said, []any{"client_msg_id"}, nil},
		{"an app's name the bot", said, []any{"bot_id"}, "B0SBXBOT1"},
		{"an app's name the app", said, []any{"app_id"}, "A0SANDBOX1"},
		{"an app's have its profile", said, []any{"bot_profile", "name"}, "fluxmcp"},
		{"rich text has links", said, []any{"blocks", 0, "elements", 0, "elements", 1, "url"}, "https://example.com/"},
		{"rich text is not escaped", said, []any{"blocks", 0, "elements", 0, "elements", 2, "text"}, " & "},
		{"rich text has people", said, []any{"blocks", 0, "elements", 0, "elements", 3, "user_id"}, "U0SBX00AA"},
		{"a thread counts its replies", said, []any{"reply_count"}, 3.0},
		{"a thread counts who replied", said, []any{"reply_users_count"}, 2.0},
		{"a thread names who replied", said, []any{"reply_users", 0}, "U0SBX01AA"},
		{"a thread is not subscribed to", said, []any{"subscribed"}, false},
		{"metadata comes whole where it is asked for", said, []any{"metadata", "event_payload", "n"}, 7.0},
		{"metadata comes without payload where it is not", plain, []any{"metadata", "event_payload"}, nil},
		{"metadata comes with its type all the same", plain, []any{"metadata", "event_type"}, "build"},
		{"metadata comes with replies too", message(thread, 0), []any{"metadata", "event_payload", "n"}, 7.0},
		{"a reply for everybody has a subtype", shown, []any{"subtype"}, "thread_broadcast"},
		{"a reply for everybody has its root", shown, []any{"root", "ts"}, first},
		{"a reply names whom it answers", message(thread, 1), []any{"parent_user_id"}, "U0SBXBOT1"},
		{"a reply through an app is its person's", message(thread, 1), []any{"user"}, "U0SBX01AA"},
		{"a reply to a reply is in the thread", message(thread, 3), []any{"thread_ts"}, first},
	} {
		got := dig(c.m, c.path...)
		if text, ok := c.want.(string); got != c.want && !(ok && c.want == "5bx" && strings.HasPrefix(fmt.Sprint(got), text)) {
			t.Errorf("%s: got %v at %v, want %v", c.name, got, c.path, c.want)
		}
	}
}

func TestSlackThreadsGoOnPageByPage(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := s.SlackUserToken("theo.norris")
	first := fmt.Sprint(slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0001", "text", "first")["ts"])
	for i := range 5 {
		slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0001", "text", fmt.Sprint("reply ", i), "thread_ts", first)
	}
	var pages []string
	for cursor := ""; ; {
		a := slackCall(t, base, token, "conversations.replies", "channel", "C0SBX0001", "ts", first, "limit", "3", "cursor", cursor)
		pages = append(pages, strings.Join(listed(a, "messages", "text"), ","))
		if cursor, _ = dig(a, "response_metadata", "next_cursor").(string); cursor == "" {
			break
		}
	}
	if got, want := strings.Join(pages, " | "), "first,reply 0,reply 1 | first,reply 2,reply 3,reply 4"; got != want {
		t.Errorf("pages %q, want %q: each begins with the first message", got, want)
	}
	if a := slackCall(t, base, token, "chat.delete", "channel", "C0SBX0001", "ts", first); a["ok"] != true {
		t.Errorf("delete: %v", a)
	}
	a := slackCall(t, base, token, "conversations.replies", "channel", "C0SBX0001", "ts", first)
	if dig(a, "messages", 0, "subtype") != "tombstone" || dig(a, "messages", 0, "user") != "USLACKBOT" || len(listed(a, "messages", "ts")) != 6 {
		t.Errorf("a deleted message with replies: %v, want a tombstone and the replies", a)
	}
}

func TestSlackHistoryKeepsItsPlace(t *testing.T) {
	now := time.Unix(1_790_000_000, 0)
	s, base := start(t, sandbox.Options{Now: func() time.Time { return now }})
	token := s.SlackUserToken("theo.norris")
	var all []string
	for i := range 7 {
		all = append(all, fmt.Sprint(slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0013", "text", fmt.Sprint(i))["ts"]))
		s.Advance(time.Second)
	}
	texts := func(args ...string) string {
		a := slackCall(t, base, token, "conversations.history", append([]string{"channel", "C0SBX0013"}, args...)...)
		if a["ok"] != true {
			return fmt.Sprint(a["error"])
		}
		return strings.Join(listed(a, "messages", "text"), "")
	}
	page := slackCall(t, base, token, "conversations.history", "channel", "C0SBX0013", "limit", "3", "oldest", all[0])
	cursor, _ := dig(page, "response_metadata", "next_cursor").(string)
	slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0013", "text", "new")
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a cursor goes on from its message, whatever came since", []string{"cursor", cursor, "oldest", all[0]}, "321"},
		{"bounds are outside", []string{"oldest", all[1], "latest", all[4]}, "32"},
		{"bounds are inside where that is asked for", []string{"oldest", all[1], "latest", all[4], "inclusive", "1"}, "4321"},
		{"seconds will do as bounds", []string{"oldest", "1790000002", "latest", "1790000004.5"}, "432"},
		{"one message is found by its ts", []string{"latest", all[3], "inclusive", "true", "limit", "1"}, "3"},
		{"oldest must be a time", []string{"oldest", "yesterday"}, "invalid_ts_oldest"},
		{"latest must be a time", []string{"latest", "1e9"}, "invalid_ts_latest"},
		{"a cursor must be one", []string{"cursor", "bmV4dDo1"}, "invalid_cursor"},
	} {
		if got := texts(c.args...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s.SlackHistoryLimit(2)
	if got := texts("limit", "100"); got != "new6" {
		t.Errorf("with a limit of two a call: %q, want the newest two", got)
	}
	s.SlackHistoryLimit(0)
}

func TestSlackRefusesWhatItsPagesRefuse(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	theo, kofi, robot := s.SlackUserToken("theo.norris"), s.SlackUserToken("kofi.larsen"), s.SlackBotToken()
	ts := fmt.Sprint(slackCall(t, base, theo, "chat.postMessage", "channel", "C0SBX0010", "text", "mine")["ts"])
	blocks := func(b string, n int) string { return "[" + strings.TrimSuffix(strings.Repeat(b+",", n), ",") + "]" }
	text := func(kind string, n int) string {
		return `{"type":"` + kind + `","text":"` + strings.Repeat("x", n) + `"}`
	}
	for _, c := range []struct {
		name, token, method string
		args                []string
		want, why           string
	}{
		{"a thread of no message", theo, "chat.postMessage", []string{"text", "x", "thread_ts", "1600000000.000100"}, "thread_not_found", ""},
		{"a thread that is no ts", theo, "chat.postMessage", []string{"text", "x", "thread_ts", "1600000000"}, "invalid_thread_ts", ""},
		{"somebody else's message, to change", kofi, "chat.update", []string{"ts", ts, "text", "x"}, "cant_update_message", ""},
		{"somebody else's message, to delete", kofi, "chat.delete", []string{"ts", ts}, "cant_delete_message", ""},
		{"a person's message, to delete as the app", robot, "chat.delete", []string{"ts", ts}, "cant_delete_message", ""},
		{"no message, to delete", theo, "chat.delete", []string{"ts", "1600000000.000100"}, "message_not_found", ""},
		{"too much to change to", theo, "chat.update", []string{"ts", ts, "text", strings.Repeat("x", 4001)}, "msg_too_long", ""},
		{"Markdown beside a text", theo, "chat.postMessage", []string{"text", "x", "markdown_text", "y"}, "markdown_text_conflict", ""},
		{"too many attachments", theo, "chat.postMessage", []string{"attachments", blocks(`{"text":"x"}`, 101)}, "too_many_attachments", ""},
		{"metadata that is no JSON", theo, "chat.postMessage", []string{"text", "x", "metadata", "{"}, "invalid_metadata_format", ""},
		{"metadata without a type", theo, "chat.postMessage", []string{"text", "x", "metadata", `{"event_payload":{}}`}, "invalid_metadata_schema", ""},
		{"more than 50 blocks", theo, "chat.postMessage", []string{"blocks", blocks(`{"type":"divider"}`, 51)}, "invalid_blocks", "no more than 50 items allowed [json-pointer:/blocks]"},
		{"a section with no text", theo, "chat.postMessage", []string{"blocks", `[{"type":"divider"},{"type":"section"}]`}, "invalid_blocks", "missing required field: text [json-pointer:/blocks/1]"},
		{"a section of 3,001 characters", theo, "chat.postMessage", []string{"blocks", `[{"type":"section","text":` + text("mrkdwn", 3001) + `}]`}, "invalid_blocks", "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"},
		{"a header in mrkdwn", theo, "chat.postMessage", []string{"blocks", `[{"type":"header","text":` + text("mrkdwn", 3) + `}]`}, "invalid_blocks", "must be plain_text"},
		{"a header of 151 characters", theo, "chat.postMessage", []string{"blocks", `[{"type":"header","text":` + text("plain_text", 151) + `}]`}, "invalid_blocks", "must be less than 151"},
		{"eleven fields", theo, "chat.postMessage", []string{"blocks", `[{"type":"section","fields":` + blocks(text("mrkdwn", 1), 11) + `}]`}, "invalid_blocks", "/blocks/0/fields]"},
		{"a field of 2,001 characters", theo, "chat.postMessage", []string{"blocks", `[{"type":"section","fields":` + blocks(text("mrkdwn", 2001), 1) + `}]`}, "invalid_blocks", "/blocks/0/fields/0/text]"},
		{"eleven things in a context", theo, "chat.postMessage", []string{"blocks", `[{"type":"context","elements":` + blocks(text("mrkdwn", 1), 11) + `}]`}, "invalid_blocks", "/blocks/0/elements]"},
		{"an image without words for it", theo, "chat.postMessage", []string{"blocks", `[{"type":"image","image_url":"https://example.com/a.png"}]`}, "invalid_blocks", "alt_text"},
		{"the same block_id twice", theo, "chat.postMessage", []string{"blocks", blocks(`{"type":"divider","block_id":"a"}`, 2)}, "invalid_blocks", "block_id already exists: a"},
		{"Markdown of 12,001 characters in two blocks", theo, "chat.postMessage", []string{"blocks", blocks(`{"type":"markdown","text":"`+strings.Repeat("x", 6001)+`"}`, 2)}, "msg_blocks_too_long", ""},
		{"a channel that the app is not in, to read", robot, "conversations.replies", []string{"channel", "C0SBX0001", "ts", ts}, "not_in_channel", ""},
		{"no bot", theo, "bots.info", []string{"bot", "B1"}, "bot_not_found", ""},
		{"no file", theo, "files.info", []string{"file", "F1"}, "file_not_found", ""},
		{"an empty file", theo, "files.getUploadURLExternal", []string{"filename", "a", "length", "0"}, "missing_argument", ""},
	} {
		a := slackCall(t, base, c.token, c.method, append([]string{"channel", "C0SBX0010"}, c.args...)...)
		if why := fmt.Sprint(dig(a, "response_metadata", "messages", 0)); a["ok"] != false || a["error"] != c.want || c.why != "" && !strings.Contains(why, c.why) {
			t.Errorf("%s: got %v, want %s %s", c.name, a, c.want, c.why)
		}
	}
	if n := len(s.SlackPosts()); n != 1 {
		t.Errorf("%d posts were noted, want the one that was taken", n)
	}
}

func TestSlackUpdatesAsDocumented(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := s.SlackBotToken()
	post := slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0010", "text", "a", "blocks", `[{"type":"divider"}]`, "metadata", `{"event_type":"t","event_payload":{}}`)
	if dig(post, "message", "metadata", "event_type") != "t" {
		t.Errorf("post: %v, want its metadata told", post)
	}
	update := func(args ...string) map[string]any {
		a := slackCall(t, base, token, "chat.update", append([]string{"channel", "C0SBX0010", "ts", fmt.Sprint(post["ts"])}, args...)...)
		m, _ := a["message"].(map[string]any)
		return m
	}
	if m := update("text", "b", "blocks", `[{"type":"divider"}]`); m["edited"] != nil {
		t.Errorf("blocks changed: %v, want no sign of an edit", m)
	}
	if m := update("text", "c"); m["edited"] == nil || dig(m, "blocks", 0, "type") != "rich_text" || m["metadata"] == nil {
		t.Errorf("text alone: %v, want an edit, no blocks of before, and the metadata of before", m)
	}
	if m := update("text", "d", "metadata", "{}"); m["metadata"] != nil {
		t.Errorf("empty metadata: %v, want it gone", m)
	}
}

func TestSlackFilesTellWhereTheyAre(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := s.SlackUserToken("theo.norris")
	place := slackCall(t, base, token, "files.getUploadURLExternal", "filename", "Plan.pdf", "length", "5")
	id := fmt.Sprint(place["file_id"])
	if status, _, _ := send(t, "POST", fmt.Sprint(place["upload_url"]), http.Header{"Content-Type": {"application/pdf"}}, "hello"); status != 200 {
		t.Fatalf("upload: %d", status)
	}
	done := slackCall(t, base, token, "files.completeUploadExternal", "files", `[{"id":"`+id+`","title":"The plan"}]`, "channel_id", "C0SBX0010")
	if f, _ := dig(done, "files", 0).(map[string]any); len(f) != 2 || f["id"] != id {
		t.Errorf("complete: %v, want id and title alone, as documented", done)
	}
	history := slackCall(t, base, token, "conversations.history", "channel", "C0SBX0010", "limit", "1")
	info := slackCall(t, base, token, "files.info", "file", id)
	if at := dig(info, "file", "shares", "public", "C0SBX0010", 0, "ts"); at == nil || at != dig(history, "messages", 0, "ts") || dig(info, "file", "mimetype") != "application/pdf" {
		t.Errorf("files.info: %v, want the message %v", info, dig(history, "messages", 0, "ts"))
	}
	if a := slackCall(t, base, s.SlackUserToken("mei.ramirez"), "files.info", "file", id); a["error"] != "file_not_found" {
		t.Errorf("another workspace: %v, want file_not_found", a)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"a thread of no message", []string{"channel_id", "C0SBX0010", "thread_ts", "1600000000.000100"}, "thread_not_found"},
		{"a channel that there is not", []string{"channel_id", "C1"}, "channel_not_found"},
		{"what failed can be tried again", []string{"channel_id", "C0SBX0010"}, "<nil>"},
		{"what worked cannot", []string{"channel_id", "C0SBX0010"}, "file_not_found"},
	} {
		if id == fmt.Sprint(place["file_id"]) {
			place = slackCall(t, base, token, "files.getUploadURLExternal", "filename", "b.txt", "length", "1")
			id = fmt.Sprint(place["file_id"])
			send(t, "POST", fmt.Sprint(place["upload_url"]), http.Header{"Content-Type": {"text/plain"}}, "x")
			place["file_id"] = ""
		}
		if a := slackCall(t, base, token, "files.completeUploadExternal", append([]string{"files", `[{"id":"` + id + `"}]`}, c.args...)...); fmt.Sprint(a["error"]) != c.want {
			t.Errorf("%s: %v, want %s", c.name, a, c.want)
		}
	}
}

func TestSlackSearchKnowsItsModifiers(t *testing.T) {
	now := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	s, base := start(t, sandbox.Options{Now: func() time.Time { return now }})
	token := s.SlackUserToken("caleb.ochoa")
	for _, c := range []struct{ name, query, want string }{
		{"words in any order", "palette warmer", "The directors"},
		{"words that follow each other", `"a warmer palette"`, "The directors"},
		{"words that do not", `"warmer the palette"`, ""},
		{"an excluded word", "in:#tidal -ballad -tomorrow", "Yes, from,Quick question:,Uploaded a"},
		{"from somebody, by name", "from:@theo.norris ", "Give me,Uploaded a"},
		{"from somebody, by id", "from:<@U0SBX01AA> opener", "Uploaded a"},
		{"after a day", "in:#tidal after:2026-11-23", "Yes, from,Quick question:"},
		{"before a day", "in:#general before:2026-11-23", "Thanks, Noah.,Sana is,Reminder: invoices"},
		{"on a day", "in:#tidal on:2026-11-23", "The directors"},
		{"in threads", "in:#general is:thread", "Thanks, Noah.,Sana is"},
	} {
		a := slackCall(t, base, token, "search.messages", "query", c.query)
		var got []string
		matches, _ := dig(a, "messages").(map[string]any)
		for _, text := range listed(matches, "matches", "text") {
			got = append(got, strings.Join(strings.Fields(text)[:2], " "))
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %q finds %q, want %q", c.name, c.query, got, c.want)
		}
	}
}
