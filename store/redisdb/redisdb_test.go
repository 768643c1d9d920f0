//go:build unix

package redisdb_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// slack is what a loaded machine may add to a bound.
const slack = 750 * time.Millisecond

func open(t *testing.T, address string, o redisdb.Options) *redisdb.DB {
	t.Helper()
	db, err := redisdb.Open(address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func get(ctx context.Context, c *redis.Client) error { return c.Get(ctx, "key").Err() }

// isUnavailable wants the error of a Redis that is away.
func isUnavailable(err error) bool {
	var u *redisdb.Unavailable
	return errors.As(err, &u)
}

func TestOpenRefusesWhatIsNoRedisURL(t *testing.T) {
	for _, c := range []struct{ name, url string }{
		{"empty", ""},
		{"of another kind", "https://secret@example.com"},
		{"a socket", "unix:///run/secret.sock"},
		{"no host", "redis://:secret@/0"},
		{"a database that is no number", "redis://:secret@localhost/orders"},
		{"a negative database", "redis://:secret@localhost/-1"},
		{"an unknown option", "redis://:secret@localhost/0?colour=red"},
		{"not a URL at all", "redis://:secret%zz@localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := redisdb.Open(c.url, redisdb.Options{})
			var bad *redisdb.BadURL
			if !errors.As(err, &bad) {
				t.Fatalf("Open(%q): %v, want *BadURL", c.url, err)
			}
			if said := bad.Error() + bad.Hint(); bad.Code() != "bad_setting" || strings.Contains(said, "secret") {
				t.Errorf("Open(%q): code %q, says %q; want bad_setting and no part of the URL", c.url, bad.Code(), said)
			}
		})
	}
}

func TestOpenMakesNoConnection(t *testing.T) {
	for _, address := range []string{"redis://:p@127.0.0.1:1/3", "rediss://user:p@127.0.0.1:1?pool_size=4"} {
		if db := open(t, address, redisdb.Options{}); !db.Up() {
			t.Errorf("Open(%q): not up before the first call, want up", address)
		}
	}
}

func TestDoReachesItsDatabaseWithThePassword(t *testing.T) {
	db := open(t, storetest.Redis(t), redisdb.Options{Timeout: time.Minute})
	other := open(t, storetest.Redis(t), redisdb.Options{Timeout: time.Minute})
	set := func(ctx context.Context, c *redis.Client) error { return c.Set(ctx, "key", "v", 0).Err() }
	if err := db.Do(t.Context(), set); err != nil {
		t.Fatalf("set: %v, want none", err)
	}
	if err := db.Do(t.Context(), get); err != nil {
		t.Errorf("get: %v, want none", err)
	}
	if err := other.Do(t.Context(), get); !errors.Is(err, redis.Nil) {
		t.Errorf("get in another database: %v, want redis.Nil", err)
	}
}

// TestWrongPasswordIsAnAbsence: each call would fail, so the fallbacks are due.
func TestWrongPasswordIsAnAbsence(t *testing.T) {
	address := storetest.RedisServer(t).URL()
	at := strings.LastIndex(address, "@")
	var log bytes.Buffer
	db := open(t, "redis://:wrong-password@"+address[at+1:], redisdb.Options{
		Timeout: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		if err := db.Do(t.Context(), get); !isUnavailable(err) {
			t.Errorf("get: %v, want *Unavailable", err)
		}
	}
	if db.Up() || strings.Contains(log.String(), "wrong-password") || !strings.Contains(log.String(), "WRONGPASS") {
		t.Errorf("up %v, log %q; want away, for a reason that shows no password", db.Up(), log.String())
	}
}

func TestHungRedisIsBoundedAndThenCostsNothing(t *testing.T) {
	server := storetest.RedisServer(t)
	for _, c := range []struct {
		name string
		warm bool
	}{{"on a connection made before", true}, {"on a new connection", false}} {
		t.Run(c.name, func(t *testing.T) {
			db := open(t, server.URL(), redisdb.Options{})
			if c.warm {
				eventually(t, "warm up", func() bool { return db.Ping(t.Context()) == nil })
			}
			server.Pause()
			defer server.Resume()
			for n := range 3 {
				began := time.Now()
				err := db.Do(t.Context(), get)
				if took := time.Since(began); !isUnavailable(err) || took > redisdb.DefaultTimeout+slack {
					t.Errorf("call %d: %v after %v, want *Unavailable within %v", n, err, took, redisdb.DefaultTimeout)
				}
			}
			if db.Up() {
				t.Error("up after 3 failures, want away")
			}
			began, reached := time.Now(), 0
			for range 1000 {
				_ = db.Do(t.Context(), func(context.Context, *redis.Client) error { reached++; return io.EOF })
			}
			if most := 1 + int(time.Since(began)/time.Second); reached > most {
				t.Errorf("1000 calls after it opened: %d made, want at most %d probes", reached, most)
			}
		})
	}
}

func TestComesBackByItself(t *testing.T) {
	server := storetest.RedisServer(t)
	states := make(chan bool, 10)
	db := open(t, server.URL(), redisdb.Options{OnState: func(up bool) { states <- up }})
	eventually(t, "first answer", func() bool { return errors.Is(db.Do(t.Context(), get), redis.Nil) })
	server.Kill()
	eventually(t, "away", func() bool { return isUnavailable(db.Do(t.Context(), get)) && !db.Up() })
	server.Start()
	eventually(t, "back", func() bool { return errors.Is(db.Do(t.Context(), get), redis.Nil) })
	if first, second := <-states, <-states; first || !second || len(states) > 0 {
		t.Errorf("told %v, %v and %d more; want away and back once each", first, second, len(states))
	}
}

func TestPingSucceedsAtOnceWhenRedisIsBack(t *testing.T) {
	server := storetest.RedisServer(t)
	db := open(t, server.URL(), redisdb.Options{})
	server.Pause()
	eventually(t, "away", func() bool { _ = db.Do(t.Context(), get); return !db.Up() })
	if err := db.Ping(t.Context()); !isUnavailable(err) || db.Up() {
		t.Errorf("ping of a hung Redis: %v, up %v; want *Unavailable and away", err, db.Up())
	}
	server.Resume()
	eventually(t, "ping", func() bool { return db.Ping(t.Context()) == nil })
	if !db.Up() {
		t.Error("away after a ping that succeeded, want up")
	}
}

// recorder is a logger of the client library.
type recorder struct{ lines chan string }

func (r recorder) Printf(_ context.Context, format string, _ ...any) {
	select {
	case r.lines <- format:
	default:
	}
}

func TestClientLibraryLogsNothing(t *testing.T) {
	r := recorder{make(chan string, 100)}
	redis.SetLogger(r)
	db := open(t, nowhere, redisdb.Options{})
	for range 3 {
		if err := db.Do(t.Context(), get); !isUnavailable(err) {
			t.Fatalf("get from nowhere: %v, want *Unavailable", err)
		}
	}
	if len(r.lines) > 0 {
		t.Errorf("the library logged %q, want silence", <-r.lines)
	}
}

// eventually tries for as long as the slowest machine may need.
func eventually(t *testing.T, what string, try func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !try() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestHungRedisDoesNotOutlastItsCaller: the caller's deadline counts, though
// the DB would wait for a minute.
func TestHungRedisDoesNotOutlastItsCaller(t *testing.T) {
	server := storetest.RedisServer(t)
	db := open(t, server.URL(), redisdb.Options{Timeout: time.Minute})
	server.Pause()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := db.Do(ctx, get)
	if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || isUnavailable(err) || took > 30*time.Second {
		t.Errorf("get: %v after %v, want the caller's deadline", err, took)
	}
}
