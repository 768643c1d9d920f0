package tokens

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// flightLimit bounds a flight. A request to a provider that began within it has
// its own time, requestLimit: cut off, its answer would be lost.
const flightLimit = 20 * time.Second

// flights lets one act serve all calls of a key that come while it goes on. It
// is safe for concurrent use; the zero value is ready.
type flights[T any] struct {
	mu     sync.Mutex
	flying map[string]*flight[T]
}

// flight is an act under way. value and err are there when done is closed.
type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// join returns the flight of a key, and begins it where there is none; led
// tells. act runs in a goroutine of its own.
func (f *flights[T]) join(key string, act func() (T, error)) (joined *flight[T], led bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if joined, there := f.flying[key]; there {
		return joined, false
	}
	begun := &flight[T]{done: make(chan struct{})}
	if f.flying == nil {
		f.flying = map[string]*flight[T]{}
	}
	f.flying[key] = begun
	go func() {
		begun.value, begun.err = act()
		f.mu.Lock()
		delete(f.flying, key)
		f.mu.Unlock()
		close(begun.done)
	}()
	return begun, true
}

// wait returns how the flight ended, or ctx's error where that ends first.
func (f *flight[T]) wait(ctx context.Context) (T, error) {
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// detached runs act with a context that has ctx's values and flightLimit, and
// that no caller ends. Close waits for it.
func detached[T any](ctx context.Context, s *Source, act func(context.Context) (T, error)) (value T, err error) {
	if !s.work.begin() {
		return value, ErrClosed
	}
	defer s.work.end()
	defer func() {
		if p := recover(); p != nil { // of no caller, so nobody else would
			s.cfg.Log.ErrorContext(ctx, "token source panicked", "stack", string(debug.Stack()))
			err = fmt.Errorf("the token source panicked: %v", p)
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flightLimit)
	defer cancel()
	return act(ctx)
}

// work counts what goes on in the background.
type work struct {
	mu     sync.Mutex
	closed bool
	all    sync.WaitGroup
}

func (w *work) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.all.Add(1)
	}
	return !w.closed
}

func (w *work) end() { w.all.Done() }

// close lets nothing begin any more, and waits until ctx ends for what goes on.
func (w *work) close(ctx context.Context) error {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	over := make(chan struct{})
	go func() {
		w.all.Wait()
		close(over)
	}()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sleep returns false where ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
