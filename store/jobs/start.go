package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

const (
	schema = "fluxmcp"

	// tables is the version of River's tables that this River needs.
	tables = 8

	// connections are besides the one that waits for notifications, which
	// leaves the pool. River itself needs few: jobs have those of their packages.
	connections = 2
)

// Queues. A kind of job that can hang at a provider must not keep others waiting.
const (
	queueAccounts     = "accounts"
	queueHousekeeping = "housekeeping"
)

// pace is how fast things go. Tests go faster than usual.
type pace struct {
	start    func(attempt int) time.Duration // from a start that failed to the next; attempts count from 1
	retry    func(attempt int) time.Duration // the same for a job
	poll     time.Duration                   // between looks for jobs where notifications come too
	pollOnly time.Duration                   // between looks where they do not
	probe    time.Duration                   // longest wait for the notification that shows it
	timeout  time.Duration                   // longest run of a job
	rescue   time.Duration                   // a job that is said to run for that long has lost its process
	eager    bool                            // what the leader does begins without a random delay
}

func usual() pace {
	return pace{
		start: startAgain, retry: retryAgain, poll: 5 * time.Second, pollOnly: 2 * time.Second, probe: 2 * time.Second,
		timeout: 30 * time.Second, rescue: 90 * time.Second,
	}
}

// startAgain is 1 s, doubled up to 16 s.
func startAgain(attempt int) time.Duration {
	return time.Second << min(attempt-1, 4)
}

// start tries until trying ends or jobs run, whose contexts come from ctx.
func (j *Jobs) start(trying, ctx context.Context) {
	defer close(j.ended)
	var told string
	for attempt := 1; ; attempt++ {
		r, err := j.run(trying, ctx)
		if err == nil && trying.Err() == nil {
			j.started(r, attempt)
			return
		}
		if err == nil {
			_ = r.close(trying) // at once: nobody has been told that it runs
		}
		if trying.Err() != nil {
			return
		}
		told = j.failed(err, told)
		select {
		case <-trying.Done():
			return
		case <-time.After(j.pace.start(attempt)):
		}
	}
}

func (j *Jobs) started(r *running, attempt int) {
	j.mu.Lock()
	j.running, j.cause = r, nil
	j.mu.Unlock()
	if attempt > 1 {
		j.cfg.Log.Info("background jobs run now")
	}
	if r.polling {
		j.cfg.Log.Info("background jobs look for work at intervals: the connection to PostgreSQL passes no notifications")
	}
	j.cfg.OnStarted()
}

// failed keeps why jobs do not run, and logs it unless it was told last.
func (j *Jobs) failed(err error, told string) string {
	j.mu.Lock()
	j.cause = err
	j.mu.Unlock()
	now := code(err)
	if now == "internal" {
		now = cause(err)
	}
	if now != told {
		j.cfg.Log.Warn("background jobs do not run yet", "code", code(err), "cause", cause(err))
	}
	return now
}

// run makes one attempt to start.
func (j *Jobs) run(trying, ctx context.Context) (*running, error) {
	pool, err := j.own.Connect(trying, "fluxmcp-jobs", connections, own.Key{})
	if err != nil {
		return nil, err
	}
	r := &running{pool: pool}
	if err = j.migrated(trying); err == nil {
		r.polling, err = silent(trying, pool, j.pace.probe)
	}
	if err == nil {
		r.client, err = river.NewClient(riverpgxv5.New(pool), j.config(r.polling))
	}
	if err == nil {
		err = r.client.Start(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("start background jobs: %w", err)
	}
	return r, nil
}

func (j *Jobs) config(polling bool) *river.Config {
	poll := j.pace.poll
	if polling {
		poll = j.pace.pollOnly
	}
	return &river.Config{
		Schema: schema,
		Logger: j.riverLog(),
		Queues: map[string]river.QueueConfig{
			queueAccounts:     {MaxWorkers: 4},
			queueHousekeeping: {MaxWorkers: 1},
		},
		Workers:           j.workers(),
		PeriodicJobs:      j.periodic(),
		FetchCooldown:     100 * time.Millisecond,
		FetchPollInterval: poll,
		// Another version of fluxmcp may queue kinds that this one does not know.
		FetchOnlyKnownKinds:  true,
		PollOnly:             polling,
		JobTimeout:           j.pace.timeout,
		RescueStuckJobsAfter: j.pace.rescue,
		TestOnly:             j.pace.eager,

		// A finished job keeps another of the same period away.
		CompletedJobRetentionPeriod: max(24*time.Hour, 2*j.cfg.CleanEvery, 2*j.cfg.RefreshEvery),
		CancelledJobRetentionPeriod: 24 * time.Hour,
		DiscardedJobRetentionPeriod: 7 * 24 * time.Hour,
	}
}

const versionSQL own.SQL = "SELECT coalesce(max(version), 0)::bigint FROM fluxmcp.river_migration WHERE line = 'main'"

// migrated reports whether the queue's tables are there, which they are only
// where all others are that jobs use.
func (j *Jobs) migrated(ctx context.Context) error {
	found, err := store.OwnAll[struct{ Version int64 }](ctx, j.own, versionSQL)
	if err != nil {
		return missing(err)
	}
	if found[0].Version < tables {
		return &Missing{}
	}
	return nil
}

// silent finds out whether notifications reach connections of pool. A pooler
// that lends its connections for a transaction takes LISTEN without complaint
// and delivers nothing.
func silent(ctx context.Context, pool *pgxpool.Pool, limit time.Duration) (bool, error) {
	ear, err := pool.Acquire(ctx)
	if err != nil {
		return false, err
	}
	conn := ear.Hijack() // it does not come back to the pool, where it would go on listening
	defer conn.Close(context.WithoutCancel(ctx))
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return hears(bounded, conn, pool) != nil, ctx.Err()
}

// hears sends a notification by pool and waits for it at conn.
func hears(ctx context.Context, conn *pgx.Conn, pool *pgxpool.Pool) error {
	const channel = "fluxmcp_probe"
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "SELECT pg_catalog.pg_notify($1, '')", channel); err != nil {
		return err
	}
	_, err := conn.WaitForNotification(ctx)
	return err
}
