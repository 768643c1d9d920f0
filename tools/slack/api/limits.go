package api

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

// openLimits bounds how many limits are remembered.
const openLimits = 16_384

// limits keeps what is sent within Slack's limits, and remembers until when Slack
// refuses, so that nobody asks before. They count for an account and a method,
// and for posts a channel. It is safe for concurrent use.
// Source: https://docs.slack.dev/apis/web-api/rate-limits
type limits struct {
	now  func() time.Time
	kept *otter.Cache[limit, *turns]
}

// limit is one that Slack counts by.
type limit struct {
	account string
	method  string
	channel string // empty but for posts
}

// turns is where a limit stands.
type turns struct {
	mu    sync.Mutex
	next  time.Time // when a call would be on time if each kept its distance
	until time.Time // Slack refuses
	said  Error     // why
}

func newLimits(now func() time.Time) *limits {
	// Evict before Set returns: the bound holds at any time.
	here := func(f func()) { f() }
	return &limits{now: now, kept: otter.Must(&otter.Options[limit, *turns]{MaximumSize: openLimits, Executor: here})}
}

func (l *limits) of(at limit) *turns {
	t, _ := l.kept.ComputeIfAbsent(at, func() (*turns, bool) { return &turns{}, false })
	return t
}

// enter waits for a turn. Where Slack refuses, or the turn is too far off, that
// is an error at once, and the turn is nobody's.
func (l *limits) enter(ctx context.Context, at limit, m method, p *patience) error {
	wait, err := l.of(at).take(l.now(), m, p.left(ctx))
	if err != nil || wait == 0 || p.wait(ctx, wait) {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return &Error{Kind: Limited, Method: m.name, Wait: wait}
}

// take takes a turn and says how long it is until then, at most patient.
func (t *turns) take(now time.Time, m method, patient time.Duration) (time.Duration, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if left := t.until.Sub(now); left > 0 {
		said := t.said
		said.Wait, said.again = left, false
		return 0, &said
	}
	next := t.next
	if next.Before(now) {
		next = now
	}
	next = next.Add(m.every)
	wait := max(next.Add(-time.Duration(m.burst)*m.every).Sub(now), 0)
	if wait > patient {
		return 0, &Error{Kind: Limited, Method: m.name, Wait: wait}
	}
	t.next = next
	return wait, nil
}

// shut notes that Slack refuses.
func (l *limits) shut(at limit, said *Error) {
	t := l.of(at)
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := l.now().Add(said.Wait); until.After(t.until) {
		t.until, t.said = until, *said
	}
}
