package tokens

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// pauses remembers what has failed, and until when it is left alone: each
// failure in a row doubles the time. It is safe for concurrent use; its fields
// are set before the first use.
type pauses struct {
	first, longest time.Duration
	after          int // failures in a row before the first pause

	mu    sync.Mutex
	list  map[string]pause
	swept time.Time
}

// pause is what is known of one thing that failed.
type pause struct {
	failures    int
	last, until time.Time
	err         error // the last failure
}

// of returns how much longer to leave key alone, and why; 0: it may be tried.
func (p *pauses) of(key string) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found := p.list[key]
	return max(time.Until(found.until), 0), found.err
}

// failed begins a pause of key, not shorter than least, and returns its length.
// Up to a quarter more than doubling gives is by chance, so that processes that
// failed together do not try again together.
func (p *pauses) failed(key string, least time.Duration, err error) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.sweep(now)
	found := p.list[key]
	found.failures++
	found.last, found.err = now, err
	if n := found.failures - p.after; n >= 0 {
		d := min(p.first<<min(n, 16), p.longest)
		d = max(least, min(d+rand.N(d/4+1), p.longest))
		found.until = now.Add(d)
	}
	p.list[key] = found
	return max(found.until.Sub(now), 0)
}

// over forgets what failed.
func (p *pauses) over(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.list, key)
}

// sweep forgets, once a minute, what has not failed for long: the next failure
// is a first one again. p.mu is held.
func (p *pauses) sweep(now time.Time) {
	if p.list == nil {
		p.list = map[string]pause{}
	}
	if now.Sub(p.swept) < time.Minute {
		return
	}
	p.swept = now
	for key, found := range p.list {
		if now.Sub(found.last) > p.longest && now.Sub(found.until) > p.longest {
			delete(p.list, key)
		}
	}
}

// gates bound the refreshes at once, in all and of each provider, so that a
// slow one leaves places to the others.
type gates struct {
	all       chan struct{}
	each      int
	mu        sync.Mutex
	providers map[string]chan struct{}
}

func newGates(parallel int) *gates {
	return &gates{all: make(chan struct{}, parallel), each: max(1, parallel/2), providers: map[string]chan struct{}{}}
}

// enter waits for a place until ctx ends; leave gives it back.
func (g *gates) enter(ctx context.Context, provider string) (leave func(), err error) {
	own := g.of(provider)
	for i, gate := range []chan struct{}{own, g.all} { // the provider's first: who waits for it takes no place of others
		select {
		case gate <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-own
			}
			return nil, ctx.Err()
		}
	}
	return func() { <-g.all; <-own }, nil
}

func (g *gates) of(provider string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	gate, there := g.providers[provider]
	if !there {
		gate = make(chan struct{}, g.each)
		g.providers[provider] = gate
	}
	return gate
}
