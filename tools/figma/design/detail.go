package design

import "math"

// FieldChange is what a field of a changed node was and is, each at most 120
// characters and then …: texts as they are, all else as Text writes it, in CSS
// px; empty where there is no such thing, such as a fill of none.
type FieldChange struct{ Field, Old, New string }

// mostValue is how many characters of a value are given.
const mostValue = 120

// details are the values of those of fields that have short ones.
func (d *differ) details(fields []string, old, new place) []FieldChange {
	before, after := newWriter(d.old), newWriter(d.new)
	var out []FieldChange
	for _, field := range fields {
		a, b := before.valueOf(field, old), after.valueOf(field, new)
		if a != b {
			out = append(out, FieldChange{field, cutAt(a, mostValue), cutAt(b, mostValue)})
		}
	}
	return out
}

// newWriter writes values of single nodes, without variables: their numbers mean
// nothing outside of a text.
func newWriter(f *File) *writer {
	return &writer{f: f, unbound: true, fonts: map[lookKey]string{}}
}

// valueOf is the value of a field in short, or empty.
func (w *writer) valueOf(field string, p place) string {
	n := p.node
	switch field {
	case "name":
		return n.Name
	case "type":
		return n.Type
	case "parent":
		return parentID(p)
	case "text":
		return characters(n)
	case "visibility":
		return map[bool]string{true: "hidden", false: "visible"}[n.Hidden()]
	case "size":
		if n.Box == nil {
			return ""
		}
		return num(n.Box.W) + "×" + num(n.Box.H)
	case "position":
		return position(n, p.parent)
	case "layout":
		return w.layoutOf(n)
	case "opacity":
		return num(or(n.Opacity, 1))
	}
	return w.lookOf(field, n)
}

// lookOf is valueOf for what a node is painted with.
func (w *writer) lookOf(field string, n *Node) string {
	switch field {
	case "font":
		return join(" ", w.fontOf(n), alignment(n.Font))
	case "fill":
		return w.fill(n)
	case "stroke":
		return w.border(n)
	case "effects":
		return w.look(n)
	case "corners":
		return w.radius(n)
	case "shape":
		return turned(n)
	case "component":
		if n.Type == "INSTANCE" {
			name, props := w.instance(n)
			return join(" ", name, props)
		}
	}
	return ""
}

// layoutOf is how n places its children, and how its own size comes about.
func (w *writer) layoutOf(n *Node) string {
	s := join(" ", direction(n), w.layout(n))
	if n.Flow == nil {
		return s
	}
	if x, y := n.Across, n.Down; x != "" || y != "" {
		s = join(" ", s, "width-"+sizing(x), "height-"+sizing(y))
	}
	if n.Positioning == "ABSOLUTE" {
		s = join(" ", s, "absolute")
	}
	return s
}

func sizing(how string) string {
	if how == "" {
		return "fixed"
	}
	return plain(how)
}

func alignment(t *TypeStyle) string {
	if t == nil || t.AlignX == "" {
		return ""
	}
	return plain(t.AlignX)
}

func turned(n *Node) string {
	if n.Shape == nil || num(n.Rotation) == "0" {
		return ""
	}
	return "rotate " + num(-n.Rotation*180/math.Pi)
}
