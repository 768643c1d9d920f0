package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/cache"
	"github.com/fluxstudio/fluxmcp/tools"
)

// cachingRig is the query tool over a fake database and a real cache.
type cachingRig struct {
	f    *fakeDatabase
	kept *cache.Cache
	uses []CacheUse
	tool tools.Tool
}

func newCachingRig(t testing.TB, f *fakeDatabase, kept *cache.Cache, policy string) *cachingRig {
	t.Helper()
	r := &cachingRig{f: f, kept: kept}
	g, err := sqlguard.New(sqlguard.Policy{ForbiddenTables: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	g.SetCatalog(sqlguard.Catalog{VolatileRelations: []sqlguard.Name{{Schema: "public", Name: "recent"}}})
	cfg := Config{Caching: Caching{Cache: kept, TTL: time.Minute, Policy: policy, Used: func(_ context.Context, u CacheUse) { r.uses = append(r.uses, u) }}}
	for _, tool := range New(g, f, f, f, f, cfg).Tools {
		if tool.Spec.Name == "query" {
			r.tool = tool
		}
	}
	return r
}

// ask calls query as p and tells whether the answer was cached.
func (r *cachingRig) ask(t testing.TB, p tools.Principal, args string) (cached bool, a tools.Answer) {
	t.Helper()
	a = tools.Runtime{}.Call(tools.WithPrincipal(t.Context(), p), r.tool, json.RawMessage(args))
	var out struct{ Cached bool }
	if a.Failure == nil {
		if err := json.Unmarshal(a.Structured, &out); err != nil {
			t.Fatal(err)
		}
	}
	return out.Cached, a
}

func TestAnswersAreKept(t *testing.T) {
	alice, bob := tools.Principal{Issuer: "i", Subject: "alice"}, tools.Principal{Issuer: "i", Subject: "bob"}
	promoted := alice
	promoted.Roles = []string{"admin"}
	type step struct {
		who    tools.Principal
		args   string
		cached bool
		use    CacheUse
	}
	first := step{alice, `{"sql":"SELECT 1 AS n"}`, false, CacheMiss}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"the same again", []step{first, {alice, `{"sql":"SELECT 1 AS n"}`, true, CacheHit}}},
		{"the same in other white space and case", []step{first, {alice, `{"sql":"select  1\n as N;"}`, true, CacheHit}}},
		{"another user", []step{first, {bob, `{"sql":"SELECT 1 AS n"}`, false, CacheMiss}}},
		{"the same subject of another issuer", []step{first, {tools.Principal{Issuer: "j", Subject: "alice"}, `{"sql":"SELECT 1 AS n"}`, false, CacheMiss}}},
		{"the same user in another role", []step{first, {promoted, `{"sql":"SELECT 1 AS n"}`, false, CacheMiss}}},
		{"another statement", []step{first, {alice, `{"sql":"SELECT 2 AS n"}`, false, CacheMiss}}},
		{"a text in another case", []step{{alice, `{"sql":"SELECT 'a' AS n"}`, false, CacheMiss}, {alice, `{"sql":"SELECT 'A' AS n"}`, false, CacheMiss}}},
		{"another limit", []step{first, {alice, `{"sql":"SELECT 1 AS n","limit":7}`, false, CacheMiss}}},
		{"other parameters", []step{{alice, `{"sql":"SELECT $1 AS n","params":["a"]}`, false, CacheMiss}, {alice, `{"sql":"SELECT $1 AS n","params":["b"]}`, false, CacheMiss}}},
		{"a number for a text", []step{{alice, `{"sql":"SELECT $1 AS n","params":["1"]}`, false, CacheMiss}, {alice, `{"sql":"SELECT $1 AS n","params":[1]}`, false, CacheMiss}}},
		{"fresh reads, and is kept", []step{first, {alice, `{"sql":"SELECT 1 AS n","fresh":true}`, false, CacheBypass}, {alice, `{"sql":"SELECT 1 AS n"}`, true, CacheHit}}},
		{"fresh at first is kept", []step{{alice, `{"sql":"SELECT 1 AS n","fresh":true}`, false, CacheBypass}, {alice, `{"sql":"SELECT 1 AS n"}`, true, CacheHit}}},
		{"now() is never kept", []step{{alice, `{"sql":"SELECT now() AS n"}`, false, CacheVolatile}, {alice, `{"sql":"SELECT now() AS n"}`, false, CacheVolatile}}},
		{"random() is never kept", []step{{alice, `{"sql":"SELECT random() AS n"}`, false, CacheVolatile}, {alice, `{"sql":"SELECT random() AS n"}`, false, CacheVolatile}}},
		{"today in a text is never kept", []step{{alice, `{"sql":"SELECT 'today'::date AS n"}`, false, CacheVolatile}, {alice, `{"sql":"SELECT 'today'::date AS n"}`, false, CacheVolatile}}},
		{"a view over now() is never kept", []step{{alice, `{"sql":"SELECT * FROM recent"}`, false, CacheVolatile}, {alice, `{"sql":"SELECT * FROM recent"}`, false, CacheVolatile}}},
		{"a plan is never kept", []step{{alice, `{"sql":"EXPLAIN SELECT 1 AS n"}`, false, CacheVolatile}, {alice, `{"sql":"EXPLAIN SELECT 1 AS n"}`, false, CacheVolatile}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCachingRig(t, &fakeDatabase{result: oneRow}, cache.New(nil, cache.Options{}), "p")
			for n, s := range c.steps {
				cached, a := r.ask(t, s.who, s.args)
				if a.Failure != nil || cached != s.cached || r.uses[n] != s.use {
					t.Errorf("step %d, %s: got cached=%v, %s, %+v, want cached=%v, %s", n+1, s.args, cached, r.uses[n], a.Failure, s.cached, s.use)
				}
				if s.cached != strings.Contains(a.Text, "cached: read ") {
					t.Errorf("step %d: the text does not say it: %s", n+1, a.Text)
				}
			}
			misses := slices.DeleteFunc(slices.Clone(r.uses), func(u CacheUse) bool { return u == CacheHit })
			if len(r.f.texts) != len(misses) {
				t.Errorf("the database was asked %d times, want %d", len(r.f.texts), len(misses))
			}
		})
	}
}

func TestKeptAnswerIsTheSame(t *testing.T) {
	r := newCachingRig(t, &fakeDatabase{result: oneRow}, cache.New(nil, cache.Options{}), "p")
	_, read := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`)
	_, kept := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`)
	strip := func(a tools.Answer) string {
		var m map[string]json.RawMessage
		_ = json.Unmarshal(a.Structured, &m)
		delete(m, "cached")
		b, _ := json.Marshal(m) // executed_at too is that of the read
		return string(b)
	}
	if strip(read) != strip(kept) {
		t.Errorf("got %s\nwant %s", strip(kept), strip(read))
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	f := &fakeDatabase{err: &store.QueryError{SQLState: "57014", Message: "canceling statement"}}
	r := newCachingRig(t, f, cache.New(nil, cache.Options{}), "p")
	if _, a := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`); a.Failure == nil {
		t.Fatal("got success, want the error")
	}
	f.err, f.result = nil, oneRow
	if cached, a := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`); cached || a.Failure != nil {
		t.Errorf("got cached=%v, %+v, want what the database says now", cached, a.Failure)
	}
}

// TestRefusedAnswerIsNotKeptEither withdraws what was kept.
func TestRefusedAnswerIsNotKeptEither(t *testing.T) {
	f := &fakeDatabase{result: oneRow}
	r := newCachingRig(t, f, cache.New(nil, cache.Options{}), "p")
	r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`)
	f.err = &store.QueryError{SQLState: "42501", Message: "permission denied"}
	if _, a := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n","fresh":true}`); a.Failure == nil {
		t.Fatal("got success, want the refusal")
	}
	if cached, a := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`); cached || a.Failure == nil {
		t.Errorf("got cached=%v, %+v, want the refusal again", cached, a)
	}
}

// TestForbiddenTableIsNotServedFromTheCache forbids a table after its rows were kept.
func TestForbiddenTableIsNotServedFromTheCache(t *testing.T) {
	kept := cache.New(nil, cache.Options{})
	r := newCachingRig(t, &fakeDatabase{result: oneRow}, kept, "p")
	r.ask(t, tools.Principal{}, `{"sql":"SELECT n FROM salaries"}`)
	g, err := sqlguard.New(sqlguard.Policy{ForbiddenTables: []string{"salaries"}})
	if err != nil {
		t.Fatal(err)
	}
	strict := handlers{guard: g, reader: r.f, catalog: r.f, tables: r.f, cfg: Config{MaxRows: 1000, Timeout: time.Second, Caching: Caching{Cache: kept, TTL: time.Minute, Policy: "p"}}}
	if out, err := strict.query(t.Context(), queryArgs{SQL: "SELECT n FROM salaries", Limit: 100}); err == nil {
		t.Errorf("got %+v, want the guard's refusal", out)
	}
}

func TestClearedCacheIsReadAgain(t *testing.T) {
	kept := cache.New(nil, cache.Options{})
	r := newCachingRig(t, &fakeDatabase{result: oneRow}, kept, "p")
	r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`)
	if err := kept.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cached, _ := r.ask(t, tools.Principal{}, `{"sql":"SELECT 1 AS n"}`); cached {
		t.Error("got a cached answer after the cache was cleared")
	}
}

// TestNoAnswerCrosses lets 10,000 random calls of many principals, roles,
// policies and statements share one cache: what is served from it was read by
// the same principal in the same roles under the same policy.
func TestNoAnswerCrosses(t *testing.T) {
	kept := cache.New(nil, cache.Options{})
	reader := &readerOf{}
	var rigs []*cachingRig
	for _, policy := range []string{"p", "q"} {
		f := &fakeDatabase{}
		rig := newCachingRig(t, f, kept, policy)
		g, _ := sqlguard.New(sqlguard.Policy{})
		cfg := Config{Caching: Caching{Cache: kept, TTL: time.Hour, Policy: policy}}
		rig.tool = New(g, reader, f, f, f, cfg).Tools[0]
		rigs = append(rigs, rig)
	}
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	hits := 0
	for n := range 10_000 {
		at := random.IntN(2)
		p := tools.Principal{Issuer: pick("i", "i|a", "j"), Subject: pick("a", "a|b", "b", "")}
		for _, role := range []string{"x", "y"} {
			if random.IntN(2) == 0 {
				p.Roles = append(p.Roles, role)
			}
		}
		sql := pick("SELECT a FROM t", "SELECT b FROM t", "SELECT 'a' FROM t")
		limit := pick("1", "2")
		reader.now = fmt.Sprint(at, p.Key(), p.Roles, sql, limit)
		cached, a := rigs[at].ask(t, p, fmt.Sprintf(`{"sql":%q,"limit":%s}`, sql, limit))
		if a.Failure != nil {
			t.Fatal(a.Failure)
		}
		if cached {
			hits++
		}
		if !strings.Contains(a.Text, reader.now) {
			t.Fatalf("call %d: got an answer that was read for somebody or something else:\n%s\nwant %s", n, a.Text, reader.now)
		}
	}
	if hits < 5_000 {
		t.Errorf("only %d of 10,000 calls were answered from the cache: this test shows nothing", hits)
	}
}

// readerOf answers with what it was told that the call is of.
type readerOf struct{ now string }

func (r *readerOf) Query(context.Context, sqlguard.Statement, []any, store.Limits) (*store.Result, error) {
	return &store.Result{Columns: []store.Column{{Name: "of", Type: "text", OID: 25}}, Rows: [][]store.Value{{{Text: r.now}}}}, nil
}
