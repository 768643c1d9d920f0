package figmafiles_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/figmafiles"
)

func sizes(b *testing.B, act func(b *testing.B, r *rig, k figmafiles.Key, e figmafiles.Entry)) {
	for _, size := range []int{20 << 10, 400 << 10, figmafiles.DefaultMaxBytes} {
		b.Run(fmt.Sprint(size>>10, "KiB"), func(b *testing.B) {
			r := newRig(b, figmafiles.Options{})
			k, e := key("ada", "F1"), figmafiles.Entry{Stamp: "s", Content: noise(size)}
			if err := r.Put(b.Context(), k, e, "", time.Hour); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				act(b, r, k, e)
			}
		})
	}
}

func BenchmarkGet(b *testing.B) {
	sizes(b, func(b *testing.B, r *rig, k figmafiles.Key, _ figmafiles.Entry) {
		if _, there, err := r.Get(b.Context(), k); !there || err != nil {
			b.Fatal(there, err)
		}
	})
}

func BenchmarkPut(b *testing.B) {
	sizes(b, func(b *testing.B, r *rig, k figmafiles.Key, e figmafiles.Entry) {
		if err := r.Put(b.Context(), k, e, "", time.Hour); err != nil {
			b.Fatal(err)
		}
	})
}
