package bearer

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

const (
	refreshEvery = 10 * time.Minute
	demandEvery  = 30 * time.Second // fetches that tokens with an unknown key cause
	minBackoff   = time.Second
	maxBackoff   = 30 * time.Second
	logEvery     = time.Minute
)

// source holds the keys of one issuer. One goroutine, run, fetches them; the
// last ones count for as long as fetching fails.
//
// It stands in for keyfunc, whose parts cannot be told what is needed here:
// there the wait for the rate limiter and the fetch itself share one deadline,
// so a wait of milliseconds also ends the fetch; each token with an unknown key
// fetches for itself, under its own request's context; and a new storage waits
// for its first fetch to end. Parsing of keys is jwkset's.
type source struct {
	issuer  Issuer
	fetcher *fetcher
	log     *slog.Logger
	tried   chan struct{} // closed after the first fetch
	wake    chan struct{} // one at most: fetch now

	mu       sync.Mutex
	keys     keySet
	fetched  time.Time // last success
	fault    error     // of the last fetch
	next     time.Time // next fetch
	flight   *flight   // of the fetch that is asked for or under way
	demanded time.Time // when a token last caused one
	logged   time.Time
	ended    bool
}

// flight is one fetch, and those who wait for it.
type flight struct {
	done     chan struct{}
	until    time.Time // nobody waits longer
	demanded bool
}

func newSource(i Issuer, transport http.RoundTripper, log *slog.Logger) *source {
	return &source{
		issuer: i, fetcher: newFetcher(i, transport), log: log,
		tried: make(chan struct{}), wake: make(chan struct{}, 1),
	}
}

// verify checks t's signature with the key that it names.
func (s *source) verify(ctx context.Context, t *parsed) error {
	method := asymmetric(t.alg)
	if method == nil {
		return &Rejected{ReasonAlgorithm}
	}
	key, err := s.key(ctx, t.kid, t.alg)
	if err != nil {
		return err
	}
	return t.verify(method, key)
}

// key waits only where kid is unknown and the budget allows a fetch: once in
// 30 s, and then at most a second. So a new key counts from its first token on,
// and a flood of made-up ones costs one fetch and holds nobody else up.
func (s *source) key(ctx context.Context, kid, alg string) (any, error) {
	keys, err := s.held()
	if err != nil {
		return nil, err
	}
	if kid != "" && !keys.has(kid) {
		if f := s.demand(); f != nil {
			f.wait(ctx)
		}
		if keys, err = s.heldFor(kid); err != nil {
			return nil, err
		}
	}
	key, reason := keys.pick(kid, alg)
	if reason != "" {
		return nil, &Rejected{reason}
	}
	return key, nil
}

// held fails only before the first success.
func (s *source) held() (keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetched.IsZero() {
		return nil, s.unavailable()
	}
	return s.keys, nil
}

// heldFor also fails where kid may well be published, but fetching fails or
// takes long.
func (s *source) heldFor(kid string) (keySet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if (s.fault != nil || s.flight != nil) && !s.keys.has(kid) {
		return nil, s.unavailable()
	}
	return s.keys, nil
}

// unavailable is called with mu held.
func (s *source) unavailable() error { return &Unavailable{time.Until(s.next)} }

// demand gives the fetch to wait for, and starts one where none is under way;
// or nil where the budget is spent.
func (s *source) demand() *flight {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case s.ended:
		return nil
	case s.flight != nil && s.flight.demanded:
		return s.flight
	case now.Sub(s.demanded) < demandEvery:
		return nil
	}
	s.demanded = now
	if s.flight == nil {
		s.flight = newFlight()
		s.wake <- struct{}{} // has room: it is sent only along with a new flight
	}
	s.flight.demanded = true
	return s.flight
}

func newFlight() *flight {
	return &flight{done: make(chan struct{}), until: time.Now().Add(patience)}
}

func (f *flight) wait(ctx context.Context) {
	ctx, cancel := context.WithDeadline(ctx, f.until)
	defer cancel()
	select {
	case <-f.done:
	case <-ctx.Done():
	}
}

// run fetches until ctx ends.
func (s *source) run(ctx context.Context) {
	defer s.end()
	first := sync.OnceFunc(func() { close(s.tried) })
	for failures := 0; ctx.Err() == nil; {
		s.begin()
		keys, err := s.fetcher.fetch(ctx)
		failures++
		if err == nil {
			failures = 0
		}
		pause := pauseAfter(failures)
		if s.finish(ctx, keys, err, pause) {
			s.log.LogAttrs(ctx, slog.LevelWarn, "signing keys not fetched", attributes(err)...)
		}
		first()
		s.sleep(ctx, pause)
	}
}

// pauseAfter spreads out the fetches of many servers.
func pauseAfter(failures int) time.Duration {
	d := refreshEvery
	if failures > 0 {
		d = min(minBackoff<<min(failures-1, 10), maxBackoff)
	}
	return d - time.Duration(rand.Int64N(int64(d/5)))
}

func (s *source) sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.wake:
	case <-ctx.Done():
	}
}

// begin takes over a flight that was asked for while the timer went off.
func (s *source) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == nil {
		s.flight = newFlight()
	}
	select {
	case <-s.wake:
	default:
	}
}

// finish keeps the keys, or the ones before. It says whether to log the fault,
// and leaves that to run: a log that blocks must not do so under mu.
func (s *source) finish(ctx context.Context, keys keySet, err error, pause time.Duration) (report bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case err == nil:
		s.keys, s.fetched, s.fault = keys, now, nil
	case ctx.Err() == nil: // else it was Close that failed the fetch
		s.fault = err
		report = s.logged.IsZero() || now.Sub(s.logged) >= logEvery
	}
	if report {
		s.logged = now
	}
	s.next = now.Add(pause)
	close(s.flight.done)
	s.flight = nil
	return report
}

// end lets go of those who wait for a fetch that will not come.
func (s *source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.flight != nil {
		close(s.flight.done)
		s.flight = nil
	}
	s.fetcher.close()
}

func (s *source) state() KeyState {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := KeyState{Issuer: s.issuer.URL, Keys: len(s.keys)}
	if !s.fetched.IsZero() {
		st.Age = time.Since(s.fetched)
	}
	if s.fault != nil {
		st.Err = s.fault.Error()
	}
	return st
}
