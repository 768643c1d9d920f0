package designtest

import (
	"fmt"
	"strings"
)

var words = strings.Fields(`account active add address after all amount analytics annual any app archive average balance bank
best billing book build business calendar call campaign card change channel charge chat check city clear client close code collect
company compare complete confirm contact content continue copy country create credit customer daily data date day deal deliver design
detail digital discount done download draft edit email empty enable end engage enter error event export fast feature field file filter
find first flow follow free from full get give goal great group grow guide help history home hour image import improve inbox increase
invite invoice item join keep label last launch learn less level light limit link list live local location login made mail make manage
market member message method metric mobile money month more name need network never new next note notice number offer office online open
order other owner page paid partner pay payment people performance period phone place plan platform point popular post price privacy
product profile progress project public quality question quick rate read ready real recent record reduce refund region release remove
reply report request reset result review role rule run safe sale save schedule search secure select send service session set share ship
show sign simple size social source space spend staff start state status step store story summary support switch task team template term
test time today tool top total track transfer trial trust update upgrade usage use user value verify version view visit wallet week welcome
while with work world write year your`)

var people = strings.Split("Olivia Rhye,Phoenix Baker,Lana Steiner,Demi Wilkinson,Candice Wu,Natali Craig,Drew Cano,Orlando Diggs,Andi Lane,Kate Morrison,Koray Okumus,Zoë Brandt,李小龍,Søren Holm,Fatima Al-Zahra", ",")

// say is n words, the first with a capital.
func (p *pen) say(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = pick(p, words...)
	}
	s := strings.Join(list, " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// sentences are n of them.
func (p *pen) sentences(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = p.say(6+p.rnd.IntN(9)) + "."
	}
	return strings.Join(list, " ")
}

func (p *pen) person() string { return pick(p, people...) }

func (p *pen) price() string {
	return fmt.Sprintf("$%d,%03d.%02d", 1+p.rnd.IntN(40), p.rnd.IntN(1000), p.rnd.IntN(100))
}

func (p *pen) day() string {
	return fmt.Sprintf("%s %d, 2026", pick(p, "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Sep", "Oct"), 1+p.rnd.IntN(28))
}

// junk is a name that Figma gives.
func (p *pen) junk(kind string) string { return fmt.Sprintf("%s %d", kind, 1+p.rnd.IntN(427318999)) }

// Named styles and variables of the file.
const (
	styleHeading = "7:11"
	styleBody    = "7:12"
	styleLabel   = "7:13"
	styleCaption = "7:14"
	styleDisplay = "7:15"
	stylePrimary = "7:21"
	styleMuted   = "7:22"
	styleRaised  = "7:31"
	varText      = "VariableID:b7d1e0cf6f5a4c2299d0f4d1e7a3c5d2b8e6f901/412:18"
	varMuted     = "VariableID:b7d1e0cf6f5a4c2299d0f4d1e7a3c5d2b8e6f901/412:21"
	varBrand     = "VariableID:b7d1e0cf6f5a4c2299d0f4d1e7a3c5d2b8e6f901/412:3"
	varLine      = "VariableID:31:7"
	varGap       = "VariableID:31:12"
	varPad       = "VariableID:31:13"
	varRadius    = "VariableID:31:20"
)

// VariableNames are the names of the variables of the files, by id.
func VariableNames() map[string]string {
	return map[string]string{
		varText: "color/text/primary", varMuted: "color/text/muted", varBrand: "color/brand/600", varLine: "color/border/default",
		varGap: "space/200", varPad: "space/400", varRadius: "radius/md",
	}
}

func styles() string {
	var list []string
	for _, s := range [][3]string{
		{styleHeading, "Heading/Large", "TEXT"}, {styleBody, "Body/Medium", "TEXT"}, {styleLabel, "Label/Medium", "TEXT"}, {styleCaption, "Caption/Regular", "TEXT"},
		{styleDisplay, "Display/2xl Bold", "TEXT"}, {stylePrimary, "Brand/Primary 600", "FILL"}, {styleMuted, "Gray/500", "FILL"}, {styleRaised, "Shadow/md", "EFFECT"},
	} {
		list = append(list, fmt.Sprintf(`"%s":{"key":"%040x","name":"%s","styleType":"%s","remote":false,"description":""}`, s[0], []byte(s[0]+"key"), s[1], s[2]))
	}
	return strings.Join(list, ",")
}

func fonts(style string) font {
	f := font{family: "Inter", style: "Regular", weight: 400, size: 14, line: 20, align: "LEFT", resize: "WIDTH_AND_HEIGHT"}
	switch style {
	case "display":
		f.style, f.weight, f.size, f.line, f.spacing, f.id = "Bold", 700, 60, 72, -1.2, styleDisplay
	case "heading":
		f.style, f.weight, f.size, f.line, f.spacing, f.id = "SemiBold", 600, 24, 32, -0.23999999463558197, styleHeading
	case "title":
		f.style, f.weight, f.size, f.line = "SemiBold", 600, 16, 24
	case "body":
		f.id = styleBody
	case "label":
		f.style, f.weight, f.id = "Medium", 500, styleLabel
	case "caption":
		f.size, f.line, f.id = 12, 18, styleCaption
	case "number":
		f.family, f.style, f.weight, f.size, f.line = "SF Pro Display", "SemiBold", 600, 30, 0
	}
	return f
}

// letters is a text of a style, coloured.
func (p *pen) letters(text, style, paint string) *node {
	f := fonts(style)
	n := &node{id: p.id(), name: text, kind: "TEXT", text: text, font: &f, fills: []string{paint}, across: "HUG", down: "HUG"}
	if len(n.name) > 100 {
		n.name = string([]rune(n.name)[:min(60, len([]rune(n.name)))])
	}
	n.w, n.h = float64(float32(float64(len([]rune(text)))*f.size*0.531)), f.line
	if f.line == 0 {
		n.h = 36
	}
	if f.id != "" {
		n.styles = append(n.styles, "text", f.id)
	}
	if len(text)%7 == 0 && style == "body" {
		n.styles = append(n.styles, "fill", styleMuted)
	}
	return n
}

// block is a text that fills the width w, on as many lines as it needs.
func (p *pen) block(text, style, paint string, w float64) *node {
	n := p.letters(text, style, paint)
	n.across, n.font.resize = "FILL", "HEIGHT"
	lines := float64(int(n.w/w) + 1)
	n.w, n.h = w, n.h*lines
	return n
}
