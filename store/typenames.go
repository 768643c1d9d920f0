package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// nameTypes fills in the type names of columns, asking the server once for
// each type that pgx does not know.
func (r *Reader) nameTypes(ctx context.Context, columns []Column) error {
	var unknown []uint32
	for i := range columns {
		name, ok := r.types.lookup(columns[i].OID)
		if !ok {
			unknown = append(unknown, columns[i].OID)
		}
		columns[i].Type = name
	}
	if len(unknown) == 0 {
		return nil
	}
	const ask = `SELECT oid, pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])`
	err := r.Read(ctx, ask, []any{unknown}, func(rows pgx.Rows) error {
		var oid uint32
		var name string
		_, err := pgx.ForEachRow(rows, []any{&oid, &name}, func() error {
			r.types.learn(oid, name)
			return nil
		})
		return err
	})
	if err != nil {
		return fmt.Errorf("name column types: %w", err)
	}
	for i := range columns {
		columns[i].Type, _ = r.types.lookup(columns[i].OID)
	}
	return nil
}

// sqlNames are PostgreSQL's documented names where pgx uses the internal ones.
var sqlNames = map[uint32]string{
	pgtype.Int2OID: "smallint", pgtype.Int4OID: "integer", pgtype.Int8OID: "bigint",
	pgtype.Float4OID: "real", pgtype.Float8OID: "double precision", pgtype.BoolOID: "boolean",
	pgtype.VarcharOID: "character varying", pgtype.BPCharOID: "character",
	pgtype.TimestampOID: "timestamp without time zone", pgtype.TimestamptzOID: "timestamp with time zone",
	pgtype.TimeOID: "time without time zone", pgtype.TimetzOID: "time with time zone",
	pgtype.TextOID: "text", pgtype.NumericOID: "numeric", pgtype.DateOID: "date", pgtype.UUIDOID: "uuid",
	pgtype.JSONOID: "json", pgtype.JSONBOID: "jsonb", pgtype.ByteaOID: "bytea", pgtype.IntervalOID: "interval",
}

func (t *typeNames) lookup(oid uint32) (string, bool) {
	if name, ok := sqlNames[oid]; ok {
		return name, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	name, ok := t.names[oid]
	return name, ok
}

func (t *typeNames) learn(oid uint32, name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.names == nil {
		t.names = make(map[uint32]string)
	}
	t.names[oid] = name
}
