// Package normal brings an SQL text into one spelling, so that texts which differ only in white space, comments,
// letter case or a semicolon at the end can share a key. It cuts the text into the tokens PostgreSQL's scanner would
// (standard_conforming_strings on) and writes them again with one blank between. It knows no grammar: not what a
// keyword is, nor whether a text parses.
//
// Source: https://github.com/postgres/postgres/blob/REL_16_STABLE/src/backend/parser/scan.l
package normal

import "strings"

// Form returns the normal form of text: words folded to lower case (ASCII letters only, as PostgreSQL folds UTF-8), no
// comments, no semicolons at the end, and one blank between two tokens unless one of them is a bracket, a comma or a
// semicolon. Numbers and whatever stands within quotes stay byte for byte. A string continued on another line stays in its parts,
// with a line feed between.
//
// A text with anything the servers of PostgreSQL 15 to 18 would not all read alike, or not at all (an open quote, a
// backslash, 1..2, 1abc, a vertical tab), comes back unchanged; no other text has it for its normal form.
func Form(text string) string {
	s := scan{text: text}
	s.out.Grow(len(text) + len(text)/4)
	end := 0 // of the last token that is no semicolon
	for s.blank(); s.pos < len(text); s.blank() {
		if !s.token() {
			return text
		}
		if s.last != ';' {
			end = s.out.Len()
		}
	}
	if s.failed {
		return text
	}
	return s.out.String()[:end]
}

// scan is one pass over a text. It looks ahead a bounded number of bytes, except for the end of a quote.
type scan struct {
	text     string
	pos      int
	out      strings.Builder
	last     byte  // first byte of the last token; 0 before the first
	open     quote // what the last token was, where a string may go on after it; else none
	newLine  bool  // white space since the last token has a line end and nothing but -- comments
	noString bool  // white space since the last token has a block comment, which ends a string
	failed   bool  // something not understood
}

// quote is how a single-quoted string reads what is in it.
type quote byte

const (
	none    quote = iota
	plain         // '…', n'…' and u&'…': '' is a quote
	escaped       // e'…': a backslash takes the next byte with it, too
	bits          // b'…' and x'…': '' is nothing a string can hold
)

// blank skips white space and comments. An open comment is a failure.
func (s *scan) blank() {
	s.newLine, s.noString = false, false
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == ' ' || c == '\t' || c == '\f':
			s.pos++
		case c == '\n' || c == '\r':
			s.newLine = true
			s.pos++
		case c == '-' && s.at(1) == '-':
			s.lineComment()
		case c == '/' && s.at(1) == '*':
			s.blockComment()
		default:
			return
		}
	}
}

// at returns the byte n after the current one, or 0 after the end.
func (s *scan) at(n int) byte {
	if s.pos+n < len(s.text) {
		return s.text[s.pos+n]
	}
	return 0
}

func (s *scan) lineComment() {
	for s.pos < len(s.text) && s.text[s.pos] != '\n' && s.text[s.pos] != '\r' {
		s.pos++
	}
}

// blockComment skips a comment with those nested in it.
func (s *scan) blockComment() {
	s.noString = true
	depth := 0
	for s.pos < len(s.text) {
		switch {
		case s.text[s.pos] == '/' && s.at(1) == '*':
			depth++
			s.pos += 2
		case s.text[s.pos] == '*' && s.at(1) == '/':
			depth--
			s.pos += 2
		default:
			s.pos++
		}
		if depth == 0 {
			return
		}
	}
	s.failed = true
}

// token writes the next token. It reports whether it is understood.
func (s *scan) token() bool {
	c := s.text[s.pos]
	before := s.open
	s.open = none
	switch {
	case c == '\'' && before != none && s.newLine && !s.noString:
		s.out.WriteByte('\n')
		s.single(before)
		s.last = c
		return !s.failed
	case isWordStart(c):
		s.word()
	case c == '\'':
		s.separate(c)
		s.single(plain)
	case c == '"':
		s.separate(c)
		s.double()
	case c == '$':
		s.separate(c)
		s.dollar()
	case isDigit(c) || c == '.' && isDigit(s.at(1)):
		s.separate('0')
		s.number()
	default:
		s.separate(c)
		s.symbol(c)
	}
	return !s.failed
}

// separate puts a blank before a token that starts with c, where one belongs.
func (s *scan) separate(c byte) {
	if s.last != 0 && !isTight(s.last) && !isTight(c) {
		s.out.WriteByte(' ')
	}
	s.last = c
}

// isTight reports whether a byte is a token that can never be part of a longer one.
func isTight(c byte) bool {
	return c == '(' || c == ')' || c == ',' || c == '[' || c == ']' || c == ';'
}

// take writes the next n bytes as they are.
func (s *scan) take(n int) {
	s.out.WriteString(s.text[s.pos : s.pos+n])
	s.pos += n
}

// symbol writes punctuation or an operator.
func (s *scan) symbol(c byte) {
	switch {
	case isTight(c):
		s.take(1)
	case c == ':' && (s.at(1) == ':' || s.at(1) == '='):
		s.take(2)
	case c == ':', c == '.' && s.at(1) != '.':
		s.take(1)
	case isOperator(c):
		n := operatorLength(s.text[s.pos:])
		s.failed = n == 0
		s.take(n)
	default:
		s.failed = true
	}
}

// operatorLength returns how many bytes of text, which starts with a byte of operators, are one operator. It ends where a
// comment begins; + and - at its end are operators of their own unless it has a byte SQL's own operators have not. It
// returns 0 for a run no operator can be as long as, which would be gone through again for each sign at its end.
func operatorLength(text string) int {
	n, special := 1, false
	for ; n < len(text) && isOperator(text[n]); n++ {
		if n == maxOperator {
			return 0
		}
		if text[n] == '-' && text[n-1] == '-' || text[n] == '*' && text[n-1] == '/' {
			n--
			break
		}
	}
	for i := range n {
		special = special || strings.IndexByte("~!@#^&|`?%", text[i]) >= 0
	}
	for n > 1 && !special && (text[n-1] == '+' || text[n-1] == '-') {
		n--
	}
	return n
}

const maxOperator = 63 // bytes; PostgreSQL refuses longer ones

func isOperator(c byte) bool { return strings.IndexByte("~!@#^&|`?+-*/%<>=", c) >= 0 }
func isDigit(c byte) bool    { return c >= '0' && c <= '9' }
func isWordStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}
func isWordPart(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }
