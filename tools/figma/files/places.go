package files

import (
	"context"
	"sync"
	"time"
)

// places bound how many files are read at once.
type places struct {
	mu      sync.Mutex
	free    int
	taken   map[string]int // by account
	changed chan struct{}  // closed when a place becomes free; nil: nobody waits
}

// enter takes a place for account, which leave gives back.
// Errors: *Busy after patience, and that of ctx.
func (p *places) enter(ctx context.Context, account string) (leave func(), err error) {
	patient := time.NewTimer(patience)
	defer patient.Stop()
	for {
		changed := p.take(account)
		if changed == nil {
			return func() { p.give(account) }, nil
		}
		select {
		case <-changed:
		case <-patient.C:
			return nil, &Busy{}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take takes a place, or returns what tells that there may be one.
func (p *places) take(account string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free > 0 && p.taken[account] < ofOne {
		p.free--
		p.taken[account]++
		return nil
	}
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

func (p *places) give(account string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free++
	if p.taken[account]--; p.taken[account] == 0 {
		delete(p.taken, account)
	}
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// Busy says that this account, or this process, reads enough files already.
type Busy struct{}

// Error says so.
func (*Busy) Error() string { return "other files are being read from Figma for this account" }

// Code is figma_busy.
func (*Busy) Code() string { return "figma_busy" }

// Hint says what to do.
func (*Busy) Hint() string {
	return "Wait retry_after_seconds, and read one large file after the other."
}

// RetryAfter is when a place may be free.
func (*Busy) RetryAfter() time.Duration { return 5 * time.Second }
