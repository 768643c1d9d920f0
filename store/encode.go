package store

import (
	"encoding/binary"
	"errors"
	"time"
)

// errEncoding is returned for bytes that AppendBinary did not write.
var errEncoding = errors.New("not an encoded result")

// encodingVersion begins every encoded result; another one is not read.
const encodingVersion = 1

// AppendBinary appends r to b in a form of its own, for caches: lengths as
// unsigned varints before texts. It never fails.
func (r *Result) AppendBinary(b []byte) []byte {
	b = append(b, encodingVersion)
	b = binary.AppendVarint(b, int64(r.Elapsed))
	b = appendBool(b, r.More)
	b = binary.AppendUvarint(b, uint64(len(r.Columns)))
	for _, c := range r.Columns {
		b = appendText(appendText(b, c.Name), c.Type)
		b = binary.AppendUvarint(b, uint64(c.OID))
	}
	b = binary.AppendUvarint(b, uint64(len(r.Rows)))
	for _, row := range r.Rows {
		for _, v := range row {
			b = appendBool(b, v.Null)
			b = binary.AppendUvarint(b, uint64(v.Cut))
			b = appendText(b, v.Text)
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// DecodeResult reads what AppendBinary wrote. Other bytes are an error, never a
// panic, and take no more memory than a few times their own length.
func DecodeResult(b []byte) (*Result, error) {
	d := decoding{rest: b}
	if len(b) == 0 || d.byte() != encodingVersion {
		return nil, errEncoding
	}
	r := &Result{Elapsed: time.Duration(d.signed()), More: d.byte() == 1}
	r.Columns = make([]Column, d.count(3))
	for i := range r.Columns {
		r.Columns[i] = Column{Name: d.text(), Type: d.text(), OID: uint32(d.unsigned())}
	}
	r.Rows = make([][]Value, d.count(3*len(r.Columns)))
	for i := range r.Rows {
		r.Rows[i] = make([]Value, len(r.Columns))
		for j := range r.Rows[i] {
			null, cut := d.byte() == 1, d.unsigned()
			r.Rows[i][j] = Value{Null: null, Cut: int(cut), Text: d.text()}
		}
	}
	if d.broken || len(d.rest) > 0 {
		return nil, errEncoding
	}
	return r, nil
}

// decoding reads from rest. Once broken, it reads zeros.
type decoding struct {
	rest   []byte
	broken bool
}

func (d *decoding) byte() byte {
	if len(d.rest) == 0 {
		d.broken = true
		return 0
	}
	c := d.rest[0]
	d.rest = d.rest[1:]
	return c
}

func (d *decoding) unsigned() uint64 {
	v, n := binary.Uvarint(d.rest)
	return advance(d, v, n)
}

func (d *decoding) signed() int64 {
	v, n := binary.Varint(d.rest)
	return advance(d, v, n)
}

func advance[T any](d *decoding, v T, n int) T {
	if n <= 0 {
		d.broken, d.rest = true, nil
		var zero T
		return zero
	}
	d.rest = d.rest[n:]
	return v
}

// count is a number of items of at least size bytes each, which must be there.
func (d *decoding) count(size int) int {
	n := d.unsigned()
	if n > uint64(len(d.rest)/max(size, 1)) {
		d.broken, d.rest = true, nil
		return 0
	}
	return int(n)
}

func (d *decoding) text() string {
	n := d.count(1)
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
