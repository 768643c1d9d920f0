package design

import (
	"math"
	"strings"
)

// border writes the strokes of n.
func (w *writer) border(n *Node) string {
	colour := w.paints(n.Strokes, n.Box)
	if colour == "" {
		return ""
	}
	weight := "1"
	s := n.Shape
	if s == nil {
		s = &Shape{}
	}
	if s.Weight != nil {
		weight = num(*s.Weight)
	}
	weight += w.bound(n, "strokeWeight")
	if v := s.Weights; v != nil {
		weight = sides(num(v.Top), num(v.Right), num(v.Bottom), num(v.Left))
	}
	if weight == "0" {
		return ""
	}
	if id := n.style("stroke"); id != "" {
		colour += w.styled(id)
	}
	return join(" ", strokeName(n, s), weight, dashes(s), caps(s), colour)
}

// strokeName says where a stroke lies: that of a box inside of it and that of
// letters on their edge, unless said. Lines have one place for it, and drawings
// are exported.
func strokeName(n *Node, s *Shape) string {
	switch n.Type {
	case "LINE", "VECTOR", "CONNECTOR":
		return "stroke"
	case "TEXT":
		return "stroke" + map[string]string{"INSIDE": "-inside", "OUTSIDE": "-outside"}[s.StrokeAt]
	}
	return "border" + map[string]string{"CENTER": "-center", "OUTSIDE": "-outside"}[s.StrokeAt]
}

func dashes(s *Shape) string {
	if len(s.Dashes) == 0 {
		return ""
	}
	return "dash(" + nums(s.Dashes...) + ")"
}

func caps(s *Shape) string {
	if s.Cap == "" || s.Cap == "NONE" {
		return ""
	}
	return "cap-" + plain(s.Cap)
}

// radius writes the corners of n.
func (w *writer) radius(n *Node) string {
	s := n.Shape
	if s == nil {
		return ""
	}
	corners := [4]string{"topLeftRadius", "topRightRadius", "bottomRightRadius", "bottomLeftRadius"}
	values := [4]float64{s.Radius, s.Radius, s.Radius, s.Radius}
	if len(s.Radii) == 4 {
		values = [4]float64(s.Radii)
	}
	if values == [4]float64{} {
		return ""
	}
	var parts [4]string
	for i, v := range values {
		parts[i] = num(v) + w.bound(n, corners[i])
	}
	return "r " + sides(parts[0], parts[1], parts[2], parts[3])
}

// rest writes what few nodes have.
func (w *writer) rest(n *Node) string {
	parts := make([]string, 0, 8)
	if n.Opacity != nil {
		parts = append(parts, "opacity "+num(*n.Opacity)+w.bound(n, "opacity"))
	}
	if n.Shape != nil {
		parts = append(parts, shape(n.Shape)...)
	}
	if n.Flow != nil {
		parts = append(parts, w.limits(n)...)
	}
	if n.Type == "TEXT" {
		parts = append(parts, texting(n)...)
	}
	if n.Linked != nil {
		parts = append(parts, w.linked(n)...)
	}
	if n.Prototype != nil {
		parts = append(parts, clicks(n.Interactions)...)
	}
	if n.Jam != nil {
		parts = append(parts, jam(n.Jam)...)
	}
	if v, ok := n.BoundTo["visible"]; ok {
		parts = append(parts, "visible"+w.variable(v))
	}
	return strings.Join(parts, " ")
}

func shape(s *Shape) []string {
	var parts []string
	if s.Blend != "" && s.Blend != "NORMAL" && s.Blend != "PASS_THROUGH" {
		parts = append(parts, "blend "+plain(s.Blend))
	}
	if turned := num(-s.Rotation * 180 / math.Pi); turned != "0" {
		parts = append(parts, "rotate "+turned)
	}
	if s.Mask {
		parts = append(parts, "mask")
	}
	if a := s.Arc; a != nil {
		parts = append(parts, "arc("+num(a.From*180/math.Pi)+" to "+num(a.To*180/math.Pi)+" inner "+num(a.Inner)+")")
	}
	for _, e := range s.Exports {
		parts = append(parts, "export-"+plain(e.Format))
	}
	if s.Dev != nil && s.Dev.Type != "" {
		parts = append(parts, plain(s.Dev.Type))
	}
	return parts
}

func (w *writer) limits(n *Node) []string {
	f := n.Flow
	var parts []string
	for _, l := range [...]struct {
		name  string
		value float64
		field string
	}{
		{"min-w", f.MinW, "minWidth"}, {"max-w", f.MaxW, "maxWidth"}, {"min-h", f.MinH, "minHeight"}, {"max-h", f.MaxH, "maxHeight"},
		{"column", f.Column, ""}, {"row", f.Row, ""}, {"column-span", max(f.ColumnSpan-1, 0), ""}, {"row-span", max(f.RowSpan-1, 0), ""},
	} {
		if l.value == 0 {
			continue
		}
		if l.field == "" { // lines and spans of a grid count from 1
			l.value++
		}
		parts = append(parts, l.name+" "+num(l.value)+w.bound(n, l.field))
	}
	switch f.Behaviour {
	case "FIXED":
		parts = append(parts, "fixed")
	case "STICKY_SCROLLS":
		parts = append(parts, "sticky")
	}
	return parts
}

func texting(n *Node) []string {
	var parts []string
	if t := n.Font; t != nil {
		switch t.AlignX {
		case "RIGHT", "CENTER", "JUSTIFIED":
			parts = append(parts, plain(t.AlignX))
		}
		switch t.AlignY {
		case "CENTER":
			parts = append(parts, "middle")
		case "BOTTOM":
			parts = append(parts, "bottom")
		}
		if t.Truncation == "ENDING" || t.Resize == "TRUNCATE" {
			parts = append(parts, "ellipsis")
		}
		if t.MaxLines > 0 {
			parts = append(parts, "lines "+num(t.MaxLines))
		}
		if l := link(t.Link); l != "" {
			parts = append(parts, l)
		}
	}
	if l := n.Letters; l != nil {
		parts = append(parts, lists(l)...)
	}
	return parts
}

// lists say which lines are of lists.
func lists(l *Letters) []string {
	var parts []string
	if l.LineTypes != nil {
		parts = append(parts, "list("+each(len(l.LineTypes), func(i int) string {
			switch l.LineTypes[i] {
			case "ORDERED":
				return "1"
			case "UNORDERED":
				return "•"
			}
			return "-"
		})+")")
	}
	if l.Indents != nil {
		parts = append(parts, "indents("+each(len(l.Indents), func(i int) string { return itoa(l.Indents[i]) })+")")
	}
	return parts
}

// each joins n words; once where they are all the same.
func each(n int, word func(i int) string) string {
	words := make([]string, n)
	same := true
	for i := range words {
		words[i] = word(i)
		same = same && words[i] == words[0]
	}
	if same && n > 0 {
		return words[0]
	}
	return strings.Join(words, ",")
}

// style is the id of the style of a kind: fill, stroke, text or effect.
func (n *Node) style(kind string) string {
	s := n.StyleIDs
	if s == nil {
		return ""
	}
	switch kind {
	case "fill":
		return join("", s.Fill, s.Fills)
	case "stroke":
		return join("", s.Stroke, s.Strokes)
	case "text":
		return s.Text
	}
	return s.Effect
}

// bareID is an id, or nothing that could be taken for something else.
func bareID(id string) string {
	for i := 0; i < len(id); i++ {
		if c := id[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != ':' && c != ';' && c != '-' && c != '_' {
			return quote(id)
		}
	}
	return id
}
