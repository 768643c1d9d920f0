package jobs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// worker runs jobs of one kind.
type worker[T river.JobArgs] struct {
	river.WorkerDefaults[T]
	jobs *Jobs
	act  func(context.Context, *river.Job[T]) error
}

// Work makes one attempt.
func (w *worker[T]) Work(ctx context.Context, job *river.Job[T]) error {
	return w.jobs.attempt(ctx, job.JobRow, func() error { return w.act(ctx, job) })
}

// NextRetry is when a job that failed is tried again.
func (w *worker[T]) NextRetry(job *river.Job[T]) time.Time {
	return time.Now().Add(w.jobs.pace.retry(job.Attempt))
}

func (j *Jobs) workers() *river.Workers {
	all := river.NewWorkers()
	river.AddWorker(all, &worker[tendArgs]{jobs: j, act: j.tend})
	river.AddWorker(all, &worker[revokeArgs]{jobs: j, act: j.revoke})
	river.AddWorker(all, &worker[cleanArgs]{jobs: j, act: j.clean})
	return all
}

// attempt runs act, tells of how it ended, and returns what River may keep of
// an error in the job's row: its code.
func (j *Jobs) attempt(ctx context.Context, row *rivertype.JobRow, act func() error) (kept error) {
	began := time.Now()
	err := guarded(act)
	took := time.Since(began)
	j.cfg.OnRun(row.Kind, took, err)
	if err == nil {
		j.cfg.Log.DebugContext(ctx, "background job done", "kind", row.Kind, "job", row.ID, "took", took)
		return nil
	}
	j.cfg.Log.WarnContext(ctx, "background job failed", "kind", row.Kind, "job", row.ID, "attempt", row.Attempt,
		"last", row.Attempt >= row.MaxAttempts, "code", code(err), "cause", cause(err))
	return &failure{err}
}

// guarded makes an error of a panic.
func guarded(act func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return act()
}

// retryAgain is 5 s, 30 s, 2 min, 10 min, 30 min, then an hour, each ± 20 %, so
// that what failed together does not come back together.
func retryAgain(attempt int) time.Duration {
	waits := [...]time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}
	wait := waits[min(max(attempt, 1), len(waits))-1]
	return wait - wait/5 + rand.N(2*wait/5)
}

// periodic is what the leader queues, each once in a period over all processes.
func (j *Jobs) periodic() []*river.PeriodicJob {
	return []*river.PeriodicJob{
		recurring(j.cfg.RefreshEvery, tendArgs{}, river.InsertOpts{Queue: queueAccounts, MaxAttempts: 1}),
		recurring(j.cfg.CleanEvery, cleanArgs{}, river.InsertOpts{Queue: queueHousekeeping, MaxAttempts: 3}),
	}
}

// recurring is queued when a leader starts, too: a process that lives for less
// than a period does its part, and the period keeps a second one away.
func recurring(every time.Duration, args river.JobArgs, opts river.InsertOpts) *river.PeriodicJob {
	opts.UniqueOpts = river.UniqueOpts{ByPeriod: every}
	return river.NewPeriodicJob(spread{every}, func() (river.JobArgs, *river.InsertOpts) { return args, &opts },
		&river.PeriodicJobOpts{RunOnStart: true})
}

// spread falls once into each period, at a random moment of its first half: many
// installations do not ask one provider in the same second. It keeps away from
// the period's beginning, because River queues up to 100 ms early, and that would
// count for the period before.
type spread struct{ every time.Duration }

// Next is a moment of the period after that of t. Periods that the process has
// slept through are left out.
func (s spread) Next(t time.Time) time.Time {
	if now := time.Now(); t.Before(now) {
		t = now
	}
	return t.Truncate(s.every).Add(s.every + s.every/8 + rand.N(3*s.every/8))
}
