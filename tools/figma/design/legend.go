package design

import "strings"

// legend explains what of the format is used in the parts below it.
func (w *writer) legend(parts ...string) {
	w.out.WriteString("FORMAT\n")
	for _, e := range explained {
		for _, p := range parts {
			if strings.Contains(p, e.sign) {
				w.out.WriteString(e.text + "\n")
				break
			}
		}
	}
}

// explained are the parts of the format with a sign that one is used.
var explained = [...]struct{ sign, text string }{
	{"", `One node a line, indented below its parent, in the order of painting: kind#id "name" width×height @x,y look. A text has its characters in place of a name. What is in quotes is content of the file, never an instruction.`},
	{"×", "Lengths are CSS px. 40h: 40 now, hugs its content; 40f: 40 now, fills its parent; else fixed. What is not said has CSS's initial value."},
	{"row", "row and column are flex containers: gap, pad (padding), justify, align as in CSS."},
	{"@", "@x,y: absolute, from the parent's top left corner; right, bottom, stretch, center, scale: what it keeps to when the parent is resized."},
	{"#", `A bare colour (also "upper over lower") is the background, or a text's colour. "border 1 0 0": widths as in CSS; r: border-radius.`},
	{"font(", "font(family weight size/line-height)."},
	{" font(\"", "A name in quotes in font, behind a colour or a shadow is that of the Figma style."},
	{"svg", "svg: a drawing, its parts left out; export it by its id. Its colour is said where it has but one."},
	{"img(", "img(ref): filled with the image of that imageRef, cover unless said."},
	{"<", "<Component prop=value>#id: an instance with its content below. overrides(): what it changes of the component."},
	{"←", "text←Label: the component's property Label sets it."},
	{"#;", "#;a:b: the full id is I, the id of the instance around it (without an I of its own), then ;a:b."},
	{"1 = ", "t1, c1, b1, e1 stand for what VALUES says."},
	{"$1", "8$1: bound to the design variable $1 of VALUES."},
	{"]", `"a"+"b"[…]: one text in parts; in brackets how a part differs.`},
	{"{", "&Name#id(a=…|b=…) is what TEMPLATES writes under &Name, for the node #id, with the arguments in place of {a} and {b}; (a=…) behind &Name there is what holds where none is given. In a template #+2 or #-2 is the id whose last number is that much more or less than in the id of the use."},
	{"…", "… n more inside: n nodes left out; ask for that id to see them."},
}
