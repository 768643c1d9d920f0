package sqlguard

import (
	"testing"
	"time"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

func allowedTexts(b *testing.B) []string {
	var texts []string
	for _, r := range readRows(b, "testdata/corpus.tsv") {
		if r.verdict == "allow" {
			texts = append(texts, r.sql)
		}
	}
	return texts
}

// BenchmarkParseOnly is what BenchmarkCheck is measured against: the bare parse of the same texts.
func BenchmarkParseOnly(b *testing.B) {
	texts := allowedTexts(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := pgquery.Parse(texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck takes the corpus's allowed rows in turn, without the cache.
func BenchmarkCheck(b *testing.B) {
	texts := allowedTexts(b)
	g := defaultGuard(b, WithCacheBytes(0))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := g.Check(texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheckCached takes them from the cache.
func BenchmarkCheckCached(b *testing.B) {
	texts := allowedTexts(b)
	g := defaultGuard(b)
	for _, sql := range texts {
		if _, err := g.Check(sql); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := g.Check(texts[i%len(texts)]); err != nil {
			b.Fatal(err)
		}
	}
}

// TestACheckCostsLittleMoreThanItsParse compares the fastest of many interleaved rounds, which other work on the
// machine disturbs least.
func TestACheckCostsLittleMoreThanItsParse(t *testing.T) {
	var texts []string
	for _, r := range readRows(t, "testdata/corpus.tsv") {
		if r.verdict == "allow" {
			texts = append(texts, r.sql)
		}
	}
	uncached, cached := defaultGuard(t, WithCacheBytes(0)), defaultGuard(t)
	round := func(f func(sql string)) time.Duration {
		start := time.Now()
		for _, sql := range texts {
			f(sql)
		}
		return time.Since(start)
	}
	parse, check, hit := time.Hour, time.Hour, time.Hour
	for range 60 {
		parse = min(parse, round(func(sql string) { _, _ = pgquery.Parse(sql) }))
		check = min(check, round(func(sql string) { _, _ = uncached.Check(sql) }))
		hit = min(hit, round(func(sql string) { _, _ = cached.Check(sql) }))
	}
	ratio, each := float64(check)/float64(parse), hit/time.Duration(len(texts))
	t.Logf("a check takes %.2f times its parse, a cached one %v", ratio, each)
	if ratio > 1.5 || each > time.Microsecond {
		t.Errorf("a check takes %.2f times its parse, want at most 1.5; a cached one %v, want at most 1µs", ratio, each)
	}
}
