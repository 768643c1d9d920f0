package design_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

func TestRepeatedBodiesAreWrittenOnce(t *testing.T) {
	text := read(t, repeated()).Text(nil, design.TextOptions{})
	if got := strings.Count(text.Body, "gap 8"); got > 2 {
		t.Errorf("the cell is written %d times in\n%s", got, text.Body)
	}
	want := ` &Row#2:20(w=41|text="row 1")`
	if !slices.Contains(nodesOf(text.Body), want) {
		t.Errorf("no line %q in\n%s", want, text.Body)
	}
}

func TestWhatIsNotRepeatedIsNoTemplate(t *testing.T) {
	if body := read(t, wrap(small)).Text(nil, design.TextOptions{}).Body; strings.Contains(body, "TEMPLATES") || strings.Contains(body, "VALUES") {
		t.Errorf("a small text has\n%s", body)
	}
}

func TestDepthStopsAndSaysWhatIsLeftOut(t *testing.T) {
	text := read(t, wrap(small)).Text(nil, design.TextOptions{Depth: 1})
	want := []string{`page#0:1`, ` frame#1:2 "Card" (1 hidden) … 1 more inside`, ` frame#1:6 "Other"`}
	if got := nodesOf(text.Body); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if text.Truncated != nil || text.Nodes != 6 || text.Shown != 3 || text.Hidden != 2 {
		t.Errorf("got %+v", text)
	}
}

func TestABudgetIsKeptWithACompleteUpperPart(t *testing.T) {
	f, err := design.Read(bytes.NewReader(designtest.File(designtest.Dashboard)))
	if err != nil {
		t.Fatal(err)
	}
	full := f.Text(nil, design.TextOptions{})
	depths := map[string]int{}
	nodes, err := parse(full.Body)
	if err != nil {
		t.Fatal(err)
	}
	deepest := levels(nodes, 1, depths)
	last := 0
	for _, budget := range []int{2000, 3000, 4500, 6000, 8000, len(full.Body)} {
		text := f.Text(nil, design.TextOptions{Budget: budget})
		if n := utf8.RuneCountInString(text.Body); n > budget || n < last {
			t.Errorf("budget %d: %d characters, after %d for less", budget, n, last)
		} else {
			last = n
		}
		nodes, err := parse(text.Body)
		if err != nil {
			t.Fatalf("budget %d: %v", budget, err)
		}
		complete(t, budget, nodes, text.Truncated, deepest)
	}
	if last < len(full.Body)*9/10 {
		t.Errorf("with room for all of it %d characters of %d were used", last, len(full.Body))
	}
}

// levels is how deep nodes go, with the level of each id.
func levels(nodes []*seen, level int, of map[string]int) int {
	deepest := level
	for _, n := range nodes {
		of[n.id] = level
		deepest = max(deepest, levels(n.children, level+1, of))
	}
	return deepest
}

// complete checks that nodes were cut on at most two neighbouring levels, and
// that all that were cut are named.
func complete(t *testing.T, budget int, nodes []*seen, truncated []string, deepest int) {
	t.Helper()
	first, lastOpen, cut := deepest+1, 0, []string{}
	var walk func(nodes []*seen, level int)
	walk = func(nodes []*seen, level int) {
		for _, n := range nodes {
			if n.cut {
				first, cut = min(first, level), append(cut, n.id)
			}
			if len(n.children) > 0 {
				lastOpen = max(lastOpen, level)
			}
			walk(n.children, level+1)
		}
	}
	walk(nodes, 1)
	if lastOpen > first {
		t.Errorf("budget %d: a node of level %d is open, one of level %d is not", budget, lastOpen, first)
	}
	slices.Sort(cut)
	want := slices.Clone(truncated)
	slices.Sort(want)
	if !slices.Equal(cut, want) {
		t.Errorf("budget %d: %d nodes were cut, %d are named: %v, %v", budget, len(cut), len(want), cut, want)
	}
}

func TestABudgetHoldsForNodesThatAreTooMany(t *testing.T) {
	var nodes, ids []string
	for i := range 400 {
		ids = append(ids, fmt.Sprintf("5:%d", i))
		nodes = append(nodes, fmt.Sprintf(`{"id":"5:%d","type":"FRAME","name":"Frame number %c","children":[{"id":"6:%d","type":"FRAME","name":"in"}]}`, i, 'a'+i%26, i))
	}
	text := read(t, wrap(nodes...)).Text(ids, design.TextOptions{Budget: 3000})
	if n := utf8.RuneCountInString(text.Body); n > 3100 || n < 2000 {
		t.Errorf("%d characters for a budget of 3000", n)
	}
	if len(text.Truncated) != 400 || text.Nodes != 800 {
		t.Errorf("%d ids are named of 400, %d nodes of 800", len(text.Truncated), text.Nodes)
	}
	if !strings.Contains(text.Body, "more of the nodes asked for are left out") {
		t.Errorf("it does not say that some are left out:\n%s", text.Body)
	}
}

func TestABudgetHoldsForALongText(t *testing.T) {
	raw := wrap(`{"id":"1:1","type":"TEXT","name":"x","characters":"` + strings.Repeat("é", 50_000) + `"}`)
	text := read(t, raw).Text(nil, design.TextOptions{Budget: 4000})
	if n := utf8.RuneCountInString(text.Body); n > 4000 || !strings.Contains(text.Body, `"[the first 1000 of 50000 characters]`) {
		t.Errorf("%d characters: …%s", n, text.Body[max(0, len(text.Body)-200):])
	}
}

func TestAskedNodesComeInTheirOrder(t *testing.T) {
	text := read(t, wrap(small)).Text([]string{"1-6", "9:9", "1:3"}, design.TextOptions{})
	if got, want := nodesOf(text.Body), []string{`frame#1:6 "Other"`, `text#1:3 "Hi" name="Title"`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
