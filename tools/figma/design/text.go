package design

import (
	"strings"
	"unicode/utf8"
)

// TextOptions say how much of the nodes is written.
type TextOptions struct {
	Depth  int // levels below the nodes asked for; 0: all
	Budget int // most characters of the body; 0: no bound

	NoLegend bool // the format is not explained: the reader knows it

	// Variables gives the names of variables by id, VariableID:1:2. It is called
	// where something is bound to one, perhaps several times. Nil: ids stand for names.
	Variables func() map[string]string
}

// Text is what nodes look like, for a model to read.
type Text struct {
	Body string // explains itself in its head; ends with a line feed

	Nodes     int      // all nodes at and below those asked for
	Shown     int      // of these, those that have a line or lie in a template that is used
	Folded    int      // those that are only part of a picture to export
	Hidden    int      // those that are not drawn
	Truncated []string // ids of nodes of which something that is drawn was cut for Budget
}

// Text writes the nodes of ids, or all pages where ids is empty. Ids that the
// file has not are passed over; f.Node tells them.
//
// The body is made for models: what repeats is said once, in a table of values
// and in templates, and a legend explains what of the format is used. With a
// Budget what is shown is a complete upper part: whole levels, and of the next
// one the insides of the first nodes. The body is longer than Budget only where
// a single line does not fit, and its legend is short where it is more than half.
func (f *File) Text(ids []string, o TextOptions) Text {
	tops := f.asked(ids)
	folds := folded(tops)
	all := f.text(tops, o, folds, func(_ *Node, level int) bool { return o.Depth > 0 && level >= o.Depth })
	if o.Budget <= 0 || utf8.RuneCountInString(all.Body) <= o.Budget {
		return all
	}
	return f.within(tops, o, folds)
}

// asked are the nodes of ids.
func (f *File) asked(ids []string) []*Node {
	if len(ids) == 0 {
		if f.Root != nil {
			return f.Root.Children
		}
		return f.Roots
	}
	var tops []*Node
	for _, id := range ids {
		if n := f.Node(id); n != nil {
			tops = append(tops, n)
		}
	}
	return tops
}

// text writes tops, without the insides of nodes that stop names.
func (f *File) text(tops []*Node, o TextOptions, folds map[*Node]string, stop func(*Node, int) bool) Text {
	w := &writer{
		f: f, o: o, folds: folds, stop: stop, vars: map[string]string{}, varNumbers: map[string]int{}, fonts: map[lookKey]string{},
		values: newWords(), fixed: newWords(), templates: map[int32]*template{},
	}
	for _, n := range tops {
		w.text.Nodes += weight(n)
		w.add(n, nil, 0, -1)
	}
	w.findTemplates()
	w.uses = make([]int32, len(w.values.list))
	w.body(tops)
	w.shorten()
	w.text.Body = w.body(tops)
	return w.text
}

// body writes templates and nodes, behind the head that they need.
func (w *writer) body(tops []*Node) string {
	w.out.Reset()
	for _, t := range w.order {
		w.header(t)
		w.write(t.root, t, 1)
	}
	templates := w.out.String()
	w.out.Reset()
	for at := int32(0); int(at) < len(w.lines); at += w.lines[at].size {
		w.write(at, nil, 0)
	}
	nodes := w.out.String()
	w.out.Reset()
	table, components := w.table(), w.components()
	w.out.WriteString(w.legend(table, components, templates, nodes))
	if table != "" {
		w.out.WriteString("VALUES\n" + table)
	}
	if components != "" {
		w.out.WriteString("COMPONENTS\n" + components)
	}
	if templates != "" {
		w.out.WriteString("TEMPLATES\n" + templates)
	}
	w.out.WriteString("NODES\n" + nodes)
	return w.out.String()
}

// header begins a template: its name and parameters.
func (w *writer) header(t *template) {
	w.out.WriteString("&" + t.name)
	if len(t.params) > 0 {
		w.out.WriteByte('(')
		for i, p := range t.params {
			if i > 0 {
				w.out.WriteByte('|')
			}
			w.out.WriteString(p.name)
			if p.optional {
				w.out.WriteString("=" + w.use(p.value))
			}
		}
		w.out.WriteByte(')')
	}
	w.out.WriteString(":\n")
}

// shorten gives short names to values that are long and often written.
func (w *writer) shorten() {
	w.alias = make([]string, len(w.values.list))
	slot := w.slotOf()
	letters := map[int8]string{slotFont: "t", slotBorder: "b", slotEffect: "e", slotFill: "c"}
	counts := map[string]int{}
	for v, s := range w.values.list {
		letter, uses := letters[slot[v]], int(w.uses[v])
		if letter != "" && len(s) >= 12 && uses > 1 && (uses-1)*len(s)-3*uses-6 > 8 {
			counts[letter]++
			w.alias[v] = letter + itoa(counts[letter])
		}
	}
	w.uses = nil
}

// slotOf tells which slot each value is of.
func (w *writer) slotOf() []int8 {
	slot := make([]int8, len(w.values.list))
	for i := range w.lines {
		for s, v := range w.lines[i].slot {
			slot[v] = int8(s)
		}
	}
	slot[0] = 0
	return slot
}

// table writes what short names stand for.
func (w *writer) table() string {
	var b strings.Builder
	for v, name := range w.alias {
		if name != "" {
			b.WriteString(name + " = " + w.values.list[v] + "\n")
		}
	}
	for i, name := range w.varNames {
		b.WriteString("$" + itoa(i+1) + " = " + name + "\n")
	}
	return b.String()
}
