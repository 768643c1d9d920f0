package names

import (
	"slices"
	"strings"
	"unicode"

	"github.com/fluxstudio/fluxmcp/tools"
)

// nearest keeps the names that are most like one.
type nearest struct {
	to   string
	best string // of those that differ by little
	like []string
}

// like are how many are kept, of which shown are named.
const (
	likely = 20
	shown  = 3
)

func (n *nearest) add(name string) {
	if n.to == "" || !plain(name) {
		return
	}
	to, is := strings.ToLower(n.to), strings.ToLower(name)
	best := tools.Nearest(to, []string{n.best, name})
	if best == name {
		n.best = name
	}
	part := len(to) > 2 && strings.Contains(is, to) || len(is) > 3 && strings.Contains(to, is)
	if len(n.like) < likely && (part || best == name) {
		n.like = append(n.like, name)
	}
}

// list are up to three of them, the most alike first.
func (n *nearest) list() (names []string) {
	left := slices.DeleteFunc(slices.Clone(n.like), func(s string) bool { return s == n.best })
	for next := n.best; next != ""; next = tools.Nearest(n.to, left) {
		names = append(names, next)
		left = slices.DeleteFunc(left, func(s string) bool { return s == next })
	}
	names = append(names, left...)
	return names[:min(len(names), shown)]
}

// plain tells that a name can be part of a sentence of ours: it has nothing but
// what handles and names of channels have.
func plain(name string) bool {
	return name != "" && len(name) <= 2*most && strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) && !strings.ContainsRune("-_.", r)
	}) < 0
}
