package design_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

const small = `{"id":"1:2","type":"FRAME","name":"Card","children":[{"id":"1:3","type":"TEXT","name":"Title","characters":"Hi"},{"id":"1:4","type":"GROUP","name":"G","visible":false,"children":[{"id":"1:5","type":"RECTANGLE","name":"r"}]}]},{"id":"1:6","type":"FRAME","name":"Other"}`

func TestNodesAreFoundByID(t *testing.T) {
	f := read(t, wrap(small, `{"id":"1:6","type":"FRAME","name":"Twin"}`))
	for id, want := range map[string]string{"1:3": "Title", "1-3": "Title", "0:1": "Page", "1:6": "Other"} {
		if n := f.Node(id); n == nil || n.Name != want {
			t.Errorf("node %s is %v, want %s", id, n, want)
		}
	}
	if n := f.Node("9:9"); n != nil {
		t.Errorf("node 9:9 is %v, want none", n)
	}
	for id, want := range map[string][]string{"1:5": {"Page", "Card", "G"}, "1:2": {"Page"}, "0:1": nil, "9:9": nil} {
		if got := f.Path(id); !slices.Equal(got, want) {
			t.Errorf("path of %s is %q, want %q", id, got, want)
		}
	}
}

func TestManyMayReadAFileAtOnce(t *testing.T) {
	f := read(t, wrap(small))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if f.Node("1:5") == nil || f.Text(nil, design.TextOptions{}).Body == "" || len(f.Outline(design.OutlineOptions{}).Items) == 0 {
				t.Error("nothing was found")
			}
		})
	}
	all.Wait()
}

func TestOutline(t *testing.T) {
	f := read(t, wrap(small))
	for _, c := range []struct {
		name    string
		options design.OutlineOptions
		want    string
		more    bool
	}{
		{"all of the file", design.OutlineOptions{}, "0:1 .1:2 ..1:3 ..1:4 ...1:5 .1:6", false},
		{"children that are not listed are counted", design.OutlineOptions{Depth: 2}, "0:1 .1:2(2) .1:6", false},
		{"from a node", design.OutlineOptions{From: "1-2"}, "1:3 1:4 .1:5", false},
		{"whole levels for the limit", design.OutlineOptions{Limit: 4}, "0:1 .1:2(2) .1:6", true},
		{"a first level that is too much", design.OutlineOptions{From: "1:2", Limit: 1}, "1:3", true},
		{"an unknown node", design.OutlineOptions{From: "9:9"}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := f.Outline(c.options)
			var parts []string
			for _, i := range o.Items {
				s := strings.Repeat(".", i.Level-1) + i.ID
				if i.Children > 0 {
					s += "(" + string(rune('0'+i.Children)) + ")"
				}
				parts = append(parts, s)
				if i.Hidden != (i.ID == "1:4") {
					t.Errorf("%s is hidden: %v", i.ID, i.Hidden)
				}
			}
			if got := strings.Join(parts, " "); got != c.want || o.More != c.more {
				t.Errorf("got %q, more %v, want %q, %v", got, o.More, c.want, c.more)
			}
		})
	}
}

func TestDecodedFilesAreAsBefore(t *testing.T) {
	for _, kind := range []designtest.Kind{designtest.Screen, designtest.Dashboard, designtest.Product} {
		raw := designtest.File(kind)
		f, err := design.Read(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := f.Encode(&b); err != nil {
			t.Fatal(err)
		}
		if b.Len() > len(raw)/8 {
			t.Errorf("%s: %d bytes encoded of %d, want at most an eighth", kind, b.Len(), len(raw))
		}
		g, err := design.Decode(bytes.NewReader(b.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if f.Text(nil, design.TextOptions{}).Body != g.Text(nil, design.TextOptions{}).Body {
			t.Errorf("%s: the text of the decoded file is another one", kind)
		}
		if f.Name != g.Name || f.Version != g.Version || f.LastModified != g.LastModified || f.Role != g.Role || f.Editor != g.Editor || f.ThumbnailURL != g.ThumbnailURL {
			t.Errorf("%s: %v, want %v", kind, g, f)
		}
		if d := design.Diff(f, g, 0); len(d.Groups) != 0 {
			t.Errorf("%s: the decoded file differs: %+v", kind, d.Groups[0].Items[0])
		}
	}
}

func TestDecodedNodesAreAsBefore(t *testing.T) {
	f, err := design.ReadNodes(bytes.NewReader(designtest.Nodes(designtest.Screen)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Encode(&b); err != nil {
		t.Fatal(err)
	}
	g, err := design.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Roots) != len(f.Roots) || !slices.Equal(g.Missing, f.Missing) || g.Text(nil, design.TextOptions{}).Body != f.Text(nil, design.TextOptions{}).Body {
		t.Errorf("%d roots, missing %v, want %d, %v", len(g.Roots), g.Missing, len(f.Roots), f.Missing)
	}
}

func TestDecodeRefusesWhatItDidNotWrite(t *testing.T) {
	f := read(t, wrap(small))
	var good bytes.Buffer
	if err := f.Encode(&good); err != nil {
		t.Fatal(err)
	}
	var obsolete *design.Obsolete
	if _, err := design.Decode(bytes.NewReader(zipped(t, `{"format":99,"document":[of a form to come}`))); !errors.As(err, &obsolete) || obsolete.Format != 99 {
		t.Errorf("another format: got %v, want *Obsolete of 99", err)
	}
	if _, err := design.Decode(bytes.NewReader(zipped(t, `{"format":1,"document":{"id":"0:0"}}`))); !errors.As(err, &obsolete) {
		t.Errorf("the format without strokesIncludedInLayout: got %v, want *Obsolete", err)
	}
	if _, err := design.Decode(bytes.NewReader(zipped(t, wrap(small)))); !errors.As(err, &obsolete) {
		t.Errorf("no format: got %v, want *Obsolete", err)
	}
	for name, raw := range map[string][]byte{"nothing": nil, "no gzip": []byte("{}"), "half of it": good.Bytes()[:good.Len()/2], "without its checksum": good.Bytes()[:good.Len()-6]} {
		if _, err := design.Decode(bytes.NewReader(raw)); err == nil {
			t.Errorf("%s was decoded", name)
		}
	}
}

func TestBytesIsAboutWhatAFileHolds(t *testing.T) {
	raw := designtest.File(designtest.Product)
	f, err := design.Read(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	held := heldBy(func() any { f, _ := design.Read(bytes.NewReader(raw)); return f })
	runtime.KeepAlive(raw)
	if got := float64(f.Bytes()) / float64(held); got < 0.5 || got > 2 {
		t.Errorf("Bytes says %d, %d are held", f.Bytes(), held)
	}
}
