// Package plan reads the plans of PostgreSQL: it turns the JSON of EXPLAIN into
// a text tree and says what stands out. It talks to no database.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Thresholds of Read.
const (
	bigScanRows   = 10_000
	bigScanCost   = 250 // what scanning and filtering that many narrow rows costs, in the planner's units
	misestimate   = 10  // times, either way
	misestimateOf = 100 // rows from which a misestimate matters
	manyLoops     = 1_000
	removedShare  = 10 // rows removed for each row kept
)

// Plan is a plan in text and what stands out in it.
type Plan struct {
	Text        string    // one line a node, two spaces a level
	Findings    []Finding // in the order of the tree, each place once a rule
	Cost        float64   // the planner's total, in its own units
	Rows        float64   // the planner's estimate of rows returned
	Analyzed    bool      // times and actual rows are measured
	PlanningMS  float64   // 0 unless analyzed
	ExecutionMS float64   // 0 unless analyzed
}

// Finding is one thing that stands out. Rule is stable: seq_scan,
// misestimate, spill, loops, rows_removed, cartesian.
type Finding struct {
	Rule   string
	Node   string // such as "Seq Scan on orders"
	Detail string // the figures
	Advice string // one imperative sentence
}

// planNode has the keys of EXPLAIN (FORMAT JSON) that matter here.
// Source: https://www.postgresql.org/docs/current/sql-explain.html
type planNode struct {
	NodeType    string `json:"Node Type"`
	Relation    string `json:"Relation Name"`
	Alias       string
	Index       string     `json:"Index Name"`
	CTE         string     `json:"CTE Name"`
	Function    string     `json:"Function Name"`
	SubplanName string     `json:"Subplan Name"`
	JoinType    string     `json:"Join Type"`
	Strategy    string     `json:"Strategy"`
	TotalCost   float64    `json:"Total Cost"`
	Rows        float64    `json:"Plan Rows"`
	ActualRows  *float64   `json:"Actual Rows"`
	ActualMS    float64    `json:"Actual Total Time"`
	Loops       float64    `json:"Actual Loops"`
	Filter      string     `json:"Filter"`
	JoinFilter  string     `json:"Join Filter"`
	IndexCond   string     `json:"Index Cond"`
	HashCond    string     `json:"Hash Cond"`
	MergeCond   string     `json:"Merge Cond"`
	Removed     float64    `json:"Rows Removed by Filter"`
	RemovedJoin float64    `json:"Rows Removed by Join Filter"`
	SortSpace   string     `json:"Sort Space Type"`
	SortKB      int64      `json:"Sort Space Used"`
	HashBatches int64      `json:"Hash Batches"`
	AggBatches  int64      `json:"HashAgg Batches"`
	DiskKB      int64      `json:"Disk Usage"`
	TempWritten int64      `json:"Temp Written Blocks"`
	Plans       []planNode `json:"Plans"`

	stopsEarly bool // a LIMIT above may take fewer rows than there are
}

type planRoot struct {
	Plan      planNode
	Planning  float64 `json:"Planning Time"`
	Execution float64 `json:"Execution Time"`
}

// Read reads the JSON value of EXPLAIN (FORMAT JSON) or EXPLAIN
// (ANALYZE, FORMAT JSON) of one statement.
func Read(planJSON []byte) (Plan, error) {
	var roots []planRoot
	if err := json.Unmarshal(planJSON, &roots); err != nil {
		return Plan{}, fmt.Errorf("decode plan: %w", err)
	}
	if len(roots) != 1 || roots[0].Plan.NodeType == "" {
		return Plan{}, errors.New("decode plan: not one plan")
	}
	root := roots[0]
	p := Plan{
		Cost: root.Plan.TotalCost, Rows: root.Plan.Rows, Analyzed: root.Plan.ActualRows != nil,
		PlanningMS: root.Planning, ExecutionMS: root.Execution,
	}
	p.Text = planText(&root.Plan)
	p.judge(&root.Plan)
	return p, nil
}

// judge walks the tree, parents first.
func (p *Plan) judge(n *planNode) {
	for _, rule := range []func(*planNode) (Finding, bool){
		seqScan, rowsRemoved, wrongEstimate, spill, nestedLoops, cartesian,
	} {
		f, ok := rule(n)
		f.Node = n.title()
		if ok && !slices.Contains(p.Findings, f) {
			p.Findings = append(p.Findings, f)
		}
	}
	for i := range n.Plans {
		n.Plans[i].stopsEarly = n.NodeType == "Limit" || (n.stopsEarly && !n.readsAll())
		p.judge(&n.Plans[i])
	}
}

// readsAll reports whether the node takes all its input before it gives a row.
func (n *planNode) readsAll() bool {
	return slices.Contains([]string{"Sort", "Aggregate", "Hash", "Materialize", "WindowAgg", "Unique"}, n.NodeType)
}

func seqScan(n *planNode) (f Finding, ok bool) {
	if n.NodeType != "Seq Scan" || n.Filter == "" {
		return f, false
	}
	// Without ANALYZE a plan tells the rows kept, not those read: only the cost tells the size of the table.
	big, read := n.TotalCost > bigScanCost, "the whole table"
	if n.ActualRows != nil {
		rows := (*n.ActualRows + n.Removed) * n.Loops
		big, read = rows > bigScanRows, count(rows)+" rows"
	}
	if !big {
		return f, false
	}
	return Finding{
		Rule:   "seq_scan",
		Detail: fmt.Sprintf("reads %s to apply %s", read, clip(n.Filter)),
		Advice: "Filter on an indexed column, or ask for an index on the filtered columns of " + n.Relation + "; describe_table lists the indexes there are.",
	}, true
}

func rowsRemoved(n *planNode) (f Finding, ok bool) {
	removed := (n.Removed + n.RemovedJoin) * max(n.Loops, 1)
	if n.ActualRows == nil || n.NodeType == "Seq Scan" && n.Removed > bigScanRows {
		return f, false // the sequential scan is the finding
	}
	kept := *n.ActualRows * max(n.Loops, 1)
	if removed <= bigScanRows || removed < removedShare*kept {
		return f, false
	}
	return Finding{
		Rule:   "rows_removed",
		Detail: fmt.Sprintf("drops %s rows to keep %s", count(removed), count(kept)),
		Advice: "Put the most selective condition on an indexed column, so that rows are not read only to be dropped.",
	}, true
}

func wrongEstimate(n *planNode) (f Finding, ok bool) {
	if n.ActualRows == nil || n.Loops == 0 {
		return f, false
	}
	est, act := max(n.Rows, 1), max(*n.ActualRows, 1)
	if max(est, act) < misestimateOf || max(est/act, act/est) < misestimate || (n.stopsEarly && act < est) {
		return f, false
	}
	return Finding{
		Rule:   "misestimate",
		Detail: fmt.Sprintf("planned for %s rows, got %s", count(n.Rows), count(*n.ActualRows)),
		Advice: "Compare plain columns instead of expressions on them; if it stays so, the operator should run ANALYZE on the tables read here.",
	}, true
}

func spill(n *planNode) (f Finding, ok bool) {
	kb := int64(0)
	switch {
	case n.SortSpace == "Disk":
		kb = n.SortKB
	case n.HashBatches > 1, n.AggBatches > 1 && n.DiskKB > 0:
		kb = max(n.DiskKB, n.TempWritten*8)
	default:
		return f, false
	}
	return Finding{
		Rule:   "spill",
		Detail: fmt.Sprintf("did not fit into work_mem and went to disk (%s kB, %d batches)", count(float64(kb)), max(n.HashBatches, n.AggBatches, 1)),
		Advice: "Select fewer columns and filter or aggregate before sorting and joining.",
	}, true
}

func nestedLoops(n *planNode) (f Finding, ok bool) {
	if n.NodeType != "Nested Loop" || len(n.Plans) < 2 {
		return f, false
	}
	inner := n.Plans[len(n.Plans)-1]
	scan := inner.find("Seq Scan")
	loops := inner.Loops
	if n.ActualRows == nil {
		loops = n.Plans[0].Rows
	}
	if loops < manyLoops || (scan == nil && loops < bigScanRows*10) {
		return f, false
	}
	if _, pairs := cartesian(n); pairs {
		return f, false // the missing condition is the finding
	}
	return Finding{
		Rule:   "loops",
		Detail: fmt.Sprintf("runs its inner side (%s) about %s times", inner.title(), count(loops)),
		Advice: "Join on an indexed column of the inner table, or narrow the outer side first.",
	}, true
}

// cartesian finds joins without any condition between two sides of many rows.
func cartesian(n *planNode) (f Finding, ok bool) {
	if n.NodeType != "Nested Loop" || n.JoinFilter != "" || len(n.Plans) < 2 || n.JoinType != "Inner" {
		return f, false
	}
	outer, inner := &n.Plans[0], &n.Plans[len(n.Plans)-1]
	if outer.Rows < 2 || inner.Rows < 2 || outer.Rows*inner.Rows < bigScanRows || inner.depends() {
		return f, false
	}
	return Finding{
		Rule:   "cartesian",
		Detail: fmt.Sprintf("pairs every one of %s rows with every one of %s", count(outer.Rows), count(inner.Rows)),
		Advice: "Add the missing join condition; describe_table lists the foreign keys.",
	}, true
}

// depends reports whether the node's rows depend on the outer side of a
// nested loop, as far as the plan shows it.
func (n *planNode) depends() bool {
	if n.IndexCond != "" || n.NodeType == "Memoize" || n.NodeType == "Function Scan" {
		return true
	}
	return slices.ContainsFunc(n.Plans, func(c planNode) bool { return c.depends() })
}

// find returns the first node of the type in the tree, or nil.
func (n *planNode) find(nodeType string) *planNode {
	if n.NodeType == nodeType {
		return n
	}
	for i := range n.Plans {
		if found := n.Plans[i].find(nodeType); found != nil {
			return found
		}
	}
	return nil
}
