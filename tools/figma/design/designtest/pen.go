package designtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// pen draws nodes, with ids as Figma gives them.
type pen struct {
	rnd        *rand.Rand
	out        buffer // pages
	components buffer // entries of the table of components
	sets       buffer
	pages      int
	session    int // first part of ids: changes as people go on to work
	next       int

	inside string // id of the instance that is drawn
	main   int    // next id of the component that it is drawn from
	file1  int    // first part of the ids of components

	known map[string]*component
}

// component is drawn the same way in itself and in its instances.
type component struct {
	id, key, name string
	first         int
	build         func() *node
}

func newPen(seed uint64) *pen {
	return &pen{rnd: rand.New(rand.NewPCG(seed, 7)), session: 2401, next: 14210, known: map[string]*component{}}
}

// pick is one of them.
func pick[T any](p *pen, from ...T) T { return from[p.rnd.IntN(len(from))] }

// id is the next one.
func (p *pen) id() string {
	if p.inside != "" {
		p.main++
		return fmt.Sprintf("I%s;%d:%d", strings.TrimPrefix(p.inside, "I"), p.file1, p.main)
	}
	if p.next++; p.next%400 == 0 {
		p.session += 1 + p.rnd.IntN(90)
	}
	return fmt.Sprintf("%d:%d", p.session, p.next)
}

// component makes one, or finds it by its name; set is empty for one without
// variants.
func (p *pen) component(set, name string, build func() *node) *component {
	if c, ok := p.known[set+"/"+name]; ok {
		return c
	}
	c := &component{key: fmt.Sprintf("%016x%016x%08x", p.rnd.Uint64(), p.rnd.Uint64(), p.rnd.Uint32()), name: name, build: build}
	c.first = 1000 + 100*len(p.known)
	c.id = fmt.Sprintf("7:%d", c.first)
	p.known[set+"/"+name] = c
	of := ""
	if set != "" {
		of = fmt.Sprintf(`,"componentSetId":"%s"`, p.set(set))
	}
	if p.components.Len() > 0 {
		p.components.WriteByte(',')
	}
	fmt.Fprintf(&p.components, `"%s":{"key":"%s","name":%s,"description":"","remote":%v%s,"documentationLinks":[]}`, c.id, c.key, quote(name), len(p.known)%3 == 0, of)
	return c
}

// set is the id of a component set.
func (p *pen) set(name string) string {
	if c, ok := p.known["set "+name]; ok {
		return c.id
	}
	id := fmt.Sprintf("8:%d", 10+len(p.known))
	p.known["set "+name] = &component{id: id}
	if p.sets.Len() > 0 {
		p.sets.WriteByte(',')
	}
	fmt.Fprintf(&p.sets, `"%s":{"key":"%016x%016x%08x","name":%s,"description":""}`, id, p.rnd.Uint64(), p.rnd.Uint64(), p.rnd.Uint32(), quote(name))
	return id
}

// use draws an instance of c.
func (p *pen) use(c *component, name string) *node {
	id := p.id()
	inside, main, first := p.inside, p.main, p.file1
	p.inside, p.main, p.file1 = id, c.first, 7
	n := c.build()
	p.inside, p.main, p.file1 = inside, main, first
	n.id, n.kind, n.component, n.name = id, "INSTANCE", c.id, name
	return n
}

// original draws c itself.
func (p *pen) original(c *component) *node {
	session, next := p.session, p.next
	p.session, p.next = 7, c.first
	n := c.build()
	p.session, p.next = session, next
	n.id, n.kind, n.name = c.id, "COMPONENT", c.name
	return n
}

func variant(name, value string) string {
	return quote(name) + `:{"value":` + quote(value) + `,"type":"VARIANT","boundVariables":{}}`
}

func property(name, kind string, value any) string {
	written := fmt.Sprint(value)
	if s, is := value.(string); is {
		written = quote(s)
	}
	return quote(name) + `:{"value":` + written + `,"type":"` + kind + `"}`
}

// page begins a page, and draws what nodes returns onto it, beside each other.
func (p *pen) page(name string, nodes func() []*node) {
	if p.pages++; p.pages > 1 {
		p.out.WriteString("]},")
	}
	fmt.Fprintf(&p.out, `{"id":"0:%d","name":%s,"type":"CANVAS","scrollBehavior":"SCROLLS","backgroundColor":%s,"prototypeStartNodeID":null,"flowStartingPoints":[],"prototypeDevice":{"type":"NONE","rotation":"NONE"},"children":[`,
		p.pages, quote(name), rgba("#F5F5F5", 1))
	if nodes == nil {
		return
	}
	x := 0.0
	for _, n := range nodes() {
		x += p.put(n, x, -200) + 80
	}
}

// put writes n onto the page, and is how wide it is.
func (p *pen) put(n *node, x, y float64) float64 {
	n.measure()
	n.place(x, y)
	if raw := p.out.Bytes(); raw[len(raw)-1] != '[' {
		p.out.WriteByte(',')
	}
	p.write(n, "")
	return n.w
}

func (p *pen) tables() string {
	return `"components":{` + p.components.String() + `},"componentSets":{` + p.sets.String() + `},"schemaVersion":0,"styles":{` + styles() + `}`
}

const head = `"name":"Tidal – product","lastModified":"2026-11-20T09:31:07Z","thumbnailUrl":"https://s3-alpha.figma.com/thumbnails/1c6d0e4f","version":"2271846305917448123","role":"editor","editorType":"figma","linkAccess":"view"`

// file is what was drawn, as a file.
func (p *pen) file() []byte {
	var b buffer
	b.WriteString(`{"document":{"id":"0:0","name":"Document","type":"DOCUMENT","scrollBehavior":"SCROLLS","children":[`)
	b.Write(p.out.Bytes())
	b.WriteString("]}]}," + p.tables() + "," + head + "}")
	return b.Bytes()
}

// nodes is what was drawn, page by page, as an answer about nodes.
func (p *pen) nodes() []byte {
	var b buffer
	b.WriteString("{" + head + `,"nodes":{"0:1":{"document":`)
	b.Write(p.out.Bytes())
	b.WriteString("]}," + p.tables() + `},"404:404":null}}`)
	return b.Bytes()
}
