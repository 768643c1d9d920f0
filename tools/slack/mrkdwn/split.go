package mrkdwn

import (
	"strings"
	"unicode/utf8"
)

// smallest is the smallest part that Split makes: a fence, its line ends and one
// entity have room in it.
const smallest = 20

// Split cuts mrkdwn into parts of at most most characters, after a paragraph, or
// else a line, or else a word; most below 20 counts as 20. A code block that is cut
// ends in one part and begins again in the next; sequences such as <https://…|text>
// and entities stay whole, but for a sequence that is longer than a part. White
// space where it is cut is dropped; text without anything else gives no parts.
func Split(text string, most int) []string {
	s := splitter{most: max(most, smallest), rest: Valid(text)}
	var parts []string
	for strings.TrimSpace(s.rest) != "" {
		part := s.part()
		if strings.TrimSpace(part) != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

type splitter struct {
	most  int
	rest  string
	fence bool // rest is within a code block
}

const fenceMark = "```"

// part takes one part off the rest.
func (s *splitter) part() string {
	before := ""
	if s.fence {
		before = fenceMark + "\n"
	}
	cut, within := s.cut(s.most - len(before))
	part := before + strings.TrimRight(s.rest[:cut], " \n")
	if cut == len(s.rest) {
		s.rest, s.fence = "", false
		return part
	}
	s.rest = strings.TrimLeft(s.rest[cut:], "\n")
	if !within {
		s.rest = strings.TrimLeft(s.rest, " ")
	}
	if within {
		part += "\n" + fenceMark
	}
	if s.fence = within; within && strings.HasPrefix(s.rest, fenceMark) {
		s.rest, s.fence = s.rest[len(fenceMark):], false // it ended here anyway
	}
	return part
}

// place is where the text may be cut.
type place struct {
	at     int  // bytes; 0: nowhere yet
	size   int  // characters before it
	within bool // it is within a code block
}

// places are the last of each kind that were met.
type places struct{ paragraph, line, word, any place }

// note takes p, which stands in text, for what it is.
func (ps *places) note(p place, text string) {
	ps.any = p
	switch before := text[p.at-1:]; {
	case strings.HasPrefix(before, "\n\n"):
		ps.paragraph, ps.line, ps.word = p, p, p
	case before[0] == '\n':
		ps.line, ps.word = p, p
	case before[0] == ' ':
		ps.word = p
	}
}

// best is where a part of at most room characters should end. A part that would
// not be half full ends at a lesser place.
func (ps *places) best(room int) place {
	for _, p := range []place{ps.paragraph, ps.line} {
		if p.size > room/2 {
			return p
		}
	}
	for _, p := range []place{ps.word, ps.line, ps.any} {
		if p.at > 0 {
			return p
		}
	}
	return place{}
}

// cut finds where the first part of at most room characters ends, and whether that
// is within a code block.
func (s *splitter) cut(room int) (int, bool) {
	var met places
	fence, empty := s.fence, false // empty: nothing of the code is taken yet
	for at, size := 0, 0; at < len(s.rest); {
		n := atomic(s.rest[at:], room)
		atom := s.rest[at : at+n]
		if atom == fenceMark {
			fence = !fence
			empty = fence
		} else if strings.TrimSpace(atom) != "" {
			empty = false
		}
		at, size = at+n, size+utf8.RuneCountInString(atom)
		limit := room
		if fence && at < len(s.rest) {
			limit -= len(fenceMark) + 1 // to end it
		}
		if size > limit {
			return s.end(met.best(room), room)
		}
		if !empty {
			met.note(place{at, size, fence}, s.rest)
		}
	}
	return len(s.rest), false
}

// end is the place, or after the first atom where there is none.
func (s *splitter) end(p place, room int) (int, bool) {
	if p.at == 0 {
		return atomic(s.rest, room), s.fence
	}
	return p.at, p.within
}

// atomic is the length of what must not be cut at the begin of text, in bytes.
func atomic(text string, room int) int {
	switch text[0] {
	case '<':
		if _, n, ok := read(text); ok && utf8.RuneCountInString(text[:n]) <= room-len(fenceMark)-1 {
			return n
		}
	case '&':
		if n := entity(text); n > 0 {
			return n
		}
	case '`':
		if strings.HasPrefix(text, fenceMark) {
			return len(fenceMark)
		}
	}
	_, n := utf8.DecodeRuneInString(text)
	return n
}
