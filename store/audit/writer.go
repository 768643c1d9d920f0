package audit

import (
	"context"
	"log/slog"
	"reflect"
	"time"
)

const (
	firstPause    = 100 * time.Millisecond
	longestPause  = 5 * time.Second
	standingPause = 30 * time.Second // where the operator must act: a migration then needs no restart
	attemptLimit  = 10 * time.Second // of one batch; the server has a shorter one
	warnEvery     = time.Minute
)

// sink stores rows, all or none. After an error it is called with the same
// rows again, or, where it refused their content, with fewer of them.
type sink interface {
	append(ctx context.Context, rows []Row) error
}

// writer takes rows from the queue to the sink. It belongs to one goroutine.
type writer struct {
	sink    sink
	queue   *queue
	options Options
	done    chan struct{} // closed when run returns

	again  bool          // the last attempt failed, so there is nothing to wait for
	singly int           // rows to store one by one, because one of them was refused
	pause  time.Duration // before the next attempt
	warned time.Time     // when the log was last told that rows wait
	away   bool          // and not yet that they wait no more
}

func newWriter(s sink, q *queue, o Options) *writer {
	return &writer{sink: s, queue: q, options: o, done: make(chan struct{})}
}

// run stores rows until the queue is shut and empty, nothing more can be
// stored, or ctx ends.
func (w *writer) run(ctx context.Context) {
	defer close(w.done)
	for w.gather(ctx) {
		batch := w.queue.head(w.size())
		err := w.attempt(ctx, batch)
		switch {
		case err == nil:
			w.stored(len(batch))
		case ctx.Err() != nil:
			return
		case refused(err):
			w.refused(batch, err)
		case !w.wait(ctx, err):
			return
		}
	}
}

func (w *writer) attempt(ctx context.Context, batch []Row) error {
	bounded, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	err := w.sink.append(bounded, batch)
	if err != nil && ctx.Err() == nil {
		w.options.OnFailure()
	}
	return err
}

// size is how many rows the next batch takes.
func (w *writer) size() int {
	if w.singly > 0 {
		return 1
	}
	return batchRows
}

// gather waits for a row, and then a moment for more of them. It returns false
// when none will come.
func (w *writer) gather(ctx context.Context) bool {
	for w.queue.depth() == 0 {
		select {
		case <-w.queue.some:
		case <-w.queue.closing:
			return w.queue.depth() > 0
		case <-ctx.Done():
			return false
		}
	}
	return w.again || w.company(ctx)
}

// company waits until a batch is whole, for a moment at most. A signal of
// plenty may be of rows that are stored already.
func (w *writer) company(ctx context.Context) bool {
	timer := time.NewTimer(batchWait)
	defer timer.Stop()
	for w.queue.depth() < batchRows {
		select {
		case <-w.queue.plenty:
		case <-timer.C:
			return true
		case <-w.queue.closing:
			return true
		case <-ctx.Done():
			return false
		}
	}
	return true
}

func (w *writer) stored(n int) {
	w.queue.stored(n)
	w.singly = max(w.singly-n, 0)
	w.again, w.pause = w.singly > 0, 0
	if w.away {
		w.away = false
		w.options.Log.Info("audit rows are stored again", slog.Int("waiting", w.queue.depth()))
	}
}

// refused deals with a batch whose content the database does not take. Its
// rows are tried one by one; one that is refused alone is reduced to ASCII,
// then to a row that says one is missing, and then let go.
func (w *writer) refused(batch []Row, err error) {
	w.again = true
	if len(batch) > 1 {
		w.singly = len(batch)
		return
	}
	r := batch[0]
	if plain := ascii(r); r.gap == 0 && !reflect.DeepEqual(plain, r) {
		w.queue.refuse(&plain)
		return
	}
	if r.gap == 0 {
		w.options.Log.Error("audit row is refused by the database", slog.String("cause", cause(err)))
		w.options.OnDrop(1)
		gap := gapRow(1, r.At, r.At)
		w.queue.refuse(&gap)
		return
	}
	w.queue.refuse(nil)
	w.singly = max(w.singly-1, 0)
}

// wait lets some time pass after a failure that is not the rows'. It returns
// false where further attempts are in vain.
func (w *writer) wait(ctx context.Context, err error) bool {
	w.again = true
	w.warn(err)
	w.pause = min(max(2*w.pause, firstPause), longestPause)
	pause, hurry := w.pause, w.queue.closing
	if standing(err) {
		pause = standingPause
	}
	select {
	case <-hurry:
		if standing(err) {
			return false
		}
		hurry = nil
	default:
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
		w.pause = 0
	case <-ctx.Done():
		return false
	}
	return true
}

// warn tells the log that rows wait, once a minute.
func (w *writer) warn(err error) {
	w.away = true
	if now := time.Now(); now.Sub(w.warned) >= warnEvery {
		w.warned = now
		w.options.Log.Warn("audit rows wait for the database", slog.Int("waiting", w.queue.depth()), slog.String("cause", cause(err)))
	}
}
