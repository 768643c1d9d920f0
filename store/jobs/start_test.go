package jobs

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// locking runs sql in a transaction that lasts until release is closed.
func locking(o *store.Own, sql own.SQL, locked chan<- struct{}, release <-chan struct{}) error {
	return o.Do(context.Background(), func(tx *store.OwnTx) error {
		_, err := tx.Exec(context.Background(), sql)
		close(locked)
		<-release
		return err
	})
}

func TestStartWaitsForTheDatabaseAndItsTables(t *testing.T) {
	t.Parallel()
	server := storetest.Server(t)
	server.Stop()
	cfg, started, ran := idle(), make(chan struct{}), make(chan string, 10)
	var said lines
	cfg.Log = said.logger(slog.LevelInfo)
	cfg.OnStarted = func() { close(started) }
	cfg.OnRun = func(kind string, _ time.Duration, _ error) { ran <- kind }
	attempts := make(chan int, 1000)
	p := fast()
	p.start = func(attempt int) time.Duration { attempts <- attempt; return 20 * time.Millisecond }
	j := newJobs(ownOf(t, server.URL()), cfg, p)
	j.Start(t.Context())
	t.Cleanup(func() { end(t, j) })
	for range 3 {
		await(t, "an attempt without a server", attempts)
	}
	var down *store.Unavailable
	if err := j.Ready(t.Context()); !errors.As(err, &down) {
		t.Errorf("ready without a server: %v, want *store.Unavailable", err)
	}
	server.Start()
	var none *Missing
	for deadline := time.Now().Add(limit); !errors.As(j.Ready(t.Context()), &none) && time.Now().Before(deadline); {
		await(t, "an attempt without tables", attempts)
	}
	for range 3 {
		await(t, "an attempt without tables", attempts)
	}
	if err := j.Ready(t.Context()); !errors.As(err, &none) {
		t.Errorf("ready without tables: %v, want *Missing", err)
	}
	if err := migrate(server.URL()); err != nil {
		t.Fatal(err)
	}
	await(t, "the start", started)
	if err := j.Ready(t.Context()); err != nil {
		t.Errorf("ready: %v", err)
	}
	await(t, "a job", ran)
	for text, want := range map[string]int{"background jobs do not run yet": 2, "database_unavailable": 1, "migration_missing": 1, "background jobs run now": 1} {
		if got := said.with(text); got != want {
			t.Errorf("%q is logged %d times, want %d: once for each cause\n%s", text, got, want, said.text())
		}
	}
}

func TestJobsGoOnAfterTheDatabaseRestarts(t *testing.T) {
	t.Parallel()
	server := storetest.Server(t)
	if err := migrate(server.URL()); err != nil {
		t.Fatal(err)
	}
	cfg, done := idle(), make(chan string, 1)
	var said lines
	cfg.Log = said.logger(slog.LevelInfo)
	cfg.Revoke = func(_ context.Context, id string) error { done <- id; return nil }
	j := begin(t, server.URL(), cfg, fast())
	server.Kill()
	server.Start()
	for j.EnqueueRevoke(t.Context(), "acc") != nil { // on connections that broke
	}
	if got := await(t, "a job after the restart", done); got != "acc" {
		t.Errorf("ran for %q, want acc", got)
	}
	if got := said.with("level=ERROR"); got > 0 {
		t.Errorf("%d errors logged, want warnings at most: it mends itself\n%s", got, said.text())
	}
}

func TestReadySaysWhatIsWrong(t *testing.T) {
	there := migrated(t)
	old := migrated(t)
	storetest.Exec(t, old, "DELETE FROM fluxmcp.river_migration WHERE version = 8")
	for _, c := range []struct{ name, url, code string }{
		{"there is no database", "", "bad_setting"},
		{"there are no tables", storetest.DB(t), "migration_missing"},
		{"the tables are old", old, "migration_missing"},
		{"Start was not called", there, "jobs_unavailable"},
	} {
		err := New(ownOf(t, c.url), Config{}).Ready(t.Context())
		var told interface {
			Code() string
			Hint() string
		}
		if !errors.As(err, &told) || told.Code() != c.code || told.Hint() == "" {
			t.Errorf("%s: got %v, want code %s and a hint", c.name, err, c.code)
		}
	}
	j := begin(t, there, idle(), fast())
	if err := j.Ready(t.Context()); err != nil {
		t.Errorf("while jobs run: %v", err)
	}
	end(t, j)
	var not *NotRunning
	if err := j.Ready(t.Context()); !errors.As(err, &not) || not.RetryAfter() <= 0 {
		t.Errorf("after Close: %v, want *NotRunning", err)
	}
	if err := j.EnqueueRevoke(t.Context(), "a"); err != nil {
		t.Errorf("queue after Close: %v", err)
	}
}

func TestCloseWaitsForJobsUnderWay(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	cfg, working, finish := idle(), make(chan struct{}), make(chan struct{})
	cfg.Revoke = func(ctx context.Context, _ string) error { close(working); <-finish; return ctx.Err() }
	j := begin(t, url, cfg, fast())
	if err := j.EnqueueRevoke(t.Context(), "acc"); err != nil {
		t.Fatal(err)
	}
	await(t, "the job", working)
	closed := make(chan error)
	go func() { closed <- j.Close(context.Background()) }()
	eventually(t, url, "SELECT count(*)::text FROM fluxmcp.river_leader", "0") // it is closing
	select {
	case err := <-closed:
		t.Fatalf("closed with %v while a job runs", err)
	default:
	}
	close(finish)
	if err := await(t, "Close", closed); err != nil {
		t.Errorf("close: %v", err)
	}
	if got := query(t, url, "SELECT state::text FROM fluxmcp.river_job WHERE kind = 'revoke_account'")[0]; got != "completed" {
		t.Errorf("the job is %s once Close has returned, want completed", got)
	}
	if got := query(t, url, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'fluxmcp-jobs'")[0]; got != "0" {
		t.Errorf("%s connections are left, want 0", got)
	}
}

func TestCloseInAHurryLeavesJobsToOthers(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	cfg, working := idle(), make(chan struct{}, 2)
	cfg.Revoke = func(ctx context.Context, _ string) error { working <- struct{}{}; <-ctx.Done(); return ctx.Err() }
	j := begin(t, url, cfg, fast())
	if err := j.EnqueueRevoke(t.Context(), "acc"); err != nil {
		t.Fatal(err)
	}
	await(t, "the job", working)
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.Close(now); !errors.Is(err, context.Canceled) {
		t.Errorf("close: %v, want the context's error: a job was cut off", err)
	}
	if got := query(t, url, "SELECT state::text || attempt FROM fluxmcp.river_job WHERE kind = 'revoke_account'")[0]; got != "available0" {
		t.Errorf("the job is %s, want available, and the attempt not counted", got)
	}
	begin(t, url, idle(), fast())
	eventually(t, url, "SELECT state::text FROM fluxmcp.river_job WHERE kind = 'revoke_account'", "completed")
}

func TestCloseEndsAStartThatDoesNotCome(t *testing.T) {
	cfg := idle()
	p := fast()
	tried := make(chan int, 1000)
	p.start = func(attempt int) time.Duration { tried <- attempt; return time.Hour }
	j := newJobs(ownOf(t, storetest.DB(t)), cfg, p)
	if err := j.Close(t.Context()); err != nil {
		t.Errorf("close before the start: %v", err)
	}
	if j.Start(t.Context()); j.stop != nil {
		t.Error("started after Close, want nothing to begin that nobody would end")
	}
	j = newJobs(ownOf(t, storetest.DB(t)), cfg, p)
	j.Start(t.Context())
	await(t, "an attempt", tried)
	end(t, j)
	end(t, j)
}

// TestPollingWhereNotificationsDoNotCome stands for a pooler in transaction
// mode: it takes LISTEN, and delivers nothing.
func TestPollingWhereNotificationsDoNotCome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		deaf bool
	}{{"notifications come", false}, {"they do not", true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t, migrated(t))
			w.deaf.Store(c.deaf)
			cfg, done := idle(), make(chan string, 1)
			cfg.Revoke = func(_ context.Context, id string) error { done <- id; return nil }
			p := fast()
			if p.poll = time.Minute; c.deaf { // so that only a notification, or only a poll, can find the job
				p.probe = 300 * time.Millisecond
			}
			j := begin(t, w.url, cfg, p)
			if j.running.polling != c.deaf {
				t.Errorf("polling: %v, want %v", j.running.polling, c.deaf)
			}
			if err := j.EnqueueRevoke(t.Context(), "acc"); err != nil {
				t.Fatal(err)
			}
			await(t, "the job", done)
		})
	}
}

func TestTablesAreThoseOfThisRiver(t *testing.T) {
	m, err := rivermigrate.New(riverpgxv5.New(nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	all := m.AllVersions()
	if got := all[len(all)-1].Version; got != tables {
		t.Errorf("tables is %d, want %d, the newest of this River", tables, got)
	}
}
