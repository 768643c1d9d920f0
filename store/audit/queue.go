package audit

import (
	"sync"
	"time"
)

// queue holds what After brought until it is stored. It is safe for
// concurrent use; only the writer takes from its head.
type queue struct {
	onDepth, onDrop func(int)
	some            chan struct{} // signalled when a row comes to an empty queue
	plenty          chan struct{} // signalled when a whole batch waits
	closing         chan struct{} // closed by shut

	mu       sync.Mutex
	rows     []Row
	closed   bool
	dropped  int // since the last row that says so
	from, to time.Time
}

func newQueue(o Options) *queue {
	return &queue{onDepth: o.OnDepth, onDrop: o.OnDrop,
		some: make(chan struct{}, 1), plenty: make(chan struct{}, 1), closing: make(chan struct{})}
}

// push adds r at the end, or drops it where there is no room.
func (q *queue) push(r Row) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.rows) >= QueueRows {
		q.drop(r)
		return
	}
	q.rows = append(q.rows, r)
	switch len(q.rows) {
	case 1:
		signal(q.some)
	case batchRows:
		signal(q.plenty)
	}
	q.onDepth(len(q.rows))
}

func (q *queue) drop(r Row) {
	if q.dropped == 0 {
		q.from, q.to = r.At, r.At
	}
	if r.At.After(q.to) {
		q.to = r.At
	}
	q.dropped++
	q.onDrop(1)
}

// head returns a copy of the first rows, at most n.
func (q *queue) head(n int) []Row {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]Row(nil), q.rows[:min(n, len(q.rows))]...)
}

// stored removes the first n rows. Rows that were dropped meanwhile are noted
// here, before any later row can come: that is where they are missing.
func (q *queue) stored(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.remove(n)
	if !q.closed { // what comes later must not keep it open
		q.note()
	}
	q.onDepth(len(q.rows))
}

// note adds a row for those that were dropped since the last one.
func (q *queue) note() {
	if q.dropped > 0 {
		q.rows = append(q.rows, gapRow(q.dropped, q.from, q.to))
		q.dropped = 0
	}
}

func (q *queue) remove(n int) {
	clear(q.rows[:n]) // lets go of the texts
	q.rows = q.rows[n:]
	if len(q.rows) == 0 {
		q.rows = nil
	}
}

// refuse replaces the first row, which the database does not take, by r, or
// removes it where r stands for nothing.
func (q *queue) refuse(r *Row) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if r != nil {
		q.rows[0] = *r
		return
	}
	q.remove(1)
	q.onDepth(len(q.rows))
}

// shut refuses further rows, and notes those dropped before. Call it once.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.note()
	q.closed = true
	close(q.closing)
}

func (q *queue) depth() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.rows)
}

// lost is how many rows are neither stored nor noted as dropped.
func (q *queue) lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.dropped
	for _, r := range q.rows {
		n += r.stands()
	}
	return n
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting already
	}
}
