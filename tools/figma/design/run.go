package design

import "strings"

// leastRun is how many alike neighbours become one line.
const leastRun = 4

// children writes what lies in the line at; runs of nodes that differ in nothing
// but id and place as one line each.
func (w *writer) children(at int32, t *template, indent int) {
	end := at + w.lines[at].size
	for c := at + 1; c < end; {
		if n := w.runFrom(c, end, source{w, t}); n >= leastRun {
			w.run(c, n, source{w, t}, indent)
			c += n
			continue
		}
		w.write(c, t, indent)
		c += w.lines[c].size
	}
}

// runFrom is how many lines from at on can be written as one.
func (w *writer) runFrom(at, end int32, s source) int32 {
	if !s.lone(at) {
		return 1
	}
	n := int32(1)
	for at+n < end && s.lone(at+n) && s.alike(at, at+n) {
		n++
	}
	return n
}

// lone tells a line that may be one of a run: it has nothing in it, and its
// place is one word.
func (s source) lone(at int32) bool {
	l := &s.w.lines[at]
	if l.size != 1 || l.cut > 0 {
		return false
	}
	i, passed := s.param(at, slotAt)
	return !passed || !s.t.params[i].spaced
}

// alike tells whether two lines differ in nothing but id and place.
func (s source) alike(a, b int32) bool {
	la, lb := &s.w.lines[a], &s.w.lines[b]
	if la.head != lb.head || la.lay != lb.lay || s.told(a) != s.told(b) {
		return false
	}
	for slot := range int32(slots) {
		i, inA := s.param(a, slot)
		j, inB := s.param(b, slot)
		switch {
		case slot == slotID:
		case slot == slotAt:
			_, pinsA := s.place(a)
			_, pinsB := s.place(b)
			if pinsA != pinsB || (la.slot[slot] == 0) != (lb.slot[slot] == 0) || inA != inB {
				return false
			}
		case inA != inB, inA && i != j, !inA && la.slot[slot] != lb.slot[slot]:
			return false
		}
	}
	return true
}

// told tells whether the id of a line is said.
func (s source) told(at int32) bool {
	if i, ok := s.param(at, slotID); ok {
		return i >= 0
	}
	return s.w.lines[at].node.ID != ""
}

// place is @x,y of a line, and the edges that it keeps to.
func (s source) place(at int32) (xy, pins string) {
	if _, passed := s.param(at, slotAt); passed {
		return s.value(at, slotAt), ""
	}
	xy, pins, _ = strings.Cut(s.w.values.list[s.w.lines[at].slot[slotAt]], " ")
	return xy, pins
}

// run writes n lines from at on as one: what they have in common, ×n, and the
// id and place of each. + is the id whose last number is one more than that of
// the one before.
func (w *writer) run(at, n int32, s source, indent int) {
	for range indent {
		w.out.WriteByte(' ')
	}
	w.parts(at, s, several)
	w.word("×" + itoa(int(n)) + ":")
	for i := at; i < at+n; i++ {
		id := ""
		if s.told(i) {
			id = s.id(i)
			if i > at && s.follows(i-1, i) {
				id = "+"
			}
		}
		xy, _ := s.place(i)
		w.word(id + xy)
	}
	w.out.WriteByte('\n')
}

// follows tells whether the id of line b is said to be the next after that of a.
func (s source) follows(a, b int32) bool {
	_, passedA := s.param(a, slotID)
	_, passedB := s.param(b, slotID)
	prefix, number := split(s.w.lines[a].node.ID)
	next, after := split(s.w.lines[b].node.ID)
	return !passedA && !passedB && prefix != "" && prefix == next && number+1 == after
}
