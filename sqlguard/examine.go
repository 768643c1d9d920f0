package sqlguard

import (
	"strings"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// examine decides about one text. The tree comes back only for an allowed plain SELECT.
func (g *Guard) examine(s *state, sql string) (*verdict, *pgquery.SelectStmt) {
	tree, refusal := parse(sql)
	if refusal != nil {
		return &verdict{under: s, refusal: refusal}, nil
	}
	w := &walker{state: s, text: sql}
	made := &verdict{under: s}
	body := w.statement(tree, &made.statement)
	if w.refusal == nil {
		w.afterwards(tree)
	}
	if w.refusal != nil {
		return &verdict{under: s, refusal: w.refusal}, nil
	}
	made.statement.text = sql
	made.statement.relations = w.found.relations
	made.statement.volatile = made.statement.volatile || w.found.volatile
	return made, body
}

// statement applies the rule of statement kinds, then walks. It returns the body of a plain SELECT.
func (w *walker) statement(tree *pgquery.ParseResult, s *Statement) *pgquery.SelectStmt {
	switch len(tree.Stmts) {
	case 0:
		w.refuse(Violation{Rule: ruleEmpty, Construct: "text", Message: "the SQL holds no statement",
			HintText: "Write one SELECT in the sql argument; call tables to see what there is to read."}, -1)
		return nil
	case 1:
	default:
		w.refuse(Violation{Rule: ruleMultiple, Construct: ";", Message: "the SQL holds more than one statement",
			HintText: "Send one statement a call: remove the semicolon and what follows it."}, w.startOf(tree.Stmts[1]))
		return nil
	}
	raw := tree.Stmts[0]
	switch n := raw.GetStmt().GetNode().(type) {
	case *pgquery.Node_SelectStmt:
		w.walk(raw.Stmt)
		return n.SelectStmt
	case *pgquery.Node_ExplainStmt:
		w.explain(n.ExplainStmt, s)
	case *pgquery.Node_VariableShowStmt:
		w.show(n.VariableShowStmt, s)
	default:
		w.refuse(notReadOnly(statementName(raw.GetStmt())), w.startOf(raw))
	}
	return nil
}

// startOf returns the byte where a statement's first token is, as far as white space goes.
func (w *walker) startOf(raw *pgquery.RawStmt) int32 {
	start := int(raw.GetStmtLocation())
	rest := w.text[min(start, len(w.text)):]
	return int32(start + len(rest) - len(strings.TrimLeft(rest, " \t\r\n\f\v")))
}

// statementName names a refused statement kind as SQL does.
func statementName(n *pgquery.Node) string {
	switch s := n.GetNode().(type) {
	case *pgquery.Node_TransactionStmt:
		kind := strings.TrimPrefix(s.TransactionStmt.GetKind().String(), "TRANS_STMT_")
		return strings.ReplaceAll(kind, "_", " ")
	case *pgquery.Node_VariableSetStmt:
		if strings.HasPrefix(s.VariableSetStmt.GetKind().String(), "VAR_RESET") {
			return "RESET"
		}
		return "SET"
	case nil:
		return "this statement"
	}
	fields := n.ProtoReflect()
	fd := fields.WhichOneof(fields.Descriptor().Oneofs().Get(0))
	return constructOf(string(fd.Message().Name()))
}

// explain allows a plan of what query would run. ANALYZE runs the query, so it takes the very same walk.
func (w *walker) explain(e *pgquery.ExplainStmt, s *Statement) {
	s.explain = true
	for _, o := range e.GetOptions() {
		w.explainOption(o.GetDefElem(), s)
	}
	w.forbidFeature(featExplain, "EXPLAIN", 0)
	if s.analyze {
		s.volatile = true
		w.forbidFeature(featAnalyze, "EXPLAIN ANALYZE", 0)
	}
	if _, ok := e.GetQuery().GetNode().(*pgquery.Node_SelectStmt); !ok {
		v := notReadOnly("EXPLAIN of " + statementName(e.GetQuery()))
		v.HintText = "Explain a SELECT instead: call explain_query with the SELECT alone."
		w.refuse(v, 0)
		return
	}
	w.walk(e.GetQuery())
}

// explainOptions are the options of PostgreSQL 15 to 18; none of them runs or shows more than the query does.
const explainOptions = " analyze verbose costs settings generic_plan buffers serialize wal timing summary memory format "

func (w *walker) explainOption(d *pgquery.DefElem, s *Statement) {
	if !strings.Contains(explainOptions, " "+d.GetDefname()+" ") {
		w.refuse(Violation{Rule: ruleUnsupported, Construct: shown(d.GetDefname()),
			Message:  "EXPLAIN option " + shown(d.GetDefname()) + " is not allowed",
			HintText: "Remove the option, or call explain_query with the SELECT alone."}, d.GetLocation())
	}
	if d.GetDefname() == "analyze" { // the last one counts, as in PostgreSQL
		s.analyze = !switchedOff(d.GetArg())
	}
}

// switchedOff reports whether an option's value surely means off; anything else is taken as on.
func switchedOff(arg *pgquery.Node) bool {
	switch v := arg.GetNode().(type) {
	case *pgquery.Node_Integer:
		return v.Integer.GetIval() == 0
	case *pgquery.Node_String_:
		off := strings.ToLower(v.String_.GetSval())
		return off == "false" || off == "off"
	case *pgquery.Node_Boolean:
		return !v.Boolean.GetBoolval()
	}
	return false
}

// shownSettings are the settings SHOW may name: none holds a secret, a path or a connection string.
const shownSettings = " timezone server_version server_version_num server_encoding client_encoding search_path datestyle" +
	" intervalstyle lc_collate lc_ctype lc_messages lc_monetary lc_numeric lc_time default_text_search_config" +
	" transaction_isolation transaction_read_only default_transaction_isolation default_transaction_read_only" +
	" statement_timeout lock_timeout idle_in_transaction_session_timeout standard_conforming_strings integer_datetimes" +
	" max_connections shared_buffers work_mem maintenance_work_mem effective_cache_size random_page_cost seq_page_cost" +
	" block_size is_superuser in_hot_standby application_name max_identifier_length jit extra_float_digits bytea_output" +
	" autovacuum track_counts wal_level max_parallel_workers_per_gather default_statistics_target "

func (w *walker) show(stmt *pgquery.VariableShowStmt, s *Statement) {
	s.volatile = true
	w.forbidFeature(featShow, "SHOW", 0)
	if name := strings.ToLower(stmt.GetName()); name == "" || strings.ContainsAny(name, " ") || !strings.Contains(shownSettings, " "+name+" ") {
		w.refuse(Violation{Rule: ruleSetting, Construct: "SHOW " + shown(stmt.GetName()),
			Message:  "SHOW " + shown(stmt.GetName()) + " is not allowed",
			HintText: "Show an ordinary setting such as server_version or timezone, or call database_health for the server's state."}, 0)
	}
}

// forbidFeature refuses a construct the policy switches off.
func (w *walker) forbidFeature(f feature, construct string, offset int32) {
	if w.features&f == 0 {
		return
	}
	w.refuse(Violation{Rule: ruleOperation, Construct: construct, Message: construct + " is switched off on this server",
		HintText: "Rewrite the SQL without " + construct + " and call query again."}, offset)
}
