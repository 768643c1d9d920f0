package design

// A container of nothing but shapes, one of which no CSS can draw, is a picture:
// it is written as one line, to be exported by its id.

// What is in a node, as far as folding goes: a container is as its children are
// at most, and blocked if one of them is.
const (
	blocked = iota // text, images, and what is in no picture
	empty
	boxes  // shapes that CSS can draw
	curves // shapes that it cannot
)

// colours stands for several of them.
const colours = "*"

// folded finds the pictures at and below nodes, each with the one colour that it
// has, or * for several.
func folded(tops []*Node) map[*Node]string {
	f := folder{}
	for _, n := range tops {
		f.fold(n)
	}
	return f
}

type folder map[*Node]string

// fold tells what n is with the one colour that it has, if it has one.
func (f folder) fold(n *Node) (kind int, colour string) {
	if n.Hidden() {
		return empty, ""
	}
	own, colour := leaf(n)
	if own > empty || len(n.Children) == 0 {
		return own, colour
	}
	inner := 0
	if own == blocked {
		inner++
	}
	kind = empty
	for _, c := range n.Children {
		k, col := f.fold(c)
		if k == blocked {
			inner++
		}
		kind, colour = max(kind, k), mix(colour, col)
	}
	if inner > 0 || kind != curves || !pictures(n) {
		if inner > 0 || kind == curves {
			return blocked, ""
		}
		return kind, colour
	}
	f[n] = colour
	return kind, colour
}

// leaf tells what a node is without its children.
func leaf(n *Node) (int, string) {
	switch n.Type {
	case "VECTOR", "STAR", "REGULAR_POLYGON", "BOOLEAN_OPERATION":
		return imageless(n, curves)
	case "RECTANGLE", "ELLIPSE", "LINE":
		return imageless(n, boxes)
	case "FRAME", "GROUP", "INSTANCE", "COMPONENT", "TRANSFORM_GROUP":
		return imageless(n, empty)
	}
	return blocked, ""
}

func imageless(n *Node, kind int) (int, string) {
	for _, list := range [...][]Paint{n.Fills, n.Strokes} {
		for i := range list {
			if p := &list[i]; shown(p.Visible) && p.Type != "SOLID" && (p.Type == "IMAGE" || p.Type == "PATTERN") {
				return blocked, ""
			}
		}
	}
	return kind, flatColour(n)
}

// flatColour is the one colour that a node is painted in, * for several.
func flatColour(n *Node) string {
	colour := ""
	for _, list := range [...][]Paint{n.Fills, n.Strokes} {
		for i := range list {
			p := &list[i]
			switch {
			case !shown(p.Visible):
			case p.Type == "SOLID" && p.Colour != nil:
				colour = mix(colour, p.Colour.hex(or(p.Opacity, 1)))
			default:
				colour = colours
			}
		}
	}
	return colour
}

func mix(a, b string) string {
	switch {
	case a == "" || a == b:
		return b
	case b == "":
		return a
	}
	return colours
}

// pictures tells whether a container of shapes is one picture, and not several
// that it lays out, or one with a box drawn around it.
func pictures(n *Node) bool {
	inner, outer := 0, 0
	for _, c := range n.Children {
		switch {
		case c.Hidden():
		case len(c.Children) > 0 && c.Type != "BOOLEAN_OPERATION" && c.Type != "GROUP":
			inner++
		default:
			outer++
		}
	}
	if inner == 0 {
		return true
	}
	lays := n.Layout != nil && n.Mode != ""
	return !(lays && inner+outer > 1) && !(outer == 0 && inner > 1) && !(outer == 0 && painted(n))
}

func painted(n *Node) bool {
	for i := range n.Fills {
		if shown(n.Fills[i].Visible) {
			return true
		}
	}
	return len(n.Strokes) > 0 || len(n.Effects) > 0
}

// inside is how many nodes lie in n, and how many of them are drawn if n is.
func inside(n *Node) (all, drawn int) {
	for _, c := range n.Children {
		if c.Hidden() {
			all += weight(c)
			continue
		}
		a, d := inside(c)
		all, drawn = all+1+a, drawn+1+d
	}
	return all, drawn
}

// drawn is how many of nodes are not switched off.
func drawn(nodes []*Node) int {
	total := 0
	for _, n := range nodes {
		if !n.Hidden() {
			total++
		}
	}
	return total
}

func weight(n *Node) int {
	total := 1
	for _, c := range n.Children {
		total += weight(c)
	}
	return total
}
