// Package design has one job: to hold what a Figma file draws, and to write it
// small enough for a model to build from. It reads the JSON of Figma's REST API
// as a stream, finds nodes in it, outlines it, compares two versions of it, and
// writes it as text. It knows no HTTP, no tokens, no cache and no tool.
//
// Source of the shapes: Figma's OpenAPI 0.43.0, schemas GetFileResponse,
// GetFileNodesResponse and Node, https://github.com/figma/rest-api-spec.
package design

import (
	"strings"
	"sync"
)

// File is what was read of a Figma file. It is not to be changed once read, and
// safe for concurrent readers.
type File struct {
	Name         string
	LastModified string // RFC 3339
	Version      string
	Editor       string // figma, figjam and so on
	Role         string // of the account that asked: owner, editor or viewer
	ThumbnailURL string

	Root    *Node    // the document; nil after ReadNodes
	Roots   []*Node  // what ReadNodes was given, in the order of the answer
	Missing []string // ids that ReadNodes was given without a node

	Components map[string]Component    // by node id
	Sets       map[string]ComponentSet // by node id
	Styles     map[string]Style        // by style id

	bytes int

	once  sync.Once
	index map[string]place

	naming sync.Once
	twins  map[string]bool // names that several components have
}

// Component is a main component: what instances are made of.
type Component struct {
	Key         string `json:"key,omitempty"`
	Name        string `json:"name,omitempty"` // of a variant: Size=Large, State=Hover
	Description string `json:"description,omitempty"`
	SetID       string `json:"componentSetId,omitempty"` // empty: of no set
	Remote      bool   `json:"remote,omitempty"`         // it lives in another file
	Links       []Link `json:"documentationLinks,omitempty"`
}

// ComponentSet is a component with variants.
type ComponentSet struct {
	Key         string `json:"key,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Remote      bool   `json:"remote,omitempty"`
	Links       []Link `json:"documentationLinks,omitempty"`
}

// Link leads to the documentation of a component.
type Link struct {
	URI string `json:"uri"`
}

// Style is a named style of the file or of a library.
type Style struct {
	Key         string `json:"key,omitempty"`
	Name        string `json:"name,omitempty"`
	Description string `json:"description,omitempty"`
	Type        string `json:"styleType,omitempty"` // FILL, TEXT, EFFECT or GRID
	Remote      bool   `json:"remote,omitempty"`
}

// place is where a node is.
type place struct{ node, parent *Node }

// tops are the nodes that have no parent here.
func (f *File) tops() []*Node {
	if f.Root != nil {
		return []*Node{f.Root}
	}
	return f.Roots
}

// Node finds a node by its id, which may be written as in a URL, 1-2 for 1:2;
// nil where the file has none. Of nodes with the same id it is the first.
func (f *File) Node(id string) *Node {
	return f.find(id).node
}

func (f *File) find(id string) place {
	f.once.Do(f.build)
	if p, ok := f.index[id]; ok {
		return p
	}
	return f.index[strings.ReplaceAll(id, "-", ":")]
}

// build makes the index.
func (f *File) build() {
	f.index = map[string]place{}
	var add func(parent *Node, nodes []*Node)
	add = func(parent *Node, nodes []*Node) {
		for _, n := range nodes {
			if _, taken := f.index[n.ID]; !taken {
				f.index[n.ID] = place{n, parent}
			}
			add(n, n.Children)
		}
	}
	add(nil, f.tops())
}

// Path is where a node is: the names from its page to its parent. It is empty
// for a page, and for an id that the file has not.
func (f *File) Path(id string) []string {
	var names []string
	for at := f.find(id).parent; at != nil && at != f.Root && len(names) < maxLevels; at = f.find(at.ID).parent {
		names = append(names, at.Name)
	}
	for i, j := 0, len(names)-1; i < j; i, j = i+1, j-1 {
		names[i], names[j] = names[j], names[i]
	}
	return names
}

// Bytes estimates what the file holds in memory.
func (f *File) Bytes() int { return f.bytes }
