package store

import (
	"errors"
	"strings"
	"time"
)

// OwnFailed is PostgreSQL's refusal of a statement on fluxmcp's own tables.
// Unlike *QueryError, which it unwraps to, it is nothing that a caller's SQL
// could mend, so its text tells nothing of the statement.
type OwnFailed struct{ err *QueryError }

// ownFailed tells the refusals of our own statements from those of callers' SQL.
func ownFailed(err error) error {
	var q *QueryError
	if errors.As(err, &q) {
		return &OwnFailed{q}
	}
	return err
}

// Error says what kind of refusal it is.
func (e *OwnFailed) Error() string {
	switch e.Code() {
	case "migration_missing":
		return "the database lacks some of fluxmcp's own tables"
	case "own_tables_denied":
		return "the login of DATABASE_URL may not use fluxmcp's own tables"
	case "database_busy":
		return "the database has no room for fluxmcp's own tables at present"
	default:
		return "the database refuses a statement on fluxmcp's own tables"
	}
}

// Unwrap returns PostgreSQL's own words.
func (e *OwnFailed) Unwrap() error { return e.err }

// Code is migration_missing, own_tables_denied, database_busy or own_tables_failed.
func (e *OwnFailed) Code() string {
	switch state := e.err.SQLState; {
	case state == "42P01", state == "3F000", state == "42703", state == "42883": // no such table, schema, column or function
		return "migration_missing"
	case state == "42501":
		return "own_tables_denied"
	case state == "57014", state == "55P03", strings.HasPrefix(state, "53"): // out of time, locked, out of room
		return "database_busy"
	default:
		return "own_tables_failed"
	}
}

// Hint says who can do what.
func (e *OwnFailed) Hint() string {
	switch e.Code() {
	case "migration_missing":
		return "Ask the operator to run `fluxmcp migrate up`."
	case "own_tables_denied":
		return "Ask the operator to run `fluxmcp doctor`."
	case "database_busy":
		return "Try again after retry_after_seconds."
	default:
		return "Do not retry more than once; ask the operator to look at the log."
	}
}

// RetryAfter is when the same may succeed; zero: never.
func (e *OwnFailed) RetryAfter() time.Duration {
	if e.Code() == "database_busy" {
		return 5 * time.Second
	}
	return 0
}

// LogCause is what the operator may see and the caller may not.
func (e *OwnFailed) LogCause() string { return e.err.Error() }
