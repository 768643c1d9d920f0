package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// quietFor is how long a warning of River's is not repeated.
const quietFor = time.Minute

// riverLog is the logger that River gets.
func (j *Jobs) riverLog() *slog.Logger {
	return slog.New(&quiet{to: j.cfg.Log.Handler(), said: &said{at: map[string]time.Time{}}})
}

// quiet passes on what River logs, in a lower voice: what goes well is for
// debugging, and what goes wrong is tried again by River itself, so it is a
// warning, said once a minute however often it happens.
type quiet struct {
	to   slog.Handler
	said *said // shared with those that WithAttrs and WithGroup return
}

// said is when each message was last passed on. River's messages are constants.
type said struct {
	mu sync.Mutex
	at map[string]time.Time
}

func lower(l slog.Level) slog.Level {
	if l < slog.LevelWarn {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// Enabled tells whether anybody listens.
func (q *quiet) Enabled(ctx context.Context, l slog.Level) bool { return q.to.Enabled(ctx, lower(l)) }

// Handle passes r on.
func (q *quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	if r.Level == slog.LevelWarn && !q.said.again(r.Message, r.Time) {
		return nil
	}
	return q.to.Handle(ctx, r)
}

// WithAttrs is Handler's.
func (q *quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &quiet{q.to.WithAttrs(attrs), q.said}
}

// WithGroup is Handler's.
func (q *quiet) WithGroup(name string) slog.Handler { return &quiet{q.to.WithGroup(name), q.said} }

// again tells whether message may be passed on at now, and counts it then.
func (s *said) again(message string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.at[message]; ok && now.Sub(last) < quietFor {
		return false
	}
	s.at[message] = now
	return true
}
