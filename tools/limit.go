package tools

import (
	"context"
	"fmt"
	"time"
)

// Limiter says whether a call may run now. Implementations never block longer
// than a fraction of a second and never fail: where a shared store is away
// they decide alone.
type Limiter interface {
	Allow(ctx context.Context, p Principal, effect Effect) Quota
}

// Quota is the answer of a Limiter.
type Quota struct {
	Allowed    bool
	Bucket     string        // what is limited: "calls" or "writes"
	PerMinute  int           // the limit
	Remaining  int           // calls left at once
	RetryAfter time.Duration // until the next call is allowed, where this one is not
	Reset      time.Duration // until the whole limit is there again
}

// limited is the failure of a call over its limit.
type limited struct{ Quota }

func (e *limited) Error() string {
	return fmt.Sprintf("the limit of %d %s a minute is reached", e.PerMinute, e.Bucket)
}
func (e *limited) Code() string { return "rate_limited" }
func (e *limited) Hint() string {
	return "Wait retry_after_seconds, then call again; ask for more in one call instead of many."
}
func (e *limited) RetryAfter() time.Duration { return max(e.Quota.RetryAfter, time.Second) }
