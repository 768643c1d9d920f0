package figma

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// library gives a part of what is published: components, the sets that they are
// in, and where the next part begins; empty: this was the last.
type library func(ctx context.Context, from string) (components, sets []api.Published, after string, err error)

const (
	maxVariants  = 50 // of a set that are listed
	libraryPages = 3  // parts that one call looks through
)

// list is what matches query from at on, at most limit of them.
func (l library) list(ctx context.Context, at publishedCursor, query string, limit int) (getComponentsResult, error) {
	out := getComponentsResult{Components: []component{}}
	for n := range libraryPages {
		components, sets, after, err := l(ctx, at.from)
		if err != nil {
			return out, err
		}
		for i, c := range group(components, sets) {
			switch {
			case i < at.offset || !c.matches(query):
			case len(out.Components) < limit:
				out.Components = append(out.Components, c)
			default:
				out.NextCursor = publishedCursor{at.from, i}.String()
				return out, nil
			}
		}
		if after == "" {
			return out, nil
		}
		at = publishedCursor{from: after}
		if out.NextCursor = at.String(); len(out.Components) >= limit {
			return out, nil
		}
		tools.Progress(ctx, float64(n+1), 0, "looking through the team's components")
	}
	return out, nil
}

// group puts variants under their sets, by page, frame and name.
func group(components, sets []api.Published) []component {
	list := []component{}
	at := map[string]int{} // index in list, by file and node
	for _, s := range sets {
		at[s.FileKey+"/"+s.NodeID] = len(list)
		list = append(list, componentOf("set", s))
	}
	for _, c := range components {
		if c.Frame.Set == nil || c.Frame.Set.NodeID == "" {
			list = append(list, componentOf("component", c))
			continue
		}
		place := c.FileKey + "/" + c.Frame.Set.NodeID
		i, known := at[place]
		if !known {
			i = len(list)
			at[place] = i
			list = append(list, componentOf("set", api.Published{Name: c.Frame.Set.Name, NodeID: c.Frame.Set.NodeID, FileKey: c.FileKey, Frame: api.Frame{PageName: c.Frame.PageName}}))
		}
		list[i].add(c)
	}
	slices.SortStableFunc(list, func(a, b component) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Page, b.Page), cmp.Compare(a.Frame, b.Frame), cmp.Compare(a.Name, b.Name), cmp.Compare(a.NodeID, b.NodeID))
	})
	return list
}

func componentOf(kind string, p api.Published) component {
	c := component{Kind: kind, Name: p.Name, Key: p.Key, NodeID: p.NodeID, File: p.FileKey, Description: p.Description, Page: p.Frame.PageName, Frame: p.Frame.Name}
	if !p.UpdatedAt.IsZero() {
		c.UpdatedAt = moment(p.UpdatedAt)
	}
	c.words = []string{strings.ToLower(p.Name), strings.ToLower(p.Description)}
	return c
}

// add adds a variant to a set.
func (c *component) add(v api.Published) {
	c.VariantCount++
	c.words = append(c.words, strings.ToLower(v.Name))
	if len(c.Variants) < maxVariants {
		c.Variants = append(c.Variants, variant{v.Name, v.Key, v.NodeID})
	}
	for part := range strings.SplitSeq(v.Name, ",") {
		if name, value, ok := strings.Cut(part, "="); ok {
			c.value(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
}

// value notes that a property has a value, in the order of their appearance.
func (c *component) value(name, value string) {
	i := slices.IndexFunc(c.Properties, func(p property) bool { return p.Name == name })
	if i < 0 {
		i = len(c.Properties)
		c.Properties = append(c.Properties, property{Name: name})
	}
	if p := &c.Properties[i]; !slices.Contains(p.Values, value) {
		p.Values = append(p.Values, value)
	}
}

// matches tells whether a name or a description has the query in it.
func (c *component) matches(query string) bool {
	return slices.ContainsFunc(c.words, func(s string) bool { return strings.Contains(s, query) })
}

// publishedCursor is a part of a library and how many of it were given.
type publishedCursor struct {
	from   string // empty: the first
	offset int
}

// String is the cursor as answers have it.
func (c publishedCursor) String() string { return c.from + "." + strconv.Itoa(c.offset) }

// readPublishedCursor reads what String wrote.
// Errors: bad_argument.
func readPublishedCursor(s string) (c publishedCursor, err error) {
	if s == "" {
		return c, nil
	}
	from, offset, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(offset)
	if err != nil || n < 0 || from != "" && !digits(from) {
		return c, tools.NewBadArgument("cursor is none that an answer gave", "Give next_cursor of the answer before, or nothing.")
	}
	return publishedCursor{from, n}, nil
}
