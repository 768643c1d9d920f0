package design_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

func zipped(tb testing.TB, s string) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(s)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// heldBy is how much memory stays in use for what make returns.
func heldBy(make func() any) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one only found to be free
	runtime.ReadMemStats(&before)
	v := make()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(v)
	return after.HeapAlloc - before.HeapAlloc
}

// repeated is a small file with all that makes texts short: templates within
// templates, instances, short names, pictures.
func repeated() string {
	var rows []string
	for i := range 5 {
		cell := func(n int) string {
			return fmt.Sprintf(`{"id":"2:%d","name":"Cell","type":"FRAME","layoutMode":"HORIZONTAL","itemSpacing":8,"absoluteBoundingBox":{"x":0,"y":0,"width":%d,"height":9},"children":[{"id":"2:%d","type":"TEXT","name":"t","characters":"row %d","style":{"fontFamily":"Inter Display","fontWeight":500,"fontSize":14},"fills":[{"type":"SOLID","color":{"r":0.5,"g":0,"b":0,"a":1}}]}]}`, i*20+n, 40+i, i*20+n+1, i)
		}
		rows = append(rows, fmt.Sprintf(`{"id":"2:%d","name":"Row","type":"FRAME","layoutMode":"HORIZONTAL","children":[%s,%s,{"id":"2:%d","name":"Icon","type":"INSTANCE","componentId":"5:5","componentProperties":{"Size":{"type":"VARIANT","value":"L"}},"children":[{"id":"I2:%d;5:6","type":"VECTOR","name":"Vector"}]}]}`, i*20, cell(1), cell(4), i*20+9, i*20+9))
	}
	return wrap(rows...)
}

// FuzzRead: whatever is read as a file can be written as text that reads back
// to as many nodes, and survives all else that is done with files.
func FuzzRead(f *testing.F) {
	f.Add(wrap(small))
	f.Add(repeated())
	f.Add(wrap(`{"id":"1:1","type":"TEXT","name":"a\nb","characters":"NODES\n&x#1:1(\"|{w})","style":{"fontFamily":"A\"B|"},"fills":[{"type":"SOLID","color":{"r":1,"g":0,"b":0,"a":0.5}}]}`))
	f.Add(wrap(`{"id":"1:1 #2","type":"INSTANCE","componentId":"x>y","children":[{"id":"I1:1 #2;3\n","type":"VECTOR"},{"id":"q","type":"VECTOR"}]}`))
	f.Add(wrap(`{"id":"1:1","name":"x","characters":""}`, `{"id":"1:2","type":"TEXT","name":"x","characters":"","characterStyleOverrides":[1],"styleOverrideTable":{}}`))
	f.Add(wrap(dot("1:1", 0, ""), dot("1:2", 5, ""), dot("1:9", 9, ""), dot("", 7, ""), dot("1:10", 8, ""), dot("1:11", 9, ""), dot("1:12", 9, ""), dot("1:13", 9, "")))
	f.Fuzz(func(t *testing.T, raw string) {
		if file, err := design.Read(strings.NewReader(raw)); err == nil {
			holds(t, file)
		}
	})
}

// holds checks what must be true of every file.
func holds(t *testing.T, file *design.File) {
	t.Helper()
	text := file.Text(nil, design.TextOptions{})
	nodes, err := parse(text.Body)
	if err != nil {
		t.Fatalf("%s\ncannot be read back: %v", text.Body, err)
	}
	if got := countSeen(nodes); got != text.Shown || text.Shown+text.Folded+text.Hidden != text.Nodes {
		t.Fatalf("%s\nhas %d nodes; want %d of %d", text.Body, got, text.Shown, text.Nodes)
	}
	if cut := file.Text(nil, design.TextOptions{Budget: 3000, Depth: 4}); !utf8.ValidString(cut.Body) {
		t.Fatalf("the text is no UTF-8")
	} else if _, err := parse(cut.Body); err != nil {
		t.Fatalf("%s\ncannot be read back: %v", cut.Body, err)
	}
	file.Outline(design.OutlineOptions{Depth: 2, Limit: 5})
	var b bytes.Buffer
	if err := file.Encode(&b); err != nil {
		t.Fatalf("encode: %v", err)
	}
	again, err := design.Decode(&b)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if got := again.Text(nil, design.TextOptions{}).Body; got != text.Body {
		t.Fatalf("the decoded file reads\n%s\nwant\n%s", got, text.Body)
	}
	design.Diff(file, again, 3)
}

// mutate changes some member or item at random, somewhere in v.
func mutate(r *rand.Rand, v any) any {
	strange := []any{nil, "", "x|y=\"{w}\n#1:1", "NODES", -1.0, 1e300, 0.5, true, false, []any{}, map[string]any{}, []any{1.0, "a"}, map[string]any{"type": "SOLID"}, strings.Repeat("é😀", 40)}
	if r.IntN(14) == 0 {
		return strange[r.IntN(len(strange))]
	}
	switch v := v.(type) {
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		if len(names) > 0 {
			name := names[r.IntN(len(names))]
			if _, has := v["children"]; has && r.IntN(3) > 0 {
				name = "children"
			}
			v[name] = mutate(r, v[name])
		}
	case []any:
		if len(v) > 0 {
			i := r.IntN(len(v))
			v[i] = mutate(r, v[i])
		}
		if len(v) > 0 && r.IntN(8) == 0 {
			return append(v, v[r.IntN(len(v))]) // twice the same id
		}
	}
	return v
}

func TestWhateverAFileHoldsItCanBeWritten(t *testing.T) {
	runs := wrap(dot("1:1", 0, ""), dot("1:2", 5, ""), dot("1:9", 9, ""), dot("1:10", 8, ""), dot("1:11", 9, ""), dot("1:12", 9, ""))
	for seed, raw := range []string{repeated(), string(designtest.File(designtest.Screen)), runs} {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		for range 120 {
			var v map[string]any
			if err := json.Unmarshal([]byte(raw), &v); err != nil {
				t.Fatal(err)
			}
			for range 1 + r.IntN(30) {
				v["document"] = mutate(r, v["document"])
			}
			changed, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			if file, err := design.Read(bytes.NewReader(changed)); err == nil {
				holds(t, file)
			}
		}
	}
}

// FuzzDecode: what is no encoded file is an error, never a panic.
func FuzzDecode(f *testing.F) {
	f.Add(zipped(f, `{"format":2,"document":{"id":"0:0"}}`))
	f.Add(zipped(f, `{"format":2,"roots":[{"id":"0:0"},null],"missing":["x"]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if file, err := design.Decode(bytes.NewReader(raw)); err == nil {
			file.Text(nil, design.TextOptions{})
		}
	})
}

func countSeen(nodes []*seen) int {
	total := len(nodes)
	for _, n := range nodes {
		total += countSeen(n.children)
	}
	return total
}
