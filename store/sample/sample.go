// Package sample makes the sample company: three design studios for marching
// arts, their clients, and two years of projects, tasks, files and messages.
//
// Every run makes the same rows: ids, names, texts, numbers and the distances
// between dates come from a fixed seed. Only the calendar moves: dates are
// counted in working days from the day of loading, so "this week" and "overdue"
// always have answers. That day is kept in the table sample_info.
//
// It fills the schema public and knows nothing of fluxmcp's own tables. The
// token tables and the view connected_accounts are there to be refused.
package sample

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed schema.sql
var schemaSQL string

//go:embed finish.sql
var finishSQL string

// loadLock is the advisory lock of loading: "sample" in ASCII.
const loadLock = 0x73616d706c65

// Error is a database that the sample does not fit into. Its code is
// sample_conflict.
type Error struct{ err error }

// Error says what is in the way.
func (e *Error) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Code returns sample_conflict.
func (*Error) Code() string { return "sample_conflict" }

// Hint returns one sentence that says what to do.
func (*Error) Hint() string {
	return "Load the sample company into a database without tables of the same names, such as a new one."
}

// Load makes the sample company in the schema public of the database at url,
// in one transaction, and returns how many rows it wrote: 0 when the company
// is there already. Any number of processes may call it at once. progress,
// which may be nil, is told of each table.
//
// Errors: *Error where the database has tables of the same names.
func Load(ctx context.Context, url string, progress func(string)) (rows int, err error) {
	if progress == nil {
		progress = func(string) {}
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, fmt.Errorf("connect to load the sample: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		done, err := loaded(ctx, tx)
		if err != nil || done {
			return err
		}
		rows, err = fill(ctx, tx, progress)
		return err
	})
	if err != nil {
		return 0, conflict(err)
	}
	return rows, nil
}

// loaded takes the lock for the rest of the transaction and looks.
func loaded(ctx context.Context, tx pgx.Tx) (done bool, err error) {
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1), set_config('search_path', 'public', true)", int64(loadLock)); err != nil {
		return false, fmt.Errorf("wait for another load: %w", err)
	}
	err = tx.QueryRow(ctx, "SELECT to_regclass('public.sample_info') IS NOT NULL").Scan(&done)
	if err != nil {
		return false, fmt.Errorf("look for the sample: %w", err)
	}
	return done, nil
}

func fill(ctx context.Context, tx pgx.Tx, progress func(string)) (rows int, err error) {
	progress("making tables")
	if _, err := tx.Exec(ctx, schemaSQL); err != nil {
		return 0, fmt.Errorf("make the sample's tables: %w", err)
	}
	var today time.Time
	if err := tx.QueryRow(ctx, "SELECT (now() AT TIME ZONE 'UTC')::date").Scan(&today); err != nil {
		return 0, fmt.Errorf("ask for the date: %w", err)
	}
	for _, t := range generate(today) {
		progress(fmt.Sprintf("loading %s (%d)", t.name, len(t.rows)))
		n, err := tx.CopyFrom(ctx, pgx.Identifier{"public", t.name}, t.columns, pgx.CopyFromRows(t.rows))
		if err != nil {
			return 0, fmt.Errorf("load the sample's %s: %w", t.name, err)
		}
		rows += int(n)
	}
	progress("making indexes and views")
	if _, err := tx.Exec(ctx, finishSQL); err != nil {
		return 0, fmt.Errorf("finish the sample's tables: %w", err)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO sample_info (anchor_date, rows) VALUES ($1, $2)", today, rows); err != nil {
		return 0, fmt.Errorf("note the load: %w", err)
	}
	for _, t := range append(tableNames(), "sample_info", "project_progress") {
		if _, err := tx.Exec(ctx, "ANALYZE public."+t); err != nil {
			return 0, fmt.Errorf("analyze the sample: %w", err)
		}
	}
	return rows, nil
}

// conflict recognises names that are taken.
func conflict(err error) error {
	var refused *pgconn.PgError
	// duplicate_table, duplicate_object
	if errors.As(err, &refused) && (refused.Code == "42P07" || refused.Code == "42710") {
		return &Error{err}
	}
	return err
}
