package mrkdwn

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// goldmark takes time that grows with the square of some kinds of markup. These
// bound it: 40,000 characters of the worst take some 0.1 s.
const (
	maxBrackets = 4_000  // [, each of which may begin a link
	maxMarks    = 12_000 // * _ ~, each of which may begin a style
	maxLevels   = 200    // bytes of > and bullets that a line begins with
)

// overdone says whether md has more markup than any message that is meant.
func overdone(md string) bool {
	if strings.Count(md, "[") > maxBrackets {
		return true
	}
	if strings.Count(md, "*")+strings.Count(md, "_")+strings.Count(md, "~") > maxMarks {
		return true
	}
	for line := range strings.Lines(md) {
		rest := strings.TrimLeft(line, "> \t-+*.)0123456789")
		markers := line[:len(line)-len(rest)]
		if len(markers)-strings.Count(markers, " ") > maxLevels && strings.ContainsAny(markers, "> \t") {
			return true
		}
	}
	return false
}

// tables parses tables, but for those that are mostly holes: a row that is short
// gets all of the cells that the head has, so that little text makes much table.
type tables struct{ parser.ParagraphTransformer }

// Transform makes a table of a paragraph that is one.
func (t tables) Transform(n *ast.Paragraph, r text.Reader, pc parser.Context) {
	pipes, columns := 0, 0
	lines := n.Lines()
	for i := range lines.Len() {
		segment := lines.At(i)
		line := segment.Value(r.Source())
		own := bytes.Count(line, []byte("|"))
		pipes += own
		if len(bytes.Trim(line, "|:- \t\n")) == 0 {
			columns = max(columns, own)
		}
	}
	if columns*lines.Len() <= 4*pipes+100 {
		t.ParagraphTransformer.Transform(n, r, pc)
	}
}
