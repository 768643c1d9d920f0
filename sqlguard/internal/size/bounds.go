// Package size estimates how large the values are that a statement builds, before it runs: PostgreSQL computes constant
// expressions while planning, where no time limit stops it. It errs upwards for constants and takes an ordinary value
// for what comes out of columns.
package size

import (
	"math"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// upperBound estimates the absolute value of a numeric expression from above. Columns count as m says; without m they
// count as nothing, so that only constants decide. A parameter, or a computation from constants that is not understood,
// may be anything.
func upperBound(n *pgquery.Node, m *measure) float64 {
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst:
		if number, ok := constNumber(e.AConst); ok {
			return math.Abs(number)
		}
		return 0
	case *pgquery.Node_ColumnRef:
		return unknownColumn(m)
	case *pgquery.Node_TypeCast:
		return upperBound(e.TypeCast.GetArg(), m)
	case *pgquery.Node_NamedArgExpr:
		return upperBound(e.NamedArgExpr.GetArg(), m)
	case *pgquery.Node_AExpr:
		return exprBound(e.AExpr, m)
	case *pgquery.Node_FuncCall:
		return callBound(e.FuncCall, m)
	case *pgquery.Node_CoalesceExpr:
		return largest(e.CoalesceExpr.GetArgs(), m)
	case *pgquery.Node_MinMaxExpr:
		return largest(e.MinMaxExpr.GetArgs(), m)
	case *pgquery.Node_CaseExpr:
		return caseBound(e.CaseExpr, m)
	case *pgquery.Node_SubLink:
		bound := unknownColumn(m)
		for _, target := range e.SubLink.GetSubselect().GetSelectStmt().GetTargetList() {
			bound = max(bound, upperBound(target.GetResTarget().GetVal(), m))
		}
		return bound
	case nil:
		return 0
	}
	if m == nil {
		return 0
	}
	return math.Inf(1)
}

func unknownColumn(m *measure) float64 {
	if m == nil {
		return 0
	}
	return m.column()
}

func largest(list []*pgquery.Node, m *measure) float64 {
	bound := 0.0
	for _, n := range list {
		bound = max(bound, upperBound(n, m))
	}
	return bound
}

func caseBound(c *pgquery.CaseExpr, m *measure) float64 {
	bound := upperBound(c.GetDefresult(), m)
	for _, when := range c.GetArgs() {
		bound = max(bound, upperBound(when.GetCaseWhen().GetResult(), m))
	}
	return bound
}

func exprBound(e *pgquery.A_Expr, m *measure) float64 {
	left, right := upperBound(e.GetLexpr(), m), upperBound(e.GetRexpr(), m)
	switch tree.Last(e.GetName()) {
	case "*":
		return left * right
	case "/":
		if divisor, ok := e.GetRexpr().GetNode().(*pgquery.Node_AConst); ok {
			if number, good := constNumber(divisor.AConst); good && number != 0 {
				return left / math.Abs(number)
			}
		}
		return left
	case "%":
		if right > 0 {
			return right
		}
		return left
	case "^":
		return math.Pow(max(left, 1), right)
	case "<<":
		return left * math.Pow(2, min(right, 64))
	}
	return left + right
}

// callBound knows the functions that only shape a number. Of any other, a column makes it an ordinary value; without
// one it may be anything.
func callBound(c *pgquery.FuncCall, m *measure) float64 {
	args := c.GetArgs()
	switch name := tree.Last(c.GetFuncname()); name {
	case "abs", "round", "ceil", "ceiling", "floor", "trunc", "int4", "int8", "int2", "numeric", "float8", "min", "max", "avg",
		"mod", "lag", "lead", "first_value", "last_value", "div":
		return largest(args, m)
	case "random", "sign":
		return 1
	case "length", "char_length", "octet_length", "character_length":
		if m != nil && len(args) == 1 {
			return m.size(args[0], columnSize)
		}
	case "power", "pow":
		if len(args) == 2 {
			return math.Pow(max(upperBound(args[0], m), 1), upperBound(args[1], m))
		}
	case "count", "row_number", "rank", "dense_rank", "ntile":
		return unknownColumn(m)
	}
	if m == nil {
		return 0
	}
	for _, a := range args {
		if reads(a) {
			return m.column()
		}
	}
	return math.Inf(1)
}

// constNumber reads a numeric literal, and a string literal that holds a number (as '9'::int does).
func constNumber(c *pgquery.A_Const) (float64, bool) {
	text := ""
	switch v := c.GetVal().(type) {
	case *pgquery.A_Const_Ival:
		return float64(v.Ival.GetIval()), true
	case *pgquery.A_Const_Fval:
		text = v.Fval.GetFval()
	case *pgquery.A_Const_Sval:
		text = v.Sval.GetSval()
	}
	text = strings.ReplaceAll(strings.TrimSpace(text), "_", "")
	if number, err := strconv.ParseInt(text, 0, 64); err == nil {
		return float64(number), true
	}
	number, err := strconv.ParseFloat(text, 64)
	if math.IsInf(number, 0) {
		return number, true
	}
	return number, err == nil && !math.IsNaN(number)
}

// reads reports whether a column takes part in an expression.
func reads(n *pgquery.Node) (found bool) {
	tree.Inspect(n, func(message any) bool {
		_, column := message.(*pgquery.ColumnRef)
		found = found || column
		return !found
	})
	return found
}
