package designtest

import (
	"fmt"
	"strings"
)

const (
	ink   = "#101828"
	grey  = "#667085"
	line  = "#EAECF0"
	brand = "#7F56D9"
	white = "#FFFFFF"
)

// icon is a component of a few vectors; its name picks how many.
func (p *pen) icon(name string) *component {
	return p.component("", "Icon/"+name, func() *node {
		n := frame(p, "Icon/"+name, 24, 24)
		n.fills = []string{off(white)}
		for i := range 1 + len(name)%3 {
			v := shape(p, pick(p, "VECTOR", "VECTOR", "BOOLEAN_OPERATION"), pick(p, "Vector", "Icon", "Union"), 18-float64(i)*4.25, 17.0833-float64(i)*3.5).at(3, 3.4166667461395264)
			v.strokes, v.weight, v.pinX, v.pinY = []string{solid("#344054")}, 1.6666666269302368, "SCALE", "SCALE"
			if v.kind == "BOOLEAN_OPERATION" {
				v.fills, v.strokes = []string{solid("#344054")}, nil
				v.children = []*node{shape(p, "VECTOR", "Vector", 8, 8, solid("#344054")), shape(p, "ELLIPSE", p.junk("Ellipse"), 6, 6, solid("#344054")).at(2, 2)}
			}
			n.children = append(n.children, v)
		}
		return n
	})
}

var icons = strings.Fields("home search bell settings user-01 chevron-right chevron-down arrow-up plus x-close filter-lines calendar download-cloud mail-01 lock-01 eye trash-02 edit-05 dots-vertical check-circle star-01 share-07 heart camera-02 bar-chart layers file-06")

func (p *pen) anyIcon() *node {
	name := pick(p, icons...)
	return p.use(p.icon(name), "Icon/"+name)
}

// button is a variant of the component Button.
func (p *pen) button(size, kind string) *component {
	return p.component("Button", "Size="+size+", Hierarchy="+kind, func() *node {
		fill, text := token(brand, varBrand), solid(white)
		if kind != "Primary" {
			fill, text = solid(white), token(ink, varText)
		}
		label := p.letters("Button CTA", "label", text)
		label.references = []string{"characters", "Label#3412:0"}
		lead := p.anyIcon()
		lead.hidden = true
		lead.references = []string{"visible", "⬅️ Icon leading#3287:1577", "mainComponent", "🔀 Icon swap#3287:2338"}
		n := row(p, "", 8, lead, label)
		n.justify = "CENTER"
		n.fills, n.radius, n.clip = []string{fill}, 8, true
		n.strokes = []string{token(pick(p, "#D0D5DD"), varLine)}
		if kind == "Primary" {
			n.strokes = []string{token(brand, varBrand)}
			n.styles = []string{"fill", stylePrimary}
		}
		n.effects = []string{shadow(1, 2, 0.05)}
		n.bound = []string{"itemSpacing", varGap, "topLeftRadius", varRadius, "topRightRadius", varRadius, "bottomLeftRadius", varRadius, "bottomRightRadius", varRadius}
		pad := map[string]float64{"sm": 8, "md": 10, "lg": 12}[size]
		return n.padded(pad, pad+6, pad, pad+6)
	})
}

// pressable is a button with a label of its own.
func (p *pen) pressable(label string) *node {
	size, kind := pick(p, "sm", "md", "lg"), pick(p, "Primary", "Secondary", "Tertiary")
	n := p.use(p.button(size, kind), "Buttons/Button")
	n.properties = []string{
		property("Label#3412:0", "TEXT", label), property("⬅️ Icon leading#3287:1577", "BOOLEAN", false),
		property("🔀 Icon swap#3287:2338", "INSTANCE_SWAP", p.icon("plus").id), variant("Size", size), variant("Hierarchy", kind), variant("State", "Default"),
	}
	relabel(n.children[1], label)
	return n
}

func relabel(n *node, text string) {
	n.text = text
	n.w = float64(float32(float64(len([]rune(text))) * n.font.size * 0.531))
}

// avatar is a round picture of somebody.
func (p *pen) avatar(size float64) *node {
	c := p.component("Avatar", fmt.Sprintf("Size=%g", size), func() *node {
		n := frame(p, "", size, size)
		n.fills, n.radius = []string{p.image()}, 200
		dot := shape(p, "ELLIPSE", "_Avatar online indicator", 10, 10, solid("#12B76A")).at(size-10, size-10)
		dot.strokes, dot.weight, dot.pinX, dot.pinY, dot.hidden = []string{solid(white)}, 1.5, "RIGHT", "BOTTOM", p.rnd.IntN(2) == 0
		n.children = []*node{dot}
		return n
	})
	n := p.use(c, "Avatar")
	n.properties = []string{variant("Size", fmt.Sprintf("%g", size)), variant("Placeholder", "False")}
	n.changes = []string{"fills"}
	return n
}

// badge is a small label in a colour of three.
func (p *pen) badge(text string) *node {
	tone := pick(p, "Success", "Warning", "Gray")
	c := p.component("Badge", "Color="+tone, func() *node {
		colours := map[string][2]string{"Success": {"#ECFDF3", "#027A48"}, "Warning": {"#FFFAEB", "#B54708"}, "Gray": {"#F2F4F7", "#344054"}}[tone]
		label := p.letters("Label", "caption", solid(colours[1]))
		label.references = []string{"characters", "Text#18:0"}
		n := row(p, "", 0, label)
		n.fills, n.radius, n.justify = []string{solid(colours[0])}, 16, "CENTER"
		n.blend = "MULTIPLY"
		return n.padded(2, 8, 2, 8)
	})
	n := p.use(c, "Badge")
	n.properties = []string{property("Text#18:0", "TEXT", text), variant("Color", tone), variant("Size", "sm")}
	relabel(n.children[0], text)
	return n
}

// field is an input with a label and a hint that is off.
func (p *pen) field(label, value string) *node {
	c := p.component("Input field", "Type=Default, State=Filled", func() *node {
		box := row(p, "Input", 8, p.anyIcon(), p.letters("olivia@untitledui.com", "body", token(ink, varText)).sized("FILL", "HUG")).padded(10, 14, 10, 14).sized("FILL", "HUG")
		box.fills, box.radius, box.strokes, box.effects = []string{solid(white)}, 8, []string{token("#D0D5DD", varLine)}, []string{shadow(1, 2, 0.05)}
		hint := p.letters("This is a hint text to help user.", "body", token(grey, varMuted))
		hint.hidden = true
		return column(p, "", 6, p.letters("Label", "label", token("#344054", varText)), box, hint)
	})
	n := p.use(c, "Input field").sized("FILL", "HUG")
	n.w = 320
	n.properties = []string{variant("Type", "Default"), variant("State", "Filled"), property("Hint text#3285:380", "BOOLEAN", false)}
	relabel(n.children[0], label)
	n.children[1].children[1].text = value
	return n
}

// library is the page of the design system.
func (p *pen) library() []*node {
	var nodes []*node
	set := frame(p, "Button", 900, 700)
	set.kind, set.strokes, set.radius = "COMPONENT_SET", []string{solid("#9747FF")}, 5
	set.definitions = []string{
		`"Label#3412:0":{"type":"TEXT","defaultValue":"Button CTA"}`, `"⬅️ Icon leading#3287:1577":{"type":"BOOLEAN","defaultValue":true}`,
		`"Size":{"type":"VARIANT","defaultValue":"md","variantOptions":["sm","md","lg"]}`, `"Hierarchy":{"type":"VARIANT","defaultValue":"Primary","variantOptions":["Primary","Secondary","Tertiary"]}`,
	}
	for i, size := range []string{"sm", "md", "lg"} {
		for j, kind := range []string{"Primary", "Secondary", "Tertiary"} {
			set.children = append(set.children, p.original(p.button(size, kind)).at(20+float64(j)*260, 20+float64(i)*80))
		}
	}
	nodes = append(nodes, set)
	sheet := frame(p, "Icons", 1200, 400)
	for i, name := range icons {
		n := p.original(p.icon(name)).at(float64(40+i%14*60), float64(40+i/14*80))
		n.export = true
		sheet.children = append(sheet.children, n)
	}
	return append(nodes, sheet, p.swatches(), p.specimens())
}

// swatches are the colours of the design system.
func (p *pen) swatches() *node {
	all := row(p, "Colors", 24).padded(40, 40, 40, 40)
	all.fills, all.wrap = []string{solid(white)}, true
	for i, hex := range []string{"#F9F5FF", "#F4EBFF", "#E9D7FE", "#D6BBFB", "#B692F6", "#9E77ED", brand, "#6941C6", "#53389E", "#42307D", line, grey, ink, "#F04438", "#F79009", "#12B76A"} {
		top := shape(p, "RECTANGLE", p.junk("Rectangle"), 160, 80, solid(hex))
		top.radii = [4]float64{8, 8, 0, 0}
		info := column(p, p.junk("Frame"), 2, p.letters(pick(p, "Primary", "Gray", "Success")+"/"+num(float64(i+1)*50), "label", token(ink, varText)), p.letters(hex, "caption", token(grey, varMuted))).padded(8, 10, 12, 10).sized("FILL", "HUG")
		card := column(p, "_Swatch", 0, top, info)
		card.fills, card.radius, card.clip, card.effects, card.styles = []string{solid(white)}, 8, true, []string{shadow(4, 8, 0.1), shadow(2, 4, 0.06)}, []string{"effect", styleRaised}
		all.children = append(all.children, card)
	}
	return all
}

// specimens show the styles of text.
func (p *pen) specimens() *node {
	all := column(p, "Typography", 32).padded(64, 64, 64, 64)
	for _, s := range []string{"display", "heading", "title", "body", "label", "caption", "number"} {
		all.children = append(all.children, row(p, p.junk("Frame"), 48, p.letters(strings.ToUpper(s), "caption", token(grey, varMuted)), p.letters("The quick brown fox", s, token(ink, varText))))
	}
	return all
}
