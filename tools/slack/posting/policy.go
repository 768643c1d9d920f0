package posting

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Policy says where messages may go. The zero Policy allows all.
type Policy struct {
	allow, deny []entry
}

// entry is one entry of a Policy. One of id, name and handle is set, or any.
type entry struct {
	text   string // as it was written, without !
	id     string // of a conversation or a person
	name   string // pattern for names of channels, in small letters
	handle string // of a person, in small letters
	any    bool   // any direct message, with one person or several
}

// ParsePolicy reads a Policy: entries with commas between them, each #name with
// * and ? for channels, the id of a conversation, @* for any direct message, or
// @handle, @U… or U… for that with one person. With ! before it an entry denies,
// which wins; where all entries deny, the rest is allowed. Names count whatever
// their case. Blank text is the zero Policy.
//
// A direct message with several people is that of @*, or of its id.
//
// Errors: *BadPolicy.
func ParsePolicy(text string) (Policy, error) {
	var p Policy
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		rest, denies := strings.CutPrefix(part, "!")
		e, ok := parseEntry(strings.TrimSpace(rest))
		switch {
		case !ok:
			return Policy{}, &BadPolicy{Entry: part}
		case denies:
			p.deny = append(p.deny, e)
		default:
			p.allow = append(p.allow, e)
		}
	}
	return p, nil
}

// What entries look like. Channels have letters of any script, digits, hyphens
// and underscores, and no capitals; ids have nothing but capitals and digits.
// Source: https://docs.slack.dev/reference/methods/conversations.create#naming
var (
	idPattern     = regexp.MustCompile(`^[CGDUW][A-Z0-9]{2,}$`)
	namePattern   = regexp.MustCompile(`^[\p{L}\p{M}\p{N}_.*?-]+$`)
	handlePattern = regexp.MustCompile(`^[\p{L}\p{N}_.'-]+$`)
)

func parseEntry(text string) (entry, bool) {
	name, isName := strings.CutPrefix(text, "#")
	handle, isHandle := strings.CutPrefix(text, "@")
	switch {
	case isName:
		return entry{text: text, name: strings.ToLower(name)}, namePattern.MatchString(name)
	case handle == "*" && isHandle:
		return entry{text: text, any: true}, true
	case isHandle && idPattern.MatchString(handle):
		return entry{text: text, id: handle}, handle[0] == 'U' || handle[0] == 'W'
	case isHandle:
		return entry{text: text, handle: strings.ToLower(handle)}, handlePattern.MatchString(handle)
	default:
		return entry{text: text, id: text}, idPattern.MatchString(text)
	}
}

// Check says whether a message may go to ch; who is the other person where it is
// a direct message. What is not known of them is held against them: a channel
// without a name may be any that is denied, and none that is allowed.
// Errors: *Denied.
func (p Policy) Check(ch api.Channel, who api.User) error {
	denies := func(e entry) bool { return e.matches(ch, who, true) }
	allows := func(e entry) bool { return e.matches(ch, who, false) }
	if slices.ContainsFunc(p.deny, denies) || len(p.allow) > 0 && !slices.ContainsFunc(p.allow, allows) {
		return &Denied{allow: texts(p.allow), deny: texts(p.deny)}
	}
	return nil
}

// matches tells whether e is about ch; unknown is the answer where that cannot
// be known.
func (e entry) matches(ch api.Channel, who api.User, unknown bool) bool {
	direct := ch.Kind == api.Direct
	switch {
	case e.any:
		return direct || ch.Kind == api.Group
	case e.id != "":
		return e.id == ch.ID || direct && (e.id == ch.User || e.id == who.ID)
	case e.handle != "" && direct && who.Handle == "":
		return unknown
	case e.handle != "":
		return direct && e.handle == strings.ToLower(who.Handle)
	case direct || ch.Kind == api.Group:
		return false
	case ch.Name == "":
		return unknown
	}
	ok, err := path.Match(e.name, strings.ToLower(ch.Name))
	return ok && err == nil
}

func texts(list []entry) (all []string) {
	for _, e := range list {
		all = append(all, e.text)
	}
	return all
}

// BadPolicy says what is wrong with the text of a Policy.
type BadPolicy struct{ Entry string }

// Error names the entry.
func (e *BadPolicy) Error() string {
	return fmt.Sprintf("SLACK_POST_CHANNELS has the entry %q, which names no channel and no person", e.Entry)
}

// Code is bad_setting.
func (*BadPolicy) Code() string { return "bad_setting" }

// Hint says how entries look.
func (*BadPolicy) Hint() string {
	return "Set SLACK_POST_CHANNELS to #names with * and ?, ids, @handles or @* with commas between them, and ! before what is denied."
}

// Denied says that the Policy does not allow a message there.
type Denied struct{ allow, deny []string }

// Error says so.
func (*Denied) Error() string {
	return "this server is not set up to post there (SLACK_POST_CHANNELS)"
}

// Code is slack_post_denied.
func (*Denied) Code() string { return "slack_post_denied" }

// Hint names what is allowed, or else what is denied.
func (e *Denied) Hint() string {
	denied := ""
	if len(e.deny) > 0 {
		denied = "not in " + listed(e.deny)
	}
	switch {
	case len(e.allow) == 0:
		return "Post elsewhere, " + denied + "."
	case denied != "":
		return "Post in one of " + listed(e.allow) + ", " + denied + "."
	default:
		return "Post in one of " + listed(e.allow) + "."
	}
}

// shown is how many entries a hint names.
const shown = 12

func listed(entries []string) string {
	if len(entries) > shown {
		return strings.Join(entries[:shown], ", ") + " and more"
	}
	return strings.Join(entries, ", ")
}
