// Package rewrite makes the two texts that may stand in for the one given to the guard. It vouches for nothing: the
// guard checks each in full before it hands it out. In any doubt nothing is rewritten.
//
// First: PostgreSQL materialises a function in FROM before the first row comes out: SELECT * FROM
// generate_series(1,100000000) takes ten seconds and a gigabyte of temporary files for the first page. The same call in
// a select list streams. For the one shape where both mean the same, a SELECT over a single generate_series of
// constants, Streamable makes
//
//	FROM (SELECT generate_series(1,100000000) AS g) AS g        of  FROM generate_series(1,100000000) AS g
//
// by inserting at token positions.
//
// Second: the parser's scanner hands comments to the grammar's look-ahead, so that NOT /* … */ IN is a syntax error there
// but not in PostgreSQL. WithoutComments makes a text that parses.
package rewrite

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// Streamable returns the streaming form of a checked SELECT, where there is one.
func Streamable(sql string, stmt *pgquery.SelectStmt) (string, bool) {
	series, call := onlySeries(stmt)
	if call == nil {
		return "", false
	}
	name, outer := "generate_series", " AS generate_series"
	if alias := series.GetAlias(); alias != nil {
		name, outer = alias.GetAliasname(), ""
	}
	if len(series.GetAlias().GetColnames()) > 1 || namesWholeRow(stmt, name, len(series.GetAlias().GetColnames()) > 0) {
		return "", false
	}
	start := int(call.GetLocation())
	end, ok := callEnd(sql, start)
	if !ok {
		return "", false
	}
	inner := "(SELECT " + sql[start:end] + ` AS "` + strings.ReplaceAll(name, `"`, `""`) + `")`
	return sql[:start] + inner + outer + sql[end:], true
}

// onlySeries returns the FROM item and the call when a statement reads one generate_series of constants and nothing
// else.
func onlySeries(stmt *pgquery.SelectStmt) (*pgquery.RangeFunction, *pgquery.FuncCall) {
	if len(stmt.GetFromClause()) != 1 || stmt.WithClause != nil || stmt.Larg != nil {
		return nil, nil
	}
	item := stmt.FromClause[0].GetRangeFunction()
	if item == nil || item.Lateral || item.Ordinality || item.IsRowsfrom || len(item.Coldeflist) > 0 || len(item.Functions) != 1 {
		return nil, nil
	}
	call := item.Functions[0].GetList().GetItems()[0].GetFuncCall()
	if !plainSeries(call) {
		return nil, nil
	}
	return item, call
}

// plainSeries reports whether a call is generate_series of plain arguments, without the clauses of aggregates.
func plainSeries(call *pgquery.FuncCall) bool {
	if tree.Last(call.GetFuncname()) != "generate_series" || len(call.Args) < 2 || call.FuncVariadic || call.AggStar ||
		call.AggDistinct || call.AggFilter != nil || call.Over != nil || len(call.AggOrder) > 0 || call.AggWithinGroup {
		return false
	}
	for _, arg := range call.Args {
		if !plainArgument(arg) {
			return false
		}
	}
	return true
}

// plainArgument reports whether an argument is a constant or a parameter, perhaps cast or negated.
func plainArgument(n *pgquery.Node) bool {
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst, *pgquery.Node_ParamRef:
		return true
	case *pgquery.Node_TypeCast:
		return plainArgument(e.TypeCast.GetArg())
	case *pgquery.Node_AExpr:
		return e.AExpr.GetLexpr() == nil && tree.Last(e.AExpr.GetName()) == "-" && plainArgument(e.AExpr.GetRexpr())
	}
	return false
}

// namesWholeRow reports whether a statement may name the whole row of its FROM item: that is a number for a function
// and a composite for a sub-select. A star of the select list is fine; its columns are the same.
func namesWholeRow(stmt *pgquery.SelectStmt, alias string, renamed bool) (found bool) {
	stars := map[*pgquery.ColumnRef]bool{}
	for _, t := range stmt.TargetList {
		stars[t.GetResTarget().GetVal().GetColumnRef()] = true
	}
	tree.Inspect(stmt, func(message any) bool {
		c, ok := message.(*pgquery.ColumnRef)
		if ok && !stars[c] && len(c.Fields) > 0 && c.Fields[len(c.Fields)-1].GetAStar() != nil {
			found = true
		}
		if ok && renamed && len(c.Fields) == 1 && tree.Last(c.Fields) == alias {
			found = true
		}
		return !found
	})
	return found
}

// callEnd returns the byte after the closing bracket of the call that starts at a byte.
func callEnd(sql string, start int) (int, bool) {
	scanned, err := pgquery.Scan(sql)
	if err != nil {
		return 0, false
	}
	depth := 0
	for _, t := range scanned.GetTokens() {
		if int(t.GetStart()) < start {
			continue
		}
		switch t.GetToken() {
		case pgquery.Token_ASCII_40:
			depth++
		case pgquery.Token_ASCII_41:
			depth--
			if depth == 0 {
				return int(t.GetEnd()), true
			}
		}
	}
	return 0, false
}

// WithoutComments puts blanks in the place of comments, character by character, so that positions stay. It reports whether there were any.
func WithoutComments(sql string) (string, bool) {
	scanned, err := pgquery.Scan(sql)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	done := 0
	for _, t := range scanned.GetTokens() {
		start, end := int(t.GetStart()), int(t.GetEnd())
		isComment := t.GetToken() == pgquery.Token_SQL_COMMENT || t.GetToken() == pgquery.Token_C_COMMENT
		if !isComment || start < done || end > len(sql) {
			continue
		}
		b.WriteString(sql[done:start])
		for _, r := range sql[start:end] {
			b.WriteString(blank(r))
		}
		done = end
	}
	b.WriteString(sql[done:])
	return b.String(), done > 0
}

func blank(r rune) string {
	if r == '\n' || r == '\r' {
		return string(r)
	}
	return " "
}
