package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	maxAgain = 2               // repetitions of one call
	maxSleep = 3 * time.Second // of one call, in all
	pauseOne = 250 * time.Millisecond
)

// patience is how much of its time a call has waited.
type patience struct{ slept time.Duration }

// left is how much longer it may wait.
func (p *patience) left(ctx context.Context) time.Duration {
	left := maxSleep - p.slept
	if end, bounded := ctx.Deadline(); bounded {
		left = min(left, time.Until(end)-1)
	}
	return left
}

// wait waits, unless that is too long or ctx ends before.
func (p *patience) wait(ctx context.Context, d time.Duration) bool {
	if d > p.left(ctx) || !sleep(ctx, d) {
		return false
	}
	p.slept += d
	return true
}

// persist calls try until it succeeds, or asking again is not worth it.
func persist(ctx context.Context, try func(*patience) error) error {
	p := &patience{}
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := try(p)
		pause, worth := pauseAfter(err, n)
		if !worth || !p.wait(ctx, pause) {
			return err
		}
	}
}

// pauseAfter is how long to wait after the attempt n, from 0, failed with err.
func pauseAfter(err error, n int) (pause time.Duration, worth bool) {
	e, ok := errors.AsType[*Error](err)
	if n == maxAgain || !ok || !e.again {
		return 0, false
	}
	if e.Kind == Limited || e.Wait != awayWait {
		return e.Wait, true // it is Slack's own
	}
	return pauseOne<<(2*n) + rand.N(pauseOne), true
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
