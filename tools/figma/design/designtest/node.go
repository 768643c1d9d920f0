package designtest

// node is a node before it is written: what is left out has the value that most
// nodes have.
type node struct {
	id, name, kind string
	children       []*node
	hidden         bool

	x, y, w, h float64 // on the page, once placed

	mode, justify, align string // of a container with auto layout
	gap                  float64
	pad                  [4]float64 // top, right, bottom, left
	wrap                 bool
	across, down         string // FIXED, HUG, FILL
	absolute             bool
	pinX, pinY           string

	fills, strokes, effects []string // written paints and effects
	styles                  []string // pairs of kind and id
	weight                  float64
	weights                 [4]float64
	radius                  float64
	radii                   [4]float64
	opacity, rotation       float64
	blend                   string
	clip, mask              bool
	bound                   []string // pairs of member and id of a variable

	text      string
	font      *font
	overrides string // written members of rich text

	component   string   // id of an instance's component
	properties  []string // written properties of an instance
	definitions []string
	references  []string // pairs
	changes     []string // overridden fields of an instance
	export      bool
	click       string // id of the node that a click leads to
}

// row is a container with auto layout from left to right, as large as it needs.
func row(p *pen, name string, gap float64, children ...*node) *node {
	return &node{id: p.id(), name: name, kind: "FRAME", mode: "HORIZONTAL", gap: gap, align: "CENTER", across: "HUG", down: "HUG", children: children}
}

// column is a row from top to bottom.
func column(p *pen, name string, gap float64, children ...*node) *node {
	n := row(p, name, gap, children...)
	n.mode, n.align = "VERTICAL", ""
	return n
}

// frame is a container whose children have places.
func frame(p *pen, name string, w, h float64, children ...*node) *node {
	return &node{id: p.id(), name: name, kind: "FRAME", w: w, h: h, clip: true, children: children}
}

// shape is a node without children.
func shape(p *pen, kind, name string, w, h float64, fills ...string) *node {
	return &node{id: p.id(), name: name, kind: kind, w: w, h: h, fills: fills}
}

func (n *node) padded(top, right, bottom, left float64) *node {
	n.pad = [4]float64{top, right, bottom, left}
	return n
}

func (n *node) sized(across, down string) *node {
	n.across, n.down = across, down
	return n
}

func (n *node) at(x, y float64) *node {
	n.x, n.y = x, y
	return n
}

func (n *node) as(change func(*node)) *node {
	change(n)
	return n
}

// measure gives containers that hug the size of what is in them.
func (n *node) measure() {
	along, across := 0.0, 0.0
	shown := 0
	for _, c := range n.children {
		c.measure()
		if c.hidden || c.absolute {
			continue
		}
		shown++
		w, h := c.w, c.h
		if n.mode == "VERTICAL" {
			w, h = h, w
		}
		along, across = along+w, max(across, h)
	}
	if n.mode == "" {
		return
	}
	along += n.gap * float64(max(shown-1, 0))
	if n.mode == "VERTICAL" {
		along, across = across, along
	}
	if n.across != "FIXED" {
		n.w = max(n.w, along+n.pad[1]+n.pad[3])
	}
	if n.down != "FIXED" {
		n.h = max(n.h, across+n.pad[0]+n.pad[2])
	}
}

// place puts n at x, y, and its children in it.
func (n *node) place(x, y float64) {
	if n.mode == "" {
		for _, c := range n.children {
			c.place(x+c.x, y+c.y)
		}
		n.x, n.y = x, y
		return
	}
	n.x, n.y = x, y
	n.stretch()
	at := [2]float64{x + n.pad[3], y + n.pad[0]}
	for _, c := range n.children {
		if c.absolute {
			c.place(x+c.x, y+c.y)
			continue
		}
		c.place(at[0], at[1])
		if c.hidden {
			continue
		}
		if n.mode == "VERTICAL" {
			at[1] += c.h + n.gap
		} else {
			at[0] += c.w + n.gap
		}
	}
}

// stretch gives children that fill their share.
func (n *node) stretch() {
	free, fills := n.w-n.pad[1]-n.pad[3], 0
	if n.mode == "HORIZONTAL" {
		for _, c := range n.children {
			if c.hidden || c.absolute {
				continue
			}
			free -= n.gap
			if c.across == "FILL" {
				fills++
			} else {
				free -= c.w
			}
		}
		free += n.gap
	}
	for _, c := range n.children {
		if c.across == "FILL" {
			c.w = max(free/float64(max(fills, 1)), 1)
		}
		if c.down == "FILL" && n.mode == "HORIZONTAL" {
			c.h = max(n.h-n.pad[0]-n.pad[2], 1)
		}
	}
}
