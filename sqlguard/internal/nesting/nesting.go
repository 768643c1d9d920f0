// Package nesting estimates how deep the parse tree of an SQL text will be, before it is parsed. It protects the process
// from texts that overrun the parser's stack; it decides nothing about what a text means.
package nesting

import "strings"

const (
	// Max is the number of levels a text may have. Honest statements stay below a hundred; the parser's C code recurses
	// without a check, and a chain of some 20,000 operators overruns an 8 MiB stack, which no recover can catch.
	Max = 1000
	// Free is the length in bytes up to which no text nests too deeply: one level takes a byte or more.
	Free = 2000

	maxOperator = 63 // characters; PostgreSQL refuses longer ones
)

// level counts, within one pair of brackets (or CASE … END), what can make the tree deep.
type level struct {
	chain   int  // operators since the last comma, AND, OR or clause keyword: one level each
	operand int  // deepest bracketed operand in that stretch
	deepest int  // deepest finished stretch
	sets    int  // set operations and joins: these nest across the whole level
	isCase  bool // opened by CASE, closed by END
}

func (l *level) finish() {
	l.deepest = max(l.deepest, l.chain+l.operand)
	l.chain, l.operand = 0, 0
}

func (l level) depth() int { return l.sets + max(l.deepest, l.chain+l.operand) }

// scan estimates from above how deep the tree of a text will be, in one pass and without recursion. It only
// protects the process; no verdict rests on it.
type scan struct {
	text   string
	pos    int
	levels []level
	dotted bool // the last token was a dot: the next word is a name, not a keyword
	over   bool
}

// TooDeep reports whether the tree of text might have more than Max levels, or an operator is longer than any can be.
func TooDeep(text string) bool {
	s := scan{text: text, levels: make([]level, 1, 16)}
	for s.pos < len(s.text) && !s.over {
		s.token()
	}
	for len(s.levels) > 1 {
		s.pop()
	}
	return s.over || s.levels[0].depth() > Max
}

func (s *scan) top() *level { return &s.levels[len(s.levels)-1] }

func (s *scan) push(isCase bool) {
	s.levels = append(s.levels, level{isCase: isCase})
	s.over = s.over || len(s.levels) > Max
}

func (s *scan) pop() {
	if len(s.levels) == 1 {
		return
	}
	inner := s.top().depth() + 1
	s.levels = s.levels[:len(s.levels)-1]
	s.top().operand = max(s.top().operand, inner)
	s.over = s.over || s.top().depth() > Max
}

func (s *scan) token() {
	c := s.text[s.pos]
	dotted := s.dotted
	s.dotted = false
	switch {
	case strings.HasPrefix(s.text[s.pos:], "--"):
		s.skipTo(strings.IndexAny(s.text[s.pos:], "\r\n"))
	case strings.HasPrefix(s.text[s.pos:], "/*"):
		s.blockComment()
	case c == '\'' || c == '"':
		s.quoted(c, false)
	case c == '$':
		s.dollar()
	case wordStart(c):
		s.word(dotted)
	case c >= '0' && c <= '9':
		s.skipWhile(func(c byte) bool { return wordPart(c) && c != '$' || c == '.' })
	case strings.IndexByte(operatorBytes, c) >= 0:
		s.operator()
	default:
		s.pos++
		s.punctuation(c)
	}
}

const operatorBytes = "~!@#^&|`?+-*/%<>=:"

func wordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}
func wordPart(c byte) bool { return wordStart(c) || c >= '0' && c <= '9' || c == '$' }

func (s *scan) punctuation(c byte) {
	switch c {
	case '(', '[':
		s.push(false)
	case ')', ']':
		for len(s.levels) > 1 && s.top().isCase {
			s.pop()
		}
		s.pop()
		s.top().chain++ // a subscript or a cast may follow: the bracket itself can be a level
	case ',', ';':
		s.top().finish()
	case '.':
		s.dotted = true
	}
}

// operator counts each byte: "+-+-" is four operators. PostgreSQL refuses operators of 64 bytes, and its scanner takes
// quadratic time over a run of them.
func (s *scan) operator() {
	start := s.pos
	for s.pos < len(s.text) && strings.IndexByte(operatorBytes, s.text[s.pos]) >= 0 {
		rest := s.text[s.pos:]
		if s.pos > start && (strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*")) {
			break
		}
		s.pos++
	}
	s.top().chain += s.pos - start
	s.over = s.over || s.pos-start > maxOperator || s.top().depth() > Max
}

func (s *scan) word(dotted bool) {
	start := s.pos
	s.skipWhile(wordPart)
	w := s.text[start:s.pos]
	if s.pos < len(s.text) && s.text[s.pos] == '\'' && (w == "e" || w == "E") {
		s.quoted('\'', true)
		return
	}
	if dotted || len(w) > 10 {
		return
	}
	switch strings.ToLower(w) {
	case "and", "or", "select", "from", "where", "group", "order", "having", "limit", "on", "when", "then", "else":
		s.top().finish()
	case "not", "is", "isnull", "notnull", "collate", "at", "like", "ilike", "similar", "between", "in", "all", "any", "some":
		s.top().chain++
	case "union", "intersect", "except", "join", "with":
		s.top().sets++
	case "case":
		s.push(true)
	case "end":
		if s.top().isCase {
			s.pop()
		}
	}
	s.over = s.over || s.top().depth() > Max
}

func (s *scan) skipWhile(part func(byte) bool) {
	for s.pos < len(s.text) && part(s.text[s.pos]) {
		s.pos++
	}
}

// skipTo moves n bytes on, or to the end where n is negative.
func (s *scan) skipTo(n int) {
	if n < 0 {
		s.pos = len(s.text)
		return
	}
	s.pos += n
}

func (s *scan) blockComment() {
	depth := 0
	for s.pos < len(s.text) {
		rest := s.text[s.pos:]
		switch {
		case strings.HasPrefix(rest, "/*"):
			depth++
			s.pos += 2
		case strings.HasPrefix(rest, "*/"):
			depth--
			s.pos += 2
		default:
			s.pos++
		}
		if depth == 0 {
			return
		}
	}
}

func (s *scan) quoted(quote byte, escapes bool) {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; {
		case c == '\\' && escapes:
			s.pos++
		case c == quote: // a doubled quote opens the next string at once, which ends in the same place
			s.pos++
			if escapes && s.pos < len(s.text) && s.text[s.pos] == quote {
				continue
			}
			return
		}
	}
}

func (s *scan) dollar() {
	end := s.pos + 1
	for end < len(s.text) && wordPart(s.text[end]) && s.text[end] != '$' {
		end++
	}
	tag := s.text[s.pos:min(end+1, len(s.text))]
	isQuote := strings.HasSuffix(tag, "$") && len(tag) > 1 && (len(tag) == 2 || wordStart(tag[1]))
	if !isQuote {
		s.pos++
		return
	}
	body := strings.Index(s.text[end+1:], tag)
	if body < 0 {
		s.pos = len(s.text)
		return
	}
	s.pos = end + 1 + body + len(tag)
}
