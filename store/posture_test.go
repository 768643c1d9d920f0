package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// openAs gives a DB whose reads run as role.
func openAs(t testing.TB, url, role string) *store.DB {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, ReaderRole: role, MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func TestPosture(t *testing.T) {
	cases := []struct {
		name     string
		sql      string // R is the role
		severity string
		what     string // part of it
		subject  string
		mend     string
	}{
		{"write to a table", "GRANT INSERT, DELETE ON orders TO R", "critical", "can write (INSERT, DELETE)", "public.orders", "REVOKE INSERT, DELETE ON public.orders FROM R, PUBLIC;"},
		{"write to one column", "GRANT UPDATE (note) ON orders TO R", "critical", "can write (UPDATE)", "public.orders", "REVOKE UPDATE ON"},
		{"advance a sequence", "CREATE SEQUENCE sq; GRANT USAGE ON SEQUENCE sq TO R", "warning", "sequence", "public.sq", "REVOKE USAGE"},
		{"own a table", "CREATE TABLE own(id int); ALTER TABLE own OWNER TO R", "critical", "owns", "public.own", "OWNER TO"},
		{"create in a schema", "GRANT CREATE ON SCHEMA public TO R", "warning", "create in a schema", "public", "REVOKE CREATE ON SCHEMA public FROM R"},
		{"create temporary tables", "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO R', current_database()); END $$", "warning", "temporary", "", "REVOKE TEMPORARY"},
		{"read a forbidden table", "GRANT SELECT ON oauth_tokens TO R", "critical", "forbidden", "public.oauth_tokens", "REVOKE SELECT ON public.oauth_tokens FROM R"},
		{"read one column of it", "GRANT SELECT (id) ON oauth_tokens TO R", "critical", "forbidden", "public.oauth_tokens", "REVOKE SELECT"},
		{"read a view of it", "CREATE VIEW seen AS SELECT * FROM oauth_tokens; GRANT SELECT ON seen TO R", "critical", "forbidden", "public.seen", "REVOKE SELECT ON public.seen"},
		{"call a SECURITY DEFINER function over it", "CREATE FUNCTION leak(n int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT max(token) FROM oauth_tokens'", "critical", "SECURITY DEFINER", "public.leak(n integer)", "REVOKE EXECUTE ON FUNCTION public.leak(n integer) FROM R, PUBLIC;"},
		{"read files", "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO R", "critical", "files", "pg_read_file(text)", "REVOKE EXECUTE"},
		{"be a member of a file role", "GRANT pg_read_server_files TO R", "critical", "powerful", "pg_read_server_files", "REVOKE pg_read_server_files FROM R;"},
		{"be a member of a role that reads all", "GRANT pg_read_all_data TO R", "critical", "powerful", "pg_read_all_data", "REVOKE"},
		{"pass by row security", "ALTER ROLE R BYPASSRLS", "critical", "BYPASSRLS", "", "NOBYPASSRLS"},
		{"make roles", "ALTER ROLE R CREATEROLE", "critical", "CREATEROLE", "", "NOCREATEROLE"},
		{"be a superuser", "ALTER ROLE R SUPERUSER", "critical", "superuser", "", "NOSUPERUSER"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			url := storetest.DB(t)
			role := storetest.FreshRole(t, url)
			storetest.Exec(t, url, `CREATE TABLE orders(id int, note text); CREATE TABLE oauth_tokens(id int, token text);
				DO $$ BEGIN EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()); END $$`)
			r := openAs(t, url, role).Reader()
			p, err := store.CheckPosture(t.Context(), r, sqlguard.DefaultForbiddenTables())
			if err != nil || !p.OK() || p.Role != role {
				t.Fatalf("before: got %+v, %v, want OK as %s", p, err, role)
			}
			storetest.Exec(t, url, replaceRole(c.sql, role))
			p, err = store.CheckPosture(t.Context(), r, sqlguard.DefaultForbiddenTables())
			if err != nil || p.OK() {
				t.Fatalf("got %+v, %v, want a problem", p, err)
			}
			i := slices.IndexFunc(p.Problems, func(x store.Problem) bool { return strings.Contains(x.What, c.what) })
			if i < 0 {
				t.Fatalf("got %+v, want %q", p.Problems, c.what)
			}
			got, mend := p.Problems[i], replaceRole(c.mend, role)
			if got.Severity != c.severity || (c.subject != "" && got.Subject != c.subject) || !strings.Contains(got.Mend, mend) {
				t.Errorf("got %+v, want %s, %q, %q", got, c.severity, c.subject, mend)
			}
			if strings.HasPrefix(got.Mend, "ALTER TABLE") {
				return // names another role to be chosen
			}
			storetest.Exec(t, url, got.Mend)
			if p, err = store.CheckPosture(t.Context(), r, sqlguard.DefaultForbiddenTables()); err != nil || !p.OK() {
				t.Errorf("after its own statement: got %+v, %v, want OK", p, err)
			}
		})
	}
}

// replaceRole puts role in the place of the word R.
func replaceRole(sql, role string) string {
	out := strings.NewReplacer(" R ", " "+role+" ", " R,", " "+role+",", " R;", " "+role+";", " R'", " "+role+"'").Replace(sql + " ")
	return strings.TrimSuffix(out, " ")
}

func TestPostureWithoutReaderRole(t *testing.T) {
	url := storetest.DB(t)
	p, err := store.CheckPosture(t.Context(), open(t, url).Reader(), nil)
	if err != nil || p.OK() || len(p.Problems) != 1 || p.Problems[0].What != "is a superuser" {
		t.Errorf("got %+v, %v, want the one problem of a superuser", p, err)
	}
}
