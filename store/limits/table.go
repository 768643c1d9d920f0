package limits

import (
	"container/heap"
	"time"
)

// id is one caller under one limit.
type id struct{ limit, key string }

// slot is what is known of an id until end; past it, the slot is as good as none.
type slot struct {
	id         id
	end        time.Duration // on the owner's clock; only ever grows
	mark, note time.Duration // the owner's own
	due        time.Duration // end when the heap last looked, so never later than end
}

// table holds at most max slots that have not ended. The heap orders them by
// due, which is brought up to date only once it has passed: taking a call from
// a slot that is there costs no heap work. Not safe for concurrent use.
type table struct {
	max   int
	slots map[id]*slot
	queue dueQueue
}

func newTable(limit int) *table { return &table{max: limit, slots: map[id]*slot{}} }

// find returns the slot of k, or nil.
func (t *table) find(k id) *slot { return t.slots[k] }

// put returns the slot of k, new with an end of now where there was none; nil
// where max others have not ended.
func (t *table) put(k id, now time.Duration) *slot {
	if s := t.slots[k]; s != nil {
		return s
	}
	t.drop(now)
	if len(t.slots) >= t.max {
		return nil
	}
	s := &slot{id: k, end: now, due: now}
	t.slots[k] = s
	heap.Push(&t.queue, s)
	return s
}

// drop removes up to two slots that have ended: more than one, so that the
// table shrinks again while new ids come.
func (t *table) drop(now time.Duration) {
	for dropped := 0; dropped < 2 && len(t.queue) > 0 && t.queue[0].due <= now; {
		s := t.queue[0]
		if s.end > now {
			s.due = s.end
			heap.Fix(&t.queue, 0)
			continue
		}
		heap.Pop(&t.queue)
		delete(t.slots, s.id)
		dropped++
	}
}

// dueQueue is a heap.Interface, the earliest due first.
type dueQueue []*slot

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q dueQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *dueQueue) Push(x any)        { *q = append(*q, x.(*slot)) }
func (q *dueQueue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return s
}
