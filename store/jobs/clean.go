package jobs

import (
	"context"
	"errors"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// cleanArgs is what a job of KindClean holds.
type cleanArgs struct{}

// Kind names the job.
func (cleanArgs) Kind() string { return KindClean }

const (
	cleanStatesSQL   own.SQL = "SELECT fluxmcp.cleanup_expired_oauth_states()::bigint"
	cleanCacheSQL    own.SQL = "SELECT (figma_deleted + slack_deleted)::bigint FROM fluxmcp.cleanup_expired_cache()"
	cleanWebhooksSQL own.SQL = "SELECT fluxmcp.cleanup_old_webhooks(pg_catalog.make_interval(secs => $1))::bigint"
)

// clean deletes what may be forgotten. One part that fails does not keep the
// others from it.
func (j *Jobs) clean(ctx context.Context, _ *river.Job[cleanArgs]) error {
	return errors.Join(
		j.empty(ctx, "states", cleanStatesSQL),
		j.empty(ctx, "cache", cleanCacheSQL),
		j.empty(ctx, "webhooks", cleanWebhooksSQL, j.cfg.WebhookRetention.Seconds()))
}

// empty runs sql, which deletes some rows and says how many, until none is left.
func (j *Jobs) empty(ctx context.Context, what string, sql own.SQL, args ...any) error {
	var total int64
	for {
		deleted, err := store.OwnAll[struct{ Rows int64 }](ctx, j.own, sql, args...)
		if err != nil {
			return fmt.Errorf("clean up %s: %w", what, err)
		}
		if deleted[0].Rows == 0 {
			break
		}
		total += deleted[0].Rows
	}
	if total > 0 {
		j.cfg.Log.DebugContext(ctx, "cleaned up", "what", what, "rows", total)
	}
	return nil
}
