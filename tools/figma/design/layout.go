package design

import "strings"

// layout writes how n places its children; the direction of a frame is its kind.
func (w *writer) layout(n *Node) string {
	l := n.Layout
	if l == nil {
		return ""
	}
	s := join(" ", w.flex(n), w.padding(n), scroll(l), guides(l.Guides))
	if l.InFlow && l.Mode != "" && w.border(n) != "" {
		s = join(" ", s, "border-in-flow")
	}
	if l.Clip && overflows(n) {
		s = join(" ", s, "clip")
	}
	return s
}

func (w *writer) flex(n *Node) string {
	l := n.Layout
	if l.Mode == "GRID" {
		return w.grid(n)
	}
	if l.Mode == "" {
		return ""
	}
	gap := ""
	between := l.Justify == "SPACE_BETWEEN"
	wraps := l.Wrap == "WRAP"
	if l.Gap != 0 && !between || wraps && l.CrossGap != 0 {
		gap = "gap " + num(l.Gap) + w.bound(n, "itemSpacing")
		if wraps && l.CrossGap != l.Gap {
			gap += " " + num(l.CrossGap) + w.bound(n, "counterAxisSpacing")
		}
	}
	wrap := ""
	if wraps {
		wrap = "wrap"
		if l.Content == "SPACE_BETWEEN" {
			wrap = "wrap align-content space-between"
		}
	}
	reverse := ""
	if l.Reverse {
		reverse = "first-on-top"
	}
	return join(" ", wrap, gap, along("justify ", l.Justify), along("align ", l.Align), reverse)
}

func along(what, value string) string {
	switch value {
	case "", "MIN":
		return ""
	case "MAX":
		return what + "end"
	}
	return what + plain(value)
}

func (w *writer) grid(n *Node) string {
	l := n.Layout
	s := "grid " + num(l.Columns) + "×" + num(l.Rows)
	if l.ColumnGap != 0 || l.RowGap != 0 {
		s += " gap " + sides(num(l.RowGap), num(l.ColumnGap), num(l.RowGap), num(l.ColumnGap))
	}
	if l.ColumnsAs != "" {
		s += " columns(" + tracks(l.ColumnsAs) + ")"
	}
	if l.RowsAs != "" {
		s += " rows(" + tracks(l.RowsAs) + ")"
	}
	return s
}

// flat keeps text of Figma's own on one line.
func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

// tracks are the columns or rows of a grid, in CSS.
func tracks(css string) string {
	css = flat(css)
	for _, c := range css {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("(), .%/-", c) {
			return quote(css)
		}
	}
	if strings.Count(css, "(") != strings.Count(css, ")") {
		return quote(css)
	}
	return css
}

func (w *writer) padding(n *Node) string {
	l := n.Layout
	if l.Top == 0 && l.Right == 0 && l.Bottom == 0 && l.Left == 0 {
		return ""
	}
	return "pad " + sides(num(l.Top)+w.bound(n, "paddingTop"), num(l.Right)+w.bound(n, "paddingRight"),
		num(l.Bottom)+w.bound(n, "paddingBottom"), num(l.Left)+w.bound(n, "paddingLeft"))
}

func scroll(l *Layout) string {
	switch l.Scroll {
	case "HORIZONTAL_SCROLLING":
		return "scroll-x"
	case "VERTICAL_SCROLLING":
		return "scroll-y"
	case "HORIZONTAL_AND_VERTICAL_SCROLLING":
		return "scroll"
	}
	return ""
}

// guides are the columns that a designer aligned to.
func guides(list []LayoutGrid) string {
	var parts []string
	for _, g := range list {
		if !shown(g.Visible) || g.Pattern == "GRID" || g.Count > 100 {
			continue
		}
		parts = append(parts, "guides("+plain(g.Pattern)+" "+num(g.Count)+" gutter "+num(g.Gutter)+" offset "+num(g.Offset)+")")
	}
	return strings.Join(parts, " ")
}

// overflows tells whether clipping changes something: a node in it sticks out,
// or may lie in a rounded corner.
func overflows(n *Node) bool {
	if n.Box == nil {
		return true
	}
	if n.Shape != nil && (n.Radius != 0 || n.Radii != nil) && len(n.Children) > 0 {
		return true
	}
	return sticksOut(n.Box, n.Children)
}

// sticksOut tells whether some of nodes, or what is in them, is seen beyond box.
func sticksOut(box *Box, nodes []*Node) bool {
	for _, c := range nodes {
		if c.Hidden() {
			continue
		}
		if b := c.Box; b != nil && (b.X < box.X-0.5 || b.Y < box.Y-0.5 || b.X+b.W > box.X+box.W+0.5 || b.Y+b.H > box.Y+box.H+0.5) {
			return true
		}
		if clips := c.Layout != nil && c.Clip; !clips && sticksOut(box, c.Children) {
			return true
		}
	}
	return false
}

// sizes are width and height with how they come about: f fills, h hugs.
func (w *writer) sizes(n *Node) (across, down string) {
	if n.Box == nil {
		return "", ""
	}
	x, y := "", ""
	if n.Flow != nil {
		x, y = letter(n.Across), letter(n.Down)
	}
	if n.Type == "TEXT" && n.Font != nil && x == "" && y == "" {
		switch n.Font.Resize {
		case "WIDTH_AND_HEIGHT":
			x, y = "h", "h"
		case "HEIGHT":
			y = "h"
		}
	}
	return num(n.Box.W) + x + w.bound2(n, "size", "x"), num(n.Box.H) + y + w.bound2(n, "size", "y")
}

func letter(sizing string) string {
	switch sizing {
	case "HUG":
		return "h"
	case "FILL":
		return "f"
	}
	return ""
}

// spotOn is where n lies: in its parent, or on the page where it was asked for
// itself or is a child of the page.
func spotOn(n, parent *Node) string {
	if parent != nil && parent.Type != "CANVAS" {
		return position(n, parent)
	}
	if n.Box == nil || n.Type == "CANVAS" {
		return ""
	}
	return "@" + num(n.Box.X) + "," + num(n.Box.Y)
}

// position is where n lies in its parent, where the parent's layout does not say.
func position(n, parent *Node) string {
	if n.Box == nil {
		return ""
	}
	if parent == nil || parent.Box == nil {
		return ""
	}
	if parent.Layout != nil && parent.Mode != "" && (n.Flow == nil || n.Positioning != "ABSOLUTE") {
		return ""
	}
	s := "@" + num(n.Box.X-parent.Box.X) + "," + num(n.Box.Y-parent.Box.Y)
	if n.Flow != nil && n.Constraints != nil && parent.Type != "GROUP" {
		s = join(" ", s, pins(n.Constraints))
	}
	return s
}

func pins(c *Constraints) string {
	x, y := "", ""
	switch c.X {
	case "RIGHT":
		x = "right"
	case "CENTER":
		x = "center-x"
	case "LEFT_RIGHT":
		x = "stretch-x"
	case "SCALE":
		x = "scale-x"
	}
	switch c.Y {
	case "BOTTOM":
		y = "bottom"
	case "CENTER":
		y = "center-y"
	case "TOP_BOTTOM":
		y = "stretch-y"
	case "SCALE":
		y = "scale-y"
	}
	if x == "scale-x" && y == "scale-y" {
		return "scale"
	}
	return join(" ", x, y)
}
