package plan

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

const longestCondition = 120 // characters of a condition shown

// planText draws the tree, one line a node.
func planText(n *planNode) string {
	var b strings.Builder
	n.draw(&b, 0)
	return strings.TrimSuffix(b.String(), "\n")
}

func (n *planNode) draw(b *strings.Builder, depth int) {
	b.WriteString(strings.Repeat("  ", depth))
	if n.SubplanName != "" {
		b.WriteString(n.SubplanName + ": ")
	}
	b.WriteString(n.title())
	fmt.Fprintf(b, "  cost=%s rows=%s", number(n.TotalCost), count(n.Rows))
	if n.ActualRows != nil {
		n.drawActual(b)
	}
	for _, c := range []struct{ label, text string }{
		{"index", n.IndexCond}, {"hash", n.HashCond}, {"merge", n.MergeCond}, {"join filter", n.JoinFilter}, {"filter", n.Filter},
	} {
		if c.text != "" {
			fmt.Fprintf(b, "  %s: %s", c.label, clip(c.text))
		}
	}
	b.WriteByte('\n')
	for i := range n.Plans {
		n.Plans[i].draw(b, depth+1)
	}
}

func (n *planNode) drawActual(b *strings.Builder) {
	if n.Loops == 0 {
		b.WriteString(" (never executed)")
		return
	}
	fmt.Fprintf(b, " actual=%s ms=%s", count(*n.ActualRows), number(n.ActualMS))
	if n.Loops > 1 {
		fmt.Fprintf(b, " loops=%s", count(n.Loops))
	}
	if removed := n.Removed + n.RemovedJoin; removed > 0 {
		fmt.Fprintf(b, " removed=%s", count(removed))
	}
	if n.SortSpace == "Disk" {
		fmt.Fprintf(b, " disk=%dkB", n.SortKB)
	}
}

// title names the node and what it reads.
func (n *planNode) title() string {
	var b strings.Builder
	if n.Strategy == "Hashed" {
		b.WriteString("Hash")
	}
	b.WriteString(n.NodeType)
	if n.JoinType != "" && n.JoinType != "Inner" {
		b.WriteString(" " + n.JoinType)
	}
	if n.Index != "" {
		b.WriteString(" using " + n.Index)
	}
	for _, what := range []string{n.Relation, n.CTE, n.Function} {
		if what == "" {
			continue
		}
		b.WriteString(" on " + what)
		if n.Alias != "" && n.Alias != what {
			b.WriteString(" " + n.Alias)
		}
		break
	}
	return b.String()
}

// clip keeps a condition on one line of bounded length.
func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= longestCondition {
		return s
	}
	return string([]rune(s)[:longestCondition]) + "…"
}

// count writes a number of rows without exponent or fraction, except below one.
func count(f float64) string {
	if f > 0 && f < 1 {
		return strconv.FormatFloat(f, 'f', 2, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', 2, 64) }
