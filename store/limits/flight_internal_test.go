package limits

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errAway = errors.New("nobody answers")

// server is a Redis that computes the limit as the process does, takes a while
// for each request, and fails as it is told.
type server struct {
	mu    sync.Mutex
	tat   map[string]time.Duration
	start time.Time
	takes func(key string) time.Duration
	fails bool
	asked []int // calls in each request
}

func (s *server) ask(_ context.Context, key string, l Limit, n int, owed debt) (answer, error) {
	s.mu.Lock()
	s.asked = append(s.asked, n)
	s.mu.Unlock()
	time.Sleep(s.takes(key))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails {
		return answer{}, errAway
	}
	now := time.Since(s.start)
	tat, there := s.tat[key]
	if !there || tat <= now { // expired
		tat = now - owed.total
	}
	s.tat[key] = min(max(tat+owed.total, now+owed.alone), now+l.depth())
	var a answer
	for range n {
		var d Decision
		if d, s.tat[key] = l.take(s.tat[key], now); d.Allowed {
			a.granted++
		}
		a.wait, a.remaining, a.ahead = d.RetryAfter, d.Remaining, d.Reset
	}
	return a, nil
}

func (s *server) set(fails bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = fails
}

func newServer(takes time.Duration) *server {
	return &server{tat: map[string]time.Duration{}, start: time.Now(), takes: func(string) time.Duration { return takes }}
}

func (s *server) limiter(o Options) *Limiter {
	m := New(nil, Options{})
	o.MaxKeys, o.Log = m.o.MaxKeys, m.o.Log
	m.o, m.ask = o, s.ask
	m.flights.waiting = map[id][]chan<- Decision{}
	return m
}

var slow = Limit{Name: "calls", Count: 30, Per: 240 * time.Hour}

// take makes n calls of key at once, in order, and returns what they are told.
func take(ctx context.Context, m *Limiter, n int, key string, l Limit) []Decision {
	all := make([]Decision, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { all[i] = m.Take(ctx, key, l) })
		synctest.Wait() // it waits for Redis, behind the one before
	}
	wg.Wait()
	synctest.Wait() // the flight is over
	return all
}

func allowed(all []Decision) (n int) {
	for _, d := range all {
		if d.Allowed {
			n++
		}
	}
	return n
}

func TestAFloodOfOneKeyIsAHandfulOfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(10 * time.Millisecond)
		m := s.limiter(Options{})
		all := take(t.Context(), m, 1000, "user", slow)
		if want := []int{1, 999}; !slices.Equal(s.asked, want) {
			t.Errorf("1,000 calls at once: requests for %v, want %v", s.asked, want)
		}
		for i, d := range all {
			want := Decision{Allowed: true, Limit: 30, Remaining: 29 - i}
			if i >= 30 {
				want = Decision{Limit: 30}
			}
			whole := d.RetryAfter == 0 || d.RetryAfter > 7*time.Hour && d.RetryAfter <= 8*time.Hour
			step := 8 * time.Hour * time.Duration(min(i+1, 30))
			if d.Allowed != want.Allowed || d.Remaining != want.Remaining || d.Limit != 30 || d.Local || d.Allowed != (d.RetryAfter == 0) || !whole ||
				d.Reset > step || d.Reset < step-time.Minute {
				t.Fatalf("call %d: %+v, want allowed %v, %d remaining, whole in %v", i, d, want.Allowed, want.Remaining, step)
			}
		}
		if len(m.flights.waiting) != 0 {
			t.Errorf("%d keys in flight afterwards, want 0", len(m.flights.waiting))
		}
	})
}

func TestWhoCameWhileRedisDeniedNeedsNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Millisecond)
		m := s.limiter(Options{})
		take(t.Context(), m, 31, "user", slow)
		m.denied = newTable(10) // as after a restart
		s.asked = nil
		all := take(t.Context(), m, 50, "user", slow)
		if n := allowed(all); n != 0 || !slices.Equal(s.asked, []int{1}) {
			t.Errorf("50 calls over the limit: %d allowed, requests for %v; want 0 and [1]", n, s.asked)
		}
	})
}

func TestKeysDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(0)
		s.takes = func(key string) time.Duration { return map[string]time.Duration{"slow": time.Hour}[key] }
		m := s.limiter(Options{})
		go m.Take(t.Context(), "slow", slow)
		synctest.Wait()
		began := time.Now()
		writes := slow
		writes.Name = "writes"
		m.Take(t.Context(), "quick", slow)
		if took := time.Since(began); took != 0 {
			t.Errorf("a call of another key took %v while one waits for Redis, want no time", took)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestACallersContextEndsItsWaitAndTheCallCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Minute)
		m := s.limiter(Options{})
		go m.Take(t.Context(), "user", slow)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		d := m.Take(ctx, "user", slow)
		if took := time.Since(began); took != time.Second || d.Allowed || !d.Local || d.RetryAfter <= 0 {
			t.Errorf("a call that waits for another's request: %+v after %v, want a denial with a time after 1s", d, took)
		}
		time.Sleep(time.Hour)
		if d := m.Take(t.Context(), "user", slow); d.Remaining != 27 {
			t.Errorf("the call after both: %+v, want 27 remaining", d)
		}
	})
}

func TestNobodyWaitsForThoseWhoCameLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(time.Minute)
		m := s.limiter(Options{})
		began := time.Now()
		took := make(chan time.Duration, 2)
		for range 2 {
			go func() {
				m.Take(t.Context(), "user", slow)
				took <- time.Since(began)
			}()
			synctest.Wait()
		}
		if first, second := <-took, <-took; first != time.Minute || second != 2*time.Minute {
			t.Errorf("two calls, requests of a minute: answered after %v and %v, want 1m and 2m", first, second)
		}
	})
}

// TestFailureAnswersAllWhoWait: nobody waits for a second failure.
func TestFailureAnswersAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(250 * time.Millisecond)
		s.fails = true
		m := s.limiter(Options{Replicas: 3})
		began := time.Now()
		all := take(t.Context(), m, 100, "user", slow)
		if took := time.Since(began); took != 250*time.Millisecond || allowed(all) != 10 || len(s.asked) != 1 {
			t.Errorf("100 calls: %d allowed after %v and %d requests; want the share of 10 after 250ms and one", allowed(all), took, len(s.asked))
		}
	})
}

func TestWhatWasAllowedAloneIsCharged(t *testing.T) {
	for _, c := range []struct {
		name   string
		before int           // calls while Redis answers
		during int           // while it does not
		pass   time.Duration // in between: a call is worth 8 h
		want   int           // allowed by the calls after that
	}{
		{"nothing is owed", 5, 0, 0, 25},
		{"a hiccup does not double the limit", 0, 40, 0, 20},
		{"what Redis allowed before is in the share", 4, 40, 0, 20},
		{"a debt wears off as the limit refills", 0, 10, 24 * time.Hour, 23},
		{"a debt that is over costs nothing", 0, 10, 240 * time.Hour, 30},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer(time.Millisecond)
				m := s.limiter(Options{Replicas: 3})
				take(t.Context(), m, c.before, "user", slow)
				s.set(true)
				take(t.Context(), m, c.during, "user", slow)
				s.set(false)
				time.Sleep(c.pass)
				if got := allowed(take(t.Context(), m, 100, "user", slow)); got != c.want {
					t.Errorf("when Redis answers again: %d of 100 allowed, want %d", got, c.want)
				}
				if paid := m.debt(id{slow.Name, "user"}); paid != (debt{}) {
					t.Errorf("still owed: %+v, want nothing", paid)
				}
			})
		})
	}
}

func TestADebtIsAtMostTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newServer(0).limiter(Options{})
		k := id{slow.Name, "user"}
		for range 100 {
			m.owe(k, slow)
		}
		if got, want := m.debt(k), (debt{slow.depth(), slow.depth()}); got != want {
			t.Errorf("100 calls of a limit of 30 owe %+v, want %+v", got, want)
		}
		m.owed = newTable(1)
		m.owe(k, slow)
		m.owe(id{slow.Name, "other"}, slow)
		if got := len(m.owed.slots); got != 1 {
			t.Errorf("%d debts kept where there is room for 1", got)
		}
		time.Sleep(slow.depth())
		if got := m.debt(k); got != (debt{}) {
			t.Errorf("when the limit would be whole again: still owed %+v, want nothing", got)
		}
		m.owe(k, slow)
		if got := m.debt(k).total; got != slow.interval() {
			t.Errorf("a call after the old debt is over owes %v, want %v", got, slow.interval())
		}
	})
}

func TestDecisionsAreThoseOfCallsOneByOne(t *testing.T) {
	l := Limit{Name: "calls", Count: 10, Per: 10 * time.Hour, Burst: 4}
	var tat time.Duration
	a := answer{granted: 4, remaining: 0, wait: time.Hour, ahead: 4 * time.Hour}
	for i := range 6 {
		var want Decision
		want, tat = l.take(tat, 0)
		if got := a.decision(i, l); got != want {
			t.Errorf("call %d of six: got %+v\nwant %+v", i, got, want)
		}
	}
}
