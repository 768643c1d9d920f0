package mrkdwn

import (
	"strings"
	"time"
)

// words writes a sequence as Markdown.
func (t token) words(name func(kind, id string) string) string {
	if t.kind == link {
		return t.link()
	}
	return t.typed(name)
}

// typed writes a sequence as plain text.
func (t token) typed(name func(kind, id string) string) string {
	label := plain.Replace(t.label)
	switch t.kind {
	case person:
		return named("@", t.id, label, called(name, "user", t.id))
	case channel:
		return named("#", t.id, label, called(name, "channel", t.id))
	case group:
		return named("@", t.id, strings.TrimPrefix(label, "@"), "")
	case broadcast:
		return "@" + t.id
	case date:
		return t.date(label)
	case link:
		if label == "" {
			return plain.Replace(t.head)
		}
	}
	if label == "" {
		label = plain.Replace(t.head)
	}
	return label
}

func called(name func(kind, id string) string, kind, id string) string {
	if name == nil {
		return ""
	}
	return strings.Join(strings.Fields(name(kind, id)), " ")
}

// named writes a name with its id.
func named(sign, id, label, name string) string {
	if name == "" {
		name = strings.TrimPrefix(label, sign)
	}
	if name == "" {
		return sign + id
	}
	return sign + name + " (" + id + ")"
}

// date is the fallback, or the time where there is none.
func (t token) date(fallback string) string {
	if fallback != "" {
		return fallback
	}
	var seconds int64
	for _, c := range strings.Split(t.head, "^")[1] {
		if c >= '0' && c <= '9' {
			seconds = seconds*10 + int64(c-'0')
		}
	}
	return time.Unix(seconds, 0).UTC().Format("2006-01-02 15:04 UTC")
}

// link writes a link; where its label only says the address again, the address
// alone.
func (t token) link() string {
	to, label := plain.Replace(t.head), plain.Replace(t.label)
	bare := to
	for _, scheme := range []string{"mailto:", "tel:"} {
		bare = strings.TrimPrefix(bare, scheme)
	}
	switch {
	case label == bare && bare != to:
		return label
	case label == "" || label == to:
		return "<" + to + ">"
	}
	if strings.ContainsAny(to, "()") {
		to = "<" + strings.NewReplacer("<", "%3C", ">", "%3E").Replace(to) + ">"
	}
	return "[" + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(label) + "](" + to + ")"
}
