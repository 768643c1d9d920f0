package mrkdwn_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

const zw = "\u200b" // what parts marks from words

func TestFromMarkdown(t *testing.T) {
	for _, c := range []struct{ name, md, want string }{
		{"nothing stays nothing", "", ""},
		{"bold is one star", "**a b**", "*a b*"},
		{"italics are underscores", "*a* _b_", "_a_ _b_"},
		{"strikethrough is one tilde", "~~a~~", "~a~"},
		{"bold and italic nest", "***a***", "_*a*_"},
		{"bold within bold changes nothing", "**a __b__ c**", "*a b c*"},
		{"bold within a word is parted from it", "foo**bar**baz", "foo" + zw + "*bar*" + zw + "baz"},
		{"styles that touch are parted", "**a**_b_", "*a*" + zw + "_b_"},
		{"bold next to punctuation is not parted", "(**a**).", "(*a*)."},
		{"bold within Chinese is parted", "你**好**吗", "你" + zw + "*好*" + zw + "吗"},
		{"bold over two lines is bold on each", "**a\nb**", "*a*\n*b*"},
		{"a hard break is a line end", "a  \nb\\\nc", "a\nb\nc"},
		{"paragraphs are parted by an empty line", "a\n\n\nb", "a\n\nb"},
		{"a heading is a bold line", "# A **b** `c`\ntext", "*A b `c`*\n\ntext"},
		{"the three characters are escaped", `a < b & c > d`, "a &lt; b &amp; c &gt; d"},
		{"entities of HTML are decoded, and the three escaped", "&copy; &lt;b&gt; &amp;amp;", "© &lt;b&gt; &amp;amp;"},
		{"HTML is shown", "<b>x</b>\n\n<div>\n*y*\n</div>", "&lt;b&gt;x&lt;/b&gt;\n\n&lt;div&gt;\n_y_\n&lt;/div&gt;"},
		{"a link", "[text](https://a.example/b?c=1&d=2)", "<https://a.example/b?c=1&amp;d=2|text>"},
		{"a bold link has its mark outside", "[**text**](https://a.example)", "*<https://a.example|text>*"},
		{"a link's text cannot end the link", "[a > b | c](https://a.example)", "<https://a.example|a &gt; b | c>"},
		{"an address cannot end the link", "[a](<https://a.example/x|y z>)", "<https://a.example/x%7Cy%20z|a>"},
		{"a link of another scheme is text", "[a](javascript:alert(1)) [b](/c) [](x)", "a (javascript:alert(1)) b (/c) x"},
		{"addresses become links", "<https://a.example> https://b.example. www.c.example x@d.example", "<https://a.example> <https://b.example>. <http://www.c.example|www.c.example> <mailto:x@d.example|x@d.example>"},
		{"an image is a link", "![alt](https://a.example/i.png) ![](https://a.example)", "<https://a.example/i.png|alt> <https://a.example>"},
		{"code is escaped, not formatted", "`a <b> *c* &amp;`", "`a &lt;b&gt; *c* &amp;amp;`"},
		{"code with a tick takes three", "``a`b``", "```a`b```"},
		{"a code block drops its language", "```go\na := \"*b*\"\n```\nc", "```\na := \"*b*\"\n```\n\nc"},
		{"a code block cannot be ended from within", "````\n```\n<!here>\n````", "```\n" + zw + "`" + zw + "`" + zw + "`\n&lt;!here&gt;\n```"},
		{"indented code is a code block", "    a\n    b", "```\na\nb\n```"},
		{"a quote has its mark on every line", "> a\n> b\n>\n> c", "> a\n> b\n>\n> c"},
		{"quotes do not nest", "> a\n> > b", "> a\n>\n> b"},
		{"lines of text that begin with > are no quote", `\> a`, zw + "&gt; a"},
		{"lists nest", "- a\n  - b\n    - c\n- d", "• a\n    ◦ b\n        ▪ c\n• d"},
		{"numbers count from the first", "3. a\n3. b", "3. a\n4. b"},
		{"loose lists look like tight ones", "text\n\n- a\n\n- b\n\nend", "text\n\n• a\n• b\n\nend"},
		{"an item of several paragraphs is indented", "- a\n\n  b", "• a\n\n    b"},
		{"an empty item is a bullet", "-", "• "},
		{"tasks have boxes", "- [ ] a\n- [x] b", "☐ a\n☑ b"},
		{"a table is aligned code", "| a | b |\n|:--|--:|\n| long | 1 |", "```\na    | b\n-----+--\nlong | 1\n```"},
		{"wide characters take two columns", "|a|b|\n|-|-|\n|日本|x|\n|abc|y|", "```\na    | b\n-----+--\n日本 | x\nabc  | y\n```"},
		{"a table shows no sequences", "|<@U1>|<!here>|\n|-|-|", "```\n@U1 | @" + zw + "here\n----+------\n```"},
		{"a rule is a line", "a\n\n---\n\nb", "a\n\n──────────\n\nb"},
		{"people, channels and dates pass", "<@U1> <@W2|bob> <#C3|general> <!date^0^{date}|then>", "<@U1> <@W2|bob> <#C3|general> <!date^0^{date}|then>"},
		{"Slack's own link passes", "<https://a.example|some text>", "<https://a.example|some text>"},
		{"sequences at the begin of a line are no HTML", "<!date^0^{date}|then> *a*", "<!date^0^{date}|then> _a_"},
		{"sequences in code do not pass", "`<@U1>`", "`&lt;@U1&gt;`"},
		{"what is no id does not pass", "<@bob> <#general> <!foo>", "&lt;@bob&gt; &lt;#general&gt; &lt;!foo&gt;"},
		{"broadcasts are text", "<!channel> <!here|here> <!everyone> <!group>", "&lt;!channel&gt; &lt;!here|here&gt; &lt;!everyone&gt; &lt;!group&gt;"},
		{"user groups are text", "<!subteam^S1|@team>", "&lt;!subteam^S1|@team&gt;"},
		{"typed broadcasts are parted", "@channel, @Here (@everyone) @channels x@here.example", "@" + zw + "channel, @" + zw + "Here (@" + zw + "everyone) @channels <mailto:x@here.example|x@here.example>"},
		{"broadcasts in code are text", "`<!channel> @here`", "`&lt;!channel&gt; @" + zw + "here`"},
		{"broadcasts as entities are text", "&#60;!channel&#62; \\<!here\\>", "&lt;!channel&gt; &lt;!here&gt;"},
		{"broadcasts in a link's text are text", "[<!channel> @here](https://a.example)", "<https://a.example|@" + zw + "channel @" + zw + "here>"},
		{"broadcasts in a label are text", "<https://a.example|@channel>", "<https://a.example|@" + zw + "channel>"},
		{"what is no UTF-8 is replaced", "a\xed\xa0\x80b\x00c\xff", "a\uFFFDb\uFFFDc\uFFFD"},
		{"text beyond what Slack takes is escaped only", strings.Repeat("a", mrkdwn.Longest-8) + " **b** <!here>", strings.Repeat("a", mrkdwn.Longest-8) + " **b** &lt;!here&gt;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mrkdwn.FromMarkdown(c.md); got != c.want {
				t.Errorf("FromMarkdown(%q)\n got %q\nwant %q", c.md, got, c.want)
			}
		})
	}
}

func TestBroadcastsPassWhereTheyMay(t *testing.T) {
	const text = "<!channel> <!here|here> <!subteam^S1|@team> @channel"
	all := mrkdwn.Options{Broadcasts: true}
	if got := all.FromMarkdown(text); got != text {
		t.Errorf("FromMarkdown\n got %q\nwant %q", got, text)
	}
	if got := all.FromMrkdwn(text); got != text {
		t.Errorf("FromMrkdwn\n got %q\nwant %q", got, text)
	}
	const want = "`&lt;!channel&gt;`"
	if got := all.FromMarkdown("`<!channel>`"); got != want {
		t.Errorf("in code\n got %q\nwant %q", got, want)
	}
}

// Each of these took goldmark long, or made much of little, at 40,000 characters.
func TestMarkupBeyondMeaningIsText(t *testing.T) {
	for _, c := range []struct{ name, unit string }{
		{"links that are never closed", "[a]("},
		{"images that are never closed", "![]("},
		{"brackets", "["},
		{"stars and underscores", "**a_"},
		{"quotes in quotes", "> "},
		{"quotes without spaces", ">"},
		{"lists in lists", "1. "},
		{"bullets in bullets", "- "},
	} {
		t.Run(c.name, func(t *testing.T) {
			md := strings.Repeat(c.unit, mrkdwn.Longest/len(c.unit))
			if got, want := mrkdwn.FromMarkdown(md), mrkdwn.Escape(md); got != want && len(got) > 2*len(md) {
				t.Errorf("FromMarkdown made %d bytes of %d", len(got), len(md))
			} else if got != want {
				t.Errorf("FromMarkdown parsed %d times %q; want it as it was typed", mrkdwn.Longest/len(c.unit), c.unit)
			}
		})
	}
}

func TestATableOfHolesIsNoTable(t *testing.T) {
	md := "|" + strings.Repeat("a|", 2000) + "\n|" + strings.Repeat("-|", 2000) + "\n" + strings.Repeat("|\n", 2000)
	if got := mrkdwn.FromMarkdown(md); len(got) > 2*len(md) {
		t.Errorf("FromMarkdown made %d bytes of %d", len(got), len(md))
	}
}

// Nested 10,000 levels, or a megabyte of one character, nothing fails or grows.
func TestExtremesAreBounded(t *testing.T) {
	for _, c := range []struct{ name, text string }{
		{"10,000 quotes", strings.Repeat("> ", 10_000) + "x"},
		{"10,000 bullets", strings.Repeat("- ", 10_000) + "x"},
		{"10,000 brackets", strings.Repeat("[", 10_000) + "x" + strings.Repeat("]", 10_000)},
		{"10,000 stars", strings.Repeat("*", 10_000) + "x" + strings.Repeat("*", 10_000)},
		{"a megabyte of *", strings.Repeat("*", 1<<20)},
		{"a megabyte of [", strings.Repeat("[", 1<<20)},
		{"a megabyte of <", strings.Repeat("<", 1<<20)},
		{"a megabyte of `", strings.Repeat("`", 1<<20)},
		{"a megabyte of _a", strings.Repeat("_a ", 1<<20/3)},
		{"a megabyte of @here", strings.Repeat("@here ", 1<<20/6)},
	} {
		t.Run(c.name, func(t *testing.T) {
			most := 8*len(c.text) + 100
			for name, got := range map[string]string{
				"FromMarkdown": mrkdwn.FromMarkdown(c.text),
				"FromMrkdwn":   mrkdwn.FromMrkdwn(c.text),
				"ToMarkdown":   mrkdwn.ToMarkdown(c.text, nil),
				"Split":        strings.Join(mrkdwn.Split(c.text, 4000), ""),
				"MuteMarkdown": mrkdwn.MuteMarkdown(c.text),
			} {
				if len(got) > most {
					t.Errorf("%s made %d bytes of %d", name, len(got), len(c.text))
				}
			}
		})
	}
}

func TestManyCanWriteAtOnce(t *testing.T) {
	const md = "# a **b**\n\n- [x] <@U1> [c](https://d.example)\n\n|a|b|\n|-|-|\n|c|d|\n"
	want := mrkdwn.FromMarkdown(md)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := mrkdwn.FromMarkdown(md); got != want {
				t.Errorf("FromMarkdown(%q)\n got %q\nwant %q", md, got, want)
			}
		})
	}
	all.Wait()
}
