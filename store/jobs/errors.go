package jobs

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
)

// Missing says that the database has no tables for the jobs, or old ones.
type Missing struct{}

// Error names the tables.
func (e *Missing) Error() string {
	return "the tables of background jobs, fluxmcp.river_*, are not there"
}

// Code is migration_missing.
func (e *Missing) Code() string { return "migration_missing" }

// Hint names the command that makes them.
func (e *Missing) Hint() string { return "Run `fluxmcp migrate up`." }

// NotRunning says that the database is fine but no jobs run in this process.
type NotRunning struct{ err error }

// Error says so; it names no host and no user.
func (e *NotRunning) Error() string { return "background jobs do not run in this process" }

// Unwrap gives the cause, for logs; nil where Start was not called, or Close was.
func (e *NotRunning) Unwrap() error { return e.err }

// Code is jobs_unavailable.
func (e *NotRunning) Code() string { return "jobs_unavailable" }

// Hint says to wait, and where to look.
func (e *NotRunning) Hint() string {
	return "Wait a few seconds; if it stays so, look for \"background jobs do not run yet\" in the log."
}

// RetryAfter is how long it takes at least until the next attempt.
func (e *NotRunning) RetryAfter() time.Duration { return 5 * time.Second }

// LogCause is what the operator may see.
func (e *NotRunning) LogCause() string { return cause(e.err) }

// failure is what River keeps of an attempt that failed, in the job's row: texts
// of errors can quote what a provider or PostgreSQL said.
type failure struct{ err error }

func (f *failure) Error() string { return code(f.err) }

// Unwrap lets River tell a stop from a failure.
func (f *failure) Unwrap() error { return f.err }

// code is the stable name of the kind of an error.
func code(err error) string {
	var told interface{ Code() string }
	switch {
	case errors.As(err, &told):
		return told.Code()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	default:
		return "internal"
	}
}

// cause is what the log may hold of err.
func cause(err error) string {
	var told interface{ LogCause() string }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &told) && told.LogCause() != "":
		return told.LogCause()
	default:
		return err.Error()
	}
}

// missing makes *Missing of PostgreSQL's answer that a table, column, type or
// schema is not there.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
func missing(err error) error {
	var refused *store.QueryError
	if errors.As(err, &refused) && slices.Contains([]string{"42P01", "42703", "42704", "3F000"}, refused.SQLState) {
		return &Missing{}
	}
	return err
}
