package mrkdwn

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

var mutedCast = regexp.MustCompile(`(?i)@` + hidden + `(channel|here|everyone|group)\b`)

// atom is one character of a line, or something that is written already.
type atom struct {
	r    rune
	done string // Markdown; r is then 0
}

func (a atom) is(mark rune) bool { return a.done == "" && a.r == mark }

func (a atom) word() bool { return a.done == "" && a.r != '_' && wordly(a.r) }

func (a atom) space() bool { return a.done == "" && unicode.IsSpace(a.r) }

// inline writes the text of one line.
func (r *reader) inline(line string) {
	if !strings.ContainsAny(line, "*_~`<&"+hidden) {
		r.out.WriteString(line)
		return
	}
	r.split(line)
	s := styles{atoms: r.atoms, out: &r.out}
	s.find()
	s.write(0, len(r.atoms), "")
}

// split cuts a line into atoms.
func (r *reader) split(line string) {
	r.atoms = r.atoms[:0]
	ticks := true // there may be another ` to come
	for i := 0; i < len(line); {
		switch line[i] {
		case '<':
			if t, n, ok := read(line[i:]); ok {
				r.atoms = append(r.atoms, atom{done: t.words(r.name)})
				i += n
				continue
			}
		case '`':
			n := -1
			if ticks {
				n = strings.IndexByte(line[i+1:], '`')
				ticks = n >= 0
			}
			if n > 0 {
				r.atoms = append(r.atoms, atom{done: ticked(r.code(line[i+1 : i+1+n]))})
				i += n + 2
				continue
			}
		case '&':
			if n := entity(line[i:]); n > 0 {
				r.atoms = append(r.atoms, atom{r: rune(plain.Replace(line[i : i+n])[0])})
				i += n
				continue
			}
		}
		c, n := utf8.DecodeRuneInString(line[i:])
		r.atoms = append(r.atoms, atom{r: c})
		i += n
	}
}

// styles finds and writes bold, italics and strikethrough. A mark begins a style
// where no word is before it and no space after it, and ends one the other way
// round.
type styles struct {
	atoms []atom
	out   *strings.Builder
	next  [3][]int // of each mark: the first place from i on where it may end a style
}

const marks = "*_~"

func (s *styles) find() {
	for k, mark := range marks {
		at := len(s.atoms)
		var next []int
		for i := len(s.atoms) - 1; i >= 0; i-- {
			if s.atoms[i].is(mark) {
				if next == nil {
					next = make([]int, len(s.atoms)+1)
					for j := range next {
						next[j] = len(s.atoms)
					}
				}
				if s.ends(i) {
					at = i
				}
			}
			if next != nil {
				next[i] = at
			}
		}
		s.next[k] = next
	}
}

// ends says whether the mark at i may end a style.
func (s *styles) ends(i int) bool {
	if i == 0 || s.atoms[i-1].space() {
		return false
	}
	return i+1 == len(s.atoms) || !s.atoms[i+1].word()
}

// begins gives the place where the style ends that begins at i, before end.
func (s *styles) begins(i, end int) (int, bool) {
	k := strings.IndexRune(marks, s.atoms[i].r)
	if s.atoms[i].done != "" || k < 0 || i+2 >= end || s.next[k] == nil {
		return 0, false
	}
	if i > 0 && (s.atoms[i-1].word() || s.atoms[i-1].is(s.atoms[i].r)) {
		return 0, false
	}
	if s.atoms[i+1].space() || s.atoms[i+1].is(s.atoms[i].r) {
		return 0, false
	}
	j := s.next[k][i+2]
	return j, j < end
}

// write writes the atoms from i to end. The styles named in on are on already.
func (s *styles) write(i, end int, on string) {
	for ; i < end; i++ {
		a := s.atoms[i]
		if a.done != "" {
			s.out.WriteString(a.done)
			continue
		}
		if a.r == '\u200b' && s.between(i) {
			continue
		}
		j, ok := s.begins(i, end)
		if !ok || strings.ContainsRune(on, a.r) {
			s.out.WriteRune(a.r)
			continue
		}
		mark := s.mark(i, j)
		s.out.WriteString(mark)
		s.write(i+1, j, on+string(a.r))
		s.out.WriteString(mark)
		i = j
	}
}

// mark is what Markdown writes for the style from i to j: within words, it takes
// no _.
func (s *styles) mark(i, j int) string {
	switch s.atoms[i].r {
	case '*':
		return "**"
	case '~':
		return "~~"
	}
	if i > 1 && s.atoms[i-1].is('\u200b') && s.atoms[i-2].word() ||
		j+2 < len(s.atoms) && s.atoms[j+1].is('\u200b') && s.atoms[j+2].word() {
		return "*"
	}
	return "_"
}

// between says whether the zero width space at i stands where FromMarkdown puts one.
func (s *styles) between(i int) bool {
	if i+1 < len(s.atoms) {
		after := s.atoms[i+1]
		if after.done != "" || strings.ContainsRune(marks+">", after.r) {
			return true
		}
	}
	if i == 0 {
		return false
	}
	before := s.atoms[i-1]
	return before.done != "" || strings.ContainsRune(marks+"@", before.r)
}
