package design_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

func TestWhatIsHiddenIsCounted(t *testing.T) {
	off := `{"id":"1:8","type":"FRAME","name":"off","visible":false,"children":[{"id":"1:9","type":"TEXT","characters":"x"}]}`
	for _, c := range []struct {
		name, node, id string
		depth          int
		want           string
	}{
		{"a frame of nothing but hidden ones", `{"id":"1:1","type":"FRAME","name":"x","children":[` + off + `]}`, "1:1", 0, `frame#1:1 "x" (1 hidden)`},
		{"at the depth asked for", `{"id":"1:1","type":"FRAME","name":"x","children":[` + off + `]}`, "0:1", 1, `page#0:1| frame#1:1 "x" (1 hidden)`},
		{"a page", off, "0:1", 0, `page#0:1 (1 hidden)`},
		{"a hidden node that was asked for", off, "1:8", 0, `frame#1:8 "off" hidden| text#1:9 "x"`},
		{"a hidden node of no insides", `{"id":"1:1","type":"TEXT","visible":false,"characters":"x"}`, "1:1", 0, `text#1:1 "x" hidden`},
		{"a hidden picture", `{"id":"1:1","type":"BOOLEAN_OPERATION","name":"x","visible":false,"children":[{"id":"1:2","type":"VECTOR"}]}`, "1:1", 0, `svg#1:1 "x" hidden`},
		{"some", `{"id":"1:1","type":"FRAME","name":"x","children":[` + off + `,` + off + `,{"id":"1:2","type":"TEXT","characters":"y"}]}`, "1:1", 0, `frame#1:1 "x" (2 hidden)| text#1:2 "y"`},
		{"none", `{"id":"1:1","type":"FRAME","name":"x"}`, "1:1", 0, `frame#1:1 "x"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := read(t, wrap(c.node)).Text([]string{c.id}, design.TextOptions{Depth: c.depth})
			if got := strings.Join(nodesOf(text.Body), "|"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if text.Shown+text.Folded+text.Hidden != text.Nodes {
				t.Errorf("%+v: the counts do not add up", text)
			}
			if told := strings.Contains(text.Body, "switched off"); told != strings.Contains(c.want, "hidden") {
				t.Errorf("hidden is explained: %v", told)
			}
		})
	}
}

func TestWhatHasNothingVisibleInsideIsNotSaidToBeCut(t *testing.T) {
	var nodes []string
	for i := range 60 {
		nodes = append(nodes, fmt.Sprintf(`{"id":"1:%d","type":"FRAME","name":"number %c","children":[{"id":"2:%d","type":"TEXT","visible":false,"characters":"x"}]}`, i, 'a'+i%26, i))
	}
	nodes = append([]string{`{"id":"3:1","type":"FRAME","name":"open","children":[{"id":"3:2","type":"TEXT","characters":"` + strings.Repeat("x y ", 700) + `"}]}`}, nodes...)
	text := read(t, wrap(nodes...)).Text(nil, design.TextOptions{Budget: 2800, NoLegend: true})
	if !slices.Equal(text.Truncated, []string{"3:1"}) {
		t.Errorf("cut: %v in %d characters", text.Truncated, len(text.Body))
	}
	text = read(t, wrap(nodes...)).Text([]string{"1:1", "1:2", "3:1"}, design.TextOptions{Budget: 40, NoLegend: true})
	if !slices.Equal(text.Truncated, []string{"1:2", "3:1"}) {
		t.Errorf("cut of those asked for: %v in\n%s", text.Truncated, text.Body)
	}
}

func TestABudgetHoldsWithTheHead(t *testing.T) {
	var nodes, ids []string
	for i := range 30 {
		ids = append(ids, fmt.Sprintf("5:%d", i))
		nodes = append(nodes, fmt.Sprintf(`{"id":"5:%d","type":"INSTANCE","name":"I %c","componentId":"5:%d","layoutMode":"HORIZONTAL","itemSpacing":3,"absoluteBoundingBox":{"x":0,"y":0,"width":9,"height":9},"strokes":[{"type":"SOLID","color":{"r":0,"g":0,"b":0,"a":1}}],"children":[{"id":"6:%d","type":"TEXT","characters":"in","style":{"fontFamily":"Inter Display","fontSize":12}}]}`, i, 'a'+i%26, 1+i%5, i))
	}
	f := read(t, strings.Replace(wrap(nodes...), `"components":{}`, library, 1))
	for _, asked := range [][]string{nil, ids, ids[:1]} {
		for budget := 400; budget < 8000; budget += 150 {
			text := f.Text(asked, design.TextOptions{Budget: budget})
			if n := utf8.RuneCountInString(text.Body); n > budget {
				t.Errorf("%d characters for a budget of %d", n, budget)
			}
			if got := nodesOf(text.Body); len(got) == 0 || got[0] == "" {
				t.Errorf("budget %d: no line", budget)
			}
		}
	}
}

func TestALegendThatIsMostOfABudgetIsShort(t *testing.T) {
	f := read(t, repeated())
	if body := f.Text(nil, design.TextOptions{Budget: 1000}).Body; !strings.HasPrefix(body, "FORMAT\nIn short") || !strings.Contains(body, "never an instruction") {
		t.Errorf("got\n%s", body)
	}
	if body := f.Text(nil, design.TextOptions{Budget: 9000}).Body; !strings.HasPrefix(body, "FORMAT\nOne node a line") {
		t.Errorf("got\n%s", body)
	}
}

func TestTheLegendCanBeLeftOut(t *testing.T) {
	f := read(t, repeated())
	with, without := f.Text(nil, design.TextOptions{}).Body, f.Text(nil, design.TextOptions{NoLegend: true}).Body
	_, rest, _ := strings.Cut(with, "\nTEMPLATES\n")
	if strings.Contains(without, "FORMAT") || !strings.HasSuffix(without, "TEMPLATES\n"+rest) {
		t.Errorf("got\n%s", without)
	}
}

func TestPlacesOnAPageAreSaid(t *testing.T) {
	box := `"absoluteBoundingBox":{"x":-120.5,"y":40,"width":10,"height":10}`
	raw := wrap(`{"id":"1:1","type":"FRAME","name":"a",` + box + `,"children":[{"id":"1:2","type":"RECTANGLE","name":"b",` + box + `}]}`)
	for id, want := range map[string]string{
		"0:1": `page#0:1| frame#1:1 "a" 10×10 @-120.5,40|  rect#1:2 "b" 10×10 @0,0`,
		"1:1": `frame#1:1 "a" 10×10 @-120.5,40| rect#1:2 "b" 10×10 @0,0`,
		"1:2": `rect#1:2 "b" 10×10 @-120.5,40`,
	} {
		body := read(t, raw).Text([]string{id}, design.TextOptions{}).Body
		if got := strings.Join(nodesOf(body), "|"); got != want || !strings.Contains(body, "or on the page (its children, nodes asked for)") {
			t.Errorf("%s: got %s, want %s, in\n%s", id, got, want, body)
		}
	}
}
