package design

// OutlineOptions say what to list.
type OutlineOptions struct {
	Depth int    // levels; 0: all
	Limit int    // most nodes; 0: all
	From  string // id of the node whose insides are listed; empty: of the file
}

// Outline is a list of nodes, each before its children, in the order of the file.
type Outline struct {
	Items []Item
	More  bool // nodes within Depth were left out for Limit
}

// Item is one node of an Outline.
type Item struct {
	ID, Type, Name string
	Level          int  // 1: the outermost listed
	Children       int  // those of it that are not listed
	Hidden         bool // it is not drawn
}

// Outline lists nodes: as many levels as Limit has room for, all of them
// complete. Only where the first level alone is too much is that one cut.
func (f *File) Outline(o OutlineOptions) Outline {
	tops := f.Roots
	if f.Root != nil {
		tops = f.Root.Children
	}
	if o.From != "" {
		n := f.Node(o.From)
		if n == nil {
			return Outline{Items: []Item{}}
		}
		tops = n.Children
	}
	depth, more := fitting(tops, o)
	l := lister{depth: depth, limit: o.Limit, out: Outline{Items: []Item{}, More: more}}
	l.list(tops, 1)
	return l.out
}

// fitting is how many levels fit in the limit, at least one, and whether
// something within the depth asked for does not.
func fitting(tops []*Node, o OutlineOptions) (depth int, more bool) {
	total, level := 0, tops
	for len(level) > 0 && (o.Depth <= 0 || depth < o.Depth) {
		total += len(level)
		if o.Limit > 0 && total > o.Limit {
			return max(depth, 1), true
		}
		depth++
		var next []*Node
		for _, n := range level {
			next = append(next, n.Children...)
		}
		level = next
	}
	return depth, false
}

type lister struct {
	depth, limit int
	out          Outline
}

func (l *lister) list(nodes []*Node, level int) {
	for _, n := range nodes {
		if l.limit > 0 && len(l.out.Items) == l.limit {
			return
		}
		item := Item{ID: n.ID, Type: n.Type, Name: n.Name, Level: level, Hidden: n.Hidden()}
		if level == l.depth {
			item.Children = len(n.Children)
		}
		l.out.Items = append(l.out.Items, item)
		if level < l.depth {
			l.list(n.Children, level+1)
		}
	}
}
