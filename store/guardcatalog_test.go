package store_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// withFixture gives a database with the guard's fixture in it.
func withFixture(t testing.TB) (url string, r *store.Reader) {
	t.Helper()
	text, err := os.ReadFile("../sqlguard/testdata/fixture.sql")
	if err != nil {
		t.Fatal(err)
	}
	url = storetest.DB(t)
	storetest.Exec(t, url, string(text))
	return url, open(t, url).Reader()
}

func closureNames(c sqlguard.Catalog) []string {
	var names []string
	for _, n := range c.Closure {
		names = append(names, n.Schema+"."+n.Name)
	}
	return names
}

func TestClosureOfFixture(t *testing.T) {
	_, r := withFixture(t)
	c, err := store.LoadGuardCatalog(t.Context(), r, sqlguard.DefaultForbiddenTables())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"auth.refresh_tokens", "public.active_tokens", "public.oauth_state_tokens", "public.oauth_state_tokens_2026",
		"public.oauth_tokens", "public.oauth_tokens_id_seq", "public.refresh_tokens", "public.refresh_tokens_id_seq",
		"public.refresh_tokens_old", "public.refresh_view", "public.token_report", "public.token_snapshot",
	}
	if got := closureNames(c); !slices.Equal(got, want) {
		t.Errorf("closure\n got %q\nwant %q", got, want)
	}
	if len(c.ShadowFunctions) != 0 || len(c.ShadowOperators) != 0 {
		t.Errorf("evil is not on the search_path, got shadows %q %q", c.ShadowFunctions, c.ShadowOperators)
	}
	for _, f := range []string{"get_token_for_user"} {
		if !slices.Contains(c.UserFunctions, f) {
			t.Errorf("UserFunctions %q misses %s", c.UserFunctions, f)
		}
	}
}

func TestClosureFindsEveryWay(t *testing.T) {
	cases := []struct {
		name      string
		forbidden []string
		ddl       string
		in, out   []string // relations that must and must not be in it
	}{
		{"a view through a plpgsql function that names the table", nil,
			`CREATE FUNCTION peek() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT token FROM "OAUTH_TOKENS".x; END $$;
			CREATE VIEW peeked AS SELECT * FROM peek(); CREATE VIEW peeked2 AS SELECT * FROM peeked`,
			[]string{"public.peeked", "public.peeked2"}, []string{"public.users"}},
		{"a view through a BEGIN ATOMIC function, which keeps no text", nil,
			`CREATE FUNCTION atomic() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM oauth_tokens; END;
			CREATE VIEW counted AS SELECT atomic() AS n`,
			[]string{"public.counted"}, nil},
		{"a function that calls a function", nil,
			`CREATE FUNCTION inner_f() RETURNS text LANGUAGE sql AS 'SELECT max(token) FROM oauth_tokens';
			CREATE FUNCTION outer_f() RETURNS text LANGUAGE sql AS 'SELECT inner_f()';
			CREATE VIEW nested AS SELECT outer_f() AS x`,
			[]string{"public.nested"}, nil},
		{"an operator and an aggregate made of such a function", nil,
			`CREATE FUNCTION addtok(text, int) RETURNS text LANGUAGE sql AS 'SELECT $1 || (SELECT max(token) FROM oauth_tokens)';
			CREATE OPERATOR ### (LEFTARG = text, RIGHTARG = int, FUNCTION = addtok);
			CREATE AGGREGATE toks(int) (SFUNC = addtok, STYPE = text, INITCOND = '');
			CREATE VIEW by_operator AS SELECT name ### 1 AS x FROM users;
			CREATE VIEW by_aggregate AS SELECT toks(id) AS x FROM users`,
			[]string{"public.by_operator", "public.by_aggregate"}, []string{"public.users"}},
		{"a longer word is another name", nil,
			`CREATE FUNCTION stats() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM my_oauth_tokens_stats -- my_oauth_tokens, oauth_tokens2';
			CREATE VIEW statistic AS SELECT stats() AS n`,
			nil, []string{"public.statistic", "public.my_oauth_tokens_stats"}},
		{"an ancestor shows a forbidden child, a sibling does not", []string{"child"},
			`CREATE TABLE parent(id int); CREATE TABLE child() INHERITS (parent); CREATE TABLE sibling() INHERITS (parent);
			CREATE TABLE grandchild() INHERITS (child); CREATE VIEW of_parent AS SELECT * FROM parent`,
			[]string{"public.parent", "public.child", "public.grandchild", "public.of_parent"}, []string{"public.sibling"}},
		{"a foreign table whose options name one, and a view on it", nil,
			`CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
			CREATE FOREIGN TABLE far(token text) SERVER s OPTIONS (schema_name 'x', table_name 'oauth_tokens');
			CREATE FOREIGN TABLE near(token text) SERVER s OPTIONS (table_name 'orders'); CREATE VIEW far_view AS SELECT * FROM far`,
			[]string{"public.far", "public.far_view"}, []string{"public.near"}},
		{"views over catalogs that hold samples, hashes or SQL", nil,
			`CREATE VIEW samples AS SELECT most_common_vals::text AS v FROM pg_stats; CREATE VIEW samples0 AS SELECT starelid FROM pg_statistic;
			CREATE VIEW hashes AS SELECT * FROM pg_authid; CREATE VIEW shadows AS SELECT * FROM pg_shadow; CREATE VIEW busy AS SELECT * FROM pg_stat_activity;
			CREATE VIEW busy2 AS SELECT pid, query FROM pg_stat_get_activity(NULL); CREATE VIEW sizes AS SELECT relname, relpages FROM pg_class;
			CREATE VIEW roles AS SELECT rolname FROM pg_roles`,
			[]string{"public.samples", "public.samples0", "public.hashes", "public.shadows", "public.busy", "public.busy2"},
			[]string{"public.sizes", "public.roles"}},
		{"a view that runs SQL given as text, by what the text names", nil,
			`CREATE VIEW as_xml AS SELECT query_to_xml('select * from oauth_tokens', true, false, '') AS x;
			CREATE VIEW all_xml AS SELECT schema_to_xml('public', true, false, '') AS x;
			CREATE VIEW fine_xml AS SELECT query_to_xml('select * from users', true, false, '') AS x`,
			[]string{"public.as_xml", "public.all_xml"}, []string{"public.fine_xml"}},
		{"a rule that writes does not make its table one that shows", nil,
			`CREATE RULE r AS ON DELETE TO users DO ALSO DELETE FROM oauth_tokens WHERE id = old.id`,
			nil, []string{"public.users"}},
		{"a name with a schema means that schema alone", []string{"auth.users"},
			`CREATE SCHEMA auth; CREATE TABLE auth.users(id int); CREATE VIEW logins AS SELECT * FROM auth.users; CREATE VIEW people AS SELECT * FROM public.users`,
			[]string{"auth.users", "public.logins"}, []string{"public.users", "public.people", "public.oauth_tokens"}},
		{"of a schema forbidden as a whole only what shows it elsewhere", []string{"vault.*"},
			`CREATE SCHEMA vault; CREATE TABLE vault.users(id int); CREATE VIEW opened AS SELECT * FROM vault.users`,
			[]string{"public.opened"}, []string{"vault.users", "public.users"}},
		{"the schema fluxmcp counts as forbidden as a whole", nil,
			`CREATE SCHEMA fluxmcp; CREATE TABLE fluxmcp.users(id int); CREATE VIEW inside AS SELECT * FROM fluxmcp.users`,
			[]string{"public.inside"}, []string{"fluxmcp.users", "public.users"}},
		{"quotes and capitals in the setting and in the table", []string{`"Odd Name"`},
			`CREATE TABLE "odd name"(id int); CREATE VIEW odd AS SELECT * FROM "odd name"`,
			[]string{"public.odd name", "public.odd"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			url := storetest.DB(t)
			storetest.Exec(t, url, `CREATE TABLE users(id int, name text); CREATE TABLE oauth_tokens(id int, token text); CREATE TABLE my_oauth_tokens_stats(n int)`, c.ddl)
			forbidden := c.forbidden
			if forbidden == nil {
				forbidden = sqlguard.DefaultForbiddenTables()
			}
			catalog, err := store.LoadGuardCatalog(t.Context(), open(t, url).Reader(), forbidden)
			if err != nil {
				t.Fatal(err)
			}
			got := closureNames(catalog)
			for _, name := range c.in {
				if !slices.Contains(got, name) {
					t.Errorf("%s is missing from %q", name, got)
				}
			}
			for _, name := range c.out {
				if slices.Contains(got, name) {
					t.Errorf("%s must not be in %q", name, got)
				}
			}
		})
	}
}

func TestVolatileRelations(t *testing.T) {
	const tables = `CREATE TABLE orders(id int, at timestamptz DEFAULT now(), tag double precision DEFAULT random(), note text);
		CREATE TABLE users(id int, owner text);
		CREATE FUNCTION chance() RETURNS double precision LANGUAGE plpgsql AS 'BEGIN RETURN 4; END';
		CREATE FUNCTION newest() RETURNS int LANGUAGE sql STABLE AS 'SELECT max(id) FROM public.orders';
		CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';`
	for _, c := range []struct {
		name, ddl string
		want      []string
	}{
		{"a plain view, an expression, a cast and a column default do not change",
			`CREATE VIEW plain AS SELECT twice(id), at::date, lower(note), at > '2026-01-01' AS late, count(*) OVER (), note || 1 AS x FROM orders`, nil},
		{"a call in the select list", `CREATE VIEW v AS SELECT now() AS n`, []string{"v"}},
		{"in a condition", `CREATE VIEW v AS SELECT id FROM orders WHERE at > now() - interval '1 day'`, []string{"v"}},
		{"in a common table expression", `CREATE VIEW v AS WITH c AS (SELECT random() AS r) SELECT r FROM c`, []string{"v"}},
		{"in a sub-select", `CREATE VIEW v AS SELECT id FROM orders WHERE id = (SELECT pg_backend_pid())`, []string{"v"}},
		{"in a join, an order and a group", `CREATE VIEW a AS SELECT o.id FROM orders o JOIN users u ON random() < 0.5;
			CREATE VIEW b AS SELECT id FROM orders ORDER BY random(); CREATE VIEW c AS SELECT count(*) FROM orders GROUP BY version()`, []string{"a", "b", "c"}},
		{"in FROM, as an argument, as an aggregate's filter", `CREATE VIEW a AS SELECT * FROM current_setting('timezone') s;
			CREATE VIEW b AS SELECT date_trunc('day', clock_timestamp()); CREATE VIEW c AS SELECT count(*) FILTER (WHERE at < now()) FROM orders`, []string{"a", "b", "c"}},
		{"CURRENT_DATE and its like", `CREATE VIEW a AS SELECT CURRENT_DATE; CREATE VIEW b AS SELECT id FROM users WHERE owner = CURRENT_USER;
			CREATE VIEW c AS SELECT LOCALTIMESTAMP; CREATE VIEW d AS SELECT current_schema`, []string{"a", "b", "c", "d"}},
		{"what a text cannot call but a view may", `CREATE SEQUENCE s; CREATE VIEW a AS SELECT nextval('s'); CREATE VIEW b AS SELECT inet_client_addr()`, []string{"a", "b"}},
		{"'now' as a date is a constant since the view was made", `CREATE VIEW v AS SELECT 'now'::timestamptz, 'today'::date`, nil},
		{"'now' as a text that is cast later is not", `CREATE VIEW a AS SELECT 'now'::text::timestamptz AS n; CREATE VIEW b AS SELECT (' Yesterday '::text)::date AS n;
			CREATE VIEW word AS SELECT ('snow nowhere'::text)::varchar, note::timestamptz FROM orders`, []string{"a", "b"}},
		{"a sample, unless it is repeatable", `CREATE VIEW a AS SELECT id FROM orders TABLESAMPLE SYSTEM (10);
			CREATE VIEW b AS SELECT id FROM orders TABLESAMPLE SYSTEM (10) REPEATABLE (1)`, []string{"a"}},
		{"a catalog and a view of PostgreSQL's own", `CREATE VIEW a AS SELECT relname FROM pg_class; CREATE VIEW b AS SELECT * FROM pg_stat_user_tables;
			CREATE VIEW c AS SELECT table_name FROM information_schema.tables`, []string{"a", "b", "c"}},
		{"a user's function unless it is immutable", `CREATE VIEW a AS SELECT chance(); CREATE VIEW b AS SELECT newest(); CREATE VIEW c AS SELECT twice(1)`, []string{"a", "b"}},
		{"an immutable function with such a default", `CREATE FUNCTION d1(at timestamptz DEFAULT now()) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
			CREATE FUNCTION d2(x double precision DEFAULT chance()) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
			CREATE VIEW a AS SELECT d1(); CREATE VIEW b AS SELECT d2()`, []string{"a", "b"}},
		{"an operator and an aggregate made of one", `CREATE FUNCTION roll(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1';
			CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = roll); CREATE AGGREGATE rolls(int) (SFUNC = roll, STYPE = int, INITCOND = '0');
			CREATE VIEW a AS SELECT id ### 1 AS x FROM orders; CREATE VIEW b AS SELECT rolls(id) FROM orders; CREATE VIEW c AS SELECT rolls(id) OVER () FROM orders;
			CREATE FUNCTION atomic(int, int) RETURNS double precision LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT chance(); END;
			CREATE OPERATOR #### (LEFTARG = int, RIGHTARG = int, FUNCTION = atomic); CREATE VIEW d AS SELECT id #### 1 AS x FROM orders`,
			[]string{"a", "b", "c", "d"}},
		{"views over such a view, to any depth", `CREATE VIEW a AS SELECT now() AS n; CREATE VIEW b AS SELECT * FROM a; CREATE VIEW c AS SELECT id FROM orders WHERE at < (SELECT n FROM b);
			CREATE VIEW other AS SELECT * FROM orders`, []string{"a", "b", "c"}},
		{"a view with its reader's rights, and one with a security barrier", `CREATE VIEW a WITH (security_invoker) AS SELECT now() AS n;
			CREATE VIEW b WITH (security_barrier) AS SELECT n FROM a`, []string{"a", "b"}},
		{"a materialized view is data, and so is what reads it", `CREATE MATERIALIZED VIEW m AS SELECT now() AS n; CREATE VIEW v AS SELECT * FROM m;
			CREATE VIEW a AS SELECT random() AS r; CREATE MATERIALIZED VIEW ma AS SELECT * FROM a`, []string{"a"}},
		{"a rule that writes is not read", `CREATE RULE r AS ON INSERT TO users DO ALSO INSERT INTO orders(at) VALUES (now())`, nil},
		{"a policy, and a view of its table", `CREATE POLICY p ON users USING (owner = current_setting('app.owner', true)); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
			CREATE VIEW v AS SELECT id FROM users`, []string{"users", "v"}},
		{"a policy that calls a user's function or reads such a view", `CREATE VIEW a AS SELECT now() AS n;
			CREATE POLICY p ON users FOR SELECT USING (id < chance()); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
			CREATE POLICY q ON orders USING (at < (SELECT n FROM a)); ALTER TABLE orders ENABLE ROW LEVEL SECURITY`, []string{"a", "orders", "users"}},
		{"not a policy of data, of writing, or of a table without row-level security", `CREATE TABLE free(id int);
			CREATE POLICY p ON users USING (id > 1); ALTER TABLE users ENABLE ROW LEVEL SECURITY;
			CREATE POLICY q ON orders FOR INSERT WITH CHECK (at < now()); CREATE POLICY u ON orders FOR UPDATE USING (at < now()); CREATE POLICY all_of ON orders USING (true); ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
			CREATE POLICY r ON free USING (random() < 0.5)`, nil},
		{"a stable function of a harmless extension is as good as immutable, a volatile one is not", `CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto;
			CREATE VIEW a AS SELECT note % 'x' AS x, show_trgm(note) FROM orders; CREATE VIEW b AS SELECT gen_salt('md5')`, []string{"b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := storetest.DB(t)
			storetest.Exec(t, url, tables, c.ddl)
			catalog, err := store.LoadGuardCatalog(t.Context(), open(t, url).Reader(), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range catalog.VolatileRelations {
				if n.Schema != "public" {
					t.Errorf("got %v, want relations of public only", n)
				}
				got = append(got, n.Name)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("ddl: %s\ngot  %q\nwant %q", c.ddl, got, c.want)
			}
		})
	}
}

// TestViewOverNowIsVolatile holds that what is loaded reaches the statement.
func TestViewOverNowIsVolatile(t *testing.T) {
	url, r := withFixture(t)
	storetest.Exec(t, url, `CREATE VIEW "Recent" AS SELECT * FROM orders WHERE created_at > now() - interval '1 day'; CREATE VIEW paid AS SELECT * FROM orders WHERE status = 'paid'`)
	g, err := sqlguard.New(sqlguard.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := store.LoadGuardCatalog(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	g.SetCatalog(catalog)
	for sql, want := range map[string]bool{
		`SELECT * FROM "Recent"`: true, `SELECT 1 WHERE EXISTS (SELECT 1 FROM public."Recent")`: true,
		"SELECT * FROM paid": false, "SELECT * FROM orders": false, "SELECT * FROM daily_sales": false,
	} {
		if s, err := g.Check(sql); err != nil || s.Volatile() != want {
			t.Errorf("%s: got volatile %v (%v), want %v", sql, s.Volatile(), err, want)
		}
	}
}

func TestShadowsAndCallableFunctions(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, `CREATE TABLE users(id int);
		CREATE FUNCTION lower(int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
		CREATE FUNCTION tax(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT $1 * 0.2';
		CREATE FUNCTION label(users) RETURNS text LANGUAGE sql AS 'SELECT ''u''';
		CREATE FUNCTION two(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
		CREATE FUNCTION opt(int, int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';
		CREATE OPERATOR ## (LEFTARG = int, RIGHTARG = int, FUNCTION = two);
		CREATE SCHEMA off; CREATE FUNCTION off.upper(int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`)
	c, err := store.LoadGuardCatalog(t.Context(), open(t, url).Reader(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		name      string
		got, want []string
	}{
		{"shadow functions on the search_path only", c.ShadowFunctions, []string{"lower"}},
		{"shadow operators", c.ShadowOperators, []string{"##"}},
		{"functions of one argument", c.UserFunctions, []string{"label", "lower", "opt", "tax"}},
		{"functions of a row", c.RowFunctions, []string{"label"}},
		{"no extension, no extension functions", c.ExtensionFunctions, nil},
	} {
		if !slices.Equal(x.got, x.want) {
			t.Errorf("%s: got %q, want %q", x.name, x.got, x.want)
		}
	}
}

// TestExtensionFunctions needs pg_trgm, which is trusted and in every packaged PostgreSQL.
func TestExtensionFunctions(t *testing.T) {
	url := storetest.DB(t)
	storetest.Exec(t, url, `CREATE EXTENSION pg_trgm; CREATE SCHEMA ext; CREATE EXTENSION unaccent SCHEMA ext;
		CREATE FUNCTION show_trgm(int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'`)
	c, err := store.LoadGuardCatalog(t.Context(), open(t, url).Reader(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"similarity": true, "public.similarity": true, "ext.unaccent": true,
		"unaccent": false, "set_limit": false, "show_trgm": false,
	} {
		if got := slices.Contains(c.ExtensionFunctions, name); got != want {
			t.Errorf("%s allowed: got %v, want %v", name, got, want)
		}
	}
}

type corpusRow struct {
	id, reason, sql string
	allow           bool
}

func corpus(t testing.TB) []corpusRow {
	t.Helper()
	text, err := os.ReadFile("../sqlguard/testdata/corpus.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []corpusRow
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		f := strings.SplitN(line, "\t", 4)
		if len(f) != 4 {
			t.Fatalf("corpus line %q has %d fields, want 4", line, len(f))
		}
		sql := strings.NewReplacer("␊", "\n", "␍", "\r").Replace(f[3])
		rows = append(rows, corpusRow{f[0], f[2], sql, f[1] == "allow"})
	}
	return rows
}

// TestCorpusOnRealDatabase checks every row with the catalog of a real
// database, and runs every allowed one there.
func TestCorpusOnRealDatabase(t *testing.T) {
	_, r := withFixture(t)
	g, err := sqlguard.New(sqlguard.Policy{ForbiddenTables: sqlguard.DefaultForbiddenTables()})
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := store.LoadGuardCatalog(t.Context(), r, g.ForbiddenNames())
	if err != nil {
		t.Fatal(err)
	}
	g.SetCatalog(catalog)
	rows := corpus(t)
	if len(rows) != 267 {
		t.Errorf("corpus has %d rows, want 267", len(rows))
	}
	for _, row := range rows {
		s, err := g.Check(row.sql)
		if (err == nil) != row.allow {
			t.Errorf("%s %s: allowed=%v, want %v\n%s\n%v", row.id, row.reason, err == nil, row.allow, row.sql, err)
		}
		if err == nil && row.allow {
			runRow(t, r, row, s)
		}
	}
}

func runRow(t *testing.T, r *store.Reader, row corpusRow, s sqlguard.Statement) {
	t.Helper()
	res, err := r.Query(t.Context(), s, nil, store.Limits{Rows: 100, Bytes: 1 << 20, CellBytes: 4 << 10, Timeout: 300 * time.Millisecond})
	var refused *store.QueryError
	code := ""
	if errors.As(err, &refused) {
		code = refused.SQLState
	}
	switch {
	case strings.Contains(row.reason, "statement_timeout must stop it"):
		if code != "57014" {
			t.Errorf("%s %s: got %v, want 57014", row.id, row.sql, err)
		}
	case strings.Contains(row.reason, "row cap"):
		if code != "57014" && (err != nil || !res.More || len(res.Rows) != 100) {
			t.Errorf("%s %s: got %v, want 100 rows and more, or the timeout", row.id, row.sql, err)
		}
	case strings.Contains(row.reason, "PG16"): // an older server does not know the syntax
		if err != nil && code != "42601" && code != "42883" {
			t.Errorf("%s %s: got %v, want rows or a syntax error", row.id, row.sql, err)
		}
	case err != nil:
		t.Errorf("%s %s: %v", row.id, row.sql, err)
	}
}

func BenchmarkLoadGuardCatalog(b *testing.B) {
	_, r := withFixture(b)
	for b.Loop() {
		if _, err := store.LoadGuardCatalog(b.Context(), r, sqlguard.DefaultForbiddenTables()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoadGuardCatalogOfManyViews takes 1,000 views of the length of a report's, one in fifty of them over now().
func BenchmarkLoadGuardCatalogOfManyViews(b *testing.B) {
	url, r := withFixture(b)
	storetest.Exec(b, url, `DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE 'CREATE VIEW report_' || i || ' AS WITH x AS (
		SELECT o.id, o.total, u.country, lower(u.name) || o.status AS label, count(*) OVER (PARTITION BY o.status ORDER BY o.created_at) AS n,
			CASE WHEN o.total > 100 THEN ''big'' ELSE coalesce(o.status, ''none'') END AS size
		FROM orders o JOIN users u ON u.id = o.user_id LEFT JOIN departments d ON d.id = u.manager_id
		WHERE u.meta->>''a'' = ''b'' AND o.created_at > ' || CASE WHEN i % 50 = 0 THEN 'now()' ELSE '''2026-01-01''' END || ')
		SELECT country, size, sum(total) AS total, max(label) AS label, count(DISTINCT id) AS ids FROM x GROUP BY 1, 2 HAVING sum(total) > 10 ORDER BY 3'; END LOOP; END $$`)
	for b.Loop() {
		c, err := store.LoadGuardCatalog(b.Context(), r, sqlguard.DefaultForbiddenTables())
		if err != nil || len(c.VolatileRelations) != 20 {
			b.Fatalf("got %d relations (%v), want 20", len(c.VolatileRelations), err)
		}
	}
}
