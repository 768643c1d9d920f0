package design

import (
	"math"
	"strings"
)

// paints writes the visible ones, the uppermost first, as a node of the size of
// box shows them; empty where nothing is painted.
func (w *writer) paints(list []Paint, box *Box) string {
	var parts []string
	for i := len(list) - 1; i >= 0; i-- {
		if s := w.paint(&list[i], box); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, " over ")
}

func (w *writer) paint(p *Paint, box *Box) string {
	opacity := or(p.Opacity, 1)
	if !shown(p.Visible) || opacity == 0 {
		return ""
	}
	var s string
	switch {
	case p.Type == "SOLID" && p.Colour != nil:
		s = p.Colour.hex(opacity) + w.variable(p.BoundTo["color"])
		opacity = 1
	case strings.HasPrefix(p.Type, "GRADIENT_"):
		s = gradient(p, box)
	case p.Type == "IMAGE":
		s = image(p)
	case p.Type == "PATTERN":
		s = "pattern(#" + bareID(p.Source) + ")"
	default:
		s = plain(p.Type)
	}
	if opacity != 1 {
		s += " at " + num(opacity)
	}
	if p.Blend != "" && p.Blend != "NORMAL" && p.Blend != "PASS_THROUGH" {
		s += " blend " + plain(p.Blend)
	}
	return s
}

// image names a picture and how it fills its node; as CSS's cover if nothing is
// said.
func image(p *Paint) string {
	s := "img(" + bareID(p.Image)
	if p.GIF != "" {
		s = "img(gif " + bareID(p.GIF)
	}
	switch p.Scale {
	case "FIT":
		s += " contain"
	case "TILE":
		s += " tile " + num(max(p.Factor, 0))
	case "STRETCH":
		s += " crop"
	}
	if p.Turned != 0 {
		s += " rotate " + num(p.Turned)
	}
	return s + ")"
}

// gradient writes CSS of the gradient as it lies in a box of this size.
func gradient(p *Paint, box *Box) string {
	if len(p.Handles) < 2 {
		return "gradient(" + stops(p, 0, 1) + ")"
	}
	width, height := 1.0, 1.0
	if box != nil && box.W > 0 && box.H > 0 {
		width, height = box.W, box.H
	}
	a, b := p.Handles[0], p.Handles[1]
	dx, dy := (b.X-a.X)*width, (b.Y-a.Y)*height
	switch p.Type {
	case "GRADIENT_LINEAR":
		return linear(p, dx, dy, width, height)
	case "GRADIENT_ANGULAR":
		return "conic-gradient(from " + num(turn(dx, dy)) + "deg at " + percents(a) + "," + stops(p, 0, 1) + ")"
	}
	along, across := math.Hypot(dx, dy), math.Hypot(dx, dy)
	if len(p.Handles) > 2 {
		c := p.Handles[2]
		across = math.Hypot((c.X-a.X)*width, (c.Y-a.Y)*height)
	}
	name := "radial-gradient("
	if p.Type == "GRADIENT_DIAMOND" {
		name = "diamond-gradient("
	}
	if math.Abs(dy) > math.Abs(dx) {
		along, across = across, along
	}
	return name + num(along) + " " + num(across) + " at " + percents(a) + "," + stops(p, 0, 1) + ")"
}

// linear places the stops on CSS's gradient line, which goes through the middle
// of the box and ends where its corners are met.
func linear(p *Paint, dx, dy, width, height float64) string {
	length := math.Hypot(dx, dy)
	if length == 0 {
		return "linear-gradient(" + stops(p, 0, 1) + ")"
	}
	ux, uy := dx/length, dy/length
	line := math.Abs(width*ux) + math.Abs(height*uy)
	from := ((p.Handles[0].X-0.5)*width*ux+(p.Handles[0].Y-0.5)*height*uy)/line + 0.5
	return "linear-gradient(" + num(turn(dx, dy)) + "deg," + stops(p, from, length/line) + ")"
}

// turn is the direction as CSS counts it: 0 is up, 90 to the right.
func turn(dx, dy float64) float64 {
	deg := math.Round(math.Atan2(dy, dx)*180/math.Pi*10)/10 + 90
	if deg < 0 {
		deg += 360
	}
	return deg
}

func percents(p Point) string { return num(p.X*100) + "% " + num(p.Y*100) + "%" }

// stops writes the colours; positions that CSS would assume are left out.
func stops(p *Paint, from, length float64) string {
	var parts []string
	for i, s := range p.Stops {
		at := math.Round((from+s.At*length)*1000) / 10
		part := s.Colour.hex(1)
		if !(i == 0 && at == 0 || i == len(p.Stops)-1 && at == 100) {
			part += " " + num(at) + "%"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ",")
}

// plain is one of Figma's constants as a word: COLOR_BURN is color-burn.
func plain(constant string) string {
	return bare(strings.ReplaceAll(strings.ToLower(constant), "_", "-"))
}

// effects writes shadows as CSS's box-shadow, and blurs.
func (w *writer) effects(list []Effect) string {
	var parts []string
	for i := range list {
		if e := &list[i]; shown(e.Visible) {
			parts = append(parts, w.effect(e))
		}
	}
	return strings.Join(parts, " ")
}

func (w *writer) effect(e *Effect) string {
	switch e.Type {
	case "LAYER_BLUR":
		return "blur(" + num(e.Radius) + w.variable(e.BoundTo["radius"]) + ")"
	case "BACKGROUND_BLUR":
		return "backdrop-blur(" + num(e.Radius) + w.variable(e.BoundTo["radius"]) + ")"
	case "DROP_SHADOW", "INNER_SHADOW":
		return w.shadow(e)
	}
	return plain(e.Type) + "(" + num(e.Radius) + ")"
}

func (w *writer) shadow(e *Effect) string {
	s := "shadow("
	if e.Type == "INNER_SHADOW" {
		s += "inset "
	}
	at := Point{}
	if e.Offset != nil {
		at = *e.Offset
	}
	s += nums(at.X, at.Y, e.Radius)
	if e.Spread != 0 {
		s += " " + num(e.Spread)
	}
	if e.Colour != nil {
		s += " " + e.Colour.hex(1) + w.variable(e.BoundTo["color"])
	}
	return s + ")"
}
