package mrkdwn_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"pgregory.net/rapid"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// working finds broadcasts that Slack would act upon: as sequences, and as people type them.
var working = regexp.MustCompile(`(?i)<\s*!\s*(channel|here|everyone|group\b|subteam)|(^|[^a-z0-9])@(channel|here|everyone|group)\b`)

// address is what a sequence leads to, in which @here is no broadcast.
var address = regexp.MustCompile(`<[^<>|\n]*`)

func quiet(t interface{ Fatalf(string, ...any) }, what, input, output string) {
	if !utf8.ValidString(output) {
		t.Fatalf("%s(%q) is no UTF-8: %q", what, input, output)
	}
	bare := address.ReplaceAllStringFunc(output, func(s string) string {
		if strings.HasPrefix(s, "<h") || strings.HasPrefix(s, "<H") || strings.HasPrefix(s, "<m") || strings.HasPrefix(s, "<t") {
			return "<x"
		}
		return s
	})
	if found := working.FindString(bare); found != "" {
		t.Fatalf("%s(%q) holds %q:\n%q", what, input, found, output)
	}
}

// rough is text made of what is special in either language.
func rough() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"<", ">", "!", "@", "#", "&", "*", "_", "~", "`", "```", "[", "](", ")", "|", "\n", "\n\n", " ", "- ", "1. ", "> ", "# ", "\\",
		"<!channel>", "<!here|here>", "<!", "channel", "@here", "@everyone", "<!subteam^S1>", "<!date^1^{date}|", "<@U1>", "<#C1|x>", "<https://a.example|", "https://b.example/@here", "mailto:",
		"&amp;", "&lt;", "&gt;", "&#60;", "&#x21;", "&excl;", "\x00", "\xed\xa0\x80", "\u200b", "a", "b c", "é", "日本", "|-|-|\n", "|a|b|\n", "    ", "\t", "~~"})
	return rapid.Map(rapid.SliceOfN(piece, 0, 30), func(p []string) string { return strings.Join(p, "") })
}

func TestWhateverComesInNoBroadcastGoesOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rough().Draw(t, "text")
		quiet(t, "FromMarkdown", in, mrkdwn.FromMarkdown(in))
		once := mrkdwn.FromMrkdwn(in)
		quiet(t, "FromMrkdwn", in, once)
		quiet(t, "Escape", in, mrkdwn.Escape(in))
		quiet(t, "Mute", in, mrkdwn.Mute(mrkdwn.Valid(in)))
		if again := mrkdwn.FromMrkdwn(once); again != once {
			t.Fatalf("FromMrkdwn changes its own output\n%q\n%q", once, again)
		}
		if valid := mrkdwn.Valid(in); mrkdwn.Valid(valid) != valid {
			t.Fatalf("Valid changes its own output %q", valid)
		}
	})
}

func TestPartsHoldAllWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole(t, mrkdwn.FromMrkdwn(rough().Draw(t, "text")), rapid.IntRange(0, 60).Draw(t, "most"))
	})
}

var entityOrSequence = regexp.MustCompile(`<[^<>\n]+>|&(amp|lt|gt);`)

// whole checks the parts of a text.
func whole(t interface{ Fatalf(string, ...any) }, text string, most int) {
	parts := mrkdwn.Split(text, most)
	room := max(most, 20)
	for _, p := range parts {
		if n := utf8.RuneCountInString(p); n > room {
			t.Fatalf("Split(%q, %d) has a part of %d characters: %q", text, most, n, p)
		}
	}
	squeeze := func(s string) string {
		return strings.Join(strings.Fields(strings.ReplaceAll(s, "```", "")), "")
	}
	if got, want := squeeze(strings.Join(parts, "\n")), squeeze(text); got != want {
		t.Fatalf("Split(%q, %d) = %q\nholds %q\nwant  %q", text, most, parts, got, want)
	}
	for _, e := range entityOrSequence.FindAllString(text, -1) {
		if utf8.RuneCountInString(e) > room-8 {
			return // it may be cut
		}
	}
	count := 0
	for _, p := range parts {
		count += len(entityOrSequence.FindAllString(p, -1))
	}
	if want := len(entityOrSequence.FindAllString(text, -1)); count != want {
		t.Fatalf("Split(%q, %d) = %q\nholds %d entities and sequences whole, want %d", text, most, parts, count, want)
	}
}

// html is what Markdown shows.
func html(t interface{ Fatalf(string, ...any) }, md string) string {
	var b bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert([]byte(md), &b); err != nil {
		t.Fatalf("render %q: %v", md, err)
	}
	return b.String()
}

// fine is Markdown that mrkdwn can say all of.
func fine() *rapid.Generator[string] {
	word := rapid.SampledFrom([]string{"one", "two", "drei", "naïve", "日本", "x & y", "a < b", "snake_case", "2 * 3", "3 > 2"})
	code := rapid.SampledFrom([]string{"`a := *b`", "`<x> & y`", "`_z_`"})
	link := rapid.SampledFrom([]string{"[a text](https://a.example/b?c=1&d=2)", "<https://b.example>", "[e](https://a.example/f_(g))", "[mail](mailto:a@b.example)"})
	leaf := rapid.OneOf(word, code, link)
	styled := rapid.Custom(func(t *rapid.T) string {
		mark := rapid.SampledFrom([]string{"**", "_", "~~"}).Draw(t, "mark")
		return mark + rapid.OneOf(word, link).Draw(t, "text") + mark
	})
	both := rapid.Custom(func(t *rapid.T) string { return "**bold _both " + word.Draw(t, "text") + "_ end**" })
	inner := rapid.SampledFrom([]string{"in**word**s", "un*frigging*believable"})
	line := rapid.Map(rapid.SliceOfN(rapid.OneOf(leaf, styled, both, inner), 1, 5), func(p []string) string { return strings.Join(p, " ") })
	block := rapid.Custom(func(t *rapid.T) string {
		a, b := line.Draw(t, "a"), line.Draw(t, "b")
		return rapid.SampledFrom([]string{a, a + "\n" + b, "> " + a + "\n> " + b, "- " + a + "\n- " + b, "- " + a + "\n    - " + b,
			"1. " + a + "\n2. " + b, "- [ ] " + a + "\n- [x] " + b, "```\nif a < b && *c {\n    `d`\n}\n```"}).Draw(t, "block")
	})
	return rapid.Map(rapid.SliceOfN(block, 1, 4), func(p []string) string { return strings.Join(p, "\n\ntext between\n\n") })
}

func TestThereAndBackKeepsTextLinksCodeAndStyles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		md := fine().Draw(t, "markdown")
		slack := mrkdwn.FromMarkdown(md)
		back := mrkdwn.ToMarkdown(slack, nil)
		if got, want := html(t, back), html(t, md); got != want {
			t.Fatalf("markdown\n%s\nmrkdwn\n%s\nand back\n%s\nshows\n%s\nwant\n%s", md, slack, back, got, want)
		}
	})
}
