// Package limits says whether a caller may go on: so many calls in so much
// time, by the generic cell rate algorithm (GCRA), over one Redis for all
// processes or within one.
//
// It does not know who calls what, nor what is told to a caller over a limit.
//
// GCRA keeps one moment per key, until which the calls let through so far use
// up the limit at its steady rate. A call moves it on by one interval
// (Per/Count), and may go on while it is at most Burst intervals ahead of now.
package limits

import "time"

// Limit is Count calls in Per, of which Burst may come at once.
type Limit struct {
	// Name tells limits with the same keys apart. It stands for one Count, Per
	// and Burst, and is a constant of the program: there are few.
	Name  string
	Count int           // below 1: nothing is allowed
	Per   time.Duration // not positive: nothing is allowed
	Burst int           // 0: Count
}

// Decision is the answer to one call.
type Decision struct {
	Allowed    bool
	Limit      int           // calls in the limit's Per; a process's share where Local says so
	Remaining  int           // calls that may follow at once
	RetryAfter time.Duration // until one call is allowed; 0 where this one is
	Reset      time.Duration // until the whole limit is there again
	Local      bool          // decided by this process alone
}

// longest keeps every sum of times within what Redis computes exactly, 2^53 µs.
const longest = 365 * 24 * time.Hour

// interval is the time that one call uses up, rounded up to whole
// microseconds, the resolution of Redis's clock: never faster than the limit.
func (l Limit) interval() time.Duration {
	per := min(l.Per, longest)
	n := (per + time.Duration(l.Count) - 1) / time.Duration(l.Count)
	return max((n+time.Microsecond-1)/time.Microsecond, 1) * time.Microsecond
}

// depth is how far ahead of now a key's moment may be: the burst as a time.
func (l Limit) depth() time.Duration {
	burst := l.Burst
	if burst <= 0 {
		burst = l.Count
	}
	step := l.interval()
	return step * max(min(time.Duration(burst), longest/step), 1)
}

func (l Limit) valid() bool { return l.Count > 0 && l.Per > 0 }

// share is what each of n processes allows by itself.
func (l Limit) share(n int) Limit {
	if !l.valid() || n <= 1 {
		return l
	}
	if l.Burst <= 0 {
		l.Burst = l.Count
	}
	l.Count, l.Burst = max(l.Count/n, 1), max(l.Burst/n, 1)
	return l
}

// nothing is the answer to a limit that allows nothing.
func nothing(l Limit) Decision {
	wait := max(l.Per, time.Minute)
	return Decision{Limit: max(l.Count, 0), RetryAfter: wait, Reset: wait}
}

// take is GCRA: the answer at now for a key whose moment is tat, and the
// moment after it. A moment that the limit cannot have led to (a clock went
// back, the limit was made smaller) counts as the latest that it can.
func (l Limit) take(tat, now time.Duration) (Decision, time.Duration) {
	step, depth := l.interval(), l.depth()
	tat = min(max(tat, now), now+depth)
	next := tat + step
	if ahead := next - now; ahead > depth {
		return Decision{Limit: l.Count, RetryAfter: ahead - depth, Reset: tat - now}, tat
	}
	return Decision{Allowed: true, Limit: l.Count, Remaining: int((depth - (next - now)) / step), Reset: next - now}, next
}
