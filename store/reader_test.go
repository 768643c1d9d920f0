package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
)

var usual = store.Limits{Rows: 100, Bytes: 1 << 20, CellBytes: 4 << 10, Timeout: 5 * time.Second}

// open gives a DB on url with few connections and short waits.
func open(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, MaxConns: 4, AcquireTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// checked passes sql through a guard that lets sleeping and settings through,
// so that the tests reach the reader's own bounds.
func checked(t testing.TB, sql string) sqlguard.Statement {
	t.Helper()
	g, err := sqlguard.New(sqlguard.Policy{AllowedFunctions: []string{"app.nap", "app.setting"}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := g.Check(sql)
	if err != nil {
		t.Fatalf("check %q: %v", sql, err)
	}
	return st
}

const napFunctions = `CREATE SCHEMA app;
	CREATE TABLE app.t(n int);
	CREATE FUNCTION app.nap(float8) RETURNS void LANGUAGE sql AS 'SELECT pg_sleep($1)';
	CREATE FUNCTION app.setting(text) RETURNS text LANGUAGE sql AS 'SELECT current_setting($1)';
	CREATE FUNCTION app.write() RETURNS int LANGUAGE sql AS 'INSERT INTO app.t VALUES (1) RETURNING 1'`

func TestQueryValues(t *testing.T) {
	reader := open(t, storetest.DB(t)).Reader()
	for _, c := range []struct {
		name, sql string
		params    []any
		want      string
	}{
		{"int8 keeps every digit", "SELECT 9223372036854775807", nil, "9223372036854775807"},
		{"numeric keeps every digit", "SELECT 0.1000000000000000000001::numeric", nil, "0.1000000000000000000001"},
		{"timestamps keep microseconds", "SELECT '2026-01-02 03:04:05.123456'::timestamp", nil, "2026-01-02 03:04:05.123456"},
		{"NULL is not the empty string", "SELECT NULL, ''", nil, "NULL|"},
		{"parameters are bound", "SELECT $1::int + 1, $2::text", []any{41, "a'b"}, "42|a'b"},
		{"an array parameter is an array", "SELECT 2 = ANY($1::int[]), $2::text[]", []any{[]any{1, 2}, []any{`a"b`, nil, `c\d`}}, `t|{"a\"b",NULL,"c\\d"}`},
		{"a NULL parameter is NULL", "SELECT $1::text IS NULL", []any{nil}, "t"},
		{"no column at all", "SELECT", nil, ""},
		{"SHOW works", "SHOW server_encoding", nil, "UTF8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := reader.Query(t.Context(), checked(t, c.sql), c.params, usual)
			if err != nil {
				t.Fatal(err)
			}
			var cells []string
			for _, v := range res.Rows[0] {
				if v.Null {
					v.Text = "NULL"
				}
				cells = append(cells, v.Text)
			}
			if got := strings.Join(cells, "|"); got != c.want || len(res.Rows) != 1 {
				t.Errorf("%s\ngot  %q in %d rows\nwant %q in 1", c.sql, got, len(res.Rows), c.want)
			}
		})
	}
}

func TestQueryLimits(t *testing.T) {
	reader := open(t, storetest.DB(t)).Reader()
	for _, c := range []struct {
		name, sql string
		lim       func(*store.Limits)
		rows      int
		more      bool
	}{
		{"all rows when they just fit", "SELECT generate_series(1,100)", nil, 100, false},
		{"one row over the limit sets more", "SELECT generate_series(1,101)", nil, 100, true},
		{"bytes end the answer", "SELECT repeat('x', 1000) FROM generate_series(1, 50)", func(l *store.Limits) { l.Bytes = 10_500 }, 10, true},
		{"far more bytes than fit end it too", "SELECT repeat('x', 100000) FROM generate_series(1, 90)", func(l *store.Limits) { l.CellBytes = 1 << 20 }, 10, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			lim := usual
			if c.lim != nil {
				c.lim(&lim)
			}
			res, err := reader.Query(t.Context(), checked(t, c.sql), nil, lim)
			if err != nil {
				t.Fatal(err)
			}
			if len(res.Rows) != c.rows || res.More != c.more {
				t.Errorf("got %d rows, more=%v, want %d, %v", len(res.Rows), res.More, c.rows, c.more)
			}
		})
	}
}

func TestLongCellIsCutAtACharacter(t *testing.T) {
	reader := open(t, storetest.DB(t)).Reader()
	lim := usual
	lim.CellBytes = 10
	res, err := reader.Query(t.Context(), checked(t, "SELECT repeat('é', 9)"), nil, lim)
	if err != nil {
		t.Fatal(err)
	}
	if v := res.Rows[0][0]; v.Text != "ééééé" || v.Cut != 18 {
		t.Errorf("got %q, cut from %d, want 5 characters cut from 18 bytes", v.Text, v.Cut)
	}
}

func TestQueryErrors(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, napFunctions)
	reader := open(t, url).Reader()
	fast := usual
	fast.Timeout = 100 * time.Millisecond
	for _, c := range []struct {
		name, sql, code string
		params          []any
		lim             store.Limits
	}{
		{"undefined column is rejected with a position", "SELECT nope", "sql_rejected", nil, usual},
		{"the server stops a slow statement", "SELECT app.nap(5)", "timeout", nil, fast},
		{"a row over 8 MiB is refused", "SELECT string_agg(repeat('x', 1000), '') FROM generate_series(1, 10000)", "row_too_large", nil, usual},
		{"an object is no parameter", "SELECT $1::text", "bad_argument", []any{map[string]any{}}, usual},
		{"a NUL in a parameter is refused", "SELECT $1::text", "bad_argument", []any{"a\x00b"}, usual},
		{"too many parameters are refused", "SELECT $1::text", "bad_argument", make([]any, 70_000), usual},
		{"huge parameters are refused", "SELECT $1::text", "bad_argument", []any{strings.Repeat("x", 3<<20)}, usual},
		{"too few parameters are refused", "SELECT $1::text, $2::text", "sql_rejected", []any{"a"}, usual},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := reader.Query(t.Context(), checked(t, c.sql), c.params, c.lim)
			var told interface {
				Code() string
				Hint() string
			}
			if !errors.As(err, &told) || told.Code() != c.code || told.Hint() == "" {
				t.Fatalf("got %v, want code %s and a hint", err, c.code)
			}
			if _, err := reader.Query(t.Context(), checked(t, "SELECT 1"), nil, usual); err != nil {
				t.Errorf("the next query failed: %v", err)
			}
		})
	}
}

// TestReadsAreReadOnly calls a function that writes: the guard of this test
// allows it, so only the transaction can stop it.
func TestReadsAreReadOnly(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, napFunctions)
	g, err := sqlguard.New(sqlguard.Policy{AllowedFunctions: []string{"app.write"}})
	if err != nil {
		t.Fatal(err)
	}
	st, err := g.Check("SELECT app.write()")
	if err != nil {
		t.Fatal(err)
	}
	_, err = open(t, url).Reader().Query(t.Context(), st, nil, usual)
	var q *store.QueryError
	if !errors.As(err, &q) || q.SQLState != "25006" {
		t.Errorf("got %v, want SQLSTATE 25006 (read-only transaction)", err)
	}
}

func TestBoundsAreSetInsideTheTransaction(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, napFunctions)
	reader := open(t, url).Reader()
	for name, want := range map[string]string{
		"transaction_read_only": "on", "statement_timeout": "5s", "lock_timeout": "1s",
		"idle_in_transaction_session_timeout": "5s", "search_path": "public, pg_temp",
		"standard_conforming_strings": "on", "jit": "off",
	} {
		res, err := reader.Query(t.Context(), checked(t, "SELECT app.setting($1)"), []any{name}, usual)
		if err != nil {
			t.Fatal(err)
		}
		if got := res.Rows[0][0].Text; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestReaderRoleIsEntered(t *testing.T) {
	url := storetest.DB(t)
	role := "reader_" + fmt.Sprint(time.Now().UnixNano())
	storetest.Exec(t, url, "CREATE ROLE "+role, "GRANT "+role+" TO CURRENT_USER", "CREATE TABLE secret(n int)")
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), url)
		if err == nil {
			_, _ = conn.Exec(context.Background(), "DROP ROLE "+role)
			_ = conn.Close(context.Background())
		}
	})
	db, err := store.Open(store.Config{URL: url, ReaderRole: role})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.Reader().Query(t.Context(), checked(t, "SELECT current_user"), nil, usual)
	if err != nil || res.Rows[0][0].Text != role {
		t.Errorf("got %v, %v, want the role %s", res, err, role)
	}
	_, err = db.Reader().Query(t.Context(), checked(t, "SELECT * FROM secret"), nil, usual)
	var q *store.QueryError
	if !errors.As(err, &q) || q.Code() != "permission_denied" {
		t.Errorf("got %v, want permission_denied", err)
	}
}

// TestCancelReachesTheServer checks that the backend stops when the caller goes away.
func TestCancelReachesTheServer(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, napFunctions)
	reader := open(t, url).Reader()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	lim := usual
	lim.Timeout = time.Minute
	start := time.Now()
	_, err := reader.Query(ctx, checked(t, "SELECT app.nap(30)"), nil, lim)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 4500*time.Millisecond {
		t.Fatalf("got %v after %s, want the context's error at once", err, time.Since(start))
	}
	ask := checked(t, "SELECT count(*) FROM pg_stat_user_functions") // any allowed statement; activity is asked as owner
	if _, err := reader.Query(t.Context(), ask, nil, usual); err != nil {
		t.Fatalf("the reader does not recover: %v", err)
	}
	if n := runningNaps(t, url); n != 0 {
		t.Errorf("%d backends still run the canceled query", n)
	}
}

func runningNaps(t *testing.T, url string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for range 50 {
		const ask = `SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%app.nap(30)%' AND state = 'active' AND pid <> pg_backend_pid()`
		if err := conn.QueryRow(t.Context(), ask).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return 0
		}
		if _, err := conn.Exec(t.Context(), "SELECT pg_sleep(0.05)"); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// TestCrowd has 1,000 callers of a 5 s query share four connections: those that
// get one are answered, the rest are told before the first ends, and no
// connection is lost.
func TestCrowd(t *testing.T) {
	t.Parallel()
	url := storetest.DB(t)
	storetest.Exec(t, url, napFunctions)
	db, err := store.Open(store.Config{URL: url, MaxConns: 4, AcquireTimeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	reader := db.Reader()
	st := checked(t, "SELECT app.nap(5)")
	lim := usual
	lim.Timeout = 20 * time.Second
	var ok, busy, late atomic.Int32
	var wg sync.WaitGroup
	for range 1000 {
		wg.Go(func() {
			start := time.Now()
			_, err := reader.Query(t.Context(), st, nil, lim)
			var b *store.Busy
			switch {
			case err == nil:
				ok.Add(1)
			case errors.As(err, &b):
				busy.Add(1)
			default:
				t.Errorf("unexpected: %v", err)
			}
			if err != nil && time.Since(start) > 4500*time.Millisecond {
				late.Add(1)
			}
		})
	}
	wg.Wait()
	if ok.Load() < 1 || ok.Load() > 4 || ok.Load()+busy.Load() != 1000 || late.Load() != 0 {
		t.Errorf("got %d answered, %d busy, %d of them late, want 1 to 4 answered, the rest busy, none late", ok.Load(), busy.Load(), late.Load())
	}
	for range 20 {
		if _, err := reader.Query(t.Context(), checked(t, "SELECT 1"), nil, usual); err != nil {
			t.Fatalf("a connection was lost: %v", err)
		}
	}
}

// TestDatabaseGoesAndComesBack stops the server under an open pool.
func TestDatabaseGoesAndComesBack(t *testing.T) {
	srv := storetest.Server(t)
	reader := open(t, srv.URL()).Reader()
	one := checked(t, "SELECT 1")
	if _, err := reader.Query(t.Context(), one, nil, usual); err != nil {
		t.Fatal(err)
	}
	srv.Kill()
	_, err := reader.Query(t.Context(), one, nil, usual)
	var down *store.Unavailable
	if !errors.As(err, &down) || err.Error() != "the database cannot be reached" {
		t.Fatalf("got %v, want *store.Unavailable without host or user", err)
	}
	srv.Start()
	if _, err := reader.Query(t.Context(), one, nil, usual); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
	srv.Stop() // unnoticed: the pool keeps a connection that has ended
	srv.Start()
	if _, err := reader.Query(t.Context(), one, nil, usual); err != nil {
		t.Errorf("a restart between two queries is noticed: %v", err)
	}
}

// TestRefusedLoginIsUnavailable keeps the login's name from the agent, and a
// wrong password from looking like wrong SQL.
func TestRefusedLoginIsUnavailable(t *testing.T) {
	cfg, err := pgx.ParseConfig(storetest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	url := fmt.Sprintf("host=%s port=%d user=nobody_here dbname=%s", cfg.Host, cfg.Port, cfg.Database)
	_, err = open(t, url).Reader().Query(t.Context(), checked(t, "SELECT 1"), nil, usual)
	var down *store.Unavailable
	if !errors.As(err, &down) || strings.Contains(err.Error(), "nobody_here") || !strings.Contains(down.LogCause(), "nobody_here") {
		t.Errorf("got %v, want *store.Unavailable that names the login in the log alone", err)
	}
}

// TestConnectionIsKept asks for the backend's number: a cut answer and a
// refused statement must not cost a connection.
func TestConnectionIsKept(t *testing.T) {
	reader := open(t, storetest.DB(t)).Reader()
	pid := func() string {
		res, err := reader.Query(t.Context(), checked(t, "SELECT pg_backend_pid()"), nil, usual)
		if err != nil {
			t.Fatal(err)
		}
		return res.Rows[0][0].Text
	}
	before := pid()
	if _, err := reader.Query(t.Context(), checked(t, "SELECT generate_series(1, 10000000)"), nil, usual); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Query(t.Context(), checked(t, "SELECT nope"), nil, usual); err == nil {
		t.Fatal("got no error for an unknown column")
	}
	if after := pid(); after != before {
		t.Errorf("got backend %s after %s, want the same", after, before)
	}
}

func TestUncheckedStatementIsRefused(t *testing.T) {
	db, err := store.Open(store.Config{URL: "postgres://localhost/none"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Reader().Query(t.Context(), sqlguard.Statement{}, nil, usual)
	if err == nil || errors.As(err, new(*store.Unavailable)) {
		t.Errorf("got %v for the zero Statement, want it refused before a connection is made", err)
	}
}

func TestBadURLIsNotRepeated(t *testing.T) {
	_, err := store.Open(store.Config{URL: "postgres://u:hunter2@host:port/db"})
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "host") {
		t.Errorf("got %v, want an error without password and host", err)
	}
}

// TestHugeSeriesStaysSmall reads 100 of a hundred million rows.
func TestHugeSeriesStaysSmall(t *testing.T) {
	reader := open(t, storetest.DB(t)).Reader()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := reader.Query(t.Context(), checked(t, "SELECT * FROM generate_series(1,100000000)"), nil, usual)
	runtime.ReadMemStats(&after)
	if err != nil || len(res.Rows) != 100 || !res.More {
		t.Fatalf("got %v, %v, want 100 rows and more", res, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("allocated %d bytes for 100 rows", grown)
	}
}

func BenchmarkQueryOneRow(b *testing.B) {
	reader := open(b, storetest.DB(b)).Reader()
	st := checked(b, "SELECT 1")
	for b.Loop() {
		if _, err := reader.Query(b.Context(), st, nil, usual); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkQueryHundredRows(b *testing.B) {
	reader := open(b, storetest.DB(b)).Reader()
	st := checked(b, "SELECT g, 'name ' || g, now() FROM generate_series(1,100) g")
	for b.Loop() {
		if _, err := reader.Query(b.Context(), st, nil, usual); err != nil {
			b.Fatal(err)
		}
	}
}

// TestUninterruptibleStatementHoldsItsPlace runs a loop of PostgreSQL that looks
// for no interrupt: its caller is answered, its connection stays counted, and
// closing does not wait for it.
func TestUninterruptibleStatementHoldsItsPlace(t *testing.T) {
	t.Parallel()
	url := storetest.DB(t)
	storetest.Exec(t, url, `CREATE SCHEMA app; CREATE FUNCTION app.nap(int) RETURNS int LANGUAGE sql VOLATILE AS
		$$ SELECT length(translate(repeat('a', $1), repeat('b', 1000000), '')) $$`)
	db, err := store.Open(store.Config{URL: url, MaxConns: 1, AcquireTimeout: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	lim := usual
	lim.Timeout = 100 * time.Millisecond
	start := time.Now()
	_, err = db.Reader().Query(t.Context(), checked(t, "SELECT app.nap(2500)"), nil, lim)
	var q *store.QueryError
	if !errors.As(err, &q) || q.Code() != "timeout" || time.Since(start) > 6*time.Second {
		t.Errorf("got %v after %s, want a timeout in time", err, time.Since(start))
	}
	if _, err := db.Reader().Query(t.Context(), checked(t, "SELECT 1"), nil, usual); !errors.As(err, new(*store.Busy)) {
		t.Errorf("got %v, want *store.Busy: the place is taken while the server works", err)
	}
	start = time.Now()
	db.Close()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("closing took %s", took)
	}
	storetest.Exec(t, url, `DO $$ BEGIN
		WHILE EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend') LOOP
			PERFORM pg_sleep(0.05); PERFORM pg_stat_clear_snapshot();
		END LOOP; END $$`) // else the database cannot be dropped
}
