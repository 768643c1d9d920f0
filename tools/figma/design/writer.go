package design

import (
	"encoding/json"
	"strings"
)

// Places in a line whose text may differ between two uses of a template.
const (
	slotProps = iota
	slotID
	slotLabel
	slotName
	slotW
	slotH
	slotAt
	slotFill
	slotBorder
	slotRadius
	slotEffect
	slotFont
	slotRest
	slots
)

// slotNames are what parameters are called, after the place that they fill.
var slotNames = [slots]string{"props", "id", "text", "name", "w", "h", "at", "fill", "border", "r", "effect", "font", "more"}

// line is a node on its way to be written. Lines lie in the order of the text:
// behind each its insides, size-1 of them.
type line struct {
	node  *Node
	head  string // kind, or <Component
	lay   string // how it places its children
	fixed int32  // number of what must be equal for lines to be of one template
	slot  [slots]int32
	size  int32
	level int32
	inst  int32 // line of the innermost instance around it, or -1
	class int32
	need  bool // its id must be told
	cut   int  // nodes in it that are not written
	long  int  // how long its text is, about
}

// writer turns nodes into text.
type writer struct {
	f *File
	o TextOptions

	unbound bool // variables are not written

	folds map[*Node]string // containers that are only a picture, with their colour
	stop  func(n *Node, level int) bool
	lines []line
	text  Text

	values     words // texts of slots
	fixed      words
	vars       map[string]string // written form of bindings by their raw JSON
	varNames   []string
	varNumbers map[string]int     // from 1, of varNames
	fonts      map[lookKey]string // written

	templates map[int32]*template // by class
	order     []*template
	uses      []int32  // of each value, in the counting pass
	alias     []string // of each value
	out       strings.Builder
}

type lookKey struct {
	font  *TypeStyle
	style string // id
}

// words numbers texts.
type words struct {
	number map[string]int32
	list   []string
}

func (t *words) of(s string) int32 {
	if n, ok := t.number[s]; ok {
		return n
	}
	n := int32(len(t.list))
	t.number[s] = n
	t.list = append(t.list, s)
	return n
}

func newWords() words {
	w := words{number: map[string]int32{}}
	w.of("")
	return w
}

// bound is what is written behind the value of a member that is bound to a
// variable. Members bound to several are those of texts, whose fonts say it.
func (w *writer) bound(n *Node, field string) string {
	if n.BoundTo == nil {
		return ""
	}
	return w.variable(n.BoundTo[field])
}

// bound2 is bound one level deeper.
func (w *writer) bound2(n *Node, field, part string) string {
	raw, ok := n.BoundTo[field]
	if !ok {
		return ""
	}
	var parts map[string]json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return "" // Figma promises an object
	}
	return w.variable(parts[part])
}

// variable is what is written behind a value that is bound to a variable: $ and
// a number that the head of the text explains.
func (w *writer) variable(raw json.RawMessage) string {
	if w.unbound || len(raw) == 0 || raw[0] != '{' {
		return ""
	}
	if s, ok := w.vars[string(raw)]; ok {
		return s
	}
	var alias struct{ ID string }
	if json.Unmarshal(raw, &alias) != nil || alias.ID == "" {
		return ""
	}
	name := w.variableName(alias.ID)
	number, known := w.varNumbers[name]
	if !known {
		w.varNames = append(w.varNames, name)
		number = len(w.varNames)
		w.varNumbers[name] = number
	}
	s := "$" + itoa(number)
	w.vars[string(raw)] = s
	return s
}

// variableName is the name of a variable, or a short form of its id.
func (w *writer) variableName(id string) string {
	if w.o.Variables != nil {
		if name := w.o.Variables()[id]; name != "" {
			return bare(name)
		}
	}
	short := strings.TrimPrefix(id, "VariableID:")
	if library, local, ok := strings.Cut(short, "/"); ok && len(library) > 8 {
		short = library[:8] + "/" + local
	}
	return bareID(strings.ReplaceAll(short, "/", "-"))
}

// styled is what is written behind a value that a named style sets.
func (w *writer) styled(id string) string {
	if s, ok := w.f.Styles[id]; ok && s.Name != "" {
		return "(" + quote(s.Name) + ")"
	}
	return ""
}

// fill writes what n is filled with.
func (w *writer) fill(n *Node) string {
	s := w.paints(n.Fills, n.Box)
	if s == "" {
		return ""
	}
	return s + w.styled(n.style("fill"))
}

// look writes effects with the style that sets them.
func (w *writer) look(n *Node) string {
	s := w.effects(n.Effects)
	if s == "" {
		return ""
	}
	return s + w.styled(n.style("effect"))
}

// fontOf writes the font of a text.
func (w *writer) fontOf(n *Node) string {
	if t := n.Font; t == nil || t.Family == "" && t.Weight == 0 && t.Size == 0 {
		return ""
	}
	key := lookKey{n.Font, n.style("text")}
	if s, ok := w.fonts[key]; ok {
		return s
	}
	s := w.font(n.Font, w.f.Styles[key.style].Name)
	w.fonts[key] = s
	return s
}
