package inspect

import (
	"context"
	_ "embed" // the SQL text
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/jackc/pgx/v5"
)

//go:embed queries/describe.sql
var describeSQL own.SQL

// TableDetail is all that describe_table tells of one relation.
type TableDetail struct {
	Table
	Partitions   int
	Constraints  []Constraint // primary key first, then unique, check, exclusion; by name
	Indexes      []Index      // primary key first, then by name
	ReferencedBy []ForeignKey // foreign keys of other tables, and its own onto itself
	Definition   string       // of a view, empty where it reads a hidden relation
}

// Constraint is one constraint. Kind is primary key, unique, check or exclusion.
type Constraint struct{ Name, Kind, Definition string }

// Describe tells all about the relation that name means: as in SQL with or
// without schema and quotes, else whatever the case of its letters.
// Errors: *NotFound.
func (in *Inspector) Describe(ctx context.Context, name string) (TableDetail, error) {
	list, err := in.List(ctx)
	if err != nil {
		return TableDetail{}, err
	}
	target, err := resolveName(list, name)
	if err != nil {
		return TableDetail{}, err
	}
	d, err := in.withKeys(ctx, list, target)
	if err != nil {
		return TableDetail{}, err
	}
	indexes, err := in.indexes(ctx, []Table{target})
	if err != nil {
		return TableDetail{}, err
	}
	d.Indexes = indexes[target.oid]
	return d, in.addDetail(ctx, &d)
}

// withKeys fills in columns and the foreign keys between target and its neighbours.
func (in *Inspector) withKeys(ctx context.Context, list []Table, target Table) (TableDetail, error) {
	rows, err := in.keys(ctx, []Table{target}, true)
	if err != nil {
		return TableDetail{}, err
	}
	near := []Table{target}
	at := indexByOID(list)
	for _, k := range rows {
		for _, oid := range []uint32{k.From, k.To} {
			i, visible := at[oid]
			if visible && !slices.ContainsFunc(near, func(t Table) bool { return t.oid == oid }) {
				near = append(near, list[i])
			}
		}
	}
	if err := in.addColumns(ctx, near); err != nil {
		return TableDetail{}, err
	}
	d := TableDetail{}
	for _, k := range connect(near, rows) {
		if k.from == 0 {
			near[0].ForeignKeys = append(near[0].ForeignKeys, k.key)
		}
		if k.to == 0 {
			d.ReferencedBy = append(d.ReferencedBy, k.key)
		}
	}
	d.Table = near[0]
	return d, nil
}

// detailRow has the shape of describe.sql's JSON value.
type detailRow struct {
	Size       int64
	Partitions int
	Columns    []struct {
		Number                       int16
		Default, Generated, Identity string
		Enum                         []string
		Frequent                     []Frequency
	}
	Constraints []Constraint
	Definition  string
	Reads       []sqlguard.Name
}

func (in *Inspector) addDetail(ctx context.Context, d *TableDetail) error {
	var text []byte
	err := in.r.Read(ctx, describeSQL, []any{d.oid, d.Schema, d.Name}, func(rows pgx.Rows) (err error) {
		text, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[[]byte])
		return err
	})
	if err != nil {
		return fmt.Errorf("describe table: %w", err)
	}
	var v detailRow
	if err := json.Unmarshal(text, &v); err != nil {
		return fmt.Errorf("decode description of a table: %w", err)
	}
	d.SizeBytes, d.Partitions, d.Constraints = v.Size, v.Partitions, v.Constraints
	for _, c := range v.Columns {
		if col := columnAt(d.Columns, c.Number); col != nil {
			col.Default, col.Generated, col.Identity = c.Default, c.Generated, c.Identity
			col.Enum, col.Frequent = c.Enum, c.Frequent
		}
	}
	if !slices.ContainsFunc(v.Reads, func(n sqlguard.Name) bool { return in.hidden(n.Schema, n.Name) }) {
		d.Definition = v.Definition
	}
	return nil
}
