package slack

import (
	"encoding/json"
	"strings"
	"testing"
)

const restBase = "/api/integrations/slack/"

// object is the structured part of an answer, and the names of its members.
func object(t *testing.T, raw json.RawMessage) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return m
}

// same reports whether an object has these members and no others.
func same(m map[string]json.RawMessage, names ...string) bool {
	for _, n := range names {
		if m[n] == nil {
			return false
		}
	}
	return len(m) == len(names)
}

func TestRESTChannels(t *testing.T) {
	d := newDesk(t, nil)
	d.SlackCrowd(2300, 0, 0)
	m := object(t, d.must(t, "GET "+restBase+"channels", nil).Structured)
	var list []json.RawMessage
	if err := json.Unmarshal(m["channels"], &list); err != nil || !same(m, "channels") {
		t.Fatalf("got %v %v", m, err)
	}
	seen := map[string]restChannel{}
	for _, raw := range list {
		if !same(object(t, raw), "id", "name", "is_private", "is_archived", "is_member") {
			t.Fatalf("got %s", raw)
		}
		var ch restChannel
		if err := json.Unmarshal(raw, &ch); err != nil {
			t.Fatal(err)
		}
		seen[ch.Name] = ch
	}
	if len(seen) != len(list) || len(list) < 2300 {
		t.Errorf("got %d channels with %d names, want each of more than 2300 once", len(list), len(seen))
	}
	if ch := seen["leadership"]; !ch.Private || !ch.Member || ch.Archived {
		t.Errorf("got %+v, want Caleb's private channel", ch)
	}
	if ch := seen["tidal"]; ch.Private || !ch.Member {
		t.Errorf("got %+v, want a public channel", ch)
	}
	if _, there := seen["season-2025"]; there {
		t.Error("an archived channel is there, want none")
	}
}

func TestRESTPosts(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct {
		name, path string
		args       map[string]any
		text       string
		blocks     bool
	}{
		{"a message, in mrkdwn as web clients send it", "message", map[string]any{"text": "*Ship* <https://a.example|it> & go"}, "*Ship* <https://a.example|it> &amp; go", false},
		{"a message with blocks", "message", map[string]any{"text": "Ship it", "blocks": divided}, "Ship it", true},
		{"a project update", "project-update", map[string]any{"projectName": "Tidal", "updateType": "archived", "details": "Done"}, "Project archived: Tidal", true},
		{"a project update without details", "project-update", map[string]any{"projectName": "Tidal", "updateType": "updated"}, "Project updated: Tidal", true},
		{"a task", "task-notification", map[string]any{"taskTitle": "Count", "assignee": "@sana.patel", "dueDate": "2026-12-01"}, "New task assigned: Count", true},
		{"a task of somebody whom nobody knows", "task-notification", map[string]any{"taskTitle": "Count", "assignee": "@who.is.that"}, "New task assigned: Count", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := d.must(t, "POST "+restBase+c.path, merged(c.args, "channel", tidal))
			got := d.last(t)
			m := object(t, a.Structured)
			in := object(t, m["message"])
			if !same(m, "message") || !same(in, "channel", "ts", "text", "blocks", "user") {
				t.Fatalf("got %s", a.Structured)
			}
			var said restSaid
			if err := json.Unmarshal(m["message"], &said); err != nil {
				t.Fatal(err)
			}
			if said.Channel != got.Channel || said.TS != got.TS || said.User != got.User || said.Text != got.Text || got.Text != c.text {
				t.Errorf("got %+v of %+v, want the text %q", said, got, c.text)
			}
			if want := string(got.Blocks); c.blocks && !sameJSON(said.Blocks, got.Blocks) || !c.blocks && string(said.Blocks) != "[]" {
				t.Errorf("got the blocks %s, want %s", said.Blocks, want)
			}
			if got.UnfurlLinks != "false" || got.UnfurlMedia != "false" {
				t.Errorf("got %+v, want nothing unfolded", got)
			}
		})
	}
}

func TestRESTMissingFields(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct {
		path string
		args map[string]any
		want string
	}{
		{"message", map[string]any{}, "Channel and text are required"},
		{"message", map[string]any{"channel": tidal}, "Channel and text are required"},
		{"message", map[string]any{"text": "x"}, "Channel and text are required"},
		{"message", map[string]any{"channel": tidal, "blocks": divided}, "Channel and text are required"},
		{"project-update", map[string]any{"channel": tidal, "projectName": "x"}, "Missing required fields"},
		{"project-update", map[string]any{"channel": tidal, "updateType": "created"}, "Missing required fields"},
		{"project-update", map[string]any{"projectName": "x", "updateType": "created"}, "Missing required fields"},
		{"task-notification", map[string]any{"channel": tidal, "taskTitle": "x"}, "Missing required fields"},
		{"task-notification", map[string]any{"channel": tidal, "assignee": "x"}, "Missing required fields"},
		{"task-notification", map[string]any{"taskTitle": "x", "assignee": "y"}, "Missing required fields"},
	} {
		a := d.call(t, "POST "+restBase+c.path, c.args)
		if a.Failure == nil || a.Failure.Code != "bad_argument" || a.Failure.Message != c.want || !strings.HasSuffix(a.Failure.Hint, ".") {
			t.Errorf("%s %v: got %s %+v, want %q", c.path, c.args, a.Structured, a.Failure, c.want)
		}
	}
	if sent := d.wire.writes(); len(sent) != 0 {
		t.Errorf("got %v, want nothing sent", sent)
	}
}

// TestRESTPostsOnce: web clients that repeat a request give a key as well.
func TestRESTPostsOnce(t *testing.T) {
	d := newDesk(t, nil)
	args := map[string]any{"channel": tidal, "text": "once", "idempotency_key": "r1"}
	d.must(t, "POST "+restBase+"message", args)
	d.must(t, "POST "+restBase+"message", args)
	if n := len(d.SlackPosts()); n != 1 {
		t.Errorf("%d messages were posted, want 1", n)
	}
}
