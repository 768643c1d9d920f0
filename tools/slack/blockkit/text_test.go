package blockkit_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ name, blocks, want string }{
		{"what cannot be read says nothing", `[`, ""},
		{"dividers and buttons' addresses say nothing", `[{"type":"divider"}]`, ""},
		{"plain text is escaped, mrkdwn stays", `[{"type":"header","text":{"type":"plain_text","text":"A & <b>"}},{"type":"section","text":{"type":"mrkdwn","text":"*c* <@U1>"},"fields":[` + mrk + `,` + plain + `]}]`, "A &amp; &lt;b&gt;\n*c* <@U1>\na\na"},
		{"Markdown becomes mrkdwn", `[{"type":"markdown","text":"**a**"}]`, "*a*"},
		{"broadcasts say so, and no more", `[{"type":"mrkdwn","text":"<!here> @here"},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"broadcast","range":"channel"}]}]}]`, "&lt;!here&gt; @" + zw + "here\n@" + zw + "channel"},
		{"rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a < "},{"type":"link","url":"https://a.example","text":"b"},{"type":"emoji","name":"tada"},{"type":"user","user_id":"U1"},{"type":"channel","channel_id":"C1"},{"type":"date","timestamp":1,"format":"{date}","fallback":"then"}]},{"type":"rich_text_list","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]}]}]`, "a &lt; <https://a.example|b>:tada:<@U1><#C1>then\none\ntwo"},
		{"images say their words", `[{"type":"image","image_url":"https://a.example","alt_text":"a cat","title":` + plain + `}]`, "a cat"},
		{"a table says its rows", `[{"type":"table","rows":[[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"b"}],[{"type":"raw_text","text":"c"},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"d"}]}]}]]}]`, "a | b\nc | d"},
		{"buttons say their text", `[{"type":"actions","elements":[` + button + `,"value":"v"}]}]`, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := blockkit.Text(json.RawMessage(c.blocks)); got != c.want {
				t.Errorf("Text\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestTextIsCut(t *testing.T) {
	blocks := times(3, `{"type":"section","text":{"type":"plain_text","text":"`+strings.Repeat("a&", 700)+`"}}`)
	got := blockkit.Text(json.RawMessage(blocks))
	if n := utf8.RuneCountInString(got); n > 3000 || n < 1400 {
		t.Errorf("Text has %d characters, want at most 3000 and not few", n)
	}
	if !strings.HasSuffix(got, "…") || strings.Contains(strings.ReplaceAll(got, "&amp;", ""), "&") {
		t.Errorf("Text ends with %q, or cuts an entity", got[len(got)-20:])
	}
}
