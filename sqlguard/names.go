package sqlguard

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// namedArgument is an expression PostgreSQL reads as the name of a relation or type: a cast to regclass or regtype, or
// the arguments of a function that takes one.
type namedArgument struct {
	function string // empty for a cast
	args     []*pgquery.Node
	at       int32
	frame    *frame // the SELECT it stands in
}

// afterwards checks what needs the whole statement: names in strings, and how much memory it may take.
func (w *walker) afterwards(root *pgquery.ParseResult) {
	if len(w.found.named) > 0 || w.found.catalog {
		w.hiddenNames(root)
	}
	if w.refusal == nil {
		w.checkSize(root)
	}
}

// checkSize refuses statements whose constants alone make very large values, or that multiply when they are planned.
func (w *walker) checkSize(root *pgquery.ParseResult) {
	if f, bad := size.Check(root, w.found.growing); bad {
		w.refuse(tooExpensive(f.Name), f.Offset)
	}
	copies := 1
	for _, s := range w.found.inlined {
		copies = min(copies*max(s.uses, 1), 2*maxCopies)
	}
	if copies > maxCopies || size.Tower(w.found.stacked) {
		w.refuse(Violation{Rule: ruleExpensive, Construct: "nested sub-selects", Message: "the sub-selects multiply each other when they are planned",
			HintText: "Name each derived column once a level, or split the SQL into several calls of query."}, -1)
	}
}

// maxCopies bounds how many tables CTEs marked NOT MATERIALIZED may become by being named more than once.
const maxCopies = 1000

func tooExpensive(construct string) Violation {
	return Violation{Rule: ruleExpensive, Construct: construct, Message: construct + " would build a value of many megabytes",
		HintText: "Use a small constant length, and compute long values outside the query."}
}

// hiddenNames refuses forbidden names in strings of a statement that reads a catalog or looks relations up by name.
// Where the text of a name is computed, the computation is repeated when it is simple and refused when it is not.
func (w *walker) hiddenNames(root *pgquery.ParseResult) {
	strict := len(w.found.named) > 0
	tree.Inspect(root, func(message any) bool {
		if n, ok := message.(*pgquery.Node); ok {
			w.checkText(n, strict)
		}
		return w.refusal == nil
	})
	for _, a := range w.found.named {
		for _, arg := range a.args {
			w.checkNamed(a, arg)
		}
	}
}

// checkText compares one expression's constant text with the forbidden names.
func (w *walker) checkText(n *pgquery.Node, strict bool) {
	at, interesting := textual(n)
	if !interesting {
		return
	}
	if text, ok := names.Fold(n); ok {
		if w.mentions(text) {
			w.refuse(Violation{Rule: ruleName, Construct: "'" + shown(text) + "'", Message: "the text '" + shown(text) + "' names a table that may not be read",
				HintText: "Ask about another table; call tables to see those that can be read."}, at)
		}
		return
	}
	if strict && makesText(n) && !reads(n) {
		w.refuse(computedName(), at)
	}
}

// textual reports whether an expression may be constant text, and where it stands.
func textual(n *pgquery.Node) (offset int32, ok bool) {
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst:
		return e.AConst.GetLocation(), e.AConst.GetSval() != nil
	case *pgquery.Node_AExpr:
		name := e.AExpr.GetName()
		symbol := ""
		if len(name) > 0 {
			symbol = name[len(name)-1].GetString_().GetSval()
		}
		return e.AExpr.GetLocation(), symbol == "||" || strings.HasPrefix(symbol, "->") || strings.HasPrefix(symbol, "#>")
	case *pgquery.Node_FuncCall:
		return e.FuncCall.GetLocation(), true
	}
	return -1, false
}

// textMakers are functions that make new text of their arguments and that foldText does not know, or not always.
const textMakers = " format decode encode convert convert_from convert_to translate overlay regexp_replace regexp_substr" +
	" regexp_match regexp_matches regexp_split_to_array regexp_split_to_table split_part string_to_array string_to_table" +
	" array_to_string string_agg unistr lpad rpad repeat quote_literal quote_nullable normalize set_byte json_build_object" +
	" jsonb_build_object json_object jsonb_object json_build_array jsonb_build_array json_extract_path_text" +
	" jsonb_extract_path_text jsonb_path_query jsonb_path_query_first json_array_elements_text jsonb_array_elements_text" +
	" json_each_text jsonb_each_text xpath to_ascii lower upper reverse concat concat_ws replace chr left right substr" +
	" substring btrim ltrim rtrim initcap quote_ident jsonb_set max min bpchar "

func makesText(n *pgquery.Node) bool {
	call := n.GetFuncCall()
	if call == nil {
		return n.GetAExpr() != nil
	}
	return strings.Contains(textMakers, " "+tree.Last(call.GetFuncname())+" ")
}

// reads reports whether a column, or a whole table, takes part in an expression.
func reads(n *pgquery.Node) (found bool) {
	tree.Inspect(n, func(message any) bool {
		switch message.(type) {
		case *pgquery.ColumnRef, *pgquery.RangeVar:
			found = true
		}
		return !found
	})
	return found
}

// checkNamed refuses names that are not in the text at all: bound parameters, and columns that neither a
// table nor literals feed, which hold computed constants.
func (w *walker) checkNamed(a namedArgument, arg *pgquery.Node) {
	column := false
	tree.Inspect(arg, func(message any) bool {
		switch message.(type) {
		case *pgquery.ParamRef:
			w.refuse(computedName(), a.at)
		case *pgquery.ColumnRef:
			column = true
		}
		return w.refusal == nil
	})
	if column && !a.frame.openColumns() {
		w.refuse(computedName(), a.at)
	}
	if text, ok := names.Constant(arg); ok && a.function == "" && !w.allowed.Empty() {
		if parts, good := names.Split(text); good && len(parts) < 3 && !w.allowed.Has("", parts[len(parts)-1]) && !builtinType(parts) {
			w.refuse(computedName(), a.at)
		}
	}
}

// builtinType reports whether a name given to regtype surely is a built-in type's.
func builtinType(parts []string) bool {
	b, known := builtins.Lookup(parts[len(parts)-1])
	return known && b.Scalar
}

func computedName() Violation {
	return Violation{Rule: ruleName, Construct: "computed name", Message: "a table's name may not be computed or passed as a parameter here",
		HintText: "Write the table's name as a plain literal, or call describe_table for its details."}
}

// mentions reports whether a string, or an element of an array written in it, is a forbidden relation's name.
func (w *walker) mentions(text string) bool {
	if w.mentionsOne(text) {
		return true
	}
	if !strings.ContainsAny(text, "{}(),[] ") {
		return false
	}
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune("{}(),[]", r) }) {
		if w.mentionsOne(part) {
			return true
		}
	}
	return false
}

func (w *walker) mentionsOne(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 4*names.MaxBytes {
		return false
	}
	parts, ok := names.Split(text)
	if !ok {
		return w.named("", text)
	}
	name, schema := parts[len(parts)-1], ""
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	return w.named(schema, name) || w.named(schema, strings.TrimLeft(name, "_")) || w.named("", text)
}
