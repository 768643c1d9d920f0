package design_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

func TestDiffTellsWhatValuesWereAndAre(t *testing.T) {
	text := func(members string) string { return `{"id":"1:2","type":"TEXT",` + members + `}` }
	frame := func(members string) string { return `{"id":"1:2","type":"FRAME","name":"Card",` + members + `}` }
	fill := func(r string) string {
		return `"fills":[{"type":"SOLID","color":{"r":` + r + `,"g":0,"b":0,"a":1},"boundVariables":{"color":{"type":"VARIABLE_ALIAS","id":"VariableID:` + r + `:2"}}}]`
	}
	long := strings.Repeat("é", 121)
	for _, c := range []struct{ name, old, new, want string }{
		{"a text of which its name is made", text(`"name":"Hi\nyou","characters":"Hi\nyou"`), text(`"name":"Ho","characters":"Ho"`), `text; text: "Hi\nyou" "Ho"`},
		{"a text with a name of its own", text(`"name":"Title","characters":"Hi"`), text(`"name":"Head","characters":"Ho"`), `name text; name: "Title" "Head", text: "Hi" "Ho"`},
		{"a text that was given a name", text(`"name":"Hi","characters":"Hi"`), text(`"name":"Head","characters":"Hi"`), `name; name: "Hi" "Head"`},
		{"a long text", text(`"name":"t","characters":"a"`), text(`"name":"t","characters":"` + long + `"`), `text; text: "a" "` + strings.Repeat("é", 120) + `…"`},
		{"visibility", frame(`"visible":true`), frame(`"visible":false`), `visibility; visibility: "visible" "hidden"`},
		{"a size", frame(`"absoluteBoundingBox":{"x":0,"y":0,"width":320,"height":48}`), frame(`"absoluteBoundingBox":{"x":0,"y":0,"width":320,"height":56.5}`), `size; size: "320×48" "320×56.5"`},
		{"a fill", frame(fill("1")), frame(fill("0")), `fill; fill: "#FF0000" "#000000"`},
		{"no fill any more", frame(fill("1")), frame(`"fills":[]`), `fill; fill: "#FF0000" ""`},
		{"a font", text(`"name":"t","characters":"a","style":{"fontFamily":"Inter","fontWeight":400,"fontSize":14}`), text(`"name":"t","characters":"a","style":{"fontFamily":"Inter","fontWeight":600,"fontSize":14}`), `font; font: "font(Inter 400 14)" "font(Inter 600 14)"`},
		{"gap and padding", frame(`"layoutMode":"HORIZONTAL","itemSpacing":8`), frame(`"layoutMode":"HORIZONTAL","itemSpacing":12,"paddingTop":4`), `layout; layout: "row gap 8" "row gap 12 pad 4 0 0"`},
		{"how a size comes about", frame(`"layoutSizingHorizontal":"HUG"`), frame(`"layoutSizingHorizontal":"FILL"`), `layout; layout: "width-hug height-fixed" "width-fill height-fixed"`},
		{"corners, stroke, opacity", frame(`"cornerRadius":4`), frame(`"cornerRadius":8,"opacity":0.5,"strokes":[{"type":"SOLID","color":{"r":0,"g":0,"b":0,"a":1}}]`), `stroke corners opacity; stroke: "" "border 1 #000000", corners: "r 4" "r 8", opacity: "1" "0.5"`},
		{"another component", `{"id":"1:2","type":"INSTANCE","name":"i","componentId":"5:3"}`, `{"id":"1:2","type":"INSTANCE","name":"i","componentId":"5:4"}`, `component; component: "Button#6:7 On=yes" "Icon/plus"`},
		{"what has no short value", frame(`"interactions":[]`), frame(`"interactions":[{"actions":[{"type":"URL","url":"https://a.b"}]}]`), `prototype; `},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := func(node string) *design.File {
				return read(t, strings.Replace(wrap(node), `"components":{}`, library, 1))
			}
			d := design.Diff(in(c.old), in(c.new), 0)
			if len(d.Groups) != 1 || len(d.Groups[0].Items) != 1 {
				t.Fatalf("got %+v", d)
			}
			i := d.Groups[0].Items[0]
			var parts []string
			for _, f := range i.Details {
				parts = append(parts, fmt.Sprintf("%s: %q %q", f.Field, f.Old, f.New))
			}
			if got := strings.Join(i.Fields, " ") + "; " + strings.Join(parts, ", "); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
