package audit

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
)

// Unavailable says that a call could not be recorded before it acts, so that
// it must not run. It reaches the agent.
type Unavailable struct{ err error }

// Error says what did not happen.
func (e *Unavailable) Error() string {
	return "the call could not be recorded in the audit log, so it did not run"
}

// Unwrap gives the cause, for logs.
func (e *Unavailable) Unwrap() error { return e.err }

// Code is audit_unavailable.
func (e *Unavailable) Code() string { return "audit_unavailable" }

// Hint says to wait, and whom to ask.
func (e *Unavailable) Hint() string {
	return "Try again in a few seconds; if it stays so, ask the operator to run `fluxmcp doctor`."
}

// RetryAfter is how long a restart of PostgreSQL usually takes.
func (e *Unavailable) RetryAfter() time.Duration { return 5 * time.Second }

// LogCause is what the operator may see and the agent may not.
func (e *Unavailable) LogCause() string { return cause(e.err) }

// Missing says that the database has no table for the record.
type Missing struct{}

// Error names the table.
func (e *Missing) Error() string { return "the table fluxmcp.audit_log does not exist" }

// Code is migration_missing.
func (e *Missing) Code() string { return "migration_missing" }

// Hint names the command that makes it.
func (e *Missing) Hint() string { return "Run `fluxmcp migrate up`." }

// NoRight says that the login may not add rows to the table.
type NoRight struct{}

// Error names the table.
func (e *NoRight) Error() string {
	return "the role of DATABASE_URL may not insert into fluxmcp.audit_log"
}

// Code is permission_denied.
func (e *NoRight) Code() string { return "permission_denied" }

// Hint names the two rights.
func (e *NoRight) Hint() string {
	return "Grant the role of DATABASE_URL USAGE on schema fluxmcp and INSERT on fluxmcp.audit_log."
}

// Lost says how many rows were not stored when Close gave up.
type Lost struct{ Rows int }

// Error gives the number.
func (e *Lost) Error() string { return fmt.Sprintf("%d audit rows were not stored", e.Rows) }

// cause is what the log may hold of err. PostgreSQL's refusal of a value quotes
// the value, so of those it is the SQLSTATE alone.
func cause(err error) string {
	var q *store.QueryError
	var logged interface{ LogCause() string }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &q) && refused(err):
		return "SQLSTATE " + q.SQLState
	case errors.As(err, &logged) && logged.LogCause() != "":
		return logged.LogCause()
	default:
		return err.Error()
	}
}

// refused tells whether PostgreSQL refuses a row for what is in it: data
// exception, integrity constraint or program limit.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
func refused(err error) bool {
	var q *store.QueryError
	return errors.As(err, &q) &&
		(strings.HasPrefix(q.SQLState, "22") || strings.HasPrefix(q.SQLState, "23") || strings.HasPrefix(q.SQLState, "54"))
}

// standing tells whether err lasts until the operator acts: a missing table,
// right or setting.
func standing(err error) bool {
	var q *store.QueryError
	return errors.As(err, new(*Missing)) || errors.As(err, new(*store.NoDatabase)) || errors.As(err, new(*store.BadURL)) ||
		errors.As(err, &q) && strings.HasPrefix(q.SQLState, "42")
}
