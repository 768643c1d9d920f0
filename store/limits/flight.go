package limits

import (
	"context"
	"sync"
)

// flights holds the calls that wait for Redis, by key, in the order they came.
// A key that is there is in flight: somebody asks, and will ask for those who
// wait. It is safe for concurrent use.
type flights struct {
	mu      sync.Mutex
	waiting map[id][]chan<- Decision
}

// join adds a call of k. The first of a flight must lead it.
func (f *flights) join(k id) (told <-chan Decision, first bool) {
	c := make(chan Decision, 1) // its caller may have gone
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting, flying := f.waiting[k]
	f.waiting[k] = append(waiting, c)
	return c, !flying
}

// late takes the calls of k that wait. The flight goes on.
func (f *flights) late(k id) []chan<- Decision {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.waiting[k]
	f.waiting[k] = nil
	return calls
}

// board is late; where nobody waits, the flight is over.
func (f *flights) board(k id) []chan<- Decision {
	f.mu.Lock()
	defer f.mu.Unlock()
	calls := f.waiting[k]
	if len(calls) == 0 {
		delete(f.waiting, k)
		return nil
	}
	f.waiting[k] = nil
	return calls
}

// lead asks Redis for the caller itself, and leaves those who came meanwhile to
// a goroutine, so that it goes on with its own answer.
func (m *Limiter) lead(ctx context.Context, k id, l Limit) {
	m.serve(ctx, k, l, m.flights.board(k))
	if calls := m.flights.board(k); len(calls) > 0 {
		go m.fly(ctx, k, l, calls)
	}
}

// fly serves calls, and then those who wait until none do.
func (m *Limiter) fly(ctx context.Context, k id, l Limit, calls []chan<- Decision) {
	for ; len(calls) > 0; calls = m.flights.board(k) {
		m.serve(ctx, k, l, calls)
	}
}

// serve answers calls of k by one request. Who came while Redis denied needs
// none. Nor does who came while it did not answer: another one would most
// likely wait as long for nothing.
func (m *Limiter) serve(ctx context.Context, k id, l Limit, calls []chan<- Decision) {
	if d, known := m.known(k, l); known {
		tell(calls, func(int) Decision { return d })
		return
	}
	owed := m.debt(k)
	a, err := m.ask(ctx, k.key, l, len(calls), owed)
	m.notice(err)
	if err != nil {
		calls = append(calls, m.flights.late(k)...)
		tell(calls, func(int) Decision { return m.alone(k, l) })
		return
	}
	m.settle(k, l, a, len(calls), owed)
	tell(calls, func(i int) Decision { return a.decision(i, l) })
}

// settle takes notice of what Redis said to so many calls.
func (m *Limiter) settle(k id, l Limit, a answer, calls int, owed debt) {
	if owed != (debt{}) {
		m.paid(k)
	}
	for range a.granted {
		m.local.Charge(k.key, l.share(m.o.Replicas))
	}
	if a.granted < calls {
		m.remember(k, a.decision(a.granted, l))
	}
}

// alone decides without Redis.
func (m *Limiter) alone(k id, l Limit) Decision {
	d := m.local.Take(k.key, l.share(m.o.Replicas))
	if d.Allowed {
		m.owe(k, l)
	}
	return d
}

func tell(calls []chan<- Decision, decide func(i int) Decision) {
	for i, c := range calls {
		c <- decide(i)
	}
}
