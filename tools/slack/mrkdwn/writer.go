package mrkdwn

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
)

// maxIndent bounds how far lists are indented, in levels: beyond it, levels look alike.
const maxIndent = 8

// writer writes the tree of a Markdown text as mrkdwn. Line ends and spaces wait
// until something follows them.
type writer struct {
	o      Options
	source []byte
	out    strings.Builder

	lines  int    // line ends to write before what comes next
	begun  bool   // something is written
	quoted bool   // the line before is within a quote
	quote  int    // how many quotes what comes next is in
	lists  int    // how many lists
	bullet string // of the item that comes next

	styles []style // that are on
	spaces string  // to write before what comes next
	last   rune    // written on this line; 0: nothing
	closed bool    // the last thing written ended a style
}

// style is bold, italics or strikethrough.
type style struct {
	mark byte // * _ ~
	open bool // the mark is written
}

// want asks for n line ends before what comes next. Between a bullet and its text
// there are none.
func (w *writer) want(n int) {
	if w.bullet == "" {
		w.lines = max(w.lines, n)
	}
}

// turn ends the line before, if there is need, and begins the next.
func (w *writer) turn() {
	if w.lines == 0 && w.begun {
		return
	}
	if w.begun {
		for i := range w.lines {
			if i > 0 && w.quote > 0 && w.quoted {
				w.out.WriteByte('>') // or else Slack ends the quote
			}
			w.out.WriteByte('\n')
		}
	}
	w.lines, w.begun, w.last, w.spaces, w.closed = 0, true, 0, "", false
	w.quoted = w.quote > 0
	if w.quoted {
		w.out.WriteString("> ")
	}
	w.out.WriteString(strings.Repeat("    ", w.indent()) + w.bullet)
	w.bullet = ""
}

func (w *writer) indent() int {
	levels := w.lists
	if w.bullet != "" {
		levels--
	}
	return max(0, min(levels, maxIndent))
}

// text writes plain text of one line.
func (w *writer) text(s string) {
	for _, c := range []byte{'\n', '\t'} {
		if strings.IndexByte(s, c) >= 0 {
			s = strings.ReplaceAll(s, string(c), " ")
		}
	}
	words := strings.TrimLeft(s, " ")
	w.spaces += s[:len(s)-len(words)]
	if words == "" {
		return
	}
	after := strings.TrimRight(words, " ")
	w.put(w.o.escape(after), after, false)
	w.spaces = words[len(after):]
}

// put writes s, which shows as the text seen, after what must come before it.
// Marked says that s has marks of its own around it.
func (w *writer) put(s, seen string, marked bool) {
	w.turn()
	if w.last != 0 {
		w.out.WriteString(w.spaces)
	}
	first, _ := utf8.DecodeRuneInString(seen)
	switch {
	case w.last == 0 && strings.HasPrefix(s, "&gt;"):
		w.out.WriteString(hidden) // or else the line is a quote
	case w.spaces == "" && w.last != 0 && w.touches(first, marked):
		w.out.WriteString(hidden)
	}
	w.spaces = ""
	for i, st := range w.styles {
		if !st.open {
			w.out.WriteByte(st.mark)
			w.styles[i].open = true
		}
	}
	w.out.WriteString(s)
	w.last, _ = utf8.DecodeLastRuneInString(seen)
	w.closed = marked
}

// touches says whether a mark would touch a word or another mark.
func (w *writer) touches(first rune, marked bool) bool {
	opening := len(w.styles) > 0 && !w.styles[len(w.styles)-1].open
	if opening || marked {
		return w.closed || wordly(w.last)
	}
	return w.closed && wordly(first)
}

// wordly says whether Slack takes r for a part of a word.
func wordly(r rune) bool {
	return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// styled writes what within writes, in a style; a style within itself changes nothing.
func (w *writer) styled(mark byte, within func()) {
	for _, s := range w.styles {
		if s.mark == mark {
			within()
			return
		}
	}
	w.styles = append(w.styles, style{mark: mark})
	within()
	last := len(w.styles) - 1
	if w.styles[last].open {
		w.out.WriteByte(mark)
		w.closed = true
	}
	w.styles = w.styles[:last]
}

// newline ends a line within a text: Slack shows no style that spans lines.
func (w *writer) newline() {
	for i := len(w.styles) - 1; i >= 0; i-- {
		if w.styles[i].open {
			w.out.WriteByte(w.styles[i].mark)
			w.styles[i].open = false
		}
	}
	w.want(1)
}

// code writes a code span. mrkdwn has no way to write a ` within one.
func (w *writer) code(s string) {
	if strings.TrimSpace(s) == "" {
		w.text(s)
		return
	}
	fence := "`"
	if strings.Contains(s, "`") {
		fence, s = "```", parted(s)
	}
	w.put(fence+w.o.escape(s)+fence, "`", true)
}

// parted keeps the ` of code from ending it.
func parted(code string) string {
	code = strings.ReplaceAll(code, "```", "`"+hidden+"`"+hidden+"`")
	if strings.HasPrefix(code, "`") {
		code = hidden + code
	}
	if strings.HasSuffix(code, "`") {
		code += hidden
	}
	return code
}

// fence writes a code block. It stands at the begin of its line even within
// quotes and lists: within them Slack would show the marks.
func (w *writer) fence(code string) {
	code = strings.TrimRight(code, "\n")
	if code == "" {
		return
	}
	w.want(1)
	quote, lists := w.quote, w.lists
	w.quote, w.lists = 0, 0
	w.turn()
	w.out.WriteString("```\n" + w.o.escape(parted(code)) + "\n```")
	w.quote, w.lists = quote, lists
	w.last = '`'
	w.want(1)
}

// raw is the text of the lines of a block.
func (w *writer) raw(n ast.Node) string {
	return string(n.Lines().Value(w.source))
}
