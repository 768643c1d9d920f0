// Package inspect describes the tables that agents may read, and how well the
// database is. It asks through store.Reader, so as the reader role, and decides
// nothing about who may see what: it is told which relations to hide.
package inspect

import (
	"context"
	_ "embed" // the SQL texts
	"fmt"
	"slices"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

var (
	//go:embed queries/relations.sql
	relationsSQL own.SQL
	//go:embed queries/columns.sql
	columnsSQL own.SQL
	//go:embed queries/type_names.sql
	typeNamesSQL own.SQL
	//go:embed queries/column_comments.sql
	columnCommentsSQL own.SQL
	//go:embed queries/keys.sql
	keysSQL own.SQL
	//go:embed queries/indexes.sql
	indexesSQL own.SQL
)

// Table is one relation that agents may read. Only columns the reader role may
// read appear in it, and only foreign keys whose two ends are visible.
type Table struct {
	Schema, Name string
	Kind         string // table, partitioned table, view, materialized view, foreign table
	Comment      string
	RowEstimate  int64 // as of the last ANALYZE; -1 unknown
	SizeBytes    int64 // List and Tables: the heap as of the last VACUUM or ANALYZE; Describe: all storage now
	Partition    bool  // it is a partition of another table
	OnPath       bool  // its name alone, without schema, finds it
	Partial      bool  // some columns are hidden from the reader role, so SELECT * is refused
	Columns      []TableColumn
	ForeignKeys  []ForeignKey

	oid  uint32
	path int // place of its schema in search_path, 0 for none
}

// FullName is the name as it must be written: with the schema where that is
// needed, in quotes where they are.
func (t Table) FullName() string {
	if t.OnPath {
		return Ident(t.Name)
	}
	return Ident(t.Schema) + "." + Ident(t.Name)
}

// TableColumn is one column. Describe fills the fields from Default on.
type TableColumn struct {
	Name       string
	Type       string // as format_type prints it
	NotNull    bool
	PrimaryKey bool
	Comment    string
	Default    string      // expression, empty for none
	Generated  string      // expression of a generated column
	Identity   string      // always, by default, or empty
	Enum       []string    // labels in order, where the type is an enum or an array of one
	Frequent   []Frequency // most frequent first; of columns with at most 20 short values

	number int16
	typeID int
}

// Frequency is one value and the share of rows that hold it, 0 to 1, as of the last ANALYZE.
type Frequency struct {
	Value string
	Share float64
}

// ForeignKey says that Columns of one table refer to RefColumns of another.
type ForeignKey struct {
	Name                string
	Schema, Table       string // the referring table
	Columns             []string
	RefSchema, RefTable string
	RefColumns          []string
}

// Inspector describes the relations that agents may read, as the reader role
// sees them, less those that hidden tells to leave out. It is safe for
// concurrent use.
type Inspector struct {
	r      *store.Reader
	hidden func(schema, name string) bool
}

// New makes an Inspector. hidden is usually Guard.Forbidden.
func New(r *store.Reader, hidden func(schema, name string) bool) *Inspector {
	return &Inspector{r: r, hidden: hidden}
}

// List returns all visible relations without their columns, by schema and name.
func (in *Inspector) List(ctx context.Context) ([]Table, error) {
	type row struct {
		OID                         uint32
		Schema, Name, Kind, Comment string
		Rows, Size                  int64
		Partition                   bool
		Path                        int
		All                         bool
	}
	rows, err := store.ReadAll[row](ctx, in.r, relationsSQL)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	list := make([]Table, 0, len(rows))
	seen := make(map[string]int) // name → nearest place in search_path
	for _, v := range rows {
		if at, ok := seen[v.Name]; v.Path > 0 && (!ok || v.Path < at) {
			seen[v.Name] = v.Path
		}
		if !in.hidden(v.Schema, v.Name) {
			list = append(list, Table{Schema: v.Schema, Name: v.Name, Kind: v.Kind, Comment: v.Comment,
				RowEstimate: v.Rows, SizeBytes: v.Size, Partition: v.Partition, oid: v.OID, path: v.Path, Partial: !v.All})
		}
	}
	for i, t := range list {
		list[i].OnPath = t.path > 0 && seen[t.Name] == t.path
	}
	return list, nil
}

// Tables returns all visible relations but partitions, with columns and the
// foreign keys out of them, by schema and name. It takes the same few queries
// for any number of tables.
func (in *Inspector) Tables(ctx context.Context) ([]Table, error) {
	list, err := in.List(ctx)
	if err != nil {
		return nil, err
	}
	brief := slices.DeleteFunc(slices.Clone(list), func(t Table) bool { return t.Partition })
	if err := in.addColumns(ctx, brief); err != nil {
		return nil, err
	}
	rows, err := in.keys(ctx, brief, false)
	if err != nil {
		return nil, err
	}
	for _, k := range connect(brief, rows) {
		brief[k.from].ForeignKeys = append(brief[k.from].ForeignKeys, k.key)
	}
	return brief, nil
}

// ColumnsOf returns the visible relations among names with their columns'
// names and types: what there is where a query named a column that is not.
func (in *Inspector) ColumnsOf(ctx context.Context, names []sqlguard.Name) ([]Table, error) {
	tables, err := in.pick(ctx, names)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	return tables, in.addColumns(ctx, tables)
}

// TableIndexes are the indexes of one relation.
type TableIndexes struct {
	Schema, Name string
	RowEstimate  int64 // -1 unknown
	Indexes      []Index
}

// Index is one index. Definition is its CREATE INDEX statement.
type Index struct {
	Name, Definition       string
	Primary, Unique, Valid bool
	SizeBytes              int64
}

// IndexesOf returns the indexes of the visible relations among names: what a
// query that ran out of time could have used.
func (in *Inspector) IndexesOf(ctx context.Context, names []sqlguard.Name) ([]TableIndexes, error) {
	tables, err := in.pick(ctx, names)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	byTable, err := in.indexes(ctx, tables)
	if err != nil {
		return nil, err
	}
	out := make([]TableIndexes, len(tables))
	for i, t := range tables {
		out[i] = TableIndexes{Schema: t.Schema, Name: t.Name, RowEstimate: t.RowEstimate, Indexes: byTable[t.oid]}
	}
	return out, nil
}

// pick lists the visible relations that names mean in SQL, each once.
func (in *Inspector) pick(ctx context.Context, names []sqlguard.Name) ([]Table, error) {
	if len(names) == 0 {
		return nil, nil
	}
	list, err := in.List(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(list, func(t Table) bool {
		return !slices.ContainsFunc(names, func(n sqlguard.Name) bool {
			return n.Name == t.Name && (n.Schema == t.Schema || (n.Schema == "" && t.OnPath))
		})
	}), nil
}

func (in *Inspector) indexes(ctx context.Context, tables []Table) (map[uint32][]Index, error) {
	type row struct {
		Table                  uint32
		Name, Definition       string
		Primary, Unique, Valid bool
		Size                   int64
	}
	rows, err := store.ReadAll[row](ctx, in.r, indexesSQL, oids(tables))
	if err != nil {
		return nil, fmt.Errorf("list indexes: %w", err)
	}
	byTable := make(map[uint32][]Index)
	for _, v := range rows {
		byTable[v.Table] = append(byTable[v.Table], Index{v.Name, v.Definition, v.Primary, v.Unique, v.Valid, v.Size})
	}
	return byTable, nil
}

func oids(tables []Table) []uint32 {
	list := make([]uint32, len(tables))
	for i, t := range tables {
		list[i] = t.oid
	}
	return list
}

func indexByOID(tables []Table) map[uint32]int {
	at := make(map[uint32]int, len(tables))
	for i, t := range tables {
		at[t.oid] = i
	}
	return at
}
