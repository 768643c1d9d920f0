package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// mine is a file of a test: two pages, a frame with a button on the first one.
const mine = `{"name":"Mine","document":{"id":"0:0","type":"DOCUMENT","name":"D","children":[
	{"id":"0:1","type":"CANVAS","name":"P","children":[{"id":"1:2","type":"FRAME","name":"F","absoluteBoundingBox":{"x":0,"y":0,"width":10,"height":10},"children":[
		{"id":"1:3","type":"FRAME","name":"G","absoluteBoundingBox":{"x":0,"y":0,"width":5,"height":5},"children":[]}]}]},
	{"id":"0:2","type":"CANVAS","name":"Q","children":[]}]},"components":{},"styles":{}}`

func TestFigmaFilesThatAreTooLarge(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	if err := s.AddFigmaFile("Mine", []byte(mine)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want int // status while it is too large
	}{
		{"/v1/files/Mine", 400},
		{"/v1/files/Mine?geometry=paths", 400},
		{"/v1/files/Mine?depth=3", 400},
		{"/v1/files/Mine?depth=2", 200},
		{"/v1/files/Mine?depth=1", 200},
		{"/v1/files/Mine?ids=1:2", 200},
		{"/v1/files/Mine/nodes?ids=0:1", 200},
		{"/v1/files/Mine/meta", 200},
		{"/v1/files/" + tidal, 200},
	} {
		for _, on := range []bool{true, false} {
			if !s.FigmaTooLarge("Mine", on) {
				t.Error("there is no such file, want it changed")
			}
			want := 200
			if on {
				want = c.want
			}
			status, body, _ := send(t, "GET", base+"/figma"+c.path, http.Header{"X-Figma-Token": {caleb}}, "")
			if status != want || status == 400 && body["err"] != "Request too large. If applicable, filter by query params." {
				t.Errorf("GET %s, too large: %t: %d %v, want %d", c.path, on, status, body["err"], want)
			}
		}
	}
}

func TestFigmaPicturesThatFail(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	if err := s.AddFigmaFile("Mine", []byte(mine)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		fails []string
		want  string
	}{
		{"one of two", []string{"1:3"}, "true false"},
		{"the other", []string{"1:2"}, "false true"},
		{"none", nil, "true true"},
	} {
		s.FigmaUnrendered("Mine", c.fails...)
		got := figma(t, base, "/v1/images/Mine?ids=1:2,1:3")
		if shown := fmt.Sprint(dig(got, "images", "1:2") != nil, dig(got, "images", "1:3") != nil); shown != c.want || len(dig(got, "images").(map[string]any)) != 2 {
			t.Errorf("%s fails: pictures %s in %v, want %s", c.name, shown, got, c.want)
		}
	}
}

func TestFigmaPlansHaveTheirOwnLimits(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	if !s.FigmaPlan(kit, "starter", "low") || s.FigmaPlan("nothing", "starter", "low") {
		t.Error("a plan is that of a file, want no other taken")
	}
	s.FailWith(sandbox.Figma, sandbox.Failure{What: "tier 1 file " + kit, Times: 1, Status: 429, RetryAfter: 396749})
	s.Fail(sandbox.Figma, "file "+tidal, 1, 429)
	for _, c := range []struct {
		path             string
		want             int
		plan, seat, wait string
	}{
		{"/v1/files/" + board, 200, "", "", ""},
		{"/v1/files/" + kit + "/meta", 200, "", "", ""},
		{"/v1/files/" + kit + "/nodes?ids=0:1", 429, "starter", "low", "396749"},
		{"/v1/files/" + kit, 200, "", "", ""},
		{"/v1/files/" + tidal + "/comments", 429, "pro", "high", "30"},
	} {
		status, _, head := send(t, "GET", base+"/figma"+c.path, http.Header{"X-Figma-Token": {caleb}}, "")
		if plan, seat, wait := head.Get("X-Figma-Plan-Tier"), head.Get("X-Figma-Rate-Limit-Type"), head.Get("Retry-After"); status != c.want || plan != c.plan || seat != c.seat || wait != c.wait {
			t.Errorf("GET %s: %d of plan %q, seat %q, after %q; want %d, %q, %q, %q", c.path, status, plan, seat, wait, c.want, c.plan, c.seat, c.wait)
		}
	}
	if n := s.Count(sandbox.Figma, "file "+kit); n != 3 {
		t.Errorf("counted %d requests of a file, want 3", n)
	}
}

// TestFigmaSendsLargeFilesAsTheyAre: what a test gave is not written anew for
// each request, so that the stand-in's own time says nothing of a client's.
func TestFigmaSendsLargeFilesAsTheyAre(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	node := `{"type":"RECTANGLE","id":"1:%d","name":"R","visible":true},`
	var pages strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&pages, node, i)
	}
	document := `{"type":"DOCUMENT","name":"D","id":"0:0","children":[{"type":"CANVAS","name":"P","id":"0:1","children":[` + strings.TrimSuffix(pages.String(), ",") + `]}]}`
	for _, c := range []struct {
		name, document string
		same           bool
	}{
		{"members are in the order that they were given", document, true},
		{"outlines are not sent unasked", strings.Replace(document, `"visible":true`, `"fillGeometry":[]`, 1), false},
	} {
		if err := s.AddFigmaFile("Large", []byte(`{"name":"Large","components":{},"styles":{},"document":`+c.document+`}`)); err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", base+"/figma/v1/files/Large", nil)
		r.Header.Set("X-Figma-Token", caleb)
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if got := strings.Contains(w.Body.String(), c.document); got != c.same || strings.Contains(w.Body.String(), "fillGeometry") {
			t.Errorf("%s: the same text: %t, want %t", c.name, got, c.same)
		}
	}
	if err := s.AddFigmaFile("Large", []byte(`{"name":"Large","document":`+document+`}`)); err != nil {
		t.Fatal(err)
	}
	if nodes, _ := count(figma(t, base, "/v1/files/Large?depth=1")["document"]); nodes != 2 {
		t.Errorf("to depth 1 it has %d nodes, want the document and its page", nodes)
	}
}
