package slack

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestPreviewIsWhatWouldBeSent(t *testing.T) {
	d := newDesk(t, nil)
	first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
	for _, c := range []struct {
		name, tool string
		args       map[string]any
	}{
		{"a text", "slack_post_message", map[string]any{"text": "**Ship** <!channel>", "thread_ts": first.TS, "reply_broadcast": true}},
		{"blocks", "slack_post_message", map[string]any{"blocks": divided}},
		{"a text in parts", "slack_post_message", map[string]any{"text": paragraphs(5), "split": true}},
		{"a project update", "slack_project_update", map[string]any{"project_name": "Tidal & <b>", "update_type": "completed", "details": "**done**"}},
		{"a task", "slack_task_notification", map[string]any{"task_title": "Count", "assignee": "@sana.patel", "due_date": "2026-12-01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args, before := merged(c.args, "channel", tidal), len(d.SlackPosts())
			d.wire.reset()
			a := d.must(t, c.tool, merged(args, "preview", true))
			shown := decoded[postResult](t, a)
			if sent := d.wire.writes(); len(sent) != 0 || len(d.SlackPosts()) != before {
				t.Fatalf("got %v, want nothing sent", sent)
			}
			if shown.TS != "" || shown.Permalink != "" || !strings.Contains(a.Text, "nothing was sent") || !strings.Contains(a.Text, "#tidal") {
				t.Errorf("got %+v and the text %q", shown, a.Text)
			}
			d.must(t, c.tool, args)
			sent := d.SlackPosts()[before:]
			if len(sent) != len(shown.Preview) {
				t.Fatalf("%d messages were sent, want the %d of the preview", len(sent), len(shown.Preview))
			}
			for i, o := range shown.Preview {
				thread := o.ThreadTS
				if i > 0 && thread == "" {
					thread = sent[0].TS
				}
				if o.Channel != sent[i].Channel || o.Text != sent[i].Text || !sameJSON(o.Blocks, sent[i].Blocks) || thread != sent[i].Thread || o.Broadcast != sent[i].Broadcast {
					t.Errorf("message %d: got %+v, want the preview %+v", i, sent[i], o)
				}
			}
		})
	}
}

// sameJSON compares two documents.
func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	_, _ = json.Unmarshal(a, &x), json.Unmarshal(b, &y) // what is none is nil
	left, _ := json.Marshal(x)
	right, _ := json.Marshal(y)
	return string(left) == string(right)
}
