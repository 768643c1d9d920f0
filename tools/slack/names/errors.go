package names

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The codes of Slack's answers about ids.
const (
	unknownChannel = "unknown_channel"
	unknownUser    = "unknown_user"
)

// codeOf is the code of an error; empty: it has none.
func codeOf(err error) string {
	var told interface{ Code() string }
	if err == nil || !errors.As(err, &told) {
		return ""
	}
	return told.Code()
}

// detail is one of the details of an error.
func detail(err error, name string) string {
	var told interface{ Details() map[string]string }
	if err == nil || !errors.As(err, &told) {
		return ""
	}
	return told.Details()[name]
}

// what is it that is not known.
type what int

const (
	aChannel what = iota
	aUser
	aDirect
)

// Unknown says that there is no such channel or person, as far as was looked.
type Unknown struct {
	what   what
	text   string   // of the caller
	looked int      // lines that were looked through
	more   bool     // there are others
	near   []string // up to three
	lacks  []string // scopes, for want of which some kinds were left out
	cursor string   // of FindUsers, to look further
	wait   time.Duration
}

// look adds how far was looked.
func (e *Unknown) look(g glance) {
	e.looked += g.looked
	e.more = e.more || g.more
	e.near = append(e.near, g.near...)
	if e.more {
		e.wait = time.Second
	}
}

func (e *Unknown) lack(scopes []string) {
	for _, s := range scopes {
		if !slices.Contains(e.lacks, s) {
			e.lacks = append(e.lacks, s)
		}
	}
}

// Error says what there is none of, how far was looked, and what was left out.
func (e *Unknown) Error() string {
	var s string
	switch e.what {
	case aUser:
		s = fmt.Sprintf("nobody in Slack is %s", quoted(e.text))
	case aDirect:
		s = fmt.Sprintf("there is no direct message with %s", e.text)
	default:
		s = fmt.Sprintf("Slack shows this account no channel %s", quoted(e.text))
	}
	switch {
	case e.more:
		s += fmt.Sprintf(" among the first %d, and there are more", e.looked)
	case e.looked > 0:
		s += fmt.Sprintf(" among %d", e.looked)
	}
	if len(e.lacks) > 0 {
		s += "; without " + strings.Join(e.lacks, ", ") + " some kinds are left out"
	}
	return s
}

// quoted is the caller's own text, not too long.
func quoted(text string) string {
	if r := []rune(text); len(r) > 80 {
		text = string(r[:80]) + "…"
	}
	return strconv.Quote(text)
}

// Code is unknown_channel or unknown_user.
func (e *Unknown) Code() string {
	if e.what == aUser {
		return unknownUser
	}
	return unknownChannel
}

// Hint has up to three names that are most alike, or says how to look further.
func (e *Unknown) Hint() string {
	mark, list := "#", "slack_list_channels"
	if e.what == aUser {
		mark, list = "@", "slack_find_user"
	}
	var near []string
	for _, name := range e.near {
		if name = mark + name; !slices.Contains(near, name) && len(near) < shown {
			near = append(near, name)
		}
	}
	switch {
	case e.what == aDirect:
		return "Post to the person with slack_post_message, which opens a direct message."
	case len(near) > 0:
		return "Check the name: " + strings.Join(near, ", ") + map[bool]string{true: " is", false: " are"}[len(near) == 1] + " nearest; " + list + " finds others."
	case e.cursor != "":
		return "Give the id or the email address, or look further with slack_find_user and the cursor of details."
	case e.more:
		return "Give the id or a link, or repeat the call to look further."
	default:
		return "Look with " + list + ", or give the id."
	}
}

// RetryAfter is when the same call looks further; zero: it does not.
func (e *Unknown) RetryAfter() time.Duration {
	if e.cursor != "" {
		return 0
	}
	return e.wait
}

// Details are how far was looked, the scopes that are missing, and where to look
// further.
func (e *Unknown) Details() map[string]string {
	d := map[string]string{}
	if e.looked > 0 {
		d["looked_through"] = strconv.Itoa(e.looked)
	}
	for name, value := range map[string]string{"missing_scopes": strings.Join(e.lacks, ","), "cursor": e.cursor} {
		if value != "" {
			d[name] = value
		}
	}
	return d
}

// Withheld says that the token may list nothing of what was asked for.
type Withheld struct{ scopes []string }

// Error names the scopes.
func (e *Withheld) Error() string {
	return "this account's token lacks the scope for that: " + strings.Join(e.scopes, ", ")
}

// Code is slack_scope_missing.
func (*Withheld) Code() string { return "slack_scope_missing" }

// Hint says how to get it.
func (*Withheld) Hint() string {
	return "Call connect_account with provider slack and these scopes, or give the app of SLACK_BOT_TOKEN the scope and install it again."
}

// Details has the scopes.
func (e *Withheld) Details() map[string]string {
	return map[string]string{"needed": strings.Join(e.scopes, ",")}
}

// MissingScopes are those to ask the person for.
func (e *Withheld) MissingScopes() (provider string, scopes []string) { return "slack", e.scopes }

// Ambiguous says that several people have a name, or that it is not known that
// only one has it.
type Ambiguous struct {
	text string // of the caller
	ids  []string
	more bool // not everybody was looked at
}

// Error says how many.
func (e *Ambiguous) Error() string {
	if e.more {
		return fmt.Sprintf("%d people called %s were found, and there may be more", len(e.ids), quoted(e.text))
	}
	return fmt.Sprintf("%d people in Slack are called %s", len(e.ids), quoted(e.text))
}

// Code is ambiguous_user.
func (*Ambiguous) Code() string { return "ambiguous_user" }

// candidates is how many ids an error has.
const candidates = 10

func (e *Ambiguous) some() string { return strings.Join(e.ids[:min(len(e.ids), candidates)], ", ") }

// Hint has the ids of those who have it.
func (e *Ambiguous) Hint() string {
	return "Give the id instead, one of " + e.some() + "; slack_find_user tells them apart."
}

// Details has the ids.
func (e *Ambiguous) Details() map[string]string { return map[string]string{"candidates": e.some()} }

// BadCursor says that a cursor is none of those that this package gave.
type BadCursor struct{}

// Error says so.
func (*BadCursor) Error() string { return "cursor is not one that this tool returned" }

// Code is bad_argument.
func (*BadCursor) Code() string { return "bad_argument" }

// Hint says what to do.
func (*BadCursor) Hint() string {
	return "Leave out cursor to begin again, or give next_cursor of the answer before."
}
