package figmafiles_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/figmafiles"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

func TestSchemaRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	r.put(key("ada", "F1"), "x")
	const file = "INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size) SELECT id, "
	for _, c := range []struct{ name, sql, state string }{
		{"a file a second time", file + "'F1', 'account of ada', '', '', 0 FROM fluxmcp.users", "23505"},
		{"a file without a key", file + "'', 'a', '', '', 0 FROM fluxmcp.users", "23514"},
		{"a file without an account", file + "'F1', '', '', '', 0 FROM fluxmcp.users", "23514"},
		{"a size below nothing", file + "'F1', 'a', '', '', -1 FROM fluxmcp.users", "23514"},
		{"a file without a content", file + "'F1', 'a', '', NULL, 0 FROM fluxmcp.users", "23502"},
		{"a file without a stamp", file + "'F1', 'a', NULL, '', 0 FROM fluxmcp.users", "23502"},
		{"a file of nobody", "INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size) VALUES (gen_random_uuid(), 'F', 'a', '', '', 0)", "23503"},
		{"nothing wrong", file + "'F1', 'a', '', '', 0 FROM fluxmcp.users", ""},
	} {
		err := storetest.TryExec(t, r.url, c.sql)
		if (c.state == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), "SQLSTATE "+c.state) {
			t.Errorf("%s: got %v, want SQLSTATE %s", c.name, err, c.state)
		}
	}
	r.want("a file lives for a day", "SELECT (cache_expires_at - cached_at)::text FROM fluxmcp.figma_files_cache WHERE account = 'a'", "1 day")
}

// TestCleaningTakesLargeFilesSomeAtATime: all at once would take longer than a
// statement may.
func TestCleaningTakesLargeFilesSomeAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	r.exec(`INSERT INTO fluxmcp.users (issuer, subject) SELECT 'many', i FROM generate_series(1, 25) i;
		INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size, cache_expires_at)
			SELECT id, 'F' || subject, 'a', '', '', CASE WHEN subject::int > 12 THEN 10000000 ELSE 0 END, now() - subject::int * interval '1 minute' FROM fluxmcp.users;
		UPDATE fluxmcp.figma_files_cache SET cache_expires_at = DEFAULT WHERE file_key = 'F1'`)
	for _, want := range []string{"10", "14", "0"} {
		r.want("files deleted by a call", "SELECT figma_deleted::text FROM fluxmcp.cleanup_expired_cache()", want)
	}
	r.want("what is fresh stays", files, "1:F1")
}

// shape is all that the catalog knows of the table: columns, constraints,
// indexes, privileges and comments, and of the function that cleans it.
const shape = `SELECT concat_ws(' ', 'column', attnum, attname, format_type(atttypid, atttypmod), attnotnull, attstorage, pg_get_expr(adbin, adrelid), col_description(a.attrelid, attnum))
	FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	WHERE a.attrelid = 'fluxmcp.figma_files_cache'::regclass AND attnum > 0
UNION ALL SELECT concat_ws(' ', 'constraint', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid = 'fluxmcp.figma_files_cache'::regclass
UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = 'figma_files_cache'
UNION ALL SELECT concat_ws(' ', 'table', obj_description(oid), array_to_string(relacl, ' ')) FROM pg_class WHERE oid = 'fluxmcp.figma_files_cache'::regclass
UNION ALL SELECT concat_ws(' ', pg_get_functiondef(oid), obj_description(oid), array_to_string(proacl, ' ')) FROM pg_proc WHERE oid = 'fluxmcp.cleanup_expired_cache()'::regprocedure
ORDER BY 1`

func TestMigrationGoesBothWays(t *testing.T) {
	t.Parallel()
	url := storetest.OwnerDB(t)
	const version = 6
	shapes := map[int][]string{}
	for _, target := range []int{version - 1, version, version - 1, version} {
		if _, err := store.Migrate(t.Context(), url, target); err != nil {
			t.Fatalf("to %d: %v", target, err)
		}
		got := texts(t, url, shape)
		if was, before := shapes[target]; before && !slices.Equal(got, was) {
			t.Errorf("the table of step %d, the second time:\n%s\nwant\n%s", target, strings.Join(got, "\n"), strings.Join(was, "\n"))
		}
		shapes[target] = got
	}
	if slices.Equal(shapes[version], shapes[version-1]) || len(shapes[version]) < 15 {
		t.Errorf("the table of step %d is\n%s\nwant more than one shape", version, strings.Join(shapes[version], "\n"))
	}
}
