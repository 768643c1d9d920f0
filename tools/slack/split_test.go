package slack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// paragraphs is a text of n lines that do not fit into one message of 4000.
func paragraphs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "Paragraph %d: %s\n\n", i, strings.Repeat("word ", 300))
	}
	return b.String()
}

func TestATextInParts(t *testing.T) {
	d := newDesk(t, nil)
	args := map[string]any{"channel": tidal, "text": paragraphs(8), "split": true}
	r := d.posted(t, args)
	posts := d.SlackPosts()
	if len(posts) < 3 || len(posts) > 5 || len(r.Parts) != len(posts) || r.TS != posts[0].TS {
		t.Fatalf("got %d messages and %+v, want 3 to 5", len(posts), r)
	}
	said := ""
	for i, p := range posts {
		said += p.Text + "\n"
		if n := length(p.Text); n > 4000 {
			t.Errorf("part %d has %d characters, want at most 4000", i, n)
		}
		if want := map[bool]string{false: posts[0].TS}[i == 0]; p.Thread != want || r.Parts[i] != p.TS {
			t.Errorf("part %d is %s in the thread %q, want %s in %q", i, p.TS, p.Thread, r.Parts[i], want)
		}
	}
	if got, want := strings.Join(strings.Fields(said), " "), strings.Join(strings.Fields(paragraphs(8)), " "); got != want {
		t.Errorf("got %d characters of words, want the %d of the text", len(got), len(want))
	}
	again := d.posted(t, args)
	if n := len(d.SlackPosts()); n != len(posts) || !again.Repeated || again.TS != r.TS || !slices.Equal(again.Parts, r.Parts) {
		t.Errorf("again: got %d messages and %+v, want those that are there", n, again)
	}
	args["idempotency_key"] = "another"
	d.posted(t, args)
	if n := len(d.SlackPosts()); n != 2*len(posts) {
		t.Errorf("with another key: got %d messages, want %d", n, 2*len(posts))
	}
}

func TestAPartThatFails(t *testing.T) {
	for _, key := range []string{"", "mine"} {
		t.Run("with the key "+key, func(t *testing.T) {
			d := newDesk(t, nil)
			args := map[string]any{"channel": tidal, "text": paragraphs(8), "split": true}
			if key != "" {
				args["idempotency_key"] = key
			}
			want := len(decoded[postResult](t, d.must(t, "slack_post_message", merged(args, "preview", true))).Preview)
			d.wire.skip("chat.postMessage", 2)
			d.wire.answer("chat.postMessage", `{"ok":false,"error":"restricted_action"}`)
			a := d.call(t, "slack_post_message", args)
			if a.Failure == nil || a.Failure.Code != "slack_partly_posted" || a.Failure.Details["idempotency_key"] == "" || a.Failure.Details["posted"] != "2" {
				t.Fatalf("got %s %+v, want slack_partly_posted with a key", a.Text, a.Failure)
			}
			r := d.posted(t, merged(args, "idempotency_key", a.Failure.Details["idempotency_key"]))
			if n := len(d.SlackPosts()); n != want || len(r.Parts) != want || r.Repeated {
				t.Errorf("got %d messages and %+v, want %d", n, r, want)
			}
		})
	}
}

// merged is args with another one.
func merged(args map[string]any, name string, value any) map[string]any {
	out := map[string]any{name: value}
	for n, v := range args {
		if n != name {
			out[n] = v
		}
	}
	return out
}
