package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// timeoutGrace is how long the server may take to stop a statement at its time
// limit; some of its functions do not look for interrupts.
const timeoutGrace = time.Second

// internalTimeout bounds the catalog queries of this package.
const internalTimeout = 10 * time.Second

// Reader runs statements that the guard has checked, each in its own READ ONLY
// transaction with the reader role, which is always rolled back. It is safe
// for concurrent use.
type Reader struct {
	db    *DB
	types typeNames
}

func newReader(db *DB) *Reader { return &Reader{db: db} }

// Query runs s with params bound to $1, $2, … and returns its rows within lim.
// The usual query takes one network round trip. When ctx ends, the server is
// told to cancel the query.
//
// Errors: *QueryError where PostgreSQL refuses or stops the statement, *Busy,
// *Unavailable, *TooLarge, *BadParam, or the context's error.
func (r *Reader) Query(ctx context.Context, s sqlguard.Statement, params []any, lim Limits) (*Result, error) {
	if s.Text() == "" {
		return nil, errors.New("read: the statement was not checked")
	}
	values, err := encodeParams(params)
	if err != nil {
		return nil, err
	}
	res, err := r.attempt(ctx, s.Text(), values, lim)
	if errors.As(err, new(*staleConn)) {
		res, err = r.attempt(ctx, s.Text(), values, lim)
	}
	if err != nil {
		return nil, finalError(err)
	}
	return res, r.nameTypes(ctx, res.Columns)
}

// attempt runs text once on one connection.
func (r *Reader) attempt(ctx context.Context, text string, values [][]byte, lim Limits) (*Result, error) {
	conn, err := r.db.acquire(ctx)
	if err != nil {
		return nil, err
	}
	role, err := r.role(ctx, conn)
	if err != nil {
		conn.Release()
		return nil, err
	}
	x := &exchange{conn: conn.Conn().PgConn(), lim: lim}
	x.begin(r.prologue(role, lim.Timeout))
	x.statement(text, values)
	bounded, cancel := context.WithTimeout(ctx, lim.Timeout+timeoutGrace)
	defer cancel()
	res, err := x.finish(bounded)
	if x.lingers {
		go func() {
			x.outlast(r.db.closing)
			conn.Release()
		}()
	} else {
		conn.Release()
	}
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return nil, &QueryError{SQLState: "57014", Message: "the statement did not stop at its time limit"}
	}
	return res, err
}

// prologue is the statement that sets the bounds of a transaction. Its values
// are settings of the operator, quoted, never text of a caller.
func (r *Reader) prologue(role string, timeout time.Duration) string {
	ms := strconv.FormatInt(max(timeout.Milliseconds(), 1), 10)
	return "SELECT set_config('statement_timeout','" + ms + "',true)" +
		",set_config('lock_timeout','1000',true)" +
		",set_config('idle_in_transaction_session_timeout','" + ms + "',true)" +
		",set_config('search_path'," + quoteLiteral(r.db.cfg.SearchPath) + ",true)" +
		",set_config('standard_conforming_strings','on',true)" +
		",set_config('DateStyle','ISO, YMD',true),set_config('IntervalStyle','postgres',true)" +
		",set_config('bytea_output','hex',true),set_config('extra_float_digits','1',true)" +
		",set_config('jit','off',true)" +
		",set_config('role'," + quoteLiteral(role) + ",true)"
}

// role tells the role that reads enter on conn: the reader role where it
// exists and the login is a member, else the login itself ("none").
// It asks once a connection.
func (r *Reader) role(ctx context.Context, conn *pgxpool.Conn) (string, error) {
	const key = "fluxmcp.role"
	data := conn.Conn().PgConn().CustomData()
	if role, ok := data[key].(string); ok {
		return role, nil
	}
	role := "none"
	const ask = `SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = $1 AND pg_catalog.pg_has_role(rolname, 'MEMBER')`
	err := conn.QueryRow(ctx, ask, r.db.cfg.ReaderRole).Scan(&role)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", &staleConn{err: err}
	}
	data[key] = role
	return role, nil
}

// Read runs a text of this program, which only packages under store can make,
// in the same kind of transaction as Query and hands its rows to scan.
// Errors: as Query.
func (r *Reader) Read(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error {
	err := r.readOnce(ctx, sql, args, scan)
	if errors.As(err, new(*staleConn)) {
		err = r.readOnce(ctx, sql, args, scan)
	}
	return finalError(err)
}

func (r *Reader) readOnce(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error {
	conn, err := r.db.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	role, err := r.role(ctx, conn)
	if err != nil {
		return err
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return &staleConn{err: err}
	}
	defer rollback(ctx, tx)
	if _, err := tx.Exec(ctx, r.prologue(role, internalTimeout)); err != nil {
		return fmt.Errorf("set bounds of a read: %w", err)
	}
	rows, err := tx.Query(ctx, string(sql), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := scan(rows); err != nil {
		return err
	}
	rows.Close()
	return rows.Err()
}

// ReadAll runs a text of this program and returns its rows as values of T, by position.
func ReadAll[T any](ctx context.Context, r *Reader, sql own.SQL, args ...any) ([]T, error) {
	var all []T
	err := r.Read(ctx, sql, args, func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return all, err
}

// rollback ends tx even when ctx has ended, so that the connection goes back.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = tx.Rollback(ctx) // a failed rollback closes the connection, which rolls back
}

// staleConn marks a failure before the statement had any effect on a
// connection that had broken unnoticed: the read may be tried once more.
type staleConn struct{ err error }

func (e *staleConn) Error() string { return e.err.Error() }
func (e *staleConn) Unwrap() error { return e.err }

// finalError gives the error that callers of this package see.
func finalError(err error) error {
	var pg *pgconn.PgError
	var stale *staleConn
	var down *Unavailable
	switch {
	case err == nil:
		return nil
	case errors.As(err, &down): // also where the server refused the login
		return down
	case errors.As(err, &pg):
		return queryError(pg)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &stale):
		return unavailable(stale.err)
	default:
		return err
	}
}

func quoteLiteral(s string) string {
	quoted := make([]byte, 0, len(s)+2)
	quoted = append(quoted, '\'')
	for i := range len(s) {
		if s[i] == '\'' {
			quoted = append(quoted, '\'')
		}
		quoted = append(quoted, s[i])
	}
	return string(append(quoted, '\''))
}

// typeNames remembers the names of the types outside pgx's own list, such as
// enums, by OID.
type typeNames struct {
	mu    sync.Mutex
	names map[uint32]string
}
