package slack

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// linkOf is the link of a message that was posted.
func linkOf(r postResult) string {
	return "https://flux-studio.slack.com/archives/" + r.Channel + "/p" + strings.ReplaceAll(r.TS, ".", "")
}

func TestMessagesAreChanged(t *testing.T) {
	d := newDesk(t, nil)
	first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
	for _, c := range []struct {
		name string
		args map[string]any
		text string
	}{
		{"by channel and ts", map[string]any{"channel": tidal, "ts": first.TS, "text": "**new** & better"}, "*new* &amp; better"},
		{"by the link of the message", map[string]any{"channel": linkOf(first), "text": "by link"}, "by link"},
		{"by channel and link", map[string]any{"channel": tidal, "ts": linkOf(first), "text": "by both"}, "by both"},
		{"to blocks", map[string]any{"channel": tidal, "ts": first.TS, "blocks": divided}, "Ship it"},
		{"to a text of the longest", map[string]any{"channel": tidal, "ts": first.TS, "text": strings.Repeat("é", 4000)}, strings.Repeat("é", 4000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.wire.reset()
			shown := decoded[updateResult](t, d.must(t, "slack_update_message", merged(c.args, "preview", true)))
			if sent := d.wire.writes(); len(sent) != 0 {
				t.Fatalf("the preview sent %v", sent)
			}
			r := decoded[updateResult](t, d.must(t, "slack_update_message", c.args))
			sent := d.wire.of("chat.update")
			if len(sent) != 1 || sent[0].form.Get("text") != c.text || sent[0].form.Get("ts") != first.TS || sent[0].form.Get("channel") != first.Channel {
				t.Errorf("%v: got %v, want one change to %q", c.args, sent, c.text)
			}
			if shown.Preview == nil || shown.Preview.Text != c.text || shown.Preview.TS != first.TS {
				t.Errorf("%v: got the preview %+v", c.args, shown.Preview)
			}
			if r.TS != first.TS || r.Channel != first.Channel || r.ChannelName != "tidal" || r.Permalink != first.Permalink || r.Note != "" {
				t.Errorf("%v: got %+v, want what was told of %+v", c.args, r, first)
			}
		})
	}
}

func TestMessagesAreDeleted(t *testing.T) {
	d := newDesk(t, nil)
	for _, by := range []func(postResult) map[string]any{
		func(r postResult) map[string]any { return map[string]any{"channel": tidal, "ts": r.TS} },
		func(r postResult) map[string]any { return map[string]any{"channel": linkOf(r)} },
	} {
		first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
		args := by(first)
		a := d.must(t, "slack_delete_message", args)
		if r := decoded[deleteResult](t, a); r.TS != first.TS || r.Channel != first.Channel || a.Text != "deleted "+first.TS+" in #tidal ("+first.Channel+")" {
			t.Errorf("%v: got %+v %q", args, r, a.Text)
		}
		if a := d.call(t, "slack_delete_message", args); a.Failure == nil || a.Failure.Code != "unknown_message" {
			t.Errorf("%v again: got %s %+v, want unknown_message", args, a.Text, a.Failure)
		}
	}
}

func TestWhatCannotBeChanged(t *testing.T) {
	d := newDesk(t, nil)
	mine := d.posted(t, map[string]any{"channel": tidal, "text": "mine"})
	theirs := d.theirs(t, mine.Channel)
	for _, c := range []struct {
		name, tool string
		args       map[string]any
		want       string
		asked      int // times that Slack is asked to change something
	}{
		{"nothing to say", "slack_update_message", map[string]any{"channel": tidal, "ts": mine.TS}, "bad_argument", 0},
		{"a character too many", "slack_update_message", map[string]any{"channel": tidal, "ts": mine.TS, "text": strings.Repeat("é", 4001)}, "slack_message_too_long", 0},
		{"blocks that are wrong", "slack_update_message", map[string]any{"channel": tidal, "ts": mine.TS, "blocks": []any{map[string]any{"type": "section"}}}, "slack_invalid_blocks", 0},
		{"no ts", "slack_update_message", map[string]any{"channel": tidal, "text": "x"}, "bad_argument", 0},
		{"a ts that is none", "slack_update_message", map[string]any{"channel": tidal, "ts": "last", "text": "x"}, "bad_argument", 0},
		{"a link to another channel", "slack_update_message", map[string]any{"channel": "#general", "ts": linkOf(mine), "text": "x"}, "bad_argument", 0},
		{"a message that is not there", "slack_update_message", map[string]any{"channel": tidal, "ts": "1600000000.000001", "text": "x"}, "unknown_message", 1},
		{"somebody else's", "slack_update_message", map[string]any{"channel": tidal, "ts": theirs, "text": "x"}, "slack_forbidden", 1},
		{"delete without ts", "slack_delete_message", map[string]any{"channel": tidal}, "bad_argument", 0},
		{"delete by the link of a channel", "slack_delete_message", map[string]any{"channel": "https://flux-studio.slack.com/archives/" + mine.Channel}, "bad_argument", 0},
		{"delete somebody else's", "slack_delete_message", map[string]any{"channel": tidal, "ts": theirs}, "slack_forbidden", 1},
		{"delete what is not there", "slack_delete_message", map[string]any{"channel": tidal, "ts": "1600000000.000001"}, "unknown_message", 1},
		{"somebody to whom nothing was said", "slack_delete_message", map[string]any{"channel": "@kofi.larsen", "ts": mine.TS}, "unknown_channel", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.wire.reset()
			a := d.call(t, c.tool, c.args)
			if a.Failure == nil || a.Failure.Code != c.want || a.Failure.Hint == "" {
				t.Errorf("%v: got %s %+v, want %s", c.args, a.Text, a.Failure, c.want)
			}
			if sent := d.wire.writes(); len(sent) != c.asked {
				t.Errorf("%v: got %v, want %d", c.args, sent, c.asked)
			}
		})
	}
}

// theirs is the ts of a message of somebody else.
func (d *desk) theirs(t *testing.T, channel string) string {
	t.Helper()
	own := d.wire.token
	d.wire.token = d.grant(t, "theo.norris")
	defer func() { d.wire.token = own }()
	return d.posted(t, map[string]any{"channel": channel, "text": "theirs"}).TS
}

func TestAChangeWhoseAnswerIsLost(t *testing.T) {
	for _, c := range []struct {
		name, tool string
		failure    sandbox.Failure
		want       string // code; empty: it is done
	}{
		{"a change that was made", "slack_update_message", sandbox.Failure{What: "chat.update", Late: true}, ""},
		{"a change that was not", "slack_update_message", sandbox.Failure{What: "chat.update"}, ""},
		{"a change that fails again", "slack_update_message", sandbox.Failure{What: "chat.update", Times: 2}, "slack_outcome_unknown"},
		{"a deletion that was made", "slack_delete_message", sandbox.Failure{What: "chat.delete", Late: true}, ""},
		{"a deletion that was not", "slack_delete_message", sandbox.Failure{What: "chat.delete", Status: 500}, ""},
		{"a deletion that fails again", "slack_delete_message", sandbox.Failure{What: "chat.delete", Times: 2}, "slack_outcome_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
			args := map[string]any{"channel": tidal, "ts": first.TS}
			if c.tool == "slack_update_message" {
				args["text"] = "second"
			}
			d.FailWith(sandbox.Slack, c.failure)
			a := d.call(t, c.tool, args)
			switch {
			case c.want == "" && a.Failure != nil, c.want != "" && (a.Failure == nil || a.Failure.Code != c.want):
				t.Errorf("got %s %+v, want %q", a.Text, a.Failure, c.want)
			case c.want == "" && !strings.Contains(a.Text, "asked again"):
				t.Errorf("got %q, want a note", a.Text)
			}
			if n := d.Count(sandbox.Slack, c.failure.What); n != 2 {
				t.Errorf("Slack was asked %d times, want twice", n)
			}
		})
	}
}

func TestLayouts(t *testing.T) {
	d := newDesk(t, nil)
	a := d.must(t, "slack_project_update", map[string]any{"channel": tidal, "project_name": "Tidal <1>", "update_type": "completed", "details": "**All** done & dusted"})
	got := d.last(t)
	for _, want := range []string{"✅ Project Completed: Tidal", "*All* done \\u0026amp; dusted", "*FluxStudio*"} {
		if !strings.Contains(unescaped(string(got.Blocks)), unescaped(want)) {
			t.Errorf("project update: got %s, want %s in it", got.Blocks, want)
		}
	}
	if !strings.Contains(string(got.Blocks), fmt.Sprint(d.now.Unix())) || !strings.HasPrefix(got.Text, "Project completed: Tidal") {
		t.Errorf("project update: got %q and %s, want the time of the call", got.Text, got.Blocks)
	}
	if r := decoded[postResult](t, a); r.TS != got.TS || r.Permalink == "" {
		t.Errorf("project update: got %+v of %+v", r, got)
	}
	d.must(t, "slack_task_notification", map[string]any{"channel": tidal, "task_title": "Count & cut", "assignee": "@sana.patel", "due_date": "2026-12-01"})
	got = d.last(t)
	for _, want := range []string{"📋 *New Task Assigned*", "*Count \\u0026amp; cut*", "*Assigned to:*", "<@U", "*Due Date:*", "2026-12-01"} {
		if !strings.Contains(unescaped(string(got.Blocks)), unescaped(want)) {
			t.Errorf("task: got %s, want %s in it", got.Blocks, want)
		}
	}
}

// unescaped undoes what JSON may write either way.
func unescaped(s string) string {
	return strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">").Replace(s)
}

func TestTheSameProjectUpdateLaterIsTheSame(t *testing.T) {
	d := newDesk(t, nil)
	args := map[string]any{"channel": tidal, "project_name": "Tidal", "update_type": "created", "idempotency_key": "k"}
	first := decoded[postResult](t, d.must(t, "slack_project_update", args))
	d.now = d.now.Add(5e9 * 60)
	again := decoded[postResult](t, d.must(t, "slack_project_update", args))
	if !again.Repeated || again.TS != first.TS || len(d.SlackPosts()) != 1 {
		t.Errorf("got %+v, want %+v repeated", again, first)
	}
	if a := d.call(t, "slack_project_update", merged(args, "project_name", "Solstice")); a.Failure == nil || a.Failure.Code != "idempotency_key_reused" {
		t.Errorf("another project: got %s %+v, want idempotency_key_reused", a.Text, a.Failure)
	}
}

func TestWhomATaskIsFor(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct{ name, assignee, want, code string }{
		{"a handle is a mention", "@sana.patel", "<@U", ""},
		{"an email address is one", "sana.patel@fluxstudio.example", "<@U", ""},
		{"a name is shown", "Sana & Noah", "Sana &amp; Noah", ""},
		{"a misspelt handle is an error", "@sana.patell", "", "unknown_user"},
		{"nobody is an error", " ", "", "bad_argument"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := d.call(t, "slack_task_notification", map[string]any{"channel": tidal, "task_title": "Count", "assignee": c.assignee})
			if c.code != "" {
				if a.Failure == nil || a.Failure.Code != c.code {
					t.Errorf("got %s %+v, want %s", a.Text, a.Failure, c.code)
				}
				return
			}
			if a.Failure != nil {
				t.Fatalf("got %+v", a.Failure)
			}
			if got := unescaped(string(d.last(t).Blocks)); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s in it", got, c.want)
			}
			if told := strings.Contains(a.Text, "not notified"); told != strings.HasPrefix(c.want, "Sana") {
				t.Errorf("got %q", a.Text)
			}
		})
	}
}

func TestUnknownTypeOfProjectUpdate(t *testing.T) {
	d := newDesk(t, nil)
	for tool, args := range map[string]map[string]any{
		"slack_project_update":                        {"channel": tidal, "project_name": "x", "update_type": "milestone"},
		"POST /api/integrations/slack/project-update": {"channel": tidal, "projectName": "x", "updateType": "milestone"},
	} {
		a := d.call(t, tool, args)
		if a.Failure == nil || a.Failure.Code != "bad_argument" || !strings.Contains(a.Failure.JSON(), "created") || len(d.SlackPosts()) != 0 {
			t.Errorf("%s: got %s %+v, want bad_argument with the types that there are", tool, a.Text, a.Failure)
		}
	}
}
