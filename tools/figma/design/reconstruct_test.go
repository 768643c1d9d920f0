package design_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

// shares are how large the text may be, of the raw bytes.
var shares = map[designtest.Kind]float64{designtest.Screen: 0.14, designtest.Dashboard: 0.09, designtest.Product: 0.08, designtest.Illustration: 0.007}

func TestTextIsSmallAndLosesNothing(t *testing.T) {
	for kind, share := range shares {
		t.Run(string(kind), func(t *testing.T) {
			raw := designtest.File(kind)
			f, err := design.Read(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			got := f.Text(nil, design.TextOptions{Variables: designtest.VariableNames})
			t.Logf("%d bytes raw, %d of text: %.2f %%", len(raw), len(got.Body), 100*float64(len(got.Body))/float64(len(raw)))
			if part := float64(len(got.Body)) / float64(len(raw)); part > share {
				t.Errorf("text is %.2f %% of the raw file, want at most %.1f %%", 100*part, 100*share)
			}
			checked := compareText(t, raw, got.Body)
			if sum := got.Shown + got.Folded + got.Hidden; sum != got.Nodes || checked != got.Shown {
				t.Errorf("%d nodes, of these %d shown, %d folded, %d hidden; %d were found in the text", got.Nodes, got.Shown, got.Folded, got.Hidden, checked)
			}
		})
	}
}

// compareText holds a text to the file that it was made of, and is how many
// nodes it found.
func compareText(t *testing.T, raw []byte, body string) int {
	t.Helper()
	var file map[string]any
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	nodes, err := parse(body)
	if err != nil {
		t.Fatalf("the text cannot be read back: %v", err)
	}
	c := comparison{t: t, file: file}
	c.children("document", dig(file, "document"), nodes)
	return c.nodes
}

// comparison walks a file by rules of its own, beside what was read back.
type comparison struct {
	t     *testing.T
	file  map[string]any
	nodes int
	wrong int
}

func dig(v any, path ...string) map[string]any {
	m, _ := v.(map[string]any)
	for _, p := range path {
		m, _ = m[p].(map[string]any)
	}
	return m
}

func list(v any) []any { l, _ := v.([]any); return l }

func number(v any) float64 { f, _ := v.(float64); return f }

func (c *comparison) fail(at, format string, args ...any) {
	if c.wrong++; c.wrong < 30 {
		c.t.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
	}
}

func (c *comparison) children(at string, raw map[string]any, got []*seen) {
	var want []map[string]any
	for _, v := range list(raw["children"]) {
		if n := dig(v); n["visible"] != false {
			want = append(want, n)
		}
	}
	if len(want) != len(got) {
		c.fail(at, "%d children, want %d", len(got), len(want))
		return
	}
	for i := range want {
		c.node(at, raw, want[i], got[i])
	}
}

func (c *comparison) node(at string, parent, raw map[string]any, got *seen) {
	c.nodes++
	at = fmt.Sprintf("%s / %v %v", at, raw["type"], raw["id"])
	if len(at) > 200 {
		at = "…" + at[len(at)-200:]
	}
	if got.id != "" && got.id != raw["id"] {
		c.fail(at, "id %q", got.id)
	}
	c.name(at, raw, got)
	c.size(at, raw, got)
	c.place(at, parent, raw, got)
	if got.kind == "svg" || got.has("svg") {
		c.picture(at, raw, got)
		return
	}
	c.kind(at, raw, got)
	c.layout(at, raw, got)
	c.paint(at, raw, got)
	if raw["type"] == "TEXT" {
		c.font(at, raw, got)
	}
	c.hidden(at, raw, got)
	c.children(at, raw, got.children)
}

func (c *comparison) hidden(at string, raw map[string]any, got *seen) {
	off := 0
	for _, v := range list(raw["children"]) {
		if dig(v)["visible"] == false {
			off++
		}
	}
	if said := got.has(fmt.Sprintf("(%d hidden)", off)); said != (off > 0) {
		c.fail(at, "%d children are hidden: %v", off, got.words)
	}
}

// picture holds what was folded: it has an id to export it by, and nothing in
// it that a reader of the text would miss.
func (c *comparison) picture(at string, raw map[string]any, got *seen) {
	if got.id == "" {
		c.fail(at, "a picture without an id")
	}
	var walk func(n map[string]any)
	walk = func(n map[string]any) {
		if n["visible"] == false {
			return
		}
		if n["type"] == "TEXT" {
			c.fail(at, "a text is lost in a picture: %v", n["id"])
		}
		for _, p := range list(n["fills"]) {
			if dig(p)["type"] == "IMAGE" {
				c.fail(at, "an image is lost in a picture: %v", n["id"])
			}
		}
		for _, v := range list(n["children"]) {
			walk(dig(v))
		}
	}
	walk(raw)
}

func (c *comparison) name(at string, raw map[string]any, got *seen) {
	name, _ := raw["name"].(string)
	switch {
	case raw["type"] == "TEXT":
		if text(got.label) != raw["characters"] {
			c.fail(at, "text %q, want %q", text(got.label), raw["characters"])
		}
		if got.named != "" && got.named != name {
			c.fail(at, "name %q, want %q", got.named, name)
		}
	case raw["type"] == "INSTANCE":
		if want := c.component(raw["componentId"]); got.of != want {
			c.fail(at, "component %q, want %q", got.of, want)
		}
		c.origin(at, raw["componentId"], got.from)
		for key, v := range dig(raw["componentProperties"]) {
			if p := dig(v); p["type"] == "VARIANT" && got.props[key] != p["value"] {
				c.fail(at, "property %q is %q, want %q", key, got.props[key], p["value"])
			}
		}
	case got.label == "":
		if strings.Trim(strings.TrimLeft(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), " 0123456789") != "" {
			c.fail(at, "name %q is lost", name)
		}
	case unquote(got.label) != name:
		c.fail(at, "name %s, want %q", got.label, name)
	}
}

// origin holds that a reader gets from an instance to its main component.
func (c *comparison) origin(at string, id any, got *origin) {
	node, _ := id.(string)
	main := dig(c.file, "components", node)
	key, _ := main["key"].(string)
	switch {
	case main == nil:
	case got == nil:
		c.fail(at, "its component %v is not to be found", id)
	case got.id != id || got.key != key || got.remote != (main["remote"] == true):
		c.fail(at, "component %+v, want %v of key %v, remote %v", got, id, key, main["remote"])
	}
}

func (c *comparison) component(id any) string {
	key, _ := id.(string)
	of := dig(c.file, "components", key)
	if set, ok := of["componentSetId"].(string); ok {
		of = dig(c.file, "componentSets", set)
	}
	name, _ := of["name"].(string)
	return name
}

func (c *comparison) size(at string, raw map[string]any, got *seen) {
	box := dig(raw, "absoluteBoundingBox")
	if box == nil {
		return
	}
	letters := map[any]string{"HUG": "h", "FILL": "f"}
	for _, s := range []struct{ got, side, sizing string }{{got.w, "width", "layoutSizingHorizontal"}, {got.h, "height", "layoutSizingVertical"}} {
		value, _, _ := strings.Cut(s.got, "$")
		v, err := strconv.ParseFloat(strings.TrimRight(value, "hf"), 64)
		if err != nil || math.Abs(v-number(box[s.side])) > 0.006 {
			c.fail(at, "%s %q, want %v", s.side, s.got, box[s.side])
		}
		if want := letters[raw[s.sizing]]; raw[s.sizing] != nil && strings.TrimLeft(value, "-0123456789.") != want {
			c.fail(at, "%s %q, want %v", s.side, s.got, raw[s.sizing])
		}
	}
}

// place holds positions where no layout gives them.
func (c *comparison) place(at string, parent, raw map[string]any, got *seen) {
	a, b := dig(parent, "absoluteBoundingBox"), dig(raw, "absoluteBoundingBox")
	if parent["type"] == "CANVAS" {
		a = map[string]any{} // places on a page are those of the boxes
	}
	flows := parent["layoutMode"] != nil && parent["layoutMode"] != "NONE" && raw["layoutPositioning"] != "ABSOLUTE"
	if a == nil || b == nil || flows {
		return
	}
	x, y, _ := strings.Cut(got.at, ",")
	gx, err1 := strconv.ParseFloat(x, 64)
	gy, err2 := strconv.ParseFloat(y, 64)
	if err1 != nil || err2 != nil || math.Abs(gx-number(b["x"])+number(a["x"])) > 0.006 || math.Abs(gy-number(b["y"])+number(a["y"])) > 0.006 {
		c.fail(at, "position %q, want %v,%v in %v,%v", got.at, b["x"], b["y"], a["x"], a["y"])
	}
}

func (c *comparison) kind(at string, raw map[string]any, got *seen) {
	want, _ := raw["type"].(string)
	mode := map[any]string{"HORIZONTAL": "row", "VERTICAL": "column", "GRID": "grid"}[raw["layoutMode"]]
	if mode != "" && got.kind != mode && !got.has(mode) {
		c.fail(at, "runs as %q, want %s", got.kind, mode)
	}
	if mode == "" && (got.kind == "row" || got.kind == "column") {
		c.fail(at, "runs as %s, but has no layout", got.kind)
	}
	switch {
	case want == "FRAME" && mode != "":
	case want == "CANVAS" && got.kind == "page", want == "RECTANGLE" && got.kind == "rect":
	case strings.ReplaceAll(strings.ToLower(want), "_", "-") != got.kind:
		c.fail(at, "is a %q, want %s", got.kind, want)
	}
}

func (c *comparison) layout(at string, raw map[string]any, got *seen) {
	if raw["layoutMode"] == nil || raw["layoutMode"] == "NONE" {
		return
	}
	if raw["primaryAxisAlignItems"] != "SPACE_BETWEEN" {
		if v := got.behind("gap", 1); unbound(v, 0) != number(raw["itemSpacing"]) {
			c.fail(at, "gap %v, want %v", v, raw["itemSpacing"])
		}
	}
	pad := got.behind("pad", 4)
	for i, v := range pad {
		if v, _, _ := strings.Cut(v, "$"); strings.Trim(v, "-0123456789.") != "" {
			pad = pad[:i]
			break
		}
	}
	for i, side := range []string{"Top", "Right", "Bottom", "Left"} {
		at4 := [4][4]int{{0, 0, 0, 0}, {0, 1, 0, 1}, {0, 1, 2, 1}, {0, 1, 2, 3}}[max(len(pad)-1, 0)][i]
		if unbound(pad, at4) != number(raw["padding"+side]) {
			c.fail(at, "pad %v, want %v at %s", pad, raw["padding"+side], side)
		}
	}
	for word, member := range map[string]string{"justify": "primaryAxisAlignItems", "align": "counterAxisAlignItems"} {
		want := map[any]string{"CENTER": "center", "MAX": "end", "SPACE_BETWEEN": "space-between", "BASELINE": "baseline"}[raw[member]]
		if v := strings.Join(got.behind(word, 1), ""); v != want {
			c.fail(at, "%s %q, want %q", word, v, want)
		}
	}
	if got.has("wrap") != (raw["layoutWrap"] == "WRAP") {
		c.fail(at, "wraps: %v, want %v", got.has("wrap"), raw["layoutWrap"])
	}
}

func unbound(list []string, i int) float64 {
	if i >= len(list) {
		return 0
	}
	value, _, _ := strings.Cut(list[i], "$")
	v, _ := strconv.ParseFloat(value, 64)
	return v
}

// paint holds that each visible colour and image is among the words, and that
// there is no other colour.
func (c *comparison) paint(at string, raw map[string]any, got *seen) {
	words := " " + strings.Join(got.words, " ") + " "
	for _, member := range []string{"fills", "strokes"} {
		for _, v := range list(raw[member]) {
			p := dig(v)
			if p["visible"] == false || member == "strokes" && number(raw["strokeWeight"]) == 0 {
				continue
			}
			for _, want := range colours(p) {
				if !strings.Contains(words, want) {
					c.fail(at, "%s %s is lost: %s", member, want, words)
				}
			}
		}
	}
	for _, v := range list(raw["effects"]) {
		e := dig(v)
		if radius := strconv.FormatFloat(number(e["radius"]), 'f', -1, 64); e["visible"] != false && !strings.Contains(words, radius) {
			c.fail(at, "effect %v of radius %s is lost: %s", e["type"], radius, words)
		}
	}
	if r := number(raw["cornerRadius"]); r != 0 && unbound(got.behind("r", 1), 0) != r {
		c.fail(at, "radius %v, want %v", got.behind("r", 1), r)
	}
	if len(list(raw["fills"])) == 0 && len(got.words) > 0 && strings.HasPrefix(got.words[0], "#") {
		c.fail(at, "fill %s of nothing", got.words[0])
	}
}

func colours(p map[string]any) []string {
	switch p["type"] {
	case "SOLID":
		opacity := 1.0
		if v, ok := p["opacity"]; ok {
			opacity = number(v)
		}
		return []string{hex(dig(p, "color"), opacity)}
	case "IMAGE":
		return []string{p["imageRef"].(string)}
	}
	var all []string
	for _, s := range list(p["gradientStops"]) {
		all = append(all, hex(dig(s, "color"), 1))
	}
	return all
}

func hex(c map[string]any, opacity float64) string {
	s := "#"
	for _, v := range []float64{number(c["r"]), number(c["g"]), number(c["b"]), number(c["a"]) * opacity} {
		s += fmt.Sprintf("%02X", int(math.Round(v*255)))
	}
	return strings.TrimSuffix(s, "FF")[:max(7, len(strings.TrimSuffix(s, "FF")))]
}

func (c *comparison) font(at string, raw map[string]any, got *seen) {
	style := dig(raw, "style")
	if style == nil {
		return
	}
	size := num2(number(style["fontSize"]))
	if style["lineHeightUnit"] == "PIXELS" {
		size += "/" + num2(number(style["lineHeightPx"]))
	}
	family := style["fontFamily"].(string)
	if strings.Contains(family, " ") {
		family = strconv.Quote(family)
	}
	want := family + " " + num2(number(style["fontWeight"])) + " " + size
	if spacing := math.Round(number(style["letterSpacing"])*100) / 100; spacing != 0 {
		want += " letter-spacing " + num2(spacing)
	}
	if !strings.Contains(strings.NewReplacer("(", " ", ")", " ").Replace(got.font), " "+want+" ") {
		c.fail(at, "font %q, want %q", got.font, want)
	}
	id, _ := dig(raw, "styles")["text"].(string)
	if name, ok := dig(c.file, "styles", id)["name"].(string); ok && !strings.Contains(got.font, strconv.Quote(name)) {
		c.fail(at, "font %q is not said to be %q", got.font, name)
	}
	align := map[any]string{"CENTER": "center", "RIGHT": "right"}[style["textAlignHorizontal"]]
	if align != "" && !got.has(align) {
		c.fail(at, "is not aligned %s: %v", align, got.words)
	}
	for _, o := range dig(raw, "styleOverrideTable") {
		if url := dig(o, "hyperlink")["url"]; url != nil && !strings.Contains(got.label, url.(string)) {
			c.fail(at, "link %v is lost", url)
		}
	}
}

func num2(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
