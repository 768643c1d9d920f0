package mrkdwn

import (
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
)

// blocks writes the blocks within n.
func (w *writer) blocks(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.block(c)
	}
}

func (w *writer) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		w.want(2)
		w.styled('*', func() { w.inlines(n) })
		w.want(2)
	case *ast.Blockquote:
		w.want(2)
		w.quote++
		w.blocks(n)
		w.quote--
		w.want(2)
	case *ast.List:
		w.list(n)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.fence(w.raw(n))
	case *ast.ThematicBreak:
		w.want(1)
		w.text(strings.Repeat("─", 10))
		w.want(1)
	case *east.Table:
		w.fence(w.table(n))
	case *ast.TextBlock:
		w.want(1)
		w.inlines(n)
		w.want(1)
	default:
		w.want(2)
		w.inlines(n)
		w.want(2)
	}
}

func (w *writer) list(n *ast.List) {
	w.want(2)
	w.lists++
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		if w.lists > 1 || item != n.FirstChild() {
			w.lines = 1 // loose lists look like tight ones
		}
		w.bullet = []string{"• ", "◦ ", "▪ "}[min(w.lists, 3)-1]
		if n.IsOrdered() {
			w.bullet = strconv.Itoa(number) + string(n.Marker) + " "
			number++
		}
		w.blocks(item)
		if w.bullet != "" {
			w.turn() // there is nothing but the bullet
		}
	}
	w.lists--
	w.want(1)
	if w.lists == 0 {
		w.want(2)
	}
}

// inlines writes the text within n.
func (w *writer) inlines(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		w.inline(c)
	}
}

func (w *writer) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.text(shown(n.Value(w.source)))
		if n.SoftLineBreak() || n.HardLineBreak() {
			w.newline()
		}
	case *ast.String:
		w.text(string(n.Value))
	case *ast.CodeSpan:
		w.code(w.span(n))
	case *ast.Emphasis:
		w.styled("_*"[min(n.Level, 2)-1], func() { w.inlines(n) })
	case *east.Strikethrough:
		w.styled('~', func() { w.inlines(n) })
	case *ast.Link:
		w.link(n, shown(n.Destination))
	case *ast.Image:
		w.address(shown(n.Destination), w.label(n))
	case *ast.AutoLink:
		w.autolink(n)
	case *east.TaskCheckBox:
		w.task(n.IsChecked)
	case *sequence:
		w.sequence(n.token)
	default:
		w.inlines(n)
	}
}

// span is the code of a code span.
func (w *writer) span(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Value(w.source))
		}
	}
	return strings.ReplaceAll(b.String(), "\n", " ")
}

// task writes the box of a task instead of the bullet.
func (w *writer) task(done bool) {
	box := "☐ "
	if done {
		box = "☑ "
	}
	if w.bullet != "" {
		w.bullet = box
		return
	}
	w.text(box)
}

func (w *writer) sequence(t token) {
	if !w.o.allowed(t) {
		text := "<" + t.head
		if t.piped {
			text += "|" + t.label
		}
		w.text(text + ">")
		return
	}
	w.put(w.o.keep(t), "<>", false)
}

// link writes a link. A style that all of its text has stands around it: within
// a link Slack shows none.
func (w *writer) link(n ast.Node, to string) {
	if only := n.FirstChild(); only != nil && only.NextSibling() == nil {
		switch e := only.(type) {
		case *ast.Emphasis:
			w.styled("_*"[min(e.Level, 2)-1], func() { w.link(e, to) })
			return
		case *east.Strikethrough:
			w.styled('~', func() { w.link(e, to) })
			return
		}
	}
	w.address(to, w.label(n))
}

func (w *writer) autolink(n *ast.AutoLink) {
	to, label := string(n.URL(w.source)), string(n.Label(w.source))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(to), "mailto:") {
		to = "mailto:" + to
	}
	if to == label {
		label = ""
	}
	w.address(to, label)
}

// address writes a link to an address.
func (w *writer) address(to, label string) {
	to = strings.TrimSpace(to)
	clean := percent(to)
	switch {
	case !linkHead.MatchString(clean) && label == "":
		w.text(to)
	case !linkHead.MatchString(clean):
		w.text(label)
		if to != "" && to != label {
			w.text(" (" + to + ")")
		}
	case label == "" || label == to:
		w.put("<"+tidy(clean)+">", "<>", false)
	default:
		w.put("<"+tidy(clean)+"|"+w.o.escape(label)+">", "<>", false)
	}
}

// percent encodes what would end an address within a sequence.
func percent(address string) string {
	var b strings.Builder
	for i := 0; i < len(address); i++ {
		switch c := address[i]; {
		case c <= ' ' || c == '<' || c == '>' || c == '|' || c == 0x7f:
			b.WriteString("%" + strings.ToUpper(strconv.FormatInt(0x100+int64(c), 16)[1:]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// label is the text within n, without styles, on one line.
func (w *writer) label(n ast.Node) string {
	var b strings.Builder
	w.collect(&b, n)
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, b.String()))
}

func (w *writer) collect(b *strings.Builder, n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.WriteString(shown(c.Value(w.source)))
			if c.SoftLineBreak() || c.HardLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(c.Value)
		case *ast.CodeSpan:
			b.WriteString(w.span(c))
		case *ast.AutoLink:
			b.Write(c.Label(w.source))
		case *sequence:
			b.WriteString(c.token.words(nil))
		default:
			w.collect(b, c)
		}
	}
}
