package jobs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// TestMain lets the program be run again as a process that may be killed.
func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		child(role, os.Getenv(childURL))
		return
	}
	os.Exit(m.Run())
}

func migrate(url string) error {
	_, err := store.Migrate(context.Background(), url, store.MigrateLatest)
	return err
}

// migrated is the URL of a fresh database with all tables.
func migrated(t *testing.T) string {
	t.Helper()
	return storetest.Template(t, "jobs", migrate)
}

func ownOf(t *testing.T, url string) *store.Own {
	t.Helper()
	db, err := store.Open(store.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db.Own()
}

// fast is usual without the waits that only real time needs.
func fast() pace {
	p := usual()
	soon := func(int) time.Duration { return 20 * time.Millisecond }
	p.start, p.retry, p.eager = soon, soon, true
	p.poll, p.pollOnly = 100*time.Millisecond, 100*time.Millisecond
	return p
}

// idle is a Config whose jobs do nothing, and recur so rarely that they run
// once, at the start.
func idle() Config {
	return Config{
		Refresh:      func(context.Context) (int, error) { return 0, nil },
		Revoke:       func(context.Context, string) error { return nil },
		Abandon:      func(context.Context, string) error { return nil },
		RefreshEvery: 10 * time.Hour, CleanEvery: 10 * time.Hour,
	}
}

// begin starts jobs that end with the test, and returns once they run.
func begin(t *testing.T, url string, cfg Config, p pace) *Jobs {
	t.Helper()
	started := make(chan struct{})
	cfg.OnStarted = func() { close(started) }
	j := newJobs(ownOf(t, url), cfg, p)
	j.Start(t.Context())
	t.Cleanup(func() { end(t, j) })
	await(t, "jobs to start", started)
	return j
}

func end(t *testing.T, j *Jobs) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := j.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// limit is longer than anything takes that is waited for.
const limit = 40 * time.Second

// await returns what arrives in c.
func await[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(limit):
		t.Fatalf("waited %v for %s", limit, what)
		panic("unreachable")
	}
}

// query runs sql on the database at url and returns its rows of one text.
func query(t *testing.T, url, sql string) []string {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, _ := conn.Query(ctx, sql) // CollectRows returns the error
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return all
}

// eventually runs sql until it gives want: what a job did is noted in its row
// a moment after it is done.
func eventually(t *testing.T, url, sql, want string) {
	t.Helper()
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		got := strings.Join(query(t, url, sql), "; ")
		if got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: got %q after %v, want %q", sql, got, limit, want)
		}
	}
}

// account stores an account of a new person and returns its id.
func account(t *testing.T, url, status string) string {
	t.Helper()
	asked := "NULL"
	if status == "disconnecting" {
		asked = "now()"
	}
	return query(t, url, fmt.Sprintf(`WITH u AS (INSERT INTO fluxmcp.users (issuer, subject) VALUES ('local', gen_random_uuid()::text) RETURNING id)
		INSERT INTO fluxmcp.oauth_accounts (user_id, provider, status, main_kind, provider_user_id, provider_username, disconnect_requested_at)
		SELECT id, 'figma', '%s', 'user', 'u1', 'ada', %s FROM u RETURNING id::text`, status, asked))[0]
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// with counts the lines that contain text.
func (l *lines) with(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

var errRefused = errors.New("refused, with the secret xoxb-1")
