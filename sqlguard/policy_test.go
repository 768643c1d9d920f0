package sqlguard

import (
	"strings"
	"testing"
)

func newGuard(t testing.TB, p Policy, c Catalog) *Guard {
	t.Helper()
	g, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	g.SetCatalog(c)
	return g
}

// want checks one statement: an empty rule means allowed.
func want(t *testing.T, g *Guard, sql, rule string) {
	t.Helper()
	_, err := g.Check(sql)
	got := ""
	if err != nil {
		got = err.(*Violation).Rule
	}
	if got != rule {
		t.Errorf("sql: %s\ngot  %q (%v)\nwant %q", sql, got, err, rule)
	}
}

func TestForbiddenOperations(t *testing.T) {
	for _, c := range []struct{ name, word, refused, allowed string }{
		{"EXPLAIN covers every plan", "EXPLAIN", "EXPLAIN SELECT 1", "SELECT 1"},
		{"EXPLAIN ANALYZE leaves plain plans", "explain  analyze", "EXPLAIN (ANALYZE) SELECT 1", "EXPLAIN (ANALYZE off) SELECT 1"},
		{"SHOW", "SHOW", "SHOW server_version", "SELECT version()"},
		{"WITH", "WITH", "SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) s", "SELECT 1"},
		{"WITH RECURSIVE leaves plain WITH", "WITH RECURSIVE", "WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"},
		{"an explicit cross join", "CROSS JOIN", "SELECT 1 FROM users CROSS JOIN orders", "SELECT 1 FROM users JOIN orders ON orders.user_id = users.id"},
		{"a comma join without WHERE", "CROSS JOIN", "SELECT 1 FROM users, orders", "SELECT 1 FROM users, orders WHERE orders.user_id = users.id"},
		{"a join on a constant", "cross join", "SELECT 1 FROM users JOIN orders ON true", "SELECT 1 FROM users JOIN LATERAL (SELECT 1) x ON true"},
		{"functions of a row are no cross join", "CARTESIAN JOIN", "SELECT 1 FROM users, (SELECT 1) x", "SELECT 1 FROM users u, jsonb_each(u.meta) e"},
		{"SELECT *", "SELECT *", "SELECT * FROM users", "SELECT count(*) FROM users"},
		{"a qualified star", "SELECT *", "SELECT 1 FROM (SELECT u.* FROM users u) x", "SELECT u.id FROM users u"},
		{"TABLE is a star", "SELECT *", "TABLE users", "SELECT id FROM users"},
		{"TABLESAMPLE", "TABLESAMPLE", "SELECT 1 FROM users TABLESAMPLE SYSTEM (1)", "SELECT 1 FROM users"},
		{"LATERAL", "LATERAL", "SELECT 1 FROM users u, LATERAL (SELECT u.id) x", "SELECT 1 FROM users u, (SELECT 1) x"},
		{"set operations", "UNION", "SELECT 1 UNION SELECT 2", "SELECT 1 WHERE 1 IN (SELECT 2)"},
		{"window functions", "WINDOW", "SELECT rank() OVER () FROM users", "SELECT count(*) FROM users"},
		{"system catalogs", "SYSTEM CATALOGS", "SELECT * FROM information_schema.tables", "SELECT 1 FROM users"},
		{"VALUES", "VALUES", "SELECT * FROM (VALUES (1)) v", "SELECT 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGuard(t, Policy{ForbiddenOperations: []string{c.word}}, Catalog{})
			want(t, g, c.refused, ruleOperation)
			want(t, g, c.allowed, "")
			want(t, newGuard(t, Policy{}, Catalog{}), c.refused, "")
		})
	}
}

func TestWordsOfTheOlderProductAreAccepted(t *testing.T) {
	words := strings.Split("DROP,TRUNCATE,DELETE FROM,DELETE,INSERT,UPDATE,ALTER,CREATE,GRANT,REVOKE,COPY,drop table,Drop  Database,INSERT INTO,VACUUM", ",")
	g := newGuard(t, Policy{ForbiddenOperations: words}, Catalog{})
	want(t, g, "SELECT 'DROP TABLE x', \"update\" FROM users_flags", "")
	want(t, g, "DELETE FROM users", ruleReadOnly)
}

func TestUnreadablePoliciesStopTheStart(t *testing.T) {
	for _, c := range []struct {
		name   string
		policy Policy
		says   string
	}{
		{"an unknown word lists the known ones", Policy{ForbiddenOperations: []string{"DESTROY"}}, "TABLESAMPLE"},
		{"an empty word", Policy{ForbiddenOperations: []string{" "}}, "not known"},
		{"a name of three parts", Policy{ForbiddenTables: []string{"a.b.c"}}, "a.b.c"},
		{"an unclosed quote", Policy{ForbiddenTables: []string{`"a`}}, "forbidden tables"},
		{"an empty allowed table", Policy{AllowedTables: []string{""}}, "allowed tables"},
		{"a function of three parts", Policy{AllowedFunctions: []string{"a.b.c"}}, "allowed functions"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(c.policy); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("policy: %+v\ngot  %v\nwant an error with %q", c.policy, err, c.says)
			}
		})
	}
}

func TestForbiddenTables(t *testing.T) {
	g := newGuard(t, Policy{ForbiddenTables: []string{"secrets", "auth.keys", `"Weird Name"`, "vault.*", strings.Repeat("x", 80)}}, Catalog{})
	for _, c := range []struct{ name, sql, rule string }{
		{"a plain name in any schema", "SELECT * FROM other.secrets", ruleTable},
		{"schema.name in that schema", "SELECT * FROM auth.keys", ruleTable},
		{"schema.name without a schema may be meant", "SELECT * FROM keys", ruleTable},
		{"schema.name in another schema is another table", "SELECT * FROM public.keys", ""},
		{"a quoted name", `SELECT * FROM "Weird Name"`, ruleTable},
		{"case never opens a table", `SELECT * FROM "SECRETS"`, ruleTable},
		{"all of a schema", "SELECT * FROM vault.anything", ruleTable},
		{"a schema's row types", "SELECT NULL::vault.anything", ruleTable},
		{"another schema stays open", "SELECT * FROM public.anything", ""},
		{"long names are cut as PostgreSQL cuts them", "SELECT * FROM " + strings.Repeat("x", 63), ruleTable},
		{"long names in strings too", "SELECT '" + strings.Repeat("x", 70) + "'::regclass", ruleName},
		{"without a default list the token tables are open", "SELECT * FROM oauth_tokens", ""},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, g, c.sql, c.rule) })
	}
}

func TestAllowedTables(t *testing.T) {
	g := newGuard(t, Policy{ForbiddenTables: []string{"oauth_tokens"}, AllowedTables: []string{"users", "sales.orders", "open.*"}}, Catalog{Closure: []Name{{"public", "active_tokens"}}})
	for _, c := range []struct{ name, sql, rule string }{
		{"an allowed table", "SELECT * FROM users", ""},
		{"an allowed table of a schema", "SELECT * FROM sales.orders, open.whatever", ""},
		{"any other table", "SELECT * FROM products", ruleNotAllowed},
		{"the same name in another schema", "SELECT * FROM other.orders", ruleNotAllowed},
		{"a CTE needs no permission", "WITH products AS (SELECT * FROM users) SELECT * FROM products", ""},
		{"harmless catalogs stay readable", "SELECT * FROM information_schema.columns WHERE table_name = 'products'", ""},
		{"forbidden wins", "SELECT * FROM oauth_tokens", ruleTable},
		{"regclass of another table", "SELECT 'products'::regclass", ruleName},
		{"regclass of an allowed table", "SELECT 'users'::regclass, 'sales.orders'::regclass, 'int4'::regtype", ""},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, g, c.sql, c.rule) })
	}
	for _, n := range []struct {
		schema, name string
		hidden       bool
	}{{"", "users", false}, {"public", "users", false}, {"public", "products", true}, {"other", "oauth_tokens", true}, {"public", "active_tokens", true},
		{"pg_catalog", "pg_authid", true}, {"pg_catalog", "pg_class", false}, {"information_schema", "columns", false}, {"open", "x", false}} {
		if got := g.Forbidden(n.schema, n.name); got != n.hidden {
			t.Errorf("Forbidden(%q, %q) = %v, want %v", n.schema, n.name, got, n.hidden)
		}
	}
	if got := strings.Join(g.ForbiddenNames(), " "); got != "oauth_tokens" {
		t.Errorf("ForbiddenNames() = %q, want the policy's names alone", got)
	}
}

func TestFunctionsBeyondBuiltins(t *testing.T) {
	g := newGuard(t, Policy{AllowedFunctions: []string{"net_total", "tools.slug", "lower_de"}}, Catalog{
		ShadowFunctions: []string{"upper"}, ShadowOperators: []string{"+", "=", ">="}, ExtensionFunctions: []string{"similarity", "ext.similarity", "dblink_exec", "crosstab", "pg_read_file"},
		UserFunctions: []string{"get_secret"}, RowFunctions: []string{"whole_secret"}})
	for _, c := range []struct{ name, sql, rule string }{
		{"an allowed function", "SELECT net_total(1), public.net_total(1)", ""},
		{"not in another schema", "SELECT evil.net_total(1)", ruleFunction},
		{"an allowed function of a schema", "SELECT tools.slug('a')", ""},
		{"but not without it", "SELECT slug('a')", ruleFunction},
		{"a shadowed built-in", "SELECT upper('a')", ruleFunction},
		{"a shadowed built-in, qualified", "SELECT pg_catalog.upper('a')", ""},
		{"a shadowed built-in in attribute notation", "SELECT ('a'::text).upper", ruleFunction},
		{"a harmless extension's function", "SELECT similarity('a', 'b'), ext.similarity('a', 'b')", ""},
		{"of another schema", "SELECT evil.similarity('a', 'b')", ruleFunction},
		{"a dangerous one listed by mistake", "SELECT dblink_exec('x')", ruleFunction},
		{"another one", "SELECT * FROM crosstab('x') AS t(a int)", ruleFunction},
		{"a catalog cannot open a built-in", "SELECT pg_read_file('x')", ruleFunction},
		{"a shadowed operator", "SELECT 1 + 1", ruleOperator},
		{"a shadowed operator, qualified", "SELECT 1 OPERATOR(pg_catalog.+) 1", ""},
		{"USING is an equality", "SELECT 1 FROM users JOIN orders USING (id)", ruleOperator},
		{"IN (SELECT) is an equality", "SELECT 1 IN (SELECT 1)", ruleOperator},
		{"CASE x WHEN is an equality", "SELECT CASE 1 WHEN 1 THEN 1 END", ruleOperator},
		{"BETWEEN is a comparison", "SELECT 1 BETWEEN 0 AND 2", ruleOperator},
		{"a user function in attribute notation", "SELECT (id).get_secret FROM users", ruleFunction},
		{"on an array element", "SELECT tags[1].get_secret FROM users", ruleFunction},
		{"a row function in attribute notation", "SELECT u.whole_secret FROM users u", ruleFunction},
		{"a row function on a row", "SELECT (u).whole_secret FROM users u", ruleFunction},
		{"a scalar function is no column of a table", "SELECT u.get_secret FROM users u", ""},
		{"an unqualified column is no call", "SELECT whole_secret FROM users", ""},
	} {
		t.Run(c.name, func(t *testing.T) { want(t, g, c.sql, c.rule) })
	}
}
