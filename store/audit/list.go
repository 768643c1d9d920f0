package audit

import (
	"context"
	_ "embed" // the SQL text
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/list.sql
var listSQL own.SQL

// Bounds of Filter.Limit.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Filter says which rows List returns. Zero members do not restrict.
type Filter struct {
	Since, Until time.Time // Since <= at < Until
	Principal    string    // a subject of any issuer, or issuer|subject
	Tool         string
	Outcome      string
	Limit        int   // 0: DefaultLimit; at most MaxLimit
	Before       int64 // rows that stand behind the one of this id: the last of the page before
}

// List returns the rows that fit f, the newest first, by the time of the call
// and then in the order they were stored. Rows of the last moments may still
// be queued.
//
// Errors: *Missing, those of store.Own.
func (l *Log) List(ctx context.Context, f Filter) ([]Row, error) {
	issuers, subjects := principals(f.Principal)
	rows, err := store.OwnAll[Row](ctx, l.rows.own, listSQL, moment(f.Since), moment(f.Until), issuers, subjects,
		text(f.Principal, maxPrincipal), text(f.Tool, maxTool), text(f.Outcome, maxID), limit(f.Limit), f.Before)
	if err != nil {
		return nil, fmt.Errorf("list audit rows: %w", known(err))
	}
	return rows, nil
}

// principals returns the pairs of issuer and subject that s may mean: both can
// hold the separator.
func principals(s string) (issuers, subjects []string) {
	issuers, subjects = []string{}, []string{}
	for i := range len(s) {
		if s[i] == '|' {
			issuers = append(issuers, text(s[:i], maxPrincipal))
			subjects = append(subjects, text(s[i+1:], maxPrincipal))
		}
	}
	return issuers, subjects
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func limit(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return min(n, MaxLimit)
}
