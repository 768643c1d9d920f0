package store

import (
	"reflect"
	"testing"
	"time"
)

func encodable() *Result {
	return &Result{
		Columns: []Column{{Name: "id", Type: "bigint", OID: 20}, {Name: "näme\n", Type: "text", OID: 25}},
		Rows:    [][]Value{{{Text: "1"}, {Text: "a\tb"}}, {{Null: true}, {Text: "cut", Cut: 5000}}},
		More:    true, Elapsed: 1234 * time.Microsecond,
	}
}

func TestEncodedResultComesBackWhole(t *testing.T) {
	for name, want := range map[string]*Result{
		"rows": encodable(), "no row": {Columns: []Column{{Name: "a", Type: "text", OID: 25}}, Rows: [][]Value{}},
		"no column": {Columns: []Column{}, Rows: [][]Value{}},
	} {
		got, err := DecodeResult(want.AppendBinary(nil))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v\nwant %+v", name, got, err, want)
		}
	}
}

func TestForeignBytesAreNoResult(t *testing.T) {
	whole := encodable().AppendBinary(nil)
	for n := range whole {
		if _, err := DecodeResult(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes decode, want an error", n, len(whole))
		}
	}
	if _, err := DecodeResult(append(whole, 0)); err == nil {
		t.Error("a byte too many decodes, want an error")
	}
	huge := []byte{encodingVersion, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}
	if _, err := DecodeResult(huge); err == nil {
		t.Error("4 billion columns decode, want an error")
	}
}

func FuzzDecodeResult(f *testing.F) {
	f.Add(encodable().AppendBinary(nil))
	f.Add([]byte{encodingVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := DecodeResult(b)
		if err != nil {
			return
		}
		again, err := DecodeResult(r.AppendBinary(nil))
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%x: got %+v, %v, want %+v", b, again, err, r)
		}
	})
}
