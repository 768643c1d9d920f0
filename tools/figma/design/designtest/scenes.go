package designtest

import "strings"

// appScreen is a screen of an app for phones, with lists and cards.
func (p *pen) appScreen(i, rows int) *node {
	head := row(p, "Header", 12, p.anyIcon(), p.letters(p.say(2), "heading", token(ink, varText)).sized("FILL", "HUG"), p.avatar(40)).padded(12, 16, 12, 16).sized("FILL", "HUG")
	head.bound = []string{"paddingLeft", varPad, "paddingRight", varPad}
	hero := p.card(i)
	if rows == 0 {
		hero = p.pressable(p.say(2))
	}
	list := column(p, pick(p, "List", "Content", p.junk("Frame")), 0).sized("FILL", "HUG")
	for range rows {
		list.children = append(list.children, p.listItem())
	}
	body := column(p, "Body", 24, hero, p.field(p.say(1), p.say(2)), list).padded(16, 16, 16, 16).sized("FILL", "HUG")
	if i%2 == 1 {
		body.children = append(body.children, p.pressable(p.say(2)), p.block(p.sentences(1), "caption", token(grey, varMuted), 343))
	}
	if rows == 0 {
		body.children = []*node{p.letters(p.say(4), "title", token(ink, varText)), hero, p.field(p.say(1), p.say(2))}
	}
	screen := column(p, pick(p, "Home", "Details", "Checkout / step "+num(float64(i)), "iPhone 14 & 15 Pro - "+num(float64(i))), 0, head, body, p.tabBar()).sized("FIXED", "HUG")
	if rows > 0 {
		screen.children = append([]*node{p.statusBar()}, screen.children...)
	}
	screen.w, screen.fills, screen.clip, screen.click = 375, []string{solid(white)}, true, ""
	return screen
}

// statusBar is the top of a phone.
func (p *pen) statusBar() *node {
	c := p.component("", "Status Bar/iPhone", func() *node {
		n := frame(p, "", 375, 44)
		clock := p.letters("9:41", "title", solid("#000000")).at(32, 12)
		clock.font.align, clock.font.family = "CENTER", "SF Pro Text"
		battery := &node{id: p.id(), name: "Battery", kind: "GROUP", x: 336, y: 17, w: 24.3, h: 11.3}
		for range 3 {
			battery.children = append(battery.children, shape(p, pick(p, "RECTANGLE", "VECTOR"), pick(p, "Border", "Cap", "Capacity"), 18, 7.33, solid("#000000")).at(2, 2))
		}
		battery.children = append(battery.children, shape(p, "VECTOR", "Cap", 1.3, 4, solid("#000000")))
		n.children = []*node{clock, shape(p, "VECTOR", "Wifi", 15.27, 10.97, solid("#000000")).at(315.7, 17.33), battery}
		return n
	})
	n := p.use(c, "Status Bar").sized("FILL", "FIXED")
	return n
}

// card has a picture, a text and a button.
func (p *pen) card(i int) *node {
	picture := shape(p, "RECTANGLE", pick(p, "Image", "image "+num(float64(i)), p.junk("Rectangle")), 343, 180, p.image()).sized("FILL", "FIXED")
	picture.radii = [4]float64{16, 16, 0, 0}
	words := column(p, p.junk("Frame"), 8, p.letters(p.say(3), "title", token(ink, varText)), p.block(p.sentences(1+i%2), "body", token(grey, varMuted), 311)).padded(16, 16, 16, 16).sized("FILL", "HUG")
	foot := row(p, p.junk("Frame"), 12, p.badge(p.say(1)), p.pressable(p.say(1+i%2))).padded(0, 16, 16, 16).sized("FILL", "HUG")
	foot.justify = "SPACE_BETWEEN"
	n := column(p, "Card", 0, picture, words, foot).sized("FILL", "HUG")
	n.fills, n.radius, n.effects, n.styles = []string{solid(white)}, 16, []string{shadow(4, 8, 0.1), shadow(2, 4, 0.06)}, []string{"effect", styleRaised}
	n.strokes, n.click = []string{solid(line)}, pick(p, "", "", "12:44")
	return n
}

// listItem is an instance with texts of its own, sometimes with a badge.
func (p *pen) listItem() *node {
	kind := pick(p, "Person", "Person", "Setting")
	c := p.component("List item", "Type="+kind, func() *node {
		texts := column(p, "Text", 2, p.letters("Title", "label", token(ink, varText)), p.letters("Supporting text", "body", token(grey, varMuted))).sized("FILL", "HUG")
		lead := p.anyIcon
		if kind == "Person" {
			lead = func() *node { return p.avatar(40) }
		}
		n := row(p, "", 12, lead(), texts, p.use(p.icon("chevron-right"), "Icon/chevron-right")).padded(12, 0, 12, 0)
		n.strokes, n.weights = []string{token(line, varLine)}, [4]float64{0, 0, 1, 0}
		n.bound = []string{"itemSpacing", varGap, "strokes", varLine}
		return n
	})
	n := p.use(c, "List item").sized("FILL", "HUG")
	n.properties = []string{variant("Type", kind), property("Chevron#90:1", "BOOLEAN", true)}
	name := p.person()
	relabel(n.children[1].children[0], name)
	relabel(n.children[1].children[1], strings.ToLower(strings.Fields(name)[0])+"@untitledui.com")
	if p.rnd.IntN(4) == 0 {
		n.children[2].hidden = true
	}
	return n
}

// tabBar is the bottom of a phone: icons with labels, one of them chosen.
func (p *pen) tabBar() *node {
	bar := row(p, "Tab bar", 0).padded(8, 8, 34, 8).sized("FILL", "HUG")
	bar.fills, bar.strokes, bar.weights = []string{solid(white)}, []string{solid(line)}, [4]float64{1, 0, 0, 0}
	bar.effects = []string{blur("BACKGROUND_BLUR", 12)}
	chosen := p.rnd.IntN(4)
	for i, name := range []string{"home", "search", "bell", "user-01"} {
		colour := token(grey, varMuted)
		if i == chosen {
			colour = token(brand, varBrand)
		}
		tab := column(p, "Tab", 4, p.use(p.icon(name), "Icon/"+name), p.letters(strings.ToUpper(name[:1])+name[1:], "caption", colour)).sized("FILL", "HUG")
		tab.align = "CENTER"
		bar.children = append(bar.children, tab)
	}
	return bar
}

// dashboard is a page of an application in a browser.
func (p *pen) dashboard(i int) *node { return p.application(i, 8+p.rnd.IntN(14)) }

func (p *pen) application(i, rows int) *node {
	side := column(p, "Sidebar navigation", 4, p.letters("untitled", "heading", token(ink, varText))).padded(32, 16, 32, 16).sized("FIXED", "FILL")
	side.w, side.strokes, side.weights = 280, []string{solid(line)}, [4]float64{0, 1, 0, 0}
	for range 4 + rows/4 {
		side.children = append(side.children, p.navItem())
	}
	stats := row(p, p.junk("Frame"), 24).sized("FILL", "HUG")
	for range 3 + i%2 {
		stats.children = append(stats.children, p.stat())
	}
	head := row(p, "Page header", 16, column(p, p.junk("Frame"), 4, p.letters("Welcome back, "+strings.Fields(p.person())[0], "heading", token(ink, varText)), p.letters(p.say(8), "body", token(grey, varMuted))).sized("FILL", "HUG"),
		row(p, "Actions", 12, p.pressable(p.say(1)), p.pressable(p.say(1)))).sized("FILL", "HUG")
	main := column(p, "Main", 32, head, stats, p.chart(), p.table(rows)).padded(32, 32, 48, 32).sized("FIXED", "HUG")
	main.w = 1160
	n := row(p, pick(p, "Dashboard", "Desktop", "Customers")+" "+num(float64(i)), 0, side, main)
	n.align, n.fills = "MIN", []string{solid(white)}
	return n
}

func (p *pen) navItem() *node {
	label := p.letters(p.say(1), "title", token("#344054", varText)).sized("FILL", "HUG")
	n := row(p, "_Nav item base", 12, p.anyIcon(), label).padded(8, 12, 8, 12).sized("FILL", "HUG")
	n.radius, n.fills = 6, []string{pick(p, solid(white), solid(white), solid("#F9FAFB"))}
	if p.rnd.IntN(3) == 0 {
		n.children = append(n.children, p.badge(num(float64(p.rnd.IntN(40)))))
	}
	return n
}

func (p *pen) stat() *node {
	trend := row(p, "Change", 4, p.use(p.icon("arrow-up"), "Icon/arrow-up"), p.letters(num(float64(p.rnd.IntN(400))/10)+"%", "label", solid(pick(p, "#027A48", "#B42318"))), p.letters("vs last month", "label", token(grey, varMuted)))
	n := column(p, "Metric item", 24, p.letters(p.say(2), "title", token(ink, varText)), column(p, "Number and badge", 12, p.letters(p.price(), "number", token(ink, varText)), trend).sized("FILL", "HUG")).padded(24, 24, 24, 24).sized("FILL", "HUG")
	n.fills, n.radius, n.strokes, n.effects = []string{solid(white)}, 12, []string{solid(line)}, []string{shadow(1, 3, 0.1), shadow(1, 2, 0.06)}
	return n
}

// chart is a drawing of lines with labels on its axis.
func (p *pen) chart() *node {
	n := frame(p, "Line and bar chart", 1096, 240).sized("FILL", "FIXED")
	n.clip = false
	for i := range 12 {
		month := p.letters([]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}[i], "caption", token(grey, varMuted)).at(float64(i)*92.5+18.25, 222)
		month.font.align, month.pinX, month.pinY = "CENTER", "SCALE", "BOTTOM"
		n.children = append(n.children, month)
	}
	plot := &node{id: p.id(), name: "Plot", kind: "GROUP", w: 1096, h: 200}
	for i := range 5 {
		rule := shape(p, "LINE", p.junk("Line"), 1096, 0).at(0, float64(i)*50)
		rule.strokes = []string{solid("#F2F4F7")}
		plot.children = append(plot.children, rule)
	}
	for i, hex := range []string{"#6941C6", "#9E77ED", "#D6BBFB"} {
		v := shape(p, "VECTOR", "Line", 1096, 120.5+float64(i)*7).at(0, float64(40+i*22))
		v.strokes, v.weight = []string{solid(hex)}, 2
		plot.children = append(plot.children, v)
	}
	n.children = append(n.children, plot)
	return n
}

// table is made of columns or of rows, as designers do both.
func (p *pen) table(rows int) *node {
	head := row(p, "Table header", 0).sized("FILL", "HUG")
	head.fills, head.strokes, head.weights = []string{solid("#F9FAFB")}, []string{solid(line)}, [4]float64{0, 0, 1, 0}
	for _, s := range []string{"Company", "Status", "Date", "Amount", ""} {
		head.children = append(head.children, row(p, "Table header cell", 4, p.letters(s+" ", "caption", token(grey, varMuted)), p.use(p.icon("chevron-down"), "Icon/chevron-down")).padded(12, 24, 12, 24).sized("FILL", "HUG"))
	}
	n := column(p, "Table", 0, head).sized("FILL", "HUG")
	n.fills, n.radius, n.strokes, n.clip, n.effects = []string{solid(white)}, 12, []string{solid(line)}, true, []string{shadow(1, 3, 0.1)}
	for i := range rows {
		n.children = append(n.children, p.tableRow(i))
	}
	pages := row(p, "Pagination", 12, p.pressable("Previous"), p.letters("Page 1 of 10", "label", token("#344054", varText)), p.pressable("Next")).padded(12, 24, 16, 24).sized("FILL", "HUG")
	pages.justify = "SPACE_BETWEEN"
	n.children = append(n.children, pages)
	return n
}

func (p *pen) tableRow(i int) *node {
	who := p.person()
	cells := []*node{
		row(p, "Table cell", 12, p.avatar(40), column(p, p.junk("Frame"), 0, p.letters(who, "label", token(ink, varText)), p.letters(strings.ToLower(strings.Fields(who)[0])+"@"+pick(p, words...)+".com", "body", token(grey, varMuted)))),
		row(p, "Table cell", 12, p.badge(pick(p, "Active", "Paused", "Churned"))), row(p, "Table cell", 12, p.letters(p.day(), "body", token(grey, varMuted))),
		row(p, "Table cell", 12, p.letters(p.price(), "label", token(ink, varText))), row(p, "Table cell", 4, p.use(p.icon("trash-02"), "Icon/trash-02"), p.use(p.icon("edit-05"), "Icon/edit-05")),
	}
	n := row(p, "Table row", 0).sized("FILL", "HUG")
	n.strokes, n.weights = []string{solid(line)}, [4]float64{0, 0, 1, 0}
	if i%2 == 1 {
		n.fills = []string{solid("#F9FAFB")}
	}
	for _, c := range cells {
		n.children = append(n.children, c.padded(16, 24, 16, 24).sized("FILL", "FIXED").as(func(c *node) { c.h = 72 }))
	}
	return n
}
