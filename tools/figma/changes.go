package figma

import (
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// changes are what differs between two versions of a file.
type changes struct {
	From    string   `json:"from" jsonschema:"the older version"`
	To      string   `json:"to" jsonschema:"the newer version"`
	Added   int      `json:"added" jsonschema:"layers"`
	Removed int      `json:"removed" jsonschema:"layers"`
	Changed int      `json:"changed" jsonschema:"layers"`
	List    []change `json:"list" jsonschema:"in the order of the newer file"`
	More    bool     `json:"more" jsonschema:"true where limit left some out"`
}

// change is what happened to one layer.
type change struct {
	Page   string   `json:"page"`
	Frame  string   `json:"frame,omitempty" jsonschema:"of the page, in which it is"`
	ID     string   `json:"id"`
	Type   string   `json:"type"`
	Name   string   `json:"name"`
	What   string   `json:"what" jsonschema:"added, removed or changed"`
	Fields []string `json:"fields,omitempty" jsonschema:"what of it changed: text, size, position, fill and so on"`
	Inside int      `json:"inside,omitempty" jsonschema:"layers in it, added or removed with it"`
	Values []value  `json:"values,omitempty" jsonschema:"of fields that are short enough"`
}

// value is a field before and after.
type value struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

func changesOf(d design.Changes) changes {
	c := changes{Added: d.Added, Removed: d.Removed, Changed: d.Changed, List: []change{}, More: d.More}
	for _, g := range d.Groups {
		for _, i := range g.Items {
			one := change{Page: g.Page, Frame: g.Frame, ID: i.ID, Type: i.Type, Name: i.Name, What: i.What, Fields: i.Fields, Inside: i.Inside}
			for _, d := range i.Details {
				one.Values = append(one.Values, value{d.Field, d.Old, d.New})
			}
			c.List = append(c.List, one)
		}
	}
	return c
}

// write is one change a line, below its page and frame.
func (c changes) write(b *strings.Builder) {
	fmt.Fprintf(b, "from version %s to %s:\n", c.From, c.To)
	page, frame := "", ""
	for n, i := range c.List {
		if n == 0 || i.Page != page || i.Frame != frame {
			page, frame = i.Page, i.Frame
			fmt.Fprintf(b, "%q", page)
			if frame != "" {
				fmt.Fprintf(b, " / %q", frame)
			}
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "  %s %s %s %q", i.What, i.ID, i.Type, i.Name)
		i.writeFields(b)
		if i.Inside > 0 {
			fmt.Fprintf(b, " (%d inside)", i.Inside)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "(%d added, %d removed, %d changed, more=%v)", c.Added, c.Removed, c.Changed, c.More)
}

// writeFields writes what changed, with the values that are known.
func (c change) writeFields(b *strings.Builder) {
	known := map[string]value{}
	for _, v := range c.Values {
		known[v.Field] = v
	}
	for n, field := range c.Fields {
		b.WriteString([]string{": ", ", "}[min(n, 1)] + field)
		if v, ok := known[field]; ok {
			fmt.Fprintf(b, " %q to %q", v.Old, v.New)
		}
	}
}
