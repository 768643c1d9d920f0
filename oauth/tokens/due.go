package tokens

import (
	"hash/fnv"
	"sync"
	"time"
)

// The time before its end at which a token is refreshed: a tenth of its life,
// within these bounds, and at most half of a short one.
const (
	defaultMargin = 5 * time.Minute
	longestMargin = 15 * time.Minute
)

// good reports whether the access token has not expired.
func good(stored Stored) bool {
	return stored.Token.Expires.IsZero() || time.Now().Before(stored.Token.Expires)
}

// ends reports whether the access token ends within its margin and ahead.
func (s *Source) ends(k Key, stored Stored, ahead time.Duration) bool {
	expires := stored.Token.Expires
	return !expires.IsZero() && !time.Now().Add(ahead).Before(expires.Add(-s.margin(k, stored)))
}

// due is ends for a token that can be refreshed.
func (s *Source) due(k Key, ahead time.Duration) func(Stored) bool {
	return func(stored Stored) bool { return !stored.Token.Refresh.IsZero() && s.ends(k, stored, ahead) }
}

// margin of a token. How long tokens live is not stored: it is known once this
// process has been given one of the same provider and kind; until then the
// margin is the least one. A token that lives shorter than that would be due
// all the time, which one refresh ends.
func (s *Source) margin(k Key, stored Stored) time.Duration {
	m := s.cfg.Margin
	if life, known := s.lives.of(k.Provider, stored.Token.Kind); known {
		m = min(max(m, min(life/10, longestMargin)), life/2)
	}
	return m + time.Duration(float64(m)*jitter(stored.ID)/5)
}

// widest is longer than any margin.
func (s *Source) widest() time.Duration { return max(s.cfg.Margin, longestMargin) * 6 / 5 }

// jitter is in [0, 1), and the same for a row in every process: rows that were
// stored together are not refreshed together.
func jitter(id string) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return float64(h.Sum32()) / (1 << 32)
}

// lives remembers how long tokens live, as was seen when they were given. The
// zero value is ready.
type lives struct {
	mu   sync.Mutex
	seen map[life]time.Duration
}

type life struct{ provider, kind string }

func (l *lives) of(provider, kind string) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	d, known := l.seen[life{provider, kind}]
	return d, known
}

// learn notes the end of a token that was given now.
func (l *lives) learn(provider, kind string, expires time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[life]time.Duration{}
	}
	if d := time.Until(expires); d > 0 {
		l.seen[life{provider, kind}] = d
	}
}
