package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// revokeArgs is what a job of KindRevoke holds.
type revokeArgs struct {
	Account string `json:"account_id"`
}

// Kind names the job.
func (revokeArgs) Kind() string { return KindRevoke }

// InsertOpts queues one job for an account at a time. Attempts go on long after
// RevokeFor, for the case that the database refuses to delete the account.
func (revokeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{
		Queue: queueAccounts, MaxAttempts: 500,
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable,
			rivertype.JobStateRunning, rivertype.JobStateScheduled,
		}},
	}
}

// RevokeTx queues a job for an account that tx disconnects: it runs once tx is
// committed. Where one is queued for it already, there is nothing to do.
//
// Errors: those of store.OwnTx, *Missing.
func (j *Jobs) RevokeTx(ctx context.Context, tx *store.OwnTx, accountID string) error {
	err := tx.Lend(ctx, func(raw pgx.Tx) error {
		_, err := j.queue.InsertTx(ctx, raw, revokeArgs{accountID}, nil)
		return err
	}, own.Key{})
	if err != nil {
		return fmt.Errorf("queue the revocation of an account: %w", missing(err))
	}
	return nil
}

// EnqueueRevoke is RevokeTx in a transaction of its own.
//
// Errors: as RevokeTx.
func (j *Jobs) EnqueueRevoke(ctx context.Context, accountID string) error {
	return j.own.Do(ctx, func(tx *store.OwnTx) error { return j.RevokeTx(ctx, tx, accountID) })
}

// revoke tells the provider, and gives up after RevokeFor. A provider that
// hangs must leave time for that.
func (j *Jobs) revoke(ctx context.Context, job *river.Job[revokeArgs]) error {
	bounded, cancel := context.WithTimeout(ctx, j.pace.timeout*2/3)
	defer cancel()
	err := j.cfg.Revoke(bounded, job.Args.Account)
	if err == nil || ctx.Err() != nil || time.Since(job.CreatedAt) < j.cfg.RevokeFor {
		return err
	}
	if err := j.cfg.Abandon(ctx, job.Args.Account); err != nil {
		return fmt.Errorf("abandon account: %w", err)
	}
	return nil
}

// tendArgs is what a job of KindTend holds.
type tendArgs struct{}

// Kind names the job.
func (tendArgs) Kind() string { return KindTend }

// tend renews tokens that will expire, and queues what was not queued.
func (j *Jobs) tend(ctx context.Context, _ *river.Job[tendArgs]) error {
	left := j.sweep(ctx)
	n, err := j.cfg.Refresh(ctx)
	if n > 0 {
		j.cfg.Log.DebugContext(ctx, "tokens renewed ahead of time", "tokens", n)
	}
	return errors.Join(left, err)
}

// leftSQL finds accounts that are disconnected without a job: who disconnected
// one may have died before queueing it, or the queue's tables were made anew.
const leftSQL own.SQL = `SELECT a.id::text FROM fluxmcp.oauth_accounts a
	WHERE a.status = 'disconnecting' AND NOT EXISTS (SELECT FROM fluxmcp.river_job r
		WHERE r.kind = '` + KindRevoke + `' AND r.finalized_at IS NULL AND r.args @> jsonb_build_object('account_id', a.id))
	LIMIT 100`

// sweep queues jobs for accounts of leftSQL; the rest of more than it finds at
// once is for the next time.
func (j *Jobs) sweep(ctx context.Context) error {
	left, err := store.OwnAll[struct{ Account string }](ctx, j.own, leftSQL)
	if err != nil {
		return fmt.Errorf("look for disconnected accounts: %w", err)
	}
	for _, a := range left {
		if err := j.EnqueueRevoke(ctx, a.Account); err != nil {
			return err
		}
	}
	return nil
}
