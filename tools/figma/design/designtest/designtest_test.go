package designtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

var spec = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../../../examples/sandbox/testdata/figma/openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "https://api.figma.com"}}
	return gorillamux.NewRouter(doc)
})

// check holds an answer to Figma's OpenAPI.
func check(t *testing.T, path string, answer []byte) {
	t.Helper()
	router, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodGet, "https://api.figma.com"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	route, params, err := router.FindRoute(r)
	if err != nil {
		t.Fatal(err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(answer)), Options: options}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		t.Errorf("answer of %s (%d bytes) is not of the specification: %.600v", path, len(answer), err)
	}
}

// TestFilesAreOfTheSpecification checks whole small files, and one of each of
// the parts that large ones consist of: holding megabytes to the specification
// takes minutes.
func TestFilesAreOfTheSpecification(t *testing.T) {
	check(t, "/v1/files/abc", File(Screen))
	check(t, "/v1/files/abc", File(Dashboard))
	for name, draw := range map[string]func(*pen) *node{
		"app": func(p *pen) *node { return p.appScreen(1, 2) }, "landing": func(p *pen) *node { return p.landing(1) }, "drawing": func(p *pen) *node { return p.drawn(1) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPen(3)
			p.screens(1, func(int) *node { return draw(p) })
			check(t, "/v1/files/abc", p.file())
		})
	}
	p := newPen(4)
	p.page("Components", p.library)
	check(t, "/v1/files/abc", p.file())
}

func TestFilesHaveTheirSizeAndAreTheSameEachTime(t *testing.T) {
	for _, k := range []Kind{Screen, Dashboard, Product, Illustration} {
		raw := File(k)
		if !json.Valid(raw) {
			t.Errorf("%s is no JSON", k)
		}
		if got, want := len(raw), k.size(); got < want || got > want+want/4 {
			t.Errorf("%s has %d bytes, want about %d", k, got, want)
		}
		if !bytes.Equal(raw, File(k)) {
			t.Errorf("%s is another file the second time", k)
		}
	}
}

func TestAnswersAboutNodesAreOfTheSpecification(t *testing.T) {
	raw := Nodes(Screen)
	var answer struct {
		Nodes map[string]json.RawMessage `json:"nodes"`
	}
	if err := json.Unmarshal(raw, &answer); err != nil || string(answer.Nodes["404:404"]) != "null" {
		t.Fatalf("got %.200s, %v, want a null among the nodes", raw, err)
	}
	// The specification forgets that nodes may be null, which its text says.
	check(t, "/v1/files/abc/nodes?ids=0:1", bytes.Replace(raw, []byte(`,"404:404":null`), nil, 1))
}
