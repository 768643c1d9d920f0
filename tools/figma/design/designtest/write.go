package designtest

import (
	"encoding/json"
	"fmt"
	"strings"
)

// write appends n as the API would.
func (p *pen) write(n *node, inside string) {
	b := &p.out
	fmt.Fprintf(b, `{"id":%s,"name":%s,`, quote(n.id), quote(n.name))
	if n.hidden {
		b.WriteString(`"visible":false,`)
	}
	fmt.Fprintf(b, `"type":"%s","scrollBehavior":"SCROLLS"`, n.kind)
	if n.rotation != 0 {
		fmt.Fprintf(b, `,"rotation":%s`, num(n.rotation))
	}
	p.pairs("componentPropertyReferences", n.references)
	p.bound(n)
	if n.kind == "INSTANCE" {
		p.instance(n)
	}
	p.list("componentPropertyDefinitions", "{}", n.definitions)
	if container(n.kind) {
		b.WriteString(`,"children":[`)
		for i, c := range n.children {
			if i > 0 {
				b.WriteByte(',')
			}
			p.write(c, n.mode)
		}
		b.WriteByte(']')
	}
	p.paints(n)
	p.layout(n, inside)
	p.text(n)
	p.list("effects", "[]", n.effects, "always")
	if n.click == "" {
		b.WriteString(`,"interactions":[]}`)
		return
	}
	fmt.Fprintf(b, `,"transitionNodeID":"%[1]s","transitionDuration":300.0,"transitionEasing":"EASE_OUT","interactions":[{"trigger":{"type":"ON_CLICK"},"actions":[{"type":"NODE","destinationId":"%[1]s","navigation":"NAVIGATE","transition":{"type":"DISSOLVE","easing":{"type":"EASE_OUT"},"duration":0.30000001192092896},"preserveScrollPosition":false}]}]}`, n.click)
}

func quote(s string) string {
	raw, _ := json.Marshal(s) // strings always can be
	return string(raw)
}

func container(kind string) bool {
	switch kind {
	case "FRAME", "GROUP", "COMPONENT", "COMPONENT_SET", "INSTANCE", "SECTION", "BOOLEAN_OPERATION":
		return true
	}
	return false
}

// list writes written values under a name; an empty one only where always is said.
func (p *pen) list(name, brackets string, values []string, always ...string) {
	if len(values) > 0 || len(always) > 0 {
		fmt.Fprintf(&p.out, `,"%s":%c%s%c`, name, brackets[0], strings.Join(values, ","), brackets[1])
	}
}

func (p *pen) pairs(name string, pairs []string) {
	var members []string
	for i := 0; i+1 < len(pairs); i += 2 {
		members = append(members, quote(pairs[i])+":"+quote(pairs[i+1]))
	}
	p.list(name, "{}", members)
}

func (p *pen) bound(n *node) {
	var members []string
	for i := 0; i+1 < len(n.bound); i += 2 {
		alias := `{"type":"VARIABLE_ALIAS","id":"` + n.bound[i+1] + `"}`
		if n.bound[i] == "fills" || n.bound[i] == "strokes" {
			alias = "[" + alias + "]"
		}
		members = append(members, `"`+n.bound[i]+`":`+alias)
	}
	p.list("boundVariables", "{}", members)
}

func (p *pen) instance(n *node) {
	fmt.Fprintf(&p.out, `,"componentId":"%s"`, n.component)
	p.list("componentProperties", "{}", n.properties)
	var changes []string
	if len(n.changes) > 0 {
		changes = append(changes, fmt.Sprintf(`{"id":"%s","overriddenFields":["%s"]}`, n.id, strings.Join(n.changes, `","`)))
	}
	for _, c := range n.children {
		if c.kind == "TEXT" {
			changes = append(changes, fmt.Sprintf(`{"id":"%s","overriddenFields":["characters"]}`, c.id))
		}
	}
	p.list("overrides", "[]", changes, "always")
}

func (p *pen) paints(n *node) {
	b := &p.out
	blend := n.blend
	if blend == "" {
		blend = "PASS_THROUGH"
	}
	fmt.Fprintf(b, `,"blendMode":"%s"`, blend)
	if n.opacity != 0 {
		fmt.Fprintf(b, `,"opacity":%s`, num(float64(float32(n.opacity))))
	}
	if framed(n.kind) {
		fmt.Fprintf(b, `,"clipsContent":%v`, n.clip)
		p.list("background", "[]", n.fills, "always")
	}
	if n.mask {
		b.WriteString(`,"isMask":true,"maskType":"ALPHA","isMaskOutline":false`)
	}
	p.list("fills", "[]", n.fills, "always")
	p.list("strokes", "[]", n.strokes, "always")
	p.pairs("styles", n.styles)
	p.corners(n)
	weight := n.weight
	if weight == 0 {
		weight = 1
	}
	fmt.Fprintf(b, `,"strokeWeight":%s`, num(weight))
	if n.weights != [4]float64{} {
		w := n.weights
		fmt.Fprintf(b, `,"individualStrokeWeights":{"top":%s,"right":%s,"bottom":%s,"left":%s}`, num(w[0]), num(w[1]), num(w[2]), num(w[3]))
	}
	at := "INSIDE"
	if n.kind == "TEXT" || n.kind == "VECTOR" {
		at = pick(p, "OUTSIDE", "CENTER")
	}
	fmt.Fprintf(b, `,"strokeAlign":"%s"`, at)
	if !framed(n.kind) && n.kind != "SECTION" {
		b.WriteString(`,"complexStrokeProperties":{"strokeType":"BASIC"}`)
	}
	p.kindly(n)
}

// kindly writes what only some kinds have.
func (p *pen) kindly(n *node) {
	switch n.kind {
	case "BOOLEAN_OPERATION":
		p.out.WriteString(`,"booleanOperation":"` + pick(p, "UNION", "SUBTRACT") + `"`)
	case "ELLIPSE":
		p.out.WriteString(`,"arcData":{"startingAngle":0.0,"endingAngle":6.2831854820251465,"innerRadius":0.0}`)
	case "FRAME", "COMPONENT", "INSTANCE", "COMPONENT_SET", "GROUP":
		p.out.WriteString(`,"backgroundColor":` + rgba("#000000", 0))
	}
	if n.export {
		p.out.WriteString(`,"exportSettings":[{"suffix":"","format":"SVG","constraint":{"type":"SCALE","value":1.0}}]`)
	}
}

func (p *pen) corners(n *node) {
	if n.radii != [4]float64{} {
		r := n.radii
		fmt.Fprintf(&p.out, `,"rectangleCornerRadii":[%s,%s,%s,%s],"cornerSmoothing":0.0`, num(r[0]), num(r[1]), num(r[2]), num(r[3]))
	} else if n.radius != 0 {
		fmt.Fprintf(&p.out, `,"cornerRadius":%s,"cornerSmoothing":0.0`, num(n.radius))
	}
}

func framed(kind string) bool {
	return container(kind) && kind != "BOOLEAN_OPERATION" && kind != "SECTION"
}

func (p *pen) layout(n *node, inside string) {
	b := &p.out
	if n.mode != "" {
		p.auto(n)
	}
	fmt.Fprintf(b, `,"absoluteBoundingBox":{"x":%s,"y":%s,"width":%s,"height":%s}`, num(n.x), num(n.y), num(n.w), num(n.h))
	if n.hidden {
		b.WriteString(`,"absoluteRenderBounds":null`)
	} else {
		fmt.Fprintf(b, `,"absoluteRenderBounds":{"x":%s,"y":%s,"width":%s,"height":%s}`, num(n.x+p.wobble(n)), num(n.y+p.wobble(n)), num(n.w-p.wobble(n)), num(n.h-p.wobble(n)))
	}
	x, y := n.pinX, n.pinY
	if x == "" {
		x = "LEFT"
	}
	if y == "" {
		y = "TOP"
	}
	fmt.Fprintf(b, `,"constraints":{"vertical":"%s","horizontal":"%s"}`, y, x)
	if inside != "" {
		p.child(n, inside)
	}
	if inside != "" || n.mode != "" {
		fmt.Fprintf(b, `,"layoutSizingHorizontal":"%s","layoutSizingVertical":"%s"`, sizing(n.across), sizing(n.down))
	}
}

// child writes how n behaves in a container with auto layout.
func (p *pen) child(n *node, inside string) {
	align, grow := "INHERIT", "0.0"
	along, across := n.across, n.down
	if inside == "VERTICAL" {
		along, across = across, along
	}
	if across == "FILL" {
		align = "STRETCH"
	}
	if along == "FILL" {
		grow = "1.0"
	}
	fmt.Fprintf(&p.out, `,"layoutAlign":"%s","layoutGrow":%s`, align, grow)
	if n.absolute {
		p.out.WriteString(`,"layoutPositioning":"ABSOLUTE"`)
	}
}

func sizing(s string) string {
	if s == "" {
		return "FIXED"
	}
	return s
}

// wobble is how render bounds differ from boxes: those of letters and shadows do.
func (p *pen) wobble(n *node) float64 {
	if n.kind == "TEXT" || n.kind == "VECTOR" {
		return float64(float32(p.rnd.Float64()))
	}
	return 0
}

func (p *pen) auto(n *node) {
	b := &p.out
	fmt.Fprintf(b, `,"layoutMode":"%s"`, n.mode)
	for _, v := range []struct {
		name  string
		value string
	}{{"primaryAxisAlignItems", n.justify}, {"counterAxisAlignItems", n.align}} {
		if v.value != "" {
			fmt.Fprintf(b, `,"%s":"%s"`, v.name, v.value)
		}
	}
	along, across := n.across, n.down
	if n.mode == "VERTICAL" {
		along, across = across, along
	}
	if along != "HUG" {
		b.WriteString(`,"primaryAxisSizingMode":"FIXED"`)
	}
	if across != "HUG" {
		b.WriteString(`,"counterAxisSizingMode":"FIXED"`)
	}
	for i, name := range []string{"paddingTop", "paddingRight", "paddingBottom", "paddingLeft"} {
		if n.pad[i] != 0 {
			fmt.Fprintf(b, `,"%s":%s`, name, num(n.pad[i]))
		}
	}
	if n.gap != 0 {
		fmt.Fprintf(b, `,"itemSpacing":%s`, num(n.gap))
	}
	if n.wrap {
		fmt.Fprintf(b, `,"layoutWrap":"WRAP","counterAxisSpacing":%s`, num(n.gap))
	} else {
		b.WriteString(`,"layoutWrap":"NO_WRAP"`)
	}
}

func (p *pen) text(n *node) {
	if n.kind != "TEXT" {
		return
	}
	lines := strings.Count(n.text, "\n") + 1
	rich := n.overrides
	if rich == "" {
		rich = `"characterStyleOverrides":[],"styleOverrideTable":{}`
	}
	fmt.Fprintf(&p.out, `,"characters":%s,%s,"lineTypes":["NONE"%s],"lineIndentations":[0%s],"style":%s,"layoutVersion":4`,
		quote(n.text), rich, strings.Repeat(`,"NONE"`, lines-1), strings.Repeat(",0", lines-1), n.font.written())
}
