package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/internal/peak"
)

// report is a table of lines for each task and server.
type report struct {
	w     io.Writer
	lines map[string][]string // by task
	order []string
	notes []string
}

func newReport(w io.Writer) *report { return &report{w: w, lines: map[string][]string{}} }

// started notes how long a server took from a start, its first or a later one, to
// its first answer.
func (r *report) started(name, start string, all, last time.Duration, calls map[string]int) {
	r.notes = append(r.notes, fmt.Sprintf("%s, %s start: first answer after %s, of which the call itself %s; Slack was asked for %s", name, start, ms(all), ms(last), counted(calls)))
}

func (r *report) add(name string, t task, m measured) {
	if r.lines[t.name] == nil {
		r.order = append(r.order, t.name)
	}
	line := fmt.Sprintf("%s\t%s\t-\t-\t-\t-\t-\t-\t-\t-\t%s\t", t.name, name, m.lacks)
	if m.lacks == "" {
		named := "-"
		if len(t.needs) > 0 {
			named = fmt.Sprintf("%d of %d", m.named, len(t.needs))
		}
		line = fmt.Sprintf("%s\t%s\t%d\t%d\t%s\t%d\t%s\t%d\t%s\t%s\t%s\t", t.name, name, m.text, m.whole, share(m.text, t.raw), m.answers, named, m.slack, ms(m.first), ms(m.next), counted(m.calls))
	}
	r.lines[t.name] = append(r.lines[t.name], line)
}

// share is how much of Slack's own answer a text is.
func share(text, raw int) string {
	if raw == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(text)/float64(raw))
}

// counted writes calls down, by name.
func counted(calls map[string]int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(calls)) {
		list = append(list, fmt.Sprintf("%d %s", calls[name], name))
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func (r *report) memory(name string, pid int) {
	if most := peak.Of(pid); most != "" {
		r.notes = append(r.notes, fmt.Sprintf("%s: %s of memory at most, without a database that it starts", name, most))
	}
}

// end prints the table and the notes. refused are hosts that somebody asked for
// besides Slack.
func (r *report) end(refused []string) {
	t := tabwriter.NewWriter(r.w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "task\tserver\ttext, B\tresult, B\tof Slack's JSON\tanswers\tnamed\thad from Slack, B\tfirst\tagain\tcalls of the first\t")
	for _, name := range r.order {
		for _, line := range r.lines[name] {
			fmt.Fprintln(t, line)
		}
	}
	_ = t.Flush() // standard output
	for _, note := range r.notes {
		fmt.Fprintln(r.w, note)
	}
	if len(refused) > 0 {
		fmt.Fprintln(r.w, "hosts besides Slack that were asked for, in vain:", strings.Join(refused, ", "))
	}
}

func ms(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000)
}
