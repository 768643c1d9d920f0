package design

import (
	"strings"
)

// add makes the lines of n, which is asked for itself where parent is nil.
func (w *writer) add(n, parent *Node, level, inst int32) {
	if n.Hidden() && level > 0 {
		w.text.Hidden += weight(n)
		return
	}
	at := len(w.lines)
	w.lines = append(w.lines, line{node: n, level: level, inst: inst})
	l := w.make(n, parent)
	l.level, l.inst = level, inst
	if n.Type == "INSTANCE" {
		inst = int32(at)
	}
	_, folded := w.folds[n]
	switch {
	case folded && level > 0, n.Type == "BOOLEAN_OPERATION":
		all, drawn := inside(n)
		w.text.Folded += drawn
		w.text.Hidden += all - drawn
	case len(n.Children) > 0 && w.stop(n, int(level)):
		all, drawn := inside(n)
		w.text.Hidden += all - drawn
		l.cut = drawn
	default:
		for _, c := range n.Children {
			w.add(c, n, level+1, inst)
		}
	}
	w.text.Shown++
	l.size = int32(len(w.lines) - at)
	l.fixed = w.fixed.of(l.head + "\x00" + l.lay + "\x00" + itoa(min(l.cut, 1)))
	l.need = w.needs(&l, w.lines[at+1:])
	l.long = w.length(&l)
	w.lines[at] = l
}

// make writes the parts of a line.
func (w *writer) make(n, parent *Node) line {
	l := line{node: n, lay: w.layout(n)}
	put := func(slot int, s string) { l.slot[slot] = w.values.of(s) }
	colour, folded := w.folds[n]
	folded = folded && parent != nil
	label := ownName(n.Name)
	switch {
	case n.Type == "INSTANCE":
		name, props := w.instance(n)
		l.head = "<" + name
		put(slotProps, props)
		if bare(label) == name || label == w.componentName(n) {
			label = ""
		}
		l.lay = join(" ", direction(n), l.lay)
	default:
		l.head = kindOf(n)
		if n.Type == "COMPONENT" || n.Type == "COMPONENT_SET" {
			l.lay = join(" ", direction(n), l.lay)
		}
	}
	if folded {
		w.folded(&l, n, colour)
	} else {
		put(slotFill, w.fill(n))
		put(slotBorder, w.border(n))
		put(slotRadius, w.radius(n))
		put(slotEffect, w.look(n))
		put(slotRest, join(" ", w.rest(n), unseen(n, parent)))
	}
	put(slotID, n.ID)
	if n.Letters != nil || n.Type == "TEXT" {
		put(slotFont, w.fontOf(n))
		put(slotLabel, w.content(n))
		if label != "" && !strings.HasPrefix(flat(characters(n)), flat(label)) {
			put(slotName, "name="+quote(label))
		}
	} else if label != "" {
		put(slotLabel, quote(label))
	}
	across, down := w.sizes(n)
	put(slotW, across)
	put(slotH, down)
	put(slotAt, spotOn(n, parent))
	return l
}

// unseen says what of n is switched off: itself, which only nodes that were
// asked for can be, and how many of its children.
func unseen(n, parent *Node) string {
	s := ""
	if n.Hidden() && parent == nil {
		s = "hidden"
	}
	if off := len(n.Children) - drawn(n.Children); off > 0 && n.Type != "BOOLEAN_OPERATION" {
		s = join(" ", s, "("+itoa(off)+" hidden)")
	}
	return s
}

// folded writes a picture: where it is and how it behaves, not what is in it.
func (w *writer) folded(l *line, n *Node, colour string) {
	if l.head[0] == '<' {
		l.lay = "svg"
	} else {
		l.head, l.lay = "svg", ""
	}
	if colour != colours {
		l.slot[slotFill] = w.values.of(colour)
	}
	plain := *n
	plain.Linked = nil
	if n.Linked != nil && n.References != nil {
		plain.Linked = &Linked{References: n.References}
	}
	l.slot[slotRest] = w.values.of(w.rest(&plain))
}

// kindOf is what a line begins with.
func kindOf(n *Node) string {
	switch n.Type {
	case "FRAME":
		if d := direction(n); d != "" {
			return d
		}
		return "frame"
	case "RECTANGLE":
		return "rect"
	case "VECTOR", "STAR", "REGULAR_POLYGON", "BOOLEAN_OPERATION":
		return "svg"
	case "CANVAS":
		return "page"
	}
	return plain(n.Type)
}

// direction is how a container with auto layout runs. A grid says it with its
// size.
func direction(n *Node) string {
	if n.Layout == nil {
		return ""
	}
	switch n.Mode {
	case "HORIZONTAL":
		return "row"
	case "VERTICAL":
		return "column"
	}
	return ""
}

func (w *writer) componentName(n *Node) string {
	if n.Linked == nil {
		return ""
	}
	c, ok := w.f.Components[n.ComponentID]
	if set, of := w.f.Sets[c.SetID]; of && set.Name != "" {
		return set.Name
	}
	if !ok {
		return ""
	}
	return c.Name
}

// instance is the component of an instance, and its properties.
func (w *writer) instance(n *Node) (name, props string) {
	name = w.componentName(n)
	if name == "" {
		if n.Linked == nil || n.ComponentID == "" {
			return "unknown", ""
		}
		return bareID(n.ComponentID), ""
	}
	set, main := w.f.mainOf(n)
	if set == "" {
		set = main
	}
	name = w.f.called(name, set)
	var parts []string
	for _, key := range sorted(n.Properties) {
		p := n.Properties[key]
		if p.Type == "TEXT" && len(n.Children) > 0 {
			continue // said where it is seen
		}
		parts = append(parts, bare(property(key))+"="+w.value(p.Type, p.Value))
	}
	if len(parts) == 0 {
		if c := w.f.Components[n.ComponentID]; c.SetID != "" && c.Name != "" {
			return name, variantProps(c.Name)
		}
	}
	return name, strings.Join(parts, " ")
}

// variantProps reads the name of a variant: Size=Large, State=Hover.
func variantProps(name string) string {
	var parts []string
	for _, part := range strings.Split(name, ", ") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return bare(name)
		}
		parts = append(parts, bare(key)+"="+bare(value))
	}
	return strings.Join(parts, " ")
}

// value writes the value of a component's property.
func (w *writer) value(kind string, v any) string {
	switch v := v.(type) {
	case bool:
		return map[bool]string{true: "true", false: "false"}[v]
	case string:
		if kind == "INSTANCE_SWAP" {
			if c, ok := w.f.Components[v]; ok && c.Name != "" {
				return bare(c.Name)
			}
		}
		return bare(v)
	}
	return "null"
}
