package audit_test

import (
	"context"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/audit"
)

// BenchmarkAfter is what a call pays for its record: it queues rows, most of
// which find the queue full. BenchmarkSustained stores every one.
func BenchmarkAfter(b *testing.B) {
	l, _ := newLog(b, migrated(b), audit.Options{})
	r := full(0)
	b.ReportAllocs()
	for b.Loop() {
		l.After(r)
	}
}

func BenchmarkBefore(b *testing.B) {
	l, _ := newLog(b, migrated(b), audit.Options{})
	r := full(0)
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Before(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSustained stores as many rows as the queue holds, again and again.
func BenchmarkSustained(b *testing.B) {
	url := migrated(b)
	rows := 0
	for b.Loop() {
		l, _ := newLog(b, url, audit.Options{OnDrop: func(int) { b.Error("a row was dropped") }})
		send(l, audit.QueueRows, 8)
		if err := l.Close(context.Background()); err != nil {
			b.Fatal(err)
		}
		rows += audit.QueueRows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
