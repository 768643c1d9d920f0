package design

import "fmt"

// The names of nodes that comments are pinned to.
const (
	Cover       = "Cover"
	TimingSheet = "Timing sheet"
	Shirt       = "Tour shirt"
	SocialTiles = "Social tiles"
)

// Images are the references of uploaded images.
func Images() []string { return []string{"5bxharbor0000001", "5bxfabric0000002", "5bxstadium000003"} }

// The library's components, as other files refer to them.
const (
	buttonKey = "5bx0000000000000000000000000000000button"
	tagKey    = "5bx0000000000000000000000000000000000tag"
	cardKey   = "5bx000000000000000000000000000000000card"
)

// Meta is the description of a component or a set.
func meta(key, name, description string, remote bool) Node {
	return Node{"key": key, "name": name, "description": description, "documentationLinks": []any{}, "remote": remote}
}

func (p *pen) style(id, key, name, kind string, remote bool) {
	p.doc.Styles[id] = Node{"key": key, "name": name, "styleType": kind, "description": "", "remote": remote}
}

// component makes what was drawn as a frame a component.
func (p *pen) component(n Node, m Node) Node {
	n["type"] = "COMPONENT"
	p.doc.Components[n["id"].(string)] = m
	return n
}

// instance makes what was drawn as a frame an instance of a component.
func (p *pen) instance(n Node, of string, properties Node) Node {
	set(n, "type", "INSTANCE", "componentId", of, "overrides", []any{}, "componentProperties", properties)
	for i, c := range Children(n) {
		c.(Node)["id"] = fmt.Sprintf("I%s;%s:%d", n["id"], of[:1], i+1)
	}
	return n
}

func variant(value string) Node { return Node{"type": "VARIANT", "value": value} }

// Kit is the studio's design system.
func Kit(revision int) *Document {
	p := newPen()
	p.style("S:1", "5bxstyle00000000000000000000000000ocean", "Ocean/500", "FILL", false)
	p.style("S:2", "5bxstyle00000000000000000000000000amber", "Amber/500", "FILL", false)
	p.style("S:3", "5bxstyle000000000000000000000heading-l", "Heading/L", "TEXT", false)
	p.style("S:4", "5bxstyle0000000000000000000card-shadow", "Card shadow", "EFFECT", false)
	components := p.sheet("Components", func() []any { return []any{at(0, 0, p.buttons()), at(0, 220, p.card()), at(360, 220, p.tag())} })
	foundations := p.sheet("Foundations", func() []any { return []any{at(0, 0, p.palette()), at(0, 260, p.typography(revision))} })
	return p.document(components, foundations)
}

func (p *pen) buttons() Node {
	var variants []any
	setID := p.id()
	for _, kind := range []string{"Primary", "Secondary"} {
		for _, size := range []string{"M", "L"} {
			b := p.button("Variant="+kind+", Size="+size, "Continue", kind, size)
			m := meta(buttonKey+"-"+kind+"-"+size, "Variant="+kind+", Size="+size, "", false)
			m["componentSetId"] = setID
			variants = append(variants, p.component(b, m))
		}
	}
	n := p.row("Button", gaps{24, 24, 24}, variants...)
	set(n, "id", setID, "type", "COMPONENT_SET", "componentPropertyDefinitions", Node{
		"Variant": Node{"type": "VARIANT", "defaultValue": "Primary", "variantOptions": []any{"Primary", "Secondary"}},
		"Size":    Node{"type": "VARIANT", "defaultValue": "M", "variantOptions": []any{"M", "L"}},
	})
	p.doc.Sets[setID] = meta(buttonKey, "Button", "The action of a card or a dialog. One primary button a view.", false)
	return n
}

func (p *pen) button(name, label, kind, size string) Node {
	ink, ground, pad := "#FFFFFF", "#1F6F8B", 8.0
	if kind == "Secondary" {
		ink, ground = "#1F6F8B", "#E4F1F5"
	}
	if size == "L" {
		pad = 14
	}
	return with(p.row(name, gaps{8, pad, 2 * pad}, p.text(label, 14, 600, ink)), fill(ground), round(6), styled("fill", "S:1"))
}

func (p *pen) card() Node {
	n := p.column("Card", gaps{8, 16, 16}, p.rectangle("Picture", 240, 120, fill("#D8DEE3"), round(4)), p.text("Title", 18, 600, "#20262B"), p.text("A line or two about it.", 14, 400, "#56616A"))
	return p.component(with(n, fill("#FFFFFF"), round(8), shadow, styled("effect", "S:4")), meta(cardKey, "Card", "Something that can be opened.", false))
}

func (p *pen) tag() Node {
	n := with(p.row("Tag", gaps{4, 4, 10}, p.text("Label", 12, 500, "#7A4B00")), fill("#FFE7BD"), round(999))
	return p.component(n, meta(tagKey, "Tag", "A state in one word.", false))
}

func (p *pen) palette() Node {
	var swatches []any
	for _, s := range [][3]string{{"Ocean/500", "#1F6F8B", "S:1"}, {"Amber/500", "#F2A541", "S:2"}, {"Ink/900", "#20262B", ""}, {"Sand/100", "#F4EFE6", ""}} {
		box := p.rectangle("Swatch", 120, 80, fill(s[1]), round(8))
		if s[2] != "" {
			styled("fill", s[2])(box)
		}
		swatches = append(swatches, p.column(s[0], gaps{between: 8}, box, p.text(s[0], 12, 500, "#20262B"), p.text(s[1], 12, 400, "#56616A")))
	}
	return with(p.row("Palette", gaps{16, 24, 24}, swatches...), fill("#FFFFFF"))
}

func (p *pen) typography(revision int) Node {
	heading := with(p.text("Heading large", 32, 700, "#20262B"), styled("text", "S:3"))
	note := p.text(fmt.Sprintf("Revision %d", revision), 12, 400, "#56616A")
	return with(p.column("Typography", gaps{12, 24, 24}, heading, p.text("Body text, for everything that is read.", 16, 400, "#20262B"), note), fill("#FFFFFF"))
}

// Tidal is a show design of many boards.
func Tidal(revision int) *Document {
	p := newPen()
	p.doc.Components["9:1"] = meta(tagKey, "Tag", "A state in one word.", true)
	p.doc.Components["9:2"] = meta(buttonKey+"-Primary-M", "Variant=Primary, Size=M", "", true)
	p.doc.Components["9:2"]["componentSetId"] = "9:3"
	p.doc.Sets["9:3"] = meta(buttonKey, "Button", "The action of a card or a dialog. One primary button a view.", true)
	p.style("S:1", "5bxstyle00000000000000000000000000ocean", "Ocean/500", "FILL", true)
	concept := p.sheet("Concept", func() []any {
		return []any{at(0, 0, p.cover(revision)), at(1500, 0, p.moodBoard()), at(0, 900, p.timing(revision))}
	})
	drill := p.sheet("Drill boards", func() []any {
		return []any{at(0, 0, p.field("Set 1", 24)), at(820, 0, p.field("Set 12", 36)), at(0, 500, p.field("Set 24", 48))}
	})
	archive := p.sheet("Archive", func() []any {
		return []any{with(p.frame("First sketch", 640, 360, p.text("Too busy, see the Thursday call", 24, 400, "#20262B")), hidden)}
	})
	return p.document(concept, drill, archive)
}

func (p *pen) cover(revision int) Node {
	status := "In review"
	if revision > 3 {
		status = "Approved"
	}
	tag := p.instance(with(p.row("Tag", gaps{4, 4, 10}, p.text(status, 12, 500, "#7A4B00")), fill("#FFE7BD"), round(999)), "9:1", Node{})
	button := p.instance(p.button("Button", "Open the timing sheet", "Primary", "M"), "9:2", Node{"Variant": variant("Primary"), "Size": variant("M")})
	title := p.column("Heading", gaps{12, 0, 0}, p.text("Tidal", 72, 700, "#F4EFE6"), p.text("Cedar Ridge High School, fall season", 24, 400, "#D5E5EA"), tag, button)
	note := p.text(fmt.Sprintf("Storyboard, revision %d", revision), 14, 400, "#D5E5EA")
	return with(p.frame(Cover, 1440, 810, at(96, 240, title), at(96, 740, note), at(1180, 180, p.moon())), gradient("#0B2B3A", "#1F6F8B"))
}

func (p *pen) moon() Node {
	n := p.frame("Moon", 160, 160, p.ellipse("Disc", 160, fill("#F4EFE6")), at(30, 40, p.vector("Crater", 40, 30, "#D9D2C3")), at(90, 95, p.vector("Crater", 26, 20, "#D9D2C3")))
	set(n, "type", "GROUP", "fills", []any{}, "clipsContent", false)
	return n
}

func (p *pen) moodBoard() Node {
	var pictures []any
	for i, ref := range Images() {
		caption := []string{"Harbor at dusk", "Silk, steel blue", "Stadium lights"}[i]
		pictures = append(pictures, p.column("Reference", gaps{between: 8}, p.rectangle("Picture", 320, 200, picture(ref), round(4)), p.text(caption, 14, 400, "#20262B")))
	}
	return with(p.row("Mood board", gaps{24, 32, 32}, pictures...), fill("#FFFFFF"))
}

func (p *pen) timing(revision int) Node {
	rows := []any{p.text("Timing sheet", 28, 700, "#20262B")}
	for i, m := range []string{"Pre-show", "Opener", "Ballad", "Percussion feature", "Transition", "Closer"} {
		counts := 64 + 32*i
		if m == "Ballad" {
			counts += 8 * (revision / 2) // what the revisions are about
		}
		name := p.frame("Name", 240, 28, p.text(m, 16, 500, "#20262B"))
		rows = append(rows, with(p.row("Movement", gaps{16, 8, 12}, name, p.text(fmt.Sprintf("%d counts", counts), 16, 400, "#56616A")), border("#D8DEE3"), round(4)))
	}
	return with(p.column(TimingSheet, gaps{8, 24, 24}, rows...), fill("#FFFFFF"))
}

// field is a drill board with so many performers.
func (p *pen) field(name string, performers int) Node {
	children := []any{p.text(name, 20, 700, "#20262B")}
	for i := range performers {
		children = append(children, at(60+float64(i%12)*55, 80+float64(i/12)*70, p.ellipse("Performer", 14, fill("#20262B"))))
	}
	return with(p.frame(name, 760, 420, children...), fill("#DDEBD5"))
}

// Brand is a logo and things to print it on. show is whose.
func Brand(show, client string) func(int) *Document {
	return func(revision int) *Document {
		p := newPen()
		marks := p.sheet("Marks", func() []any { return []any{at(0, 0, p.logo(show))} })
		merchandise := p.sheet("Merchandise", func() []any {
			shirt := with(p.column(Shirt, gaps{24, 80, 80}, p.logo(show), p.text(client, 18, 500, "#F4EFE6"), p.text(fmt.Sprintf("Proof %d", revision), 12, 400, "#F4EFE6")), fill("#20262B"), round(24))
			return []any{at(0, 0, shirt), at(700, 0, p.tiles(show))}
		})
		return p.document(marks, merchandise)
	}
}

func (p *pen) logo(show string) Node {
	rays := []any{p.ellipse("Sun", 64, fill("#F2A541"))}
	for i := range 6 {
		rays = append(rays, at(float64(i)*14, -24, p.vector("Ray", 8, 20, "#F2A541")))
	}
	sign := p.frame("Sun with rays", 96, 96, rays...)
	set(sign, "type", "GROUP", "fills", []any{}, "clipsContent", false)
	return p.column("Logo", gaps{12, 0, 0}, sign, p.text(show, 48, 800, "#F2A541"))
}

func (p *pen) tiles(show string) Node {
	var tiles []any
	for _, line := range []string{"Auditions", "First camp", "Premiere"} {
		tile := p.column("Tile", gaps{16, 40, 40}, p.text(show, 24, 700, "#20262B"), p.text(line, 40, 800, "#20262B"), p.text("Tickets at the gate", 14, 400, "#20262B"))
		tiles = append(tiles, with(tile, fill("#F2A541")))
	}
	return p.row(SocialTiles, gaps{24, 0, 0}, tiles...)
}

// Workshop is a board of stickies: a FigJam file.
func Workshop(int) *Document {
	p := newPen()
	board := p.sheet("Workshop", func() []any {
		var list []any
		for i, text := range []string{"What does the audience see first?", "Silk or lamé for the ballad?", "The staircase needs a brake", "Warm side lights from set 30"} {
			n := p.layer("STICKY", text, 240, 240)
			set(n, "characters", text, "authorVisible", true)
			list = append(list, at(float64(i%2)*280, float64(i/2)*280, with(n, fill("#FFE299"))))
		}
		return list
	})
	return p.document(board)
}
