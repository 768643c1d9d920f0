package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// divided are blocks that Slack takes.
var divided = []any{map[string]any{"type": "divider"}, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "Ship it"}}}

func TestWhatIsPosted(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct {
		name string
		args map[string]any
		want string
	}{
		{"Markdown becomes mrkdwn", map[string]any{"text": "**Ship** [it](https://a.example/?a=1&b=2)"}, "*Ship* <https://a.example/?a=1&amp;b=2|it>"},
		{"what looks like markup of Slack's is shown", map[string]any{"text": "if a < b && c > d"}, "if a &lt; b &amp;&amp; c &gt; d"},
		{"mrkdwn stays", map[string]any{"text": "*Ship* <https://a.example|it>", "format": "mrkdwn"}, "*Ship* <https://a.example|it>"},
		{"plain text has no links and no mentions", map[string]any{"text": "<https://a.example|it> <@U012AB3CD>", "format": "plain"}, "&lt;https://a.example|it&gt; &lt;@U012AB3CD&gt;"},
		{"a mention of a person notifies them", map[string]any{"text": "<@U012AB3CD> please look"}, "<@U012AB3CD> please look"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.args["channel"] = tidal
			r, got := d.posted(t, c.args), d.last(t)
			if got.Text != c.want {
				t.Errorf("%v: got %q, want %q", c.args, got.Text, c.want)
			}
			if got.UnfurlLinks != "false" || got.UnfurlMedia != "false" || got.LinkNames != "" && got.LinkNames != "0" && got.LinkNames != "false" || got.Parse != "none" {
				t.Errorf("%v: got %+v, want nothing unfolded and no names looked for", c.args, got)
			}
			if r.TS != got.TS || r.Channel != got.Channel || r.ChannelName != "tidal" || r.Repeated || r.Note != "" {
				t.Errorf("%v: told %+v of %+v", c.args, r, got)
			}
		})
	}
}

func TestWhereMessagesGo(t *testing.T) {
	d := newDesk(t, nil)
	first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
	reply := d.posted(t, map[string]any{"channel": tidal, "text": "reply", "thread_ts": first.TS})
	link := "https://flux-studio.slack.com/archives/" + first.Channel + "/p" + strings.ReplaceAll(first.TS, ".", "")
	inThread := "https://flux-studio.slack.com/archives/" + first.Channel + "/p" + strings.ReplaceAll(reply.TS, ".", "") + "?thread_ts=" + first.TS + "&cid=" + first.Channel
	for _, c := range []struct {
		name            string
		args            map[string]any
		channel, thread string
		broadcast       bool
	}{
		{"by name", map[string]any{"channel": "tidal"}, first.Channel, "", false},
		{"by id", map[string]any{"channel": first.Channel}, first.Channel, "", false},
		{"by link", map[string]any{"channel": "https://flux-studio.slack.com/archives/" + first.Channel}, first.Channel, "", false},
		{"in a thread by ts", map[string]any{"channel": tidal, "thread_ts": first.TS}, first.Channel, first.TS, false},
		{"in a thread by link", map[string]any{"channel": tidal, "thread_ts": link}, first.Channel, first.TS, false},
		{"a link to a reply means its thread", map[string]any{"channel": tidal, "thread_ts": inThread}, first.Channel, first.TS, false},
		{"a link may be channel and thread", map[string]any{"channel": link, "thread_ts": link}, first.Channel, first.TS, false},
		{"a reply can be shown in the channel", map[string]any{"channel": tidal, "thread_ts": first.TS, "reply_broadcast": true}, first.Channel, first.TS, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.args["text"] = c.name
			r, got := d.posted(t, c.args), d.last(t)
			if got.Channel != c.channel || got.Thread != c.thread || got.Broadcast != c.broadcast {
				t.Errorf("%v: got %+v, want %s %s %v", c.args, got, c.channel, c.thread, c.broadcast)
			}
			want := "/archives/" + c.channel + "/p" + strings.ReplaceAll(r.TS, ".", "")
			if c.thread != "" {
				want += "?cid=" + c.channel + "&thread_ts=" + c.thread
			}
			if !strings.HasPrefix(r.Permalink, "https://") || !strings.HasSuffix(r.Permalink, want) {
				t.Errorf("%v: got the permalink %q, want one that ends with %q", c.args, r.Permalink, want)
			}
		})
	}
	t.Run("to a person", func(t *testing.T) {
		r, got := d.posted(t, map[string]any{"channel": "@sana.patel", "text": "Hello"}), d.last(t)
		if !strings.HasPrefix(got.Channel, "D") || r.Channel != got.Channel || r.ChannelName != "sana.patel" {
			t.Errorf("got %+v of %+v, want the direct message with Sana", r, got)
		}
	})
	t.Run("what is unfolded", func(t *testing.T) {
		d.posted(t, map[string]any{"channel": tidal, "text": "https://a.example", "unfurl": true})
		if got := d.last(t); got.UnfurlLinks != "true" || got.UnfurlMedia != "true" {
			t.Errorf("got %+v, want links and media unfolded", got)
		}
	})
}

func TestBlocks(t *testing.T) {
	d := newDesk(t, nil)
	text, _ := json.Marshal(divided)
	for _, c := range []struct {
		name string
		args map[string]any
		text string
	}{
		{"they have a text for notifications", map[string]any{"blocks": divided}, "Ship it"},
		{"the caller's own, where there is one", map[string]any{"blocks": divided, "text": "New & ready"}, "New &amp; ready"},
		{"some models send them as a text", map[string]any{"blocks": string(text)}, "Ship it"},
		{"an empty list is none", map[string]any{"blocks": []any{}, "text": "Hi"}, "Hi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.args["channel"] = tidal
			d.posted(t, c.args)
			got := d.last(t)
			if got.Text != c.text {
				t.Errorf("%v: got the text %q, want %q", c.args, got.Text, c.text)
			}
			if none := c.text == "Hi"; none != (got.Blocks == nil) {
				t.Errorf("%v: got the blocks %s", c.args, got.Blocks)
			}
		})
	}
}

func TestWhatCannotBePosted(t *testing.T) {
	d := newDesk(t, nil)
	first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
	elsewhere := "https://flux-studio.slack.com/archives/C0000000000/p1726133700123456"
	link := "https://flux-studio.slack.com/archives/" + first.Channel + "/p" + strings.ReplaceAll(first.TS, ".", "")
	long := make([]any, 51)
	for i := range long {
		long[i] = map[string]any{"type": "divider"}
	}
	for _, c := range []struct {
		name string
		args map[string]any
		want string // code
		says string // in message or hint
	}{
		{"no text and no blocks", map[string]any{}, "bad_argument", "text is empty"},
		{"blank text", map[string]any{"text": " \n\u200b\u00a0"}, "bad_argument", "text is empty"},
		{"a character too many", map[string]any{"text": strings.Repeat("é", 40_001)}, "slack_message_too_long", "40001"},
		{"too many once they are escaped", map[string]any{"text": strings.Repeat("& ", 8_000) + strings.Repeat("x", 10_000)}, "slack_message_too_long", "split=true"},
		{"more than 20 parts", map[string]any{"text": strings.Repeat("x", 81_000), "split": true}, "slack_message_too_long", "slack_upload_file"},
		{"blocks in parts", map[string]any{"blocks": divided, "split": true}, "bad_argument", "split"},
		{"blocks that are no array", map[string]any{"blocks": map[string]any{"type": "divider"}}, "slack_invalid_blocks", "array"},
		{"blocks that are no JSON", map[string]any{"blocks": "[{"}, "slack_invalid_blocks", ""},
		{"too many blocks", map[string]any{"blocks": long}, "slack_invalid_blocks", "50"},
		{"a block with something missing", map[string]any{"blocks": []any{map[string]any{"type": "divider"}, map[string]any{"type": "section"}}}, "slack_invalid_blocks", "1"},
		{"a format that is none", map[string]any{"text": "x", "format": "html"}, "bad_argument", "format"},
		{"thread_ts that is none", map[string]any{"text": "x", "thread_ts": "yesterday"}, "bad_argument", "thread_ts"},
		{"a thread of another channel", map[string]any{"text": "x", "thread_ts": elsewhere}, "bad_argument", "another conversation"},
		{"a broadcast that is no reply", map[string]any{"text": "x", "reply_broadcast": true}, "bad_argument", "reply_broadcast"},
		{"a link to a message as channel alone", map[string]any{"text": "x", "channel": link}, "bad_argument", "thread_ts"},
		{"a thread that is not there", map[string]any{"text": "x", "thread_ts": "1600000000.000001"}, "unknown_thread", ""},
		{"a channel that is not there", map[string]any{"text": "x", "channel": "#tidall"}, "unknown_channel", "tidal"},
		{"an archived channel", map[string]any{"text": "x", "channel": "#season-2025"}, "slack_channel_archived", ""},
		{"a key with a line end", map[string]any{"text": "x", "idempotency_key": "a\nb"}, "bad_argument", "idempotency_key"},
		{"a key that is too long", map[string]any{"text": "x", "idempotency_key": strings.Repeat("k", 201)}, "bad_argument", "idempotency_key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.args["channel"] == nil {
				c.args["channel"] = tidal
			}
			before := len(d.SlackPosts())
			d.wire.reset()
			a := d.call(t, "slack_post_message", c.args)
			if a.Failure == nil || a.Failure.Code != c.want || a.Failure.Hint == "" {
				t.Fatalf("%v: got %s %+v, want %s", c.args, a.Text, a.Failure, c.want)
			}
			if told := a.Failure.Message + a.Failure.Hint + fmt.Sprint(a.Failure.Details); !strings.Contains(told, c.says) {
				t.Errorf("%v: got %q, want %q in it", c.args, told, c.says)
			}
			if n := len(d.SlackPosts()); n != before {
				t.Errorf("%v: %d messages were posted, want none", c.args, n-before)
			}
			asked := len(d.wire.writes())
			if ours := c.want != "unknown_thread"; ours && asked != 0 {
				t.Errorf("%v: Slack was asked to post %d times, want none", c.args, asked)
			}
		})
	}
}

func TestALongText(t *testing.T) {
	d := newDesk(t, nil)
	d.posted(t, map[string]any{"channel": tidal, "text": strings.Repeat("é", 40_000)})
	if n := length(d.last(t).Text); n != 40_000 {
		t.Errorf("got %d characters, want all 40000", n)
	}
}

func TestWhatDoesNotShowIsHarmless(t *testing.T) {
	d := newDesk(t, nil)
	raw := `{"channel":"#tidal","text":"a\ud800b\u0000c\u001bd"}`
	var args map[string]any
	if err := json.Unmarshal([]byte(raw), &args); err != nil {
		t.Fatal(err)
	}
	d.posted(t, args)
	if got := d.last(t).Text; got != "a\uFFFDb\uFFFDc\uFFFDd" {
		t.Errorf("%s: got %q", raw, got)
	}
}

func TestAnotherTextUnderTheSameKey(t *testing.T) {
	d := newDesk(t, nil)
	args := map[string]any{"channel": tidal, "text": "one", "idempotency_key": "k"}
	first, again := d.posted(t, args), d.posted(t, args)
	if !again.Repeated || again.TS != first.TS || again.Permalink != first.Permalink || len(d.SlackPosts()) != 1 {
		t.Errorf("got %+v, want %+v repeated", again, first)
	}
	a := d.call(t, "slack_post_message", merged(args, "text", "two"))
	if a.Failure == nil || a.Failure.Code != "idempotency_key_reused" || len(d.SlackPosts()) != 1 {
		t.Errorf("got %s %+v, want idempotency_key_reused", a.Text, a.Failure)
	}
	a = d.call(t, "slack_post_message", merged(merged(args, "text", paragraphs(8)), "split", true))
	if a.Failure == nil || a.Failure.Code != "idempotency_key_reused" || len(d.SlackPosts()) != 1 {
		t.Errorf("in parts: got %s %+v, want idempotency_key_reused", a.Text, a.Failure)
	}
}

func TestWhatTheAuditKnows(t *testing.T) {
	d := newDesk(t, nil)
	r := d.posted(t, map[string]any{"channel": tidal, "text": "x"})
	message := "message:" + r.Channel + ":" + r.TS
	if got := d.audit.last(); !slices.Equal(got.Objects, []string{"channel:" + r.Channel, message}) || got.Effect.String() != "write" {
		t.Errorf("post: got %+v", got)
	}
	d.must(t, "slack_update_message", map[string]any{"channel": tidal, "ts": r.TS, "text": "y"})
	if got := d.audit.last(); !slices.Contains(got.Objects, message) || got.Effect.String() != "overwrite" {
		t.Errorf("update: got %+v", got)
	}
	d.must(t, "slack_delete_message", map[string]any{"channel": tidal, "ts": r.TS})
	if got := d.audit.last(); !slices.Contains(got.Objects, message) || got.Effect.String() != "destroy" {
		t.Errorf("delete: got %+v", got)
	}
}

func TestTheTextOfAPost(t *testing.T) {
	d := newDesk(t, nil)
	a := d.must(t, "slack_post_message", map[string]any{"channel": tidal, "text": "x"})
	r := decoded[postResult](t, a)
	if want := "posted " + r.TS + " in #tidal (" + r.Channel + ")\n" + r.Permalink; a.Text != want {
		t.Errorf("got %q, want %q", a.Text, want)
	}
}
