package design

import (
	"math"
	"sort"
	"strings"
)

// font writes what letters look like: family, weight, size/line height and what
// is not usual. name is that of Figma's style, or empty.
func (w *writer) font(t *TypeStyle, name string) string {
	s := join(" ", bare(t.Family)+w.variable(t.BoundTo["fontFamily"]), num(t.Weight)+w.variable(t.BoundTo["fontWeight"]),
		num(t.Size)+w.variable(t.BoundTo["fontSize"])+w.height(t), w.extras(t))
	if name != "" {
		s = quote(name) + ": " + s
	}
	return "font(" + s + ")"
}

// height is the line height behind a size: /20 in px, /140% of the size, or
// nothing where it is the font's own.
func (w *writer) height(t *TypeStyle) string {
	switch {
	case t.LineUnit == "PIXELS" && t.LinePx > 0:
		return "/" + num(t.LinePx) + w.variable(t.BoundTo["lineHeight"])
	case t.LineUnit == "FONT_SIZE_%" && t.LineOfSize > 0:
		return "/" + num(t.LineOfSize) + "%" + w.variable(t.BoundTo["lineHeight"])
	}
	return ""
}

// extras are what is seldom set.
func (w *writer) extras(t *TypeStyle) string {
	var parts []string
	add := func(is bool, text string) {
		if is {
			parts = append(parts, text)
		}
	}
	add(t.Italic, "italic")
	spacing := math.Round(t.Spacing*100) / 100
	add(spacing != 0, "letter-spacing "+num(spacing)+w.variable(t.BoundTo["letterSpacing"]))
	add(t.Case != "" && t.Case != "ORIGINAL", letterCase(t.Case))
	add(t.Decoration != "" && t.Decoration != "NONE", plain(t.Decoration))
	add(t.Paragraph != 0, "paragraph-gap "+num(t.Paragraph))
	add(t.Indent != 0, "indent "+num(t.Indent))
	add(t.List != 0, "list-gap "+num(t.List))
	add(len(t.Features) > 0, features(t.Features))
	return strings.Join(parts, " ")
}

func letterCase(c string) string {
	if c == "UPPER" || c == "LOWER" || c == "TITLE" {
		return plain(c) + "case"
	}
	return plain(c)
}

func features(m map[string]float64) string {
	var on []string
	for name, v := range m {
		if v != 0 {
			on = append(on, bare(strings.ToLower(name)))
		} else {
			on = append(on, "no-"+bare(strings.ToLower(name)))
		}
	}
	sort.Strings(on)
	return "features " + strings.Join(on, ",")
}

// differs writes in which ways a part of a text is unlike the rest of it.
func (w *writer) differs(part, base *TypeStyle) string {
	var out []string
	add := func(is bool, text string) {
		if is {
			out = append(out, text)
		}
	}
	add(part.Family != "" && part.Family != base.Family, bare(part.Family))
	add(part.Weight != 0 && part.Weight != base.Weight, num(part.Weight))
	add(part.Size != 0 && part.Size != base.Size, "size "+num(part.Size))
	add(part.LinePx != 0 && part.LinePx != base.LinePx, "line"+w.height(part))
	add(part.Italic && !base.Italic, "italic")
	add(part.Spacing != 0 && part.Spacing != base.Spacing, "letter-spacing "+num(part.Spacing))
	add(part.Case != "" && part.Case != base.Case, letterCase(part.Case))
	add(part.Decoration != "" && part.Decoration != base.Decoration, plain(part.Decoration))
	add(part.Fills != nil, w.paints(part.Fills, nil))
	add(part.Link != nil, link(part.Link))
	return strings.Join(out, " ")
}

func link(l *Hyperlink) string {
	switch {
	case l == nil:
		return ""
	case l.URL != "":
		return "link " + quote(l.URL)
	case l.NodeID != "":
		return "link #" + bare(l.NodeID)
	}
	return ""
}

// content writes the characters of a text: a quoted string, or several, with
// what is different about a part in brackets behind it.
func (w *writer) content(n *Node) string {
	l := n.Letters
	if l == nil {
		return `""`
	}
	base := n.Font
	if base == nil {
		base = &TypeStyle{}
	}
	if most := w.o.Budget / 4; w.o.Budget > 0 && len(l.Characters) > max(most, 200) {
		return w.beginning(l.Characters, max(most, 200))
	}
	if l.Overrides == nil {
		return quote(l.Characters)
	}
	var b strings.Builder
	for _, r := range runs(l) {
		if b.Len() > 0 {
			b.WriteByte('+')
		}
		b.WriteString(quote(r.text))
		if part, ok := l.Table[itoa(r.style)]; ok {
			if d := w.differs(&part, base); d != "" {
				b.WriteString("[" + d + "]")
			}
		}
	}
	return b.String()
}

// beginning is as much of a text as has room in the budget.
func (w *writer) beginning(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return quote(s)
	}
	return quote(string(runes[:most])) + "[the first " + itoa(most) + " of " + itoa(len(runes)) + " characters]"
}

type run struct {
	text  string
	style int
}

// runs are the parts of a text that have one style. Overrides count UTF-16
// units; a letter of two has the style of its first.
func runs(l *Letters) []run {
	var out []run
	start, at, style := 0, 0, 0
	for i, c := range l.Characters {
		now := 0
		if at < len(l.Overrides) {
			now = l.Overrides[at]
		}
		if i > start && now != style {
			out = append(out, run{l.Characters[start:i], style})
			start = i
		}
		style = now
		if at++; c > 0xFFFF {
			at++
		}
	}
	return append(out, run{l.Characters[start:], style})
}
