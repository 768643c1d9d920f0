package figma

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/figmatest"
)

// componentNames of an answer.
func componentNames(r getComponentsResult) (names []string) {
	for _, c := range r.Components {
		names = append(names, c.Name)
	}
	return names
}

func TestGetComponents(t *testing.T) {
	for _, c := range []struct {
		name, args string
		want       []string
		asked      int // requests
		note       string
	}{
		{"what a file publishes", `"file":"` + kit + `"`, []string{"Button", "Card", "Tag"}, 2, ""},
		{"by its link", `"file":"https://www.figma.com/design/` + kit + `/Kit?node-id=1-2"`, []string{"Button", "Card", "Tag"}, 2, ""},
		{"by a name", `"file":"` + kit + `","query":"CARD"`, []string{"Button", "Card"}, 2, ""}, // a button is for cards
		{"by a description", `"file":"` + kit + `","query":"in one word"`, []string{"Tag"}, 2, ""},
		{"by a variant", `"file":"` + kit + `","query":"size=l"`, []string{"Button"}, 2, ""},
		{"by a name that nothing has", `"file":"` + kit + `","query":"zebra"`, nil, 2, "No published component matched"},
		{"a file that publishes none says where local ones are", `"file":"` + tidal + `"`, nil, 2, "figma_get_node"},
		{"what a team publishes", `"team":"` + team + `"`, []string{"Button", "Card", "Tag"}, 2, ""},
		{"a team by its page", `"team":"https://www.figma.com/files/team/` + team + `/Flux","query":"tag"`, []string{"Tag"}, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t)
			a := g.must(t, "figma_get_components", `{`+c.args+`}`)
			r := decoded[getComponentsResult](t, a)
			if !slices.Equal(componentNames(r), c.want) || r.NextCursor != "" || r.Components == nil {
				t.Errorf("got %+v, want %v", r, c.want)
			}
			if n := len(g.watch.Calls()); n != c.asked || g.watch.Count(3) != n {
				t.Errorf("got %d requests, %d of tier 3, want %d", n, g.watch.Count(3), c.asked)
			}
			if (r.Note == "") != (c.note == "") || !strings.Contains(r.Note, c.note) || !strings.Contains(a.Text, r.Note) {
				t.Errorf("got note %q, want %q", r.Note, c.note)
			}
		})
	}
}

func TestComponentsInWords(t *testing.T) {
	g := newRig(t)
	a := g.must(t, "figma_get_components", `{"file":"`+kit+`","limit":2}`)
	r := decoded[getComponentsResult](t, a)
	b, card := r.Components[0], r.Components[1]
	v := b.Variants
	want := fmt.Sprintf(`set %s "Button" key=%s updated=%s on page "Components"
  says "The action of a card or a dialog. One primary button a view."
  "Variant": "Primary" "Secondary"
  "Size": "M" "L"
  variant %s "Variant=Primary, Size=M" key=%s
  variant %s "Variant=Primary, Size=L" key=%s
  variant %s "Variant=Secondary, Size=M" key=%s
  variant %s "Variant=Secondary, Size=L" key=%s
component %s "Card" key=%s updated=%s on page "Components"
  says "Something that can be opened."
(2 sets and single components; more: cursor=.2)`, b.NodeID, b.Key, b.UpdatedAt, v[0].NodeID, v[0].Key, v[1].NodeID, v[1].Key, v[2].NodeID, v[2].Key, v[3].NodeID, v[3].Key,
		card.NodeID, card.Key, card.UpdatedAt)
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	rest := decoded[getComponentsResult](t, g.must(t, "figma_get_components", `{"file":"`+kit+`","limit":2,"cursor":".2"}`))
	if !slices.Equal(componentNames(rest), []string{"Tag"}) || rest.NextCursor != "" {
		t.Errorf("got %+v, want the last one", rest)
	}
	if text := g.must(t, "figma_get_components", `{"team":"`+team+`"}`).Text; strings.Count(text, "file="+kit) != 3 {
		t.Errorf("got\n%s\nwant the file of each: a team has several", text)
	}
}

// published is a Figma whose team has so many components; every tenth is one of
// a set of ten variants.
func publishedBy(components int) http.HandlerFunc {
	at := `"file_key":"K1","description":"","created_at":"2026-11-01T10:00:00Z","updated_at":"2026-11-01T10:00:00Z","user":{"id":"1","handle":"X","img_url":""}`
	return func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.FormValue("page_size"))
		after, _ := strconv.Atoi(r.FormValue("after"))
		kind := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		var rows []json.RawMessage
		all := components
		if kind == "component_sets" {
			all = components / 20
		}
		for i := after; i < min(after+size, all); i++ {
			switch {
			case kind == "component_sets":
				rows = append(rows, json.RawMessage(fmt.Sprintf(`{"key":"s%d","node_id":"2:%d","name":"Set %05d",%s}`, i, i, i, at)))
			case i%20 < 10:
				rows = append(rows, json.RawMessage(fmt.Sprintf(`{"key":"c%d","node_id":"1:%d","name":"Size=%d",%s,"containing_frame":{"pageId":"0:1","pageName":"P","containingComponentSet":{"nodeId":"2:%d","name":"Set %05d"}}}`, i, i, i%20, at, i/20, i/20)))
			default:
				rows = append(rows, json.RawMessage(fmt.Sprintf(`{"key":"c%d","node_id":"1:%d","name":"Single %05d",%s}`, i, i, i, at)))
			}
		}
		meta := map[string]any{kind: append([]json.RawMessage{}, rows...)}
		if after+size < all {
			meta["cursor"] = map[string]any{"after": after + size}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": 200, "error": false, "meta": meta})
	}
}

func TestALargeTeamIsReadInParts(t *testing.T) {
	srv := httptest.NewServer(publishedBy(4000))
	t.Cleanup(srv.Close)
	g := &rig{}
	client := figmatest.Client(t, srv.URL, "figd_1")
	g.watch = figmatest.Watching(client)
	g.use(srv.URL, client)
	seen, variants, cursor := map[string]bool{}, 0, ""
	for range 50 {
		g.watch.Reset()
		r := decoded[getComponentsResult](t, g.must(t, "figma_get_components", fmt.Sprintf(`{"team":"7","limit":200,"cursor":%q}`, cursor)))
		if n := len(g.watch.Calls()); n > libraryPages+setPages {
			t.Errorf("got %d requests, want at most %d", n, libraryPages+setPages)
		}
		for _, c := range r.Components {
			if seen[c.NodeID] {
				t.Errorf("%s %s came twice", c.Kind, c.NodeID)
			}
			seen[c.NodeID] = true
			variants += len(c.Variants)
			if c.Kind == "set" && (c.VariantCount != 10 || c.Key == "" || c.Properties[0].Name != "Size" || len(c.Properties[0].Values) != 10) {
				t.Errorf("got set %+v, want its ten variants", c)
			}
		}
		if cursor = r.NextCursor; cursor == "" {
			break
		}
	}
	if len(seen) != 200+2000 || variants != 2000 {
		t.Errorf("got %d sets and components with %d variants, want 2200 with 2000", len(seen), variants)
	}
	// What is far behind is looked for in parts too.
	r := decoded[getComponentsResult](t, g.must(t, "figma_get_components", `{"team":"7","query":"single 03999"}`))
	if len(r.Components) != 0 || r.NextCursor == "" || !strings.Contains(r.Note, "so far") {
		t.Errorf("got %+v, want that there is more to look through", r)
	}
	r = decoded[getComponentsResult](t, g.must(t, "figma_get_components", fmt.Sprintf(`{"team":"7","query":"single 03999","cursor":%q}`, r.NextCursor)))
	if !slices.Equal(componentNames(r), []string{"Single 03999"}) {
		t.Errorf("got %+v, want it", r)
	}
}

func TestVariantsOfManyAndOfUnknownSets(t *testing.T) {
	const frame = `"containing_frame":{"pageName":"P","containingComponentSet":{"nodeId":"2:1","name":"Lost \"set\""}}`
	g := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "component_sets") {
			fmt.Fprint(w, `{"meta":{"component_sets":[]}}`)
			return
		}
		rows := make([]string, 60)
		for i := range rows {
			rows[i] = fmt.Sprintf(`{"key":"k%d","node_id":"1:%d","name":"Step = %d, no property",%s}`, i, i, i, frame)
		}
		fmt.Fprintf(w, `{"meta":{"components":[%s]}}`, strings.Join(rows, ","))
	})
	a := g.must(t, "figma_get_components", `{"file":"AbCdEf0123456789","query":"step = 59"}`)
	r := decoded[getComponentsResult](t, a)
	if len(r.Components) != 1 {
		t.Fatalf("got %+v, want a set", r)
	}
	c := r.Components[0]
	if c.Kind != "set" || c.NodeID != "2:1" || len(c.Variants) != 50 || c.VariantCount != 60 || len(c.Properties) != 1 || len(c.Properties[0].Values) != 60 {
		t.Errorf("got %+v, want 50 of 60 variants of a set that is known by its variants", c)
	}
	if !strings.Contains(a.Text, "and 10 more variants") || !strings.Contains(a.Text, `"Lost \"set\""`) {
		t.Errorf("got\n%s", a.Text)
	}
}

func TestComponentArgumentsThatAreWrong(t *testing.T) {
	g := serve(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, args := range []string{
		`{}`, `{"file":"AbCdEf0123456789","team":"7"}`, `{"file":"../me"}`, `{"team":"Flux"}`,
		`{"file":"AbCdEf0123456789","cursor":"x"}`, `{"file":"AbCdEf0123456789","cursor":"x.1"}`, `{"file":"AbCdEf0123456789","cursor":"1.-1"}`,
	} {
		if a := g.call(t, "figma_get_components", args); a.Failure == nil || a.Failure.Code != "bad_argument" || a.Failure.Hint == "" {
			t.Errorf("%s: got %+v, want bad_argument", args, a.Failure)
		}
	}
}
