package figma

import (
	"fmt"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

// TestSessionOfFiftyCalls is what an agent does in an afternoon: five files, 50
// calls, most of them about other nodes than before. It holds how many requests
// of Figma's scarcest kind that may cost.
func TestSessionOfFiftyCalls(t *testing.T) {
	g := newRig(t)
	files := []string{tidal, kit, board}
	for i, size := range []designtest.Kind{designtest.Screen, designtest.Dashboard} {
		key := fmt.Sprintf("Session%015d", i)
		if err := g.AddFigmaFile(key, designtest.File(size)); err != nil {
			t.Fatal(err)
		}
		files = append(files, key)
	}
	calls := 0
	call := func(tool, args string) {
		t.Helper()
		calls++
		g.must(t, tool, args)
	}
	for _, file := range files {
		layers := decoded[getFileResult](t, g.must(t, "figma_get_file", fmt.Sprintf(`{"file":%q,"depth":3}`, file))).Layers
		calls++
		for i := range 4 {
			call("figma_get_node", fmt.Sprintf(`{"file":%q,"node_ids":[%q]}`, file, layers[1+i%(len(layers)-1)].ID))
		}
		call("figma_get_comments", fmt.Sprintf(`{"file":%q}`, file))
		call("figma_get_components", fmt.Sprintf(`{"file":%q}`, file))
		call("figma_list_versions", fmt.Sprintf(`{"file":%q}`, file))
		call("figma_get_file", fmt.Sprintf(`{"file":%q,"depth":1}`, file))
	}
	first := decoded[getFileResult](t, g.must(t, "figma_get_file", fmt.Sprintf(`{"file":%q}`, tidal))).Layers
	calls++
	for range 3 {
		call("figma_export_images", fmt.Sprintf(`{"file":%q,"node_ids":[%q,%q]}`, tidal, first[1].ID, first[2].ID))
	}
	call("figma_export_images", fmt.Sprintf(`{"file":%q,"node_ids":[%q]}`, files[4], nodeOf(t, g, files[4], topName(t, g, files[4]))))
	if calls != 50 {
		t.Fatalf("the session has %d calls, want 50", calls)
	}
	if n := g.watch.Count(1); n > 8 {
		t.Errorf("50 calls on 5 files took %d requests of tier 1, want at most 8", n)
	} else {
		t.Logf("50 calls on 5 files: %d requests of tier 1, %d of tier 2, %d of tier 3", n, g.watch.Count(2), g.watch.Count(3))
	}
}

// topName is the name of the first frame of a file.
func topName(t *testing.T, g *rig, file string) string {
	t.Helper()
	for _, l := range decoded[getFileResult](t, g.must(t, "figma_get_file", fmt.Sprintf(`{"file":%q}`, file))).Layers {
		if l.Level == 2 {
			return l.Name
		}
	}
	t.Fatalf("%s has no frames", file)
	return ""
}
