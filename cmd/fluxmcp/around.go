package main

import (
	"context"
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
	required bool // each call is stored before it runs, reading ones too
}

// Before stores what is about to change something, and where the audit is
// required all that is about to run. Else a reading call is recorded when it has
// ended, soon.
func (a *auditor) Before(ctx context.Context, e tools.Entry) error {
	if e.Effect == tools.ReadOnly && !a.required {
		return nil
	}
	if err := a.log.Before(ctx, rowOf(e)); err != nil {
		return &notRecorded{err}
	}
	return nil
}

// notRecorded refuses a call of which there would be no record.
type notRecorded struct{ err error }

func (e *notRecorded) Error() string { return "the call cannot be recorded now, so it is not made" }
func (e *notRecorded) Unwrap() error { return e.err }
func (e *notRecorded) Code() string  { return "audit_unavailable" }
func (e *notRecorded) Hint() string {
	return "Try again in a few seconds; if it stays so, ask the operator to run `fluxmcp doctor`."
}
func (e *notRecorded) RetryAfter() time.Duration { return 5 * time.Second }
func (e *notRecorded) LogCause() string          { return cause(e.err) }

// After stores how a call ended, soon.
func (a *auditor) After(_ context.Context, e tools.Entry) { a.log.After(rowOf(e)) }

func rowOf(e tools.Entry) audit.Row {
	return audit.Row{
		At: e.Time, Issuer: e.Principal.Issuer, Subject: e.Principal.Subject, Tool: e.Tool, Effect: e.Effect.String(),
		Objects: e.Objects, Outcome: e.Outcome, Duration: e.Duration, Digest: e.Digest, Ref: e.Ref,
		RequestID: e.Request.ID, TraceID: e.TraceID, Address: e.Request.Address,
	}
}
