package mrkdwn

import (
	"strings"
	"unicode"

	east "github.com/yuin/goldmark/extension/ast"
)

// maxCell is how wide a column of a table is made at most, in characters: longer
// cells stick out, so that one of them does not make every row as long.
const maxCell = 40

// table is a table as lines of aligned columns, with a line under its head.
func (w *writer) table(n *east.Table) string {
	var rows [][]string
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var row []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			row = append(row, w.label(c))
		}
		rows = append(rows, row)
	}
	widths := columns(rows)
	var b strings.Builder
	for i, row := range rows {
		line(&b, row, widths, n.Alignments)
		if i == 0 {
			rule(&b, widths)
		}
	}
	return b.String()
}

func columns(rows [][]string) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 1)
			}
			widths[i] = max(widths[i], min(width(cell), maxCell))
		}
	}
	return widths
}

func rule(b *strings.Builder, widths []int) {
	for i, n := range widths {
		if i > 0 {
			b.WriteString("-+-")
		}
		b.WriteString(strings.Repeat("-", n))
	}
	b.WriteByte('\n')
}

func line(b *strings.Builder, row []string, widths []int, sides []east.Alignment) {
	for i, cell := range row {
		if i > 0 {
			b.WriteString(" | ")
		}
		space := max(0, widths[i]-width(cell))
		before := 0
		if i < len(sides) && sides[i] == east.AlignRight {
			before = space
		} else if i < len(sides) && sides[i] == east.AlignCenter {
			before = space / 2
		}
		b.WriteString(strings.Repeat(" ", before) + cell)
		if i < len(row)-1 {
			b.WriteString(strings.Repeat(" ", space-before))
		}
	}
	b.WriteByte('\n')
}

// width is how many columns a text takes: two for characters of East Asia and
// emoji, none for marks.
func width(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case wide(r):
			n += 2
		default:
			n++
		}
	}
	return n
}

func wide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) ||
		r >= 0x3000 && r <= 0x303E || r >= 0xFF01 && r <= 0xFF60 || r >= 0x1F300 && r <= 0x1FAFF
}
