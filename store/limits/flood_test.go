//go:build unix

package limits_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// slow refills too slowly to matter: a call is worth 8 h.
var slow = limits.Limit{Name: "calls", Count: 30, Per: 240 * time.Hour}

var errBroken = errors.New("the wire is broken")

// wire watches the requests of one Limiter, and holds up those for hold.
type wire struct {
	hold    string // key
	held    chan struct{}
	release chan struct{}
	broken  atomic.Bool // no request arrives

	mu             sync.Mutex
	requests       int
	now, mostAtOne int // in flight
}

func watch(t testing.TB, db *redisdb.DB, hold string) *wire {
	t.Helper()
	w := &wire{hold: hold, held: make(chan struct{}), release: make(chan struct{})}
	if err := db.Do(t.Context(), func(_ context.Context, c *redis.Client) error { c.AddHook(w); return nil }); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w *wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next // connections say hello in one
}

func (w *wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		w.count(1)
		defer w.count(-1)
		if w.broken.Load() {
			return errBroken
		}
		if w.hold != "" && slices.Contains(cmd.Args(), any("fluxmcp:limit:calls:"+w.hold)) {
			close(w.held)
			<-w.release
		}
		return next(ctx, cmd)
	}
}

func (w *wire) count(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now += n
	w.requests += max(n, 0)
	w.mostAtOne = max(w.mostAtOne, w.now)
}

func TestFloodOfOneKeyIsOneRequestAtATime(t *testing.T) {
	db := open(t, storetest.Redis(t), patient)
	m := limits.New(db, limits.Options{})
	m.Take(t.Context(), "other", slow) // Redis has the script now
	w := watch(t, db, "")
	allowed := takeAll(t, 1000, slow, m)
	// Each request allows one at least, but for the last.
	if allowed != 30 || w.requests > 31 || w.mostAtOne != 1 {
		t.Errorf("1,000 calls at once: %d allowed with %d requests, %d at once; want 30, at most 31, and 1", allowed, w.requests, w.mostAtOne)
	}
	t.Logf("%d requests", w.requests)
}

func TestASlowRequestHoldsUpItsOwnKeyAlone(t *testing.T) {
	db := open(t, storetest.Redis(t), patient)
	m := limits.New(db, limits.Options{})
	w := watch(t, db, "slow")
	done := make(chan limits.Decision)
	for range 2 {
		go func() { done <- m.Take(t.Context(), "slow", thirty) }()
	}
	<-w.held
	for range 30 {
		if d := m.Take(t.Context(), "quick", thirty); !d.Allowed || d.Local {
			t.Errorf("another key meanwhile: %+v, want allowed by Redis", d)
		}
	}
	select {
	case d := <-done:
		t.Errorf("the slow key: %+v before Redis answered", d)
	default:
	}
	w.hold = ""
	close(w.release)
	for range 2 {
		if d := <-done; !d.Allowed || d.Local {
			t.Errorf("the slow key in the end: %+v, want allowed by Redis", d)
		}
	}
}

// takeAll makes n calls at once, spread over ms, and counts those allowed.
func takeAll(t testing.TB, n int, l limits.Limit, ms ...*limits.Limiter) int {
	t.Helper()
	return <-startAll(t, n, l, ms...)
}

func startAll(t testing.TB, n int, l limits.Limit, ms ...*limits.Limiter) <-chan int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	allowed, all := 0, make(chan int, 1)
	for i := range n {
		wg.Go(func() {
			if ms[i%len(ms)].Take(t.Context(), "user", l).Allowed {
				mu.Lock()
				defer mu.Unlock()
				allowed++
			}
		})
	}
	go func() { wg.Wait(); all <- allowed }()
	return all
}

// hang is how long a Redis hangs in these tests: longer than a call may take,
// too short for anybody to notice.
const hang = 300 * time.Millisecond

func TestExactlyTheLimitOverARedisThatHangsWithinItsBound(t *testing.T) {
	server := storetest.RedisServer(t)
	ms := limiters(t, 3, server.URL(), patient, limits.Options{})
	allowed := takeAll(t, 6, slow, ms...)
	server.Pause()
	rest := startAll(t, 994, slow, ms...)
	time.Sleep(hang)
	server.Resume()
	if allowed += <-rest; allowed != 30 {
		t.Errorf("1,000 calls over three processes: %d allowed, want 30", allowed)
	}
}

// TestAHiccupDoesNotDoubleTheLimit: 2 calls of each process before Redis hangs,
// the 8 that are left of its share while it does, and at most the one with which
// each pays what it owes.
func TestAHiccupDoesNotDoubleTheLimit(t *testing.T) {
	server := storetest.RedisServer(t)
	var ms []*limits.Limiter
	var dbs []*redisdb.DB
	for range 3 {
		db := open(t, server.URL(), redisdb.Options{})
		dbs, ms = append(dbs, db), append(ms, limits.New(db, limits.Options{Replicas: 3}))
	}
	allowed := takeAll(t, 6, slow, ms...)
	server.Pause()
	meanwhile := startAll(t, 694, slow, ms...)
	time.Sleep(hang)
	server.Resume()
	allowed += <-meanwhile
	for i, m := range ms {
		reach(t, dbs[i])
		allowed += takeAll(t, 1, slow, m)
	}
	allowed += takeAll(t, 297, slow, ms...)
	if allowed < 30 || allowed > 33 {
		t.Errorf("1,000 calls over three processes, Redis hung for %v: %d allowed, want 30 to 33", hang, allowed)
	}
}

// reach returns when db reaches its Redis again.
func reach(t testing.TB, db *redisdb.DB) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for db.Ping(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatal("Redis does not answer within a minute")
		}
	}
}

func TestADebtIsPaidToTheRedisThatIsBack(t *testing.T) {
	server := storetest.RedisServer(t)
	db := open(t, server.URL(), patient)
	m := limits.New(db, limits.Options{})
	server.Kill()
	for range 4 {
		if d := m.Take(t.Context(), "user", slow); !d.Local || !d.Allowed {
			t.Fatalf("without Redis: %+v, want allowed locally", d)
		}
	}
	server.Start()
	reach(t, db)
	for n, want := range []int{25, 24} {
		if d := m.Take(t.Context(), "user", slow); d.Local || d.Remaining != want {
			t.Errorf("call %d of the Redis that is back: %+v, want its answer with %d remaining", n, d, want)
		}
	}
}

// TestADebtComesOnTopOfWhatRedisKept: another process went on meanwhile.
func TestADebtComesOnTopOfWhatRedisKept(t *testing.T) {
	address := storetest.Redis(t)
	db := open(t, address, redisdb.Options{})
	m, other := limits.New(db, limits.Options{}), limits.New(open(t, address, patient), limits.Options{})
	w := watch(t, db, "")
	w.broken.Store(true)
	for range 4 {
		m.Take(t.Context(), "user", slow)
	}
	w.broken.Store(false)
	takeAll(t, 10, slow, other)
	reach(t, db)
	for n, want := range []int{15, 14} {
		if d := m.Take(t.Context(), "user", slow); d.Local || d.Remaining != want {
			t.Errorf("call %d when Redis answers again: %+v, want its answer with %d remaining", n, d, want)
		}
	}
}
