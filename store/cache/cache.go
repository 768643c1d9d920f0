// Package cache keeps results for a while, those of queries and others: bytes
// under a key, in one Redis for all processes or within one.
//
// It does not know what the bytes mean, who may see them (the key says all
// that matters), nor how to get a value that it lost.
package cache

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
)

// Bounds where Options give none.
const (
	DefaultBytes    = 16 << 20
	DefaultMaxEntry = 1<<20 + 64<<10 // a result of 1 MiB and its frame
)

// DefaultName is that of the cache of queries.
const DefaultName = "query"

// Options of a Cache. The zero value is ready to use.
type Options struct {
	Name     string       // a word of its own for each cache in one Redis, in all processes the same; empty: DefaultName
	Bytes    int64        // kept within the process at most, keys included; below 1: DefaultBytes. Redis has its own bound
	MaxEntry int          // a larger value is not kept, bytes; below 1: DefaultMaxEntry
	Log      *slog.Logger // for what is no caller's business; nil: no log
}

// Entry is what Lookup found, or the place for it.
type Entry struct {
	Value  []byte    // shared with others: must not be changed
	Stored time.Time // when, by the clock of the process that did

	generation string // what Store needs to see that Clear came between; "": do not store
}

// Cache keeps values until their time is over, they are cleared, or the room
// is needed. It is safe for concurrent use.
//
// A value that was looked up before a Clear and stored after it is dropped:
// what Clear was called for cannot be seen again.
type Cache struct {
	keeper
	maxEntry int
}

// keeper is where the values are.
type keeper interface {
	lookup(ctx context.Context, key string) (Entry, bool)
	store(ctx context.Context, key string, ttl time.Duration, e Entry)
	clear(ctx context.Context) error
}

// New makes a Cache. db nil: it is within the process. With Redis the process
// keeps no second copy, so that all of them see a Clear at once.
// Caches of different names have nothing in common: a Clear of one leaves the
// others as they are.
func New(db *redisdb.DB, o Options) *Cache {
	if o.Name == "" {
		o.Name = DefaultName
	}
	if o.Bytes < 1 {
		o.Bytes = DefaultBytes
	}
	if o.MaxEntry < 1 {
		o.MaxEntry = DefaultMaxEntry
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if db == nil {
		return &Cache{keeper: newProcess(o.Bytes), maxEntry: o.MaxEntry}
	}
	return &Cache{keeper: &shared{db: db, keys: keysOf(o.Name), maxEntry: o.MaxEntry, log: o.Log}, maxEntry: o.MaxEntry}
}

// Lookup gives the value under key. Found or not, the entry says under which
// circumstances a new value may be stored. A Redis that is away has none.
func (c *Cache) Lookup(ctx context.Context, key string) (e Entry, found bool) {
	return c.lookup(ctx, key)
}

// Store keeps value under key for ttl, to the millisecond. e is what Lookup of
// the key gave before the value was read: where Clear came between, the value
// is dropped. So is one that is too large, one with a ttl below a millisecond,
// and any while Redis is away. value is not used after Store returns.
func (c *Cache) Store(ctx context.Context, key string, value []byte, ttl time.Duration, e Entry) {
	if e.generation == "" || len(value) > c.maxEntry || ttl < time.Millisecond {
		return
	}
	c.store(ctx, key, ttl.Truncate(time.Millisecond), Entry{Value: value, Stored: time.Now(), generation: e.generation})
}

// Clear forgets every value, in all processes that share the Redis, in the
// time of one call. Within a process it never fails.
//
// Errors: *redisdb.Unavailable where Redis is away: then nothing is cleared
// for certain, and the caller tries again.
func (c *Cache) Clear(ctx context.Context) error { return c.clear(ctx) }
