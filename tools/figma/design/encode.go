package design

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// format is the version of what Encode writes. It goes up with every change to
// what is kept of a file, since the rest of it is gone from what was written.
const format = 2

// Obsolete says that a file was encoded in another format than this one.
type Obsolete struct{ Format int }

// Error names the format.
func (e *Obsolete) Error() string {
	return fmt.Sprintf("figma file of format %d, not %d", e.Format, format)
}

// Encode writes f for Decode: what is kept of Figma's JSON, compressed.
func (f *File) Encode(w io.Writer) error {
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // fails for unknown levels alone
	b := bufio.NewWriterSize(z, 64<<10)
	e := encoder{w: b}
	e.file(f)
	if e.err != nil {
		return fmt.Errorf("encode figma file: %w", e.err)
	}
	if err := errors.Join(b.Flush(), z.Close()); err != nil {
		return fmt.Errorf("encode figma file: %w", err)
	}
	return nil
}

type encoder struct {
	w   *bufio.Writer
	err error // the first
}

func (e *encoder) text(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

func (e *encoder) value(v any) {
	raw, err := json.Marshal(v)
	if e.err == nil {
		e.err = err
	}
	e.text(string(raw))
}

// file puts the format first, so that Decode can stop there.
func (e *encoder) file(f *File) {
	e.text(fmt.Sprintf(`{"format":%d`, format))
	for _, m := range []struct {
		name  string
		value any
	}{
		{"name", f.Name}, {"lastModified", f.LastModified}, {"version", f.Version}, {"editorType", f.Editor}, {"role", f.Role},
		{"thumbnailUrl", f.ThumbnailURL}, {"components", f.Components}, {"componentSets", f.Sets}, {"styles", f.Styles}, {"missing", f.Missing},
	} {
		e.text(`,"` + m.name + `":`)
		e.value(m.value)
	}
	if f.Root != nil {
		e.text(`,"document":`)
		e.node(f.Root)
	}
	if f.Roots != nil {
		e.text(`,"roots":`)
		e.nodes(f.Roots)
	}
	e.text("}")
}

func (e *encoder) node(n *Node) {
	raw, err := json.Marshal(n)
	if err != nil {
		e.err = errors.Join(e.err, err)
		return
	}
	if len(n.Children) == 0 {
		e.text(string(raw))
		return
	}
	e.text(string(raw[:len(raw)-1]) + `,"children":`)
	e.nodes(n.Children)
	e.text("}")
}

func (e *encoder) nodes(list []*Node) {
	for i, n := range list {
		e.text([]string{"[", ","}[min(i, 1)])
		e.node(n)
	}
	e.text([]string{"[]", "]"}[min(len(list), 1)])
}

// Decode reads what Encode wrote. Errors: *Obsolete where another version of
// this package wrote it, *Malformed, what gzip and r fail with.
func Decode(r io.Reader) (*File, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("decode figma file: %w", err)
	}
	rd := newReader(z)
	written := 0
	err = rd.s.object(func(name []byte) error {
		if string(name) == "format" {
			return rd.decode(&written)
		}
		if written != format {
			return &Obsolete{written}
		}
		return rd.encodedMember(name)
	})
	if err == nil && written != format {
		err = &Obsolete{written}
	}
	if err == nil {
		_, err = io.Copy(io.Discard, rd.s.r) // to the checksum
	}
	if err != nil {
		return nil, fmt.Errorf("decode figma file: %w", err)
	}
	return rd.f, nil
}

func (rd *reader) encodedMember(name []byte) error {
	switch string(name) {
	case "missing":
		return rd.decode(&rd.f.Missing)
	case "roots":
		rd.f.Roots = []*Node{}
		return rd.s.array(func() error {
			n, err := rd.node(1)
			if n != nil {
				rd.f.Roots = append(rd.f.Roots, n)
			}
			return err
		})
	}
	return rd.fileMember(name)
}
