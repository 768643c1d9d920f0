package blockkit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
)

func x(n int) string { return strings.Repeat("é", n) }

// times is a JSON array of n items.
func times(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

const (
	mrk    = `{"type":"mrkdwn","text":"a"}`
	plain  = `{"type":"plain_text","text":"a"}`
	button = `{"type":"button","text":{"type":"plain_text","text":"a"}`
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, blocks, want string }{
		{"no blocks pass", `[]`, ""},
		{"50 blocks pass", times(50, `{"type":"divider"}`), ""},
		{"51 blocks do not", times(51, `{"type":"divider"}`), "blocks: there are 51, and Slack takes 50"},
		{"what is no JSON", `[{"type":]`, "blocks: they are no JSON, from byte 10 on"},
		{"what follows JSON", `[] []`, "blocks: they are no JSON, from byte 4 on"},
		{"nothing at all", ``, "blocks: they are no JSON, from byte 0 on"},
		{"an object", `{"blocks":[]}`, "blocks: they are no array"},
		{"too much", `["` + strings.Repeat("a", 100<<10) + `"]`, "blocks: it has more than 100 KB"},
		{"too deep", strings.Repeat("[", 50) + strings.Repeat("]", 50), "blocks: it is nested more than 40 levels deep"},
		{"far too deep", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), "blocks: it is nested more than 40 levels deep"},
		{"a block that is no object", `["a"]`, "block 0: it is no object"},
		{"a block without a type", `[{"type":"divider"},{"text":"a"}]`, "block 1, type: it is missing, or no text"},
		{"an unknown type passes", `[{"type":"hologram","depth":3}]`, ""},
		{"a member given twice", `[{"type":"divider","type":"section"}]`, "block 0 (section), text: it is missing, and so are fields"},
		{"a member given twice, deeper", `[{"type":"section","text":{"type":"mrkdwn","text":"a","text":"b"}}]`, "block 0 (section), text.text: it is given twice"},
		{"a block_id of 255", `[{"type":"divider","block_id":"` + x(255) + `"}]`, ""},
		{"a block_id of 256", `[{"type":"divider","block_id":"` + x(256) + `"}]`, "block 0 (divider), block_id: it has 256 characters, and Slack takes 255"},
		{"a block_id that another has", `[{"type":"divider","block_id":"a"},{"type":"divider"},{"type":"divider","block_id":"a"}]`, "block 2 (divider), block_id: block 0 has the same one"},

		{"a section of 3000", `[{"type":"section","text":{"type":"mrkdwn","text":"` + x(3000) + `"}}]`, ""},
		{"a section of 3001", `[{"type":"section","text":{"type":"mrkdwn","text":"` + x(3001) + `"}}]`, "block 0 (section), text.text: it has 3001 characters, and Slack takes 3000"},
		{"a section without text", `[{"type":"section"}]`, "block 0 (section), text: it is missing, and so are fields"},
		{"a section with an empty text", `[{"type":"section","text":{"type":"mrkdwn","text":""}}]`, "block 0 (section), text.text: it is empty"},
		{"a section whose text is a string", `[{"type":"section","text":"a"}]`, `block 0 (section), text: it is no text object, such as {"type":"plain_text","text":"…"}`},
		{"a section whose text has another type", `[{"type":"section","text":{"type":"markdown","text":"a"}}]`, "block 0 (section), text.type: it must be plain_text or mrkdwn"},
		{"10 fields of 2000", `[{"type":"section","fields":` + times(10, `{"type":"mrkdwn","text":"`+x(2000)+`"}`) + `}]`, ""},
		{"11 fields", `[{"type":"section","fields":` + times(11, mrk) + `}]`, "block 0 (section), fields: there are 11, and Slack takes 10"},
		{"a field of 2001", `[{"type":"section","fields":[` + mrk + `,{"type":"mrkdwn","text":"` + x(2001) + `"}]}]`, "block 0 (section), fields[1].text: it has 2001 characters, and Slack takes 2000"},

		{"a header of 150", `[{"type":"header","text":{"type":"plain_text","text":"` + x(150) + `"}}]`, ""},
		{"a header of 151", `[{"type":"header","text":{"type":"plain_text","text":"` + x(151) + `"}}]`, "block 0 (header), text.text: it has 151 characters, and Slack takes 150"},
		{"a header in mrkdwn", `[{"type":"header","text":` + mrk + `}]`, "block 0 (header), text.type: it must be plain_text"},
		{"a header without text", `[{"type":"header","text":null}]`, "block 0 (header), text: it is missing"},

		{"a context of 10", `[{"type":"context","elements":` + times(10, plain) + `}]`, ""},
		{"a context of 11", `[{"type":"context","elements":` + times(11, plain) + `}]`, "block 0 (context), elements: there are 11, and Slack takes 10"},
		{"a context without elements", `[{"type":"context","elements":[]}]`, "block 0 (context), elements: it is empty"},
		{"a button in a context", `[{"type":"context","elements":[` + button + `}]}]`, "block 0 (context), elements[0].type: it must be image, plain_text, mrkdwn"},

		{"25 actions", `[{"type":"actions","elements":` + times(25, button+`}`) + `}]`, ""},
		{"26 actions", `[{"type":"actions","elements":` + times(26, button+`}`) + `}]`, "block 0 (actions), elements: there are 26, and Slack takes 25"},
		{"a button of 76", `[{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"` + x(76) + `"}}]}]`, "block 0 (actions), elements[0].text.text: it has 76 characters, and Slack takes 75"},
		{"a button that opens a page", `[{"type":"actions","elements":[` + button + `,"url":"https://a.example"},` + button + `,"url":"mailto:a@b.example"}]}]`, ""},
		{"a button that runs a script", `[{"type":"actions","elements":[` + button + `,"url":"javascript:alert(1)"}]}]`, "block 0 (actions), elements[0].url: it must be an address of https, http or mailto"},
		{"a button that opens a very long address", `[{"type":"actions","elements":[` + button + `,"url":"https://a.example/` + x(3000) + `"}]}]`, "block 0 (actions), elements[0].url: it has 3018 characters, and Slack takes 3000"},
		{"a button's value of 2001", `[{"type":"section","text":` + mrk + `,"accessory":` + button + `,"value":"` + x(2001) + `"}}]`, "block 0 (section), accessory.value: it has 2001 characters, and Slack takes 2000"},
		{"a menu of 6", `[{"type":"section","text":` + mrk + `,"accessory":{"type":"overflow","options":` + times(6, `{"text":`+plain+`,"value":"a"}`) + `}}]`, "block 0 (section), accessory.options: there are 6, and Slack takes 5"},

		{"an image", `[{"type":"image","alt_text":"a","image_url":"https://a.example/i.png","title":` + plain + `}]`, ""},
		{"an image of Slack's", `[{"type":"image","alt_text":"a","slack_file":{"id":"F1"}}]`, ""},
		{"an image without words", `[{"type":"image","image_url":"https://a.example/i.png"}]`, "block 0 (image), alt_text: it is missing"},
		{"an image of nothing", `[{"type":"image","alt_text":"a"}]`, "block 0 (image), image_url: there must be either image_url or slack_file"},
		{"an image over http", `[{"type":"image","alt_text":"a","image_url":"http://a.example/i.png"}]`, "block 0 (image), image_url: it is no https address"},
		{"an image's words of 2001", `[{"type":"context","elements":[{"type":"image","image_url":"https://a.example","alt_text":"` + x(2001) + `"}]}]`, "block 0 (context), elements[0].alt_text: it has 2001 characters, and Slack takes 2000"},

		{"Markdown of 12,000 in all", `[{"type":"markdown","text":"` + x(6000) + `"},{"type":"markdown","text":"` + x(6000) + `"}]`, ""},
		{"Markdown of 12,001 in all", `[{"type":"markdown","text":"` + x(6000) + `"},{"type":"markdown","text":"` + x(6001) + `"}]`, "block 1 (markdown), text: the markdown blocks have 12001 characters together, and Slack takes 12000"},
		{"Markdown in a text object", `[{"type":"markdown","text":` + mrk + `}]`, "block 0 (markdown), text: it is no text"},

		{"rich text", `[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"a"},{"type":"link","url":"https://a.example"}]}]}]`, ""},
		{"rich text of other elements", `[{"type":"rich_text","elements":[{"type":"text","text":"a"}]}]`, "block 0 (rich_text), elements[0].type: it must be rich_text_section, rich_text_list, rich_text_preformatted, rich_text_quote"},
		{"a table", `[{"type":"table","rows":[[{"type":"raw_text","text":"a"}]]}]`, ""},
		{"a table of 101 rows", `[{"type":"table","rows":` + times(101, `[]`) + `}]`, "block 0 (table), rows: there are 101, and Slack takes 100"},
		{"a table of 21 columns", `[{"type":"table","rows":[[],` + times(21, `{"type":"raw_text","text":"a"}`) + `]}]`, "block 0 (table), rows[1]: it has 21 cells, and Slack takes 20"},
		{"a video without a title", `[{"type":"video","alt_text":"a","video_url":"https://a.example","thumbnail_url":"https://a.example"}]`, "block 0 (video), title: it is missing"},
		{"a video over http", `[{"type":"video","alt_text":"a","title":` + plain + `,"video_url":"http://a.example","thumbnail_url":"https://a.example"}]`, "block 0 (video), video_url: it is no https address"},
		{"an input", `[{"type":"input","label":` + plain + `}]`, "block 0 (input): Slack takes input blocks in modals and Home tabs, not in messages"},
		{"a file", `[{"type":"file","external_id":"a","source":"remote"}]`, "block 0 (file): Slack alone makes file blocks; upload the file instead"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := blockkit.Check(json.RawMessage(c.blocks)); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("Check\n got %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAProblemSaysWhere(t *testing.T) {
	err := blockkit.Check(json.RawMessage(`[{"type":"divider"},{"type":"section","fields":[{"type":"mrkdwn","text":""}]}]`))
	var p *blockkit.Problem
	if !errors.As(err, &p) {
		t.Fatalf("Check = %v, want a *Problem", err)
	}
	got := fmt.Sprint(p.Code(), " | ", p.Hint(), " | ", p.Details())
	want := "slack_invalid_blocks | Correct blocks[1].fields[0].text, or leave blocks out and give text alone. | map[block:1 (section) path:blocks[1].fields[0].text]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	errors.As(blockkit.Check(json.RawMessage(`{}`)), &p)
	got = fmt.Sprint(p.Hint(), " | ", p.Details())
	want = "Give blocks an array of at most 50 blocks, or leave it out and give text alone. | map[path:blocks]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAProblemQuotesNoStrangeType(t *testing.T) {
	err := blockkit.Check(json.RawMessage(`[{"type":"a\nb","block_id":7}]`))
	if got, want := fmt.Sprint(err), "block 0, block_id: it is no text"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
