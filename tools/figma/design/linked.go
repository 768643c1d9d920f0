package design

import (
	"sort"
	"strings"
)

// clicks say what happens where somebody clicks, hovers and so on.
func clicks(list []Interaction) []string {
	var parts []string
	for _, in := range list {
		on := "click"
		if in.Trigger != nil && in.Trigger.Type != "" && in.Trigger.Type != "ON_CLICK" {
			on = plain(strings.TrimPrefix(in.Trigger.Type, "ON_"))
		}
		for _, a := range in.Actions {
			switch {
			case a == nil:
			case a.URL != "":
				parts = append(parts, on+"→"+quote(a.URL))
			case a.Destination != "":
				parts = append(parts, on+"→#"+bareID(a.Destination))
			}
		}
	}
	return parts
}

func jam(j *Jam) []string {
	var parts []string
	if j.ShapeKind != "" {
		parts = append(parts, plain(j.ShapeKind))
	}
	if j.Start != nil && j.Start.NodeID != "" {
		parts = append(parts, "from→#"+bareID(j.Start.NodeID))
	}
	if j.End != nil && j.End.NodeID != "" {
		parts = append(parts, "to→#"+bareID(j.End.NodeID))
	}
	return parts
}

// linked says which properties of its component set parts of the node.
func (w *writer) linked(n *Node) []string {
	var parts []string
	for _, field := range sorted(n.References) {
		what := map[string]string{"characters": "text", "mainComponent": "swap"}[field]
		if what == "" {
			what = plain(field)
		}
		parts = append(parts, what+"←"+bare(property(n.References[field])))
	}
	for _, name := range sorted(n.Definitions) {
		d := n.Definitions[name]
		s := plain(d.Type) + " " + bare(property(name)) + "=" + w.value(d.Type, d.Default)
		if len(d.Options) > 0 {
			s += " of " + each(len(d.Options), func(i int) string { return bare(d.Options[i]) })
		}
		parts = append(parts, "prop("+s+")")
	}
	return append(parts, overridden(n.Overridden)...)
}

// overridden names the kinds of changes that an instance makes.
func overridden(list []Overridden) []string {
	kinds := map[string]bool{}
	for _, o := range list {
		for _, f := range o.Fields {
			if k := changeOf(f); k != "" {
				kinds[k] = true
			}
		}
	}
	if len(kinds) == 0 {
		return nil
	}
	return []string{"overrides(" + strings.Join(sorted(kinds), ",") + ")"}
}

func changeOf(field string) string {
	switch field {
	case "characters":
		return "text"
	case "fills", "fillStyleId", "inheritFillStyleId":
		return "fill"
	case "visible":
		return "visible"
	case "componentProperties", "componentId", "mainComponent":
		return "props"
	}
	switch {
	case strings.HasPrefix(field, "stroke"):
		return "stroke"
	case strings.HasPrefix(field, "font"), strings.HasPrefix(field, "text"), strings.HasPrefix(field, "line"), strings.HasPrefix(field, "letter"):
		return "font"
	}
	return ""
}

func sorted[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
