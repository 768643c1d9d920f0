package audit

import (
	"context"
	_ "embed" // the SQL texts
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/insert.sql
var insertSQL own.SQL

const settledSQL own.SQL = `SELECT coalesce(pg_catalog.pg_xact_status($1::xid8), '')`

const readySQL own.SQL = `SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'fluxmcp' AND c.relname = 'audit_log'`

// errUnsettled says that the server has not decided on the last transaction yet.
var errUnsettled = errors.New("the last batch is still being committed")

// table is fluxmcp.audit_log.
type table struct {
	own   *store.Own
	doubt string // of append: a transaction of which is not known whether it was committed
}

// append stores rows, all or none. After an error the next call must bring the
// same rows: where the connection broke while it was being committed, append
// finds out what became of them, so that none is stored twice. It is for one
// goroutine.
func (t *table) append(ctx context.Context, rows []Row) error {
	if t.doubt != "" {
		stored, err := t.settled(ctx)
		if err != nil || stored {
			return err
		}
	}
	payload, err := encode(rows)
	if err != nil {
		return fmt.Errorf("encode audit rows: %w", err)
	}
	err = t.own.Do(ctx, func(tx *store.OwnTx) error {
		id, err := insert(func(scan func(pgx.Rows) error) error { return tx.Read(ctx, insertSQL, []any{payload}, scan) })
		if err == nil {
			t.doubt = id // from here to the answer to COMMIT
		}
		return err
	})
	var q *store.QueryError
	if err == nil || errors.As(err, &q) { // a refused COMMIT is a rollback
		t.doubt = ""
	}
	return known(err)
}

// settled tells whether the transaction in doubt was committed.
func (t *table) settled(ctx context.Context) (bool, error) {
	status, err := oneText(func(scan func(pgx.Rows) error) error {
		return t.own.Read(ctx, settledSQL, []any{t.doubt}, scan)
	})
	var q *store.QueryError
	switch {
	case errors.As(err, &q): // the server knows no such transaction: it is another one, or restored
		status = ""
	case err != nil:
		return false, err
	}
	if status == "in progress" {
		return false, errUnsettled
	}
	t.doubt = ""
	return status == "committed", nil
}

// one stores r. A connection that broke while nobody looked is no reason to
// refuse a call, so it tries twice; it is safe for concurrent use.
func (t *table) one(ctx context.Context, r Row) error {
	err := t.tryOne(ctx, r)
	if errors.As(err, new(*store.Unavailable)) {
		err = t.tryOne(ctx, r)
	}
	if refused(err) {
		err = t.tryOne(ctx, ascii(r))
	}
	return err
}

func (t *table) tryOne(ctx context.Context, r Row) error {
	payload, err := encode([]Row{r})
	if err != nil {
		return fmt.Errorf("encode an audit row: %w", err)
	}
	_, err = insert(func(scan func(pgx.Rows) error) error { return t.own.Read(ctx, insertSQL, []any{payload}, scan) })
	return known(err)
}

func (t *table) ready(ctx context.Context) error {
	rights, err := store.OwnAll[struct{ Insert bool }](ctx, t.own, readySQL)
	switch {
	case err != nil:
		return fmt.Errorf("look for the audit table: %w", err)
	case len(rights) == 0:
		return &Missing{}
	case !rights[0].Insert:
		return &NoRight{}
	}
	return nil
}

// insert returns the id of the transaction that the INSERT runs in.
func insert(read func(scan func(pgx.Rows) error) error) (string, error) {
	id, err := oneText(read)
	if err != nil {
		return "", fmt.Errorf("store audit rows: %w", err)
	}
	return id, nil
}

// oneText reads a result of one row whose first column is a text.
func oneText(read func(scan func(pgx.Rows) error) error) (string, error) {
	var text string
	err := read(func(rows pgx.Rows) (err error) {
		text, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		return err
	})
	return text, err
}

// known gives a missing table its own error.
func known(err error) error {
	var q *store.QueryError
	if errors.As(err, &q) && (q.SQLState == "42P01" || q.SQLState == "3F000") {
		return &Missing{}
	}
	return err
}
