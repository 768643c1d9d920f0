//go:build unix

package tokencache_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/fluxstudio/fluxmcp/store/tokencache"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

const (
	theKey   = "the key of the tests, 32 characters and more"
	otherKey = "another key of the tests, as long as the first"
	rowID    = "5f7c9a52-0000-4000-8000-000000000001"
)

var ada = tokens.Key{Person: oauth.Person{Issuer: "https://id.example", Subject: "ada", Email: "ada@example.com"}, Provider: "figma"}

// stored is version v of a row, kept for an hour.
func stored(row string, v int64) tokens.Stored {
	return tokens.Stored{ID: row, AccountID: "an account", Version: v, Attempted: time.Now(), Token: oauth.Token{
		Kind: oauth.KindUser, Access: oauth.NewSecret(fmt.Sprint("canary-access-", v)), Refresh: oauth.NewSecret("canary-refresh"),
		Type: "Bearer", Expires: time.Now().Add(time.Hour).UTC().Round(0), Scopes: []string{"files:read"}}}
}

// rig is a cache in one process.
type rig struct {
	*tokencache.Cache
	t  testing.TB
	db *redisdb.DB
}

// long is a TTL that no test outlasts.
var long = tokencache.Options{TTL: 10 * time.Minute}

func newRig(t testing.TB, address string, o tokencache.Options, keys ...string) *rig {
	t.Helper()
	db, err := redisdb.Open(address, redisdb.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if len(keys) == 0 {
		keys = []string{theKey}
	}
	v, err := vault.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	return &rig{tokencache.New(db, v, o), t, db}
}

// do runs one command for the test itself.
func (r *rig) do(args ...any) *redis.Cmd {
	r.t.Helper()
	var cmd *redis.Cmd
	if err := r.db.Do(r.t.Context(), func(ctx context.Context, c *redis.Client) error {
		cmd = c.Do(ctx, args...)
		return cmd.Err()
	}); err != nil {
		r.t.Fatalf("%v: %v", args, err)
	}
	return cmd
}

// name is the only key in Redis.
func (r *rig) name() string {
	r.t.Helper()
	names, err := r.do("KEYS", "*").StringSlice()
	if err != nil || len(names) != 1 {
		r.t.Fatalf("keys %q, %v; want one", names, err)
	}
	return names[0]
}

func (r *rig) raw() string {
	r.t.Helper()
	raw, err := r.do("GET", r.name()).Text()
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// found is the version that Get finds; 0: none.
func (r *rig) found(k tokens.Key) int64 {
	r.t.Helper()
	s, ok := r.Get(r.t.Context(), k)
	if ok && s.Token.Access.Reveal() != fmt.Sprint("canary-access-", s.Version) {
		r.t.Errorf("version %d has another one's token", s.Version)
	}
	return s.Version
}

func TestWhatIsKept(t *testing.T) {
	address := storetest.Redis(t)
	one, two := newRig(t, address, long), newRig(t, address, long)
	want := stored(rowID, 7)
	one.Put(t.Context(), ada, want)
	want.Token.Refresh, want.Attempted = oauth.Secret{}, time.Time{}
	elsewhere := ada
	elsewhere.Person.Email = "" // the address does not count
	for name, get := range map[string]func() (tokens.Stored, bool){
		"the same process": func() (tokens.Stored, bool) { return one.Get(t.Context(), ada) },
		"another one":      func() (tokens.Stored, bool) { return two.Get(t.Context(), elsewhere) },
	} {
		if got, ok := get(); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s got %+v, %v; want %+v", name, got, ok, want)
		}
	}
	never := stored(rowID, 8)
	never.Token.Expires, never.Token.Scopes, never.Token.Type = time.Time{}, nil, ""
	one.Put(t.Context(), ada, never)
	if got, ok := two.Get(t.Context(), ada); !ok || !got.Token.Expires.IsZero() || got.Token.Scopes != nil {
		t.Errorf("one that never expires: %+v, %v", got, ok)
	}
}

func TestNothingReadableIsInRedis(t *testing.T) {
	r := newRig(t, storetest.Redis(t), long)
	r.Put(t.Context(), ada, stored(rowID, 1))
	name, raw := r.name(), r.raw()
	if !strings.HasPrefix(name, "fluxmcp:token:") {
		t.Errorf("key %q, want prefix fluxmcp:token:", name)
	}
	for _, secret := range []string{"canary", "ada", "figma", "id.example", rowID, "account"} {
		if strings.Contains(name+raw, secret) {
			t.Errorf("%s is in %q", secret, name+raw)
		}
	}
}

func TestHowLongItIsKept(t *testing.T) {
	r := newRig(t, storetest.Redis(t), tokencache.Options{})
	for _, c := range []struct {
		name    string
		expires time.Duration
		most    time.Duration
		kept    bool
	}{
		{"five seconds", time.Hour, 5 * time.Second, true},
		{"not longer than it lives", 3 * time.Second, 3 * time.Second, true},
		{"not at all once it has expired", -time.Second, 0, false},
	} {
		r.do("FLUSHDB")
		s := stored(rowID, 1)
		s.Token.Expires = time.Now().Add(c.expires)
		r.Put(t.Context(), ada, s)
		names, err := r.do("KEYS", "*").StringSlice()
		if err != nil || len(names) == 1 != c.kept {
			t.Errorf("%s: keys %q, %v; want kept %v", c.name, names, err, c.kept)
		}
		if !c.kept {
			continue
		}
		if left, err := r.do("PTTL", names[0]).Int64(); err != nil || left <= 0 || left > c.most.Milliseconds() {
			t.Errorf("%s: %d ms left, %v; want up to %v", c.name, left, err, c.most)
		}
	}
}

// TestAValueThatIsPutBackIsNotFound is about who writes to Redis: the value's
// time is over, and it is there again.
func TestAValueThatIsPutBackIsNotFound(t *testing.T) {
	r := newRig(t, storetest.Redis(t), tokencache.Options{TTL: 50 * time.Millisecond})
	r.Put(t.Context(), ada, stored(rowID, 1))
	raw, name := "", ""
	for raw == "" { // until it is written before its time is over
		r.Put(t.Context(), ada, stored(rowID, 1))
		if names, _ := r.do("KEYS", "*").StringSlice(); len(names) == 1 {
			name = names[0]
			_ = r.db.Do(t.Context(), func(ctx context.Context, c *redis.Client) (err error) {
				raw, err = c.Get(ctx, name).Result()
				return err
			})
		}
	}
	for limit := time.Now().Add(10 * time.Second); ; {
		r.do("SET", name, raw)
		if r.found(ada) == 0 {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("it is found still")
		}
	}
}

func TestDropForgets(t *testing.T) {
	address := storetest.Redis(t)
	one, two := newRig(t, address, long), newRig(t, address, long)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	one.Put(t.Context(), ada, stored(rowID, 3))
	two.Drop(gone, ada) // the caller has left: the account is disconnected all the same
	if got := one.found(ada); got != 0 {
		t.Errorf("dropped elsewhere: version %d is found, want none", got)
	}
	one.Put(t.Context(), ada, stored(rowID, 3))
	one.Put(t.Context(), ada, stored(rowID, 4))
	if got := two.found(ada); got != 0 {
		t.Errorf("put what was read before: version %d is found, want none", got)
	}
	if left, err := one.do("PTTL", one.name()).Int64(); err != nil || left < 20_000 || left > 30_000 {
		t.Errorf("keeps that out for %d ms, %v; want from 20 s, which a read may take, to 30 s", left, err)
	}
	one.do("PEXPIRE", one.name(), 0)
	one.Put(t.Context(), ada, stored(rowID, 5))
	if got := two.found(ada); got != 5 {
		t.Errorf("after that: version %d is found, want 5", got)
	}
}

func TestWhichPutCounts(t *testing.T) {
	r := newRig(t, storetest.Redis(t), long)
	for _, c := range []struct {
		name string
		puts []tokens.Stored
		want int64
	}{
		{"the later version, whenever it comes", []tokens.Stored{stored(rowID, 2), stored(rowID, 3), stored(rowID, 2)}, 3},
		{"in the order of numbers", []tokens.Stored{stored(rowID, 10), stored(rowID, 9)}, 10},
		{"the largest", []tokens.Stored{stored(rowID, 1<<62+1), stored(rowID, 1<<62)}, 1<<62 + 1},
		{"of another row the last one: it has replaced the first", []tokens.Stored{stored(rowID, 9), stored("another", 1)}, 1},
	} {
		r.do("FLUSHDB")
		for _, s := range c.puts {
			r.Put(t.Context(), ada, s)
		}
		if got := r.found(ada); got != c.want {
			t.Errorf("%s: version %d, want %d", c.name, got, c.want)
		}
	}
}

// TestVersionsNeverGoBack puts versions in any order from several processes
// while others look.
func TestVersionsNeverGoBack(t *testing.T) {
	address := storetest.Redis(t)
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		reader := newRig(t, address, long)
		readers.Go(func() {
			last := int64(0)
			for {
				got := reader.found(ada)
				if got < last {
					t.Errorf("version %d after %d", got, last)
				}
				last = got
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 4 {
		writer, random := newRig(t, address, long), rand.New(rand.NewPCG(1, uint64(i)))
		writers.Go(func() {
			for range 500 {
				writer.Put(t.Context(), ada, stored(rowID, 1+random.Int64N(1000)))
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

func TestOnesTokensAreNotAnothers(t *testing.T) {
	r := newRig(t, storetest.Redis(t), long)
	ada := ada
	ada.Person.Subject = "ada lovelace"
	r.Put(t.Context(), ada, stored(rowID, 1))
	raw := r.raw()
	for name, change := range map[string]func(*tokens.Key){
		"another person":   func(k *tokens.Key) { k.Person.Subject = "bob" },
		"another issuer":   func(k *tokens.Key) { k.Person.Issuer = "https://other.example" },
		"another provider": func(k *tokens.Key) { k.Provider = "slack" },
		"another kind":     func(k *tokens.Key) { k.Kind = oauth.KindBot },
		"parts moved":      func(k *tokens.Key) { k.Person.Issuer, k.Person.Subject = "https://id.example ada", "lovelace" },
	} {
		k := ada
		change(&k)
		if got := r.found(k); got != 0 {
			t.Errorf("%s: version %d is found, want none", name, got)
		}
		// And so where somebody copies the value there.
		before, _ := r.do("KEYS", "*").StringSlice()
		r.Put(t.Context(), k, stored(rowID, 1))
		after, _ := r.do("KEYS", "*").StringSlice()
		for _, key := range after {
			if !strings.Contains(fmt.Sprint(before), key) {
				r.do("SET", key, raw)
			}
		}
		if got := r.found(k); got != 0 {
			t.Errorf("%s, copied: version %d is found, want none", name, got)
		}
	}
}

func TestWhatWasTamperedWithIsNotFound(t *testing.T) {
	address := storetest.Redis(t)
	r := newRig(t, address, long)
	r.Put(t.Context(), ada, stored(rowID, 1))
	name, good := r.name(), r.raw()
	if r.found(ada) != 1 {
		t.Fatal("untouched: not found")
	}
	cases := map[string]string{"empty": "", "a text": "a token", "longer": good + "x", "another version": "00000000000000000002" + good[20:]}
	for i := range good {
		if i < 20 || i >= 36 { // between them is the row's digest, which is of no matter
			cases[fmt.Sprint("a bit at ", i)] = good[:i] + string([]byte{good[i] ^ 1}) + good[i+1:]
		}
		cases[fmt.Sprint("cut at ", i)] = good[:i]
	}
	for what, raw := range cases {
		r.do("SET", name, raw)
		if got := r.found(ada); got != 0 {
			t.Errorf("%s: version %d is found, want none", what, got)
		}
	}
	r.do("DEL", name)
	r.do("RPUSH", name, "x")
	if got := r.found(ada); got != 0 {
		t.Errorf("a list: version %d is found, want none", got)
	}
	r.Put(t.Context(), ada, stored(rowID, 2))
	if got := r.found(ada); got != 2 {
		t.Errorf("put over a list: version %d, want 2", got)
	}
	if got := newRig(t, address, long, otherKey).found(ada); got != 0 {
		t.Errorf("with another key: version %d is found, want none", got)
	}
	if got := newRig(t, address, long, otherKey, theKey).found(ada); got != 2 {
		t.Errorf("with a new key and the old one: version %d, want 2", got)
	}
}

func TestWithoutRedisThereIsNoCache(t *testing.T) {
	server := storetest.RedisServer(t)
	var log bytes.Buffer
	options := long
	options.Log = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	r := newRig(t, server.URL(), options)
	r.Put(t.Context(), ada, stored(rowID, 1))
	server.Kill()
	for range 5 {
		r.Put(t.Context(), ada, stored(rowID, 2))
		if got := r.found(ada); got != 0 {
			t.Errorf("version %d is found, want none", got)
		}
		r.Drop(t.Context(), ada)
	}
	for line := range strings.Lines(log.String()) {
		var entry struct{ Msg, Level, Cause string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level != "DEBUG" || entry.Cause == "" {
			t.Errorf("logged %s, want debug lines with a cause", line)
		}
	}
	if log.Len() == 0 || strings.Contains(log.String(), "canary") || strings.Contains(log.String(), "ada") {
		t.Errorf("log %q, want one without token and person", log.String())
	}
}

func BenchmarkGet(b *testing.B) {
	r := newRig(b, storetest.Redis(b), long)
	r.Put(b.Context(), ada, stored(rowID, 1))
	for b.Loop() {
		if _, ok := r.Get(b.Context(), ada); !ok {
			b.Fatal("not found")
		}
	}
}
