// Package audit keeps the record of calls in the table fluxmcp.audit_log: one
// row durably before a call that changes something (Before), one soon after
// every call (After), and reads it back (List). It knows neither the calls nor
// what is recorded of them, only rows; who writes a row decides what is in it.
//
// After never waits. Its rows stand in a queue in memory, at most QueueRows,
// and are stored by one writer in the order they came. While the database is
// away they stay there. When the queue is full, the newest row is dropped, not
// the oldest: a flood of calls must not be able to push out the record of what
// came before it. What was dropped is itself recorded, where it is missing, as
// one row of tool "audit" and outcome "dropped" with the number in its objects.
package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
)

// QueueRows is how many rows wait in memory at most.
const QueueRows = 10_000

const (
	beforeLimit = 2300 * time.Millisecond // with the grace of a hung connection and its end, under 3 s
	batchRows   = 500
	batchWait   = 200 * time.Millisecond
)

// Outcomes with a meaning of their own. All others are stored as they come.
const (
	OutcomeStarted = "started" // the row is of Before and has no duration
	OutcomeDropped = "dropped" // the row stands for rows that are missing
)

// Row is one record. Texts may hold anything: what PostgreSQL cannot store is
// replaced, and what is longer than its limit cut, with "…" at the end.
type Row struct {
	ID        int64         // given by the table; ignored when stored
	At        time.Time     // when the call began; zero: when the row is recorded
	Issuer    string        // at most 512 bytes
	Subject   string        // at most 512 bytes
	Tool      string        // at most 128 bytes
	Effect    string        // read, write, overwrite or destroy; anything else is stored as none
	Objects   []string      // at most 100 of 256 bytes
	Outcome   string        // at most 128 bytes
	Duration  time.Duration // not stored with OutcomeStarted
	Digest    string        // of the arguments; this and the next three at most 128 bytes
	Ref       string        // of an internal failure
	RequestID string
	TraceID   string
	Address   string // IP address without port; anything else is stored as none

	gap int // rows that a row of OutcomeDropped stands for
}

// Options are optional. The functions are called from any goroutine, some of
// them within After: they must return at once and not call the Log.
type Options struct {
	Log       *slog.Logger // nil: silent
	OnDepth   func(n int)  // how many rows wait now
	OnDrop    func(n int)  // n more rows are lost
	OnFailure func()       // an attempt to store rows has failed
}

// Log is the record of calls. It is safe for concurrent use.
type Log struct {
	rows    *table
	options Options
	queue   *queue
	writer  *writer
	stop    context.CancelFunc // ends the writer's attempt under way
	shut    sync.Once
}

// New returns the record kept by o and starts its writer, which makes no
// connection before there is something to store. Close it after use.
func New(o *store.Own, options Options) *Log {
	rows := &table{own: o}
	l := newLog(rows, options)
	l.rows = rows
	return l
}

// newLog is New but for what stores the rows of After.
func newLog(s sink, options Options) *Log {
	options = withDefaults(options)
	ctx, stop := context.WithCancel(context.Background())
	q := newQueue(options)
	l := &Log{options: options, queue: q, writer: newWriter(s, q, options), stop: stop}
	go l.writer.run(ctx)
	return l
}

func withDefaults(o Options) Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnDepth == nil {
		o.OnDepth = func(int) {}
	}
	if o.OnDrop == nil {
		o.OnDrop = func(int) {}
	}
	if o.OnFailure == nil {
		o.OnFailure = func() {}
	}
	return o
}

// Before stores r and returns once it is durable: it survives a crash of
// PostgreSQL and of its machine, whatever synchronous_commit the database is
// set to. It gives up after 3 s; then, and when the connection breaks at the
// end, the row may have been stored all the same.
//
// Errors: *Unavailable, or the context's error.
func (l *Log) Before(ctx context.Context, r Row) error {
	bounded, cancel := context.WithTimeout(ctx, beforeLimit)
	defer cancel()
	err := l.rows.one(bounded, clean(r, time.Now()))
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.options.OnFailure()
	return &Unavailable{err: err}
}

// After records r soon. It never waits and deals with its own failures: see
// the package comment.
func (l *Log) After(r Row) {
	l.queue.push(clean(r, time.Now()))
}

// Close stores what is queued and ends the writer. When ctx ends first it gives
// up within a second; without an end to ctx it waits for the database as long
// as that is away. Rows that come later are dropped. It may be called again.
//
// Errors: *Lost.
func (l *Log) Close(ctx context.Context) error {
	l.shut.Do(l.queue.shut)
	select {
	case <-l.writer.done:
	case <-ctx.Done():
		l.stop()
		<-l.writer.done
	}
	l.stop()
	if n := l.queue.lost(); n > 0 {
		return &Lost{Rows: n}
	}
	return nil
}

// Ready reports whether rows can be stored: that the database answers, the
// table exists and the login may add to it.
//
// Errors: *Missing, *NoRight, those of store.Own.
func (l *Log) Ready(ctx context.Context) error { return l.rows.ready(ctx) }
