package mrkdwn

import (
	"regexp"
	"strings"
)

// kind tells what a <…> sequence is.
type kind int

const (
	person kind = iota + 1
	channel
	broadcast // one that notifies many: channel, here, everyone, group
	group     // a user group, which notifies many as well
	date
	link
	command // any other <!…>
	unknown
)

// token is a <…> sequence.
type token struct {
	kind  kind
	id    string // of person, channel and group; the word of broadcast; the address of link
	head  string // all before the first |
	label string // all after it
	piped bool   // there is a |
}

var (
	personHead  = regexp.MustCompile(`^@([UW][A-Z0-9]+)$`)
	channelHead = regexp.MustCompile(`^#([CDG][A-Z0-9]+)$`)
	groupHead   = regexp.MustCompile(`(?i)^!subteam\^([A-Z0-9]*)$`)
	dateHead    = regexp.MustCompile(`^!date\^-?[0-9]{1,12}\^[^\^|]+(\^https?://[^\s\^|]+)?$`)
	linkHead    = regexp.MustCompile(`(?i)^(https?://|mailto:|tel:)[^\s]+$`)
	castHead    = regexp.MustCompile(`(?i)^!(channel|here|everyone|group)$`)
)

// read reads the sequence that text begins with, and says how many bytes it has.
// It is false where there is none: a sequence ends on its line and holds no <.
func read(text string) (token, int, bool) {
	if len(text) < 3 || text[0] != '<' {
		return token{}, 0, false
	}
	end := strings.IndexAny(text[1:], "<>\n")
	if end < 1 || text[1+end] != '>' {
		return token{}, 0, false
	}
	t := token{}
	t.head, t.label, t.piped = strings.Cut(text[1:1+end], "|")
	t.classify()
	return t, end + 2, true
}

func (t *token) classify() {
	if t.head == "" {
		t.kind = unknown
		return
	}
	switch t.head[0] {
	case '@':
		t.named(person, personHead)
	case '#':
		t.named(channel, channelHead)
	case '!':
		t.command()
	default:
		t.kind = unknown
		if linkHead.MatchString(t.head) {
			t.kind, t.id = link, t.head
		}
	}
}

func (t *token) named(k kind, head *regexp.Regexp) {
	t.kind = unknown
	if m := head.FindStringSubmatch(t.head); m != nil {
		t.kind, t.id = k, m[1]
	}
}

func (t *token) command() {
	t.kind = command
	if m := castHead.FindStringSubmatch(t.head); m != nil {
		t.kind, t.id = broadcast, strings.ToLower(m[1])
	} else if m := groupHead.FindStringSubmatch(t.head); m != nil {
		t.kind, t.id = group, m[1]
	} else if dateHead.MatchString(t.head) {
		t.kind = date
	}
}

// allowed says whether the sequence may stay what it is.
func (o Options) allowed(t token) bool {
	switch t.kind {
	case person, channel, link:
		return true
	case date:
		return t.label != "" // Slack wants something to show where it cannot show the date
	case broadcast, group:
		return o.Broadcasts && t.id != ""
	}
	return false
}

// keep writes a sequence that is allowed, with nothing in it that is not.
func (o Options) keep(t token) string {
	head := t.head
	if t.kind == link || t.kind == date {
		head = tidy(head)
	}
	if !t.piped {
		return "<" + head + ">"
	}
	return "<" + head + "|" + o.label(t.label) + ">"
}

// label makes the text of a sequence harmless.
func (o Options) label(text string) string {
	if o.Broadcasts {
		return tidy(text)
	}
	return muteTyped(tidy(text))
}

// tidy escapes what is not yet escaped.
func tidy(text string) string {
	if !strings.ContainsAny(text, "&<>") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '&' && entity(text[i:]) == 0:
			b.WriteString("&amp;")
		case c == '<':
			b.WriteString("&lt;")
		case c == '>':
			b.WriteString("&gt;")
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// entity is the length of the entity that text begins with; 0: there is none.
func entity(text string) int {
	for _, e := range [...]string{"&amp;", "&lt;", "&gt;"} {
		if strings.HasPrefix(text, e) {
			return len(e)
		}
	}
	return 0
}
