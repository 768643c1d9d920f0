package names

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

const (
	maxFold      = 4096 // bytes; no name is longer
	maxFoldDepth = 200
)

// Constant returns the text of a string literal, through casts, COLLATE and argument names.
func Constant(n *pgquery.Node) (string, bool) {
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst:
		if s := e.AConst.GetSval(); s != nil {
			return s.GetSval(), true
		}
	case *pgquery.Node_TypeCast:
		return Constant(e.TypeCast.GetArg())
	case *pgquery.Node_CollateClause:
		return Constant(e.CollateClause.GetArg())
	case *pgquery.Node_NamedArgExpr:
		return Constant(e.NamedArgExpr.GetArg())
	}
	return "", false
}

// Fold computes the text of a constant expression of literals, ||, and the simple string functions. It reports
// false for anything else; the caller must then assume any text.
func Fold(n *pgquery.Node) (string, bool) { return fold(n, 0) }

func fold(n *pgquery.Node, depth int) (string, bool) {
	if depth > maxFoldDepth {
		return "", false
	}
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst:
		return constText(e.AConst)
	case *pgquery.Node_TypeCast:
		return fold(e.TypeCast.GetArg(), depth+1)
	case *pgquery.Node_CollateClause:
		return fold(e.CollateClause.GetArg(), depth+1)
	case *pgquery.Node_NamedArgExpr:
		return fold(e.NamedArgExpr.GetArg(), depth+1)
	case *pgquery.Node_AExpr:
		if tree.Last(e.AExpr.GetName()) != "||" {
			return "", false
		}
		left, okLeft := fold(e.AExpr.GetLexpr(), depth+1)
		right, okRight := fold(e.AExpr.GetRexpr(), depth+1)
		return left + right, okLeft && okRight && len(left)+len(right) <= maxFold
	case *pgquery.Node_SubLink:
		inner := e.SubLink.GetSubselect().GetSelectStmt()
		if len(inner.GetTargetList()) == 1 && len(inner.GetFromClause()) == 0 {
			return fold(inner.GetTargetList()[0].GetResTarget().GetVal(), depth+1)
		}
	case *pgquery.Node_FuncCall:
		return foldCall(e.FuncCall, depth+1)
	}
	return "", false
}

func constText(c *pgquery.A_Const) (string, bool) {
	switch v := c.GetVal().(type) {
	case *pgquery.A_Const_Sval:
		return v.Sval.GetSval(), len(v.Sval.GetSval()) <= maxFold
	case *pgquery.A_Const_Ival:
		return strconv.Itoa(int(v.Ival.GetIval())), true
	}
	return "", false
}

func foldCall(call *pgquery.FuncCall, depth int) (string, bool) {
	args := make([]string, len(call.GetArgs()))
	for i, a := range call.GetArgs() {
		var ok bool
		if args[i], ok = fold(a, depth); !ok {
			return "", false
		}
	}
	if len(args) == 0 || len(args) > 64 {
		return "", false
	}
	result, ok := foldStrings(tree.Last(call.GetFuncname()), args)
	return result, ok && len(result) <= maxFold
}

// foldStrings repeats the string functions whose result for constants is plain to see. Case does not matter: names
// compare without it.
func foldStrings(name string, args []string) (string, bool) {
	first := args[0]
	switch {
	case name == "concat":
		return strings.Join(args, ""), true
	case name == "concat_ws":
		return strings.Join(args[1:], first), true
	case name == "replace" && len(args) == 3 && args[1] != "" && len(first)*(len(args[2])+1) <= maxFold:
		return strings.ReplaceAll(first, args[1], args[2]), true
	case name == "translate" && len(args) == 3:
		return translated(first, []rune(args[1]), []rune(args[2])), true
	case len(args) == 1:
		return foldOne(name, first)
	case name == "left" || name == "right" || name == "substr" || name == "substring":
		return slice(name, first, args[1:])
	}
	return "", false
}

func foldOne(name, s string) (string, bool) {
	switch name {
	case "lower", "upper", "initcap", "quote_ident", "text", "name", "varchar", "regclass", "to_regclass", "regtype", "to_regtype":
		return s, true
	case "btrim", "ltrim", "rtrim":
		return strings.Trim(s, " "), true
	case "reverse":
		runes := []rune(s)
		for i, j := 0, len(runes)-1; i < j; i, j = i+1, j-1 {
			runes[i], runes[j] = runes[j], runes[i]
		}
		return string(runes), true
	case "chr":
		code, err := strconv.Atoi(s)
		return string(rune(code)), err == nil && utf8.ValidRune(rune(code))
	}
	return "", false
}

// slice repeats left, right and substr for plain positive numbers.
func slice(name, s string, args []string) (string, bool) {
	runes := []rune(s)
	from, err := strconv.Atoi(args[0])
	if err != nil || from < 0 {
		return "", false
	}
	switch {
	case name == "left":
		return string(runes[:min(from, len(runes))]), true
	case name == "right":
		return string(runes[max(0, len(runes)-from):]), true
	case from < 1:
		return "", false
	}
	start, end := min(from-1, len(runes)), len(runes)
	if len(args) > 1 {
		length, err := strconv.Atoi(args[1])
		if err != nil || length < 0 {
			return "", false
		}
		end = min(start+length, len(runes))
	}
	return string(runes[start:end]), true
}

func translated(s string, from, to []rune) string {
	return strings.Map(func(r rune) rune {
		for i, f := range from {
			if f == r && i < len(to) {
				return to[i]
			}
			if f == r {
				return -1
			}
		}
		return r
	}, s)
}
