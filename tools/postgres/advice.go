package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
)

// SQLSTATEs that get advice from the catalog.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	undefinedTable  = "42P01"
	undefinedColumn = "42703"
	noPrivilege     = "42501"
	queryCanceled   = "57014"
)

// rejected is PostgreSQL's refusal with what the catalog says about it.
type rejected struct {
	*store.QueryError
	message, hint string
}

func (e *rejected) Error() string { return e.message }
func (e *rejected) Hint() string  { return e.hint }
func (e *rejected) Unwrap() error { return e.QueryError }

// advise adds to err what would have helped: the nearest tables, the columns
// there are, or the indexes to use. Where that cannot be found out, err stays.
func (h handlers) advise(ctx context.Context, st sqlguard.Statement, err error) error {
	var q *store.QueryError
	if !errors.As(err, &q) {
		return err
	}
	switch q.SQLState {
	case undefinedTable:
		return h.adviseTable(ctx, st, q)
	case undefinedColumn, noPrivilege:
		return h.adviseColumns(ctx, st, q)
	case queryCanceled:
		return h.adviseIndexes(ctx, st, q)
	default:
		return q
	}
}

// adviseTable reads the catalog anew, since a missing table may be a new
// schema, and names the nearest tables.
func (h handlers) adviseTable(ctx context.Context, st sqlguard.Statement, q *store.QueryError) error {
	if err := h.catalog.Refresh(ctx); err != nil {
		return q
	}
	for _, name := range st.Relations() {
		d, err := h.tables.Describe(ctx, relationText(name))
		var missing *inspect.NotFound
		switch {
		case errors.As(err, &missing):
			return &rejected{QueryError: q, message: missing.Error(), hint: missing.Hint()}
		case err == nil && d.FullName() != relationText(name):
			return &rejected{QueryError: q, message: q.Message, hint: "Write " + d.FullName() + " instead of " + relationText(name) + "."}
		}
	}
	return &rejected{QueryError: q, message: q.Message, hint: "Call tables for the names there are."}
}

// adviseColumns lists the columns of the tables that the statement names.
func (h handlers) adviseColumns(ctx context.Context, st sqlguard.Statement, q *store.QueryError) error {
	found, err := h.tables.ColumnsOf(ctx, st.Relations())
	if err != nil || len(found) == 0 {
		return q
	}
	parts := make([]string, len(found))
	partial := ""
	for i, t := range found {
		names := make([]string, len(t.Columns))
		for j, c := range t.Columns {
			names[j] = inspect.Ident(c.Name)
		}
		parts[i] = fmt.Sprintf("%s has %s", t.FullName(), strings.Join(names, ", "))
		if t.Partial {
			partial = "; the rest is hidden, so * and whole rows are refused"
		}
	}
	return &rejected{QueryError: q, message: q.Message, hint: "Name the columns there are: " + clip(strings.Join(parts, "; "), 1500) + partial + "."}
}

// adviseIndexes lists what the tables of a statement that ran out of time can
// be searched by.
func (h handlers) adviseIndexes(ctx context.Context, st sqlguard.Statement, q *store.QueryError) error {
	message := fmt.Sprintf("the statement ran longer than %s and was stopped", h.cfg.Timeout)
	found, err := h.tables.IndexesOf(ctx, st.Relations())
	var parts []string
	for _, t := range found {
		for _, ix := range t.Indexes {
			parts = append(parts, ix.Definition)
		}
	}
	hint := q.Hint()
	if err == nil && len(parts) > 0 {
		hint = "Filter by what is indexed, or aggregate less; explain_query shows the plan. Indexes: " + clip(strings.Join(parts, "; "), 1500)
	}
	return &rejected{QueryError: q, message: message, hint: hint}
}

// relationText is a name as it is written in SQL.
func relationText(n sqlguard.Name) string {
	if n.Schema == "" {
		return inspect.Ident(n.Name)
	}
	return inspect.Ident(n.Schema) + "." + inspect.Ident(n.Name)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
