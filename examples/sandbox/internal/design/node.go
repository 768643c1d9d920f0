// Package design makes the drawings of the stand-in of Figma: documents of
// nodes as Figma's REST API writes them, parts of documents, and pictures of
// nodes. It knows no HTTP, no people and no permissions.
//
// Source of the shapes: Figma's OpenAPI 0.43.0, schema Node.
package design

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// Node is a node in the form of its JSON. Nodes are not changed once a
// Document has them, so that parts of them can be shared.
type Node = map[string]any

// Document is what GET /v1/files/:key returns of the drawing.
type Document struct {
	Root       Node            // of type DOCUMENT
	Components map[string]Node // by node id
	Sets       map[string]Node
	Styles     map[string]Node // by style id

	// Text is Root as it was given, where that is what is sent of all of it: it
	// was given as text, and has no outlines. Otherwise it is empty.
	Text json.RawMessage
}

// Read makes a document of an answer of GET /v1/files/:key, and gives its name.
func Read(text []byte) (d *Document, name string, err error) {
	var body struct {
		Name                              string
		Document                          json.RawMessage
		Components, ComponentSets, Styles map[string]Node
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return nil, "", fmt.Errorf("read the file: %w", err)
	}
	d = &Document{Components: body.Components, Sets: body.ComponentSets, Styles: body.Styles}
	if err := json.Unmarshal(body.Document, &d.Root); err != nil || d.Root == nil {
		return nil, "", errors.New("read the file: it has no document")
	}
	if !bytes.Contains(body.Document, []byte(geometry)) {
		d.Text = body.Document
	}
	return d, body.Name, nil
}

// pen makes nodes with ids that follow from their order.
type pen struct {
	page, next int
	doc        Document
}

func newPen() *pen {
	return &pen{doc: Document{Components: map[string]Node{}, Sets: map[string]Node{}, Styles: map[string]Node{}}}
}

// id is the next one on the page.
func (p *pen) id() string {
	p.next++
	return fmt.Sprintf("%d:%d", p.page, p.next)
}

// sheet is a page, made of what draw returns.
func (p *pen) sheet(name string, draw func() []any) Node {
	p.page++
	p.next = 0
	return Node{
		"id": fmt.Sprintf("0:%d", p.page), "name": name, "type": "CANVAS", "scrollBehavior": "SCROLLS", "children": draw(),
		"backgroundColor": rgba("#F5F5F5"), "prototypeStartNodeID": nil, "flowStartingPoints": []any{},
		"prototypeDevice": Node{"type": "NONE", "rotation": "NONE"},
	}
}

func (p *pen) document(pages ...any) *Document {
	p.doc.Root = Node{"id": "0:0", "name": "Document", "type": "DOCUMENT", "scrollBehavior": "SCROLLS", "children": pages}
	return &p.doc
}

// layer has what all nodes with a place have.
func (p *pen) layer(kind, name string, w, h float64) Node {
	n := Node{
		"id": p.id(), "name": name, "type": kind, "scrollBehavior": "SCROLLS", "blendMode": "PASS_THROUGH",
		"constraints": Node{"vertical": "TOP", "horizontal": "LEFT"}, "effects": []any{}, "fills": []any{}, "strokes": []any{},
		"strokeWeight": 1.0, "strokeAlign": "INSIDE", "layoutSizingHorizontal": "FIXED", "layoutSizingVertical": "FIXED",
	}
	place(n, 0, 0, w, h)
	return n
}

func place(n Node, x, y, w, h float64) {
	n["absoluteBoundingBox"] = Node{"x": x, "y": y, "width": w, "height": h}
	n["absoluteRenderBounds"] = Node{"x": x, "y": y, "width": w, "height": h}
}

// Box is where a node is.
type Box struct{ X, Y, W, H float64 }

// BoxOf is where n is; ok is false where it has no place.
func BoxOf(n Node) (b Box, ok bool) {
	m, ok := n["absoluteBoundingBox"].(Node)
	if !ok {
		return Box{}, false
	}
	return Box{num(m["x"]), num(m["y"]), num(m["width"]), num(m["height"])}, true
}

func num(v any) float64 {
	f, _ := v.(float64)
	return f
}

// Children are those of n.
func Children(n Node) []any {
	list, _ := n["children"].([]any)
	return list
}

// at moves a node with all in it.
func at(x, y float64, n Node) Node {
	b, _ := BoxOf(n)
	shift(n, x-b.X, y-b.Y)
	return n
}

func shift(n Node, dx, dy float64) {
	if b, ok := BoxOf(n); ok {
		place(n, b.X+dx, b.Y+dy, b.W, b.H)
	}
	for _, c := range Children(n) {
		shift(c.(Node), dx, dy)
	}
}

// frame is a container whose children keep their places.
func (p *pen) frame(name string, w, h float64, children ...any) Node {
	n := p.layer("FRAME", name, w, h)
	n["clipsContent"], n["children"] = true, children
	return with(n, fill("#FFFFFF"))
}

// gaps are those of a stack: between children, and around them.
type gaps struct{ between, across, along float64 }

// row is a container that lays its children out from left to right, as large as
// they need.
func (p *pen) row(name string, g gaps, children ...any) Node {
	return p.stack("HORIZONTAL", name, g, children)
}

// column is a row from top to bottom.
func (p *pen) column(name string, g gaps, children ...any) Node {
	return p.stack("VERTICAL", name, g, children)
}

func (p *pen) stack(mode, name string, g gaps, children []any) Node {
	along, across := g.along, 0.0
	for i, c := range children {
		b, _ := BoxOf(c.(Node))
		w, h := b.W, b.H
		if mode == "VERTICAL" {
			w, h = h, w
			at(g.across, along, c.(Node))
		} else {
			at(along, g.across, c.(Node))
		}
		along, across = along+w, max(across, h)
		if i < len(children)-1 {
			along += g.between
		}
	}
	along, across = along+g.along, across+2*g.across
	w, h := along, across
	if mode == "VERTICAL" {
		w, h = across, along
	}
	n := p.frame(name, w, h, children...)
	left, top := g.along, g.across
	if mode == "VERTICAL" {
		left, top = g.across, g.along
	}
	set(n, "layoutMode", mode, "itemSpacing", g.between, "paddingLeft", left, "paddingRight", left, "paddingTop", top, "paddingBottom", top,
		"layoutSizingHorizontal", "HUG", "layoutSizingVertical", "HUG", "layoutWrap", "NO_WRAP", "fills", []any{})
	return n
}

// set writes pairs of names and values.
func set(n Node, pairs ...any) {
	for i := 0; i < len(pairs); i += 2 {
		n[pairs[i].(string)] = pairs[i+1]
	}
}

// with applies changes.
func with(n Node, changes ...func(Node)) Node {
	for _, c := range changes {
		c(n)
	}
	return n
}

// rgba reads #RRGGBB.
func rgba(hex string) Node {
	v, _ := strconv.ParseUint(hex[1:], 16, 32) // the colours are written here
	part := func(shift int) float64 { return float64(v>>shift&255) / 255 }
	return Node{"r": part(16), "g": part(8), "b": part(0), "a": 1.0}
}

func solid(hex string) Node { return Node{"type": "SOLID", "blendMode": "NORMAL", "color": rgba(hex)} }

func fill(hex string) func(Node) {
	return func(n Node) { n["fills"] = []any{solid(hex)} }
}

// picture fills with an uploaded image.
func picture(ref string) func(Node) {
	return func(n Node) {
		n["fills"] = []any{Node{"type": "IMAGE", "blendMode": "NORMAL", "scaleMode": "FILL", "imageRef": ref}}
	}
}

// gradient fills from top to bottom.
func gradient(from, to string) func(Node) {
	return func(n Node) {
		n["fills"] = []any{Node{
			"type": "GRADIENT_LINEAR", "blendMode": "NORMAL",
			"gradientHandlePositions": []any{Node{"x": 0.5, "y": 0.0}, Node{"x": 0.5, "y": 1.0}, Node{"x": 0.0, "y": 0.0}},
			"gradientStops":           []any{Node{"color": rgba(from), "position": 0.0}, Node{"color": rgba(to), "position": 1.0}},
		}}
	}
}

func round(radius float64) func(Node) { return func(n Node) { n["cornerRadius"] = radius } }

func border(hex string) func(Node) { return func(n Node) { n["strokes"] = []any{solid(hex)} } }

func hidden(n Node) { n["visible"] = false }

func shadow(n Node) {
	dark := rgba("#000000")
	dark["a"] = 0.18
	n["effects"] = []any{Node{
		"type": "DROP_SHADOW", "visible": true, "color": dark, "blendMode": "NORMAL", "offset": Node{"x": 0.0, "y": 4.0},
		"radius": 12.0, "spread": 0.0, "showShadowBehindNode": false,
	}}
}

// styled refers to a style of the document: kind is fill, text or effect.
func styled(kind, id string) func(Node) {
	return func(n Node) {
		styles, _ := n["styles"].(Node)
		if styles == nil {
			styles = Node{}
			n["styles"] = styles
		}
		styles[kind] = id
	}
}

func (p *pen) rectangle(name string, w, h float64, changes ...func(Node)) Node {
	return with(p.layer("RECTANGLE", name, w, h), changes...)
}

func (p *pen) ellipse(name string, d float64, changes ...func(Node)) Node {
	n := p.layer("ELLIPSE", name, d, d)
	n["arcData"] = Node{"startingAngle": 0.0, "endingAngle": 6.2831853, "innerRadius": 0.0}
	return with(n, changes...)
}

// vector is a shape with an outline, which is only sent when asked for.
func (p *pen) vector(name string, w, h float64, hex string) Node {
	n := with(p.layer("VECTOR", name, w, h), fill(hex))
	n[geometry] = []any{Node{"path": fmt.Sprintf("M0 %gL%g 0L%g %gZ", h, w/2, w, h), "windingRule": "NONZERO"}}
	return n
}

// text is a line of text, size pixels high.
func (p *pen) text(characters string, size, weight float64, hex string) Node {
	n := p.layer("TEXT", characters, float64(len(characters))*size*0.55, size*1.4)
	set(n, "characters", characters, "characterStyleOverrides", []any{}, "styleOverrideTable", Node{}, "lineTypes", []any{"NONE"}, "lineIndentations", []any{0.0},
		"style", Node{
			"fontFamily": "Inter", "fontPostScriptName": nil, "fontWeight": weight, "fontSize": size, "textAlignHorizontal": "LEFT", "textAlignVertical": "TOP",
			"letterSpacing": 0.0, "lineHeightPx": size * 1.4, "lineHeightPercent": 100.0, "lineHeightPercentFontSize": 140.0, "lineHeightUnit": "FONT_SIZE_%",
			"textAutoResize": "WIDTH_AND_HEIGHT",
		})
	return with(n, fill(hex))
}
