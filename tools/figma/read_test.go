package figma

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
)

// nodeOf is the id of the first layer of a name in tidal.
func nodeOf(t *testing.T, g *rig, file, name string) string {
	t.Helper()
	r := decoded[getFileResult](t, g.must(t, "figma_get_file", fmt.Sprintf(`{"file":%q,"depth":8,"limit":2000}`, file)))
	for _, l := range r.Layers {
		if l.Name == name {
			return l.ID
		}
	}
	t.Fatalf("%s has no layer %q", file, name)
	return ""
}

func TestGetFile(t *testing.T) {
	g := newRig(t)
	a := g.must(t, "figma_get_file", `{"file":"https://www.figma.com/design/`+tidal+`/x"}`)
	r := decoded[getFileResult](t, a)
	if r.Key != tidal || r.Version == "" || len(r.Layers) < 5 || r.Layers[0].Level != 1 || r.Layers[1].Level != 2 || r.Stale {
		t.Errorf("got %+v, want pages and frames", r)
	}
	if want := fmt.Sprintf("  %s FRAME %q (", r.Layers[1].ID, r.Layers[1].Name); !strings.Contains(a.Text, want) || strings.Contains(a.Text, "stale") {
		t.Errorf("got\n%s\nwant a line that begins %q", a.Text, want)
	}
	few := decoded[getFileResult](t, g.must(t, "figma_get_file", `{"file":"`+tidal+`","depth":8,"limit":20}`))
	if len(few.Layers) > 20 || !few.More {
		t.Errorf("got %d layers, more=%v, want at most 20 and more", len(few.Layers), few.More)
	}
	inside := decoded[getFileResult](t, g.must(t, "figma_get_file", fmt.Sprintf(`{"file":"https://www.figma.com/design/%s/x?node-id=%s"}`, tidal, strings.ReplaceAll(r.Layers[1].ID, ":", "-"))))
	if len(inside.Layers) == 0 || inside.Layers[0].Type == "CANVAS" {
		t.Errorf("got %+v, want what is in the node", inside.Layers)
	}
	if n := g.watch.Count(1); n != 1 {
		t.Errorf("three calls took %d requests of tier 1, want one", n)
	}
}

func TestGetNode(t *testing.T) {
	g := newRig(t)
	id := nodeOf(t, g, tidal, "Timing sheet")
	a := g.must(t, "figma_get_node", `{"file":"`+tidal+`","node_ids":["`+id+`","99:99"]}`)
	for _, want := range []string{`file "`, "version=", "not in the file: 99:99", "Opener", "Timing sheet"} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("got\n%s\nwhich lacks %q", a.Text, want)
		}
	}
	if a.Structured != nil {
		t.Errorf("the text is sent twice: %s", a.Structured)
	}
	whole := g.must(t, "figma_get_node", `{"file":"`+tidal+`","budget":1000}`)
	if !strings.Contains(whole.Text, "cut for the budget") || len(whole.Text) > 3000 {
		t.Errorf("got %d characters, want about 1000 and what was cut:\n%s", len(whole.Text), whole.Text)
	}
	if f := g.call(t, "figma_get_node", `{"file":"`+tidal+`","node_ids":["99:99"]}`).Failure; f == nil || f.Code != "unknown_node" {
		t.Errorf("got %+v, want unknown_node", f)
	}
	if n := g.watch.Count(1); n != 1 {
		t.Errorf("all of it took %d requests of tier 1, want one", n)
	}
}

func TestResources(t *testing.T) {
	g := newRig(t)
	id := nodeOf(t, g, tidal, "Timing sheet")
	for i, want := range []string{"(figma), changed", "Opener"} {
		text, err := g.set.Templates[i].Read(t.Context(), map[string]string{"key": tidal, "id": id})
		if err != nil || !strings.Contains(text, want) {
			t.Errorf("%s: got %q, %v, want %q in it", g.set.Templates[i].URITemplate, text, err, want)
		}
	}
	if _, err := g.set.Templates[0].Read(t.Context(), map[string]string{"key": "../me"}); err == nil {
		t.Error("a path is a key")
	}
}

func TestVersions(t *testing.T) {
	g := newRig(t)
	all := decoded[listVersionsResult](t, g.must(t, "figma_list_versions", `{"file":"`+tidal+`","limit":2}`))
	if len(all.Versions) != 2 || all.NextCursor == "" || all.Versions[0].By == "" {
		t.Fatalf("got %+v, want two versions and a cursor", all)
	}
	older := decoded[listVersionsResult](t, g.must(t, "figma_list_versions", `{"file":"`+tidal+`","limit":50,"cursor":"`+all.NextCursor+`"}`))
	if len(older.Versions) == 0 || older.Versions[0].ID >= all.Versions[1].ID {
		t.Errorf("got %+v, want the older ones", older)
	}
	from := older.Versions[len(older.Versions)-1].ID
	a := g.must(t, "figma_list_versions", `{"file":"`+tidal+`","from":"`+from+`"}`)
	r := decoded[listVersionsResult](t, a)
	if r.Changes == nil || r.Changes.Changed == 0 || !strings.Contains(a.Text, "changed ") || !strings.Contains(a.Text, `: text "`) || !strings.Contains(a.Text, `" to "384 counts"`) {
		t.Errorf("got %s, want texts that have changed since %s", a.Text, from)
	}
	if !strings.Contains(a.Text, "from version "+from+" to ") {
		t.Errorf("got %s, want which versions were compared", a.Text)
	}
	swapped := decoded[listVersionsResult](t, g.must(t, "figma_list_versions", `{"file":"`+tidal+`","from":"`+all.Versions[0].ID+`","to":"`+from+`"}`))
	if swapped.Changes.From != from {
		t.Errorf("the newer one first: got from %s to %s, want the older one as from", swapped.Changes.From, swapped.Changes.To)
	}
	if f := g.call(t, "figma_list_versions", `{"file":"`+tidal+`","from":"123"}`).Failure; f == nil || f.Code != "unknown_version" {
		t.Errorf("got %+v, want unknown_version", f)
	}
	old := g.must(t, "figma_get_node", `{"file":"`+tidal+`","version":"`+from+`"}`)
	if !strings.Contains(old.Text, "version="+from) {
		t.Errorf("got %.200s, want that version", old.Text)
	}
	named := decoded[listVersionsResult](t, g.must(t, "figma_list_versions", `{"file":"`+tidal+`","named":true,"limit":3}`))
	if len(named.Versions) != 3 || named.Versions[2].Label == "" || named.NextCursor != named.Versions[2].ID || named.Searched < 3 {
		t.Errorf("got %+v, want three with names, and a cursor behind them", named)
	}
	for _, args := range []string{`{"file":"` + tidal + `","to":"5"}`, `{"file":"` + tidal + `","from":"x/../y"}`, `{"file":"` + tidal + `","cursor":"x"}`} {
		if f := g.call(t, "figma_list_versions", args).Failure; f == nil || f.Code != "bad_argument" {
			t.Errorf("%s: got %+v, want bad_argument", args, f)
		}
	}
}

func TestWhileTheLimitIsReached(t *testing.T) {
	g := newRig(t)
	id := nodeOf(t, g, tidal, "Timing sheet")
	g.FailWith("figma", sandbox.Failure{Times: 1000, Status: 429, RetryAfter: 396749})
	g.EditFigma(tidal, false)
	g.ahead += time.Minute
	for tool, args := range map[string]string{
		"figma_get_file": `{"file":"` + tidal + `"}`, "figma_get_node": `{"file":"` + tidal + `","node_ids":["` + id + `"]}`,
	} {
		if a := g.must(t, tool, args); !strings.Contains(a.Text, "stale: true") {
			t.Errorf("%s: got\n%.300s\nwant it marked as stale", tool, a.Text)
		}
	}
	f := g.call(t, "figma_get_node", `{"file":"`+kit+`"}`).Failure
	if f == nil || f.Code != "figma_rate_limited" || f.RetryAfter < 396_000 || f.Details["plan_tier"] != "pro" || f.Details["limit_type"] == "" {
		t.Errorf("a file that was never read: got %+v, want the limit with all that Figma says", f)
	}
}

// TestBadDays calls each reading tool while Figma fails.
func TestBadDays(t *testing.T) {
	const key = "AbCdEf0123456789"
	for _, c := range []struct {
		name, want string
		answer     http.HandlerFunc
	}{
		{"a file nobody knows", "unknown_file", say(404, `{"status":404,"err":"Not found"}`)},
		{"a file that is not shared", "figma_forbidden", say(403, `{"status":403,"err":"secret words"}`)},
		{"a token that has expired", "figma_token_refused", say(403, `{"status":403,"err":"Token expired"}`)},
		{"an answer that is no JSON", "figma_unreadable", say(200, `<html>`)},
		{"an answer that is other JSON", "figma_unreadable", say(200, `[1]`)},
		{"nothing at all", "figma_unreadable", say(200, ``)},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := serve(t, c.answer)
			for tool, args := range map[string]string{
				"figma_get_file": `{"file":"` + key + `"}`, "figma_get_node": `{"file":"` + key + `","node_ids":["1:2"]}`,
				"figma_export_images": `{"file":"` + key + `","node_ids":["1:2"]}`, "figma_list_versions": `{"file":"` + key + `"}`,
			} {
				f := g.call(t, tool, args).Failure
				if f == nil || f.Code != c.want || !strings.HasSuffix(f.Hint, ".") {
					t.Errorf("%s: got %+v, want %s with a hint", tool, f, c.want)
				}
				if f != nil && strings.Contains(f.JSON(), "secret words") {
					t.Errorf("%s: got %s, which quotes Figma", tool, f.JSON())
				}
			}
		})
	}
}

func say(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// TestArgumentsThatNameNothing holds every tool's file argument.
func TestArgumentsThatNameNothing(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, tool := range g.tools {
		if _, takes := argumentsOf(t, tool)["file"]; !takes {
			continue
		}
		for _, file := range []string{"../me", "AbCdEf0123456789/../../me", "https://www.figma.com/@someone", "", "%2e%2e%2fme"} {
			args := fmt.Sprintf(`{"file":%q,"text":"x"}`, file)
			if tool.Spec.Name != "figma_post_comment" {
				args = fmt.Sprintf(`{"file":%q}`, file)
			}
			if f := g.call(t, tool.Spec.Name, args).Failure; f == nil || f.Code != "bad_argument" {
				t.Errorf("%s %s: got %+v, want bad_argument", tool.Spec.Name, args, f)
			}
		}
	}
}

func argumentsOf(t *testing.T, tool tools.Tool) map[string]any {
	t.Helper()
	return decoded[struct{ Properties map[string]any }](t, tools.Answer{Structured: tool.InputSchema}).Properties
}
