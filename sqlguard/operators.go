package sqlguard

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// operator allows operators of pg_catalog. An unqualified one may still mean one defined elsewhere on the search path:
// the catalog lists those.
func (w *walker) operator(names []string, offset int32) {
	if len(names) == 0 || len(names) == 1 && len(w.shadowOp) == 0 {
		return
	}
	symbol := names[len(names)-1]
	switch {
	case len(names) == 1 && w.shadowOp[symbol]:
		w.refuse(Violation{Rule: ruleOperator, Construct: shown(symbol), Message: "operator " + shown(symbol) + " is overloaded in this database and may not be used",
			HintText: "Write OPERATOR(pg_catalog." + shown(symbol) + ") for the built-in one."}, offset)
	case len(names) > 2 || len(names) == 2 && names[0] != builtins.Schema:
		w.refuse(Violation{Rule: ruleOperator, Construct: shown(strings.Join(names, ".")), Message: "operator " + shown(strings.Join(names, ".")) + " may not be used",
			HintText: "Use a built-in operator, without a schema."}, offset)
	}
}

// operatorNames reads an operator's name list; nil for none.
func operatorNames(list []*pgquery.Node) []string {
	if len(list) == 0 {
		return nil
	}
	return tree.Texts(list)
}

// visitExpr applies the rule of operators, BETWEEN's hidden comparisons included.
func visitExpr(w *walker, message any) bool {
	e := message.(*pgquery.A_Expr)
	if len(e.Name) > 1 || len(w.shadowOp) > 0 {
		names := tree.Texts(e.Name)
		w.operator(names, e.Location)
		if strings.Contains(names[len(names)-1], "BETWEEN") {
			w.operator([]string{"<="}, e.Location)
			w.operator([]string{">="}, e.Location)
		}
	}
	if len(e.Name) > 0 {
		if symbol := tree.Last(e.Name); symbol == "||" || symbol == "^" {
			w.found.growing = append(w.found.growing, size.Growth{Expr: e, Level: w.level, Recursive: w.recursive > 0})
		}
	}
	return true
}

func visitSubLink(w *walker, message any) bool {
	link := message.(*pgquery.SubLink)
	w.operator(operatorNames(link.OperName), link.Location)
	if link.Testexpr != nil && len(link.OperName) == 0 {
		w.operator([]string{"="}, link.Location)
	}
	return true
}

// visitSort applies the rule to ORDER BY … USING operator.
func visitSort(w *walker, message any) bool {
	sort := message.(*pgquery.SortBy)
	w.operator(operatorNames(sort.UseOp), sort.Location)
	return true
}

// visitCase applies the rule to the equality that CASE x WHEN y implies.
func visitCase(w *walker, message any) bool {
	if c := message.(*pgquery.CaseExpr); c.Arg != nil {
		w.operator([]string{"="}, c.Location)
	}
	return true
}
