package figmafiles_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/store/figmafiles"
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
		r.Answer(c.name, c.sql, c.state)
	}
	r.Want("a file lives for a day", "SELECT (cache_expires_at - cached_at)::text FROM fluxmcp.figma_files_cache WHERE account = 'a'", "1 day")
}

// TestCleaningTakesLargeFilesSomeAtATime: all at once would take longer than a
// statement may.
func TestCleaningTakesLargeFilesSomeAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	r.Exec(`INSERT INTO fluxmcp.users (issuer, subject) SELECT 'many', i FROM generate_series(1, 25) i;
		INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size, cache_expires_at)
			SELECT id, 'F' || subject, 'a', '', '', CASE WHEN subject::int > 12 THEN 10000000 ELSE 0 END, now() - subject::int * interval '1 minute' FROM fluxmcp.users;
		UPDATE fluxmcp.figma_files_cache SET cache_expires_at = DEFAULT WHERE file_key = 'F1'`)
	for _, want := range []string{"10", "14", "0"} {
		r.Want("files deleted by a call", "SELECT figma_deleted::text FROM fluxmcp.cleanup_expired_cache()", want)
	}
	r.Want("what is fresh stays", files, "1:F1")
}
