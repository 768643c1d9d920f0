//go:build unix

package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/cache"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

const valueKey = "fluxmcp:query:{cache}:value:key"

func open(t testing.TB, address string) *redisdb.DB {
	t.Helper()
	db, err := redisdb.Open(address, redisdb.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// do runs one command for the test itself.
func do(t testing.TB, db *redisdb.DB, args ...any) *redis.Cmd {
	t.Helper()
	var cmd *redis.Cmd
	if err := db.Do(t.Context(), func(ctx context.Context, c *redis.Client) error {
		cmd = c.Do(ctx, args...)
		return cmd.Err()
	}); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return cmd
}

// stored is a cache over a fresh Redis that holds "value" under "key".
func stored(t testing.TB) (*cache.Cache, *redisdb.DB) {
	t.Helper()
	db := open(t, storetest.Redis(t))
	c := cache.New(db, cache.Options{})
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("value"), 90*time.Minute+250*time.Millisecond, e)
	return c, db
}

func TestClearRacesWithSlowStoresOfSeveralProcesses(t *testing.T) {
	address := storetest.Redis(t)
	caches := []*cache.Cache{cache.New(open(t, address), cache.Options{}), cache.New(open(t, address), cache.Options{})}
	interleave(t, rand.New(rand.NewPCG(5, 6)), 10_000, caches...)
}

func TestNothingStaleAfterClearInAnyProcess(t *testing.T) {
	address := storetest.Redis(t)
	checkNothingStale(t, 300, cache.New(open(t, address), cache.Options{}), cache.New(open(t, address), cache.Options{}))
}

func TestRedisKeepsMebibytesAndReplacements(t *testing.T) {
	c := cache.New(open(t, storetest.Redis(t)), cache.Options{})
	mebibyte(t, c)
	replaced(t, c)
}

func TestRedisExpiresToTheMillisecond(t *testing.T) {
	began := time.Now()
	c, db := stored(t)
	ttl, err := do(t, db, "PTTL", valueKey).Int64()
	most := (90*time.Minute + 250*time.Millisecond).Milliseconds()
	least := most - time.Since(began).Milliseconds() - 1
	if err != nil || ttl > most || ttl < least {
		t.Errorf("expires in %d ms, %v; want %d at most and %d at least", ttl, err, most, least)
	}
	if got, found := c.Lookup(t.Context(), "key"); !found || got.Stored.Before(began.Round(0)) || got.Stored.After(time.Now()) {
		t.Errorf("stored %v, found %v; want since %v", got.Stored, found, began)
	}
	do(t, db, "PEXPIRE", valueKey, 0)
	if got, found := c.Lookup(t.Context(), "key"); found {
		t.Errorf("expired: %q, want a miss", got.Value)
	}
}

func TestAllKeysAreOursAndInOneSlot(t *testing.T) {
	_, db := stored(t)
	keys, err := do(t, db, "KEYS", "*").StringSlice()
	if err != nil || len(keys) != 2 {
		t.Fatalf("keys %q, %v; want a generation and a value", keys, err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "fluxmcp:query:{cache}:") {
			t.Errorf("key %q, want prefix fluxmcp:query: and one slot of a cluster", key)
		}
	}
}

func TestCachesOfTwoNamesHaveNothingInCommon(t *testing.T) {
	db := open(t, storetest.Redis(t))
	apart(t, cache.New(db, cache.Options{}), cache.New(db, cache.Options{Name: "figma"}))
	keys, err := do(t, db, "KEYS", "fluxmcp:figma:{cache}:*").StringSlice()
	if slices.Sort(keys); err != nil || fmt.Sprint(keys) != "[fluxmcp:figma:{cache}:generation fluxmcp:figma:{cache}:value:key]" {
		t.Errorf("keys of the cache figma: %q, %v; want a generation and a value", keys, err)
	}
	same := cache.New(db, cache.Options{Name: cache.DefaultName})
	if e, found := same.Lookup(t.Context(), "key"); !found || string(e.Value) != "one" {
		t.Errorf("by its default name: %q, %v; want one", e.Value, found)
	}
}

// TestLookupIsOneRoundTrip counts commands on a server of its own.
func TestLookupIsOneRoundTrip(t *testing.T) {
	db := open(t, storetest.RedisServer(t).URL())
	c := cache.New(db, cache.Options{})
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("value"), time.Hour, e)
	do(t, db, "CONFIG", "RESETSTAT")
	c.Lookup(t.Context(), "key")
	c.Lookup(t.Context(), "absent")
	stats, err := do(t, db, "INFO", "commandstats").Text()
	if err != nil || !strings.Contains(stats, "cmdstat_mget:calls=2,") || strings.Contains(stats, "cmdstat_eval") || strings.Contains(stats, "cmdstat_get:") {
		t.Errorf("commands of two lookups, %v:\n%s\nwant two MGET alone", err, stats)
	}
}

func TestForeignValuesAreMisses(t *testing.T) {
	c, db := stored(t)
	good, err := do(t, db, "GET", valueKey).Text()
	if err != nil {
		t.Fatal(err)
	}
	if got, found := c.Lookup(t.Context(), "key"); !found || string(got.Value) != "value" {
		t.Fatalf("untouched: %q, %v; want value", got.Value, found)
	}
	cases := map[string]string{"empty": "", "a text": "value", "longer": good + "x", "huge": strings.Repeat(good, 50_000)}
	for n := range good {
		cases[fmt.Sprintf("cut at %d", n)] = good[:n]
		cases[fmt.Sprintf("bit flipped at %d", n)] = good[:n] + string([]byte{good[n] ^ 4}) + good[n+1:]
	}
	for name, raw := range cases {
		do(t, db, "SET", valueKey, raw)
		if got, found := c.Lookup(t.Context(), "key"); found {
			t.Errorf("%s: got %q, want a miss", name, got.Value)
		}
	}
	do(t, db, "DEL", valueKey)
	do(t, db, "RPUSH", valueKey, "x")
	e, found := c.Lookup(t.Context(), "key")
	if found {
		t.Errorf("a list: got %q, want a miss", e.Value)
	}
	c.Store(t.Context(), "key", []byte("again"), time.Hour, e)
	if got, _ := c.Lookup(t.Context(), "key"); string(got.Value) != "again" {
		t.Errorf("stored over the list: %q, want again", got.Value)
	}
}

// TestLostGenerationClearsForGood: Redis may evict the key at any time.
func TestLostGenerationClearsForGood(t *testing.T) {
	for _, c := range []struct {
		name string
		lose []any
	}{
		{"evicted", []any{"DEL", "fluxmcp:query:{cache}:generation"}},
		{"overwritten", []any{"SET", "fluxmcp:query:{cache}:generation", "7"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			kept, db := stored(t)
			before, _ := kept.Lookup(t.Context(), "other")
			do(t, db, c.lose...)
			fresh, _ := kept.Lookup(t.Context(), "fresh")
			kept.Store(t.Context(), "fresh", []byte("value"), time.Hour, fresh)
			if _, found := kept.Lookup(t.Context(), "fresh"); !found {
				t.Error("a value stored after the loss: a miss, want it kept")
			}
			for range 3 {
				if got, found := kept.Lookup(t.Context(), "key"); found {
					t.Errorf("got %q, want a miss", got.Value)
				}
				if err := kept.Clear(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			kept.Store(t.Context(), "other", []byte("late"), time.Hour, before)
			if got, found := kept.Lookup(t.Context(), "other"); found {
				t.Errorf("looked up before and stored after: %q, want a miss", got.Value)
			}
		})
	}
}

func TestLateStoreDoesNotDisplaceANewerValue(t *testing.T) {
	c, _ := stored(t)
	late, _ := c.Lookup(t.Context(), "key")
	if err := c.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("new"), time.Hour, e)
	c.Store(t.Context(), "key", []byte("late"), time.Hour, late)
	if got, found := c.Lookup(t.Context(), "key"); !found || string(got.Value) != "new" {
		t.Errorf("got %q, %v; want new", got.Value, found)
	}
}

func TestWithoutRedisNothingIsFoundAndClearErrs(t *testing.T) {
	server := storetest.RedisServer(t)
	c := cache.New(open(t, server.URL()), cache.Options{})
	e, _ := c.Lookup(t.Context(), "key")
	c.Store(t.Context(), "key", []byte("value"), time.Hour, e)
	server.Kill()
	for range 5 {
		c.Store(t.Context(), "key", []byte("value"), time.Hour, e)
		if got, found := c.Lookup(t.Context(), "key"); found {
			t.Errorf("lookup: %q, want a miss", got.Value)
		}
		var told interface {
			Code() string
			Hint() string
		}
		if err := c.Clear(t.Context()); !errors.As(err, &told) || told.Code() != "redis_unavailable" || told.Hint() == "" {
			t.Errorf("clear: %v, want redis_unavailable with a hint", err)
		}
	}
}

func BenchmarkRedisLookup(b *testing.B) {
	c, _ := stored(b)
	for b.Loop() {
		c.Lookup(b.Context(), "key")
	}
}

func BenchmarkRedisLookupMebibyte(b *testing.B) {
	c, _ := stored(b)
	e, _ := c.Lookup(b.Context(), "large")
	c.Store(b.Context(), "large", make([]byte, 1<<20), time.Hour, e)
	b.SetBytes(1 << 20)
	for b.Loop() {
		c.Lookup(b.Context(), "large")
	}
}
