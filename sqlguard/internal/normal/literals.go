package normal

import "strings"

// word writes a keyword or an unquoted name folded, or the string or quoted name it is the prefix of.
func (s *scan) word() {
	s.separate('a')
	start := s.pos
	for s.pos < len(s.text) && isWordPart(s.text[s.pos]) {
		s.out.WriteByte(folded(s.text[s.pos]))
		s.pos++
	}
	if s.pos-start > 1 {
		return
	}
	switch c := folded(s.text[start]); {
	case c == 'u' && s.at(0) == '&' && (s.at(1) == '\'' || s.at(1) == '"'):
		s.take(1)
		s.unicode()
	case s.at(0) != '\'':
	case c == 'e':
		s.single(escaped)
	case c == 'n':
		s.single(plain)
	case c == 'b' || c == 'x':
		s.single(bits)
	}
}

func folded(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// unicode writes what follows u&.
func (s *scan) unicode() {
	if s.text[s.pos] == '"' {
		s.double()
		return
	}
	s.single(plain)
}

// single writes a single-quoted string, and notes that it may go on.
func (s *scan) single(how quote) {
	s.open = how
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '\\' && how == escaped:
			i++
		case c != '\'':
		case i+1 < len(s.text) && s.text[i+1] == '\'':
			i++
			s.failed = s.failed || how == bits
		default:
			s.take(i + 1 - s.pos)
			return
		}
	}
	s.failed = true
}

// double writes a quoted name.
func (s *scan) double() {
	for i := s.pos + 1; i < len(s.text); i++ {
		switch {
		case s.text[i] != '"':
		case i+1 < len(s.text) && s.text[i+1] == '"':
			i++
		default:
			s.take(i + 1 - s.pos)
			return
		}
	}
	s.failed = true
}

// dollar writes a parameter or a dollar-quoted string.
func (s *scan) dollar() {
	n := 1
	if isDigit(s.at(n)) {
		for isDigit(s.at(n)) {
			n++
		}
		s.failed = isWordStart(s.at(n))
		s.take(n)
		return
	}
	for isWordPart(s.at(n)) && s.at(n) != '$' {
		n++
	}
	tag := s.text[s.pos:min(s.pos+n+1, len(s.text))]
	body := strings.Index(s.text[s.pos+len(tag):], tag)
	if s.at(n) != '$' || body < 0 {
		s.failed = true
		return
	}
	s.take(len(tag) + body + len(tag))
}

// number writes a number. What directly follows must not be able to belong to it.
func (s *scan) number() {
	n := 0
	if base := folded(s.at(1)); s.at(0) == '0' && (base == 'x' || base == 'o' || base == 'b') {
		n = s.digits(2, base)
		s.failed = n == 2
	} else {
		n = s.decimal()
	}
	s.failed = s.failed || isWordStart(s.at(n))
	s.take(n)
}

// decimal returns the length of a number that may have a fraction and an exponent.
func (s *scan) decimal() int {
	n := 0
	if isDigit(s.at(0)) {
		n = s.digits(0, 'd')
	}
	if s.at(n) == '.' {
		s.failed = s.at(n+1) == '.' // a range of PL/pgSQL, or 1. and .
		n++
		if isDigit(s.at(n)) {
			n = s.digits(n, 'd')
		}
	}
	if folded(s.at(n)) != 'e' {
		return n
	}
	sign := n + 1
	if s.at(sign) == '+' || s.at(sign) == '-' {
		sign++
	}
	if isDigit(s.at(sign)) {
		return s.digits(sign, 'd')
	}
	return n // the e that follows is junk
}

// digits returns where digits of a base, perhaps with single underscores among them, end.
func (s *scan) digits(n int, base byte) int {
	for {
		switch {
		case isDigitOf(base, s.at(n)):
			n++
		case s.at(n) == '_' && isDigitOf(base, s.at(n+1)):
			n += 2
		default:
			return n
		}
	}
}

func isDigitOf(base, c byte) bool {
	switch base {
	case 'x':
		return isDigit(c) || folded(c) >= 'a' && folded(c) <= 'f'
	case 'o':
		return c >= '0' && c <= '7'
	case 'b':
		return c == '0' || c == '1'
	}
	return isDigit(c)
}
