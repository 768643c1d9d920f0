package limits

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
)

// noticeEvery is the least time between two log lines about Redis.
const noticeEvery = time.Minute

// Options of a Limiter. The zero value is ready to use.
type Options struct {
	Replicas   int           // processes that share each limit; below 1: 1
	MaxKeys    int           // see Local; below 1: DefaultMaxKeys
	OnFallback func(on bool) // told when Redis's absence begins and ends; must return at once
	Log        *slog.Logger  // nil: no log
}

// Limiter limits over all processes of one Redis, exactly, by Redis's clock.
// It is safe for concurrent use.
//
// Of one key a process asks Redis one thing at a time: calls that come
// meanwhile wait, and are asked for together, so that a flood of one caller is a
// handful of requests and holds up nobody else.
//
// While Redis does not answer, each process allows its share of a limit:
// Count/Replicas in Per, and Burst/Replicas at once, at least 1 each. What
// Redis allowed a process before is charged to its share. So from the moment
// that Redis goes away all processes together let at most another Burst
// through at once (Replicas, where that is more), and refill at the limit's own
// rate. What a process allowed meanwhile it charges to Redis with the first
// request for the key that is answered again, up to the whole limit. So
// whatever Redis does, also where it comes and goes, a key gets at most two
// Bursts at once, and in the long run its rate. A request that Redis did not
// answer in time may count there all the same: an absence can cost a key up to
// one Burst. A Redis that lost its data begins anew.
type Limiter struct {
	ask   asker // nil: within the process
	o     Options
	local *Local
	start time.Time

	flights flights

	mu     sync.Mutex
	denied *table // what Redis denied: end is when to ask again, mark when the limit is whole
	owed   *table // see debt

	noticing sync.Mutex // held while OnFallback runs, so that it hears things in order
	away     bool
	noticed  time.Time
}

// asker asks Redis for n calls of key, and charges it with what is owed.
type asker func(ctx context.Context, key string, l Limit, n int, owed debt) (answer, error)

// New makes a Limiter. db nil: limits hold within this process, and Replicas
// does not divide them.
func New(db *redisdb.DB, o Options) *Limiter {
	if db == nil {
		o.Replicas = 1
	}
	if o.MaxKeys < 1 {
		o.MaxKeys = DefaultMaxKeys
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m := &Limiter{o: o, local: NewLocal(o.MaxKeys), start: time.Now(), denied: newTable(o.MaxKeys), owed: newTable(o.MaxKeys)}
	m.flights.waiting = map[id][]chan<- Decision{}
	if db != nil {
		m.ask = over(db)
	}
	return m
}

// Take charges one call to key and says whether it may go on; a call that may
// not is not charged. It never fails, and takes as long as two calls of db at
// most: the one under way for the key and its own. A call that waits for the
// former ends with ctx: it may not go on, and counts nevertheless; the latter
// does not end with ctx. The key goes to Redis as it is: callers hash what
// names a person.
func (m *Limiter) Take(ctx context.Context, key string, l Limit) Decision {
	if m.ask == nil {
		return m.local.Take(key, l)
	}
	if !l.valid() {
		return nothing(l)
	}
	k := id{l.Name, key}
	if d, known := m.known(k, l); known {
		return d
	}
	told, first := m.flights.join(k)
	if first {
		m.lead(context.WithoutCancel(ctx), k, l)
		return <-told
	}
	select {
	case d := <-told:
		return d
	case <-ctx.Done():
		return local(Decision{Limit: l.Count, RetryAfter: l.interval(), Reset: l.depth()})
	}
}

// known answers for Redis where it denied a moment ago: nothing that happens
// in between makes the next call allowed earlier.
func (m *Limiter) known(k id, l Limit) (Decision, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.start)
	s := m.denied.find(k)
	if s == nil || s.end <= now {
		return Decision{}, false
	}
	return Decision{Limit: l.Count, RetryAfter: s.end - now, Reset: max(s.mark-now, s.end-now)}, true
}

// remember keeps a denial; where there is no room Redis is asked again.
func (m *Limiter) remember(k id, d Decision) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.start)
	if s := m.denied.put(k, now); s != nil {
		s.end, s.mark = max(s.end, now+d.RetryAfter), now+d.Reset
	}
}

// notice tells of the beginning and the end of an absence, and logs while it
// lasts, once a minute at most.
func (m *Limiter) notice(err error) {
	m.noticing.Lock()
	defer m.noticing.Unlock()
	away := err != nil
	changed := away != m.away
	m.away = away
	if (changed || away) && time.Since(m.noticed) >= noticeEvery {
		m.noticed = time.Now()
		m.log(err)
	}
	if changed && m.o.OnFallback != nil {
		m.o.OnFallback(away)
	}
}

func (m *Limiter) log(err error) {
	if err == nil {
		m.o.Log.Info("limits are shared again")
		return
	}
	var told interface{ LogCause() string }
	cause := err.Error()
	if errors.As(err, &told) {
		cause = told.LogCause()
	}
	m.o.Log.Warn("limits hold within each process", slog.Int("replicas", max(m.o.Replicas, 1)), slog.String("error", cause))
}
