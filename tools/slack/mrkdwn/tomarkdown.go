package mrkdwn

import (
	"strings"
	"unicode/utf8"
)

// ToMarkdown writes mrkdwn as Markdown, for models to read: *b* as **b**, links as
// [text](address), quotes, bullets and code as Markdown has them, entities
// decoded, the zero width spaces of FromMarkdown left out. What Markdown alone
// takes for formatting is not escaped.
//
// People and channels appear as @Name (U1) and #name (C1). Name gives the name for
// the kind "user" or "channel" and an id; where it is nil or gives "", the text has
// what the message itself says, or the id alone. Broadcasts appear as @channel,
// user groups as @team (S1), dates as the text Slack would fall back to.
func ToMarkdown(text string, name func(kind, id string) string) string {
	r := reader{name: name}
	text = Valid(text)
	for text != "" {
		before, code, after, ok := fenced(text)
		r.lines(before)
		if !ok {
			break
		}
		text = r.fence(code, after)
	}
	return r.out.String()
}

// fenced finds the first code block: what is between two ```.
func fenced(text string) (before, code, after string, ok bool) {
	before, rest, ok := strings.Cut(text, "```")
	if !ok {
		return text, "", "", false
	}
	code, after, ok = strings.Cut(rest, "```")
	if !ok || code == "" {
		return text, "", "", false
	}
	return before, code, after, true
}

// reader turns mrkdwn into Markdown.
type reader struct {
	name   func(kind, id string) string
	out    strings.Builder
	all    bool   // >>> was there: all that follows is a quote
	inside bool   // the last line written is not ended
	atoms  []atom // of the line at hand; kept to be used again
}

// fence writes a code block, and gives back what is still to be read. Code without
// line ends within a line is a code span.
func (r *reader) fence(code, after string) string {
	code = r.code(code)
	rest, ended := strings.CutPrefix(after, "\n")
	if !strings.Contains(code, "\n") && (r.inside || !ended && after != "") {
		r.out.WriteString(ticked(code))
		r.inside = true
		return after
	}
	if r.inside {
		r.out.WriteByte('\n')
	}
	marks := strings.Repeat("`", max(3, longestRun(code)+1))
	r.out.WriteString(marks + "\n" + strings.Trim(code, "\n") + "\n" + marks)
	r.inside = false
	if after != "" {
		r.out.WriteByte('\n')
	}
	return rest
}

// lines writes text without code blocks.
func (r *reader) lines(text string) {
	for text != "" {
		line, rest, ended := strings.Cut(text, "\n")
		if !r.inside {
			line = r.begin(line)
		}
		r.inline(line)
		r.inside = true
		if ended {
			r.out.WriteByte('\n')
			r.inside = false
		}
		text = rest
	}
}

// begin writes what a line begins with, such as a bullet, and gives back the rest.
func (r *reader) begin(line string) string {
	line, quoted := r.quoted(line)
	if quoted {
		r.out.WriteString("> ")
	}
	rest := strings.TrimLeft(line, " ")
	first, n := utf8.DecodeRuneInString(rest)
	if !strings.HasPrefix(rest[n:], " ") {
		return line
	}
	item := ""
	switch first {
	case '•', '◦', '▪', '●', '○', '■':
		item = "-"
	case '☐':
		item = "- [ ]"
	case '☑', '☒':
		item = "- [x]"
	default:
		return line
	}
	r.out.WriteString(line[:len(line)-len(rest)] + item)
	return rest[n:]
}

// quoted takes the marks of a quote off a line.
func (r *reader) quoted(line string) (string, bool) {
	if rest, ok := cutMark(line); ok {
		line = rest
		if two, ok := cutMark(rest); ok {
			if three, ok := cutMark(two); ok {
				line, r.all = three, true
			}
		}
		return strings.TrimPrefix(line, " "), true
	}
	return line, r.all
}

func cutMark(line string) (string, bool) {
	if rest, ok := strings.CutPrefix(line, "&gt;"); ok {
		return rest, true
	}
	return strings.CutPrefix(line, ">")
}

// code is code as it was typed: Slack puts the addresses in it between < and >.
func (r *reader) code(text string) string {
	var b strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			i = len(text)
		}
		b.WriteString(plain.Replace(text[:i]))
		text = text[i:]
		if t, n, ok := read(text); ok {
			b.WriteString(t.typed(r.name))
			text = text[n:]
		} else if text != "" {
			b.WriteByte('<')
			text = text[1:]
		}
	}
	code := b.String()
	if !strings.Contains(code, hidden) {
		return code
	}
	return unmute(strings.NewReplacer("`"+hidden, "`", hidden+"`", "`").Replace(code))
}

// unmute joins again what muteTyped parted.
func unmute(text string) string {
	return mutedCast.ReplaceAllString(text, "@$1")
}

// ticked writes a code span.
func ticked(code string) string {
	marks := strings.Repeat("`", longestRun(code)+1)
	if strings.HasPrefix(code, "`") || strings.HasSuffix(code, "`") {
		code = " " + code + " "
	}
	return marks + code + marks
}

// longestRun is how many ` follow one another in code at most.
func longestRun(code string) int {
	most, run := 0, 0
	for i := range len(code) {
		run++
		if code[i] != '`' {
			run = 0
		}
		most = max(most, run)
	}
	return most
}
