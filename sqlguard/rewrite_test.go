package sqlguard

import "testing"

func TestRewrite(t *testing.T) {
	g := defaultGuard(t)
	for _, c := range []struct{ name, sql, want string }{
		{"no alias keeps the function's name", "SELECT * FROM generate_series(1, 10)",
			`SELECT * FROM (SELECT generate_series(1, 10) AS "generate_series") AS generate_series`},
		{"an alias names column and table", "SELECT g FROM generate_series(1, 10) AS g WHERE g > 3",
			`SELECT g FROM (SELECT generate_series(1, 10) AS "g") AS g WHERE g > 3`},
		{"a bare alias works too", "SELECT g.g FROM pg_catalog.generate_series(1::bigint, $1, -2) g",
			`SELECT g.g FROM (SELECT pg_catalog.generate_series(1::bigint, $1, -2) AS "g") g`},
		{"a column alias stays outside", "SELECT x FROM generate_series('2026-01-01'::date, '2026-02-01', '1 day') AS g(x) ORDER BY 1",
			`SELECT x FROM (SELECT generate_series('2026-01-01'::date, '2026-02-01', '1 day') AS "g") AS g(x) ORDER BY 1`},
		{"brackets in comments and strings do not count", "SELECT 1 FROM generate_series /* ) */ (1, -- (\n 2) \"G\"\"(\"",
			"SELECT 1 FROM (SELECT generate_series /* ) */ (1, -- (\n 2) AS \"G\"\"(\") \"G\"\"(\""},
		{"a whole row differs: not rewritten", "SELECT g FROM generate_series(1, 3) AS g(x)", ""},
		{"a star as an argument differs: not rewritten", "SELECT count(g.*) FROM generate_series(1, 3) AS g", ""},
		{"a star of the select list is the same", "SELECT g.* FROM generate_series(1, 3) AS g",
			`SELECT g.* FROM (SELECT generate_series(1, 3) AS "g") AS g`},
		{"ordinality is not rewritten", "SELECT * FROM generate_series(1, 3) WITH ORDINALITY", ""},
		{"two items are not rewritten", "SELECT * FROM generate_series(1, 3) a, generate_series(1, 3) b", ""},
		{"a join is not rewritten", "SELECT * FROM generate_series(1, 3) a JOIN users ON true", ""},
		{"ROWS FROM is not rewritten", "SELECT * FROM ROWS FROM (generate_series(1, 3)) a", ""},
		{"a computed argument is not rewritten", "SELECT * FROM generate_series(1, (SELECT 3))", ""},
		{"EXPLAIN is not rewritten", "EXPLAIN SELECT * FROM generate_series(1, 3)", ""},
		{"WITH is not rewritten", "WITH a AS (SELECT 1) SELECT * FROM generate_series(1, 3)", ""},
		{"UNION is not rewritten", "SELECT * FROM generate_series(1, 3) UNION SELECT 1", ""},
		{"another function is not rewritten", "SELECT * FROM unnest(ARRAY[1])", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := g.Check(c.sql)
			want := c.want
			if want == "" {
				want = c.sql
			}
			if err != nil || s.Text() != want || s.Rewritten() != (c.want != "") {
				t.Errorf("sql:  %s\ngot   %s (%v, rewritten %v)\nwant  %s", c.sql, s.Text(), err, s.Rewritten(), want)
			}
		})
	}
}
