package sqlguard

import (
	"strings"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/names"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/size"
	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// dangerousExtension are functions of common extensions that run SQL given as text, open connections, read files or
// name tables in text. A catalog that lists them by mistake does not open them; only the policy does.
const dangerousExtension = " crosstab crosstab2 crosstab3 crosstab4 crosstabn connectby normal_rand xpath_table pgrowlocks" +
	" pgstattuple pgstatindex pg_prewarm pg_logdir_ls get_raw_page http http_get http_post "

// visitCall applies the rule of functions to a call, in whatever clause it stands.
func visitCall(w *walker, message any) bool {
	call := message.(*pgquery.FuncCall)
	names := tree.Texts(call.GetFuncname())
	schema, name := "", names[len(names)-1]
	if len(names) == 2 {
		schema = names[0]
	}
	if len(names) > 2 {
		w.refuse(refusedCall(strings.Join(names, "."), ""), call.Location)
		return true
	}
	if call.GetOver() != nil {
		w.forbidFeature(featWindow, "WINDOW", call.Location)
	}
	if w.callable(schema, name) {
		w.found.volatile = true
		return true
	}
	if schema != "" && schema != builtins.Schema {
		if !w.extension[schema+"."+name] || dangerous(name) {
			w.refuse(refusedCall(schema+"."+name, "Call a built-in function by its plain name, or ask the operator to add this one to ALLOWED_FUNCTIONS."), call.Location)
		}
		return true
	}
	if schema == "" && w.shadowFunc[name] {
		w.refuse(refusedCall(name, "Write pg_catalog."+shown(name)+"(…): the database has another function of this name."), call.Location)
		return true
	}
	w.builtinCall(call, schema, name)
	return true
}

func (w *walker) builtinCall(call *pgquery.FuncCall, schema, name string) {
	b, known := builtins.Lookup(name)
	switch {
	case known && b.Callable:
	case !known && schema == "" && w.extension[name] && !dangerous(name):
		return
	case known:
		w.refuse(refusedCall(name, hintFor(name)), call.Location)
		return
	default:
		w.refuse(refusedCall(name, "Use a built-in function of PostgreSQL, or ask the operator to add this one to ALLOWED_FUNCTIONS."), call.Location)
		return
	}
	w.found.volatile = w.found.volatile || b.Volatile
	if b.Relation && len(call.GetArgs()) > 0 {
		w.found.named = append(w.found.named, namedArgument{function: name, args: call.GetArgs(), at: call.Location, frame: w.frame})
	}
	if size.Grows(name) {
		w.found.growing = append(w.found.growing, size.Growth{Call: call, Level: w.level, Recursive: w.recursive > 0})
	}
	if rule := ruleFor(name); rule != nil {
		rule(w, call, name)
	}
}

func dangerous(name string) bool {
	return strings.HasPrefix(name, "dblink") || strings.HasPrefix(name, "lo_") || strings.HasPrefix(name, "pg_") ||
		strings.Contains(dangerousExtension, " "+name+" ")
}

func refusedCall(name, hint string) Violation {
	if hint == "" {
		hint = "Use a built-in function that only computes, and call query again."
	}
	return Violation{Rule: ruleFunction, Construct: shown(name), Message: "function " + shown(name) + " may not be called", HintText: hint}
}

// hintFor points to what answers the question a refused built-in function is mostly called for.
func hintFor(name string) string {
	switch {
	case strings.HasPrefix(name, "pg_stat_"), strings.HasPrefix(name, "pg_ls_"):
		return "Call database_health for the server's state, or read pg_stat_user_tables."
	case strings.HasPrefix(name, "pg_sleep"):
		return "Remove the call; the time a statement may take is limited."
	case strings.Contains(name, "_to_xml"):
		return "Select the columns from the table itself with query."
	case name == "currval", name == "lastval", name == "nextval", name == "setval":
		return "Read max(id) of the table, or pg_sequences.last_value, with query."
	}
	return "Remove the call; only functions that compute from the rows may be used."
}

// ruleFor returns the rule of a built-in function whose arguments decide; nil for all others.
func ruleFor(name string) func(*walker, *pgquery.FuncCall, string) {
	switch name {
	case "current_setting":
		return settingRule
	case "ts_rewrite":
		return rewriteRule
	case "pg_input_is_valid", "pg_input_error_info":
		return inputRule
	case "format":
		return formatRule
	}
	return nil
}

// secretSettings are parts of names of settings that hold paths, commands or connection strings.
const secretSettings = "conninfo command passphrase file directory directories libraries path_ unix_socket listen_addresses"

// settingRule allows current_setting of a built-in setting named by a constant. Settings with a dot are the
// application's own and hold secrets.
func settingRule(w *walker, call *pgquery.FuncCall, name string) {
	if len(call.GetArgs()) > 0 {
		setting, constant := names.Constant(call.GetArgs()[0])
		lower := strings.ToLower(setting)
		bad := !constant || strings.Contains(lower, ".")
		for _, part := range strings.Fields(secretSettings) {
			bad = bad || strings.Contains(lower, part)
		}
		if !bad {
			return
		}
	}
	w.refuse(Violation{Rule: ruleSetting, Construct: name, Message: "current_setting may only name an ordinary setting, as a constant",
		HintText: "Name a built-in setting as a literal, e.g. current_setting('server_version_num')."}, call.Location)
}

// rewriteRule allows ts_rewrite with three arguments: with two it runs its second argument as SQL.
func rewriteRule(w *walker, call *pgquery.FuncCall, name string) {
	if len(call.GetArgs()) != 3 || call.GetFuncVariadic() {
		w.refuse(refusedCall(name, "Call ts_rewrite(query, target, substitute) with three arguments."), call.Location)
	}
}

// inputRule allows pg_input_is_valid for a type named by a constant that is no registered object's: the answer for
// regclass would tell which relations there are.
func inputRule(w *walker, call *pgquery.FuncCall, name string) {
	typeName, constant := "", false
	if args := call.GetArgs(); len(args) == 2 {
		typeName, constant = names.Constant(args[1])
	}
	if !constant || strings.Contains(strings.ToLower(typeName), "reg") {
		w.refuse(refusedCall(name, "Call it with a literal type name such as 'integer' or 'date'."), call.Location)
	}
}

// formatRule refuses format('%1000000000s').
func formatRule(w *walker, call *pgquery.FuncCall, name string) {
	if !size.Format(call) {
		v := tooExpensive(name)
		v.Message = "format needs a literal format string with small widths"
		v.HintText = "Write the format as a literal with plain %s, %I or %L, or join the parts with ||."
		w.refuse(v, call.Location)
	}
}

// visitSQLValue notes CURRENT_DATE and its like.
func visitSQLValue(w *walker, _ any) bool {
	w.found.volatile = true
	return true
}

// visitConst notes 'now' and its like, which a cast to a date reads when the statement runs.
func visitConst(w *walker, message any) bool {
	c := message.(*pgquery.A_Const)
	if s := c.GetSval().GetSval(); len(s) >= 3 && len(s) <= 40 {
		for word := range strings.FieldsSeq(s) {
			w.found.volatile = w.found.volatile || strings.EqualFold(word, "now") || strings.EqualFold(word, "today") ||
				strings.EqualFold(word, "tomorrow") || strings.EqualFold(word, "yesterday")
		}
	}
	return false
}
