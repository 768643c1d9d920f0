package slack

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// simple is what ids, emoji and ts look like.
var simple = regexp.MustCompile(`^[A-Za-z0-9_:.,+'-]{1,200}$`)

// plain writes what should be an id, and quotes what is not, so that nothing
// that Slack sends can look like a line of ours.
func plain(s string) string {
	if simple.MatchString(s) {
		return s
	}
	return strconv.Quote(short(s, longName))
}

// ordinary is a name that cannot be taken for anything else.
var ordinary = regexp.MustCompile(`^[\pL\pM\pN][\pL\pM\pN .'’_-]{0,79}$`)

// called writes a name as it is where it is an ordinary one, or else in quotes.
// Many words are no name.
func called(name string) string {
	if ordinary.MatchString(name) && strings.Count(name, " ") < mostWords {
		return name
	}
	return strconv.Quote(short(name, longName))
}

// mostWords bounds the words of an ordinary name.
const mostWords = 4

// longName bounds a name that is shown, characters.
const longName = 80

// short cuts a text to at most most characters.
func short(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "…"
		}
		n++
	}
	return s
}

func length(s string) int { return utf8.RuneCountInString(s) }

// moment is a time as answers have it.
func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// minute is a time as lines have it.
func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// count writes a number with what it counts.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// size writes bytes in the unit that people would.
func size(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if n >= u.bytes {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/float64(u.bytes)), ".0") + " " + u.name
		}
	}
	return fmt.Sprintf("%d B", n)
}

// transcript writes messages a line each: days as headings, who wrote it where
// that is not who wrote the one before, and other people's words in quotes.
type transcript struct {
	people map[string]person

	day, by string // of the line before
}

func newTranscript(people []person) *transcript {
	t := &transcript{people: map[string]person{}}
	for _, p := range people {
		t.people[p.ID] = p
	}
	return t
}

// author is who wrote m, as lines have it.
func (t *transcript) author(m said) string { return t.who(m.By) }

// who is somebody, as lines have it.
func (t *transcript) who(id string) string {
	p, ok := t.people[id]
	if !ok {
		return plain(id)
	}
	return p.text()
}

// cost is what the line of m takes, characters, without and for who wrote it.
func (t *transcript) cost(m said) (line, name int) {
	return length(m.rest()) + len("15:04  \n"), length(t.author(m)) + 1
}

// legend explains lines of messages.
const legend = "times UTC, no name: as above, in quotes: what people wrote"

// line is m, after the line before.
func (t *transcript) line(m said) string {
	var b strings.Builder
	if day := m.at.Format(time.DateOnly); day != t.day {
		t.day, t.by = day, ""
		b.WriteString(day + "\n")
	}
	b.WriteString(m.at.Format("15:04"))
	if m.Channel != nil {
		b.WriteString(" " + m.Channel.text())
	}
	if m.By != t.by || m.Channel != nil {
		t.by = m.By
		b.WriteString(" " + t.author(m))
	}
	b.WriteString(" " + m.rest() + "\n")
	return b.String()
}

// rest is a line from the ts on.
func (m said) rest() string {
	var b strings.Builder
	b.WriteString(plain(m.TS))
	if m.Kind != "" {
		b.WriteString(" [" + plain(m.Kind) + "]")
	}
	if m.Thread != "" {
		b.WriteString(" [in thread " + plain(m.Thread) + "]")
	}
	b.WriteString(": " + strconv.Quote(m.Text))
	if m.Cut > 0 {
		fmt.Fprintf(&b, " [%s cut]", count(m.Cut, "character", "characters"))
	}
	for _, f := range m.Files {
		b.WriteString(" " + f.text())
	}
	if m.Replies > 0 {
		fmt.Fprintf(&b, " [%s%s]", count(m.Replies, "reply", "replies"), m.last())
	}
	for _, r := range m.Reactions {
		fmt.Fprintf(&b, " :%s:×%d", plain(r.Emoji), r.Count)
	}
	if m.Edited {
		b.WriteString(" (edited)")
	}
	if m.Link != "" {
		b.WriteString(" " + m.Link)
	}
	return b.String()
}

// last is when the last reply was, with its day where that is another.
func (m said) last() string {
	switch {
	case m.lastReply.IsZero():
		return ""
	case m.lastReply.Format(time.DateOnly) == m.at.Format(time.DateOnly):
		return ", last " + m.lastReply.Format("15:04")
	default:
		return ", last " + minute(m.lastReply)
	}
}

func (f attached) text() string {
	if f.Gone {
		return "[file " + plain(f.ID) + " gone]"
	}
	return fmt.Sprintf("[file %s %s %s]", plain(f.ID), strconv.Quote(f.Name), size(f.Size))
}

// text is a person as lines have it.
func (p person) text() string {
	mark := ""
	if p.Bot {
		mark = ", bot"
	}
	switch {
	case p.Name == "" && p.Bot:
		return "bot " + plain(p.ID)
	case p.Name == "":
		return plain(p.ID)
	case p.ID == "":
		return called(p.Name) + strings.Replace(mark, ", bot", " (bot)", 1)
	default:
		return called(p.Name) + " (" + plain(p.ID) + mark + ")"
	}
}

// text is a conversation as lines have it.
func (p place) text() string {
	switch {
	case p.Name == "":
		return plain(p.ID)
	case p.Kind == "im" || p.Kind == "mpim":
		return "direct message with " + called(p.Name) + " (" + plain(p.ID) + ")"
	default:
		return "#" + called(p.Name) + " (" + plain(p.ID) + ")"
	}
}
