package sqlguard

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// maxPadding is the longest fixed-length value a cast may ask for, in characters or bits: char(n) and bit(n) are
// filled up to n.
const maxPadding = 1_000_000

// visitCast applies the rule of types to a cast, and remembers what is read as the name of a relation or row type.
func visitCast(w *walker, message any) bool {
	c := message.(*pgquery.TypeCast)
	if w.typeRule(c.TypeName) {
		w.found.named = append(w.found.named, namedArgument{args: []*pgquery.Node{c.Arg}, at: c.Location, frame: w.frame})
	}
	w.walk(c.Arg)
	w.walkAll(c.GetTypeName().GetTypmods())
	w.walkAll(c.GetTypeName().GetArrayBounds())
	return false
}

// visitType applies the rule of types where no cast is: column definitions, RETURNING, XMLTABLE. There a regclass would
// look up names that come out of documents, so it is refused.
func visitType(w *walker, message any) bool {
	t := message.(*pgquery.TypeName)
	if w.typeRule(t) {
		name := shown(strings.Join(tree.Texts(t.Names), "."))
		w.refuse(Violation{Rule: ruleName, Construct: name, Message: "type " + name + " may only be used in a cast",
			HintText: "Use text here and compare names as text."}, t.Location)
	}
	return true
}

// typeRule refuses the row types of forbidden relations and oversized fixed-length types. It reports whether values of
// the type name relations.
func (w *walker) typeRule(t *pgquery.TypeName) (namesRelations bool) {
	names := tree.Texts(t.GetNames())
	schema, name := "", names[len(names)-1]
	if len(names) > 1 {
		schema = names[len(names)-2]
	}
	element := strings.TrimLeft(name, "_") // PostgreSQL names the array type of x _x
	if len(names) > 2 || t.GetPctType() || w.named(schema, name) || w.named(schema, element) {
		w.refuse(Violation{Rule: ruleTable, Construct: shown(name), Message: "type " + shown(name) + " may not be used",
			HintText: "Use a built-in type, or the row of a table that tables lists."}, t.GetLocation())
	}
	if (element == "bpchar" || element == "bit") && len(t.GetTypmods()) > 0 {
		if length := t.GetTypmods()[0].GetAConst().GetIval().GetIval(); length > maxPadding {
			w.refuse(tooExpensive(name+"(n)"), t.GetLocation())
		}
	}
	if schema != "" && schema != builtins.Schema {
		return false
	}
	return element == "regclass" || element == "regtype"
}

// visitIndirection applies the rule of functions to (x).name: PostgreSQL calls name(x) where the value has no such field.
func visitIndirection(w *walker, message any) bool {
	ind := message.(*pgquery.A_Indirection)
	scalar := plainValue(ind.Arg)
	for _, n := range ind.Indirection {
		field := n.GetString_()
		if field == nil {
			continue // a subscript: arrays of plain values hold plain values
		}
		w.fieldRule(field.GetSval(), scalar)
		scalar = false
	}
	return true
}

// fieldRule decides about one field name taken from a value; scalar says that the value surely has no fields.
func (w *walker) fieldRule(name string, scalar bool) {
	if w.callable("", name) {
		return
	}
	b, known := builtins.Lookup(name)
	refused := w.shadowFunc[name] || w.userFunc[name] || !known && scalar && !w.extension[name]
	if known {
		refused = refused || !b.Callable || b.Relation || name == "current_setting" || scalar && size.Grows(name)
	}
	if refused {
		v := refusedCall(name, "Write only fields of a composite value after its parentheses; call describe_table for a table's columns.")
		v.Message = "." + shown(name) + " is a call of the function " + shown(name) + ", which may not be called"
		w.refuse(v, -1)
	}
	w.found.volatile = w.found.volatile || b.Volatile
}

// visitColumn applies the same rule to table.name, where only functions of a whole row can be meant.
func visitColumn(w *walker, message any) bool {
	c := message.(*pgquery.ColumnRef)
	if len(c.Fields) < 2 || len(w.rowFunc) == 0 {
		return false
	}
	name := c.Fields[len(c.Fields)-1].GetString_().GetSval()
	if w.rowFunc[name] && !w.callable("", name) {
		v := refusedCall(name, "Name a column of the table; call describe_table for its columns.")
		v.Message = "." + shown(name) + " may be a call of the function " + shown(name) + ", which may not be called"
		w.refuse(v, c.Location)
	}
	return false
}

// plainValue reports whether an expression surely is no row: a constant, a computation, a cast to a built-in scalar
// type, a built-in function that returns a plain value, or an array of these.
func plainValue(n *pgquery.Node) bool {
	switch e := n.GetNode().(type) {
	case *pgquery.Node_AConst, *pgquery.Node_AExpr, *pgquery.Node_BoolExpr, *pgquery.Node_NullTest, *pgquery.Node_BooleanTest,
		*pgquery.Node_SqlvalueFunction, *pgquery.Node_ParamRef, *pgquery.Node_CollateClause:
		return true
	case *pgquery.Node_TypeCast:
		return plainType(tree.Texts(e.TypeCast.GetTypeName().GetNames()))
	case *pgquery.Node_FuncCall:
		return plainType(tree.Texts(e.FuncCall.GetFuncname()))
	case *pgquery.Node_AArrayExpr:
		return allPlain(e.AArrayExpr.GetElements())
	case *pgquery.Node_CoalesceExpr:
		return allPlain(e.CoalesceExpr.GetArgs())
	case *pgquery.Node_MinMaxExpr:
		return allPlain(e.MinMaxExpr.GetArgs())
	case *pgquery.Node_AIndirection:
		return plainValue(e.AIndirection.GetArg())
	case *pgquery.Node_CaseExpr:
		for _, when := range e.CaseExpr.GetArgs() {
			if plainValue(when.GetCaseWhen().GetResult()) {
				return true
			}
		}
	case *pgquery.Node_SubLink:
		targets := e.SubLink.GetSubselect().GetSelectStmt().GetTargetList()
		return len(targets) == 1 && plainValue(targets[0].GetResTarget().GetVal())
	}
	return false
}

// allPlain reports whether a list has a plain value: its members are of one type.
func allPlain(list []*pgquery.Node) bool {
	for _, n := range list {
		if plainValue(n) && !n.GetAConst().GetIsnull() {
			return true
		}
	}
	return false
}

// plainType reports whether a name is a built-in scalar type's or a function's that returns one. Most types have a
// function of their name; the others are in castFunctions.
func plainType(names []string) bool {
	b, known := builtins.Lookup(names[len(names)-1])
	return known && b.Scalar && (len(names) == 1 || names[0] == builtins.Schema)
}
