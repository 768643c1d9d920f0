package blockkit

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// maxText bounds the text of a message that is there for notifications, in characters.
const maxText = 3000

// Text is what blocks say, as mrkdwn for the text of the message: Slack shows it in
// notifications and where it cannot show blocks. It has at most 3,000 characters,
// ends with … where it is cut, and holds no broadcast: the blocks themselves notify,
// if anything does. It is empty where the blocks say nothing, or cannot be read.
func Text(raw json.RawMessage) string {
	v, err := parse(raw)
	if err != nil {
		return ""
	}
	var t teller
	t.tell(v)
	return shortened(strings.TrimSpace(t.b.String()), maxText)
}

// shortened is a mrkdwn text of at most most characters.
func shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	parts := mrkdwn.Split(text, most-1)
	if len(parts) == 0 {
		return ""
	}
	return parts[0] + "…"
}

// teller writes blocks as text, a line for each text.
type teller struct{ b strings.Builder }

// line writes one line of mrkdwn.
func (t *teller) line(text string) {
	if text = strings.TrimSpace(text); text != "" {
		t.b.WriteString(text + "\n")
	}
}

// tell writes what v says.
func (t *teller) tell(v value) {
	if v.kind == array {
		for _, item := range v.items {
			t.tell(item)
		}
		return
	}
	switch kind := v.word("type"); kind {
	case "plain_text", "raw_text", "text":
		t.line(mrkdwn.Escape(v.word("text")))
	case "mrkdwn":
		t.line(mrkdwn.FromMrkdwn(v.word("text")))
	case "markdown":
		t.line(mrkdwn.FromMarkdown(v.word("text")))
	case "image":
		t.line(mrkdwn.Escape(v.word("alt_text")))
	case "rich_text_section", "rich_text_preformatted", "rich_text_quote":
		t.line(rich(v))
	case "table", "data_table":
		t.table(v)
	default:
		t.members(v)
	}
}

// members tells the members of a block that people read, in the order of the block.
func (t *teller) members(v value) {
	for i, name := range v.names {
		item := v.items[i]
		switch name {
		case "text", "fields", "elements", "title", "subtitle", "description", "label", "body", "details", "output", "tasks", "accessory":
			if item.kind == text {
				t.line(mrkdwn.Escape(item.text))
			} else {
				t.tell(item)
			}
		}
	}
}

// table writes the cells of a row in one line.
func (t *teller) table(v value) {
	for _, row := range v.list("rows") {
		var cells []string
		for _, cell := range row.items {
			var c teller
			c.tell(cell)
			cells = append(cells, strings.Join(strings.Fields(c.b.String()), " "))
		}
		t.line(strings.Join(cells, " | "))
	}
}

// rich writes the elements of rich text.
func rich(v value) string {
	var b strings.Builder
	for _, e := range v.list("elements") {
		b.WriteString(element(e))
	}
	return b.String()
}

func element(e value) string {
	switch e.word("type") {
	case "text":
		return mrkdwn.Escape(e.word("text"))
	case "emoji":
		return mrkdwn.Escape(":" + e.word("name") + ":")
	case "link":
		if label := e.word("text"); label != "" {
			return mrkdwn.FromMrkdwn("<" + e.word("url") + "|" + mrkdwn.Escape(label) + ">")
		}
		return mrkdwn.FromMrkdwn("<" + e.word("url") + ">")
	case "user":
		return mrkdwn.FromMrkdwn("<@" + e.word("user_id") + ">")
	case "channel":
		return mrkdwn.FromMrkdwn("<#" + e.word("channel_id") + ">")
	case "broadcast":
		return mrkdwn.Escape("@" + e.word("range"))
	case "usergroup":
		return mrkdwn.Escape("@" + e.word("usergroup_id"))
	case "date":
		return mrkdwn.Escape(e.word("fallback"))
	case "color":
		return mrkdwn.Escape(e.word("value"))
	}
	return rich(e)
}
