// Package drain lets a server that closes refuse what is new and wait for the
// rest. It knows nothing of what the work is.
package drain

import (
	"context"
	"sync"
)

// Drain counts the work under way, so that a server that closes can refuse what
// is new and wait for the rest. The zero value is open and idle; safe for concurrent use.
type Drain struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{}
}

// Begin counts one piece of work, or returns false when closing.
func (d *Drain) Begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.n++
	return true
}

// End ends one piece that Begin counted.
func (d *Drain) End() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n--
	if d.closed && d.n == 0 {
		close(d.idle)
	}
}

// Close refuses new work. The channel it returns closes when none is left.
func (d *Drain) Close() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed, d.idle = true, make(chan struct{})
		if d.n == 0 {
			close(d.idle)
		}
	}
	return d.idle
}

// Closing reports whether Close was called.
func (d *Drain) Closing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.closed
}

// Await is nil when done closes before ctx ends.
func Await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
