package said_test

import (
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api/internal/said"
)

func TestTextIsFoundInBlocksAndAttachments(t *testing.T) {
	for _, c := range []struct{ name, message, want string }{
		{"sections, headers, contexts and images", `{"blocks":[
			{"type":"header","text":{"type":"plain_text","text":"Deploy"}},{"type":"divider"},
			{"type":"section","text":{"type":"mrkdwn","text":"*done* &amp; dusted"},"fields":[{"type":"mrkdwn","text":"env: prod"},{"type":"plain_text","text":"by: a"}],"accessory":{"type":"button","text":{"type":"plain_text","text":"Go"}}},
			{"type":"context","elements":[{"type":"image","alt_text":"logo"},{"type":"mrkdwn","text":"2 min"}]},
			{"type":"image","alt_text":"chart","title":{"type":"plain_text","text":"Load"}},
			{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Press"}}]},
			{"type":"markdown","text":"**bold**"}]}`, "Deploy\n*done* &amp; dusted\nenv: prod\nby: a\nlogo 2 min\nLoad\n**bold**"},
		{"what people write", `{"blocks":[{"type":"rich_text","elements":[
			{"type":"rich_text_section","elements":[{"type":"text","text":"a < b "},{"type":"text","text":"bold","style":{"bold":true,"italic":true}},{"type":"text","text":" "},
				{"type":"user","user_id":"U1"},{"type":"channel","channel_id":"C1"},{"type":"usergroup","usergroup_id":"S1"},{"type":"emoji","name":"wave"},{"type":"broadcast","range":"here"},
				{"type":"link","url":"https://x.example","text":"x & y"},{"type":"link","url":"https://y.example"},{"type":"color","value":"#fff"},{"type":"date","timestamp":1,"fallback":"1970"}]},
			{"type":"rich_text_list","style":"ordered","offset":2,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]},{"type":"rich_text_section","elements":[{"type":"text","text":"two"}]}]},
			{"type":"rich_text_list","style":"bullet","indent":1,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"in"}]}]},
			{"type":"rich_text_quote","elements":[{"type":"text","text":"q1\nq2"}]},
			{"type":"rich_text_preformatted","elements":[{"type":"text","text":"x := <-c","style":{"bold":true}}]}]}]}`,
			"a &lt; b *_bold_* <@U1><#C1><!subteam^S1>:wave:<!here><https://x.example|x &amp; y><https://y.example>#fff1970\n3. one\n4. two\n    • in\n&gt; q1\n&gt; q2\n```\nx := &lt;-c\n```"},
		{"tables", `{"blocks":[{"type":"table","rows":[[{"type":"raw_text","text":"A"},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"B"}]}]}],[{"type":"raw_text","text":"1"},{"type":"raw_text","text":"2"}]]}]}`, "A | B\n1 | 2"},
		{"attachments of the old kind", `{"attachments":[{"pretext":"before","title":"T","title_link":"https://t.example","text":"text","fields":[{"title":"P","value":"high"},{"title":"Q"}],"fallback":"no"},{"fallback":"only this"}]}`,
			"before\n<https://t.example|T>\ntext\nP: high\nQ\nonly this"},
		{"attachments with blocks", `{"attachments":[{"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"in"}}],"fallback":"[no preview available]"}]}`, "in"},
		{"both", `{"blocks":[{"type":"section","text":{"type":"mrkdwn","text":"a"}}],"attachments":[{"text":"b"}]}`, "a\nb"},
		{"a block that is to come has none", `{"blocks":[{"type":"hologram","text":{"text":"x"}},{"type":"section","text":{"text":"y"}}]}`, "y"},
		{"one of another shape costs no other", `{"blocks":[{"type":"section","text":7,"fields":"x"},null,5,{"type":"section","text":{"text":"y"}}]}`, "y"},
		{"blocks that are no list", `{"blocks":{"a":1},"attachments":"x"}`, ""},
		{"no message", `7`, ""},
		{"no JSON", `{`, ""},
	} {
		if got := said.In([]byte(c.message)); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestDeepBlocksEnd(t *testing.T) {
	deep := `{"blocks":[` + strings.Repeat(`{"type":"rich_text","elements":[`, 3000) + strings.Repeat(`]}`, 3000) + `]}`
	if got := said.In([]byte(deep)); got != "" {
		t.Errorf("got %q", got)
	}
}

func FuzzAnyMessageHasSomeText(f *testing.F) {
	f.Add(`{"blocks":[{"type":"rich_text","elements":[{"type":"rich_text_list","indent":-1,"style":{"bold":1}}]}]}`)
	f.Add(`{"attachments":[{"fields":[{}]}]}`)
	f.Fuzz(func(t *testing.T, message string) {
		if got := said.In([]byte(message)); len(got) > 40*len(message)+100 {
			t.Errorf("%d bytes of text of %d", len(got), len(message))
		}
	})
}
