package cache

import (
	"bytes"
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// overhead is about what an entry takes besides its key and value, bytes.
const overhead = 200

// process keeps values in memory. A cleared value is a miss at once, and its
// memory is free when the room is needed.
type process struct {
	entries    *otter.Cache[string, kept]
	generation atomic.Int64
}

type kept struct {
	Entry
	until time.Time
}

func newProcess(limit int64) *process {
	p := &process{entries: otter.Must(&otter.Options[string, kept]{
		MaximumWeight: uint64(limit),
		Weigher:       func(key string, k kept) uint32 { return uint32(len(key) + cap(k.Value) + overhead) },
		// Evict before Set returns: the bound holds at any time, and no
		// goroutine outlives the cache.
		Executor: func(f func()) { f() },
	})}
	p.generation.Store(1)
	return p
}

func (p *process) current() string { return strconv.FormatInt(p.generation.Load(), 10) }

func (p *process) lookup(_ context.Context, key string) (Entry, bool) {
	generation := p.current()
	k, found := p.entries.GetIfPresent(key)
	if !found || k.generation != generation || !time.Now().Before(k.until) {
		return Entry{generation: generation}, false
	}
	return k.Entry, true
}

// store need not be one step with a Clear: the entry says its generation.
func (p *process) store(_ context.Context, key string, ttl time.Duration, e Entry) {
	if e.generation != p.current() {
		return
	}
	e.Value = bytes.Clone(e.Value)
	p.entries.Set(key, kept{e, e.Stored.Add(ttl)})
}

func (p *process) clear(context.Context) error {
	p.generation.Add(1)
	return nil
}
