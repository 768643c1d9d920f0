package inspect

import (
	"context"
	"fmt"
	"slices"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/jackc/pgx/v5"
)

// addColumns fills Columns of tables: name, type, not null, comment.
func (in *Inspector) addColumns(ctx context.Context, tables []Table) error {
	all, partial := oids(tables), []uint32{}
	for _, t := range tables {
		if t.Partial {
			partial = append(partial, t.oid)
		}
	}
	c := columnReader{tables: tables, at: indexByOID(tables), ids: make(map[typeRef]int)}
	if err := in.r.Read(ctx, columnsSQL, []any{all, partial}, c.columns); err != nil {
		return fmt.Errorf("list columns: %w", err)
	}
	if err := in.r.Read(ctx, typeNamesSQL, []any{c.oids, c.mods}, c.typeNames); err != nil {
		return fmt.Errorf("name column types: %w", err)
	}
	if err := in.r.Read(ctx, columnCommentsSQL, []any{all}, c.comments); err != nil {
		return fmt.Errorf("list column comments: %w", err)
	}
	c.setTypes()
	return nil
}

// typeRef is a type with its modifier, such as the length of a varchar.
type typeRef struct {
	oid uint32
	mod int32
}

// columnReader puts the rows of several queries together: asking for each
// type's name once is what keeps thousands of tables fast.
type columnReader struct {
	tables []Table
	at     map[uint32]int // oid of a table → its place
	ids    map[typeRef]int
	oids   []uint32
	mods   []int32
	names  []string
}

func (c *columnReader) columns(rows pgx.Rows) error {
	var table uint32
	var col TableColumn
	var ref typeRef
	_, err := pgx.ForEachRow(rows, []any{&table, &col.number, &col.Name, &ref.oid, &ref.mod, &col.NotNull}, func() error {
		id, ok := c.ids[ref]
		if !ok {
			id = len(c.oids)
			c.ids[ref] = id
			c.oids, c.mods = append(c.oids, ref.oid), append(c.mods, ref.mod)
		}
		t := &c.tables[c.at[table]]
		col.typeID = id
		t.Columns = append(t.Columns, col)
		return nil
	})
	return err
}

func (c *columnReader) typeNames(rows pgx.Rows) error {
	names := make(map[typeRef]string, len(c.oids))
	var ref typeRef
	var name string
	_, err := pgx.ForEachRow(rows, []any{&ref.oid, &ref.mod, &name}, func() error {
		names[ref] = name
		return nil
	})
	c.names = make([]string, len(c.oids))
	for ref, id := range c.ids {
		c.names[id] = names[ref]
	}
	return err
}

func (c *columnReader) comments(rows pgx.Rows) error {
	var table uint32
	var number int16
	var text string
	_, err := pgx.ForEachRow(rows, []any{&table, &number, &text}, func() error {
		if col := columnAt(c.tables[c.at[table]].Columns, number); col != nil {
			col.Comment = text
		}
		return nil
	})
	return err
}

func (c *columnReader) setTypes() {
	for _, t := range c.tables {
		for i := range t.Columns {
			t.Columns[i].Type = c.names[t.Columns[i].typeID]
		}
	}
}

// columnAt finds a column by its number, which rises along the list.
func columnAt(columns []TableColumn, number int16) *TableColumn {
	i, ok := slices.BinarySearchFunc(columns, number, func(c TableColumn, n int16) int { return int(c.number) - int(n) })
	if !ok {
		return nil
	}
	return &columns[i]
}

// keyRow is one primary or foreign key as pg_constraint has it.
type keyRow struct {
	Kind, Name  string
	From        uint32
	FromColumns []int16
	To          uint32
	ToColumns   []int16
}

// keys returns the primary keys of tables and the foreign keys out of them,
// with into also those into them.
func (in *Inspector) keys(ctx context.Context, tables []Table, into bool) ([]keyRow, error) {
	rows, err := store.ReadAll[keyRow](ctx, in.r, keysSQL, oids(tables), into)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return rows, nil
}

// connect marks the primary key columns of tables and returns the foreign keys
// whose two ends are among them.
func connect(tables []Table, rows []keyRow) []tableKey {
	at := indexByOID(tables)
	var keys []tableKey
	for _, k := range rows {
		if i, ok := at[k.From]; ok && k.Kind == "p" {
			markPrimary(tables[i].Columns, k.FromColumns)
		}
		if k.Kind != "f" {
			continue
		}
		if fk, ok := resolveKey(k, at, tables); ok {
			keys = append(keys, tableKey{from: at[k.From], to: at[k.To], key: fk})
		}
	}
	return keys
}

// tableKey is a foreign key and the places of its two tables.
type tableKey struct {
	from, to int
	key      ForeignKey
}

func markPrimary(columns []TableColumn, numbers []int16) {
	for _, n := range numbers {
		if col := columnAt(columns, n); col != nil {
			col.PrimaryKey = true
		}
	}
}

// resolveKey names the columns of k; ok is false when one of its ends is not visible.
func resolveKey(k keyRow, at map[uint32]int, tables []Table) (fk ForeignKey, ok bool) {
	i, fromVisible := at[k.From]
	j, toVisible := at[k.To]
	if !fromVisible || !toVisible {
		return fk, false
	}
	from, to := tables[i], tables[j]
	columns, ok1 := columnNames(from.Columns, k.FromColumns)
	refColumns, ok2 := columnNames(to.Columns, k.ToColumns)
	return ForeignKey{Name: k.Name, Schema: from.Schema, Table: from.Name, Columns: columns,
		RefSchema: to.Schema, RefTable: to.Name, RefColumns: refColumns}, ok1 && ok2
}

func columnNames(columns []TableColumn, numbers []int16) ([]string, bool) {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		col := columnAt(columns, n)
		if col == nil {
			return nil, false
		}
		names[i] = col.Name
	}
	return names, true
}
