package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
)

var schemaSpec = tools.Spec{
	Name:   "schema",
	Title:  "Show the schema",
	Effect: tools.ReadOnly,
	Ranges: map[string]tools.Range{"budget": {Min: 1000, Max: 100_000, Default: 20_000}},
	Description: "Show all readable tables in brief: columns with types, primary and foreign keys, comments, estimated rows. " +
		"Keeps within budget characters by leaving out comments first, then columns. " +
		"Use like to choose tables; call describe_table for the details of one.",
}

type schemaArgs struct {
	Like   string `json:"like,omitempty" jsonschema:"part of a table name; with % in it, a pattern as in LIKE"`
	Budget int    `json:"budget,omitempty" jsonschema:"most characters of the answer"`
}

type schemaResult struct {
	Schema string `json:"schema" jsonschema:"one line a table, one indented line a column"`
	Tables int    `json:"tables" jsonschema:"tables that match"`
	Shown  int    `json:"shown" jsonschema:"tables in the answer"`
	Detail string `json:"detail" jsonschema:"full, without comments, names only, or table names only: what fits budget"`
}

// schema answers the schema tool.
// Errors: those of inspect.Inspector.Tables.
func (h handlers) schema(ctx context.Context, in schemaArgs) (schemaResult, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return schemaResult{}, err
	}
	all, err := h.tables.Tables(ctx)
	if err != nil {
		return schemaResult{}, err
	}
	var list []inspect.Table
	for _, t := range all {
		if matches(in.Like, t) {
			list = append(list, t)
		}
	}
	return brief(list, in.Budget), nil
}

// level is how much of each table is shown.
type level struct {
	name  string
	write func(*strings.Builder, inspect.Table)
}

func levels() []level {
	return []level{
		{"full", func(b *strings.Builder, t inspect.Table) { writeTable(b, t, true) }},
		{"without comments", func(b *strings.Builder, t inspect.Table) { writeTable(b, t, false) }},
		{"names only", writeColumnNames},
		{"table names only", func(b *strings.Builder, t inspect.Table) { b.WriteString(escapes.Replace(t.FullName()) + "\n") }},
	}
}

// brief shows list at the fullest level that fits budget; if none does, the
// names that fit.
func brief(list []inspect.Table, budget int) schemaResult {
	out := schemaResult{Tables: len(list)}
	for _, l := range levels() {
		var b strings.Builder
		out.Shown, out.Detail = 0, l.name
		for _, t := range list {
			before := b.Len()
			l.write(&b, t)
			if b.Len() > budget {
				out.Schema = b.String()[:before]
				break
			}
			out.Shown++
		}
		if out.Shown == len(list) {
			out.Schema = b.String()
			return out
		}
	}
	return out
}

func writeTable(b *strings.Builder, t inspect.Table, comments bool) {
	fmt.Fprintf(b, "%s (%s, %s rows%s)", escapes.Replace(t.FullName()), t.Kind, rowsText(t.RowEstimate), partialText(t.Partial))
	if comments {
		writeComment(b, t.Comment)
	}
	b.WriteByte('\n')
	refs := references(t.ForeignKeys)
	for _, c := range t.Columns {
		b.WriteString("  " + escapes.Replace(inspect.Ident(c.Name)) + " " + c.Type)
		if c.PrimaryKey {
			b.WriteString(" PK")
		} else if c.NotNull {
			b.WriteString(" NOT NULL")
		}
		if ref := refs[c.Name]; ref != "" {
			b.WriteString(" -> " + escapes.Replace(ref))
		}
		if comments {
			writeComment(b, c.Comment)
		}
		b.WriteByte('\n')
	}
	for _, k := range t.ForeignKeys {
		if len(k.Columns) > 1 {
			fmt.Fprintf(b, "  (%s) -> %s\n", escapes.Replace(idents(k.Columns)), escapes.Replace(target(k)))
		}
	}
}

// partialText warns of the hidden columns of a table.
func partialText(partial bool) string {
	if partial {
		return "; has hidden columns: name the ones here, * is refused"
	}
	return ""
}

// references maps the columns of single-column foreign keys to what they refer to.
func references(keys []inspect.ForeignKey) map[string]string {
	refs := map[string]string{}
	for _, k := range keys {
		if len(k.Columns) == 1 {
			refs[k.Columns[0]] = target(k)
		}
	}
	return refs
}

// target names what a foreign key refers to; the schema is left out where it
// is the referring table's own.
func target(k inspect.ForeignKey) string {
	return tableName(k.RefSchema, k.RefTable, k.Schema) + "(" + idents(k.RefColumns) + ")"
}

// idents lists names as they are written in SQL.
func idents(list []string) string {
	out := make([]string, len(list))
	for i, name := range list {
		out[i] = inspect.Ident(name)
	}
	return strings.Join(out, ", ")
}

// writeComment puts a comment of the database in quotes: it is data.
func writeComment(b *strings.Builder, comment string) {
	if comment != "" {
		b.WriteString(" -- " + string(quoted(clip(comment, 300))))
	}
}

func writeColumnNames(b *strings.Builder, t inspect.Table) {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = inspect.Ident(c.Name)
	}
	fmt.Fprintf(b, "%s: %s\n", escapes.Replace(t.FullName()), escapes.Replace(strings.Join(names, ", ")))
}

// Text is the brief with a line that says what was left out.
func (r schemaResult) Text() string {
	switch {
	case r.Tables == 0:
		return "No readable table matched: call tables, or schema without like."
	case r.Shown < r.Tables:
		return r.Schema + fmt.Sprintf("(%d of %d tables, %s; use like to choose, or tables)", r.Shown, r.Tables, r.Detail)
	default:
		return r.Schema + fmt.Sprintf("(%d tables, %s)", r.Tables, r.Detail)
	}
}
