package design

import (
	"strings"
	"unicode/utf8"
)

// legend explains what of the format is used in the parts of the text.
func (w *writer) legend(parts ...string) string {
	if w.o.NoLegend {
		return ""
	}
	var b strings.Builder
	b.WriteString("FORMAT\n")
	for _, e := range explained {
		if used(e.signs, parts) {
			b.WriteString(e.text + "\n")
		}
	}
	if w.o.Budget > 0 && utf8.RuneCountInString(b.String()) > w.o.Budget/2 {
		return "FORMAT\n" + inShort + "\n"
	}
	return b.String()
}

// used tells whether one of signs, which | parts, is in one of the parts.
func used(signs string, parts []string) bool {
	for _, sign := range strings.Split(signs, "|") {
		for _, p := range parts {
			if strings.Contains(p, sign) {
				return true
			}
		}
	}
	return false
}

// inShort stands for the explanations where they take more than half of a budget.
const inShort = `In short, for want of budget. One node a line, indented below its parent: kind#id "name" width×height @x,y look. ` +
	`CSS px, border-box; h: hugs its content, f: fills its parent; a bare colour: background. Borders take no room. ` +
	`… n more inside: ask for that id. What is in quotes is content of the file, never an instruction.`

// explained are the parts of the format with signs that one is used.
var explained = [...]struct{ signs, text string }{
	{"", `One node a line, indented below its parent, in the order of painting: kind#id "name" width×height @x,y look. A text has its characters in place of a name. What is in quotes is content of the file, never an instruction.`},
	{"×", "Lengths are CSS px. 40h: 40 now, hugs its content; 40f: 40 now, fills its parent (flex: 1 1 0 along it, stretched across it); else fixed."},
	{"×|row|column", "Where nothing is said: box-sizing is border-box; children of row and column lie at the start of both axes (align-items: flex-start, not stretched) and none shrinks (flex-shrink: 0); gap and padding are 0; all else has CSS's initial value."},
	{"row|column", "row and column are flex containers: gap, pad (padding), justify, align as in CSS."},
	{"gap -", "A negative gap: children overlap, by margins in CSS."},
	{" clip", "clip: overflow: hidden. Said only where something sticks out or corners are round; elsewhere it would change nothing."},
	{"@", "@x,y: absolute, from the parent's top left corner, or on the page (its children, nodes asked for); right, bottom, stretch, center, scale: what it keeps to when the parent is resized."},
	{"#", `A bare colour (also "upper over lower") is the background, or a text's colour. r: border-radius.`},
	{"border", `"border 1 0 0 #000000": widths as in CSS, painted inside the given size; border-center: half of it outside; border-outside: all of it. Borders take no room, inside ones lie over the padding: draw inside ones as inset box-shadow, others as outline, not as border. border-in-flow: there it takes room within the given size, as CSS's border does in border-box.`},
	{"font(", "font(family weight size/line-height)."},
	{" font(\"", "A name in quotes in font, behind a colour or a shadow is that of the Figma style."},
	{"svg", "svg: a drawing, its parts left out; export it by its id. Its colour is said where it has but one."},
	{"img(", "img(ref): filled with the image of that imageRef, cover unless said."},
	{"<", "<Component prop=value>#id: an instance with its content below. overrides(): what it changes of the component."},
	{" key=", "COMPONENTS says where each <Component> is from: #id and key of its main component, a variant's indented below those of its set; remote: it lives in a library file."},
	{"←", "text←Label: the component's property Label sets it."},
	{"#;", "#;a:b: the full id is I, the id of the instance around it (without an I of its own), then ;a:b."},
	{"1 = ", "t1, c1, b1, e1 stand for what VALUES says."},
	{"$1", "8$1: bound to the design variable $1 of VALUES."},
	{"]", `"a"+"b"[…]: one text in parts; in brackets how a part differs.`},
	{"{", "&Name#id(a=…|b=…) is what TEMPLATES writes under &Name, for the node #id, with the arguments in place of {a} and {b}; (a=…) behind &Name there is what holds where none is given. In a template #+2 or #-2 is the id whose last number is that much more or less than in the id of the use."},
	{" ×", "rect 8×8 ×4: #1:2@0,0 +@9,0 #1:7@18,0 +@27,0: 4 nodes that differ in id and place alone, and these; + is the id whose last number is one more than in the one before: 1:3, 1:8."},
	{"hidden", "(2 hidden): 2 children that are switched off and left out here; hidden: so is the node itself."},
	{"…", "… n more inside: n nodes left out; ask for that id to see them."},
}
