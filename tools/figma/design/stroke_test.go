package design_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

func TestBordersTakeRoomOnlyWhereFigmaSaysSo(t *testing.T) {
	stroke := `"strokes":[{"type":"SOLID","color":{"r":1,"g":0,"b":0,"a":1}}],"strokeWeight":2,`
	for _, c := range []struct{ name, members, want string }{
		{"inside", `"type":"FRAME",` + stroke + `"strokeAlign":"INSIDE"`, `frame#1:1 "x" border 2 #FF0000`},
		{"half outside", `"type":"RECTANGLE",` + stroke + `"strokeAlign":"CENTER"`, `rect#1:1 "x" border-center 2 #FF0000`},
		{"outside", `"type":"ELLIPSE",` + stroke + `"strokeAlign":"OUTSIDE"`, `ellipse#1:1 "x" border-outside 2 #FF0000`},
		{"of a line", `"type":"LINE",` + stroke + `"strokeAlign":"CENTER"`, `line#1:1 "x" stroke 2 #FF0000`},
		{"outside of letters", `"type":"TEXT","characters":"x",` + stroke + `"strokeAlign":"OUTSIDE"`, `text#1:1 "x" stroke-outside 2 #FF0000`},
		{"in the flow", `"type":"FRAME","layoutMode":"HORIZONTAL",` + stroke + `"strokeAlign":"INSIDE","strokesIncludedInLayout":true`, `row#1:1 "x" border-in-flow border 2 #FF0000`},
		{"not in the flow", `"type":"FRAME","layoutMode":"HORIZONTAL",` + stroke + `"strokeAlign":"INSIDE","strokesIncludedInLayout":false`, `row#1:1 "x" border 2 #FF0000`},
		{"in a flow that is none", `"type":"FRAME",` + stroke + `"strokesIncludedInLayout":true`, `frame#1:1 "x" border 2 #FF0000`},
		{"in the flow, but switched off", `"type":"FRAME","layoutMode":"HORIZONTAL","strokes":[{"type":"SOLID","visible":false}],"strokesIncludedInLayout":true`, `row#1:1 "x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := read(t, wrap(`{"id":"1:1","name":"x",`+c.members+`}`)).Text([]string{"1:1"}, design.TextOptions{}).Body
			if got := nodesOf(body)[0]; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if told := strings.Contains(body, "Borders take no room"); told != strings.Contains(c.want, "border") {
				t.Errorf("that borders take no room is said: %v", told)
			}
		})
	}
}

func TestTheFormatSaysWhatHoldsWhereNothingIsSaid(t *testing.T) {
	row := `{"id":"1:1","type":"FRAME","name":"x","layoutMode":"VERTICAL","clipsContent":true,"cornerRadius":8,"itemSpacing":-4,"absoluteBoundingBox":{"x":0,"y":0,"width":9,"height":9},"children":[{"id":"1:2","type":"TEXT","characters":"a"}]}`
	body := read(t, wrap(row)).Text(nil, design.TextOptions{}).Body
	for _, want := range []string{"box-sizing is border-box", "align-items: flex-start, not stretched", "flex-shrink: 0", "clip: overflow: hidden. Said only where", "A negative gap", "flex: 1 1 0 along it"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not said in\n%s", want, body)
		}
	}
	plain := read(t, wrap(small)).Text(nil, design.TextOptions{}).Body
	for _, not := range []string{"box-sizing", "clip:", "gap"} {
		if strings.Contains(plain, not) {
			t.Errorf("%q is said though nothing needs it:\n%s", not, plain)
		}
	}
}

func TestClipIsSaidForWhatSticksOutFurtherIn(t *testing.T) {
	for name, c := range map[string]struct {
		clips string
		want  bool
	}{"of a frame that does not clip": {"false", true}, "of one that clips itself": {"true", false}} {
		raw := wrap(fmt.Sprintf(`{"id":"1:1","type":"FRAME","clipsContent":true,"absoluteBoundingBox":{"x":0,"y":0,"width":100,"height":50},"children":[{"id":"1:2","type":"FRAME","clipsContent":%s,"absoluteBoundingBox":{"x":0,"y":0,"width":90,"height":50},"children":[{"id":"1:3","type":"TEXT","absoluteBoundingBox":{"x":80,"y":0,"width":50,"height":10}}]}]}`, c.clips))
		if got := nodesOf(read(t, raw).Text([]string{"1:1"}, design.TextOptions{}).Body)[0]; strings.Contains(got, " clip") != c.want {
			t.Errorf("%s: %s, want clip: %v", name, got, c.want)
		}
	}
}
