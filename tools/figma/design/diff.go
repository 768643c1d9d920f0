package design

// Changes are what is different between two versions of a file.
type Changes struct {
	Added, Removed, Changed int     // nodes, with those inside of added and removed ones
	Groups                  []Group // by page and frame, in the order of the newer file
	More                    bool    // changes beyond the limit were left out
}

// Group are the changes within one frame of a page.
type Group struct {
	Page, Frame string // names; Frame is empty for changes to the page itself
	FrameID     string
	Items       []Change
}

// Change is what happened to one node.
type Change struct {
	ID, Type, Name string
	What           string        // added, removed or changed
	Fields         []string      // of a changed one: name, text, size, position and so on
	Details        []FieldChange // of those Fields that have short values, in their order
	Inside         int           // of an added or removed one: nodes in it
}

// Diff tells what happened between two versions of a file. Nodes are told by
// their id. Of what was added or removed the outermost node is an item, with
// how many lie in it. At most limit items are listed (0: all); counts are
// always those of everything. The positions compared are those in the parent,
// so that what moves along with it has not changed.
func Diff(old, new *File, limit int) Changes {
	old.once.Do(old.build)
	new.once.Do(new.build)
	d := &differ{old: old, new: new, limit: limit, group: map[string]int{}, same: newSameness()}
	for _, top := range new.tops() {
		d.visit(top, nil, trail{})
	}
	for _, top := range old.tops() {
		d.gone(top, trail{})
	}
	groups := d.out.Groups
	d.out.Groups = []Group{}
	for _, g := range groups {
		if len(g.Items) > 0 {
			d.out.Groups = append(d.out.Groups, g)
		}
	}
	return d.out
}

// trail is where a walk is: the page and the frame on it.
type trail struct{ page, frame *Node }

func (t trail) below(n *Node) trail {
	switch {
	case n.Type == "DOCUMENT":
	case n.Type == "CANVAS":
		t.page = n
	case t.frame == nil:
		t.frame = n
	}
	return t
}

type differ struct {
	old, new *File
	limit    int
	listed   int
	group    map[string]int // place in Groups by ids of page and frame
	same     *sameness
	out      Changes
}

// visit compares n and what is in it to the older file.
func (d *differ) visit(n, parent *Node, at trail) {
	at = at.below(n)
	d.groupOf(at) // in the order of the newer file, whoever has changes first
	was, ok := d.old.index[n.ID]
	if !ok {
		inside := weight(n) - 1
		d.out.Added += inside + 1
		d.list(at, Change{ID: n.ID, Type: n.Type, Name: n.Name, What: "added", Inside: inside})
		d.visitAdded(n, at)
		return
	}
	if fields := d.same.fields(was, place{n, parent}); len(fields) > 0 {
		d.out.Changed++
		c := Change{ID: n.ID, Type: n.Type, Name: n.Name, What: "changed", Fields: fields}
		if !d.full() {
			c.Details = d.details(fields, was, place{n, parent})
		}
		d.list(at, c)
	}
	for _, c := range n.Children {
		d.visit(c, n, at)
	}
}

// visitAdded finds nodes in an added one that were elsewhere before: they were
// moved, and are not new.
func (d *differ) visitAdded(n *Node, at trail) {
	for _, c := range n.Children {
		if _, ok := d.old.index[c.ID]; !ok {
			d.visitAdded(c, at)
			continue
		}
		d.out.Added -= weight(c)
		d.visit(c, n, at)
	}
}

// gone finds what the newer file has no more.
func (d *differ) gone(n *Node, at trail) {
	at = at.below(n)
	if _, ok := d.new.index[n.ID]; ok {
		for _, c := range n.Children {
			d.gone(c, at)
		}
		return
	}
	lost := d.lost(n, at)
	d.out.Removed += lost
	d.list(at, Change{ID: n.ID, Type: n.Type, Name: n.Name, What: "removed", Inside: lost - 1})
}

// lost counts what was removed with n, without what was moved out of it.
func (d *differ) lost(n *Node, at trail) int {
	total := 1
	for _, c := range n.Children {
		if _, ok := d.new.index[c.ID]; ok {
			d.gone(c, at) // something in it may be gone all the same
			continue
		}
		total += d.lost(c, at)
	}
	return total
}

// groupOf is the place of a group, which it makes if there is none yet.
func (d *differ) groupOf(at trail) int {
	var g Group
	key := ""
	if at.page != nil {
		g.Page, key = at.page.Name, at.page.ID
	}
	if at.frame != nil {
		g.Frame, g.FrameID = at.frame.Name, at.frame.ID
		key += " " + at.frame.ID
	}
	i, ok := d.group[key]
	if !ok {
		i = len(d.out.Groups)
		d.group[key] = i
		d.out.Groups = append(d.out.Groups, g)
	}
	return i
}

// full tells whether no more items are listed.
func (d *differ) full() bool { return d.limit > 0 && d.listed == d.limit }

func (d *differ) list(at trail, c Change) {
	if d.full() {
		d.out.More = true
		return
	}
	d.listed++
	g := &d.out.Groups[d.groupOf(at)]
	g.Items = append(g.Items, c)
}
