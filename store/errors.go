package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// QueryError is PostgreSQL's refusal of a statement, or its end by a limit.
// Detail and context lines are left out: they can hold rows.
type QueryError struct {
	SQLState string // five characters
	Message  string
	Advice   string // PostgreSQL's own HINT, may be empty
	Position int    // 1-based character in the statement sent; 0 when unknown
}

// Error gives PostgreSQL's message.
func (e *QueryError) Error() string {
	if e.Position > 0 {
		return fmt.Sprintf("PostgreSQL: %s (SQLSTATE %s, at character %d)", e.Message, e.SQLState, e.Position)
	}
	return fmt.Sprintf("PostgreSQL: %s (SQLSTATE %s)", e.Message, e.SQLState)
}

// Code is timeout for a statement stopped by its time limit, permission_denied
// for a missing privilege, database_busy for exhausted resources, and
// sql_rejected for the rest.
func (e *QueryError) Code() string {
	switch {
	case e.SQLState == "57014":
		return "timeout"
	case e.SQLState == "42501":
		return "permission_denied"
	case strings.HasPrefix(e.SQLState, "53"):
		return "database_busy"
	default:
		return "sql_rejected"
	}
}

// wrongParams is what PostgreSQL answers when params are more or fewer than the
// statement's $1, $2, …
const wrongParams = "08P01"

// Hint says what to do next; the postgres toolset adds what it knows of the tables.
func (e *QueryError) Hint() string {
	switch {
	case e.SQLState == "57014":
		return "Narrow the query with WHERE on an indexed column or aggregate less, and look at explain_query."
	case e.SQLState == "42501":
		return "Call tables for what this connection may read."
	case strings.HasPrefix(e.SQLState, "53"):
		return "Ask for less data at once, or try again in a minute."
	case e.SQLState == wrongParams:
		return "Give params one value for each of $1, $2, … in sql."
	case e.Advice != "":
		return "Correct the SQL: " + e.Advice
	default:
		return "Correct the SQL; call describe_table for the columns and their types."
	}
}

// Unavailable says that no connection to the database could be made or kept.
type Unavailable struct{ err error }

// Error names no host and no user: it reaches the agent.
func (e *Unavailable) Error() string { return "the database cannot be reached" }

// Unwrap gives the cause, for logs.
func (e *Unavailable) Unwrap() error { return e.err }

// Code is database_unavailable.
func (e *Unavailable) Code() string { return "database_unavailable" }

// Hint tells the agent whom to ask.
func (e *Unavailable) Hint() string {
	return "Try again in a few seconds; if it stays so, ask the operator to run `fluxmcp doctor`."
}

// RetryAfter is how long a restart of PostgreSQL usually takes.
func (e *Unavailable) RetryAfter() time.Duration { return 5 * time.Second }

// LogCause is what the operator may see and the agent may not.
func (e *Unavailable) LogCause() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

// LogCause tells the operator of a server that lacks resources, such as disk
// space; other refusals quote the statement and are not logged.
func (e *QueryError) LogCause() string {
	if strings.HasPrefix(e.SQLState, "53") {
		return e.Error()
	}
	return ""
}

// unavailable keeps an error of the one who finds the database, which already
// says what to do, and wraps the rest.
func unavailable(err error) error {
	var told interface {
		error
		Code() string
	}
	var connect *pgconn.ConnectError
	if !errors.As(err, &connect) && errors.As(err, &told) {
		return told
	}
	return &Unavailable{err: err}
}

// Busy says that every connection stayed in use for the whole wait.
type Busy struct{ limit int32 }

// Error gives the limit.
func (e *Busy) Error() string {
	return fmt.Sprintf("all %d database connections are in use by other queries", e.limit)
}

// Code is database_busy.
func (e *Busy) Code() string { return "database_busy" }

// Hint says to wait.
func (e *Busy) Hint() string {
	return "Call again after retry_after_seconds, with fewer queries at the same time."
}

// RetryAfter is a guess at when a connection is free.
func (e *Busy) RetryAfter() time.Duration { return 2 * time.Second }

// BadURL says that a connection URL cannot be parsed. It never shows the URL.
type BadURL struct{ err error }

// Error leaves out the URL, which may hold a password.
func (e *BadURL) Error() string { return "DATABASE_URL or QUERY_DATABASE_URL is not a PostgreSQL URL" }

// Code is bad_setting.
func (e *BadURL) Code() string { return "bad_setting" }

// Hint shows the shape.
func (e *BadURL) Hint() string {
	return "Set it as postgres://USER:PASSWORD@HOST:5432/DATABASE?sslmode=require, with special characters percent-encoded."
}

// TooLarge says that one row is larger than can be held.
type TooLarge struct{ limit int }

// Error gives the limit.
func (e *TooLarge) Error() string {
	return fmt.Sprintf("one row of the result is larger than %d MiB", e.limit>>20)
}

// Code is row_too_large.
func (e *TooLarge) Code() string { return "row_too_large" }

// Hint says how to cut.
func (e *TooLarge) Hint() string {
	return "Select fewer columns, or cut the wide ones with left(column, 1000) or length(column)."
}

// queryError turns a server error into ours.
func queryError(e *pgconn.PgError) error {
	connection := strings.HasPrefix(e.Code, "08") && e.Code != wrongParams
	if strings.HasPrefix(e.Code, "57P") || connection {
		return &Unavailable{err: e}
	}
	return &QueryError{SQLState: e.Code, Message: e.Message, Advice: e.Hint, Position: int(e.Position)}
}
