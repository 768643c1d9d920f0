package design

import "unicode/utf8"

// within writes as much as the budget allows: it opens nodes level by level, as
// many as have room.
func (f *File) within(tops []*Node, o TextOptions, folds map[*Node]string) Text {
	order := byLevel(tops, o.Depth, folds)
	rank := make(map[*Node]int, len(order))
	for i, n := range order {
		rank[n] = i
	}
	try := func(opened int) (Text, bool) {
		var cut []string
		t := f.text(tops, o, folds, func(n *Node, _ int) bool {
			r, ok := rank[n] // not: it lies at Depth
			if ok && r >= opened {
				cut = append(cut, n.ID)
			}
			return !ok || r >= opened
		})
		t.Truncated = cut
		return t, utf8.RuneCountInString(t.Body) <= o.Budget
	}
	best, fits := try(0)
	if !fits {
		return f.fewer(tops, o, folds)
	}
	opened := 0
	most(len(order), func(n int) bool {
		t, fits := try(n)
		if fits && n > opened {
			best, opened = t, n
		}
		return fits
	})
	return best
}

// most is a large number up to limit that fits, found in few steps: of numbers
// that fit, the text of the larger one is seldom the shorter. 0 fits.
func most(limit int, fits func(int) bool) int {
	low, high := 0, limit+1
	for step := 16; low+step < high; step *= 2 {
		if !fits(low + step) {
			high = low + step
			break
		}
		low += step
	}
	for high-low > 1+low/50 {
		middle := low + (high-low)/2
		if fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// fewer leaves out nodes that were asked for, the last first, where their own
// lines are too much.
func (f *File) fewer(tops []*Node, o TextOptions, folds map[*Node]string) Text {
	closed := func(n int) Text {
		t := f.text(tops[:n], o, folds, func(*Node, int) bool { return true })
		if n < len(tops) {
			t.Body += "… " + itoa(len(tops)-n) + " more of the nodes asked for are left out\n"
		}
		return t
	}
	if utf8.RuneCountInString(closed(1).Body) > o.Budget {
		o.NoLegend = true
	}
	n := max(1, most(len(tops), func(n int) bool { return utf8.RuneCountInString(closed(n).Body) <= o.Budget }))
	t := closed(n)
	for i, top := range tops {
		if i >= n {
			t.Nodes += weight(top)
		}
		if i >= n || opens(top) {
			t.Truncated = append(t.Truncated, top.ID)
		}
	}
	return t
}

// opens tells whether there is something to show in n.
func opens(n *Node) bool { return drawn(n.Children) > 0 && n.Type != "BOOLEAN_OPERATION" }

// byLevel are the nodes that have insides to show, level by level, each level in
// the order of the text.
func byLevel(tops []*Node, depth int, folds map[*Node]string) []*Node {
	var order []*Node
	level := tops
	for at := 0; len(level) > 0 && (depth <= 0 || at < depth); at++ {
		var next []*Node
		for _, n := range level {
			_, folded := folds[n]
			if at > 0 && (folded || n.Hidden()) || !opens(n) {
				continue
			}
			order = append(order, n)
			next = append(next, n.Children...)
		}
		level = next
	}
	return order
}
