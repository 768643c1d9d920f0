//go:build unix

package limits_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// patient is for tests of what Redis answers, on however slow a machine.
var patient = redisdb.Options{Timeout: time.Minute}

func open(t testing.TB, address string, o redisdb.Options) *redisdb.DB {
	t.Helper()
	db, err := redisdb.Open(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// do runs one command for the test itself.
func do(t testing.TB, db *redisdb.DB, args ...any) *redis.Cmd {
	t.Helper()
	var cmd *redis.Cmd
	if err := db.Do(t.Context(), func(ctx context.Context, c *redis.Client) error {
		cmd = c.Do(ctx, args...)
		return cmd.Err()
	}); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return cmd
}

// limiters are processes that share one Redis.
func limiters(t testing.TB, n int, address string, db redisdb.Options, o limits.Options) []*limits.Limiter {
	t.Helper()
	var all []*limits.Limiter
	o.Replicas = n
	for range n {
		all = append(all, limits.New(open(t, address, db), o))
	}
	return all
}

func TestExactlyTheLimitOverOneRedis(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d processes", n), func(t *testing.T) {
			ms := limiters(t, n, storetest.Redis(t), patient, limits.Options{})
			began := time.Now()
			allowed := flood(t, 1000, ms...)
			most := 30 + int(time.Since(began)/(2*time.Second)) // what a slow machine lets refill
			if allowed < 30 || allowed > most {
				t.Errorf("1,000 calls at once: %d allowed, want 30 (at most %d)", allowed, most)
			}
		})
	}
}

// TestRedisAnswersAsTheProcess: one algorithm, computed in two places.
func TestRedisAnswersAsTheProcess(t *testing.T) {
	m := limits.New(open(t, storetest.Redis(t), patient), limits.Options{})
	for _, l := range []limits.Limit{
		{Name: "even", Count: 3, Per: 24 * time.Hour},
		{Name: "burst", Count: 1000, Per: 240 * time.Hour, Burst: 2},
		{Name: "uneven", Count: 7, Per: 24 * time.Hour},
		{Name: "one", Count: 1, Per: 24 * time.Hour},
	} {
		o := limits.NewLocal(0)
		for n := range 9 {
			got, want := m.Take(t.Context(), "user", l), o.Take("user", l)
			near := (got.RetryAfter-want.RetryAfter).Abs() < time.Minute && (got.Reset-want.Reset).Abs() < time.Minute
			if got.Allowed != want.Allowed || got.Remaining != want.Remaining || got.Limit != want.Limit || !near || got.Local {
				t.Errorf("%s, call %d:\ngot  %+v\nwant %+v within a minute, from Redis", l.Name, n, got, want)
			}
		}
	}
}

func TestKeysInRedisAreNamedAndExpire(t *testing.T) {
	db := open(t, storetest.Redis(t), patient)
	m := limits.New(db, limits.Options{})
	d := m.Take(t.Context(), "9f86d0", thirty)
	keys, err := do(t, db, "KEYS", "*").StringSlice()
	if err != nil || len(keys) != 1 || keys[0] != "fluxmcp:limit:calls:9f86d0" {
		t.Fatalf("keys %q, %v; want fluxmcp:limit:calls:9f86d0", keys, err)
	}
	ttl, err := do(t, db, "PTTL", keys[0]).Int64()
	if most := d.Reset.Milliseconds() + 1; err != nil || ttl < 1 || ttl > most {
		t.Errorf("expires in %d ms, %v; want when the limit is whole, within %d ms", ttl, err, most)
	}
}

func TestWhatElseIsInRedisDoesNotLockAnybodyOut(t *testing.T) {
	db := open(t, storetest.Redis(t), patient)
	hour := limits.Limit{Name: "calls", Count: 30, Per: time.Hour}
	for _, c := range []struct {
		name    string
		set     []any
		allowed bool
	}{
		{"a text", []any{"SET", "fluxmcp:limit:calls:a", "corrupt"}, true},
		{"not a number", []any{"SET", "fluxmcp:limit:calls:b", "nan"}, true},
		{"a list", []any{"RPUSH", "fluxmcp:limit:calls:c", "x"}, true},
		{"a moment long ago", []any{"SET", "fluxmcp:limit:calls:d", "1"}, true},
		{"a moment in the far future is a limit used up, no more", []any{"SET", "fluxmcp:limit:calls:e", "9e15"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			do(t, db, c.set...)
			key := strings.TrimPrefix(c.set[1].(string), "fluxmcp:limit:calls:")
			d := limits.New(db, limits.Options{}).Take(t.Context(), key, hour)
			if d.Allowed != c.allowed || d.Local || d.RetryAfter > 2*time.Minute {
				t.Errorf("Take after %v: %+v, want allowed %v, and at once or in two minutes", c.set, d, c.allowed)
			}
		})
	}
}

func TestFloodOfDenialsDoesNotReachRedis(t *testing.T) {
	db := open(t, storetest.Redis(t), patient)
	m := limits.New(db, limits.Options{})
	one := limits.Limit{Name: "calls", Count: 1, Per: time.Hour}
	m.Take(t.Context(), "user", one)
	first := m.Take(t.Context(), "user", one)
	do(t, db, "DEL", "fluxmcp:limit:calls:user") // asked again, Redis would allow
	for range 1000 {
		if d := m.Take(t.Context(), "user", one); d.Allowed || d.Local || d.RetryAfter > first.RetryAfter || d.RetryAfter <= 0 || d.Reset < d.RetryAfter {
			t.Fatalf("after %+v: %+v, want the same denial without Redis", first, d)
		}
	}
	if d := m.Take(t.Context(), "other", one); !d.Allowed {
		t.Errorf("another key: %+v, want allowed", d)
	}
}

func TestCallCountsThoughItsCallerLeft(t *testing.T) {
	m := limits.New(open(t, storetest.Redis(t), patient), limits.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d := m.Take(ctx, "user", thirty); d.Local {
		t.Errorf("the call whose caller left: %+v, want Redis asked all the same", d)
	}
	if d := m.Take(t.Context(), "user", limits.Limit{Name: "calls", Count: 30, Per: time.Minute}); d.Remaining > 28 || d.Local {
		t.Errorf("the call after one whose caller left: %+v, want 28 remaining in Redis", d)
	}
}

// outage is a flood over three processes while Redis ends in the middle.
type outage struct {
	mu      sync.Mutex
	allowed int
	longest time.Duration
}

func (o *outage) take(t *testing.T, m *limits.Limiter, l limits.Limit) {
	began := time.Now()
	d := m.Take(t.Context(), "user", l)
	took := time.Since(began)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.longest = max(o.longest, took)
	if d.Allowed {
		o.allowed++
	}
}

// TestRedisEndsInTheMiddleOfAFlood uses a limit that refills too slowly to
// matter: 30 from Redis, and then 10 from each of three processes at most.
func TestRedisEndsInTheMiddleOfAFlood(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(*storetest.RedisInstance)
	}{{"killed", (*storetest.RedisInstance).Kill}, {"hung", (*storetest.RedisInstance).Pause}} {
		t.Run(c.name, func(t *testing.T) {
			server := storetest.RedisServer(t)
			ms := limiters(t, 3, server.URL(), redisdb.Options{}, limits.Options{})
			slow := limits.Limit{Name: "calls", Count: 30, Per: 240 * time.Hour}
			var o outage
			var wg sync.WaitGroup
			half := make(chan struct{})
			for i := range 600 {
				wg.Go(func() {
					if i >= 15 { // leave something in Redis to be spent
						<-half
					}
					o.take(t, ms[i%3], slow)
				})
			}
			time.AfterFunc(time.Millisecond, func() { close(half) })
			<-half
			c.end(server)
			wg.Wait()
			for i := range 30 { // Redis is gone for certain
				o.take(t, ms[i%3], slow)
			}
			if o.allowed > 60 {
				t.Errorf("allowed %d, want at most 60", o.allowed)
			}
			for i, m := range ms { // of "user" Redis may have denied for days
				if d := m.Take(t.Context(), "another", slow); !d.Local || !d.Allowed {
					t.Errorf("process %d, a key that Redis never saw: %+v, want allowed locally", i, d)
				}
			}
			if o.longest > time.Second {
				t.Errorf("the longest call took %v, want under 1s", o.longest)
			}
		})
	}
}

func TestShareIsWhatRedisDidNotAllowBefore(t *testing.T) {
	server := storetest.RedisServer(t)
	ms := limiters(t, 3, server.URL(), patient, limits.Options{})
	slow := limits.Limit{Name: "calls", Count: 30, Per: 240 * time.Hour}
	for range 4 {
		ms[0].Take(t.Context(), "user", slow)
	}
	server.Kill()
	for i, want := range []int{6, 10, 10} {
		allowed := 0
		for range 50 {
			d := ms[i].Take(t.Context(), "user", slow)
			if d.Allowed {
				allowed++
			}
			if !d.Local || d.Limit != 10 {
				t.Fatalf("process %d: %+v, want a local decision by a limit of 10", i, d)
			}
		}
		if allowed != want {
			t.Errorf("process %d, without Redis: %d allowed, want %d", i, allowed, want)
		}
	}
}

func TestEveryProcessAllowsAtLeastOne(t *testing.T) {
	server := storetest.RedisServer(t)
	server.Kill()
	ms := limiters(t, 3, server.URL(), redisdb.Options{}, limits.Options{})
	two := limits.Limit{Name: "calls", Count: 2, Per: time.Hour}
	for i, m := range ms {
		if d := m.Take(t.Context(), "user", two); !d.Allowed {
			t.Errorf("process %d of 3, 2 calls an hour: %+v, want one allowed", i, d)
		}
	}
}

func TestComesBackAndTellsOnce(t *testing.T) {
	server := storetest.RedisServer(t)
	var log bytes.Buffer
	var told []bool
	m := limits.New(open(t, server.URL(), redisdb.Options{Timeout: 10 * time.Second}), limits.Options{
		Replicas: 3, OnFallback: func(on bool) { told = append(told, on) }, Log: slog.New(slog.NewTextHandler(&log, nil))})
	many := limits.Limit{Name: "calls", Count: 1_000_000, Per: time.Hour}
	if d := m.Take(t.Context(), "user", many); d.Local {
		t.Fatalf("with Redis: %+v, want its decision", d)
	}
	server.Kill()
	for range 100 {
		if d := m.Take(t.Context(), "user", many); !d.Local || !d.Allowed {
			t.Fatalf("without Redis: %+v, want allowed locally", d)
		}
	}
	server.Start()
	deadline := time.Now().Add(time.Minute)
	for m.Take(t.Context(), "user", many).Local {
		if time.Now().After(deadline) {
			t.Fatal("still local a minute after Redis came back, want it shared")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if len(told) != 2 || !told[0] || told[1] {
		t.Errorf("told %v, want [true false]", told)
	}
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "limits hold within each process") {
		t.Errorf("log %q, want one line within the minute", got)
	}
}

func BenchmarkRedisTake(b *testing.B) {
	m := limits.New(open(b, storetest.Redis(b), patient), limits.Options{})
	l := limits.Limit{Name: "calls", Count: 1_000_000, Per: time.Second}
	for b.Loop() {
		m.Take(b.Context(), "user", l)
	}
}

func BenchmarkRedisTakeParallel(b *testing.B) {
	m := limits.New(open(b, storetest.Redis(b), patient), limits.Options{})
	l := limits.Limit{Name: "calls", Count: 1_000_000, Per: time.Second}
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m.Take(b.Context(), "user", l)
		}
	})
}

func BenchmarkRedisTakeDenied(b *testing.B) {
	m := limits.New(open(b, storetest.Redis(b), patient), limits.Options{})
	l := limits.Limit{Name: "calls", Count: 1, Per: 24 * time.Hour}
	m.Take(b.Context(), "user", l)
	for b.Loop() {
		m.Take(b.Context(), "user", l)
	}
}
