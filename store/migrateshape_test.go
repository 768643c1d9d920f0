package store

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/migrations"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// migrateShape is all that the catalog knows of fluxmcp's own tables and
// functions, each with what it belongs to: columns, constraints, indexes,
// privileges and comments. The queue's tables are River's.
const migrateShape = `WITH tables AS (
	SELECT oid, relname, relacl FROM pg_class WHERE relnamespace = 'fluxmcp'::regnamespace AND relkind IN ('r', 'p', 'v') AND relname NOT LIKE 'river\_%')
SELECT concat_ws(' ', relname, 'column', attnum, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, pg_get_expr(adbin, adrelid), col_description(t.oid, attnum))
	FROM tables t JOIN pg_attribute a ON a.attrelid = t.oid AND attnum > 0 LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = attnum
UNION ALL SELECT concat_ws(' ', relname, 'constraint', conname, pg_get_constraintdef(c.oid)) FROM tables t JOIN pg_constraint c ON c.conrelid = t.oid
UNION ALL SELECT concat_ws(' ', tablename, indexdef) FROM pg_indexes WHERE schemaname = 'fluxmcp' AND tablename NOT LIKE 'river\_%'
UNION ALL SELECT concat_ws(' ', relname, obj_description(oid), array_to_string(relacl, ' ')) FROM tables
UNION ALL SELECT concat_ws(' ', proname, pg_get_functiondef(oid), obj_description(oid), array_to_string(proacl, ' ')) FROM pg_proc
	WHERE pronamespace = 'fluxmcp'::regnamespace AND proname NOT LIKE 'river\_%'
ORDER BY 1`

func shapeOf(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, _ := conn.Query(t.Context(), migrateShape) // CollectRows returns the error
	shape, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return shape
}

// TestReleasedMigrationsUndoWhatTheyDo goes each step up, down and up again.
func TestReleasedMigrationsUndoWhatTheyDo(t *testing.T) {
	t.Parallel()
	url := storetest.OwnerDB(t)
	all, err := migrations.All()
	if err != nil {
		t.Fatal(err)
	}
	shapes := make([][]string, len(all)+1) // by version
	for version := range shapes {
		for _, target := range []int{version, max(version-1, 0), version} {
			if _, err := Migrate(t.Context(), url, target); err != nil {
				t.Fatalf("to %d: %v", target, err)
			}
			got := shapeOf(t, url)
			if was := shapes[target]; was != nil && !slices.Equal(got, was) {
				t.Errorf("step %d, the second time, has\n%s\nand lacks\n%s", target, without(got, was), without(was, got))
			}
			shapes[target] = got
		}
		if version > 0 && slices.Equal(shapes[version], shapes[version-1]) {
			t.Errorf("step %d changes nothing", version)
		}
	}
}

// without are the lines that only all has.
func without(all, others []string) string {
	only := slices.DeleteFunc(slices.Clone(all), func(line string) bool { return slices.Contains(others, line) })
	return strings.Join(only, "\n")
}
