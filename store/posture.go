package store

import (
	"context"
	_ "embed" // the SQL text
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/posture.sql
var postureSQL own.SQL

// Severity of a Finding or Problem.
const (
	SeverityCritical = "critical"
	SeverityWarning  = "warning"
	SeverityInfo     = "info"
	SeverityOK       = "ok"
)

// SeverityRank orders severities, the worst first.
func SeverityRank(s string) int {
	return slices.Index([]string{SeverityCritical, SeverityWarning, SeverityInfo, SeverityOK}, s)
}

// Problem is one thing that the role running agents' SQL can do beyond reading.
type Problem struct {
	Severity string // critical, warning, or info (nothing to mend before starting)
	What     string // what the role is or can do
	Subject  string // the relation, schema, function or role concerned; empty for the role itself
	Mend     string // the SQL that ends it, for the operator; it may take rights of others that came through PUBLIC
}

// Posture is what the role that runs agents' SQL can do beyond reading.
type Posture struct {
	Role     string    // the role, after SET ROLE
	Problems []Problem // critical first, then warnings, then information; by what and subject
}

// OK reports that the role can only read what it should: no problem is more
// than information.
func (p Posture) OK() bool {
	return !slices.ContainsFunc(p.Problems, func(x Problem) bool { return x.Severity != SeverityInfo })
}

// CheckPosture asks the database what the role that runs agents' SQL can do:
// write or own relations, create objects, read a forbidden relation (name or
// schema.name) or one that shows its rows, reach files, bypass row security.
// `guard setup-sql` prints a script that mends all of it.
func CheckPosture(ctx context.Context, r *Reader, forbidden []string) (Posture, error) {
	schemas, names := splitNames(forbidden)
	problems, err := ReadAll[Problem](ctx, r, withClosure(postureSQL), schemas, names)
	if err != nil {
		return Posture{}, fmt.Errorf("check the reader role: %w", err)
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return SeverityRank(a.Severity) - SeverityRank(b.Severity) })
	type row struct{ Role string }
	role, err := ReadAll[row](ctx, r, `SELECT current_user`)
	if err != nil || len(role) != 1 {
		return Posture{}, fmt.Errorf("ask for the reader role: %w", err)
	}
	return Posture{Role: role[0].Role, Problems: problems}, nil
}

// withClosure puts the closure query where a larger text asks for it.
func withClosure(text own.SQL) own.SQL {
	return own.SQL(strings.Replace(string(text), "/*closure*/", "\n"+string(closureSQL), 1))
}
