// Package said finds the text of Slack's messages that have it in blocks and
// attachments alone. It knows their shapes, and nothing of where messages come
// from or what is done with the text.
package said

import (
	"encoding/json"
	"strconv"
	"strings"
)

// In is the text of the blocks and attachments of a message, which is JSON, as
// mrkdwn. It has what people read: buttons and the like are left out. What is of
// another shape has no text.
func In(raw []byte) string {
	var m struct {
		Blocks      []node       `json:"blocks"`
		Attachments []attachment `json:"attachments"`
	}
	_ = json.Unmarshal(raw, &m)
	parts := make([]string, 0, len(m.Blocks)+len(m.Attachments))
	for i := range m.Blocks {
		parts = append(parts, m.Blocks[i].said())
	}
	for i := range m.Attachments {
		parts = append(parts, m.Attachments[i].said())
	}
	return lines(parts...)
}

// lines are those of the parts that are not empty.
func lines(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if strings.TrimSpace(p) != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "\n")
}

// attachment is an attachment of the kind that was before blocks.
// Source: https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments
type attachment struct {
	Pretext  string `json:"pretext"`
	Title    string `json:"title"`
	Link     string `json:"title_link"`
	Text     string `json:"text"`
	Fallback string `json:"fallback"`
	Blocks   []node `json:"blocks"`
	Fields   []struct {
		Title string `json:"title"`
		Value string `json:"value"`
	} `json:"fields"`
}

func (a *attachment) said() string {
	parts := []string{a.Pretext, linked(a.Link, a.Title), a.Text}
	for _, f := range a.Fields {
		parts = append(parts, strings.Trim(f.Title+": "+f.Value, ": "))
	}
	for i := range a.Blocks {
		parts = append(parts, a.Blocks[i].said())
	}
	return first(lines(parts...), a.Fallback)
}

// linked is a link in mrkdwn; text is escaped.
func linked(address, text string) string {
	switch {
	case address == "":
		return text
	case text == "":
		return "<" + address + ">"
	default:
		return "<" + address + "|" + text + ">"
	}
}

// node is a block, or anything in one.
// Source: https://docs.slack.dev/reference/block-kit/blocks
type node struct {
	Type     string          `json:"type"`
	Text     phrase          `json:"text"`
	Title    phrase          `json:"title"`
	Fields   []phrase        `json:"fields"`
	Elements []node          `json:"elements"`
	Rows     [][]node        `json:"rows"` // of a table
	Style    json.RawMessage `json:"style"`
	Indent   int             `json:"indent"`
	Offset   int             `json:"offset"`
	URL      string          `json:"url"`
	AltText  string          `json:"alt_text"`
	Name     string          `json:"name"` // of an emoji
	User     string          `json:"user_id"`
	Channel  string          `json:"channel_id"`
	Group    string          `json:"usergroup_id"`
	Range    string          `json:"range"` // here, channel or everyone
	Value    string          `json:"value"`
	Fallback string          `json:"fallback"`
}

// phrase is a text, which is an object in most blocks.
type phrase struct{ text string }

// UnmarshalJSON implements json.Unmarshaler. It never fails.
func (p *phrase) UnmarshalJSON(raw []byte) error {
	var object struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(raw, &p.text) != nil && json.Unmarshal(raw, &object) == nil {
		p.text = object.Text
	}
	return nil
}

// said is the text of a block. It goes no deeper than blocks do, however deep
// what was sent is.
func (n *node) said() string {
	switch n.Type {
	case "section", "header", "markdown":
		parts := []string{n.Text.text}
		for _, f := range n.Fields {
			parts = append(parts, f.text)
		}
		return lines(parts...)
	case "context":
		return n.each(" ", (*node).small)
	case "image", "video":
		return n.small()
	case "rich_text":
		return n.each("\n", (*node).part)
	case "table":
		return n.table()
	default:
		return ""
	}
}

// each is said of the elements that say something.
func (n *node) each(between string, said func(*node) string) string {
	var parts []string
	for i := range n.Elements {
		if text := said(&n.Elements[i]); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, between)
}

// small is a text or a picture.
func (n *node) small() string {
	return first(first(n.Text.text, n.Title.text), n.AltText)
}

func (n *node) table() string {
	rows := make([]string, 0, len(n.Rows))
	for _, row := range n.Rows {
		cells := make([]string, 0, len(row))
		for i := range row {
			cells = append(cells, first(row[i].Text.text, row[i].each(" ", (*node).part)))
		}
		rows = append(rows, strings.Join(cells, " | "))
	}
	return lines(rows...)
}

// part is a part of rich text.
func (n *node) part() string {
	switch n.Type {
	case "rich_text_section":
		return n.each("", (*node).inline)
	case "rich_text_quote":
		return "&gt; " + strings.ReplaceAll(n.each("", (*node).inline), "\n", "\n&gt; ")
	case "rich_text_preformatted":
		return "```\n" + n.each("", (*node).bare) + "\n```"
	case "rich_text_list":
		return n.list()
	default:
		return ""
	}
}

func (n *node) list() string {
	ordered := string(n.Style) == `"ordered"`
	indent := strings.Repeat("    ", min(max(n.Indent, 0), 8))
	items := make([]string, 0, len(n.Elements))
	for i := range n.Elements {
		mark := "• "
		if ordered {
			mark = strconv.Itoa(n.Offset+i+1) + ". "
		}
		items = append(items, indent+mark+n.Elements[i].each("", (*node).inline))
	}
	return strings.Join(items, "\n")
}

// inline is a word or several, with their style.
func (n *node) inline() string {
	text := n.bare()
	var style struct{ Bold, Italic, Strike, Code bool }
	_ = json.Unmarshal(n.Style, &style) // none, or that of something else
	for _, s := range []struct {
		mark string
		on   bool
	}{{"`", style.Code}, {"~", style.Strike}, {"_", style.Italic}, {"*", style.Bold}} {
		if s.on && strings.TrimSpace(text) != "" {
			text = s.mark + text + s.mark
		}
	}
	return text
}

// bare is a word or several, without their style.
func (n *node) bare() string {
	switch n.Type {
	case "text":
		return escape(n.Text.text)
	case "link":
		return linked(n.URL, escape(n.Text.text))
	case "user":
		return "<@" + n.User + ">"
	case "channel":
		return "<#" + n.Channel + ">"
	case "usergroup":
		return "<!subteam^" + n.Group + ">"
	case "broadcast":
		return "<!" + n.Range + ">"
	case "emoji":
		return ":" + n.Name + ":"
	case "color":
		return n.Value
	default: // a date, and what is to come
		return escape(first(n.Fallback, n.Text.text))
	}
}

// escape writes text as mrkdwn has it.
// Source: https://docs.slack.dev/messaging/formatting-message-text#escaping
func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// first is the first of a and b that there is.
func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
