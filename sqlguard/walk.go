package sqlguard

import (
	"reflect"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// walker visits one parse tree; after the first refusal it enters nothing more.
type walker struct {
	*state
	text      string
	scope     *scope
	refusal   *Violation
	found     findings
	frame     *frame
	derived   bool // the next SELECT is the query of a FROM item
	level     int  // number of the SELECT being walked
	recursive int  // WITH RECURSIVE bodies being walked
}

// findings is what a walk learns about an allowed statement, and what the checks after the walk need.
type findings struct {
	relations []Name
	volatile  bool
	catalog   bool // a system relation is read
	selects   int
	tables    int
	stored    int                   // how often something was read that holds rows
	named     []namedArgument       // expressions read as the name of a relation
	growing   []size.Growth         // expressions that can be much larger than their arguments
	inlined   []*scope              // CTEs that are copied wherever they are named
	stacked   []*pgquery.SelectStmt // SELECTs that only project
}

// refuse records the first refusal. A negative offset stands for an unknown place.
func (w *walker) refuse(v Violation, offset int32) {
	if w.refusal != nil {
		return
	}
	v.Position = charPosition(w.text, int(offset))
	w.refusal = &v
}

// Enter applies the rule of a message's type. A type without one is refused.
func (w *walker) Enter(p *tree.Plan, message reflect.Value) bool {
	if w.refusal != nil {
		return false
	}
	if p == nil {
		w.refuse(unknownNode(message.Type().String()), -1)
		return false
	}
	rule := &w.nodes[p.ID]
	if !rule.known {
		w.refuse(unknownNode(p.Name), -1)
		return false
	}
	if rule.visit == nil {
		return true
	}
	return rule.visit(w, message.Interface()) && w.refusal == nil
}

// walk visits a generic node; nil is fine.
func (w *walker) walk(n *pgquery.Node) { tree.Walk(n, w) }

func (w *walker) walkAll(list []*pgquery.Node) {
	for _, n := range list {
		w.walk(n)
	}
}
