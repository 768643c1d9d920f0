package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func TestConnectIsForTheSameDatabase(t *testing.T) {
	address := storetest.DB(t)
	found := make(chan struct{})
	locate := func(ctx context.Context) (string, error) {
		select {
		case <-found:
			return address, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	o := openOwn(t, Config{Locate: locate}).Own()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Connect(gone, "fluxmcp-test", 2, own.Key{}); !errors.Is(err, context.Canceled) {
		t.Errorf("while the database is not found: %v, want the context's error", err)
	}
	close(found)
	pool, err := o.Connect(t.Context(), "fluxmcp-test", 2, own.Key{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var got string
	err = pool.QueryRow(t.Context(), "SELECT current_database() || ' ' || current_setting('application_name')").Scan(&got)
	if want := address[strings.LastIndex(address, "/")+1:]; err != nil || got != strings.Split(want, "?")[0]+" fluxmcp-test" {
		t.Errorf("connected to %q, %v; want the database of %s", got, err, address)
	}
	cfg := pool.Config()
	if cfg.MaxConns != 2 || cfg.MinConns != 0 || cfg.ConnConfig.DefaultQueryExecMode != pgx.QueryExecModeExec {
		t.Errorf("at most %d connections, at least %d, mode %v; want 2, 0, exec", cfg.MaxConns, cfg.MinConns, cfg.ConnConfig.DefaultQueryExecMode)
	}
	var none *NoDatabase
	if _, err := openOwn(t, Config{}).Own().Connect(t.Context(), "x", 2, own.Key{}); !errors.As(err, &none) {
		t.Errorf("without a database: %v, want *NoDatabase", err)
	}
}

// TestConnectDoesNotCancelByRequest: who waits for notifications is interrupted
// all the time.
func TestConnectDoesNotCancelByRequest(t *testing.T) {
	pool, err := openOwn(t, Config{URL: storetest.DB(t)}).Own().Connect(t.Context(), "fluxmcp-test", 1, own.Key{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	handler := pool.Config().ConnConfig.BuildContextWatcherHandler(conn.Conn().PgConn())
	if _, plain := handler.(*pgconn.DeadlineContextWatcherHandler); !plain {
		t.Errorf("a wait is ended by %T, want a deadline alone", handler)
	}
}

func TestLendIsPartOfTheTransaction(t *testing.T) {
	address := storetest.DB(t)
	storetest.Exec(t, address, "CREATE TABLE public.lent(n int)")
	o := openOwn(t, Config{URL: address}).Own()
	insert := func(sql string) func(pgx.Tx) error {
		return func(raw pgx.Tx) error { _, err := raw.Exec(t.Context(), sql); return err }
	}
	mine := errors.New("mine")
	for _, c := range []struct {
		name, sql string
		fail      error
		want      string // rows afterwards
		state     string // SQLSTATE
	}{
		{"what is added is rolled back with it", "INSERT INTO public.lent VALUES (1)", mine, "0", ""},
		{"and committed with it", "INSERT INTO public.lent VALUES (1)", nil, "1", ""},
		{"a refusal is one of a statement", "INSERT INTO public.lent VALUES (1/0)", nil, "1", "22012"},
	} {
		err := o.Do(t.Context(), func(tx *OwnTx) error {
			if err := tx.Lend(t.Context(), insert(c.sql), own.Key{}); err != nil {
				return err
			}
			return c.fail
		})
		var q *QueryError
		if c.state == "" && !errors.Is(err, c.fail) || c.state != "" && (!errors.As(err, &q) || q.SQLState != c.state) {
			t.Errorf("%s: got %v, want %v%s", c.name, err, c.fail, c.state)
		}
		if got := ownText(t, o, "SELECT count(*)::text FROM public.lent")["Read"]; got != c.want {
			t.Errorf("%s: %s rows, want %s", c.name, got, c.want)
		}
	}
}
