package design

import "reflect"

// sameness tells which members of two versions of a node differ. Values that
// nodes share are compared once.
type sameness struct{ shared map[[2]any]bool } // by addresses

func newSameness() *sameness { return &sameness{map[[2]any]bool{}} }

// fields names what differs, in words of the editor.
func (s *sameness) fields(old, new place) []string {
	a, b := old.node, new.node
	var out []string
	for _, f := range [...]struct {
		name string
		same bool
	}{
		{"name", a.Name == b.Name || namedAfterText(a) && namedAfterText(b)}, {"type", a.Type == b.Type}, {"parent", parentID(old) == parentID(new)},
		{"visibility", a.Hidden() == b.Hidden()}, {"text", characters(a) == characters(b)},
		{"font", same(s, a.Font, b.Font) && a.style("text") == b.style("text") && s.parts(a.Letters, b.Letters)},
		{"size", sameSize(a.Box, b.Box)}, {"position", samePosition(old, new)},
		{"layout", deep(a.Layout, b.Layout) && sameFlow(a.Flow, b.Flow)},
		{"fill", list(s, a.Fills, b.Fills) && a.style("fill") == b.style("fill")},
		{"stroke", list(s, a.Strokes, b.Strokes) && a.style("stroke") == b.style("stroke") && sameStroke(a.Shape, b.Shape)},
		{"effects", list(s, a.Effects, b.Effects) && a.style("effect") == b.style("effect")},
		{"corners", sameCorners(a.Shape, b.Shape)}, {"opacity", or(a.Opacity, 1) == or(b.Opacity, 1)},
		{"shape", sameShape(a.Shape, b.Shape)}, {"component", deep(a.Linked, b.Linked)},
		{"variables", deep(a.BoundTo, b.BoundTo)}, {"prototype", deep(a.Prototype, b.Prototype)}, {"connector", deep(a.Jam, b.Jam)},
	} {
		if !f.same {
			out = append(out, f.name)
		}
	}
	return out
}

// namedAfterText tells a text whose name Figma made of what it says: that its
// name changes as well says nothing.
func namedAfterText(n *Node) bool {
	return n.Letters != nil && flat(n.Name) == flat(n.Characters)
}

func parentID(p place) string {
	if p.parent == nil {
		return ""
	}
	return p.parent.ID
}

func characters(n *Node) string {
	if n.Letters == nil {
		return ""
	}
	return n.Characters
}

// parts compares which letters have a style of their own.
func (s *sameness) parts(a, b *Letters) bool {
	if a == nil {
		a = &Letters{}
	}
	if b == nil {
		b = &Letters{}
	}
	if a.Overrides == nil && b.Overrides == nil {
		return deep(a.LineTypes, b.LineTypes)
	}
	return a.Characters != b.Characters || deep(a.Overrides, b.Overrides) && deep(a.Table, b.Table)
}

// same compares values that nodes share.
func same[T any](s *sameness, a, b *T) bool {
	if a == nil || b == nil || a == b {
		return a == b
	}
	key := [2]any{a, b}
	is, known := s.shared[key]
	if !known {
		is = reflect.DeepEqual(a, b)
		s.shared[key] = is
	}
	return is
}

func list[T any](s *sameness, a, b []T) bool {
	if len(a) == 0 || len(b) == 0 || len(a) != len(b) {
		return len(a) == len(b)
	}
	key := [2]any{&a[0], &b[0]}
	is, known := s.shared[key]
	if !known {
		is = reflect.DeepEqual(a, b)
		s.shared[key] = is
	}
	return is
}

// deep compares values that are seldom there.
func deep[T any](a, b T) bool { return reflect.DeepEqual(a, b) }

func near(a, b float64) bool { return abs(a-b) < 0.01 }

func sameSize(a, b *Box) bool {
	if a == nil || b == nil {
		return a == b
	}
	return near(a.W, b.W) && near(a.H, b.H)
}

// samePosition compares where nodes are in their parents, unless those lay them
// out.
func samePosition(old, new place) bool {
	a, b := position(old.node, old.parent), position(new.node, new.parent)
	return a == b || a == "" || b == ""
}

func sameFlow(a, b *Flow) bool { return flow(a) == flow(b) }

// flow is f without constraints, which are of the position.
func flow(f *Flow) Flow {
	if f == nil {
		return Flow{}
	}
	c := *f
	c.Constraints = nil
	return c
}

func sameStroke(a, b *Shape) bool {
	a, b = some(a), some(b)
	return or(a.Weight, 1) == or(b.Weight, 1) && deep(a.Weights, b.Weights) && a.StrokeAt == b.StrokeAt && a.Cap == b.Cap && deep(a.Dashes, b.Dashes)
}

func sameCorners(a, b *Shape) bool {
	a, b = some(a), some(b)
	return near(a.Radius, b.Radius) && deep(a.Radii, b.Radii) && near(a.Smoothing, b.Smoothing)
}

func sameShape(a, b *Shape) bool {
	a, b = some(a), some(b)
	return near(a.Rotation, b.Rotation) && a.Blend == b.Blend && a.Mask == b.Mask && a.Boolean == b.Boolean && deep(a.Arc, b.Arc) &&
		deep(a.Exports, b.Exports) && deep(a.Dev, b.Dev)
}

func some(s *Shape) *Shape {
	if s == nil {
		return &Shape{}
	}
	return s
}
