package design

import (
	"encoding/binary"
	"slices"
	"sort"
	"strings"
)

// template is the text of several places that differ in a few values.
type template struct {
	name   string
	root   int32 // first line of the place that it is written from
	params []param
	index  map[spot]int // parameter of a place; -1: an id that is left out
}

// spot is a place in a template: a line counted from its root, and a slot.
type spot struct{ line, slot int32 }

// param is what differs. Where most uses have the same value it is optional.
type param struct {
	name     string
	spot     spot
	optional bool
	value    int32 // the usual one
	spaced   bool  // of a place: some are not one word
}

// Least lines and least characters that a template must save.
const (
	leastLines  = 2
	leastSaving = 60
)

// classify numbers lines so that those of one class have the same shape: kinds,
// layouts and insides.
func (w *writer) classify() [][]int32 {
	number := map[string]int32{}
	var places [][]int32
	var key []byte
	for i := len(w.lines) - 1; i >= 0; i-- {
		l := &w.lines[i]
		key = binary.AppendUvarint(key[:0], uint64(l.fixed))
		for c := i + 1; c < i+int(l.size); c += int(w.lines[c].size) {
			key = binary.AppendUvarint(key, uint64(w.lines[c].class))
		}
		n, ok := number[string(key)]
		if !ok {
			n = int32(len(places))
			number[string(key)] = n
			places = append(places, nil)
		}
		l.class = n
		places[n] = append(places[n], int32(i))
	}
	for _, p := range places {
		slices.Reverse(p)
	}
	return places
}

// findTemplates picks the classes that are worth a template, the largest first.
// What lies in a use of a template is written nowhere, save once in the template.
func (w *writer) findTemplates() {
	places := w.classify()
	var order []int32
	for c, p := range places {
		if len(p) > 1 && w.lines[p[0]].size >= leastLines && w.lines[p[0]].level > 0 {
			order = append(order, int32(c))
		}
	}
	sort.SliceStable(order, func(i, j int) bool {
		a, b := places[order[i]][0], places[order[j]][0]
		if w.lines[a].size != w.lines[b].size {
			return w.lines[a].size > w.lines[b].size
		}
		return a < b
	})
	sums := w.sums()
	covered := make([]bool, len(w.lines))
	for _, c := range order {
		var open []int32
		for _, at := range places[c] {
			if !covered[at] {
				open = append(open, at)
			}
		}
		if len(open) < 2 {
			continue
		}
		t := w.propose(places[c], open, sums)
		if t == nil {
			continue
		}
		w.templates[c] = t
		for _, at := range open[1:] {
			for i := at + 1; i < at+w.lines[at].size; i++ {
				covered[i] = true
			}
		}
	}
	w.nameTemplates()
}

// sums are the lengths of all lines before each.
func (w *writer) sums() []int {
	sums := make([]int, len(w.lines)+1)
	for i := range w.lines {
		sums[i+1] = sums[i] + w.lines[i].long
	}
	return sums
}

// propose makes the template of a class, or nil where it saves too little.
func (w *writer) propose(all, open []int32, sums []int) *template {
	t := &template{root: open[0], index: map[spot]int{}}
	size := w.lines[t.root].size
	seen := map[string]int{}
	for k := range size {
		if !w.differing(t, all, k, seen) {
			return nil
		}
	}
	full, args := 0, 0
	for _, at := range open {
		full += sums[at+size] - sums[at]
		args += 18 + int(w.lines[at].level) + w.arguments(t, at)
	}
	body := sums[t.root+size] - sums[t.root] + 10*len(t.params)
	saved := full - body - args
	if saved < leastSaving || args*10 > full*7 {
		return nil
	}
	return t
}

// differing finds the slots of line k that are not the same at all places. It is
// false where an id that is needed cannot be told from the place.
func (w *writer) differing(t *template, all []int32, k int32, seen map[string]int) bool {
	root := &w.lines[t.root+k]
	var key []byte
	for s := range int32(slots) {
		if s == slotID {
			if k > 0 && !w.differingID(t, all, k) {
				return false
			}
			continue
		}
		same := true
		for _, at := range all {
			if w.lines[at+k].slot[s] != root.slot[s] {
				same = false
				break
			}
		}
		if same {
			continue
		}
		key = key[:0]
		for _, at := range all {
			key = binary.AppendUvarint(key, uint64(w.lines[at+k].slot[s]))
		}
		if p, ok := seen[string(key)]; ok {
			t.index[spot{k, s}] = p
			continue
		}
		seen[string(key)] = len(t.params)
		t.index[spot{k, s}] = len(t.params)
		usual, often := w.usual(all, k, s)
		t.params = append(t.params, param{spot: spot{k, s}, value: usual, optional: often*10 >= len(all)*6, spaced: s == slotAt && w.spaced(all, k)})
	}
	return true
}

// spaced tells whether some places of line k are not said in one word.
func (w *writer) spaced(all []int32, k int32) bool {
	for _, at := range all {
		if v := w.values.list[w.lines[at+k].slot[slotAt]]; v == "" || strings.Contains(v, " ") {
			return true
		}
	}
	return false
}

// usual is the value that most places have, and how many do.
func (w *writer) usual(all []int32, k, s int32) (int32, int) {
	counts := map[int32]int{}
	best := w.lines[all[0]+k].slot[s]
	for _, at := range all {
		v := w.lines[at+k].slot[s]
		if counts[v]++; counts[v] > counts[best] {
			best = v
		}
	}
	return best, counts[best]
}

// differingID makes an id a parameter where it cannot be told from that of the
// root and is needed, to export the node or to ask for it.
func (w *writer) differingID(t *template, all []int32, k int32) bool {
	l := &w.lines[t.root+k]
	same := true
	for _, at := range all {
		if w.relative(at+k, at) != w.relative(t.root+k, t.root) {
			same = false
			break
		}
	}
	switch {
	case same && w.relative(t.root+k, t.root) != "":
	case !l.need:
		t.index[spot{k, slotID}] = -1
	case l.inst >= t.root:
		return false
	default:
		t.index[spot{k, slotID}] = len(t.params)
		t.params = append(t.params, param{spot: spot{k, slotID}})
	}
	return true
}

// needs tells whether the id of a line, or of one in it, is needed to export it
// or to ask for more. Where one in it is, its own is what that is told from.
func (w *writer) needs(l *line, inside []line) bool {
	if l.head == "svg" || strings.HasPrefix(l.lay, "svg") || l.cut > 0 || strings.Contains(w.values.list[l.slot[slotFill]], "img(") {
		return true
	}
	for i := 0; i < len(inside); i += int(inside[i].size) {
		if inside[i].need {
			return true
		}
	}
	return false
}

// relative is the id of a line as told from root, without #; empty where it
// cannot be told.
func (w *writer) relative(at, root int32) string {
	l := &w.lines[at]
	if l.inst >= root {
		return tail(l.node.ID, w.lines[l.inst].node.ID)
	}
	prefix, number := split(l.node.ID)
	rootPrefix, rootNumber := split(w.lines[root].node.ID)
	if prefix == "" || prefix != rootPrefix || number == rootNumber {
		return ""
	}
	if number < rootNumber {
		return "-" + itoa(rootNumber-number)
	}
	return "+" + itoa(number-rootNumber)
}

// tail is what an id in an instance has behind that of the instance.
func tail(id, instance string) string {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(id, "I"), strings.TrimPrefix(instance, "I"))
	if !ok || !strings.HasPrefix(rest, ";") || bareID(rest) != rest {
		return ""
	}
	return rest
}

// split parts an id into all up to its last number, and that.
func split(id string) (string, int) {
	i := strings.LastIndexByte(id, ':') + 1
	if i == 0 || i == len(id) || len(id)-i > 9 {
		return "", 0
	}
	number := 0
	for _, c := range id[i:] {
		if c < '0' || c > '9' {
			return "", 0
		}
		number = number*10 + int(c-'0')
	}
	return id[:i], number
}

// arguments is how long the arguments of a use are.
func (w *writer) arguments(t *template, at int32) int {
	total := 2
	for i := range t.params {
		p := &t.params[i]
		v := w.lines[at+p.spot.line].slot[p.spot.slot]
		switch {
		case !p.optional, v != p.value:
			total += len(w.values.list[v]) + len(slotNames[p.spot.slot]) + 3
		}
	}
	return total
}
