package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// Connect prepares a pool of at most conns connections to the same database and
// as the same login, for a library under store that runs statements of its own:
// they have none of the bounds of Own. It makes no connection, but waits until a
// database that Config.Locate tells is found. app is what the operator sees in
// pg_stat_activity. The caller closes the pool.
//
// Errors: *NoDatabase, *Unavailable, *BadURL, or what Config.Locate returned.
func (o *Own) Connect(ctx context.Context, app string, conns int32, _ own.Key) (*pgxpool.Pool, error) {
	if o.pool == nil {
		return nil, &NoDatabase{}
	}
	pc, err := ownConfig(o.db.cfg)
	if err != nil {
		return nil, err
	}
	if o.db.locator != nil {
		if _, err := o.db.locator.await(ctx); err != nil {
			return nil, unavailable(err)
		}
		pc.BeforeConnect = o.db.locator.point
	}
	pc.MaxConns = conns
	pc.ConnConfig.RuntimeParams["application_name"] = app
	pc.ConnConfig.BuildContextWatcherHandler = deadlineOnly
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), pc)
	if err != nil {
		return nil, fmt.Errorf("prepare connections of %s: %w", app, err)
	}
	return pool, nil
}

// deadlineOnly ends a wait without telling the server. Who waits for a
// notification is interrupted every few seconds while the server does nothing
// for it: a cancel request would be a new connection each time, and could meet
// the next statement.
func deadlineOnly(c *pgconn.PgConn) ctxwatch.Handler {
	return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn()}
}

// Lend lets use add to the transaction with a library of its own, for packages
// under store. use must neither commit nor roll back, nor keep it. An error of
// PostgreSQL comes back as from Exec.
func (t *OwnTx) Lend(ctx context.Context, use func(pgx.Tx) error, _ own.Key) error {
	return t.own.failed(ctx, t.tx.Conn(), use(t.tx))
}
