package design_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

func TestPicturesAreOneLine(t *testing.T) {
	dark := `"fills":[{"type":"SOLID","color":{"r":0,"g":0,"b":0,"a":1}}]`
	vector := `{"id":"1:9","type":"VECTOR","name":"Vector",` + dark + `}`
	rect := `{"id":"1:8","type":"RECTANGLE","name":"Rectangle 1",` + dark + `}`
	pic := `{"id":"1:7","type":"RECTANGLE","name":"x","fills":[{"type":"IMAGE","imageRef":"abc"}]}`
	icon := func(id int) string {
		return fmt.Sprintf(`{"id":"2:%d","type":"FRAME","name":"Icon","children":[%s]}`, id, vector)
	}
	in := func(kind, members string, children ...string) string {
		return `{"id":"1:1","type":"` + kind + `","name":"N"` + members + `,"children":[` + strings.Join(children, ",") + `]}`
	}
	for _, c := range []struct{ name, node, want string }{
		{"vectors alone, of one colour", in("GROUP", "", vector, rect), ` svg#1:1 "N" #000000`},
		{"of two colours", in("GROUP", "", vector, strings.ReplaceAll(vector, `"r":0`, `"r":1`)), ` svg#1:1 "N"`},
		{"groups of groups", in("FRAME", "", in("GROUP", "", vector), rect), ` svg#1:1 "N" #000000`},
		{"rectangles are for CSS", in("GROUP", "", rect), ` group#1:1 "N"|  rect#1:8 #000000`},
		{"a text is never part of one", in("GROUP", "", vector, `{"id":"1:5","type":"TEXT","characters":"a"}`), ` group#1:1 "N"|  svg#1:9 #000000|  text#1:5 "a"`},
		{"an image is never part of one", in("GROUP", "", vector, pic), ` group#1:1 "N"|  svg#1:9 #000000|  rect#1:7 "x" img(abc)`},
		{"what is hidden does not count", in("GROUP", "", vector, `{"id":"1:5","type":"TEXT","visible":false}`), ` svg#1:1 "N" #000000`},
		{"icons in a row are icons", in("FRAME", `,"layoutMode":"HORIZONTAL"`, icon(1), icon(2)), ` row#1:1 "N"|  svg#2:1 "Icon" #000000|  svg#2:2 "Icon" #000000`},
		{"a box around an icon is for CSS", in("FRAME", ","+dark, icon(1)), ` frame#1:1 "N" #000000|  svg#2:1 "Icon" #000000`},
		{"a section is none", in("SECTION", "", vector, rect), ` section#1:1 "N"|  svg#1:9 #000000|  rect#1:8 #000000`},
		{"an instance keeps its component", `{"id":"1:1","type":"INSTANCE","name":"N","componentId":"5:5","children":[` + vector + `]}`, ` <5:5>#1:1 "N" svg #000000`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := read(t, wrap(c.node)).Text(nil, design.TextOptions{})
			if got := strings.Join(nodesOf(text.Body)[1:], "|"); got != c.want {
				t.Errorf("%s\ngot  %s\nwant %s", c.node, got, c.want)
			}
			if text.Shown+text.Folded+text.Hidden != text.Nodes {
				t.Errorf("%d nodes, of these %d shown, %d folded, %d hidden", text.Nodes, text.Shown, text.Folded, text.Hidden)
			}
		})
	}
	asked := read(t, wrap(in("GROUP", "", vector, rect))).Text([]string{"1:1"}, design.TextOptions{})
	if len(nodesOf(asked.Body)) != 3 {
		t.Errorf("a picture that was asked for is not opened:\n%s", asked.Body)
	}
}

// Rows alike but for ids that follow from nothing: each picture must be found.
func TestPicturesInTemplatesKeepTheirIDs(t *testing.T) {
	row := func(id, icon, inst, of int) string {
		return fmt.Sprintf(`{"id":"2:%d","type":"FRAME","name":"Row","layoutMode":"HORIZONTAL","itemSpacing":16,"paddingLeft":24,"children":[`+
			`{"id":"3:%d","type":"FRAME","name":"Box","layoutMode":"VERTICAL","itemSpacing":4,"children":[{"id":"4:%d","type":"VECTOR","name":"Vector"},{"id":"4:%d","type":"TEXT","characters":"some words"}]},`+
			`{"id":"5:%d","type":"INSTANCE","name":"Item","componentId":"9:9","layoutMode":"HORIZONTAL","paddingTop":8,"children":[{"id":"I5:%d;%d:1","type":"VECTOR","name":"Vector"},{"id":"I5:%d;%d:2","type":"TEXT","characters":"more words"}]}]}`,
			id, icon, icon*3, icon*3+1, inst, inst, of, inst, of)
	}
	raw := wrap(row(10, 7, 90, 6), row(30, 2, 41, 8), row(50, 33, 12, 6), row(70, 5, 77, 9), row(90, 61, 3, 6), row(95, 64, 8, 7))
	raw = strings.Replace(raw, `"components":{}`, `"components":{"9:9":{"name":"Item"}}`, 1)
	body := read(t, raw).Text(nil, design.TextOptions{}).Body
	if !strings.Contains(body, "&Box(") {
		t.Errorf("the boxes are of no template:\n%s", body)
	}
	compareText(t, []byte(raw), body)
}
