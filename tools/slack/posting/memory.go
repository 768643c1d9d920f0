package posting

import (
	"context"
	"sync"
	"time"
)

// most is how many claims Memory keeps of one person.
const most = 10_000

// Memory keeps claims in this process: of one person the latest 10,000. It is
// safe for concurrent use.
type Memory struct {
	mu   sync.Mutex
	held map[Key]*held
	of   map[string]int // claims, by person
}

type held struct {
	Claim
	expires time.Time
}

// NewMemory makes one without claims.
func NewMemory() *Memory { return &Memory{held: map[Key]*held{}, of: map[string]int{}} }

// Claim is that of Claims. It does not fail.
func (m *Memory) Claim(_ context.Context, k Key, digest string) (Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if h := m.get(k, now); h != nil {
		c := h.Claim
		c.Now = now
		return c, nil
	}
	if m.of[k.Person] >= most {
		m.evict(k.Person, now)
	}
	h := &held{Claim: Claim{Digest: digest, State: Pending, Attempted: now}, expires: now.Add(keep)}
	m.held[k] = h
	m.of[k.Person]++
	c := h.Claim
	c.New, c.Now = true, now
	return c, nil
}

// get is the claim of a key; nil: there is none any more.
func (m *Memory) get(k Key, now time.Time) *held {
	h := m.held[k]
	if h != nil && !now.Before(h.expires) {
		m.drop(k)
		return nil
	}
	return h
}

func (m *Memory) drop(k Key) {
	if m.held[k] == nil {
		return
	}
	delete(m.held, k)
	if m.of[k.Person]--; m.of[k.Person] == 0 {
		delete(m.of, k.Person)
	}
}

// evict makes room: what is over goes, and the oldest claim of person.
func (m *Memory) evict(person string, now time.Time) {
	var oldest Key
	var at time.Time
	for k, h := range m.held {
		switch {
		case !now.Before(h.expires):
			m.drop(k)
		case k.Person == person && (at.IsZero() || h.Attempted.Before(at)):
			oldest, at = k, h.Attempted
		}
	}
	if m.of[person] >= most {
		m.drop(oldest)
	}
}

// Mark is that of Claims. It does not fail.
func (m *Memory) Mark(_ context.Context, k Key, attempted time.Time, to Mark) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	h := m.get(k, now)
	if h == nil || h.State == Posted || !h.Attempted.Equal(attempted) {
		return false, nil
	}
	h.State, h.Channel, h.TS, h.expires = to.State, to.Channel, to.TS, now.Add(to.Keep)
	if to.Ref != "" {
		h.Ref = to.Ref
	}
	return true, nil
}

// Release is that of Claims. It does not fail.
func (m *Memory) Release(_ context.Context, k Key, attempted time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.held[k]; h != nil && h.Attempted.Equal(attempted) {
		m.drop(k)
	}
	return nil
}

// Retake is that of Claims. It does not fail.
func (m *Memory) Retake(_ context.Context, k Key, attempted time.Time) (Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	h := m.get(k, now)
	if h == nil {
		return Claim{Now: now}, nil
	}
	taken := h.State != Posted && h.Attempted.Equal(attempted)
	if taken {
		// Attempts differ also where the clock stands still.
		h.State, h.Attempted = Pending, later(now, attempted)
	}
	c := h.Claim
	c.New, c.Now = taken, now
	return c, nil
}

// later is now, or just after before where that is later.
func later(now, before time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Microsecond)
}
