package blocks

import (
	"html"
	"regexp"
	"strings"
)

// marks are the parts of a text that are not shown as they are: <…> and *bold*.
var marks = regexp.MustCompile(`<([^<>]+)>|\*([^*\n]+)\*`)

// RichText is what Slack keeps of a text besides the text: the same in elements,
// without lists and quotes.
// Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
func RichText(text string) []map[string]any {
	elements := []map[string]any{}
	plain := func(s string) {
		if s != "" {
			elements = append(elements, map[string]any{"type": "text", "text": html.UnescapeString(s)})
		}
	}
	from := 0
	for _, at := range marks.FindAllStringSubmatchIndex(text, -1) {
		plain(text[from:at[0]])
		from = at[1]
		if at[4] >= 0 {
			elements = append(elements, map[string]any{"type": "text", "text": html.UnescapeString(text[at[4]:at[5]]), "style": map[string]any{"bold": true}})
			continue
		}
		elements = append(elements, marked(text[at[2]:at[3]]))
	}
	plain(text[from:])
	return []map[string]any{{"type": "rich_text_section", "elements": elements}}
}

// marked is what stands between < and >.
func marked(inside string) map[string]any {
	what, label, _ := strings.Cut(inside, "|")
	switch {
	case strings.HasPrefix(what, "@"):
		return map[string]any{"type": "user", "user_id": what[1:]}
	case strings.HasPrefix(what, "#"):
		return map[string]any{"type": "channel", "channel_id": what[1:]}
	case strings.HasPrefix(what, "!subteam^"):
		return map[string]any{"type": "usergroup", "usergroup_id": what[len("!subteam^"):]}
	case strings.HasPrefix(what, "!"):
		return map[string]any{"type": "broadcast", "range": what[1:]}
	case label != "":
		return map[string]any{"type": "link", "url": html.UnescapeString(what), "text": html.UnescapeString(label)}
	}
	return map[string]any{"type": "link", "url": html.UnescapeString(what)}
}
