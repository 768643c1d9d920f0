package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf16"

	"github.com/fluxstudio/fluxmcp/examples/internal/peak"
)

// result is what came of one file.
type result struct {
	kind  string
	raw   int // bytes that Figma sends
	texts []string
	of    []measured // theirs, ours
}

// lost are the texts of the design that are not in what server i gave.
func (r result) lost(i int) []string {
	return slices.DeleteFunc(slices.Clone(r.texts), func(t string) bool { return strings.Contains(r.of[i].text, t) })
}

// kept is how many are.
func (r result) kept(i int) int { return len(r.texts) - len(r.lost(i)) }

// report is a table, whose ratios are fluxmcp's share of Framelink's.
type report struct{ w *tabwriter.Writer }

func newReport(w io.Writer) *report {
	r := &report{tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)}
	fmt.Fprintln(r.w, "file\tFigma sends\tFramelink gives\tfluxmcp gives\tratio\tFramelink's time\tfluxmcp's\tratio\tonce more\tfluxmcp's\tratio\ttexts kept\tfluxmcp's\t")
	return r
}

func (r *report) add(x result) {
	theirs, ours := x.of[0], x.of[1]
	fmt.Fprintf(r.w, "%s\t%d B\t%d B (%.2f %%)\t%d B (%.2f %%)\t%.2f\t%s\t%s\t%.2f\t%s\t%s\t%.2f\t%d\t%d of %d\t\n", x.kind, x.raw,
		len(theirs.text), share(len(theirs.text), x.raw), len(ours.text), share(len(ours.text), x.raw), float64(len(ours.text))/float64(len(theirs.text)),
		ms(theirs.first), ms(ours.first), float64(ours.first)/float64(theirs.first), ms(theirs.next), ms(ours.next), float64(ours.next)/float64(theirs.next),
		x.kept(0), x.kept(1), len(x.texts))
}

func share(part, whole int) float64 { return 100 * float64(part) / float64(whole) }

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }

// end prints the table, and what both needed.
func (r *report) end(servers ...*server) {
	_ = r.w.Flush() // standard output
	for _, s := range servers {
		if most := peak.Of(s.process.Process.Pid); most != "" {
			fmt.Printf("memory of %s at most: %s\n", s.name, most)
		}
	}
}

// textsOf lists the texts that are visible in a file, each once, as JSON writes
// them; a text of several styles counts as its pieces. Those of less than four
// letters are left out: they are anywhere.
func textsOf(raw []byte) ([]string, error) {
	var file struct{ Document layer }
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("read the texts of the file: %w", err)
	}
	found := map[string]bool{}
	file.Document.visit(func(text string) {
		if text = strings.TrimSpace(text); len(text) >= 4 {
			found[quoted(text)] = true
		}
	})
	return slices.Sorted(maps.Keys(found)), nil
}

// layer is what is looked at of a node.
type layer struct {
	Visible    *bool
	Characters string
	Overrides  []int `json:"characterStyleOverrides"` // style of each UTF-16 unit; those that are missing have 0
	Children   []layer
}

func (l layer) visit(see func(string)) {
	if l.Visible != nil && !*l.Visible {
		return
	}
	l.pieces(see)
	for _, c := range l.Children {
		c.visit(see)
	}
}

// pieces calls see with each part of the text that has one style.
func (l layer) pieces(see func(string)) {
	units := utf16.Encode([]rune(l.Characters))
	styles := append(slices.Clone(l.Overrides), make([]int, len(units))...)[:len(units)]
	from := 0
	for to := 1; to <= len(units); to++ {
		if to == len(units) || styles[to] != styles[from] {
			see(string(utf16.Decode(units[from:to])))
			from = to
		}
	}
}

// quoted is what JSON makes of a text, without the quotes around it.
func quoted(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can be written
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}
