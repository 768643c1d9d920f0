package blockkit

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// Guard makes the broadcasts in blocks inert, at any depth and in any spelling,
// and says whether there were any: <!channel> and its like in every text but those
// that Slack shows as they are (plain_text, raw_text, text elements of rich text),
// addresses and ids; the elements broadcast and usergroup of rich text, which
// become text. The rest keeps its meaning: numbers, order, members it does not know.
// Where broadcasts may pass, nothing changes but the white space.
//
// Blocks that are no JSON, too long or too deep (see Check) become null: what
// cannot be read cannot be vouched for.
func Guard(raw json.RawMessage, broadcasts bool) (json.RawMessage, bool) {
	v, err := parse(raw)
	if err != nil {
		return json.RawMessage("null"), true
	}
	changed := !broadcasts && v.guard("")
	return v.append(nil), changed
}

// guard makes the value inert that is the member called name.
func (v *value) guard(name string) bool {
	changed := false
	switch v.kind {
	case text:
		return v.mute(name, mrkdwn.Mute)
	case array:
		for i := range v.items {
			changed = v.items[i].guard(name) || changed
		}
	case object:
		if v.notifies() {
			*v = v.told()
			return true
		}
		for i := range v.items {
			changed = v.member(i) || changed
		}
	}
	return changed
}

// member makes one member of an object inert.
func (v *value) member(i int) bool {
	m := &v.items[i]
	if m.kind == text && v.names[i] == "text" {
		switch types := v.types(); {
		case only(types, "plain_text", "raw_text", "text"):
			return false
		case slices.Contains(types, "markdown"):
			return m.mute("text", mrkdwn.MuteMarkdown)
		}
	}
	return m.guard(v.names[i])
}

func (v *value) mute(name string, how func(string) string) bool {
	if untold(name) {
		return false
	}
	before := v.text
	v.text = how(v.text)
	return v.text != before
}

// untold says whether Slack never shows the member called name.
func untold(name string) bool {
	return name == "value" || name == "type" || strings.HasSuffix(name, "id") || strings.HasSuffix(name, "url")
}

// types is every type that the object says it has: of a name that is given twice,
// nobody knows which one counts.
func (v *value) types() []string {
	var types []string
	for i, name := range v.names {
		if strings.EqualFold(name, "type") && v.items[i].kind == text {
			types = append(types, strings.ToLower(v.items[i].text))
		}
	}
	return types
}

func only(types []string, allowed ...string) bool {
	return len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return !slices.Contains(allowed, t) })
}

// notifies says whether the object is an element of rich text that notifies many.
func (v *value) notifies() bool {
	types := v.types()
	return slices.Contains(types, "broadcast") || slices.Contains(types, "usergroup")
}

// told is the element of rich text that only says what v would do.
func (v *value) told() value {
	words := v.word("range")
	if words == "" {
		words = v.word("usergroup_id")
	}
	if words == "" {
		words = "everyone"
	}
	told := value{kind: object, names: []string{"type", "text"}, items: []value{
		{kind: text, text: "text"},
		{kind: text, text: mrkdwn.Mute("@" + words)},
	}}
	if style, ok := v.get("style"); ok && style.kind == object {
		told.names, told.items = append(told.names, "style"), append(told.items, style)
	}
	return told
}
