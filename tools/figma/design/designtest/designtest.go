// Package designtest has one job: to make files as Figma's REST API writes
// them, of known sizes, for tests and benchmarks. They are drawn by rules with
// fixed seeds: the same file each time. It does not know what reads them.
//
// Source of the members and their order: Figma's OpenAPI 0.43.0 and answers of
// the API as published in issues and examples.
package designtest

import "bytes"

// Kind is one of the files.
type Kind string

// The kinds, after their size.
const (
	Screen       Kind = "45KB"  // one screen of an app
	Dashboard    Kind = "213KB" // a dashboard with a table
	Product      Kind = "2.7MB" // a design system, and the screens made of it
	Illustration Kind = "12MB"  // few screens, and drawings of tens of thousands of vectors
	Company      Kind = "72MB"  // many products and drawings
)

// Kinds are all of them, the smallest first.
func Kinds() []Kind { return []Kind{Screen, Dashboard, Product, Illustration, Company} }

// sizes are how many bytes are drawn at least.
func (k Kind) size() int {
	switch k {
	case Screen:
		return 44_000
	case Dashboard:
		return 205_000
	case Product:
		return 2_690_000
	case Illustration:
		return 12_250_000
	}
	return 72_000_000
}

// File is the answer of GET /v1/files/:key for a file of the kind.
func File(kind Kind) []byte { return Sized(kind, kind.size()) }

// Sized is a file with the mix of kind, of about size bytes.
func Sized(kind Kind, size int) []byte {
	p := newPen(uint64(len(kind)) + 11)
	switch kind {
	case Screen:
		p.screens(size, func(i int) *node { return p.appScreen(i, 0) })
	case Dashboard:
		p.screens(size, func(i int) *node { return p.application(i, 3) })
	case Product:
		p.product(size)
	case Illustration:
		p.screens(size/100, func(i int) *node { return p.appScreen(i, 5) })
		p.drawings(size)
	default:
		for p.size() < size {
			p.product(min(size, p.size()+6_000_000))
			p.drawings(min(size, p.size()+3_000_000))
		}
	}
	return p.file()
}

// Nodes is the answer of GET /v1/files/:key/nodes for the pages of a file; its
// last entry is null.
func Nodes(kind Kind) []byte {
	p := newPen(5)
	p.screens(kind.size(), func(i int) *node { return p.appScreen(i, 3) })
	return p.nodes()
}

// product draws pages: a design system, then app screens, dashboards and
// landing pages, with the leftovers that designers leave.
func (p *pen) product(size int) {
	p.page("Components", func() []*node { return p.library() })
	p.screens(p.size()+(size-p.size())*45/100, func(i int) *node { return p.appScreen(i, 4+i%5) })
	p.screens(p.size()+(size-p.size())*60/100, p.dashboard)
	p.screens(size, p.landing)
}

// screens draws a page of screens beside each other, up to size bytes of file.
func (p *pen) screens(size int, draw func(i int) *node) {
	p.page(pick(p, "Screens", "Home v2", "✅ Ready for dev", "WIP – do not use", "Archive"), nil)
	x := 0.0
	for i := 0; i == 0 || p.size() < size; i++ {
		n := draw(i)
		x += p.put(n, x, 0) + 100
	}
}

// size is how much is drawn.
func (p *pen) size() int { return p.out.Len() + p.components.Len() }

type buffer = bytes.Buffer
