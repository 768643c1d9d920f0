package sqlguard

import (
	"strings"
	"unicode"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
)

// visitor applies a message type's own rule and reports whether to go on to the children.
type visitor func(w *walker, message any) (below bool)

// nodeRule is what the guard knows of a message type. The zero value refuses it.
type nodeRule struct {
	known bool
	visit visitor // nil where the children's rules are enough
}

// nodeRules returns the rule of every message type, by plan ID. A type named in neither table below is refused, so a
// node that a later grammar adds stays out until somebody has thought about it.
func nodeRules() []nodeRule {
	plans := tree.Plans()
	rules, ruled := make([]nodeRule, len(plans)), ruledNodes()
	for _, p := range plans {
		visit, own := ruled[p.Name]
		rules[p.ID] = nodeRule{known: own || strings.Contains(plainNodes, " "+p.Name+" "), visit: visit}
	}
	return rules
}

// plainNodes are the messages that need no rule beyond those of their children.
const plainNodes = " ParseResult RawStmt Node List Integer Float Boolean String BitString A_Star A_Indices A_ArrayExpr" +
	" ParamRef CollateClause Alias BoolExpr CaseWhen CoalesceExpr MinMaxExpr NullTest BooleanTest" +
	" RowExpr GroupingFunc GroupingSet NamedArgExpr XmlExpr XmlSerialize WindowDef RangeTableFuncCol" +
	" ColumnDef CommonTableExpr CTESearchClause CTECycleClause JsonFormat JsonReturning JsonValueExpr JsonIsPredicate" +
	" JsonOutput JsonKeyValue JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor JsonAggConstructor" +
	" JsonObjectAgg JsonArrayAgg ResTarget "

func ruledNodes() map[string]visitor {
	return map[string]visitor{
		"SelectStmt": visitSelect, "WithClause": visitWith, "RangeVar": visitRelation, "JoinExpr": visitJoin,
		"RangeSubselect": visitLateral, "RangeFunction": visitLateral, "RangeTableFunc": visitLateral,
		"RangeTableSample": visitSample, "FuncCall": visitCall, "A_Expr": visitExpr, "SubLink": visitSubLink,
		"SortBy": visitSort, "TypeCast": visitCast, "TypeName": visitType, "A_Indirection": visitIndirection,
		"ColumnRef": visitColumn, "A_Const": visitConst, "SQLValueFunction": visitSQLValue, "CaseExpr": visitCase,
	}
}

// unknownNode refuses a message type that is no part of a read.
func unknownNode(name string) Violation {
	construct := constructOf(name)
	if strings.HasSuffix(name, "Stmt") {
		return notReadOnly(construct)
	}
	return Violation{Rule: ruleUnsupported, Construct: construct, Message: construct + " is not allowed",
		HintText: "Rewrite the SQL as a plain SELECT without " + construct + "."}
}

func notReadOnly(construct string) Violation {
	return Violation{Rule: ruleReadOnly, Construct: construct, Message: construct + " is not allowed",
		HintText: "Remove " + construct + " and send one SELECT to query; this connection only reads."}
}

// constructOf names a message type as SQL does: "DeleteStmt" is DELETE, "CreateFunctionStmt" is CREATE FUNCTION.
func constructOf(name string) string {
	special := map[string]string{
		"VariableSetStmt": "SET", "TransactionStmt": "transaction control", "IntoClause": "SELECT INTO",
		"LockingClause": "a row lock (FOR UPDATE, FOR SHARE)", "CreateTableAsStmt": "CREATE TABLE AS", "ViewStmt": "CREATE VIEW",
		"RuleStmt": "CREATE RULE", "IndexStmt": "CREATE INDEX", "DefineStmt": "CREATE", "CheckPointStmt": "CHECKPOINT",
		"CreateStmt": "CREATE TABLE", "RefreshMatViewStmt": "REFRESH MATERIALIZED VIEW", "SetToDefault": "DEFAULT",
		"CreateTrigStmt": "CREATE TRIGGER", "RenameStmt": "ALTER … RENAME", "GrantRoleStmt": "GRANT", "VacuumStmt": "VACUUM or ANALYZE",
		"ConstraintsSetStmt": "SET CONSTRAINTS", "ClosePortalStmt": "CLOSE", "DeclareCursorStmt": "DECLARE CURSOR",
		"CurrentOfExpr": "CURRENT OF", "CreateSeqStmt": "CREATE SEQUENCE", "SecLabelStmt": "SECURITY LABEL",
	}
	if s, ok := special[name]; ok {
		return s
	}
	var b strings.Builder
	for i, r := range strings.TrimSuffix(name, "Stmt") {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}
