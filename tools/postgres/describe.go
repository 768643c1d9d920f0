package postgres

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/tools"
)

var describeSpec = tools.Spec{
	Name:   "describe_table",
	Title:  "Describe a table",
	Effect: tools.ReadOnly,
	Description: "Describe one table or view: columns with types, defaults, comments and frequent values, constraints, indexes, " +
		"foreign keys both ways, estimated rows. A wrong name gets the nearest ones. Call it before writing SQL for query.",
}

type describeArgs struct {
	Table string `json:"table" jsonschema:"name as it is written in SQL, with the schema where tables shows one"`
}

type describeResult struct {
	Name         string         `json:"name" jsonschema:"as it is written in SQL"`
	Kind         string         `json:"kind"`
	Comment      string         `json:"comment,omitempty"`
	Rows         int64          `json:"rows" jsonschema:"estimate; -1 where never analyzed"`
	SizeBytes    int64          `json:"size_bytes" jsonschema:"table and indexes"`
	Partitions   int            `json:"partitions,omitempty"`
	Partial      bool           `json:"partial,omitempty" jsonschema:"some columns are hidden: name the ones here, SELECT * is refused"`
	Columns      []columnDetail `json:"columns" jsonschema:"in the order of the table"`
	Constraints  []constraint   `json:"constraints"`
	Indexes      []index        `json:"indexes"`
	References   []reference    `json:"references" jsonschema:"foreign keys of this table"`
	ReferencedBy []reference    `json:"referenced_by" jsonschema:"foreign keys of other tables to this one"`
	Definition   string         `json:"definition,omitempty" jsonschema:"SELECT of a view"`
}

type columnDetail struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	NotNull    bool            `json:"not_null"`
	PrimaryKey bool            `json:"primary_key"`
	Default    string          `json:"default,omitempty"`
	Generated  string          `json:"generated,omitempty" jsonschema:"expression of a generated column"`
	Identity   string          `json:"identity,omitempty" jsonschema:"always or by default"`
	Comment    string          `json:"comment,omitempty"`
	Enum       []string        `json:"enum,omitempty" jsonschema:"values of an enum type, in order"`
	Frequent   []frequentValue `json:"frequent,omitempty" jsonschema:"most frequent values of a column with few different ones"`
}

type frequentValue struct {
	Value string  `json:"value"`
	Share float64 `json:"share" jsonschema:"of all rows, 0 to 1, as of the last ANALYZE"`
}

type constraint struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	Definition string `json:"definition"`
}

type index struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
	Valid      bool   `json:"valid" jsonschema:"false: PostgreSQL does not use it"`
}

type reference struct {
	Table      string   `json:"table" jsonschema:"the other table"`
	Columns    []string `json:"columns" jsonschema:"of the referring table"`
	RefColumns []string `json:"ref_columns" jsonschema:"of the table referred to"`
}

// describeTable answers the describe_table tool.
// Errors: *inspect.NotFound with the nearest names.
func (h handlers) describeTable(ctx context.Context, in describeArgs) (describeResult, error) {
	if err := h.catalog.Ensure(ctx); err != nil {
		return describeResult{}, err
	}
	touchTable(ctx, "", in.Table)
	d, err := h.tables.Describe(ctx, in.Table)
	if err != nil {
		return describeResult{}, err
	}
	return described(d), nil
}

func described(d inspect.TableDetail) describeResult {
	out := describeResult{
		Name: d.FullName(), Kind: d.Kind, Comment: d.Comment, Rows: d.RowEstimate, SizeBytes: d.SizeBytes,
		Partitions: d.Partitions, Partial: d.Partial, Definition: d.Definition,
		Columns: make([]columnDetail, len(d.Columns)), Constraints: make([]constraint, len(d.Constraints)),
		Indexes: make([]index, len(d.Indexes)), References: []reference{}, ReferencedBy: []reference{},
	}
	for i, c := range d.Columns {
		out.Columns[i] = columnDetail{
			Name: c.Name, Type: c.Type, NotNull: c.NotNull, PrimaryKey: c.PrimaryKey, Default: c.Default,
			Generated: c.Generated, Identity: c.Identity, Comment: c.Comment, Enum: c.Enum, Frequent: frequent(c.Frequent),
		}
	}
	for i, c := range d.Constraints {
		out.Constraints[i] = constraint(c)
	}
	for i, ix := range d.Indexes {
		out.Indexes[i] = index{ix.Name, ix.Definition, ix.Valid}
	}
	for _, k := range d.ForeignKeys {
		out.References = append(out.References, reference{tableName(k.RefSchema, k.RefTable, k.Schema), k.Columns, k.RefColumns})
	}
	for _, k := range d.ReferencedBy {
		out.ReferencedBy = append(out.ReferencedBy, reference{tableName(k.Schema, k.Table, k.RefSchema), k.Columns, k.RefColumns})
	}
	return out
}

// tableName leaves the schema out where it is that of the table described.
func tableName(schema, name, own string) string {
	if schema == own {
		return inspect.Ident(name)
	}
	return inspect.Ident(schema) + "." + inspect.Ident(name)
}

func frequent(list []inspect.Frequency) []frequentValue {
	var out []frequentValue
	for _, f := range list {
		out = append(out, frequentValue{f.Value, math.Round(f.Share*1000) / 1000})
	}
	return out
}

// Text is a line a fact, in sections; what comes from the database is quoted
// or escaped.
func (r describeResult) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, %s rows, %s%s)", escapes.Replace(r.Name), r.Kind, rowsText(r.Rows), sizeText(r.SizeBytes), partialText(r.Partial))
	writeComment(&b, r.Comment)
	if r.Partitions > 0 {
		fmt.Fprintf(&b, "\n%d partitions", r.Partitions)
	}
	b.WriteString("\ncolumns:\n")
	for _, c := range r.Columns {
		c.write(&b)
	}
	section(&b, "constraints", r.Constraints, func(c constraint) string { return c.Name + ": " + c.Definition })
	section(&b, "indexes", r.Indexes, func(i index) string {
		if !i.Valid {
			return i.Definition + " (invalid: not used)"
		}
		return i.Definition
	})
	section(&b, "refers to", r.References, func(f reference) string {
		return fmt.Sprintf("(%s) -> %s(%s)", idents(f.Columns), f.Table, idents(f.RefColumns))
	})
	section(&b, "referred to by", r.ReferencedBy, func(f reference) string {
		return fmt.Sprintf("%s(%s) -> (%s)", f.Table, idents(f.Columns), idents(f.RefColumns))
	})
	if r.Definition != "" {
		b.WriteString("definition: " + strings.Join(strings.Fields(r.Definition), " ") + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (c columnDetail) write(b *strings.Builder) {
	b.WriteString("  " + escapes.Replace(inspect.Ident(c.Name)) + " " + c.Type)
	if c.PrimaryKey {
		b.WriteString(" PK")
	} else if c.NotNull {
		b.WriteString(" NOT NULL")
	}
	for _, part := range []struct{ word, value string }{
		{"default", c.Default}, {"generated as", c.Generated}, {"identity", c.Identity},
	} {
		if part.value != "" {
			b.WriteString(" " + part.word + " " + escapes.Replace(part.value))
		}
	}
	if len(c.Enum) > 0 {
		labels := make([]string, len(c.Enum))
		for i, label := range c.Enum {
			labels[i] = string(quoted(label))
		}
		b.WriteString(" one of " + strings.Join(labels, ", "))
	}
	writeComment(b, c.Comment)
	if len(c.Frequent) > 0 {
		parts := make([]string, len(c.Frequent))
		for i, f := range c.Frequent {
			parts[i] = fmt.Sprintf("%s %.3g%%", quoted(f.Value), f.Share*100)
		}
		b.WriteString(" | frequent: " + strings.Join(parts, ", "))
	}
	b.WriteByte('\n')
}

func section[T any](b *strings.Builder, title string, items []T, line func(T) string) {
	if len(items) == 0 {
		return
	}
	b.WriteString(title + ":\n")
	for _, item := range items {
		b.WriteString("  " + escapes.Replace(line(item)) + "\n")
	}
}
