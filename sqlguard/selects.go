package sqlguard

import (
	"reflect"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// scope is one name a WITH clause makes visible, and what was visible before it. An unqualified relation name in
// scope is the common table expression; a qualified one never is.
type scope struct {
	outer  *scope
	name   string
	inline bool // NOT MATERIALIZED: copied wherever it is named
	stored bool // reads a table: its columns are not constants alone
	uses   int
}

func (s *scope) find(name string) *scope {
	for ; s != nil; s = s.outer {
		if s.name == name {
			return s
		}
	}
	return nil
}

// visitSelect opens a scope, walks the WITH clause by its own rules, then the rest, and closes the scope again. The
// arms of a UNION are SELECTs of their own below this one: they see its WITH clause, it does not see theirs.
func visitSelect(w *walker, message any) bool {
	stmt := message.(*pgquery.SelectStmt)
	outer, level := w.scope, w.level
	w.openFrame(stmt)
	defer w.closeFrame()
	w.found.selects++
	w.level = w.found.selects
	if stmt.IntoClause != nil {
		w.refuse(notReadOnly("SELECT INTO"), stmt.IntoClause.GetRel().GetLocation())
	}
	if len(stmt.LockingClause) > 0 {
		v := notReadOnly("a row lock")
		v.HintText = "Remove FOR UPDATE or FOR SHARE and send the plain SELECT to query."
		w.refuse(v, -1)
	}
	if w.features != 0 {
		w.selectFeatures(stmt)
	}
	if stmt.WithClause != nil {
		tree.Walk(stmt.WithClause, w)
	}
	if w.refusal == nil {
		if size.Projects(stmt) {
			w.found.stacked = append(w.found.stacked, stmt)
		}
		w.selectBody.Children(reflect.ValueOf(stmt), w)
	}
	w.scope, w.level = outer, level
	return false
}

// visitWith brings the names of a WITH clause into scope as PostgreSQL does: with RECURSIVE all at once, without it
// each one after its own body. The caller closes the scope.
func visitWith(w *walker, message any) bool {
	with := message.(*pgquery.WithClause)
	w.forbidFeature(featWith, "WITH", with.GetLocation())
	if with.Recursive {
		w.forbidFeature(featRecursive, "WITH RECURSIVE", with.GetLocation())
		for _, n := range with.Ctes {
			w.bring(n.GetCommonTableExpr())
		}
		w.recursive++
		defer func() { w.recursive-- }()
	}
	for _, n := range with.Ctes {
		before := w.found.stored
		w.walk(n)
		if !with.Recursive {
			w.bring(n.GetCommonTableExpr())
		}
		w.scope.find(n.GetCommonTableExpr().GetCtename()).stored = w.found.stored > before
	}
	return false
}

func (w *walker) bring(cte *pgquery.CommonTableExpr) {
	w.scope = &scope{outer: w.scope, name: cte.GetCtename(),
		inline: cte.GetCtematerialized() == pgquery.CTEMaterialize_CTEMaterializeNever}
	if w.scope.inline {
		w.found.inlined = append(w.found.inlined, w.scope)
	}
}

// selectFeatures applies the policy's words that a SELECT itself can break.
func (w *walker) selectFeatures(stmt *pgquery.SelectStmt) {
	if stmt.Op != pgquery.SetOperation_SETOP_NONE && stmt.Op != pgquery.SetOperation_SET_OPERATION_UNDEFINED {
		w.forbidFeature(featSetOp, strings.TrimPrefix(stmt.Op.String(), "SETOP_"), -1)
	}
	if len(stmt.ValuesLists) > 0 {
		w.forbidFeature(featValues, "VALUES", -1)
	}
	for _, t := range stmt.TargetList {
		if at, ok := starOf(t.GetResTarget().GetVal()); ok {
			w.forbidFeature(featStar, "SELECT *", at)
		}
	}
	if stmt.WhereClause == nil && w.features&featCross != 0 && plainItems(stmt.FromClause) > 1 {
		w.forbidFeature(featCross, "CROSS JOIN", -1)
	}
}

// starOf finds a star in a select list: *, t.*, (composite).*.
func starOf(n *pgquery.Node) (offset int32, ok bool) {
	fields, at := n.GetColumnRef().GetFields(), n.GetColumnRef().GetLocation()
	if ind := n.GetAIndirection(); ind != nil {
		fields, at = ind.GetIndirection(), -1
	}
	return at, len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil
}

// plainItems counts the items of a FROM list that do not depend on another one.
func plainItems(from []*pgquery.Node) int {
	n := 0
	for _, item := range from {
		if item.GetRangeFunction() == nil && item.GetRangeTableFunc() == nil && !item.GetRangeSubselect().GetLateral() {
			n++
		}
	}
	return n
}

// visitJoin applies CROSS JOIN of the policy, and the operator that USING and NATURAL imply.
func visitJoin(w *walker, message any) bool {
	join := message.(*pgquery.JoinExpr)
	if join.IsNatural || len(join.UsingClause) > 0 {
		w.operator([]string{"="}, -1)
		return true
	}
	dependent := plainItems([]*pgquery.Node{join.Rarg}) == 0
	if _, constant := join.Quals.GetNode().(*pgquery.Node_AConst); (join.Quals == nil || constant) && !dependent {
		w.forbidFeature(featCross, "CROSS JOIN", -1)
	}
	return true
}

// visitLateral applies LATERAL of the policy to sub-selects and functions in FROM, and notes what feeds their columns.
func visitLateral(w *walker, message any) bool {
	w.noteDerived(message)
	if message.(interface{ GetLateral() bool }).GetLateral() {
		w.forbidFeature(featLateral, "LATERAL", -1)
	}
	return true
}

// visitSample allows the two built-in sampling methods and those of allowed extensions: the method is a function name.
func visitSample(w *walker, message any) bool {
	sample := message.(*pgquery.RangeTableSample)
	w.forbidFeature(featSample, "TABLESAMPLE", sample.GetLocation())
	method := tree.Texts(sample.GetMethod())
	name := method[len(method)-1]
	builtin := (name == "system" || name == "bernoulli") && (len(method) == 1 || len(method) == 2 && method[0] == "pg_catalog")
	if !builtin && !w.extension[strings.Join(method, ".")] {
		w.refuse(Violation{Rule: ruleFunction, Construct: shown(name), Message: "sampling method " + shown(name) + " is not allowed",
			HintText: "Use TABLESAMPLE BERNOULLI (percent) or SYSTEM (percent)."}, sample.GetLocation())
	}
	w.found.volatile = w.found.volatile || sample.GetRepeatable() == nil
	return true
}
