package accounts_test

import (
	"fmt"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/accounts"
)

func BenchmarkLoad(b *testing.B) {
	r := newRig(b)
	r.bulk(1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.load(key(person(fmt.Sprint("p", i%1000)), "figma"))
	}
}

func BenchmarkSave(b *testing.B) {
	r := newRig(b)
	for i := 0; b.Loop(); i++ {
		r.save(consent(person(fmt.Sprint("p", i%1000)), "figma", fmt.Sprint("p", i%1000), "1"))
	}
}

// BenchmarkRenew is what a refresh costs beside the provider.
func BenchmarkRenew(b *testing.B) {
	r := newRig(b)
	s := r.connect("ada", "1")
	p := &provider{}
	for b.Loop() {
		if _, _, err := r.Renew(b.Context(), s.ID, always, p.renew); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRotate(b *testing.B) {
	const n = 10_000
	url := migrated(b)
	keys := []string{oldKey, newKey}
	replica(b, url, accounts.Options{}, oldKey).bulk(n)
	for i := 1; b.Loop(); i++ {
		done, err := replica(b, url, accounts.Options{}, keys[i%2], keys[(i+1)%2]).Rotate(b.Context(), nil)
		if err != nil || done != n {
			b.Fatalf("%d rotated, %v; want %d", done, err, n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/n, "us/account")
}
