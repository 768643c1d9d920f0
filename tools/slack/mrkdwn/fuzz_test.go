package mrkdwn_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// FuzzFromMarkdown: whatever Markdown comes in, what goes out is UTF-8, notifies
// nobody but those it names, and can be read and cut again.
func FuzzFromMarkdown(f *testing.F) {
	for _, s := range []string{"# a **b** <!channel>", "| a | @here |\n|-|-|\n| <@U1> | `x` |", "- [ ] a\n  > b\n  ```\n  c\n  ```", "&#60;!here&#62; [<!everyone>](https://a.example/@here)", "<https://a|<!here>> <!date^1^{date}|@channel>", "<!subteam^S1|@t>", "**a\n_b_**c", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, md string) {
		out := mrkdwn.FromMarkdown(md)
		quiet(t, "FromMarkdown", md, out)
		whole(t, out, len(md)%100)
		if back := mrkdwn.ToMarkdown(out, nil); !utf8.ValidString(back) {
			t.Fatalf("ToMarkdown(%q) is no UTF-8: %q", out, back)
		}
	})
}

// FuzzMrkdwn: the same for mrkdwn, which besides does not change the second time.
func FuzzMrkdwn(f *testing.F) {
	for _, s := range []string{"*a* <!channel> <!here|x>", "<!subteam^S1> <@U1|<!here>>", "&lt;!channel&gt; &amp", "```a <!everyone>``` @channel", ">>> a\n<https://a.example/@here|@here>", "<!date^1^{date}^https://a|@group>", "<!chan\x00nel>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		out := mrkdwn.FromMrkdwn(text)
		quiet(t, "FromMrkdwn", text, out)
		if again := mrkdwn.FromMrkdwn(out); again != out {
			t.Fatalf("FromMrkdwn(%q) = %q\nand once more %q", text, out, again)
		}
		whole(t, out, len(text)%100)
		quiet(t, "Mute", text, mrkdwn.Mute(mrkdwn.Valid(text)))
		if md := mrkdwn.MuteMarkdown(mrkdwn.Valid(text)); mrkdwn.HasBroadcast(md) {
			t.Fatalf("MuteMarkdown(%q) = %q", text, md)
		}
		for _, s := range []string{text, out} {
			if back := mrkdwn.ToMarkdown(s, func(string, string) string { return "a\nb" }); !utf8.ValidString(back) {
				t.Fatalf("ToMarkdown(%q) is no UTF-8: %q", s, back)
			}
		}
		users, channels := mrkdwn.Mentions(out)
		for _, id := range append(users, channels...) {
			if !strings.Contains(out, id) {
				t.Fatalf("Mentions(%q) names %q", out, id)
			}
		}
	})
}
