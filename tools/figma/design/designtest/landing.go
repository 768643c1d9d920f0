package designtest

import (
	"fmt"
	"math"
	"strings"
)

// landing is a page of a web site: less regular, with groups, rich text and
// layers that were switched off.
func (p *pen) landing(i int) *node {
	n := column(p, pick(p, "Landing page", "Pricing page", "About")+" "+num(float64(i)), 0, p.navigation(), p.hero(), p.features(3+i%4), p.quotes(2+i%2), p.footer()).sized("FIXED", "HUG")
	n.w, n.fills, n.clip = 1440, []string{solid(white)}, true
	return n
}

func (p *pen) navigation() *node {
	links := row(p, "Navigation", 32)
	for range 4 {
		links.children = append(links.children, p.letters(p.say(1), "title", token("#475467", varMuted)))
	}
	n := row(p, "Header navigation", 40, p.logo(), links, row(p, "Navigation actions", 12, p.pressable("Log in"), p.pressable("Sign up"))).padded(18, 112, 18, 112).sized("FILL", "HUG")
	n.justify = "SPACE_BETWEEN"
	return n
}

// logo is a group of shapes with a mask.
func (p *pen) logo() *node {
	g := &node{id: p.id(), name: "Logomark", kind: "GROUP", w: 32, h: 32}
	mask := shape(p, "ELLIPSE", "Mask", 32, 32, solid(ink))
	mask.mask = true
	g.children = append(g.children, mask)
	for i := range 4 {
		v := shape(p, pick(p, "VECTOR", "STAR"), pick(p, "Vector", "Star 1"), 14+float64(i), 12, gradient(brand, "#53389E", 1, 1)).at(float64(i)*4, 6)
		v.opacity = 0.9
		g.children = append(g.children, v)
	}
	return g
}

func (p *pen) hero() *node {
	title := p.block(p.say(7), "display", token(ink, varText), 768)
	title.font.align = "CENTER"
	sub := p.rich()
	ring := shape(p, "ELLIPSE", p.junk("Ellipse"), 720, 720, gradient("#F4EBFF", "#FFFFFF", 0.5, 1)).at(360, -120)
	ring.absolute, ring.opacity, ring.effects = true, 0.6, []string{blur("LAYER_BLUR", 80)}
	shot := frame(p, "Mockup", 1216, 600, shape(p, "RECTANGLE", "Screen mockup replace fill", 1216, 560, p.image()).at(0, 0), shape(p, "RECTANGLE", p.junk("Rectangle"), 1216, 90, gradient("#FFFFFF", "#101828", 0.5, 1)).at(0, 510)).sized("FIXED", "FIXED")
	old := p.letters("OLD – "+p.say(4), "heading", solid("#F04438"))
	old.hidden = true
	n := column(p, "Hero header section", 48, ring, title, sub, row(p, "Actions", 12, p.pressable("Demo"), p.pressable("Sign up")), shot, old).padded(96, 112, 0, 112).sized("FILL", "HUG")
	n.align = "CENTER"
	return n
}

// rich is a text of which some words are bold, a link and coloured.
func (p *pen) rich() *node {
	lead, bold, rest := p.say(6)+" ", p.say(2), " "+p.sentences(1)
	n := p.block(lead+bold+rest, "body", token(grey, varMuted), 640)
	n.styles = nil
	var marks []string
	for i := range len([]rune(lead + bold)) {
		marks = append(marks, fmt.Sprint(min(1, i/len([]rune(lead)))*3))
	}
	n.overrides = `"characterStyleOverrides":[` + strings.Join(marks, ",") + `],"styleOverrideTable":{"3":{"fontFamily":"Inter","fontPostScriptName":"Inter-Bold","fontStyle":"Bold","fontWeight":700,"hyperlink":{"type":"URL","url":"https://untitledui.com/` +
		strings.ToLower(strings.Fields(bold)[0]) + `"},"textDecoration":"UNDERLINE","fills":[` + solid(brand) + `]}}`
	return n
}

func (p *pen) features(count int) *node {
	grid := row(p, p.junk("Frame"), 32).sized("FILL", "HUG")
	grid.align, grid.wrap = "MIN", count > 4
	for range count {
		tile := frame(p, "Featured icon", 48, 48, p.anyIcon().at(12, 12))
		tile.fills, tile.radius, tile.strokes, tile.weight = []string{solid("#F4EBFF")}, 10, []string{solid("#F9F5FF")}, 8
		grid.children = append(grid.children, column(p, "Feature text", 16, tile, column(p, p.junk("Frame"), 8, p.letters(p.say(3), "title", token(ink, varText)), p.block(p.sentences(2), "body", token(grey, varMuted), 280)).sized("FILL", "HUG")).sized("FILL", "HUG"))
	}
	n := column(p, "Features section", 64, column(p, "Heading and supporting text", 20, p.letters(p.say(1), "label", token(brand, varBrand)), p.letters(p.say(5), "heading", token(ink, varText)), p.block(p.sentences(2), "body", token(grey, varMuted), 768)), grid).padded(96, 112, 96, 112).sized("FILL", "HUG")
	n.fills = []string{faint("#F9FAFB", 0.8)}
	return n
}

// quotes are what people say, placed by hand.
func (p *pen) quotes(count int) *node {
	n := frame(p, "Testimonials", 1440, 480).sized("FILL", "FIXED")
	for i := range count {
		g := &node{id: p.id(), name: p.junk("Group"), kind: "GROUP", x: 112 + float64(i)*420, y: 96 + 12.5*float64(i), w: 380, h: 260}
		back := shape(p, "RECTANGLE", p.junk("Rectangle"), 380, 260, solid(pick(p, "#FCFAFF", "#F6FEF9"))).at(0, 0)
		back.radius, back.rotation = 16, pick(p, 0, 0, -0.034906584769487381)
		say := p.letters("“"+p.sentences(1)+"”", "title", token(ink, varText)).at(24, 24)
		say.font.resize, say.w, say.h = "NONE", 332, 96
		g.children = []*node{back, say, p.avatar(56).at(24, 180), p.letters(p.person(), "label", token(ink, varText)).at(96, 186), p.letters(p.say(2)+", "+p.say(1), "body", token(grey, varMuted)).at(96, 208)}
		n.children = append(n.children, g)
	}
	return n
}

func (p *pen) footer() *node {
	columns := row(p, "Links", 32).sized("FILL", "HUG")
	columns.align = "MIN"
	for range 5 {
		links := column(p, "Footer links column", 12, p.letters(p.say(1), "label", solid("#98A2B3"))).sized("FILL", "HUG")
		for range 4 + p.rnd.IntN(3) {
			links.children = append(links.children, p.letters(p.say(1+p.rnd.IntN(2)), "title", solid(line)))
		}
		columns.children = append(columns.children, links)
	}
	n := column(p, "Footer", 64, columns, row(p, p.junk("Frame"), 24, p.logo(), p.letters("© 2077 Untitled UI. All rights reserved.", "body", solid("#98A2B3")).sized("FILL", "HUG"), row(p, "Social icons", 24, p.anyIcon(), p.anyIcon(), p.anyIcon())).sized("FILL", "HUG")).padded(64, 112, 48, 112).sized("FILL", "HUG")
	n.fills = []string{solid(ink)}
	return n
}

// drawings are illustrations of thousands of vectors in groups, up to size
// bytes of file.
func (p *pen) drawings(size int) {
	p.page("Illustrations", nil)
	for x := 0.0; p.size() < size; {
		n := frame(p, pick(p, "Illustration", "Map of the world", "Scene")+" / "+p.say(2), 1600, 1200)
		n.fills = []string{solid("#FFF8F1")}
		for range 10 + p.rnd.IntN(6) {
			n.children = append(n.children, p.drawn(3))
		}
		x += p.put(n, x, 0) + 200
	}
}

// drawn is a group of groups of vectors.
func (p *pen) drawn(levels int) *node {
	g := &node{id: p.id(), name: p.junk("Group"), kind: "GROUP", x: math.Round(p.rnd.Float64()*1200*100) / 100, y: p.rnd.Float64() * 900, w: 40 + p.rnd.Float64()*300, h: 40 + p.rnd.Float64()*200}
	for range 3 + p.rnd.IntN(4) {
		if levels > 0 {
			g.children = append(g.children, p.drawn(levels-1))
			continue
		}
		hex := fmt.Sprintf("#%06X", p.rnd.IntN(1<<24))
		v := shape(p, pick(p, "VECTOR", "VECTOR", "VECTOR", "ELLIPSE", "RECTANGLE", "BOOLEAN_OPERATION"), "Vector", p.rnd.Float64()*120, p.rnd.Float64()*90, pick(p, solid(hex), gradient(hex, brand, p.rnd.Float64(), 1))).at(p.rnd.Float64()*40, p.rnd.Float64()*40)
		v.rotation, v.pinX, v.pinY = p.rnd.Float64()*6-3, "SCALE", "SCALE"
		if v.kind == "BOOLEAN_OPERATION" {
			v.children = []*node{shape(p, "VECTOR", "Vector", 20, 20, solid(hex)), shape(p, "ELLIPSE", p.junk("Ellipse"), 12, 12, solid(hex))}
		}
		g.children = append(g.children, v)
	}
	return g
}
