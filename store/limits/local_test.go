package limits_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/store/limits"
)

var thirty = limits.Limit{Name: "calls", Count: 30, Per: time.Minute}

// bucket is the reference: a token bucket that counts in time. A full one
// holds burst calls' worth, a call takes one worth, and time fills it.
type bucket struct{ level, full, worth time.Duration }

func newBucket(l limits.Limit) *bucket {
	burst := l.Burst
	if burst == 0 {
		burst = l.Count
	}
	worth := l.Per / time.Duration(l.Count) // the limits tested divide evenly
	full := worth * time.Duration(burst)
	return &bucket{full, full, worth}
}

func (b *bucket) pass(d time.Duration) { b.level = min(b.level+d, b.full) }

func (b *bucket) take(l limits.Limit) limits.Decision {
	d := limits.Decision{Limit: l.Count, Local: true}
	if b.level >= b.worth {
		b.level -= b.worth
		d.Allowed, d.Remaining = true, int(b.level/b.worth)
	} else {
		d.RetryAfter = b.worth - b.level
	}
	d.Reset = b.full - b.level
	return d
}

// TestLocalEqualsATokenBucket compares every answer over 10,000 random
// schedules of calls to a few keys.
func TestLocalEqualsATokenBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := range 10_000 {
			l := limits.Limit{Name: "calls", Count: []int{1, 2, 30, 60, 1000}[r.IntN(5)], Per: time.Minute, Burst: r.IntN(40)}
			o := limits.NewLocal(0)
			model := map[string]*bucket{}
			for step := range 40 {
				wait := time.Duration(r.Int64N(int64(3 * l.Per / time.Duration(l.Count))))
				if r.IntN(3) > 0 {
					wait = 0
				}
				time.Sleep(wait)
				for _, b := range model {
					b.pass(wait)
				}
				key := strconv.Itoa(r.IntN(3))
				if model[key] == nil {
					model[key] = newBucket(l)
				}
				if got, want := o.Take(key, l), model[key].take(l); got != want {
					t.Fatalf("schedule %d, %+v, call %d:\ngot  %+v\nwant %+v", n, l, step, got, want)
				}
			}
		}
	})
}

func TestPeekIsTheNextTakeAndChargesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := limits.NewLocal(2) // key 2 meets the overflow bucket
		for n := range 200 {
			key := strconv.Itoa(n % 3)
			first, second := o.Peek(key, thirty), o.Peek(key, thirty)
			if got := o.Take(key, thirty); first != got || second != got {
				t.Fatalf("call %d: Peek %+v and %+v, Take %+v; want the same", n, first, second, got)
			}
			time.Sleep(time.Duration(n) * time.Millisecond)
		}
	})
}

func TestLimitsThatAllowNothing(t *testing.T) {
	for _, c := range []struct {
		name string
		l    limits.Limit
	}{
		{"no calls", limits.Limit{Name: "x", Per: time.Minute}},
		{"a negative count", limits.Limit{Name: "x", Count: -1, Per: time.Minute}},
		{"no time", limits.Limit{Name: "x", Count: 30}},
	} {
		for what, d := range map[string]limits.Decision{
			"Take": limits.NewLocal(0).Take("k", c.l), "Peek": limits.NewLocal(0).Peek("k", c.l),
			"Limiter": limits.New(nil, limits.Options{}).Take(t.Context(), "k", c.l),
		} {
			if d.Allowed || d.RetryAfter <= 0 {
				t.Errorf("%s of %s: %+v, want a denial with a time", what, c.name, d)
			}
		}
	}
}

func TestExtremeLimitsStaySane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, l := range []limits.Limit{
			{Name: "a", Count: 1, Per: 1 << 62}, {Name: "b", Count: 1 << 40, Per: time.Second},
			{Name: "c", Count: 1, Per: 24 * time.Hour, Burst: 1 << 60}, {Name: "d", Count: 7, Per: 1},
		} {
			o := limits.NewLocal(0)
			d := o.Take("k", l)
			if !d.Allowed || d.Reset <= 0 || d.Remaining < 0 {
				t.Errorf("first call under %+v: %+v, want allowed with a time until it is whole", l, d)
			}
		}
	})
}

func TestFloodOfKeysSharesOneBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := limits.NewLocal(100)
		for n := range 100 {
			o.Take(fmt.Sprint("early ", n), thirty)
		}
		allowed := 0
		for n := range 10_000 {
			if o.Take(fmt.Sprint("flood ", n), thirty).Allowed {
				allowed++
			}
		}
		if allowed != 30 {
			t.Errorf("10,000 new keys while 100 are kept: %d allowed, want 30 together", allowed)
		}
		if d := o.Take("early 0", thirty); d.Remaining != 28 {
			t.Errorf("a key that is kept: %+v, want 28 remaining as if alone", d)
		}
		other := thirty
		other.Name = "writes"
		if d := o.Take("new", other); !d.Allowed {
			t.Errorf("a new key under another limit: %+v, want another bucket", d)
		}
		time.Sleep(2 * time.Second) // all but "early 0" are whole again
		if d := o.Take("new", thirty); d.Remaining != 29 {
			t.Errorf("a new key when there is room again: %+v, want a bucket of its own with 29 remaining", d)
		}
	})
}

// TestKeysAreDroppedWithoutLoss lets many keys come and go through a table
// that holds few at once.
func TestKeysAreDroppedWithoutLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := limits.NewLocal(100)
		o.Take("slow", limits.Limit{Name: "slow", Count: 1, Per: 24 * time.Hour})
		for n := range 5_000 {
			for range 2 { // the second moves the key's end
				if d := o.Take(fmt.Sprint(n), thirty); !d.Allowed || d.Remaining < 28 {
					t.Fatalf("key %d: %+v, want a bucket of its own", n, d)
				}
			}
			time.Sleep(50 * time.Millisecond) // 80 keys in the 4 s a key needs
		}
		if d := o.Take("slow", limits.Limit{Name: "slow", Count: 1, Per: 24 * time.Hour}); d.Allowed {
			t.Errorf("a key used up a while ago: %+v, want it kept", d)
		}
	})
}

func TestLocalAllowsExactlyTheLimitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := limits.New(nil, limits.Options{Replicas: 3})
		if allowed := flood(t, 1000, m); allowed != 30 {
			t.Errorf("1,000 calls at once: %d allowed, want 30", allowed)
		}
	})
}

// flood makes n calls at once, spread over ms, and counts those allowed.
func flood(t testing.TB, n int, ms ...*limits.Limiter) int {
	t.Helper()
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if ms[i%len(ms)].Take(t.Context(), "user", thirty).Allowed {
				allowed.Add(1)
			}
		})
	}
	wg.Wait()
	return int(allowed.Load())
}

func BenchmarkLocalTake(b *testing.B) {
	o := limits.NewLocal(0)
	l := limits.Limit{Name: "calls", Count: 1_000_000, Per: time.Second}
	b.ReportAllocs()
	for b.Loop() {
		o.Take("user", l)
	}
}

func BenchmarkLocalTakeParallel(b *testing.B) {
	o := limits.NewLocal(0)
	l := limits.Limit{Name: "calls", Count: 1_000_000, Per: time.Second}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			o.Take("user", l)
		}
	})
}

// BenchmarkLocalTakeNewKeys fills the table and then lives in the overflow.
func BenchmarkLocalTakeNewKeys(b *testing.B) {
	o := limits.NewLocal(0)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		o.Take(strconv.Itoa(n), thirty)
	}
}
