package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// slackCall calls a method with a form.
func slackCall(t *testing.T, base, token, method string, args ...string) map[string]any {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	status, body, _ := send(t, "POST", base+"/slack/api/"+method, http.Header{"Authorization": {"Bearer " + token}}, form.Encode()+"&_=")
	if status != 200 {
		t.Fatalf("%s: status %d %v, want 200", method, status, body)
	}
	return body
}

// everyone is a token of a person with all that fluxmcp asks for.
func everyone(t *testing.T, s *sandbox.Sandbox, base, person string) string {
	t.Helper()
	return fmt.Sprint(dig(slackGrant(t, s, base, person, url.Values{"user_scope": {
		"channels:read,channels:history,groups:read,groups:history,im:read,im:history,im:write,mpim:read,users:read,users:read.email,team:read,chat:write,files:write,search:read,reactions:write,channels:join",
	}}), "authed_user", "access_token"))
}

func TestSlackConversations(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	caleb, kofi := everyone(t, s, base, "caleb.ochoa"), everyone(t, s, base, "kofi.larsen")
	names := func(token string, args ...string) (list []string) {
		for cursor := ""; ; {
			a := slackCall(t, base, token, "conversations.list", append(args, "limit", "2", "cursor", cursor)...)
			for _, ch := range a["channels"].([]any) {
				list = append(list, fmt.Sprint(ch.(map[string]any)["name"]))
			}
			if cursor, _ = dig(a, "response_metadata", "next_cursor").(string); cursor == "" {
				return list
			}
		}
	}
	for _, c := range []struct {
		name, token string
		args        []string
		want        string
	}{
		{"public ones are listed page by page", caleb, []string{"exclude_archived", "true"}, "general tidal northern-lights solstice-brand flux-kit"},
		{"archived ones are there unless excluded", caleb, nil, "general season-2025 tidal northern-lights solstice-brand flux-kit"},
		{"private ones are for their members", caleb, []string{"types", "private_channel"}, "leadership"},
		{"private ones are for nobody else", kofi, []string{"types", "private_channel"}, ""},
	} {
		if got := strings.Join(names(c.token, c.args...), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	id := fmt.Sprint(dig(slackCall(t, base, caleb, "conversations.list", "exclude_archived", "true"), "channels", 1, "id"))
	history := slackCall(t, base, caleb, "conversations.history", "channel", id, "limit", "2")
	if history["has_more"] != true || dig(history, "messages", 0, "reply_count") != 1.0 || !strings.Contains(fmt.Sprint(dig(history, "messages", 0, "text")), "staircase") {
		t.Errorf("history %v, want the newest of three first, with its reply counted", history)
	}
	thread := slackCall(t, base, caleb, "conversations.replies", "channel", id, "ts", fmt.Sprint(dig(history, "messages", 0, "ts")))
	if dig(thread, "messages", 1, "text") != "Yes, from Monday on." {
		t.Errorf("replies %v, want the answer second", thread)
	}
	for _, c := range []struct {
		name, method string
		args         []string
		want         any
	}{
		{"an unknown channel", "conversations.history", []string{"channel", "C1"}, "channel_not_found"},
		{"an unknown thread", "conversations.replies", []string{"channel", id, "ts", "1.0"}, "thread_not_found"},
		{"an unknown cursor", "conversations.list", []string{"cursor", "x"}, "invalid_cursor"},
		{"an unknown type", "conversations.list", []string{"types", "secret"}, "invalid_types"},
		{"an unknown user", "users.info", []string{"user", "U1"}, "user_not_found"},
		{"an unknown address", "users.lookupByEmail", []string{"email", "x@y.example"}, "users_not_found"},
		{"an unknown method", "conversations.everything", nil, "unknown_method"},
		{"nothing to say", "chat.postMessage", []string{"channel", id}, "no_text"},
		{"too much to say", "chat.postMessage", []string{"channel", id, "text", strings.Repeat("x", 40001)}, "msg_too_long"},
		{"blocks that are no list", "chat.postMessage", []string{"channel", id, "blocks", "{"}, "invalid_blocks_format"},
		{"blocks of no known kind", "chat.postMessage", []string{"channel", id, "blocks", `[{"type":"hologram"}]`}, "invalid_blocks"},
		{"a section that is too long", "chat.postMessage", []string{"channel", id, "blocks", `[{"type":"section","text":{"type":"mrkdwn","text":"` + strings.Repeat("x", 3001) + `"}}]`}, "invalid_blocks"},
		{"an archived channel", "chat.postMessage", []string{"channel", "C0SBX0003", "text", "hi"}, "is_archived"},
		{"another workspace's channel", "chat.postMessage", []string{"channel", "C0SBX0101", "text", "hi"}, "channel_not_found"},
		{"somebody else's message", "chat.update", []string{"channel", id, "ts", fmt.Sprint(dig(history, "messages", 0, "ts")), "text", "no"}, "cant_update_message"},
		{"nothing to look for", "search.messages", nil, "no_query"},
	} {
		if a := slackCall(t, base, caleb, c.method, c.args...); a["ok"] != false || a["error"] != c.want {
			t.Errorf("%s: %v, want %v", c.name, a, c.want)
		}
	}
}

func TestSlackWritesAndFindsMessages(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := everyone(t, s, base, "theo.norris")
	said := slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0001", "text", "The pelican has landed", "metadata", `{"event_type":"x","event_payload":{"key":"1"}}`)
	ts := fmt.Sprint(said["ts"])
	reply := slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0001", "text", "pelican, second part", "thread_ts", ts, "reply_broadcast", "true")
	if said["ok"] != true || reply["ok"] != true {
		t.Fatalf("post: %v %v", said, reply)
	}
	found := slackCall(t, base, token, "search.messages", "query", "PELICAN in:#general from:@theo.norris")
	if dig(found, "messages", "total") != 2.0 || dig(found, "messages", "matches", 0, "ts") != reply["ts"] {
		t.Errorf("search %v, want both, the newest first", found)
	}
	if got := slackCall(t, base, token, "search.messages", "query", "pelican from:@caleb.ochoa"); dig(got, "messages", "total") != 0.0 {
		t.Errorf("search of somebody else's: %v, want nothing", got)
	}
	history := slackCall(t, base, token, "conversations.history", "channel", "C0SBX0001", "include_all_metadata", "true", "oldest", ts, "inclusive", "1")
	if dig(history, "messages", 1, "metadata", "event_payload", "key") != "1" || dig(history, "messages", 0, "thread_ts") != ts {
		t.Errorf("history %v, want the broadcast reply and the metadata", history)
	}
	if got := slackCall(t, base, token, "chat.update", "channel", "C0SBX0001", "ts", ts, "text", "The pelican has left"); dig(got, "message", "edited") == nil {
		t.Errorf("update: %v, want it marked as edited", got)
	}
	if got := slackCall(t, base, token, "reactions.add", "channel", "C0SBX0001", "timestamp", ts, "name", "eyes"); got["ok"] != true {
		t.Errorf("react: %v", got)
	}
	if got := slackCall(t, base, token, "reactions.add", "channel", "C0SBX0001", "timestamp", ts, "name", "eyes"); got["error"] != "already_reacted" {
		t.Errorf("react twice: %v, want already_reacted", got)
	}
	if got := slackCall(t, base, token, "chat.getPermalink", "channel", "C0SBX0001", "message_ts", ts); !strings.HasSuffix(fmt.Sprint(got["permalink"]), strings.ReplaceAll(ts, ".", "")) {
		t.Errorf("permalink: %v", got)
	}
	if got := slackCall(t, base, token, "chat.delete", "channel", "C0SBX0001", "ts", ts); got["ok"] != true {
		t.Errorf("delete: %v", got)
	}
	// A person's id stands for the direct message with them, as JSON too.
	head := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json; charset=utf-8"}}
	_, direct, _ := send(t, "POST", base+"/slack/api/chat.postMessage", head, `{"channel":"U0SBX00AA","text":"Hello","blocks":[{"type":"divider"}]}`)
	if direct["ok"] != true || !strings.HasPrefix(fmt.Sprint(direct["channel"]), "D") {
		t.Errorf("direct message: %v", direct)
	}
}

func TestSlackAsksForScopes(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	little := slackGrant(t, s, base, "theo.norris", url.Values{"scope": {"channels:history"}, "user_scope": {"channels:read"}})
	person, bot := fmt.Sprint(dig(little, "authed_user", "access_token")), fmt.Sprint(little["access_token"])
	for _, c := range []struct{ name, token, method, args, needed, code string }{
		{"a method", person, "chat.postMessage", "", "chat:write", "missing_scope"},
		{"a kind of conversation", person, "conversations.list", "types=private_channel", "groups:read", "missing_scope"},
		{"a conversation of a kind", bot, "conversations.history", "channel=C0SBX0001", "", "not_in_channel"},
		{"search as a bot", bot, "search.messages", "query=x", "", "not_allowed_token_type"},
	} {
		a := slackCall(t, base, c.token, c.method, strings.Split(c.args+"=", "=")[:2]...)
		needed, _ := a["needed"].(string)
		if a["error"] != c.code || needed != c.needed {
			t.Errorf("%s: %v, want %s, needed %q", c.name, a, c.code, c.needed)
		}
	}
	if a := slackCall(t, base, person, "conversations.list", "types", "private_channel"); a["provided"] != "channels:read" {
		t.Errorf("provided %v, want channels:read", a["provided"])
	}
	everything := everyone(t, s, base, "mei.ramirez")
	if a := slackCall(t, base, everything, "users.lookupByEmail", "email", "mei.ramirez@meridianvisual.example"); dig(a, "user", "profile", "email") == nil {
		t.Errorf("lookup: %v, want the address", a)
	}
	for name, head := range map[string]http.Header{"none": {}, "an unknown one": {"Authorization": {"Bearer xoxp-nothing"}}} {
		want := map[string]string{"none": "not_authed", "an unknown one": "invalid_auth"}[name]
		if _, a, _ := send(t, "GET", base+"/slack/api/auth.test", head, ""); a["error"] != want {
			t.Errorf("token: %s: %v, want %s", name, a, want)
		}
	}
	if _, a, _ := send(t, "GET", base+"/slack/api/auth.test?token="+person, nil, ""); a["error"] != "not_authed" {
		t.Errorf("a token in the address: %v, want not_authed", a)
	}
}

func TestSlackUploadsInThreeSteps(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := everyone(t, s, base, "theo.norris")
	upload := func() (string, string) {
		a := slackCall(t, base, token, "files.getUploadURLExternal", "filename", "Notes.TXT", "length", "5")
		return fmt.Sprint(a["upload_url"]), fmt.Sprint(a["file_id"])
	}
	address, id := upload()
	files := `[{"id":"` + id + `","title":"Notes"}]`
	if a := slackCall(t, base, token, "files.completeUploadExternal", "files", files); a["error"] != "file_not_found" {
		t.Errorf("complete before the bytes came: %v", a)
	}
	if status, _, _ := send(t, "POST", address, http.Header{"Content-Type": {"text/plain"}}, "hello, this is too much"); status != 400 {
		t.Errorf("more bytes than announced: %d, want 400", status)
	}
	if status, body, _ := send(t, "POST", address, http.Header{"Content-Type": {"text/plain"}}, "hello"); status != 200 || body[""] != "OK - 5" {
		t.Errorf("upload: %d %v", status, body)
	}
	a := slackCall(t, base, token, "files.completeUploadExternal", "files", files, "channel_id", "C0SBX0001", "initial_comment", "Here they are")
	if dig(a, "files", 0, "title") != "Notes" {
		t.Errorf("complete: %v", a)
	}
	history := slackCall(t, base, token, "conversations.history", "channel", "C0SBX0001", "limit", "1")
	if dig(history, "messages", 0, "files", 0, "id") != id || dig(history, "messages", 0, "text") != "Here they are" {
		t.Errorf("history: %v, want the file", history)
	}
	if a := slackCall(t, base, token, "files.completeUploadExternal", "files", files); a["error"] != "file_not_found" {
		t.Errorf("complete twice: %v", a)
	}
	address, _ = upload()
	form := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"n\"\r\n\r\nhello\r\n--b--\r\n"
	if status, body, _ := send(t, "POST", address, http.Header{"Content-Type": {"multipart/form-data; boundary=b"}}, form); status != 200 {
		t.Errorf("upload as a form: %d %v", status, body)
	}
	for _, length := range []string{"0", "-1", "x", ""} {
		if a := slackCall(t, base, token, "files.getUploadURLExternal", "filename", "n", "length", length); a["ok"] != false {
			t.Errorf("length %q: %v, want a refusal", length, a)
		}
	}
}

func TestSlackSendsSignedEvents(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	got := make(chan map[string]any, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := hmac.New(sha256.New, []byte(s.SlackSigningSecret()))
		h.Write([]byte("v0:" + r.Header.Get("X-Slack-Request-Timestamp") + ":" + string(body)))
		if r.Header.Get("X-Slack-Signature") != "v0="+hex.EncodeToString(h.Sum(nil)) {
			t.Errorf("the signature of %s is wrong", body)
		}
		var e map[string]any
		_ = json.Unmarshal(body, &e)
		if e["type"] == "url_verification" {
			_, _ = io.WriteString(w, fmt.Sprint(e["challenge"]))
			return
		}
		got <- e
	}))
	defer receiver.Close()
	deaf := httptest.NewServer(http.NotFoundHandler())
	defer deaf.Close()
	if err := s.SlackEvents(t.Context(), deaf.URL); err == nil {
		t.Error("a receiver that does not answer the challenge is taken, want an error")
	}
	if err := s.SlackEvents(t.Context(), receiver.URL); err != nil {
		t.Fatalf("verify: %v", err)
	}
	token := everyone(t, s, base, "theo.norris")
	slackCall(t, base, token, "chat.postMessage", "channel", "C0SBX0001", "text", "hello")
	e := <-got
	if e["type"] != "event_callback" || e["event_id"] == nil || e["team_id"] != "T0SBXFLUX" || dig(e, "event", "text") != "hello" {
		t.Errorf("event %v, want the message", e)
	}
	s.Revoke(sandbox.Slack, "theo.norris")
	if e := <-got; dig(e, "event", "type") != "tokens_revoked" || dig(e, "event", "tokens", "oauth", 0) != "U0SBX01AA" {
		t.Errorf("event %v, want tokens_revoked of Theo", e)
	}
}

func TestSlackCrowd(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.SlackCrowd(2000, 3000, 500)
	token := everyone(t, s, base, "caleb.ochoa")
	seen := map[string]bool{}
	for cursor := ""; ; {
		a := slackCall(t, base, token, "users.list", "limit", "1000", "cursor", cursor)
		for _, u := range a["members"].([]any) {
			seen[fmt.Sprint(u.(map[string]any)["id"])] = true
		}
		if cursor, _ = dig(a, "response_metadata", "next_cursor").(string); cursor == "" {
			break
		}
	}
	if len(seen) != 3010 { // nine people and the bot were there
		t.Errorf("%d users, want 3,010", len(seen))
	}
	a := slackCall(t, base, token, "conversations.history", "channel", "C0CRWTALK", "limit", "999")
	if list, _ := a["messages"].([]any); len(list) != 500 {
		t.Errorf("%d messages, want 500", len(list))
	}
}
