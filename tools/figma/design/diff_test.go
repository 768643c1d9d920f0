package design_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

func TestDiff(t *testing.T) {
	frame := func(inside string) string {
		return wrap(`{"id":"1:1","type":"FRAME","name":"Card","absoluteBoundingBox":{"x":0,"y":0,"width":100,"height":100},"children":[` + inside + `]}`)
	}
	node := func(members string) string {
		return `{"id":"1:2","type":"TEXT","name":"Title","characters":"Hi","absoluteBoundingBox":{"x":5,"y":5,"width":10,"height":10}` + members + `}`
	}
	base := frame(node(""))
	for _, c := range []struct{ name, old, new, want string }{
		{"nothing", base, base, ""},
		{"a text", base, strings.Replace(base, `"Hi"`, `"Ho"`, 1), "Page/Card: changed 1:2 text"},
		{"a text that was empty", strings.Replace(base, `"Hi"`, `""`, 1), base, "Page/Card: changed 1:2 text"},
		{"a name", base, strings.Replace(base, `"Title"`, `"Head"`, 1), "Page/Card: changed 1:2 name"},
		{"a size", base, strings.Replace(base, `"width":10,`, `"width":12,`, 1), "Page/Card: changed 1:2 size"},
		{"a position", base, strings.Replace(base, `"x":5`, `"x":7`, 1), "Page/Card: changed 1:2 position"},
		{"visibility", base, frame(node(`,"visible":false`)), "Page/Card: changed 1:2 visibility"},
		{"a fill", base, frame(node(`,"fills":[{"type":"SOLID","color":{"r":1,"g":0,"b":0,"a":1}}]`)), "Page/Card: changed 1:2 fill"},
		{"a fill style", base, frame(node(`,"styles":{"fill":"9:9"}`)), "Page/Card: changed 1:2 fill"},
		{"a font", base, frame(node(`,"style":{"fontSize":12}`)), "Page/Card: changed 1:2 font"},
		{"a stroke, corners, effects, opacity", base, frame(node(`,"strokes":[{"type":"SOLID"}],"cornerRadius":4,"effects":[{"type":"LAYER_BLUR","radius":2}],"opacity":0.5`)), "Page/Card: changed 1:2 stroke effects corners opacity"},
		{"a layout", base, strings.Replace(base, `"name":"Card"`, `"name":"Card","layoutMode":"HORIZONTAL"`, 1), "Page/Card: changed 1:1 layout"},
		{"what moves along has not changed", base, strings.NewReplacer(`"x":0,"y":0`, `"x":50,"y":0`, `"x":5,"y":5`, `"x":55,"y":5`).Replace(base), ""},
		{"an added branch is one item", base, frame(node("") + `,{"id":"2:1","type":"FRAME","name":"New","children":[{"id":"2:2","type":"TEXT"}]}`), "Page/Card: added 2:1 +1"},
		{"a removed one too", frame(node("") + `,{"id":"2:1","type":"FRAME","name":"Old","children":[{"id":"2:2","type":"TEXT"}]}`), base, "Page/Card: removed 2:1 +1"},
		{"what moved into an added frame is not new", base, frame(`{"id":"2:1","type":"FRAME","name":"New","absoluteBoundingBox":{"x":0,"y":0,"width":9,"height":9},"children":[` + node("") + `]}`), "Page/Card: added 2:1 +1, changed 1:2 parent"},
		{"what moved out of a removed frame is not gone", frame(`{"id":"2:1","type":"FRAME","name":"Old","absoluteBoundingBox":{"x":0,"y":0,"width":9,"height":9},"children":[` + node("") + `]}`), base, "Page/Card: changed 1:2 parent, removed 2:1"},
		{"a page", base, strings.Replace(base, `"Page"`, `"Start"`, 1), "Start/: changed 0:1 name"},
		{"a removed frame is grouped under its own", wrap(small), wrap(), "Page/Card: removed 1:2 +3; Page/Other: removed 1:6"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := design.Diff(read(t, c.old), read(t, c.new), 0)
			if got := written(d); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// written is a diff as one line.
func written(d design.Changes) string {
	var groups []string
	for _, g := range d.Groups {
		var items []string
		for _, i := range g.Items {
			s := i.What + " " + i.ID + " " + strings.Join(i.Fields, " ")
			if i.Inside > 0 {
				s += fmt.Sprintf("+%d", i.Inside)
			}
			items = append(items, strings.TrimSpace(s))
		}
		groups = append(groups, g.Page+"/"+g.Frame+": "+strings.Join(items, ", "))
	}
	return strings.Join(groups, "; ")
}

func TestDiffCountsBeyondItsLimit(t *testing.T) {
	d := design.Diff(read(t, wrap()), read(t, repeated()), 2)
	if d.Added != 5*6+5 || !d.More || strings.Count(written(d), "added") != 2 {
		t.Errorf("added %d, more %v: %s", d.Added, d.More, written(d))
	}
	d = design.Diff(read(t, repeated()), read(t, wrap()), 0)
	if d.Removed != 5*6+5 || d.More {
		t.Errorf("removed %d, more %v", d.Removed, d.More)
	}
}

func TestDiffCountsMovedNodesAsChanged(t *testing.T) {
	old := wrap(`{"id":"1:1","type":"FRAME","name":"a"}`)
	now := wrap(`{"id":"2:1","type":"FRAME","name":"new","children":[{"id":"1:1","type":"FRAME","name":"a","children":[{"id":"2:2","type":"TEXT"}]}]}`)
	if d := design.Diff(read(t, old), read(t, now), 0); d.Added != 2 || d.Removed != 0 || d.Changed != 1 {
		t.Errorf("added %d, removed %d, changed %d, want 2, 0, 1", d.Added, d.Removed, d.Changed)
	}
	if d := design.Diff(read(t, now), read(t, old), 0); d.Added != 0 || d.Removed != 2 || d.Changed != 1 {
		t.Errorf("added %d, removed %d, changed %d, want 0, 2, 1", d.Added, d.Removed, d.Changed)
	}
}

func BenchmarkDiff(b *testing.B) {
	raw := designtest.File(designtest.Product)
	was, err := design.Read(bytes.NewReader(raw))
	if err != nil {
		b.Fatal(err)
	}
	now, err := design.Read(bytes.NewReader(bytes.ReplaceAll(raw, []byte(`"itemSpacing":8`), []byte(`"itemSpacing":9`))))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		design.Diff(was, now, 100)
	}
}
