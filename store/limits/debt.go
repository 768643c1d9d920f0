package limits

import "time"

// debt is what a process let through of a key while Redis did not answer. Had
// Redis been charged each time, the key's moment there would now be the later
// one of two: total after what it is, and alone after now.
type debt struct{ total, alone time.Duration }

// owe adds one call of k. In the table a debt's mark is its total, and its note
// the moment of alone; it ends when nothing of it could be left. Where there is
// no room for another key the call goes uncharged: so many keys share one
// bucket in the process as well.
func (m *Limiter) owe(k id, l Limit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.start)
	s := m.owed.put(k, now)
	if s == nil {
		return
	}
	if s.end <= now {
		s.mark, s.note = 0, 0
	}
	step, depth := l.interval(), l.depth()
	s.mark = min(s.mark+step, depth)
	s.note = min(max(s.note, now)+step, now+depth)
	s.end = max(s.end, now+depth)
}

// debt is what k owes.
func (m *Limiter) debt(k id) debt {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Since(m.start)
	s := m.owed.find(k)
	if s == nil || s.end <= now {
		return debt{}
	}
	return debt{total: s.mark, alone: max(s.note-now, 0)}
}

// paid says that Redis has been charged with what k owed. Only the one flight
// of k calls these three, so nothing was added since.
func (m *Limiter) paid(k id) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := m.owed.find(k); s != nil {
		s.mark, s.note = 0, 0
	}
}
