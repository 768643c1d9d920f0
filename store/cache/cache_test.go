package cache_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/store/cache"
)

// model is what a cache promises, without bounds or time.
type model struct {
	clears int
	values map[string]string // stored since the last clear
}

// pending is a value being read between Lookup and Store.
type pending struct {
	key, value string
	e          cache.Entry
	clears     int // before its lookup
}

// interleave makes steps random steps of lookups, slow stores and clears by
// caches that share their values, and compares every lookup with the model.
func interleave(t *testing.T, r *rand.Rand, steps int, caches ...*cache.Cache) {
	t.Helper()
	m := model{values: map[string]string{}}
	var slow []pending
	for step := range steps {
		c := caches[r.IntN(len(caches))]
		switch kind := r.IntN(8); {
		case kind == 0:
			if err := c.Clear(t.Context()); err != nil {
				t.Fatalf("step %d: clear: %v", step, err)
			}
			m.clears++
			clear(m.values)
		case kind < 5:
			key := strconv.Itoa(r.IntN(3))
			e, found := c.Lookup(t.Context(), key)
			want, there := m.values[key]
			if found != there || string(e.Value) != want {
				t.Fatalf("step %d, key %s: got %q, %v; want %q, %v", step, key, e.Value, found, want, there)
			}
			slow = append(slow, pending{key, fmt.Sprint("value ", step), e, m.clears})
		case len(slow) > 0:
			n := r.IntN(len(slow))
			p := slow[n]
			slow = append(slow[:n], slow[n+1:]...)
			c.Store(t.Context(), p.key, []byte(p.value), time.Hour, p.e)
			if p.clears == m.clears {
				m.values[p.key] = p.value
			}
		}
	}
}

func TestClearRacesWithSlowStores(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		interleave(t, r, 30, cache.New(nil, cache.Options{Bytes: 1 << 16}))
	}
}

// checkNothingStale lets readers fill the caches from a source that changes,
// and wants no value from before a change once Clear has returned.
func checkNothingStale(t *testing.T, rounds int, caches ...*cache.Cache) {
	t.Helper()
	var source, cleared atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 4 {
		c := caches[n%len(caches)]
		wg.Go(func() {
			for ctx.Err() == nil {
				oldest := cleared.Load()
				e, found := c.Lookup(t.Context(), "key")
				if !found {
					c.Store(t.Context(), "key", strconv.AppendInt(nil, source.Load(), 10), time.Hour, e)
				} else if got, _ := strconv.ParseInt(string(e.Value), 10, 64); got < oldest {
					t.Errorf("served version %d after the clear for version %d", got, oldest)
				}
			}
		})
	}
	for range rounds {
		version := source.Add(1)
		if err := caches[0].Clear(t.Context()); err != nil {
			t.Errorf("clear: %v, want none", err)
		}
		cleared.Store(version)
	}
	stop()
	wg.Wait()
}

func TestNothingStaleAfterClear(t *testing.T) {
	checkNothingStale(t, 20_000, cache.New(nil, cache.Options{}))
}

func TestValuesExpireToTheMillisecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cache.New(nil, cache.Options{})
		stored := time.Now()
		e, _ := c.Lookup(t.Context(), "key")
		c.Store(t.Context(), "key", []byte("v"), 1500*time.Millisecond+900*time.Microsecond, e)
		time.Sleep(1499 * time.Millisecond)
		got, found := c.Lookup(t.Context(), "key")
		if !found || string(got.Value) != "v" || !got.Stored.Equal(stored) {
			t.Errorf("a millisecond early: %q of %v, %v; want v of %v", got.Value, got.Stored, found, stored)
		}
		time.Sleep(time.Millisecond)
		if got, found := c.Lookup(t.Context(), "key"); found || got.Value != nil {
			t.Errorf("at its time: %q, %v; want a miss", got.Value, found)
		}
	})
}

func TestWhatIsNotKept(t *testing.T) {
	for _, c := range []struct {
		name  string
		size  int
		ttl   time.Duration
		noted bool // with the entry of a lookup
		found bool
	}{
		{"a value at the bound is kept", 100, time.Hour, true, true},
		{"a larger one is not", 101, time.Hour, true, false},
		{"an empty one is kept", 0, time.Hour, true, true},
		{"no time", 1, 0, true, false},
		{"less than a millisecond", 1, 999 * time.Microsecond, true, false},
		{"without a lookup", 1, time.Hour, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept := cache.New(nil, cache.Options{MaxEntry: 100})
			var e cache.Entry
			if c.noted {
				e, _ = kept.Lookup(t.Context(), "key")
			}
			kept.Store(t.Context(), "key", make([]byte, c.size), c.ttl, e)
			if _, found := kept.Lookup(t.Context(), "key"); found != c.found {
				t.Errorf("%d bytes for %v: found %v, want %v", c.size, c.ttl, found, c.found)
			}
		})
	}
}

func TestFoundEntryMayBeReplaced(t *testing.T) {
	c := cache.New(nil, cache.Options{})
	replaced(t, c)
}

// replaced is what a caller does who wants a fresh value over one that is there.
func replaced(t *testing.T, c *cache.Cache) {
	t.Helper()
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("old"), time.Hour, e)
	e, found := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("new"), time.Hour, e)
	if got, _ := c.Lookup(t.Context(), "key"); !found || string(got.Value) != "new" {
		t.Errorf("found %v, then %q; want the new value", found, got.Value)
	}
}

func TestCachesOfAProcessHaveNothingInCommon(t *testing.T) {
	apart(t, cache.New(nil, cache.Options{}), cache.New(nil, cache.Options{}))
}

// apart stores under one key of two caches, and clears the second one.
func apart(t *testing.T, one, two *cache.Cache) {
	t.Helper()
	kept := map[*cache.Cache]string{one: "one", two: "two"}
	for c, value := range kept {
		e, found := c.Lookup(t.Context(), "key")
		if found {
			t.Errorf("before %s is stored: %q, want a miss", value, e.Value)
		}
		c.Store(t.Context(), "key", []byte(value), time.Hour, e)
	}
	if got, _ := two.Lookup(t.Context(), "key"); string(got.Value) != "two" {
		t.Errorf("of the second: %q, want two", got.Value)
	}
	if err := two.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, found := two.Lookup(t.Context(), "key"); found {
		t.Errorf("of the one that was cleared: %q, want a miss", got.Value)
	}
	if got, found := one.Lookup(t.Context(), "key"); !found || string(got.Value) != "one" {
		t.Errorf("of the other: %q, %v; want one", got.Value, found)
	}
	e, _ := two.Lookup(t.Context(), "key")
	two.Store(t.Context(), "key", []byte("two"), time.Hour, e)
}

func TestCallerMayReuseItsBytes(t *testing.T) {
	c := cache.New(nil, cache.Options{})
	value := []byte("value")
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", value, time.Hour, e)
	copy(value, "XXXXX")
	if got, _ := c.Lookup(t.Context(), "key"); string(got.Value) != "value" {
		t.Errorf("after the caller's bytes changed: %q, want value", got.Value)
	}
}

// TestMemoryIsBounded stores 64 MiB where 4 MiB fit, and counts what is left.
func TestMemoryIsBounded(t *testing.T) {
	const bound = 4 << 20
	c := cache.New(nil, cache.Options{Bytes: bound})
	value := bytes.Repeat([]byte("x"), 64<<10)
	for n := range 1024 {
		e, _ := c.Lookup(t.Context(), strconv.Itoa(n))
		c.Store(t.Context(), strconv.Itoa(n), value, time.Hour, e)
	}
	kept := 0
	for n := range 1024 {
		if e, found := c.Lookup(t.Context(), strconv.Itoa(n)); found {
			kept += len(e.Value)
		}
	}
	if kept > bound || kept < bound/2 {
		t.Errorf("%d bytes kept, want at most %d and at least half of it", kept, bound)
	}
}

func TestMebibyteIsKeptByDefault(t *testing.T) {
	mebibyte(t, cache.New(nil, cache.Options{}))
}

func mebibyte(t *testing.T, c *cache.Cache) {
	t.Helper()
	value := make([]byte, 1<<20)
	for n := range value {
		value[n] = byte(n * 7 >> 3)
	}
	e, _ := c.Lookup(t.Context(), "large")
	c.Store(t.Context(), "large", value, time.Hour, e)
	if got, found := c.Lookup(t.Context(), "large"); !found || !bytes.Equal(got.Value, value) {
		t.Errorf("a value of 1 MiB: %d bytes, found %v; want it as it was", len(got.Value), found)
	}
}

func BenchmarkLookup(b *testing.B) {
	c := cache.New(nil, cache.Options{})
	e, _ := c.Lookup(b.Context(), "key")
	c.Store(b.Context(), "key", make([]byte, 10<<10), time.Hour, e)
	b.ReportAllocs()
	for b.Loop() {
		c.Lookup(b.Context(), "key")
	}
}
