package size

import (
	"math"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// measure estimates sizes of values, in bytes, and numbers used as lengths. It errs upwards for constants and takes
// an ordinary value for columns.
type measure struct {
	root    *pgquery.ParseResult
	largest float64 // number in the statement outside WHERE; 0 until looked for
}

func (m *measure) of(g Growth, column float64) float64 {
	if g.Call != nil {
		return m.call(g.Call, column)
	}
	return m.joined(map[string]float64{}, column, g.Expr.Lexpr, g.Expr.Rexpr)
}

// size estimates one value.
func (m *measure) size(n *pgquery.Node, column float64) float64 {
	switch e := n.GetNode().(type) {
	case nil:
		return 0
	case *pgquery.Node_AConst:
		return float64(len(e.AConst.GetSval().GetSval()) + 16)
	case *pgquery.Node_ColumnRef, *pgquery.Node_ParamRef:
		return column
	case *pgquery.Node_AExpr, *pgquery.Node_CoalesceExpr:
		return m.joined(map[string]float64{}, column, n)
	case *pgquery.Node_FuncCall:
		return m.call(e.FuncCall, column)
	case *pgquery.Node_TypeCast:
		return m.size(e.TypeCast.GetArg(), column)
	}
	return m.parts(n, column)
}

// parts takes the sum of the constants and calls below an expression of any other kind.
func (m *measure) parts(n *pgquery.Node, column float64) float64 {
	sum, columns := 0.0, 0.0
	tree.Inspect(n, func(message any) bool {
		switch e := message.(type) {
		case *pgquery.ColumnRef:
			columns = column
		case *pgquery.FuncCall:
			sum += m.call(e, column)
			return false
		case *pgquery.A_Const:
			sum += float64(len(e.GetSval().GetSval()) + 16)
		}
		return true
	})
	return sum + columns
}

// joined estimates a concatenation: constants add up; of the columns the one named most often counts as often.
func (m *measure) joined(counts map[string]float64, column float64, list ...*pgquery.Node) float64 {
	sum, most := 0.0, 0.0
	var add func(n *pgquery.Node)
	add = func(n *pgquery.Node) {
		switch e := n.GetNode().(type) {
		case *pgquery.Node_ColumnRef:
			key := strings.Join(tree.Texts(e.ColumnRef.GetFields()), ".")
			counts[key]++
			most = max(most, counts[key])
		case *pgquery.Node_AExpr:
			add(e.AExpr.GetLexpr())
			add(e.AExpr.GetRexpr())
		case *pgquery.Node_TypeCast:
			add(e.TypeCast.GetArg())
		case *pgquery.Node_CoalesceExpr:
			for _, a := range e.CoalesceExpr.GetArgs() {
				add(a)
			}
		default:
			sum += m.size(n, column)
		}
	}
	for _, n := range list {
		add(n)
	}
	return sum + most*column
}

// call estimates the result of a function.
func (m *measure) call(c *pgquery.FuncCall, column float64) float64 {
	args := c.GetArgs()
	arg := func(i int) float64 {
		if i >= len(args) {
			return 0
		}
		return m.size(args[i], column)
	}
	switch name := tree.Last(c.GetFuncname()); name {
	case "repeat":
		return text(args, 0, arg) * m.count(args, 1)
	case "lpad", "rpad":
		return 4 * m.count(args, 1)
	case "array_fill":
		return (arg(0) + 8) * m.dimensions(args)
	case "replace":
		return arg(0) * replaceFactor(args, arg)
	case "regexp_replace":
		return arg(0) * max(1, arg(2)-15)
	case "encode", "normalize":
		return 4 * arg(0)
	case "quote_literal", "quote_nullable", "quote_ident", "to_json", "to_jsonb":
		return 2 * arg(0)
	case "format": // %1$s may take a long argument again and again
		if widest := m.widest(args, column); widest > 4*columnSize {
			return text(args, 0, arg) * widest
		}
	case "concat_ws":
		return m.joined(map[string]float64{}, column, args...) + text(args, 0, arg)*float64(len(args))
	case "array_to_string":
		return arg(0) * (1 + text(args, 1, arg)/8)
	case "length", "char_length", "octet_length", "count", "md5", "ascii", "position", "strpos", "sum", "avg":
		return 32
	case "left", "right":
		return min(arg(0), 4*m.count(args, 1))
	}
	return m.joined(map[string]float64{}, column, args...)
}

// widest is the size of the largest argument after the first, beyond an ordinary column's.
func (m *measure) widest(args []*pgquery.Node, column float64) float64 {
	widest := 0.0
	for _, a := range args[min(1, len(args)):] {
		widest = max(widest, m.size(a, column))
	}
	return widest
}

// text is the size of a string argument to be repeated: for a literal its true length.
func text(args []*pgquery.Node, i int, size func(int) float64) float64 {
	if i < len(args) {
		if s, ok := names.Constant(args[i]); ok {
			return float64(len(s))
		}
	}
	return size(i)
}

// replaceFactor is how much longer replace(s, from, to) can be than s. A set that is empty or no literal may match
// every byte.
func replaceFactor(args []*pgquery.Node, size func(int) float64) float64 {
	if len(args) < 3 {
		return 1
	}
	from, okFrom := names.Constant(args[1])
	to, okTo := names.Constant(args[2])
	if okFrom && okTo {
		return max(1, float64(len(to))/float64(max(len(from), 1)))
	}
	return max(1, size(2)/float64(max(len(from), 1))/columnSize)
}

func (m *measure) dimensions(args []*pgquery.Node) float64 {
	if len(args) < 2 {
		return 1
	}
	array := args[1].GetAArrayExpr()
	if array == nil {
		return math.Inf(1)
	}
	product := 1.0
	for _, e := range array.GetElements() {
		product *= m.count([]*pgquery.Node{e}, 0)
	}
	return product
}

// count estimates a number used as a length.
func (m *measure) count(args []*pgquery.Node, i int) float64 {
	if i >= len(args) {
		return 1
	}
	return upperBound(args[i], m)
}

// column is the number assumed for a column: larger where the statement itself makes large numbers.
func (m *measure) column() float64 {
	if m.largest > 0 {
		return m.largest
	}
	m.largest = columnCount
	tree.Inspect(m.root, m.constants)
	return m.largest
}

// constants notes the largest number outside filters: those in WHERE only compare.
func (m *measure) constants(message any) bool {
	switch e := message.(type) {
	case *pgquery.SelectStmt:
		for _, list := range [...][]*pgquery.Node{e.TargetList, e.FromClause, e.ValuesLists, e.WithClause.GetCtes()} {
			for _, n := range list {
				tree.Inspect(n, m.constants)
			}
		}
		for _, list := range [...][]*pgquery.Node{{e.WhereClause, e.HavingClause, e.LimitCount, e.LimitOffset},
			e.SortClause, e.GroupClause, e.DistinctClause, e.WindowClause} {
			for _, n := range list {
				tree.Inspect(n, m.nested)
			}
		}
		for _, arm := range [...]*pgquery.SelectStmt{e.Larg, e.Rarg} {
			if arm != nil {
				m.constants(arm)
			}
		}
		return false
	case *pgquery.A_Const:
		if number, ok := constNumber(e); ok {
			m.largest = max(m.largest, math.Abs(number))
		}
	}
	return true
}

// nested looks for constants in the sub-selects of a filter only.
func (m *measure) nested(message any) bool {
	if s, ok := message.(*pgquery.SelectStmt); ok {
		return m.constants(s)
	}
	return true
}
