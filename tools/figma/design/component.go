package design

import (
	"sort"
	"strings"
)

// mostDescription is how many characters of a component's description are shown.
const mostDescription = 120

// mainOf is the main component of an instance and the set that it is a variant
// of; empty ids where the file does not know them.
func (f *File) mainOf(n *Node) (set, main string) {
	if n.Linked == nil {
		return "", ""
	}
	c, ok := f.Components[n.ComponentID]
	if !ok {
		return "", ""
	}
	if s, of := f.Sets[c.SetID]; of && s.Name != "" {
		set = c.SetID
	}
	return set, n.ComponentID
}

// called is the name of a component or set in the text: with its node id where
// another one of the file has the same name.
func (f *File) called(name, id string) string {
	f.naming.Do(f.findTwins)
	if f.twins[name] {
		return bare(name) + "#" + bareID(id)
	}
	return bare(name)
}

// findTwins finds names that several sets and components without a set have. Of
// two entries with the same key Figma means the same component.
func (f *File) findTwins() {
	f.twins = map[string]bool{}
	first := map[string]string{}
	add := func(name, id, key string) {
		if key == "" {
			key = "#" + id
		}
		if other, taken := first[name]; taken && other != key {
			f.twins[name] = true
		}
		first[name] = key
	}
	for id, s := range f.Sets {
		add(s.Name, id, s.Key)
	}
	for id, c := range f.Components {
		if s, of := f.Sets[c.SetID]; !of || s.Name == "" {
			add(c.Name, id, c.Key)
		}
	}
}

// components writes where the components come from that instances on view are
// of, in the order of their names: a set, with its variants indented below it,
// or a component without a set.
func (w *writer) components() string {
	variants := map[string]map[string]bool{} // main components by set
	for i := range w.lines {
		if n := w.lines[i].node; n.Type == "INSTANCE" {
			if set, main := w.f.mainOf(n); main != "" {
				if variants[set] == nil {
					variants[set] = map[string]bool{}
				}
				variants[set][main] = true
			}
		}
	}
	var entries []string
	for main := range variants[""] {
		if c := w.f.Components[main]; c.Name != "" {
			entries = append(entries, w.f.called(c.Name, main)+origin(main, c.Key, c.Remote, c.Description))
		}
	}
	for set, mains := range variants {
		if set != "" {
			entries = append(entries, w.f.setEntry(set, sorted(mains)))
		}
	}
	sort.Strings(entries)
	return strings.Join(entries, "")
}

// setEntry is a set, and those of its variants that are on view.
func (f *File) setEntry(id string, mains []string) string {
	s := f.Sets[id]
	var below []string
	remote := s.Remote
	for _, main := range mains {
		c := f.Components[main]
		remote = remote || c.Remote
		about := c.Description
		if about == s.Description {
			about = ""
		}
		below = append(below, " "+variantName(c.Name)+origin(main, c.Key, c.Remote, about))
	}
	sort.Strings(below)
	return f.called(s.Name, id) + " set" + origin(id, s.Key, remote, s.Description) + strings.Join(below, "")
}

// variantName is the name of a variant as its instances say it.
func variantName(name string) string {
	if name == "" {
		return `""`
	}
	return variantProps(name)
}

// origin is what a line of a component says behind its name.
func origin(id, key string, remote bool, about string) string {
	s := " #" + bareID(id)
	if key != "" {
		s += " key=" + bareID(key)
	}
	if remote {
		s += " remote"
	} else {
		s += " local"
	}
	if about = flat(about); about != "" {
		s += " " + quote(cutAt(about, mostDescription))
	}
	return s + "\n"
}

// cutAt is the first characters of s, with … behind them where there are more.
func cutAt(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most]) + "…"
}
