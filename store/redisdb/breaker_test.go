package redisdb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
)

// nowhere is never dialled: these tests bring their own answers.
const nowhere = "redis://:secret@127.0.0.1:1"

// reply is an error that Redis sent.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

// answer is a call that ends with err; calls counts those that were made.
func answer(err error, calls *int) func(context.Context, *redis.Client) error {
	return func(context.Context, *redis.Client) error { *calls++; return err }
}

// TestWhatOpensTheBreaker makes the same call ten times without a pause.
func TestWhatOpensTheBreaker(t *testing.T) {
	for _, c := range []struct {
		name  string
		err   error
		calls int // that were made; 10 where the breaker stays closed
	}{
		{"a broken connection opens it after three", io.EOF, 3},
		{"a time-out opens it after three", context.DeadlineExceeded, 3},
		{"a loading Redis opens it after three", reply("LOADING Redis is loading the dataset in memory"), 3},
		{"a replica that takes no writes opens it after three", reply("READONLY You can't write against a read only replica."), 3},
		{"a full Redis opens it after three", reply("OOM command not allowed when used memory > 'maxmemory'."), 3},
		{"a Redis that cannot save opens it after three", reply("MISCONF Redis is configured to save RDB snapshots"), 3},
		{"an absent key is an answer", redis.Nil, 10},
		{"a refused command is an answer", reply("WRONGTYPE Operation against a key holding the wrong kind of value"), 10},
		{"an answer wrapped by the caller is an answer", fmt.Errorf("read: %w", redis.Nil), 10},
		{"success keeps it closed", nil, 10},
		{"a pool in full use says nothing", redis.ErrPoolTimeout, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := open(t, nowhere, redisdb.Options{})
				calls := 0
				for range 10 {
					_ = db.Do(t.Context(), answer(c.err, &calls))
				}
				if calls != c.calls || db.Up() != (c.calls == 10) {
					t.Errorf("10 times %v: %d calls made, up %v; want %d", c.err, calls, db.Up(), c.calls)
				}
			})
		})
	}
}

func TestOnlyFailuresInARowOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		calls := 0
		for range 10 {
			_ = db.Do(t.Context(), answer(io.EOF, &calls))
			_ = db.Do(t.Context(), answer(io.EOF, &calls))
			_ = db.Do(t.Context(), answer(nil, &calls))
		}
		if calls != 30 || !db.Up() {
			t.Errorf("two failures and a success, ten times: %d calls made, up %v; want 30 and up", calls, db.Up())
		}
	})
}

func TestCallerWhoLeavesIsNoFailureOfRedis(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			err := db.Do(ctx, func(ctx context.Context, _ *redis.Client) error { cancel(); return ctx.Err() })
			if !errors.Is(err, context.Canceled) || isUnavailable(err) {
				t.Fatalf("cancelled call: %v, want context.Canceled alone", err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		calls := 0
		if err := db.Do(ctx, answer(nil, &calls)); !errors.Is(err, context.Canceled) || calls != 0 {
			t.Errorf("cancelled before the call: %v, %d calls made; want context.Canceled and none", err, calls)
		}
		if !db.Up() {
			t.Error("away after callers left, want up")
		}
	})
}

func TestContextOfACallEndsAtTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		began := time.Now()
		err := db.Do(t.Context(), func(ctx context.Context, _ *redis.Client) error { <-ctx.Done(); return ctx.Err() })
		if took := time.Since(began); took != 250*time.Millisecond || !isUnavailable(err) {
			t.Errorf("a call that waits: %v after %v, want *Unavailable after 250ms", err, took)
		}
	})
}

func TestOneProbeASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		broken := 0
		for range 3 {
			_ = db.Do(t.Context(), answer(io.EOF, &broken))
		}
		for n := range 5 {
			probes := 0
			time.Sleep(time.Second - time.Millisecond)
			_ = db.Do(t.Context(), answer(io.EOF, &probes))
			time.Sleep(2 * time.Millisecond)
			_ = db.Do(t.Context(), answer(io.EOF, &probes))
			_ = db.Do(t.Context(), answer(io.EOF, &probes))
			if probes != 1 {
				t.Errorf("second %d: %d calls made, want 1", n, probes)
			}
		}
		time.Sleep(time.Second + time.Millisecond)
		back := 0
		for range 10 {
			if err := db.Do(t.Context(), answer(nil, &back)); err != nil {
				t.Errorf("after the probe that succeeded: %v, want none", err)
			}
		}
		if !db.Up() {
			t.Error("away after the probe succeeded, want up")
		}
	})
}

func TestProbeIsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		broken := 0
		for range 3 {
			_ = db.Do(t.Context(), answer(io.EOF, &broken))
		}
		time.Sleep(time.Second + time.Millisecond)
		var wg sync.WaitGroup
		var mu sync.Mutex
		made := 0
		for range 100 {
			wg.Go(func() {
				_ = db.Do(t.Context(), func(ctx context.Context, _ *redis.Client) error {
					mu.Lock()
					made++
					mu.Unlock()
					<-ctx.Done() // hangs
					return ctx.Err()
				})
			})
		}
		wg.Wait()
		if made != 1 {
			t.Errorf("100 calls at once, a second after the breaker opened: %d made, want 1", made)
		}
	})
}

func TestEachChangeIsToldAndLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var told []bool
		db := open(t, nowhere, redisdb.Options{
			Log: slog.New(slog.NewTextHandler(&log, nil)), OnState: func(up bool) { told = append(told, up) }})
		calls := 0
		for range 100 {
			_ = db.Do(t.Context(), answer(io.EOF, &calls))
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		for range 10 {
			_ = db.Do(t.Context(), answer(nil, &calls))
		}
		if len(told) != 2 || told[0] || !told[1] {
			t.Errorf("told %v, want [false true]", told)
		}
		if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, `msg="redis is away" error=EOF`) ||
			!strings.Contains(got, `msg="redis is back"`) || strings.Contains(got, "secret") {
			t.Errorf("log %q, want one line for each change and no password", got)
		}
	})
}

func TestEveryErrorSaysWhatToDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := open(t, nowhere, redisdb.Options{})
		calls := 0
		for n := range 4 { // the last one is refused by the breaker
			err := db.Do(t.Context(), answer(io.EOF, &calls))
			var u *redisdb.Unavailable
			if !errors.As(err, &u) {
				t.Fatalf("call %d: %v, want *Unavailable", n, err)
			}
			if u.Code() != "redis_unavailable" || !strings.HasSuffix(u.Hint(), ".") || u.RetryAfter() != time.Second ||
				u.LogCause() == "" || strings.Contains(u.Error(), "EOF") {
				t.Errorf("call %d: code %q, hint %q, retry %v, cause %q, error %q", n, u.Code(), u.Hint(), u.RetryAfter(), u.LogCause(), u)
			}
		}
	})
}
