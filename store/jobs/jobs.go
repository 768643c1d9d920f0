// Package jobs does in the background what nobody waits for: it renews tokens
// that will expire, tells providers of disconnected accounts, and deletes what
// may be forgotten. The queue is kept in PostgreSQL by River, in the tables
// fluxmcp.river_*: what was queued survives the process, any number of processes
// share it, and one of them, elected, queues what recurs.
//
// It knows no provider and no token: what a job does is a function of Config,
// and a job holds an id at most. Every job may run twice, since a process can
// die between doing it and noting that it is done.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/fluxstudio/fluxmcp/store"
)

// Defaults of Config.
const (
	DefaultRefreshEvery     = time.Minute
	DefaultCleanEvery       = time.Hour
	DefaultRevokeFor        = 24 * time.Hour
	DefaultWebhookRetention = 30 * 24 * time.Hour
)

// Kinds of jobs, as Config.OnRun and the logs name them.
const (
	KindTend   = "tend_accounts"  // renews what will expire, and finds disconnected accounts that no job is for
	KindRevoke = "revoke_account" // tells a provider, and deletes the account
	KindClean  = "clean_up"       // deletes what may be forgotten
)

// Config says what the jobs do. Refresh, Revoke and Abandon are needed to Start,
// not to queue. All functions are called from any goroutine, several at once,
// and must end with their context.
type Config struct {
	Log *slog.Logger // nil: silent

	// Refresh renews tokens that will expire, and says how many. It has 30 s.
	Refresh func(ctx context.Context) (int, error)
	// Revoke tells the provider that an account was disconnected, and deletes
	// it. One that is gone is no error. It has 20 s.
	Revoke func(ctx context.Context, accountID string) error
	// Abandon deletes an account that Revoke has failed for as long as RevokeFor.
	Abandon func(ctx context.Context, accountID string) error

	RefreshEvery     time.Duration // at least 1 s; 0: DefaultRefreshEvery
	CleanEvery       time.Duration // at least 1 s; 0: DefaultCleanEvery
	RevokeFor        time.Duration // 0: DefaultRevokeFor
	WebhookRetention time.Duration // how long webhooks are kept that are dealt with; 0: DefaultWebhookRetention

	OnStarted func()                                           // jobs run in this process from now on
	OnRun     func(kind string, took time.Duration, err error) // an attempt has ended in this process
}

// Jobs queues jobs and, between Start and Close, runs them. It is safe for
// concurrent use.
type Jobs struct {
	own   *store.Own
	cfg   Config
	pace  pace
	queue *river.Client[pgx.Tx] // only inserts

	mu      sync.Mutex
	stop    context.CancelFunc // ends the attempts to start; nil before Start
	ended   chan struct{}      // closed when they have ended
	closed  bool
	running *running // nil: not started yet, or closed
	cause   error    // why it is not running
}

// running is a River client at work, and its connections.
type running struct {
	client  *river.Client[pgx.Tx]
	pool    *pgxpool.Pool
	polling bool // notifications do not reach it
}

// New prepares jobs on the database of o; it makes no connection.
func New(o *store.Own, cfg Config) *Jobs { return newJobs(o, cfg, usual()) }

func newJobs(o *store.Own, cfg Config, p pace) *Jobs {
	j := &Jobs{own: o, cfg: withDefaults(cfg), pace: p}
	var err error
	if j.queue, err = river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: schema, Logger: j.riverLog()}); err != nil {
		panic("jobs: " + err.Error()) // the configuration is the line above
	}
	return j
}

func withDefaults(cfg Config) Config {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	for _, d := range []struct {
		set *time.Duration
		or  time.Duration
	}{
		{&cfg.RefreshEvery, DefaultRefreshEvery}, {&cfg.CleanEvery, DefaultCleanEvery},
		{&cfg.RevokeFor, DefaultRevokeFor}, {&cfg.WebhookRetention, DefaultWebhookRetention},
	} {
		if *d.set <= 0 {
			*d.set = d.or
		}
	}
	if cfg.OnStarted == nil {
		cfg.OnStarted = func() {}
	}
	if cfg.OnRun == nil {
		cfg.OnRun = func(string, time.Duration, error) {}
	}
	return cfg
}

// Start lets jobs run in this process from now on until Close, whatever becomes
// of ctx. It returns at once: while the database is away or not migrated it
// keeps trying, and says so in the log once for each cause. Call it once.
func (j *Jobs) Start(ctx context.Context) {
	if j.cfg.Refresh == nil || j.cfg.Revoke == nil || j.cfg.Abandon == nil {
		panic("jobs: Start needs Config.Refresh, Revoke and Abandon")
	}
	ctx = context.WithoutCancel(ctx)
	trying, stop := context.WithCancel(ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed || j.stop != nil {
		stop()
		return
	}
	j.stop, j.ended = stop, make(chan struct{})
	go j.start(trying, ctx)
}

// Ready reports whether jobs run in this process: that the database answers, is
// migrated, and Start has come to its end.
//
// Errors: *Missing, *NotRunning, those of store.Own.
func (j *Jobs) Ready(ctx context.Context) error {
	if err := j.migrated(ctx); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running == nil {
		return &NotRunning{err: j.cause}
	}
	return nil
}

// Close takes no more jobs and waits for those under way. When ctx ends first,
// their contexts are cancelled, and they run again later or in another process.
// Queueing still works after it. It may be called again, and without Start.
//
// Errors: the context's error, wrapped, where jobs were cut off.
func (j *Jobs) Close(ctx context.Context) error {
	j.mu.Lock()
	stop, ended := j.stop, j.ended
	j.closed = true
	j.mu.Unlock()
	if stop == nil {
		return nil
	}
	stop()
	select {
	case <-ended:
	case <-time.After(cutOff): // an attempt under way ends soon, and closes what it has begun
	}
	j.mu.Lock()
	r := j.running
	j.running = nil
	j.mu.Unlock()
	if r == nil {
		return nil
	}
	return r.close(ctx)
}

// cutOff is how long jobs may take to end once they are told to.
const cutOff = 2 * time.Second

func (r *running) close(ctx context.Context) error {
	err := r.client.Stop(ctx)
	if err == nil {
		r.pool.Close()
		return nil
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutOff)
	defer cancel()
	if hard := r.client.StopAndCancel(bounded); errors.Is(hard, context.DeadlineExceeded) {
		go r.pool.Close() // a job that does not end may hold a connection for ever
	} else {
		r.pool.Close()
	}
	return fmt.Errorf("wait for background jobs to end: %w", err)
}
