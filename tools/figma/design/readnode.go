package design

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// node reads the next value as a node; nil where it is none.
func (rd *reader) node(level int) (*Node, error) {
	if level > maxLevels {
		return nil, &Malformed{"nodes lie too deep in each other"}
	}
	if is, err := rd.opens('{'); err != nil || !is {
		return nil, err
	}
	n := &Node{}
	own := rd.own // of the nodes around; taken up again behind them
	start := len(own)
	rd.own = append(own, '{')
	err := rd.s.object(func(name []byte) error { return rd.nodeMember(n, name, level) })
	if err != nil {
		return nil, err
	}
	mine := rd.own[start:]
	rd.f.bytes += 320 + 2*len(mine) + len(n.ID) + 8*len(n.Children)
	if rd.f.bytes > maxBytes {
		return nil, &TooLarge{}
	}
	if len(mine) > 1 {
		mine[len(mine)-1] = '}' // in place of the last comma
		if err := fit(mine, n); err != nil {
			return nil, err
		}
	}
	rd.own = rd.own[:start]
	settle(n)
	return n, nil
}

// nodeMember reads a member: some at once, those of few forms from what was
// seen before; the others are gathered, to be decoded together.
func (rd *reader) nodeMember(n *Node, name []byte, level int) (err error) {
	switch string(name) {
	case "children":
		return rd.children(n, level)
	case "id", "name", "type":
		return rd.label(n, string(name))
	case "fills":
		n.Fills, err = shared(rd, rd.paints)
	case "strokes":
		n.Strokes, err = shared(rd, rd.paints)
		n.stroked = true
	case "effects":
		n.Effects, err = shared(rd, rd.effects)
	case "style":
		var font *TypeStyle
		if font, err = shared(rd, rd.fonts); font != nil {
			n.Font = font
		}
	case "absoluteBoundingBox":
		return rd.box(n)
	case "constraints":
		var c *Constraints
		if c, err = shared(rd, rd.pins); c != nil && (c.X != "LEFT" || c.Y != "TOP") {
			n.Flow = &Flow{Constraints: c}
		}
	default:
		if !kept(name) || len(n.Strokes) == 0 && n.stroked && strokeOnly(name) {
			return rd.s.skip()
		}
		return rd.gather(name)
	}
	return err
}

// strokeOnly tells members that mean nothing without strokes.
func strokeOnly(name []byte) bool {
	return string(name) == "strokeWeight" || string(name) == "strokeAlign"
}

// box reads where a node is: most nodes have little else that is not shared, so
// that it is worth doing without reflection.
func (rd *reader) box(n *Node) (err error) {
	if rd.raw, err = rd.s.value(rd.raw[:0]); err != nil {
		return err
	}
	if len(rd.raw) == 0 || rd.raw[0] != '{' {
		return nil
	}
	b := &Box{}
	for rest := rd.raw[1:]; ; {
		var name, value []byte
		if name, value, rest = pair(rest); name == nil {
			break
		}
		v, err := strconv.ParseFloat(string(value), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fit(rd.raw, &n.Box) // it is written in another way, or wrong
		}
		switch string(name) {
		case "x":
			b.X = v
		case "y":
			b.Y = v
		case "width":
			b.W = v
		case "height":
			b.H = v
		}
	}
	n.Box = b
	return nil
}

// pair splits the next member off an object of numbers that is written without
// spaces: no name at its end, an empty one where it is written in another way.
func pair(raw []byte) (name, value, rest []byte) {
	if len(raw) == 0 {
		return nil, nil, nil
	}
	if raw[0] != '"' {
		return raw[:0], nil, nil
	}
	end := bytes.IndexByte(raw[1:], '"')
	if end < 0 || end+2 >= len(raw) || raw[end+2] != ':' {
		return raw[:0], nil, nil
	}
	name, raw = raw[1:end+1], raw[end+3:]
	end = bytes.IndexAny(raw, ",}")
	if end < 0 {
		return name, nil, nil
	}
	return name, raw[:end], raw[end+1:]
}

func (rd *reader) children(n *Node, level int) error {
	if is, err := rd.opens('['); err != nil || !is {
		return err
	}
	return rd.s.array(func() error {
		c, err := rd.node(level + 1)
		if c != nil {
			n.Children = append(n.Children, c)
		}
		return err
	})
}

// label reads one of the three texts that every node has.
func (rd *reader) label(n *Node, name string) (err error) {
	if rd.raw, err = rd.s.value(rd.raw[:0]); err != nil {
		return err
	}
	switch name {
	case "id":
		n.ID = unquote(rd.raw)
	case "name":
		n.Name = rd.known(rd.raw)
	case "type":
		n.Type = rd.known(rd.raw)
	}
	return nil
}

// known is the text of raw, the same one for the same raw.
func (rd *reader) known(raw []byte) string {
	if s, ok := rd.word[string(raw)]; ok {
		return s
	}
	s := unquote(raw)
	rd.word[string(raw)] = s
	return s
}

// shared reads a value of which many nodes have the same: one copy is kept.
func shared[V any](rd *reader, seen map[string]V) (V, error) {
	var v V
	var err error
	if rd.raw, err = rd.s.value(rd.raw[:0]); err != nil {
		return v, err
	}
	if len(rd.raw) == 2 { // [] or {}
		return v, nil
	}
	if v, ok := seen[string(rd.raw)]; ok {
		return v, nil
	}
	if err := fit(rd.raw, &v); err != nil {
		return v, err
	}
	rd.f.bytes += 4 * len(rd.raw)
	seen[string(rd.raw)] = v
	return v, nil
}

// gather appends a member to those that are decoded together, unless its value
// is what a node has without it.
func (rd *reader) gather(name []byte) (err error) {
	before := len(rd.own)
	rd.own = append(append(append(rd.own, '"'), name...), '"', ':')
	from := len(rd.own)
	if rd.own, err = rd.s.value(rd.own); err != nil {
		return err
	}
	if usual(name, rd.own[from:]) {
		rd.own = rd.own[:before]
		return nil
	}
	rd.own = append(rd.own, ',')
	return nil
}

// usual tells a value that means the same as none.
func usual(name, raw []byte) bool {
	switch string(raw) {
	case "null", "[]", "{}", `"PASS_THROUGH"`, `"NORMAL"`, `"NONE"`, `"SCROLLS"`, `"MIN"`, `"NO_WRAP"`, `"INHERIT"`, `"AUTO"`:
		return true
	case "false", "true":
		return (string(name) == "visible") == (raw[0] == 't')
	case "0", "0.0":
		return string(name) != "opacity" && string(name) != "strokeWeight"
	case `"FIXED"`:
		return string(name) != "scrollBehavior"
	}
	return false
}

// quoted puts the quotes back that name has lost.
func quoted(name []byte) []byte {
	return append(append([]byte{'"'}, name...), '"')
}

// unquote is the text of a JSON string; empty where raw is none.
func unquote(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(bytes.ToValidUTF8(raw[1:len(raw)-1], []byte("\uFFFD")))
	}
	var s string
	_ = json.Unmarshal(raw, &s) // a broken escape leaves the text empty
	return s
}
