package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// ownCancelGrace is how long a server that was told to cancel a statement of
// ours may take to say so; it is short because callers have bounds of seconds.
const ownCancelGrace = 500 * time.Millisecond

// ownBounds sets the bounds of one transaction. They are set locally in each,
// because a pooler may give the next one another connection, and refuses them
// as startup parameters. pg_temp stands last: where it is not named, temporary
// tables would come before everything.
const ownBounds = `SELECT pg_catalog.set_config('search_path','pg_catalog, pg_temp',true)` +
	`,pg_catalog.set_config('statement_timeout','5000',true)` +
	`,pg_catalog.set_config('idle_in_transaction_session_timeout','5000',true)` +
	`,pg_catalog.set_config('standard_conforming_strings','on',true)` +
	`,pg_catalog.set_config('DateStyle','ISO, YMD',true),pg_catalog.set_config('IntervalStyle','postgres',true)` +
	`,pg_catalog.set_config('TimeZone','UTC',true),pg_catalog.set_config('bytea_output','hex',true)` +
	`,pg_catalog.set_config('extra_float_digits','1',true),pg_catalog.set_config('jit','off',true)`

// Own runs fluxmcp's own statements on fluxmcp's own tables, as the login of
// Config.URL or Config.Locate, never of QueryURL. Its few connections are apart
// from those of reads, so that agents' queries cannot keep it waiting, and are
// made when first used. Only packages under store can give it a text. A
// statement is stopped by the server after 5 s. It is safe for concurrent use.
//
// Errors of all methods: *NoDatabase, *Busy, *Unavailable, *OwnFailed (in which a
// *QueryError is), or the context's error.
type Own struct {
	db   *DB
	pool *pgxpool.Pool // nil: there is no such database
}

// NoDatabase says that fluxmcp has no database to keep its own tables in.
type NoDatabase struct{}

// Error names the setting that is missing.
func (e *NoDatabase) Error() string {
	return "DATABASE_URL is not set, so fluxmcp has no database for its own tables"
}

// Code is bad_setting.
func (e *NoDatabase) Code() string { return "bad_setting" }

// Hint says what to set.
func (e *NoDatabase) Hint() string {
	return "Set DATABASE_URL to the database in which fluxmcp may keep its own tables."
}

// Own returns the part of db that keeps fluxmcp's own tables; it is never nil.
func (db *DB) Own() *Own { return db.own }

// Conns is how many connections there are at most.
func (o *Own) Conns() int { return int(o.db.cfg.OwnConns) }

func newOwn(db *DB) (*Own, error) {
	o := &Own{db: db}
	if db.cfg.URL == "" && db.locator == nil {
		return o, nil
	}
	pc, err := ownConfig(db.cfg)
	if err != nil {
		return nil, err
	}
	if db.locator != nil {
		pc.BeforeConnect = db.locator.point
	}
	if o.pool, err = pgxpool.NewWithConfig(context.Background(), pc); err != nil {
		return nil, fmt.Errorf("prepare fluxmcp's own connections: %w", err)
	}
	return o, nil
}

func ownConfig(cfg Config) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, &BadURL{err: err}
	}
	pc.MaxConns = cfg.OwnConns
	pc.MinConns, pc.MinIdleConns = 0, 0
	pc.MaxConnIdleTime = 5 * time.Minute
	if pc.ConnConfig.RuntimeParams["application_name"] == "" {
		pc.ConnConfig.RuntimeParams["application_name"] = "fluxmcp-own"
	}
	tuneConn(pc.ConnConfig)
	pc.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: ownCancelGrace}
	}
	return pc, nil
}

func (o *Own) close() {
	if o.pool != nil {
		o.pool.Close()
	}
}

// Exec runs one statement in a transaction of its own, in one network round
// trip, and returns the number of rows it changed. An error other than
// *QueryError leaves open whether the statement took effect.
func (o *Own) Exec(ctx context.Context, sql own.SQL, args ...any) (int64, error) {
	var changed int64
	err := o.once(ctx, sql, args, func(answer pgx.BatchResults) error {
		tag, err := answer.Exec()
		changed = tag.RowsAffected()
		return err
	})
	return changed, err
}

// Read is Exec for a statement that returns rows, and hands them to scan.
func (o *Own) Read(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error {
	return o.once(ctx, sql, args, func(answer pgx.BatchResults) error {
		rows, err := answer.Query()
		if err != nil {
			return err
		}
		return scanned(rows, scan)
	})
}

// OwnAll runs a statement in a transaction of its own and returns its rows as
// values of T, by position.
func OwnAll[T any](ctx context.Context, o *Own, sql own.SQL, args ...any) ([]T, error) {
	var all []T
	err := o.Read(ctx, sql, args, func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return all, err
}

// once sends bounds and statement together. Without a BEGIN the server makes
// one transaction of what comes before the Sync, and commits it there.
// Source: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING
func (o *Own) once(ctx context.Context, sql own.SQL, args []any, read func(pgx.BatchResults) error) error {
	conn, err := o.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	var batch pgx.Batch
	batch.Queue(ownBounds)
	batch.Queue(string(sql), args...)
	answer := conn.SendBatch(ctx, &batch)
	_, err = answer.Exec()
	if err == nil {
		err = read(answer)
	}
	if closed := answer.Close(); err == nil {
		err = closed // the commit's own error
	}
	return o.failed(ctx, conn.Conn(), err)
}

// OwnTx is a transaction of Own.Do, valid until its function returns. It is
// not safe for concurrent use. Errors: as Own.
type OwnTx struct {
	own *Own
	tx  pgx.Tx
}

// Do runs act in one transaction, which is committed where act returns nil and
// else rolled back. It returns act's error as it is. When act returned nil and
// Do an error other than *QueryError, the transaction may have been committed.
func (o *Own) Do(ctx context.Context, act func(*OwnTx) error) error {
	conn, err := o.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{BeginQuery: "BEGIN; " + ownBounds})
	if err != nil {
		return o.failed(ctx, conn.Conn(), err)
	}
	defer rollback(ctx, tx)
	if err := act(&OwnTx{own: o, tx: tx}); err != nil {
		return err
	}
	return o.failed(ctx, conn.Conn(), tx.Commit(ctx))
}

// Exec runs one statement and returns the number of rows it changed.
func (t *OwnTx) Exec(ctx context.Context, sql own.SQL, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, string(sql), args...)
	return tag.RowsAffected(), t.own.failed(ctx, t.tx.Conn(), err)
}

// Read runs one statement and hands its rows to scan.
func (t *OwnTx) Read(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error {
	rows, err := t.tx.Query(ctx, string(sql), args...)
	if err == nil {
		err = scanned(rows, scan)
	}
	return t.own.failed(ctx, t.tx.Conn(), err)
}

func scanned(rows pgx.Rows, scan func(pgx.Rows) error) error {
	defer rows.Close()
	if err := scan(rows); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

func (o *Own) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	if o.pool == nil {
		return nil, &NoDatabase{}
	}
	return o.db.acquireFrom(ctx, o.pool, o.db.cfg.OwnConns)
}

// failed gives the error that callers see of a statement on conn. A broken
// connection is rarely the only one, so the others are made anew as well: a
// second attempt then meets a server that has restarted, not the next leftover.
func (o *Own) failed(ctx context.Context, conn *pgx.Conn, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil { // the server answers our cancel request with an error of its own
		return ctx.Err()
	}
	if conn.IsClosed() && !errors.As(err, new(*pgconn.PgError)) {
		err = &Unavailable{err: err}
	}
	err = ownFailed(finalError(err))
	if errors.As(err, new(*Unavailable)) {
		o.pool.Reset()
	}
	return err
}
