package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
)

var errAway = errors.New("nobody answers")

// memory is a sink that keeps rows, and fails as it is told.
type memory struct {
	mu      sync.Mutex
	rows    []Row
	batches []int // sizes of the batches stored
	tries   []time.Time
	fail    func(rows []Row) error // nil: never
}

func (m *memory) append(_ context.Context, rows []Row) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries = append(m.tries, time.Now())
	if m.fail != nil {
		if err := m.fail(rows); err != nil {
			return err
		}
	}
	m.rows = append(m.rows, rows...)
	m.batches = append(m.batches, len(rows))
	return nil
}

// set changes how m fails.
func (m *memory) set(fail func([]Row) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = fail
}

// kept tells what was stored: tools of rows, and counts of gaps.
func (m *memory) kept() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var kept []string
	for _, r := range m.rows {
		if r.Outcome == OutcomeDropped {
			kept = append(kept, r.Tool+" "+strings.Join(r.Objects, " "))
			continue
		}
		kept = append(kept, r.Tool)
	}
	return kept
}

func away([]Row) error { return errAway }

func push(l *Log, from, to int) {
	for i := from; i < to; i++ {
		l.After(Row{Tool: fmt.Sprint(i), Outcome: "ok"})
	}
}

func numbers(from, to int) []string {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, fmt.Sprint(i))
	}
	return all
}

// closeNow ends l, whatever is queued, so that its goroutine ends.
func closeNow(l *Log) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return l.Close(ctx)
}

func TestBatches(t *testing.T) {
	for _, c := range []struct {
		name  string
		rows  int
		after time.Duration // how long after the rows came one looks
		want  []int
	}{
		{"a few rows wait for more", 3, batchWait - 1, nil},
		{"but not longer than 200 ms", 3, batchWait, []int{3}},
		{"a whole batch does not wait", batchRows, 0, []int{batchRows}},
		{"no batch is larger", 2*batchRows + 1, batchWait, []int{batchRows, batchRows, 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{}
			l := newLog(m, Options{})
			push(l, 0, c.rows)
			time.Sleep(c.after)
			synctest.Wait()
			if !slices.Equal(m.batches, c.want) {
				t.Errorf("%s: batches %v, want %v", c.name, m.batches, c.want)
			}
			_ = closeNow(l)
		})
	}
}

// TestRowsLeftOverWaitForMore: the signal of a batch that was stored without it
// is no reason to store the rest at once.
func TestRowsLeftOverWaitForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(withDefaults(Options{}))
		w := newWriter(nil, q, Options{})
		for range batchRows + 100 {
			q.push(Row{})
		}
		began := time.Now()
		for n, want := range []time.Duration{0, batchWait} {
			if more := w.gather(t.Context()); !more || time.Since(began) != want {
				t.Errorf("batch %d: %v after %v, want rows after %v", n, more, time.Since(began), want)
			}
			q.stored(len(q.head(batchRows)))
		}
	})
}

func TestFullQueueDropsTheNewestAndSaysSoInItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: away}
		dropped, depth, failures := 0, 0, 0
		l := newLog(m, Options{OnDrop: func(n int) { dropped += n }, OnDepth: func(n int) { depth = n }, OnFailure: func() { failures++ }})
		push(l, 0, QueueRows+7)
		synctest.Wait()
		if dropped != 7 || depth != QueueRows || failures == 0 {
			t.Errorf("dropped %d, depth %d, failures %d; want 7, %d and some", dropped, depth, failures, QueueRows)
		}
		m.set(nil)
		time.Sleep(longestPause)
		synctest.Wait()
		push(l, QueueRows+7, QueueRows+9)
		time.Sleep(batchWait)
		synctest.Wait()
		want := append(append(numbers(0, QueueRows), "audit count:7"), numbers(QueueRows+7, QueueRows+9)...)
		if got := m.kept(); !slices.Equal(got, want) {
			t.Errorf("%d rows kept, the last %v; want %d, the last %v", len(got), got[max(0, len(got)-4):], len(want), want[len(want)-4:])
		}
		if depth != 0 {
			t.Errorf("depth %d in the end, want 0", depth)
		}
		_ = closeNow(l)
	})
}

func TestGapSaysFromWhenToWhen(t *testing.T) {
	q := newQueue(withDefaults(Options{}))
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for i := range QueueRows + 3 {
		q.push(Row{At: at.Add(time.Duration(i) * time.Second)})
	}
	q.stored(1)
	got := q.head(QueueRows)[QueueRows-1]
	if !got.At.Equal(at.Add(QueueRows*time.Second)) || got.Duration != 2*time.Second || got.Objects[0] != "count:3" {
		t.Errorf("gap %+v, want one of 3 rows that begins with the first of them and lasts 2 s", got)
	}
}

func TestFailuresAreRetried(t *testing.T) {
	query := func(state string) error { return fmt.Errorf("store: %w", &store.QueryError{SQLState: state}) }
	for _, c := range []struct {
		name string
		err  error
		want []time.Duration // between the first attempts
	}{
		{"with growing pauses while the database is away", errAway, []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond, longestPause, longestPause}},
		{"so too when the disk is full", query("53100"), []time.Duration{100 * time.Millisecond, 200 * time.Millisecond}},
		{"every 30 s while the table is missing", &Missing{}, []time.Duration{standingPause, standingPause}},
		{"every 30 s without the right", query("42501"), []time.Duration{standingPause, standingPause}},
		{"every 30 s without a database", &store.NoDatabase{}, []time.Duration{standingPause, standingPause}},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{fail: func([]Row) error { return c.err }}
			l := newLog(m, Options{})
			push(l, 0, 3)
			time.Sleep(5 * time.Minute)
			synctest.Wait()
			var got []time.Duration
			for i := 1; i < len(m.tries) && i <= len(c.want); i++ {
				got = append(got, m.tries[i].Sub(m.tries[i-1]))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: pauses %v, want %v", c.name, got, c.want)
			}
			m.set(nil)
			time.Sleep(standingPause)
			synctest.Wait()
			if got := m.kept(); !slices.Equal(got, numbers(0, 3)) {
				t.Errorf("%s: kept %v after it was mended, want all three in order", c.name, got)
			}
			_ = closeNow(l)
		})
	}
}

func TestPausesBeginAnewAfterASuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: away}
		l := newLog(m, Options{})
		for n := range 2 {
			push(l, n, n+1)
			time.Sleep(time.Minute)
			m.set(nil)
			time.Sleep(longestPause)
			synctest.Wait()
			m.set(away)
			if first := m.tries[1].Sub(m.tries[0]); first != firstPause {
				t.Errorf("outage %d: the first pause is %v, want %v", n, first, firstPause)
			}
			m.tries = nil
		}
		_ = closeNow(l)
	})
}

func TestLogIsToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		m := &memory{fail: away}
		l := newLog(m, Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
		push(l, 0, 1)
		time.Sleep(10*time.Minute - time.Second)
		m.set(nil)
		time.Sleep(longestPause)
		synctest.Wait()
		_ = closeNow(l)
		waits, again := strings.Count(out.String(), "audit rows wait"), strings.Count(out.String(), "stored again")
		if waits < 9 || waits > 10 || again != 1 {
			t.Errorf("ten minutes away: %d warnings and %d all-clears, want 10 and 1\n%s", waits, again, out.String())
		}
	})
}

func TestRefusedRowsDoNotBlockTheQueue(t *testing.T) {
	for _, c := range []struct {
		name    string
		refuses func(Row) bool
		want    []string
	}{
		{"one is replaced by a gap in its place", func(r Row) bool { return r.Tool == "1" }, []string{"0", "audit count:1", "2", "ö"}},
		{"one is kept in ASCII where that is enough", func(r Row) bool { return r.Tool == "ö" }, []string{"0", "1", "2", "?"}},
		{"a gap that is refused too is let go", func(r Row) bool { return r.Tool == "1" || r.Tool == "audit" }, []string{"0", "2", "ö"}},
		{"all are refused", func(Row) bool { return true }, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{fail: func(rows []Row) error {
				if slices.ContainsFunc(rows, c.refuses) {
					return &store.QueryError{SQLState: "23514", Message: "SECRET"}
				}
				return nil
			}}
			var out bytes.Buffer
			l := newLog(m, Options{Log: slog.New(slog.NewTextHandler(&out, nil))})
			push(l, 0, 3)
			l.After(Row{Tool: "ö"})
			time.Sleep(batchWait)
			synctest.Wait()
			if got := m.kept(); !slices.Equal(got, c.want) {
				t.Errorf("%s: kept %q, want %q", c.name, got, c.want)
			}
			if strings.Contains(out.String(), "SECRET") {
				t.Errorf("%s: the log quotes PostgreSQL, which quotes the row: %s", c.name, out.String())
			}
			m.set(nil)
			push(l, 7, 8)
			time.Sleep(batchWait)
			synctest.Wait()
			if got, want := m.kept(), append(c.want, "7"); !slices.Equal(got, want) {
				t.Errorf("%s: with a good row kept %q, want %q", c.name, got, want)
			}
			_ = closeNow(l)
		})
	}
}

func TestClose(t *testing.T) {
	missing := func([]Row) error { return &Missing{} }
	for _, c := range []struct {
		name     string
		fail     func([]Row) error
		rows     int
		wantLost int
		wantTook time.Duration // of the 10 s given
	}{
		{"stores what is queued at once", nil, batchRows + 3, 0, 0},
		{"with nothing queued it returns at once", away, 0, 0, 0},
		{"a database that is away is given all the time there is", away, 3, 3, 10 * time.Second},
		{"a missing table is not waited for", missing, 3, 3, 0},
		{"rows dropped before count as lost", missing, QueueRows + 2, QueueRows + 2, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := &memory{fail: c.fail}
			l := newLog(m, Options{})
			push(l, 0, c.rows)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			began := time.Now()
			var lost *Lost
			err := l.Close(ctx)
			if errors.As(err, &lost); (lost == nil) != (c.wantLost == 0) || lost != nil && lost.Rows != c.wantLost {
				t.Errorf("%s: got %v, want %d lost", c.name, err, c.wantLost)
			}
			if took := time.Since(began); took != c.wantTook {
				t.Errorf("%s: took %v, want %v", c.name, took, c.wantTook)
			}
			if want := c.rows - c.wantLost; len(m.rows) != want {
				t.Errorf("%s: %d rows stored, want %d", c.name, len(m.rows), want)
			}
		})
	}
}

func TestCloseTriesOnceMoreWhenThePauseIsLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: func([]Row) error { return &Missing{} }}
		l := newLog(m, Options{})
		push(l, 0, 3)
		time.Sleep(time.Second) // within the pause of 30 s
		m.set(nil)
		if err := l.Close(context.Background()); err != nil || len(m.rows) != 3 {
			t.Errorf("close: %v with %d rows stored, want all three", err, len(m.rows))
		}
	})
}

func TestCloseSaysWhatWasDroppedBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &memory{fail: away}
		l := newLog(m, Options{})
		push(l, 0, QueueRows+7)
		synctest.Wait()
		m.set(nil)
		err := l.Close(context.Background())
		got := m.kept()
		if want := append(numbers(0, QueueRows), "audit count:7"); err != nil || !slices.Equal(got, want) {
			t.Errorf("close: %v, %d rows kept, the last %v; want all that were queued and the gap of 7", err, len(got), got[max(0, len(got)-2):])
		}
	})
}

func TestRowsThatComeWhileItClosesDoNotKeepItOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, more := &memory{}, 5
		l := newLog(m, Options{})
		m.set(func([]Row) error {
			if more--; more >= 0 {
				l.After(Row{Tool: "late"})
			}
			return nil
		})
		push(l, 0, 3)
		var lost *Lost
		if err := l.Close(context.Background()); !errors.As(err, &lost) || lost.Rows != 1 || !slices.Equal(m.batches, []int{3}) {
			t.Errorf("close while rows come: %v, batches %v; want 1 lost, and the one batch that was queued", err, m.batches)
		}
	})
}

func TestAfterCloseRowsAreDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dropped := 0
		l := newLog(&memory{}, Options{OnDrop: func(n int) { dropped += n }})
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		push(l, 0, 2)
		var lost *Lost
		if err := l.Close(context.Background()); !errors.As(err, &lost) || lost.Rows != 2 || dropped != 2 {
			t.Errorf("closed again: %v, %d dropped; want 2 and 2", err, dropped)
		}
	})
}
