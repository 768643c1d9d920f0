package figma

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools"
)

func TestExportImages(t *testing.T) {
	g := newRig(t)
	id := nodeOf(t, g, tidal, "Timing sheet")
	a := g.must(t, "figma_export_images", fmt.Sprintf(`{"file":%q,"node_ids":[%q,"99:99"],"scale":0.5}`, tidal, id))
	r := decoded[exportImagesResult](t, a)
	if len(r.Images) != 2 || !r.Images[0].Shown || r.Images[0].Name != "Timing sheet" || r.Images[0].Expires == "" {
		t.Fatalf("got %+v, want the picture along", r.Images)
	}
	if r.Images[1].URL != "" || r.Images[1].Problem != "the file has no such node" {
		t.Errorf("got %+v of a node that is not there, want its problem", r.Images[1])
	}
	if len(a.Content) != 1 || a.Content[0].Kind != tools.ImageContent || a.Content[0].MIMEType != "image/png" {
		t.Fatalf("got %d parts, want one image", len(a.Content))
	}
	if _, err := png.Decode(bytes.NewReader(a.Content[0].Data)); err != nil {
		t.Errorf("the picture cannot be read: %v", err)
	}
	if strings.Contains(string(a.Structured), "data") || !strings.Contains(a.Text, "until ") {
		t.Errorf("got %s\n%s, want links with their end and no data", a.Structured, a.Text)
	}
}

func TestExportFormats(t *testing.T) {
	g := newRig(t)
	id := nodeOf(t, g, tidal, "Timing sheet")
	for _, c := range []struct {
		name, args string
		kind       tools.ContentKind
		shown      bool
	}{
		{"SVG comes as text", `"node_ids":[%q],"format":"svg"`, tools.ResourceContent, true},
		{"JPG comes as an image", `"node_ids":[%q],"format":"jpg"`, tools.ImageContent, true},
		{"PDF is a link", `"node_ids":[%q],"format":"pdf"`, tools.LinkContent, false},
		{"links only", `"node_ids":[%q],"links_only":true`, tools.LinkContent, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := g.must(t, "figma_export_images", fmt.Sprintf(`{"file":%q,`+c.args+`}`, tidal, id))
			r := decoded[exportImagesResult](t, a)
			if len(a.Content) != 1 || a.Content[0].Kind != c.kind || r.Images[0].Shown != c.shown {
				t.Errorf("got %d parts %+v, want one of kind %d", len(a.Content), r.Images, c.kind)
			}
		})
	}
}

func TestExportUploadedImages(t *testing.T) {
	g := newRig(t)
	a := g.must(t, "figma_get_node", `{"file":"`+tidal+`","budget":1000000}`)
	found := regexp.MustCompile(`img\(([0-9][0-9a-z]+)\)`).FindStringSubmatch(a.Text)
	if found == nil {
		t.Fatalf("the text names no image:\n%s", a.Text)
	}
	ref := found[1]
	r := decoded[exportImagesResult](t, g.must(t, "figma_export_images", fmt.Sprintf(`{"file":%q,"image_refs":[%q,"0000000000000000"]}`, tidal, ref)))
	if len(r.Images) != 2 || !r.Images[0].Shown || r.Images[1].Problem == "" {
		t.Errorf("got %+v, want the image, and no other", r.Images)
	}
}

func TestExportArguments(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
	for _, args := range []string{
		`{"file":"AbCdEf0123456789"}`, `{"file":"AbCdEf0123456789","node_ids":["1:2"],"format":"gif"}`, `{"file":"AbCdEf0123456789","node_ids":["1:2"],"scale":5}`,
		`{"file":"AbCdEf0123456789","image_refs":["../x"]}`, `{"file":"AbCdEf0123456789","node_ids":["` + manyIDs(101) + `"]}`,
	} {
		if f := g.call(t, "figma_export_images", args).Failure; f == nil || f.Code != "bad_argument" || f.Hint == "" {
			t.Errorf("%.80s: got %+v, want bad_argument", args, f)
		}
	}
}

func manyIDs(n int) string {
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint(i, ":1"))
	}
	return strings.Join(ids, ",")
}

// TestExportNarrowsByItself checks that too many nodes at once are asked for in
// halves, and that a picture that cannot be fetched is no failure.
func TestExportNarrowsByItself(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/meta"):
			fmt.Fprint(w, `{"file":{"name":"Site","last_touched_at":"2026-11-01T10:00:00Z","creator":{"id":"1","handle":"a"},"editorType":"figma","version":"1"}}`)
		case !strings.HasPrefix(r.URL.Path, "/v1/images/"):
			http.NotFound(w, r)
		case strings.Count(r.FormValue("ids"), ",") > 1:
			say(400, `{"status":400,"err":"Request too large. If applicable, filter by query params."}`)(w, r)
		default:
			var list []string
			for id := range strings.SplitSeq(r.FormValue("ids"), ",") {
				list = append(list, fmt.Sprintf(`%q:"http://%s/gone/%s.png"`, id, r.Host, id))
			}
			fmt.Fprintf(w, `{"err":null,"images":{%s}}`, strings.Join(list, ","))
		}
	})
	r := decoded[exportImagesResult](t, g.must(t, "figma_export_images", `{"file":"AbCdEf0123456789","node_ids":["`+manyIDs(8)+`"]}`))
	if len(r.Images) != 8 {
		t.Fatalf("got %d pictures, want 8", len(r.Images))
	}
	for _, i := range r.Images {
		if i.URL == "" || i.Shown || i.Problem == "" {
			t.Errorf("got %+v, want a link and why it is not along", i)
		}
	}
}
