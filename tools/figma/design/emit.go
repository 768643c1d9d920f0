package design

import (
	"sort"
	"strings"
)

// nameTemplates gives names, after what templates show, and parameters theirs,
// after what they are of.
func (w *writer) nameTemplates() {
	w.order = w.order[:0]
	for _, t := range w.templates {
		w.order = append(w.order, t)
	}
	sort.Slice(w.order, func(i, j int) bool {
		return w.order[i].root < w.order[j].root || w.order[i].root == w.order[j].root && i < j
	})
	taken := map[string]int{}
	for _, t := range w.order {
		t.name = unique(taken, w.title(t))
		names := map[string]int{}
		for i := range t.params {
			t.params[i].name = unique(names, w.called(t, t.params[i].spot))
		}
	}
}

// called is what a parameter is called after the place that it fills.
func (w *writer) called(t *template, s spot) string {
	if s.slot == slotLabel && w.lines[t.root+s.line].node.Letters == nil {
		return slotNames[slotName]
	}
	return slotNames[s.slot]
}

func unique(taken map[string]int, name string) string {
	taken[name]++
	if n := taken[name]; n > 1 {
		return name + itoa(n)
	}
	return name
}

// title is a short word for what a template shows.
func (w *writer) title(t *template) string {
	l := &w.lines[t.root]
	name := ownName(l.node.Name)
	if set := w.setName(l.node); set != "" {
		name = set
	}
	if s := camel(name); s != "" {
		return s
	}
	return camel(kindOf(l.node))
}

// setName is the name of the component that a node is, or is an instance of.
func (w *writer) setName(n *Node) string {
	switch n.Type {
	case "INSTANCE":
		return w.componentName(n)
	case "COMPONENT":
		return w.f.Sets[w.f.Components[n.ID].SetID].Name
	}
	return ""
}

// camel makes one word of a name: of its letters and digits, at most 20.
func camel(name string) string {
	var b strings.Builder
	upper := true
	for _, c := range name {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		switch {
		case letter && upper && c >= 'a':
			b.WriteRune(c - 'a' + 'A')
		case letter || c >= '0' && c <= '9' && b.Len() > 0:
			b.WriteRune(c)
		}
		upper = !letter
		if b.Len() == 20 {
			break
		}
	}
	return strings.TrimRight(b.String(), "0123456789")
}

// source gives the text of a slot of a line, as written in a template or not.
type source struct {
	w *writer
	t *template // in whose text the line stands, or nil
}

func (s source) param(at int32, slot int32) (int, bool) {
	if s.t == nil {
		return 0, false
	}
	i, ok := s.t.index[spot{at - s.t.root, slot}]
	return i, ok
}

func (s source) value(at int32, slot int32) string {
	if i, ok := s.param(at, slot); ok {
		return "{" + s.t.params[i].name + "}"
	}
	return s.w.use(s.w.lines[at].slot[slot])
}

// id is how a line is told, with #.
func (s source) id(at int32) string {
	l := &s.w.lines[at]
	if i, ok := s.param(at, slotID); ok {
		if i < 0 {
			return ""
		}
		return "{" + s.t.params[i].name + "}"
	}
	if s.t != nil {
		return "#" + s.w.relative(at, s.t.root)
	}
	return s.w.fullID(l)
}

// fullID is the id of a line that stands in no template.
func (w *writer) fullID(l *line) string {
	if l.inst >= 0 {
		if rest := tail(l.node.ID, w.lines[l.inst].node.ID); rest != "" {
			return "#" + rest
		}
	}
	if l.node.ID == "" {
		return ""
	}
	return "#" + bareID(l.node.ID)
}

// use is a value, or its short name in the table of the head.
func (w *writer) use(v int32) string {
	if int(v) < len(w.uses) {
		w.uses[v]++
	}
	if w.alias != nil && w.alias[v] != "" {
		return w.alias[v]
	}
	return w.values.list[v]
}

// write writes a line with all in it; a template is written from its own root.
func (w *writer) write(at int32, t *template, indent int) {
	l := &w.lines[at]
	for range indent {
		w.out.WriteByte(' ')
	}
	own := w.templates[l.class]
	if own != nil && !(own == t && at == t.root) && l.level > 0 {
		w.call(own, at, t)
		return
	}
	as := single
	if own != nil && own == t && at == t.root {
		as = rooted
	}
	w.line(at, source{w, t}, as)
	w.children(at, t, indent+1)
}

// part is what the parts of a line are written for.
type part int

const (
	single  part = iota
	rooted       // the root of a template
	several      // a run
)

// line writes one node.
func (w *writer) line(at int32, s source, as part) {
	l := &w.lines[at]
	w.parts(at, s, as)
	if l.cut > 0 {
		w.out.WriteString(" … " + itoa(l.cut) + " more inside")
	}
	w.out.WriteByte('\n')
}

// parts writes what is said of one node, or of a run of them, whose ids and
// places are said behind it. The root of a template has its id from the use.
func (w *writer) parts(at int32, s source, as part) {
	l := &w.lines[at]
	b := &w.out
	b.WriteString(l.head)
	if l.head[0] == '<' {
		w.word(s.value(at, slotProps))
		b.WriteByte('>')
	}
	if as == single {
		b.WriteString(s.id(at))
	}
	w.word(s.value(at, slotLabel))
	w.word(s.value(at, slotName))
	if l.slot[slotW] != 0 || l.slot[slotH] != 0 {
		w.word(s.value(at, slotW) + "×" + s.value(at, slotH))
	}
	if as == several {
		_, pins := s.place(at)
		w.word(pins)
	} else {
		w.word(s.value(at, slotAt))
	}
	w.word(l.lay)
	for slot := int32(slotFill); slot < slots; slot++ {
		w.word(s.value(at, slot))
	}
}

func (w *writer) word(s string) {
	if s != "" {
		w.out.WriteByte(' ')
		w.out.WriteString(s)
	}
}

// call writes the use of template own in the text of t.
func (w *writer) call(own *template, at int32, t *template) {
	s := source{w, t}
	b := &w.out
	b.WriteString("&" + own.name + s.id(at))
	before := byte('(')
	for i := range own.params {
		p := &own.params[i]
		from := at + p.spot.line
		_, passed := s.param(from, p.spot.slot)
		if p.optional && !passed && w.lines[from].slot[p.spot.slot] == p.value {
			continue
		}
		b.WriteByte(before)
		before = '|'
		b.WriteString(p.name + "=" + s.argument(from, p.spot.slot))
	}
	if before == '|' {
		b.WriteByte(')')
	}
	b.WriteByte('\n')
}

// argument is what a use passes for a slot.
func (s source) argument(from, slot int32) string {
	if slot == slotID {
		return s.id(from)
	}
	return s.value(from, slot)
}

// length is about how long a line is where it stands in no template.
func (w *writer) length(l *line) int {
	total := len(l.head) + len(l.lay) + int(l.level) + 4
	for s, v := range l.slot {
		if v != 0 {
			n := len(w.values.list[v])
			if s >= slotFill {
				n = min(n, 12) // it will have a short name
			}
			total += n + 1
		}
	}
	return total
}
