package audit_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func migratedServer(t testing.TB) *storetest.Instance {
	t.Helper()
	server := storetest.Server(t)
	if _, err := store.Migrate(t.Context(), server.URL(), store.MigrateLatest); err != nil {
		t.Fatal(err)
	}
	return server
}

func TestNothingIsLostWhileTheDatabaseRestarts(t *testing.T) {
	const n, people = 6000, 3
	server := migratedServer(t)
	failed := make(chan struct{}, 1)
	l, _ := newLog(t, server.URL(), audit.Options{
		OnDrop: func(n int) { t.Errorf("%d rows dropped", n) },
		OnFailure: func() {
			select {
			case failed <- struct{}{}:
			default:
			}
		}})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		send(l, n, people)
	}()
	server.Stop()
	<-ended
	await(t, "the writer meets the stopped database", failed)
	server.Start()
	if err := finish(t, l); err != nil {
		t.Fatal(err)
	}
	inOrder(t, server.URL(), n, people)
}

func TestBeforeIsDurable(t *testing.T) {
	server := migratedServer(t) // with synchronous_commit=off
	l, _ := newLog(t, server.URL(), audit.Options{})
	for i := range 3 { // a crash loses the unsynchronised commits of the last moments
		if err := l.Before(t.Context(), full(i)); err != nil {
			t.Fatalf("before, after %d crashes: %v", i, err)
		}
		server.Kill()
		server.Start()
		// Not through l: its connections are broken now, which Before must bear.
		if got := texts(t, server.URL(), "SELECT count(*)::text FROM fluxmcp.audit_log")[0]; got != fmt.Sprint(i+1) {
			t.Fatalf("after %d crashes: %s rows, want %d", i+1, got, i+1)
		}
	}
}

func TestBeforeGivesUp(t *testing.T) {
	address := migrated(t)
	gone, _ := url.Parse(address)
	gone.RawQuery = "host=127.0.0.1&port=1&sslmode=disable"
	wire := storetest.NewWire(t, address)
	lock := func() func() {
		conn, err := pgx.Connect(t.Context(), address)
		if err == nil {
			_, err = conn.Exec(t.Context(), "BEGIN; LOCK TABLE fluxmcp.audit_log")
		}
		if err != nil {
			t.Fatal(err)
		}
		return func() { conn.Close(context.WithoutCancel(t.Context())) }
	}
	for _, c := range []struct {
		name, url string
		hinder    func() (release func())
	}{
		{"where nobody listens", gone.String(), func() func() { return func() {} }},
		{"while somebody locks the table", address, lock},
		{"while the database takes but does not answer", wire.URL, func() func() { wire.Silent.Store(true); return func() { wire.Silent.Store(false) } }},
	} {
		l, _ := newLog(t, c.url, audit.Options{})
		if err := l.Ready(t.Context()); err != nil && c.url != gone.String() {
			t.Fatalf("%s: ready: %v", c.name, err)
		}
		release := c.hinder()
		// Without a bound of its own, Before waits for the server's, or the test's end.
		var none *audit.Unavailable
		err := l.Before(t.Context(), full(0))
		if !errors.As(err, &none) || none.RetryAfter() <= 0 || none.Hint() == "" || none.LogCause() == "" {
			t.Errorf("%s: got %v, want *Unavailable with advice and cause", c.name, err)
		}
		if hangs := c.url != gone.String(); hangs && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want the bound of Before to end it", c.name, errors.Unwrap(err))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Before(ctx, full(0)); !errors.Is(err, context.Canceled) || errors.As(err, &none) {
			t.Errorf("%s, when the caller has gone: got %v, want its context's error", c.name, err)
		}
		release()
	}
}

func TestBatchWhoseCommitIsInDoubtIsStoredOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		forward bool
	}{
		{"the COMMIT arrived, its answer did not", true},
		{"the COMMIT did not arrive", false},
	} {
		address := migrated(t)
		wire := storetest.NewWire(t, address)
		wire.Forward = c.forward
		l, _ := newLog(t, wire.URL, audit.Options{})
		wire.Cut.Store(true)
		send(l, 700, 2)
		if err := finish(t, l); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if wire.Cut.Load() {
			t.Errorf("%s: no COMMIT passed the wire, want the first one cut", c.name)
		}
		inOrder(t, address, 700, 2)
	}
}
