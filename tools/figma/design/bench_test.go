package design

import (
	"bytes"
	"io"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/design/designtest"
)

// BenchmarkReadAndText is what a call costs that has no cache: per kind of file.
func BenchmarkReadAndText(b *testing.B) {
	for _, k := range designtest.Kinds() {
		raw := designtest.File(k)
		b.Run(string(k), func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				f, err := Read(bytes.NewReader(raw))
				if err != nil {
					b.Fatal(err)
				}
				f.Text(nil, TextOptions{})
			}
		})
	}
}

// BenchmarkText is what a call costs that finds the file in memory.
func BenchmarkText(b *testing.B) {
	f := mustRead(b, designtest.File(designtest.Company))
	for name, o := range map[string]TextOptions{"whole": {}, "budget 40k": {Budget: 40_000}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.Text(nil, o)
			}
		})
	}
}

func BenchmarkEncodeDecode(b *testing.B) {
	f := mustRead(b, designtest.File(designtest.Product))
	var buf bytes.Buffer
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			if err := f.Encode(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	if err := f.Encode(&buf); err != nil {
		b.Fatal(err)
	}
	b.Run("decode", func(b *testing.B) {
		b.ReportMetric(float64(buf.Len()), "bytes")
		for b.Loop() {
			if _, err := Decode(bytes.NewReader(buf.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func mustRead(tb testing.TB, raw []byte) *File {
	tb.Helper()
	f, err := Read(bytes.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}
