package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	maxAgain = 2               // repetitions of one call
	maxSleep = 3 * time.Second // between them, in all
	pauseOne = 250 * time.Millisecond
)

// persist calls try until it succeeds, or asking again is not worth it.
func persist(ctx context.Context, try func() error) error {
	var slept time.Duration
	for n := 0; ; n++ {
		err := try()
		pause, worth := pauseAfter(err, n)
		if !worth || slept+pause > maxSleep || !sleep(ctx, pause) {
			return err
		}
		slept += pause
	}
}

// pauseAfter is how long to wait after the attempt n, from 0, failed with err.
func pauseAfter(err error, n int) (pause time.Duration, worth bool) {
	var e *Error
	if n == maxAgain || !errors.As(err, &e) || !e.again {
		return 0, false
	}
	if e.Kind == Limited || e.Wait != awayWait {
		return e.Wait, true // it is Figma's own
	}
	return pauseOne<<(2*n) + rand.N(pauseOne), true
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	if end, bounded := ctx.Deadline(); bounded && time.Until(end) <= d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
