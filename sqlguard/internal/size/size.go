package size

import (
	"math"
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

const (
	// maxValue is the largest value, in bytes, that a statement may make out of its own constants.
	maxValue = 16 << 20
	// columnSize is the size assumed for a value that comes out of a column, in bytes.
	columnSize = 256
	// columnCount is the number assumed for one that comes out of a column and is used as a length.
	columnCount = 1000
	// maxDigits bounds the decimal digits of a constant power; numeric allows 131,072 and takes seconds for them.
	maxDigits = 10_000
	// maxCopies bounds how often the planner may have to copy one expression.
	maxCopies = 1 << 17
	// maxTotal is the largest sum of values, in bytes, that all expressions of a statement may make together.
	maxTotal = 4 * maxValue
	// minTower is the number of projecting SELECTs below which their copies are not counted.
	minTower = 10
)

// Growth is an expression whose value can be much larger than its arguments: a call, or one of the operators || and ^.
type Growth struct {
	Call      *pgquery.FuncCall // nil for an operator
	Expr      *pgquery.A_Expr   // nil for a call
	Level     int               // number of the SELECT it stands in
	Recursive bool              // stands in a WITH RECURSIVE
}

// place returns where an expression stands and what it is called.
func (g Growth) place() (offset int32, name string) {
	if g.Call != nil {
		return g.Call.GetLocation(), tree.Last(g.Call.GetFuncname())
	}
	return g.Expr.GetLocation(), tree.Last(g.Expr.GetName())
}

// Grows reports whether calls of a built-in function belong into the list Check takes.
func Grows(name string) bool {
	switch name {
	case "repeat", "lpad", "rpad", "replace", "regexp_replace", "array_fill", "encode", "quote_literal", "quote_nullable",
		"quote_ident", "to_json", "to_jsonb", "concat", "concat_ws", "array_to_string", "array_cat", "normalize", "format",
		"power", "pow", "exp", "factorial", "numeric_exp", "dexp":
		return true
	}
	return slows(name)
}

// Finding is an expression that is too large.
type Finding struct {
	Name   string // of the function or operator
	Offset int32  // byte where it stands
}

// Check estimates the largest value the listed expressions of a statement can build. Values flow from one SELECT to
// the next, so the factors of all levels multiply.
func Check(root *pgquery.ParseResult, list []Growth) (Finding, bool) {
	m := measure{root: root}
	constant, factors := float64(columnSize), map[int]float64{}
	for _, g := range list {
		at, name := g.place()
		if hugePower(g) || g.Call != nil && m.slow(g) {
			return Finding{name, at}, true
		}
		small, large := m.of(g, columnSize), m.of(g, 2*columnSize)
		factor := math.Ceil((large - small) / columnSize)
		if small > maxValue || math.IsNaN(small) || g.Recursive && factor >= 2 {
			return Finding{name, at}, true
		}
		factors[g.Level] = max(factors[g.Level], factor, 1)
		constant += max(0, small-factor*columnSize)
	}
	flowing := constant
	for _, f := range factors {
		flowing *= f
	}
	if constant > maxTotal || len(factors) > 1 && flowing > maxValue {
		at, name := list[0].place()
		return Finding{name, at}, true
	}
	return Finding{}, false
}

// hugePower finds powers of constants with more digits than anybody reads. Columns do not count.
func hugePower(g Growth) bool {
	_, name := g.place()
	base, exponent := g.Expr.GetLexpr(), g.Expr.GetRexpr()
	if args := g.Call.GetArgs(); len(args) > 0 {
		base, exponent = args[0], args[len(args)-1]
	}
	e := upperBound(exponent, nil)
	switch name {
	case "^", "power", "pow":
		b := upperBound(base, nil)
		return e > maxDigits || e > 1 && (math.IsInf(b, 1) || e*math.Log10(max(b, 2)) > maxDigits)
	case "exp", "dexp", "numeric_exp":
		return e > maxDigits
	case "factorial":
		return e > maxDigits/5
	}
	return false
}

// Tower reports whether SELECTs that only project what is below them name columns so often, level upon level, that the
// planner would copy the lowest expressions more than a hundred thousand times.
func Tower(stack []*pgquery.SelectStmt) bool {
	copies := 1.0
	if len(stack) < minTower {
		return false
	}
	for _, stmt := range stack {
		copies *= mostNamed(stmt)
	}
	return copies > maxCopies
}

// Projects reports whether a SELECT only renames and computes columns of one FROM item: the planner copies such
// expressions into the level above.
func Projects(s *pgquery.SelectStmt) bool {
	return len(s.FromClause) == 1 && len(s.GroupClause) == 0 && len(s.DistinctClause) == 0 && s.LimitCount == nil && s.HavingClause == nil
}

// mostNamed returns how often the target list names one column in one expression, at most.
func mostNamed(stmt *pgquery.SelectStmt) float64 {
	most := 1
	for _, target := range stmt.TargetList {
		counts := map[string]int{}
		tree.Inspect(target, func(message any) bool {
			if c, ok := message.(*pgquery.ColumnRef); ok {
				key := strings.Join(tree.Texts(c.Fields), ".")
				counts[key]++
				most = max(most, counts[key])
			}
			_, below := message.(*pgquery.SelectStmt)
			return !below
		})
	}
	return float64(most)
}
