package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

var healthSpec = tools.Spec{
	Name:   "database_health",
	Title:  "Check database health",
	Effect: tools.ReadOnly,
	Description: "Look for trouble in the database: cache hit rate, invalid, duplicate and unused indexes, bloat, vacuum lag, " +
		"connections, long transactions, wraparound and sequence headroom. Each finding says what to do; an operator must do it.",
}

type healthArgs struct{}

type healthResult struct {
	Findings []healthFinding `json:"findings" jsonschema:"most severe first"`
	Critical int             `json:"critical"`
	Warnings int             `json:"warnings"`
}

type healthFinding struct {
	Severity string `json:"severity" jsonschema:"critical, warning, info or ok"`
	Area     string `json:"area"`
	Subject  string `json:"subject,omitempty" jsonschema:"table, index, sequence or session"`
	Measure  string `json:"measure" jsonschema:"what was found, with units"`
	Advice   string `json:"advice,omitempty" jsonschema:"what an operator should do"`
}

// health answers the database_health tool.
// Errors: those of inspect.Inspector.Health.
func (h handlers) health(ctx context.Context, _ healthArgs) (healthResult, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return healthResult{}, err
	}
	found, err := h.doctor.Health(ctx)
	if err != nil {
		return healthResult{}, err
	}
	out := healthResult{Findings: make([]healthFinding, len(found.Findings))}
	for i, f := range found.Findings {
		out.Findings[i] = healthFinding{string(f.Severity), f.Area, f.Subject, f.Measure, f.Advice}
		switch out.Findings[i].Severity {
		case "critical":
			out.Critical++
		case "warning":
			out.Warnings++
		}
	}
	return out, nil
}

// Text is a line a finding.
func (r healthResult) Text() string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.Severity + ": " + f.Area)
		if f.Subject != "" {
			b.WriteString(" " + escapes.Replace(f.Subject))
		}
		b.WriteString(": " + escapes.Replace(f.Measure))
		if f.Advice != "" {
			b.WriteString(" | " + escapes.Replace(f.Advice))
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "(%d findings, %d critical, %d warnings)", len(r.Findings), r.Critical, r.Warnings)
	return b.String()
}
