package design

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// maxLevels bounds how deep nodes may lie in each other, and other values too.
// Figma's editor gives up long before.
const maxLevels = 512

// Malformed says that what was read is no answer of Figma's API.
type Malformed struct{ What string }

// Error says what is wrong, without quoting it.
func (e *Malformed) Error() string { return "figma file: " + e.What }

// scanner splits JSON into the raw texts of its values, without holding more
// than one of them. Whether a value is right in itself is left to who decodes it.
type scanner struct{ r *bufio.Reader }

func newScanner(r io.Reader) *scanner { return &scanner{bufio.NewReaderSize(r, 64<<10)} }

// early makes an end of input an error, since more was due.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// peek is the next byte that is no space.
func (s *scanner) peek() (byte, error) {
	for {
		c, err := s.r.ReadByte()
		if err != nil {
			return 0, early(err)
		}
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c, s.r.UnreadByte()
		}
	}
}

// take consumes want, which must be next.
func (s *scanner) take(want byte) error {
	c, err := s.peek()
	if err != nil {
		return err
	}
	if c != want {
		return &Malformed{fmt.Sprintf("%q where %q is due", c, want)}
	}
	_, err = s.r.ReadByte()
	return err
}

// more tells whether another item follows, and consumes what lies between.
func (s *scanner) more(first bool, closing byte) (bool, error) {
	c, err := s.peek()
	if err != nil {
		return false, err
	}
	if c == closing {
		_, err = s.r.ReadByte()
		return false, err
	}
	if first {
		return true, nil
	}
	return true, s.take(',')
}

// object calls member for each member, with its name, which is only good until
// the value is read; member must consume the value.
func (s *scanner) object(member func(name []byte) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	var name []byte
	for first := true; ; first = false {
		more, err := s.more(first, '}')
		if err != nil || !more {
			return err
		}
		if name, err = s.name(name[:0]); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
	}
}

// name reads the name of a member with the colon behind it.
func (s *scanner) name(into []byte) ([]byte, error) {
	if c, err := s.peek(); err != nil || c != '"' {
		return nil, errors.Join(err, &Malformed{"a member without a name"})
	}
	raw, err := s.value(into)
	if err != nil {
		return nil, err
	}
	return raw[1 : len(raw)-1], s.take(':')
}

// array calls item for each item, which must consume it.
func (s *scanner) array(item func() error) error {
	if err := s.take('['); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.more(first, ']')
		if err != nil || !more {
			return err
		}
		if err := item(); err != nil {
			return err
		}
	}
}

// skip passes over the next value.
func (s *scanner) skip() error {
	_, err := s.walk(nil, false)
	return err
}

// value appends the text of the next value.
func (s *scanner) value(into []byte) ([]byte, error) { return s.walk(into, true) }

// walk passes over the next value, and appends it where keep is true.
func (s *scanner) walk(into []byte, keep bool) ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, err
	}
	var w walker
	for {
		chunk, err := s.chunk()
		if err != nil {
			return nil, err
		}
		n, done := w.feed(chunk)
		if keep {
			into = append(into, chunk[:n]...)
		}
		if _, err := s.r.Discard(n); err != nil {
			return nil, err
		}
		if w.deepest > 2*maxLevels {
			return nil, &Malformed{"values lie too deep in each other"}
		}
		if done {
			return into, nil
		}
	}
}

// chunk is what of the input is in memory, at least one byte.
func (s *scanner) chunk() ([]byte, error) {
	if s.r.Buffered() == 0 {
		if _, err := s.r.Peek(1); err != nil {
			return nil, early(err)
		}
	}
	return s.r.Peek(s.r.Buffered())
}

// walker finds the end of a value over several chunks.
type walker struct {
	depth   int
	deepest int
	text    bool // in a string
	escaped bool // behind a backslash
	bare    bool // in a number or a word
}

// feed is how much of chunk is of the value, and whether that was its end.
func (w *walker) feed(chunk []byte) (int, bool) {
	for i := 0; i < len(chunk); i++ {
		c := chunk[i]
		switch {
		case w.text:
			if w.inText(c) && w.depth == 0 {
				return i + 1, true
			}
		case w.bare && w.depth == 0:
			if ends(c) {
				return i, true
			}
		case c == '"':
			w.text = true
		case c == '{' || c == '[':
			w.depth++
			w.deepest = max(w.deepest, w.depth)
		case c == '}' || c == ']':
			if w.depth--; w.depth <= 0 {
				return i + 1, true
			}
		default:
			w.bare = true
		}
	}
	return len(chunk), false
}

// inText moves on in a string, and tells whether c closes it.
func (w *walker) inText(c byte) bool {
	switch {
	case w.escaped:
		w.escaped = false
	case c == '\\':
		w.escaped = true
	case c == '"':
		w.text = false
		return true
	}
	return false
}

// ends tells whether c cannot be of a number or a word.
func ends(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ':' || c == ' ' || c == '\n' || c == '\t' || c == '\r'
}
