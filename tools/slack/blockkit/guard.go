package blockkit

import (
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"unicode"

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
		return v.mute(name, quiet)
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
	if slices.Contains(types, "user") {
		return !personID.MatchString(v.word("user_id")) && v.word("user_id") != ""
	}
	return slices.Contains(types, "broadcast") || slices.Contains(types, "usergroup")
}

// personID is what the id of a person looks like.
var personID = regexp.MustCompile(`^[UW][A-Z0-9]{1,30}$`)

// sequence is what Slack may read as a mention.
var sequence = regexp.MustCompile(`<[^<>]*>?`)

// quiet makes mrkdwn inert: broadcasts, also those that are one only when what
// does not show is left out or entities are read.
func quiet(text string) string {
	return sequence.ReplaceAllStringFunc(mrkdwn.Mute(text), func(s string) string {
		plain := strings.ToLower(html.UnescapeString(strings.Map(func(r rune) rune {
			if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)))
		loud := strings.HasPrefix(plain, "<!") && !strings.HasPrefix(plain, "<!date^") || strings.HasPrefix(plain, "<@!") || strings.HasPrefix(plain, "<@s")
		if !loud {
			return s
		}
		return "&lt;" + s[1:]
	})
}

// told is the element of rich text that only says what v would do.
func (v *value) told() value {
	words := v.word("range")
	for _, name := range []string{"usergroup_id", "user_id"} {
		if words == "" {
			words = v.word(name)
		}
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
