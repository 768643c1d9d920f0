package mrkdwn_test

import (
	"slices"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

func TestFromMrkdwn(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"formatting stays", "*a* _b_ ~c~ `d` • e", "*a* _b_ ~c~ `d` • e"},
		{"entities stay", "a &amp; b &lt;c&gt;", "a &amp; b &lt;c&gt;"},
		{"other & < > are escaped", "a & b < c > d &copy; <b>", "a &amp; b &lt; c &gt; d &amp;copy; &lt;b&gt;"},
		{"people, channels, links and dates stay", "<@U1> <@W1|b> <#C1|g> <https://a.example/?b&c|d> <mailto:a@b.example> <tel:+49> <!date^1^{date}^https://a.example|d>", "<@U1> <@W1|b> <#C1|g> <https://a.example/?b&amp;c|d> <mailto:a@b.example> <tel:+49> <!date^1^{date}^https://a.example|d>"},
		{"a date needs what to show instead", "<!date^1^{date}>", "&lt;!date^1^{date}&gt;"},
		{"addresses of other schemes are escaped", "<javascript:x|y> <file:///a> <api::a|b>", "&lt;javascript:x|y&gt; &lt;file:///a&gt; &lt;api::a|b&gt;"},
		{"quotes stay at the begin of lines", "> a\n>b\n>>> c > d", "> a\n>b\n>>> c &gt; d"},
		{"a sequence ends on its line", "<@U1\n>", "&lt;@U1\n>"},
		{"broadcasts are text", "<!channel> <!here|here> <!everyone> <!group> <!subteam^S1> <!CHANNEL>", "&lt;!channel&gt; &lt;!here|here&gt; &lt;!everyone&gt; &lt;!group&gt; &lt;!subteam^S1&gt; &lt;!CHANNEL&gt;"},
		{"a broadcast within a sequence is text", "<https://a.example|<!channel>>", "&lt;https://a.example|&lt;!channel&gt;&gt;"},
		{"typed broadcasts are parted", "@channel @here-now x@here @channels", "@" + zw + "channel @" + zw + "here-now x@here @channels"},
		{"addresses with @here in them stay", "<https://a.example/@here|@here>", "<https://a.example/@here|@" + zw + "here>"},
		{"control characters join nothing", "<!chan\x00nel>", "&lt;!chan\uFFFDnel&gt;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := mrkdwn.FromMrkdwn(c.text)
			if got != c.want {
				t.Errorf("FromMrkdwn(%q)\n got %q\nwant %q", c.text, got, c.want)
			}
			if again := mrkdwn.FromMrkdwn(got); again != got {
				t.Errorf("FromMrkdwn(%q) once more\n got %q", got, again)
			}
		})
	}
}

func names(kind, id string) string {
	return map[string]string{"userU1": "Ada\nL.", "channelC1": "general"}[kind+id]
}

func TestToMarkdown(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"styles", "*a b* _c_ ~d~", "**a b** _c_ ~~d~~"},
		{"styles nest", "*a _b ~c~_ d*", "**a _b ~~c~~_ d**"},
		{"marks within words are no styles", "snake_case_name 2*3*4 a~b~c", "snake_case_name 2*3*4 a~b~c"},
		{"marks beside spaces are no styles", "2 * 3 * 4, *.go and *.ts, ~/a and ~/b", "2 * 3 * 4, *.go and *.ts, ~/a and ~/b"},
		{"styles end on their line", "*a\nb*", "*a\nb*"},
		{"styles parted from words", "foo" + zw + "*bar*" + zw + "baz a" + zw + "_b_", "foo**bar**baz a*b*"},
		{"entities are decoded", "&lt;b&gt; &amp;amp; &amp;lt;", "<b> &amp; &lt;"},
		{"a person with a name", "<@U1>", "@Ada L. (U1)"},
		{"a person that the message names", "<@U2|bob>", "@bob (U2)"},
		{"a person without a name", "<@U2>", "@U2"},
		{"a channel with a name", "<#C1> <#C1|>", "#general (C1) #general (C1)"},
		{"a channel that the message names", "<#C2|random>", "#random (C2)"},
		{"broadcasts", "<!channel> <!here|here> <!subteam^S1|@team> <!subteam^S1>", "@channel @here @team (S1) @S1"},
		{"dates", "<!date^1392734382^{date}|Feb 18> <!date^1392734382^{date}>", "Feb 18 2014-02-18 14:39 UTC"},
		{"commands that are not known", "<!foo> <!foo|bar>", "!foo bar"},
		{"links", "<https://a.example/?b=1&amp;c=2|d [e]> <https://a.example> <https://a.example|https://a.example>", `[d \[e\]](https://a.example/?b=1&c=2) <https://a.example> <https://a.example>`},
		{"an address with parentheses", "<https://a.example/b_(c)|d>", "[d](<https://a.example/b_(c)>)"},
		{"mail and telephone", "<mailto:a@b.example|a@b.example> <mailto:a@b.example|Ada> <tel:+49|+49>", "a@b.example [Ada](mailto:a@b.example) +49"},
		{"a bold link", "*<https://a.example|b>*", "**[b](https://a.example)**"},
		{"code is not formatted", "`*a* &lt;b&gt; <https://a.example>`", "`*a* <b> https://a.example`"},
		{"code blocks are not formatted", "a\n```*b*\n&amp;```\nc", "a\n```\n*b*\n&\n```\nc"},
		{"a code block within a line gets its own", "a ```b\nc``` d", "a \n```\nb\nc\n```\n d"},
		{"code in three ticks on one line is a span", "a ```b`c``` d", "a ``b`c`` d"},
		{"code that is not ended is text", "a ```b *c*", "a ```b **c**"},
		{"code that holds a fence gets a longer one", "```\n`" + zw + "`" + zw + "`\nb\n```", "````\n```\nb\n````"},
		{"quotes", "&gt; a\n&gt;b\n> c", "> a\n> b\n> c"},
		{"a quote to the end", "&gt;&gt;&gt; a\nb", "> a\n> b"},
		{"bullets", "• a\n    ◦ b\n☐ c\n☑ d", "- a\n    - b\n- [ ] c\n- [x] d"},
		{"zero width spaces of others stay", "a" + zw + "b *c*", "a" + zw + "b **c**"},
		{"parted broadcasts are joined", "@" + zw + "channel `@" + zw + "here`", "@channel `@here`"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mrkdwn.ToMarkdown(c.text, names); got != c.want {
				t.Errorf("ToMarkdown(%q)\n got %q\nwant %q", c.text, got, c.want)
			}
		})
	}
}

func TestMentions(t *testing.T) {
	users, channels := mrkdwn.Mentions("<@U2> <#C1|g> <@U1|a> <@U2> <<@W3> <@bob> <!here> <#D4> <#C1>")
	if want := []string{"U2", "U1", "W3"}; !slices.Equal(users, want) {
		t.Errorf("users: got %q, want %q", users, want)
	}
	if want := []string{"C1", "D4"}; !slices.Equal(channels, want) {
		t.Errorf("channels: got %q, want %q", channels, want)
	}
}

func TestValid(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text stays", "a\tb\nc é 😀 \u200b \uFFFD", "a\tb\nc é 😀 \u200b \uFFFD"},
		{"a lone surrogate is replaced", "a\xed\xa0\x80b", "a\uFFFDb"},
		{"what is no UTF-8 is replaced", "a\xffb\xc3", "a\uFFFDb\uFFFD"},
		{"control characters are replaced", "a\x00b\x1b[31m\x7f", "a\uFFFDb\uFFFD[31m\uFFFD"},
		{"line ends are one kind", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mrkdwn.Valid(c.text); got != c.want {
				t.Errorf("Valid(%q)\n got %q\nwant %q", c.text, got, c.want)
			}
		})
	}
}

func TestEscape(t *testing.T) {
	const text, want = "a & <!channel> *b* @here\x00", "a &amp; &lt;!channel&gt; *b* @" + zw + "here\uFFFD"
	if got := mrkdwn.Escape(text); got != want {
		t.Errorf("Escape(%q)\n got %q\nwant %q", text, got, want)
	}
}

func TestMute(t *testing.T) {
	for _, c := range []struct{ name, text, mrkdwn, markdown string }{
		{"a broadcast", "a <!channel> b & <c>", "a &lt;!channel> b & <c>", "a <!" + zw + "channel> b & <c>"},
		{"a label does not hide it", "<!here|x>", "&lt;!here|x>", "<!" + zw + "here|x>"},
		{"capitals do not hide it", "<!Everyone>", "&lt;!Everyone>", "<!" + zw + "Everyone>"},
		{"spaces do not hide it", "< ! group >", "&lt; ! group >", "< !" + zw + " group >"},
		{"a user group", "<!subteam^S1>", "&lt;!subteam^S1>", "<!" + zw + "subteam^S1>"},
		{"typed", "(@here)", "(@" + zw + "here)", "(@" + zw + "here)"},
		{"escaped as Markdown has it", `<\!channel> &#60;!here> &lt;!here`, `<\!channel> &#60;!here> &lt;!here`, `<\!` + zw + `channel> &#60;!` + zw + `here> &lt;!` + zw + `here`},
		{"spelled out in entities", "<!&#99;hannel>", "<!&#99;hannel>", "<!&amp;#99;hannel>"},
		{"an address with @here in it stays", "<https://a.example/@here|@here>", "<https://a.example/@here|@" + zw + "here>", "<https://a.example/@here|@" + zw + "here>"},
		{"all else stays", "a & b <@U1> `x` \\*", "a & b <@U1> `x` \\*", "a & b <@U1> `x` \\*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mrkdwn.Mute(c.text); got != c.mrkdwn {
				t.Errorf("Mute(%q)\n got %q\nwant %q", c.text, got, c.mrkdwn)
			}
			if got := mrkdwn.MuteMarkdown(c.text); got != c.markdown {
				t.Errorf("MuteMarkdown(%q)\n got %q\nwant %q", c.text, got, c.markdown)
			}
		})
	}
}
