package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/plan"
	"github.com/fluxstudio/fluxmcp/tools"
)

func explainSpec(cfg Config) tools.Spec {
	return tools.Spec{
		Name:   "explain_query",
		Title:  "Explain a query",
		Effect: tools.ReadOnly,
		Description: "Show how PostgreSQL would run a SELECT and what stands out: sequential scans of big tables, misestimates, spills. " +
			"analyze=true also runs it, for at most " + cfg.Timeout.String() + ", and gives real rows and times. Use it when query is slow.",
		Timeout: cfg.callTimeout(),
	}
}

type explainArgs struct {
	SQL     string `json:"sql" jsonschema:"the SELECT itself, without EXPLAIN"`
	Params  []any  `json:"params,omitempty" jsonschema:"values for $1, $2, …"`
	Analyze bool   `json:"analyze,omitempty" jsonschema:"run the statement and measure it"`
}

type explainResult struct {
	Plan        string    `json:"plan" jsonschema:"the plan as an indented tree"`
	Cost        float64   `json:"cost" jsonschema:"the planner's total, in its own units"`
	Rows        float64   `json:"rows" jsonschema:"rows the planner expects to return"`
	ExecutionMS float64   `json:"execution_ms,omitempty" jsonschema:"measured with analyze, milliseconds"`
	Findings    []finding `json:"findings" jsonschema:"what stands out, in the order of the plan"`
}

type finding struct {
	Rule   string `json:"rule" jsonschema:"seq_scan, misestimate, spill, loops, rows_removed or cartesian"`
	Node   string `json:"node"`
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

// explain answers the explain_query tool. What it sends is a text that the
// guard has checked as a whole.
//
// Errors: as query; *tools.BadArgument for an EXPLAIN as sql.
func (h handlers) explain(ctx context.Context, in explainArgs) (explainResult, error) {
	st, err := h.check(ctx, in.SQL) // first alone, so that positions are those of the caller's text
	if err != nil {
		return explainResult{}, err
	}
	if st.IsExplain() {
		return explainResult{}, tools.NewBadArgument("sql begins with EXPLAIN", "Give the SELECT itself; set analyze to true instead of EXPLAIN ANALYZE.")
	}
	prefix := "EXPLAIN (FORMAT JSON) "
	if in.Analyze {
		prefix = "EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) "
	}
	res, err := h.run(ctx, prefix+in.SQL, in.Params, store.Limits{Rows: 1, Bytes: answerBytes, CellBytes: answerBytes, Timeout: h.cfg.Timeout})
	if err != nil {
		return explainResult{}, shiftPosition(err, len(prefix))
	}
	if len(res.Rows) != 1 || res.Rows[0][0].Cut > 0 {
		return explainResult{}, tools.NewBadArgument("the plan is larger than 1 MiB", "Explain a part of the statement.")
	}
	p, err := plan.Read([]byte(res.Rows[0][0].Text))
	if err != nil {
		return explainResult{}, fmt.Errorf("read plan: %w", err)
	}
	out := explainResult{Plan: p.Text, Cost: p.Cost, Rows: p.Rows, ExecutionMS: p.ExecutionMS, Findings: make([]finding, len(p.Findings))}
	for i, f := range p.Findings {
		out.Findings[i] = finding(f)
	}
	return out, nil
}

// shiftPosition moves a position from the text sent to the caller's.
func shiftPosition(err error, by int) error {
	var q *store.QueryError
	if errors.As(err, &q) && q.Position > by {
		q.Position -= by
	}
	return err
}

// Text is the plan, then the findings.
func (r explainResult) Text() string {
	var b strings.Builder
	b.WriteString(strings.TrimRight(r.Plan, "\n"))
	b.WriteString("\n\n")
	if len(r.Findings) == 0 {
		return b.String() + "Nothing stands out."
	}
	lines := make([]string, len(r.Findings))
	for i, f := range r.Findings {
		lines[i] = fmt.Sprintf("- %s: %s. %s", f.Node, f.Detail, f.Advice)
	}
	return b.String() + strings.Join(lines, "\n")
}
