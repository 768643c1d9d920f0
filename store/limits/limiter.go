package limits

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

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
// While Redis does not answer, each process allows its share of a limit:
// Count/Replicas in Per, and Burst/Replicas at once, at least 1 each. What
// Redis allowed a process before is charged to its share. So from the moment
// that Redis goes away all processes together let at most another Burst
// through at once (Replicas, where that is more), and refill at the limit's own
// rate. What they allowed meanwhile is not told to Redis when it is back, and
// a Redis that lost its data begins anew.
type Limiter struct {
	db    *redisdb.DB
	o     Options
	local *Local
	start time.Time

	mu     sync.Mutex
	denied *table // what Redis denied: end is when to ask again, mark when the limit is whole

	noticing sync.Mutex // held while OnFallback runs, so that it hears things in order
	away     bool
	noticed  time.Time
}

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
	return &Limiter{db: db, o: o, local: NewLocal(o.MaxKeys), start: time.Now(), denied: newTable(o.MaxKeys)}
}

// Take charges one call to key and says whether it may go on; a call that may
// not is not charged. It never fails, and takes as long as one call of db at
// most, also where ctx ends before: the call counts. The key goes to Redis as
// it is: callers hash what names a person.
func (m *Limiter) Take(ctx context.Context, key string, l Limit) Decision {
	if m.db == nil {
		return m.local.Take(key, l)
	}
	if !l.valid() {
		return nothing(l)
	}
	k := id{l.Name, key}
	if d, known := m.known(k, l); known {
		return d
	}
	var d Decision
	err := m.db.Do(context.WithoutCancel(ctx), func(ctx context.Context, c *redis.Client) (err error) {
		d, err = shared(ctx, c, key, l)
		return err
	})
	m.notice(err)
	switch {
	case err != nil:
		return m.local.Take(key, l.share(m.o.Replicas))
	case d.Allowed:
		m.local.Charge(key, l.share(m.o.Replicas))
	default:
		m.remember(k, d)
	}
	return d
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
