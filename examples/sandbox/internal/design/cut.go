package design

import (
	"maps"
	"slices"
)

// geometry is the member with outlines, which is sent on request.
const geometry = "fillGeometry"

// Find is the node of an id; nil: there is none.
func (d *Document) Find(id string) Node {
	var found Node
	Walk(d.Root, func(n Node) bool {
		if n["id"] == id {
			found = n
		}
		return found == nil
	})
	return found
}

// Named is the first node of a name; nil: there is none.
func (d *Document) Named(name string) Node {
	var found Node
	Walk(d.Root, func(n Node) bool {
		if n["name"] == name && found == nil {
			found = n
		}
		return found == nil
	})
	return found
}

// Walk calls see with n and, where that says so, with what is in it.
func Walk(n Node, see func(Node) bool) {
	if !see(n) {
		return
	}
	for _, c := range Children(n) {
		if child, ok := c.(Node); ok {
			Walk(child, see)
		}
	}
}

// Cut is n down to so many levels below it, without outlines unless paths says
// so. depth < 0 is all of it.
func Cut(n Node, depth int, paths bool) Node {
	c := maps.Clone(n)
	if !paths {
		delete(c, geometry)
	}
	list, ok := n["children"].([]any)
	if !ok {
		return c
	}
	kept := []any{}
	if depth != 0 {
		for _, child := range list {
			kept = append(kept, Cut(child.(Node), depth-1, paths))
		}
	}
	c["children"] = kept
	return c
}

// Only is the document with all its pages, but of what is on them only the nodes
// of ids, what is in them, and what they are in.
func Only(root Node, ids []string) Node {
	c := maps.Clone(root)
	pages := []any{}
	for _, page := range Children(root) {
		kept, ok := only(page.(Node), ids)
		if !ok {
			kept = maps.Clone(page.(Node))
			kept["children"] = []any{}
		}
		pages = append(pages, kept)
	}
	c["children"] = pages
	return c
}

func only(n Node, ids []string) (Node, bool) {
	if id, _ := n["id"].(string); slices.Contains(ids, id) {
		return n, true
	}
	var kept []any
	for _, c := range Children(n) {
		if k, ok := only(c.(Node), ids); ok {
			kept = append(kept, k)
		}
	}
	if kept == nil {
		return nil, false
	}
	c := maps.Clone(n)
	c["children"] = kept
	return c, true
}

// Used are the components, sets and styles that n refers to or holds.
func (d *Document) Used(n Node) (components, sets, styles map[string]Node) {
	components, sets, styles = map[string]Node{}, map[string]Node{}, map[string]Node{}
	Walk(n, func(n Node) bool {
		for _, name := range []string{"id", "componentId"} {
			id, _ := n[name].(string)
			keep(components, d.Components, id)
			keep(sets, d.Sets, id)
		}
		refs, _ := n["styles"].(Node)
		for _, id := range refs {
			keep(styles, d.Styles, id.(string))
		}
		return true
	})
	for _, c := range components {
		set, _ := c["componentSetId"].(string)
		keep(sets, d.Sets, set)
	}
	return components, sets, styles
}

func keep(in, from map[string]Node, id string) {
	if n, ok := from[id]; ok {
		in[id] = n
	}
}
