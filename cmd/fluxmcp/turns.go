package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/fluxstudio/fluxmcp/tools"
)

// turns lets each principal have at most a number of calls under way, so that
// others find a connection to the database. Safe for concurrent use.
type turns struct {
	each int64         // calls of one principal at once
	wait time.Duration // for one to end

	mu sync.Mutex
	of map[string]*turn // of principals that have calls under way or waiting
}

type turn struct {
	places *semaphore.Weighted
	users  int
}

func newTurns(each int) *turns {
	return &turns{each: int64(each), wait: 3 * time.Second, of: map[string]*turn{}}
}

// Enter waits a moment for a place of p.
func (t *turns) Enter(ctx context.Context, p tools.Principal) (func(), error) {
	key := p.Key()
	mine := t.take(key)
	bounded, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	if err := mine.places.Acquire(bounded, 1); err != nil {
		t.give(key, mine)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &tooManyAtOnce{t.each}
	}
	return func() {
		mine.places.Release(1)
		t.give(key, mine)
	}, nil
}

func (t *turns) take(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.of[key]
	if mine == nil {
		mine = &turn{places: semaphore.NewWeighted(t.each)}
		t.of[key] = mine
	}
	mine.users++
	return mine
}

func (t *turns) give(key string, mine *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if mine.users--; mine.users == 0 {
		delete(t.of, key)
	}
}

// tooManyAtOnce refuses a call beside others of the same caller.
type tooManyAtOnce struct{ each int64 }

func (e *tooManyAtOnce) Error() string {
	return fmt.Sprintf("%d of your calls are still under way", e.each)
}
func (e *tooManyAtOnce) Code() string { return "too_many_calls" }
func (e *tooManyAtOnce) Hint() string {
	return "Wait for an answer before you make the next call, or make slow queries smaller."
}
func (e *tooManyAtOnce) RetryAfter() time.Duration { return 2 * time.Second }
