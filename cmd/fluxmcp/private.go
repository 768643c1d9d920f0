package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/embedded"
	"github.com/fluxstudio/fluxmcp/store/sample"
)

// privateDatabase is the PostgreSQL that runs where no database is set. It
// starts in the background, so that a client is answered at once, and tries
// again while it cannot.
type privateDatabase struct {
	ready  chan struct{} // closed when it can be used
	failed chan struct{} // closed when the first attempt failed; cause is set before
	cause  atomic.Pointer[error]
	ended  chan struct{} // closed when the attempts have ended
	stop   context.CancelFunc
	state  atomic.Pointer[string] // what is being done
	sample bool                   // it is filled with the sample company
	setup  store.SetupOptions     // of its reader role
	server *embedded.Server       // set before ready is closed
}

// retryPrivate is the pause between attempts to start the private database.
const retryPrivate = 5 * time.Second

// startPrivate begins to start it.
// Errors: those of the settings only; the rest is told by url.
func startPrivate(ctx context.Context, set *settings, log *slog.Logger) (*privateDatabase, error) {
	withSample, err := set.boolean("FLUXMCP_SAMPLE_DATA")
	if err != nil {
		return nil, err
	}
	dir, err := dataDir(set)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	p := &privateDatabase{
		sample: withSample, setup: readerSetup(set), ready: make(chan struct{}), failed: make(chan struct{}), ended: make(chan struct{}), stop: stop,
	}
	opts := embedded.Options{
		Dir:           dir,
		BinDir:        set.text("FLUXMCP_POSTGRES_BIN"),
		RepositoryURL: set.text("FLUXMCP_POSTGRES_REPOSITORY"),
		Log:           log,
		Progress:      p.say,
	}
	p.say("starting PostgreSQL")
	go p.keepTrying(ctx, opts)
	return p, nil
}

// keepTrying makes attempts until one succeeds or ctx ends.
func (p *privateDatabase) keepTrying(ctx context.Context, opts embedded.Options) {
	defer close(p.ended)
	for first := true; ; first = false {
		start := time.Now()
		err := p.attempt(ctx, opts)
		if err == nil {
			opts.Log.Info("private database ready", "duration", time.Since(start))
			close(p.ready)
			return
		}
		if ctx.Err() != nil {
			return
		}
		opts.Log.Error("private database not started", "cause", err.Error())
		p.cause.Store(&err)
		if first {
			close(p.failed)
		}
		select {
		case <-time.After(retryPrivate):
		case <-ctx.Done():
			return
		}
	}
}

func (p *privateDatabase) attempt(ctx context.Context, opts embedded.Options) error {
	server, err := embedded.Start(ctx, opts)
	if err != nil {
		return err
	}
	if err := prepareDatabase(ctx, server.URL(), p.sample, p.setup, p.say); err != nil {
		return errors.Join(err, server.Close())
	}
	p.server = server
	return nil
}

// readerSetup is the reader role that the settings ask for.
func readerSetup(set *settings) store.SetupOptions {
	return store.SetupOptions{Role: set.text("FLUXMCP_READER_ROLE"), Forbidden: append(set.list("FORBIDDEN_TABLES"), ownSchema)}
}

// prepareDatabase migrates the database at url, fills it where asked, and makes
// the reader role.
func prepareDatabase(ctx context.Context, url string, withSample bool, setup store.SetupOptions, say func(string)) error {
	say("migrating")
	if _, err := store.Migrate(ctx, url, store.MigrateLatest); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	if withSample {
		if _, err := sample.Load(ctx, url, say); err != nil {
			return fmt.Errorf("load sample data: %w", err)
		}
		setup.Hide = []string{"users.password_hash"}
	}
	say("preparing the reader role")
	sql, err := store.SetupSQL(setup)
	if err != nil {
		return fmt.Errorf("prepare the reader role: %w", err)
	}
	return store.ApplySetup(ctx, url, sql)
}

// say records what is being done, for callers who wait.
func (p *privateDatabase) say(what string) { p.state.Store(&what) }

// url waits until the database is ready, as long as ctx lets it.
// Errors: *notReady when ctx ends first, and what keeps it from starting.
func (p *privateDatabase) url(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, firstStart)
	defer cancel()
	select {
	case <-p.ready:
		return p.server.URL(), nil
	case <-p.failed:
		return p.urlAfterFailure()
	case <-ctx.Done():
		return "", &notReady{doing: *p.state.Load()}
	}
}

// urlAfterFailure does not wait: the newest failure is told at once.
func (p *privateDatabase) urlAfterFailure() (string, error) {
	select {
	case <-p.ready:
		return p.server.URL(), nil
	default:
		return "", *p.cause.Load()
	}
}

// firstStart is how long a call waits for the private database: less than the
// call's own deadline, so that the caller is told what is going on.
const firstStart = 12 * time.Second

func (p *privateDatabase) close() {
	if p == nil {
		return
	}
	p.stop()
	<-p.ended
	if p.server != nil {
		if err := p.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "fluxmcp: stop private database:", err)
		}
	}
}

// notReady says that the private database is still starting.
type notReady struct{ doing string }

func (e *notReady) Error() string { return "the private database is still starting: " + e.doing }
func (e *notReady) Code() string  { return "database_starting" }
func (e *notReady) Hint() string  { return "Call again after retry_after_seconds." }

// RetryAfter is what the first start on a new machine usually takes.
func (e *notReady) RetryAfter() time.Duration { return 5 * time.Second }

// dataDir is where the private database lives.
func dataDir(set *settings) (string, error) {
	if dir := set.text("FLUXMCP_DATA_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "fluxmcp"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		account, lookup := user.Current()
		if lookup != nil {
			return "", &badSetting{"FLUXMCP_DATA_DIR", "is not set, and there is no home directory", "Set FLUXMCP_DATA_DIR, or DATABASE_URL."}
		}
		home = account.HomeDir
	}
	return filepath.Join(home, ".local", "share", "fluxmcp"), nil
}
