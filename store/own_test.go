package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func openOwn(t *testing.T, cfg Config) *DB {
	t.Helper()
	db, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// ownText runs a statement that gives one text, as each of the three ways to run one.
func ownText(t *testing.T, o *Own, sql own.SQL) map[string]string {
	t.Helper()
	got := map[string]string{}
	ctx := t.Context()
	one := func(way string) func(pgx.Rows) error {
		return func(rows pgx.Rows) (err error) {
			got[way], err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
			return err
		}
	}
	err := errors.Join(o.Read(ctx, sql, nil, one("Read")),
		o.Do(ctx, func(tx *OwnTx) error { return tx.Read(ctx, sql, nil, one("Do")) }))
	all, ownErr := OwnAll[struct{ Text string }](ctx, o, sql)
	if err = errors.Join(err, ownErr); err != nil || len(all) != 1 {
		t.Fatalf("%s: %v", sql, err)
	}
	got["OwnAll"] = all[0].Text
	return got
}

func TestOwnIsBounded(t *testing.T) {
	o := openOwn(t, Config{URL: storetest.DB(t)}).Own()
	for _, c := range []struct{ name, setting, want string }{
		{"names mean what the server ships", "search_path", "pg_catalog, pg_temp"},
		{"a statement takes at most 5 s", "statement_timeout", "5s"},
		{"a transaction that is forgotten ends", "idle_in_transaction_session_timeout", "5s"},
		{"the operator can tell them in pg_stat_activity", "application_name", "fluxmcp-own"},
	} {
		for way, got := range ownText(t, o, own.SQL("SELECT current_setting("+quoteLiteral(c.setting)+")")) {
			if got != c.want {
				t.Errorf("%s: %s in %s is %q, want %q", c.name, c.setting, way, got, c.want)
			}
		}
	}
}

// TestOwnAsksNothingOfAPooler: PgBouncer refuses startup parameters it does
// not know, and hands settings of a session to whom comes next.
func TestOwnAsksNothingOfAPooler(t *testing.T) {
	pc, err := ownConfig(withDefaults(Config{URL: "postgres://u@h/d?pool_min_conns=3&pool_max_conns=90"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(pc.ConnConfig.RuntimeParams)); !slices.Equal(got, []string{"application_name"}) {
		t.Errorf("startup parameters %q, want application_name alone", got)
	}
	if pc.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeExec {
		t.Errorf("exec mode %v, want exec: no named statements", pc.ConnConfig.DefaultQueryExecMode)
	}
	for conns, want := range map[int32]int{0: DefaultOwnConns, 9: 9} {
		if got := openOwn(t, Config{URL: "postgres://u@h/d", OwnConns: conns}).Own().Conns(); got != want {
			t.Errorf("Conns of OwnConns %d: got %d, want %d", conns, got, want)
		}
	}
	if pc.MaxConns != DefaultOwnConns || pc.MinConns != 0 || pc.MaxConnIdleTime != 5*time.Minute {
		t.Errorf("connections %d to %d, idle for %v; want 0 to %d, 5m", pc.MinConns, pc.MaxConns, pc.MaxConnIdleTime, DefaultOwnConns)
	}
	o := openOwn(t, Config{URL: storetest.DB(t), OwnConns: 1}).Own()
	ownText(t, o, "SELECT 'used'")
	conn, err := o.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	var left string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('search_path')").Scan(&left); err != nil || strings.Contains(left, "pg_catalog") {
		t.Errorf("search_path left on the connection: %q, %v; want the server's own", left, err)
	}
}

func TestOwnUsesItsOwnLogin(t *testing.T) {
	address := storetest.DB(t)
	role := storetest.FreshRole(t, address)
	storetest.Exec(t, address, "ALTER ROLE "+role+" LOGIN PASSWORD 'secret'")
	agent, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	agent.User = url.UserPassword(role, "secret")
	locate := func(context.Context) (string, error) { return address, nil }
	for _, c := range []struct {
		name string
		cfg  Config
		want bool // it is the login of address
	}{
		{"that of DATABASE_URL", Config{URL: address}, true},
		{"not that of QUERY_DATABASE_URL", Config{URL: address, QueryURL: agent.String()}, true},
		{"that of a database found later", Config{Locate: locate}, true},
		{"without DATABASE_URL there is none", Config{QueryURL: agent.String()}, false},
	} {
		o := openOwn(t, c.cfg).Own()
		users, err := OwnAll[struct{ User string }](t.Context(), o, "SELECT current_user::text")
		var none *NoDatabase
		switch {
		case c.want && (err != nil || users[0].User == role):
			t.Errorf("%s: got %v, %v; want the owner's login", c.name, users, err)
		case !c.want && (!errors.As(err, &none) || none.Code() != "bad_setting" || !strings.Contains(none.Hint(), "DATABASE_URL")):
			t.Errorf("%s: got %v, %v; want *NoDatabase, bad_setting", c.name, users, err)
		}
	}
}

func TestOwnConnectsWhenUsed(t *testing.T) {
	address := storetest.DB(t)
	watch := openOwn(t, Config{URL: address})
	db := openOwn(t, Config{URL: address})
	count := func() string {
		got, err := ReadAll[struct{ N string }](t.Context(), watch.Reader(), "SELECT count(*)::text FROM pg_stat_activity WHERE application_name = 'fluxmcp-own' AND datname = current_database()")
		if err != nil {
			t.Fatal(err)
		}
		return got[0].N
	}
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != "0" {
		t.Errorf("%s connections before the first use, want 0", got)
	}
	if _, err := db.Own().Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	if got := count(); got != "1" {
		t.Errorf("%s connections after it, want 1", got)
	}
}

func TestClosedDBHasNoOwnConnections(t *testing.T) {
	db, err := Open(Config{URL: storetest.DB(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Own().Exec(t.Context(), "SELECT 1"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	var down *Unavailable
	if _, err := db.Own().Exec(t.Context(), "SELECT 1"); !errors.As(err, &down) {
		t.Errorf("after Close: %v, want *Unavailable", err)
	}
	if got := db.Own().pool.Stat().TotalConns(); got != 0 {
		t.Errorf("%d connections after Close, want 0", got)
	}
}

func TestOwnTransactions(t *testing.T) {
	address := storetest.DB(t)
	storetest.Exec(t, address, "CREATE TABLE public.kept(n int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO public.kept VALUES (1)")
	o := openOwn(t, Config{URL: address}).Own()
	ctx := t.Context()
	mine := errors.New("mine")
	twice := func(tx *OwnTx) error {
		if n, err := tx.Exec(ctx, "INSERT INTO public.kept VALUES ($1), (3)", 2); err != nil || n != 2 {
			return fmt.Errorf("%d rows changed: %w", n, err)
		}
		return nil
	}
	for _, c := range []struct {
		name  string
		run   func() error
		state string // SQLSTATE; - for mine
		want  string // rows afterwards
	}{
		{"a refused COMMIT is an error of Do", func() error {
			return o.Do(ctx, func(tx *OwnTx) error { _, err := tx.Exec(ctx, "INSERT INTO public.kept VALUES (1)"); return err })
		}, "23505", "1"},
		{"a refused COMMIT is an error of Exec", func() error { _, err := o.Exec(ctx, "INSERT INTO public.kept VALUES (1)"); return err }, "23505", "1"},
		{"a refused statement is an error", func() error { _, err := o.Exec(ctx, "INSERT INTO public.kept VALUES (1/0)"); return err }, "22012", "1"},
		{"an error of the function rolls back and comes out", func() error { return o.Do(ctx, func(tx *OwnTx) error { return errors.Join(twice(tx), mine) }) }, "-", "1"},
		{"no error commits", func() error { return o.Do(ctx, twice) }, "", "1 2 3"},
		{"one statement commits", func() error { _, err := o.Exec(ctx, "INSERT INTO public.kept VALUES ($1)", 4); return err }, "", "1 2 3 4"},
	} {
		err := c.run()
		var q *QueryError
		switch {
		case c.state == "" && err != nil, c.state == "-" && !errors.Is(err, mine),
			len(c.state) == 5 && (!errors.As(err, &q) || q.SQLState != c.state):
			t.Errorf("%s: got %v, want %q", c.name, err, c.state)
		}
		if got := ownText(t, o, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM public.kept")["Read"]; got != c.want {
			t.Errorf("%s: rows %s, want %s", c.name, got, c.want)
		}
	}
	if got := o.pool.Stat(); got.AcquiredConns() != 0 || got.NewConnsCount() != 1 {
		t.Errorf("%d connections are still taken of %d made, want 0 of 1: an error of the statement breaks none", got.AcquiredConns(), got.NewConnsCount())
	}
}

// TestOwnFailuresAreNobodysSQL: an agent that is told of them has nothing to
// correct, and learns nothing of our statements.
func TestOwnFailuresAreNobodysSQL(t *testing.T) {
	o := openOwn(t, Config{URL: storetest.DB(t)}).Own()
	for sql, want := range map[own.SQL]string{
		"SELECT * FROM fluxmcp.secret_name":                                      "migration_missing",
		"SELECT 1/0":                                                             "own_tables_failed",
		"DO $$ BEGIN RAISE SQLSTATE '53100'; END $$":                             "database_busy",
		"DO $$ BEGIN RAISE SQLSTATE '42501'; END $$":                             "own_tables_denied",
		"DO $$ BEGIN RAISE SQLSTATE '57014'; END $$":                             "database_busy",
		"DO $$ BEGIN RAISE SQLSTATE '55P03' USING MESSAGE='secret_name'; END $$": "database_busy",
	} {
		_, err := o.Exec(t.Context(), sql)
		var told interface {
			error
			Code() string
			Hint() string
		}
		if !errors.As(err, &told) || told.Code() != want || told.Hint() == "" || strings.Contains(told.Error(), "secret_name") || !errors.As(err, new(*QueryError)) {
			t.Errorf("%s: got %v, want %s without our names, over a *QueryError", sql, err, want)
		}
	}
}

func TestOwnErrors(t *testing.T) {
	o := openOwn(t, Config{URL: storetest.DB(t), OwnConns: 1, AcquireTimeout: time.Millisecond}).Own()
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := OwnAll[struct{ A, B string }](ctx, o, "SELECT 'one column'"); err == nil || errors.As(err, new(*Unavailable)) {
		t.Errorf("an answer that does not fit: %v, want an error that is not *Unavailable", err)
	}
	held, err := o.pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var busy *Busy
	if _, err := o.Exec(ctx, "SELECT 1"); !errors.As(err, &busy) || busy.limit != 1 {
		t.Errorf("all connections in use: %v, want *Busy with the limit 1", err)
	}
	held.Release()
	soon, stop := context.WithTimeout(ctx, 50*time.Millisecond)
	defer stop()
	if _, err := OwnAll[struct{ Slept string }](soon, o, "SELECT pg_sleep(60)::text"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller whose time is over while the statement runs: %v, want its context's error, not the server's", err)
	}
	cancel()
	if _, err := o.Exec(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that went away: %v, want its context's error", err)
	}
}

func TestOwnMeetsARestartedServerAtTheSecondAttempt(t *testing.T) {
	server := storetest.Server(t)
	o := openOwn(t, Config{URL: server.URL()}).Own()
	for range 2 {
		fill(t, o)
		server.Kill()
		server.Start()
		var down *Unavailable
		if _, err := o.Exec(t.Context(), "SELECT 1"); err != nil && !errors.As(err, &down) {
			t.Errorf("on a connection that broke: %v, want *Unavailable", err)
		}
		if _, err := o.Exec(t.Context(), "SELECT 1"); err != nil {
			t.Errorf("once more: %v, want a fresh connection", err)
		}
	}
}

// fill makes every connection that o may have.
func fill(t *testing.T, o *Own) {
	t.Helper()
	for range DefaultOwnConns {
		conn, err := o.pool.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Release()
	}
}
