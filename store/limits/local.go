package limits

import (
	"sync"
	"time"
)

// DefaultMaxKeys is how many keys are kept apart in a process at most, in
// about 20 MiB.
const DefaultMaxKeys = 100_000

// Local limits within this process. It is safe for concurrent use.
//
// Its memory is bounded: a key whose limit is whole again is dropped, since it
// is the same as one never seen. While maxKeys keys are not whole, further
// ones share one bucket for each limit: a flood of invented keys gets the limit
// of a single caller, and so do new honest callers meanwhile.
type Local struct {
	start time.Time // of its clock, monotonic

	mu       sync.Mutex // one: a Take holds it for some 100 ns
	keys     *table
	overflow map[string]time.Duration // by limit name
}

// NewLocal makes a Local. maxKeys below 1 is DefaultMaxKeys.
func NewLocal(maxKeys int) *Local {
	if maxKeys < 1 {
		maxKeys = DefaultMaxKeys
	}
	return &Local{start: time.Now(), keys: newTable(maxKeys), overflow: map[string]time.Duration{}}
}

// Take charges one call to key and says whether it may go on. A call that may
// not is not charged.
func (o *Local) Take(key string, l Limit) Decision {
	return o.decide(key, l, func(tat, now time.Duration) (Decision, time.Duration) { return l.take(tat, now) })
}

// Charge counts a call that was allowed elsewhere, at most up to the limit.
func (o *Local) Charge(key string, l Limit) {
	o.decide(key, l, func(tat, now time.Duration) (Decision, time.Duration) {
		return Decision{}, min(max(tat, now)+l.interval(), now+l.depth())
	})
}

// Peek says what Take would, and charges nothing.
func (o *Local) Peek(key string, l Limit) Decision {
	if !l.valid() {
		return local(nothing(l))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Since(o.start)
	k := id{l.Name, key}
	s := o.keys.find(k)
	var tat time.Duration
	if s != nil {
		tat = s.end
	} else if o.keys.drop(now); len(o.keys.slots) >= o.keys.max {
		tat = o.overflow[l.Name]
	}
	d, _ := l.take(tat, now)
	return local(d)
}

// decide applies f to key's moment.
func (o *Local) decide(key string, l Limit, f func(tat, now time.Duration) (Decision, time.Duration)) Decision {
	if !l.valid() {
		return local(nothing(l))
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Since(o.start)
	var d Decision
	if s := o.keys.put(id{l.Name, key}, now); s != nil {
		d, s.end = f(s.end, now)
	} else {
		d, o.overflow[l.Name] = f(o.overflow[l.Name], now)
	}
	return local(d)
}

func local(d Decision) Decision {
	d.Local = true
	return d
}
