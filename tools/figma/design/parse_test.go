package design_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// seen is a node as a reader of the text understands it, who knows nothing but
// the text and its head.
type seen struct {
	kind     string // first word; instance for <Component>
	of       string // component of an instance
	props    map[string]string
	from     *origin // its main component
	id       string  // empty where the text does not say it
	label    string  // name, or text
	named    string  // name=
	w, h     string
	at       string
	words    []string // the rest
	font     string
	cut      bool
	children []*seen
}

// reading is a text taken apart.
type reading struct {
	values    map[string]string // by short name
	templates map[string]*pattern

	components []*origin
}

type pattern struct {
	params []string
	usual  map[string]string
	lines  []string
}

// parse reads a text back: short names, templates and relative ids resolved.
func parse(body string) ([]*seen, error) {
	r := &reading{values: map[string]string{}, templates: map[string]*pattern{}}
	section := ""
	var current *pattern
	var nodes []string
	for _, l := range strings.Split(strings.TrimSuffix(body, "\n"), "\n") {
		switch {
		case l == "VALUES" || l == "COMPONENTS" || l == "TEMPLATES" || l == "NODES":
			section = l
		case section == "VALUES":
			name, value, _ := strings.Cut(l, " = ")
			r.values[name] = value
		case section == "COMPONENTS":
			r.component(l)
		case section == "TEMPLATES" && l[0] == '&':
			current = newPattern(r, l)
		case section == "TEMPLATES":
			current.lines = append(current.lines, l[1:])
		case section == "NODES":
			nodes = append(nodes, l)
		}
	}
	return r.tree(nodes, nil, scope{})
}

func newPattern(r *reading, head string) *pattern {
	p := &pattern{usual: map[string]string{}}
	name, params, has := strings.Cut(strings.TrimSuffix(head[1:], ":"), "(")
	if has {
		for _, part := range split(strings.TrimSuffix(params, ")"), '|') {
			n, v, usual := strings.Cut(part, "=")
			p.params = append(p.params, n)
			if usual {
				p.usual[n] = v
			}
		}
	}
	r.templates[name] = p
	return p
}

// scope is where ids are told from.
type scope struct {
	use      string // id of the use of the template at hand
	instance string // id of the innermost instance around
}

// resolve is the id that #rest stands for.
func (s scope) resolve(rest string) (string, error) {
	switch {
	case strings.HasPrefix(rest, ";"):
		return "I" + strings.TrimPrefix(s.instance, "I") + rest, nil
	case (rest[0] == '+' || rest[0] == '-') && s.use == "":
		return "", nil // told from an id that is not told
	case rest[0] == '+' || rest[0] == '-':
		i := strings.LastIndexByte(s.use, ':')
		base, err := strconv.Atoi(s.use[i+1:])
		delta, err2 := strconv.Atoi(rest)
		if err != nil || err2 != nil {
			return "", fmt.Errorf("#%s of %q", rest, s.use)
		}
		return s.use[:i+1] + strconv.Itoa(base+delta), nil
	}
	return rest, nil
}

// tree makes nodes of lines; args are those of the template that they are of.
func (r *reading) tree(lines []string, args map[string]string, s scope) ([]*seen, error) {
	var tops []*seen
	for i := 0; i < len(lines); {
		depth := indent(lines[i])
		end := i + 1
		for end < len(lines) && indent(lines[end]) > depth {
			end++
		}
		for _, l := range expand(substitute(lines[i][depth:], args)) {
			n, err := r.node(l, lines[i+1:end], args, s, i == 0 && args != nil)
			if err != nil {
				return nil, fmt.Errorf("line %q: %w", lines[i], err)
			}
			tops = append(tops, n)
		}
		i = end
	}
	return tops, nil
}

func indent(l string) int { return len(l) - len(strings.TrimLeft(l, " ")) }

// node makes a node of a line and those inside of it. own is true for the first
// line of a template, whose id is that of the use.
func (r *reading) node(l string, inside []string, args map[string]string, s scope, own bool) (*seen, error) {
	if l[0] == '&' {
		return r.used(l, s)
	}
	n, rest, err := r.head(l, s)
	if err != nil {
		return nil, err
	}
	if own {
		n.id = s.use
	}
	if err := r.look(n, rest); err != nil {
		return nil, err
	}
	if n.kind == "instance" {
		s.instance = n.id
	}
	if len(inside) == 0 {
		return n, nil
	}
	if args != nil { // deeper lines of a template know its arguments, and have ids of their own
		n.children, err = r.insides(inside, args, s)
	} else {
		n.children, err = r.tree(inside, nil, s)
	}
	return n, err
}

func (r *reading) insides(lines []string, args map[string]string, s scope) ([]*seen, error) {
	var out []*seen
	for i := 0; i < len(lines); {
		depth := indent(lines[i])
		end := i + 1
		for end < len(lines) && indent(lines[end]) > depth {
			end++
		}
		for _, l := range expand(substitute(lines[i][depth:], args)) {
			n, err := r.node(l, lines[i+1:end], args, s, false)
			if err != nil {
				return nil, fmt.Errorf("line %q: %w", lines[i], err)
			}
			out = append(out, n)
		}
		i = end
	}
	return out, nil
}

// used writes a template out: &Name#id(a|b|key=c).
func (r *reading) used(l string, s scope) (*seen, error) {
	name, list, has := strings.Cut(l[1:], "(")
	name, where, told := strings.Cut(name, "#")
	id := ""
	if told {
		var err error
		if id, err = s.resolve(where); err != nil {
			return nil, err
		}
	}
	p := r.templates[name]
	if p == nil {
		return nil, fmt.Errorf("no template %q", name)
	}
	args := map[string]string{}
	for k, v := range p.usual {
		args[k] = v
	}
	if has {
		for _, part := range split(strings.TrimSuffix(list, ")"), '|') {
			k, v, _ := strings.Cut(part, "=")
			if !slices.Contains(p.params, k) {
				return nil, fmt.Errorf("argument %q of %q", part, name)
			}
			args[k] = v
		}
	}
	for k, v := range args { // ids among arguments are told from where the use stands
		if strings.HasPrefix(k, "id") && strings.HasPrefix(v, "#") {
			full, err := s.resolve(v[1:])
			if err != nil {
				return nil, err
			}
			args[k] = "#" + full
		}
	}
	if len(p.params) != len(args) {
		return nil, fmt.Errorf("%d arguments for %d parameters of %q", len(args), len(p.params), name)
	}
	s.use = id
	nodes, err := r.tree(p.lines, args, s)
	if err != nil || len(nodes) != 1 {
		return nil, fmt.Errorf("template %q has %d roots: %w", name, len(nodes), err)
	}
	return nodes[0], nil
}

// substitute puts arguments in place of {name} outside of quotes.
func substitute(l string, args map[string]string) string {
	if args == nil {
		return l
	}
	var b strings.Builder
	for i := 0; i < len(l); {
		switch l[i] {
		case '"':
			end := quoted(l, i)
			b.WriteString(l[i:end])
			i = end
		case '{':
			end := i + strings.IndexByte(l[i:], '}')
			b.WriteString(args[l[i+1:end]])
			i = end + 1
		default:
			b.WriteByte(l[i])
			i++
		}
	}
	return b.String()
}

// quoted is the end of the string that begins at i.
func quoted(l string, i int) int {
	for j := i + 1; j < len(l); j++ {
		if l[j] == '\\' {
			j++
		} else if l[j] == '"' {
			return j + 1
		}
	}
	return len(l)
}

// split parts at sep outside of quotes and brackets.
func split(l string, sep byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := 0; i < len(l); {
		switch c := l[i]; {
		case c == '"':
			i = quoted(l, i)
			continue
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == sep && depth == 0:
			parts = append(parts, l[start:i])
			start = i + 1
		}
		i++
	}
	return append(parts, l[start:])
}

// head reads kind, component and id.
func (r *reading) head(l string, s scope) (*seen, []string, error) {
	n := &seen{props: map[string]string{}}
	if l[0] == '<' {
		end := closing(l)
		words := split(l[1:end], ' ')
		n.kind, n.of = "instance", plainName(words[0])
		for _, w := range words[1:] {
			parts := split(w, '=')
			n.props[unquote(parts[0])] = unquote(parts[len(parts)-1])
		}
		n.from = r.from(words[0], n.props)
		l = "instance" + l[end+1:]
	}
	words := split(l, ' ')
	kind, rest, has := strings.Cut(words[0], "#")
	n.kind = kind
	if has {
		id, err := s.resolve(rest)
		if err != nil {
			return nil, nil, err
		}
		n.id = id
	}
	return n, words[1:], nil
}

func closing(l string) int {
	for i := 0; i < len(l); i++ {
		if l[i] == '"' {
			i = quoted(l, i) - 1
		} else if l[i] == '>' {
			return i
		}
	}
	return len(l)
}

// look reads the words behind the head, with short names written out.
func (r *reading) look(n *seen, words []string) error {
	for i, w := range words {
		switch {
		case w == "":
		case w[0] == '"' && i == 0:
			n.label = w
		case strings.HasPrefix(w, "name="):
			n.named = unquote(w[5:])
		case strings.Contains(w, "×") && n.w == "" && w[0] <= '9':
			n.w, n.h, _ = strings.Cut(w, "×")
		case w[0] == '@':
			n.at = w[1:]
		case w == "…":
			n.cut = true
		default:
			if long, ok := r.values[w]; ok {
				w = long
			}
			if strings.HasPrefix(w, "font(") {
				n.font = w
			}
			n.words = append(n.words, split(w, ' ')...)
		}
	}
	return nil
}

func unquote(s string) string {
	var out string
	if strings.HasPrefix(s, `"`) && json.Unmarshal([]byte(s), &out) == nil {
		return out
	}
	return s
}

// text joins the parts of a rich text.
func text(label string) string {
	var b strings.Builder
	for i := 0; i < len(label); {
		switch label[i] {
		case '"':
			end := quoted(label, i)
			b.WriteString(unquote(label[i:end]))
			i = end
		case '[':
			for i < len(label) && label[i] != ']' {
				if label[i] == '"' {
					i = quoted(label, i)
				} else {
					i++
				}
			}
		default:
			i++
		}
	}
	return b.String()
}

// behind are the words that follow word, n of them.
func (n *seen) behind(word string, count int) []string {
	for i, w := range n.words {
		if w == word {
			return n.words[i+1 : min(len(n.words), i+1+count)]
		}
	}
	return nil
}

func (n *seen) has(word string) bool {
	for _, w := range n.words {
		if w == word {
			return true
		}
	}
	return false
}
