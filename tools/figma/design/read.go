package design

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Read reads the answer of GET /v1/files/:key. It holds one member of one node
// at a time beside what it keeps, never the text of the file.
//
// Members that are missing, null or of another type than Figma's are taken as
// not there. Errors: *Malformed where it is no such answer,
// io.ErrUnexpectedEOF where it ends too early, and what r fails with.
func Read(r io.Reader) (*File, error) {
	rd := newReader(r)
	if err := rd.s.object(rd.fileMember); err != nil {
		return nil, fmt.Errorf("read figma file: %w", err)
	}
	if rd.f.Root == nil {
		return nil, fmt.Errorf("read figma file: %w", &Malformed{"it has no document"})
	}
	return rd.f, nil
}

// ReadNodes reads the answer of GET /v1/files/:key/nodes as Read reads a file.
func ReadNodes(r io.Reader) (*File, error) {
	rd := newReader(r)
	if err := rd.s.object(rd.nodesMember); err != nil {
		return nil, fmt.Errorf("read figma nodes: %w", err)
	}
	if rd.f.Roots == nil && rd.f.Missing == nil {
		return nil, fmt.Errorf("read figma nodes: %w", &Malformed{"it has no nodes"})
	}
	return rd.f, nil
}

// reader makes a File. Values that look alike are kept once.
type reader struct {
	s    *scanner
	f    *File
	word map[string]string // names and types seen

	paints  map[string][]Paint
	effects map[string][]Effect
	fonts   map[string]*TypeStyle
	pins    map[string]*Constraints

	own []byte // what of the node at hand is to be decoded
	raw []byte // the value at hand
}

func newReader(r io.Reader) *reader {
	return &reader{
		s: newScanner(r), word: map[string]string{},
		f:      &File{Components: map[string]Component{}, Sets: map[string]ComponentSet{}, Styles: map[string]Style{}},
		paints: map[string][]Paint{}, effects: map[string][]Effect{}, fonts: map[string]*TypeStyle{}, pins: map[string]*Constraints{},
	}
}

// fileMember reads a member of the answer.
func (rd *reader) fileMember(name []byte) error {
	switch string(name) {
	case "document":
		n, err := rd.node(1)
		if n != nil {
			rd.f.Root = n
		}
		return err
	default:
		return rd.common(name)
	}
}

// nodesMember reads a member of the answer about nodes.
func (rd *reader) nodesMember(name []byte) error {
	if string(name) != "nodes" {
		return rd.common(name)
	}
	if is, err := rd.opens('{'); err != nil || !is {
		return err
	}
	rd.f.Roots = []*Node{}
	return rd.s.object(func(id []byte) error { return rd.entry(unquote(quoted(id))) })
}

// entry reads one node of an answer about nodes with what it refers to.
func (rd *reader) entry(id string) error {
	var found *Node
	is, err := rd.opens('{')
	if is {
		err = rd.s.object(func(name []byte) (err error) {
			if string(name) == "document" {
				found, err = rd.node(1)
				return err
			}
			return rd.referred(name)
		})
	}
	if found != nil {
		rd.f.Roots = append(rd.f.Roots, found)
	} else if err == nil {
		rd.f.Missing = append(rd.f.Missing, id)
	}
	return err
}

// common reads a member that both answers have.
func (rd *reader) common(name []byte) error {
	var into *string
	switch string(name) {
	case "name":
		into = &rd.f.Name
	case "lastModified":
		into = &rd.f.LastModified
	case "version":
		into = &rd.f.Version
	case "editorType":
		into = &rd.f.Editor
	case "role":
		into = &rd.f.Role
	case "thumbnailUrl":
		into = &rd.f.ThumbnailURL
	default:
		return rd.referred(name)
	}
	return rd.decode(into)
}

// referred reads a table of what nodes refer to.
func (rd *reader) referred(name []byte) error {
	switch string(name) {
	case "components":
		return table(rd, rd.f.Components)
	case "componentSets":
		return table(rd, rd.f.Sets)
	case "styles":
		return table(rd, rd.f.Styles)
	}
	return rd.s.skip()
}

// table reads named values into m.
func table[V any](rd *reader, m map[string]V) error {
	if is, err := rd.opens('{'); err != nil || !is {
		return err
	}
	return rd.s.object(func(name []byte) error {
		id := unquote(quoted(name))
		var v V
		if err := rd.decode(&v); err != nil {
			return err
		}
		rd.f.bytes += 200 + len(rd.raw)
		m[id] = v
		return nil
	})
}

// opens tells whether the next value opens with c; another one is passed over.
func (rd *reader) opens(c byte) (bool, error) {
	next, err := rd.s.peek()
	if err != nil {
		return false, err
	}
	if next != c {
		return false, rd.s.skip()
	}
	return true, nil
}

// decode reads the next value into v, as far as it fits.
func (rd *reader) decode(v any) (err error) {
	if rd.raw, err = rd.s.value(rd.raw[:0]); err != nil {
		return err
	}
	return fit(rd.raw, v)
}

// fit decodes raw as far as it is of v's type.
func fit(raw []byte, v any) error {
	err := json.Unmarshal(raw, v)
	var other *json.UnmarshalTypeError
	if err == nil || errors.As(err, &other) {
		return nil
	}
	return &Malformed{"it is no JSON"}
}
