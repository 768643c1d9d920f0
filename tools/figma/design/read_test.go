package design_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

// wrap is a file with a page that has nodes.
func wrap(nodes ...string) string {
	return `{"name":"F","version":"1","document":{"id":"0:0","type":"DOCUMENT","name":"Document","children":[{"id":"0:1","type":"CANVAS","name":"Page","children":[` +
		strings.Join(nodes, ",") + `]}]},"components":{},"styles":{}}`
}

func read(tb testing.TB, raw string) *design.File {
	tb.Helper()
	f, err := design.Read(strings.NewReader(raw))
	if err != nil {
		tb.Fatalf("%.200s: %v", raw, err)
	}
	return f
}

func TestReadTolerates(t *testing.T) {
	for name, node := range map[string]string{
		"missing members":          `{"id":"1:1"}`,
		"unknown type and members": `{"id":"1:1","type":"HOLOGRAM","name":"x","depthOfField":{"a":[1,{"b":null}]}}`,
		"null for everything":      `{"id":"1:1","type":null,"name":null,"children":null,"fills":null,"style":null,"absoluteBoundingBox":null,"constraints":null,"opacity":null,"boundVariables":null}`,
		"members of other types":   `{"id":"1:1","type":5,"name":[],"children":{},"fills":"red","strokes":7,"effects":true,"style":[1],"absoluteBoundingBox":"x","opacity":"half","characters":{},"componentProperties":[]}`,
		"sizes that are no number": `{"id":"1:1","absoluteBoundingBox":{"x":"NaN","y":null,"width":1e999,"height":-1e999},"rotation":"NaN"}`,
		"a box with spaces":        `{"id":"1:1","absoluteBoundingBox":{ "x" : 1 , "y" : 2, "width" : 3, "height" : 4 }}`,
		"children that are null":   `{"id":"1:1","type":"FRAME","children":[null,5,"x",[],{"id":"1:2"}]}`,
		"escapes in names":         `{"id":"1:1","name":"a\u0041\n\ud800\"","type":"FRAME"}`,
		"paints of other forms":    `{"id":"1:1","type":"RECTANGLE","fills":[{"type":"SOLID"},{"type":"IMAGE"},{"type":"GRADIENT_LINEAR"},{"type":"GRADIENT_RADIAL","gradientHandlePositions":[{"x":0,"y":0},{"x":0,"y":0}]},{}]}`,
		"a text without style":     `{"id":"1:1","type":"TEXT","characters":"x","characterStyleOverrides":[1,9,1],"styleOverrideTable":{"1":null}}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := read(t, wrap(node))
			if f.Node("1:1") == nil {
				t.Errorf("%s: the node is lost", node)
			}
			if _, err := parse(f.Text(nil, design.TextOptions{}).Body); err != nil {
				t.Errorf("%s: %v", node, err)
			}
		})
	}
}

func TestReadFails(t *testing.T) {
	deep := strings.Repeat(`{"id":"1","children":[`, 10_000)
	values := wrap(`{"id":"1:1","name":"x","extra":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`)
	for _, c := range []struct{ name, raw string }{
		{"no JSON", "<html>"}, {"no object", "[]"}, {"another answer", `{"status":404,"err":"Not found"}`}, {"no document", `{"name":"x","document":null}`},
		{"nodes 10,000 levels deep", `{"document":` + deep + strings.Repeat("]}", 10_000) + "}"}, {"values 10,000 levels deep", values},
		{"a member without a colon", `{"document" {}}`}, {"no comma", `{"document":{"id":"1" "name":"x"}}`}, {"a number of letters", `{"document":{"id":"1","opacity":1x}}`},
		{"NaN", `{"document":{"id":"1","absoluteBoundingBox":{"x":NaN,"y":0,"width":1,"height":1}}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var wrong *design.Malformed
			if f, err := design.Read(strings.NewReader(c.raw)); !errors.As(err, &wrong) {
				t.Errorf("%.60s: got %v, %v, want *Malformed", c.raw, f, err)
			}
		})
	}
}

func TestReadTellsWhereTheInputFailed(t *testing.T) {
	raw := wrap(`{"id":"1:1","type":"TEXT","characters":"hello"}`)
	for cut := 1; cut < len(raw); cut += 7 {
		if _, err := design.Read(strings.NewReader(raw[:cut])); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("%q: got %v, want unexpected EOF", raw[:cut], err)
		}
		broken := io.MultiReader(strings.NewReader(raw[:cut]), iotest.ErrReader(io.ErrClosedPipe))
		if _, err := design.Read(broken); !errors.Is(err, io.ErrClosedPipe) {
			t.Fatalf("%q, then a failure: got %v, want what the reader failed with", raw[:cut], err)
		}
	}
}

func TestReadIsTheSameInPiecesOfAnySize(t *testing.T) {
	raw := string(designtest.File(designtest.Screen))
	want := read(t, raw).Text(nil, design.TextOptions{}).Body
	f, err := design.Read(iotest.OneByteReader(strings.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Text(nil, design.TextOptions{}).Body; got != want {
		t.Errorf("read byte by byte the text is another one")
	}
	var spaced bytes.Buffer
	if err := json.Indent(&spaced, []byte(raw), "", "\t"); err != nil {
		t.Fatal(err)
	}
	if got := read(t, spaced.String()).Text(nil, design.TextOptions{}).Body; got != want {
		t.Errorf("read with spaces the text is another one")
	}
}

func TestReadNodesKeepsTheOrderAndNamesWhatIsMissing(t *testing.T) {
	f, err := design.ReadNodes(strings.NewReader(`{"name":"F","nodes":{"9:1":{"document":{"id":"9:1","name":"b","type":"FRAME"},"components":{"5:5":{"name":"Button"}}},"4:4":null,"2:1":{"document":{"id":"2:1","name":"a","type":"FRAME"}},"3:3":{}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Roots) != 2 || f.Roots[0].ID != "9:1" || f.Roots[1].ID != "2:1" || f.Root != nil {
		t.Errorf("roots %v", f.Roots)
	}
	if !slices.Equal(f.Missing, []string{"4:4", "3:3"}) || f.Components["5:5"].Name != "Button" {
		t.Errorf("missing %v, components %v", f.Missing, f.Components)
	}
	if _, err := design.ReadNodes(strings.NewReader(`{"name":"F"}`)); err == nil {
		t.Errorf("an answer without nodes was read")
	}
}

// endless serves a file without holding it: many pages of one frame each.
type endless struct {
	rest  bytes.Reader
	frame []byte
	left  int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest.Len() == 0 {
		if e.left < 0 {
			return 0, io.EOF
		}
		next := e.frame
		if e.left--; e.left < 0 {
			next = []byte("{}]}}")
		}
		e.rest.Reset(next)
	}
	return e.rest.Read(p)
}

func TestReadHoldsNoMoreThanItKeeps(t *testing.T) {
	outline := fmt.Sprintf(`{"id":"1:1","type":"VECTOR","fillGeometry":[{"path":"%s"}]},`, strings.Repeat("M0 0L1 1", 100_000))
	e := &endless{frame: []byte(outline), left: 100} // 80 MB
	e.rest.Reset([]byte(`{"document":{"id":"0:0","children":[`))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := design.Read(e); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("%d bytes were allocated to read 80 MB of outlines, want less than 4 MiB", got)
	}
}

func TestReadTakesTimeInProportion(t *testing.T) {
	allocated := func(size int) (nodes, allocs float64) {
		raw := designtest.Sized(designtest.Product, size)
		var f *design.File
		allocs = testing.AllocsPerRun(1, func() {
			f, _ = design.Read(bytes.NewReader(raw))
			f.Text(nil, design.TextOptions{})
		})
		return float64(f.Text(nil, design.TextOptions{}).Nodes), allocs
	}
	n1, a1 := allocated(1_500_000)
	n2, a2 := allocated(6_000_000)
	if a2/n2 > 1.2*a1/n1 {
		t.Errorf("%.1f allocations a node in a small file, %.1f in one four times as large", a1/n1, a2/n2)
	}
}
