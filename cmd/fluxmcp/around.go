package main

import (
	"context"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/tools"
)

// callLimits lets store/limits answer tools.Limiter.
type callLimits struct {
	shared        *limits.Limiter
	calls, writes limits.Limit
	denied        func(bucket string)
}

// Allow charges a call that changes something to its own bucket first: that one
// is smaller, and a call it refuses costs nothing of the other.
func (c callLimits) Allow(ctx context.Context, p tools.Principal, effect tools.Effect) tools.Quota {
	q := tools.Quota{Allowed: true}
	for _, l := range []limits.Limit{c.writes, c.calls} {
		if l.Count == 0 || (l.Name == c.writes.Name && effect == tools.ReadOnly) {
			continue
		}
		d := c.shared.Take(ctx, p.Key(), l)
		q = tools.Quota{
			Allowed: d.Allowed, Bucket: l.Name, PerMinute: l.Count,
			Remaining: d.Remaining, RetryAfter: d.RetryAfter, Reset: d.Reset,
		}
		if !d.Allowed {
			c.denied(l.Name)
			return q
		}
	}
	return q
}

// bucket lets one limit of this process answer sidecar.Bucket.
type bucket struct {
	of    *limits.Local
	limit limits.Limit
}

func (b bucket) Peek(key string) (bool, time.Duration) {
	d := b.of.Peek(key, b.limit)
	return d.Allowed, d.RetryAfter
}

func (b bucket) Take(key string) (bool, time.Duration) {
	d := b.of.Take(key, b.limit)
	return d.Allowed, d.RetryAfter
}

// auditor lets store/audit answer tools.Auditor.
type auditor struct {
	log      *audit.Log
	required bool // no call, reading ones too, while nothing can be recorded

	mu      sync.Mutex
	checked time.Time
	ready   error
}

// readyFor is how long an answer of the database counts for reading calls.
const readyFor = 2 * time.Second

// Before stores what is about to change something. A reading call is recorded
// when it has ended; where the audit is required, only while that can be done.
func (a *auditor) Before(ctx context.Context, e tools.Entry) error {
	if e.Effect != tools.ReadOnly {
		return a.log.Before(ctx, rowOf(e))
	}
	if !a.required {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.checked) > readyFor {
		a.ready, a.checked = a.log.Ready(ctx), time.Now()
	}
	if a.ready != nil {
		return &notRecorded{a.ready}
	}
	return nil
}

// notRecorded refuses a call while the audit is required and cannot be kept.
type notRecorded struct{ err error }

func (e *notRecorded) Error() string { return "calls cannot be recorded now, so none is made" }
func (e *notRecorded) Unwrap() error { return e.err }
func (e *notRecorded) Code() string  { return "audit_unavailable" }
func (e *notRecorded) Hint() string {
	return "Try again in a few seconds; if it stays so, ask the operator to run `fluxmcp doctor`."
}
func (e *notRecorded) RetryAfter() time.Duration { return 5 * time.Second }
func (e *notRecorded) LogCause() string          { return e.err.Error() }

// After stores how a call ended, soon.
func (a *auditor) After(_ context.Context, e tools.Entry) { a.log.After(rowOf(e)) }

func rowOf(e tools.Entry) audit.Row {
	return audit.Row{
		At: e.Time, Issuer: e.Principal.Issuer, Subject: e.Principal.Subject, Tool: e.Tool, Effect: e.Effect.String(),
		Objects: e.Objects, Outcome: e.Outcome, Duration: e.Duration, Digest: e.Digest, Ref: e.Ref,
		RequestID: e.Request.ID, TraceID: e.TraceID, Address: e.Request.Address,
	}
}
