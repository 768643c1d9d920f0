package sqlguard

import (
	"slices"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// maxTables bounds how often relations are named: the planner's time and memory grow steeply with them.
const maxTables = 200

// visitRelation applies the rule of relations to one that is read.
func visitRelation(w *walker, message any) bool {
	r := message.(*pgquery.RangeVar)
	if r.Catalogname != "" {
		w.refuse(Violation{Rule: ruleTable, Construct: shown(r.Catalogname + "." + r.Schemaname + "." + r.Relname),
			Message:  "a name of three parts reaches into another database and is not allowed",
			HintText: "Write schema.table without the database's name; call tables for the names."}, r.Location)
		return true
	}
	if r.Schemaname == "" {
		if cte := w.scope.find(r.Relname); cte != nil {
			cte.uses++
			if cte.stored {
				w.noteStored()
			}
			return true
		}
	}
	switch {
	case w.named(r.Schemaname, r.Relname):
		w.refuse(forbiddenTable(r), r.Location)
	case builtins.IsSystem(r.Schemaname, r.Relname):
		w.catalogRelation(r)
	case w.hidden(r.Schemaname, r.Relname):
		v := forbiddenTable(r)
		v.Rule, v.Message = ruleNotAllowed, "table "+v.Construct+" is not among the tables that may be read"
		w.refuse(v, r.Location)
	}
	w.found.volatile = w.found.volatile || w.changing.Has(r.Schemaname, r.Relname)
	w.noteStored()
	if w.found.tables++; w.found.tables > maxTables {
		w.refuse(Violation{Rule: ruleTooComplex, Construct: "FROM", Message: "the SQL reads too many tables at once",
			HintText: "Read fewer tables in one statement; split it into several calls of query."}, r.Location)
	}
	if name := (Name{r.Schemaname, r.Relname}); !slices.Contains(w.found.relations, name) {
		w.found.relations = append(w.found.relations, name)
	}
	return true
}

func forbiddenTable(r *pgquery.RangeVar) Violation {
	name := r.Relname
	if r.Schemaname != "" {
		name = r.Schemaname + "." + name
	}
	return Violation{Rule: ruleTable, Construct: shown(name), Message: "table " + shown(name) + " may not be read",
		HintText: "Use another table; call tables to see those that can be read."}
}

func (w *walker) catalogRelation(r *pgquery.RangeVar) {
	w.forbidFeature(featCatalog, "SYSTEM CATALOGS", r.Location)
	if !builtins.MayRead(r.Schemaname, r.Relname) {
		v := forbiddenTable(r)
		v.Rule, v.Message = ruleCatalog, "system relation "+v.Construct+" may not be read"
		v.HintText = "Call tables, describe_table or database_health, or read information_schema.columns or pg_stat_user_tables."
		w.refuse(v, r.Location)
	}
	w.found.volatile, w.found.catalog = true, true
}
