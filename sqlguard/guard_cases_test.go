package sqlguard

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHugeAndMangledTexts holds that nothing crashes the process or takes long: a C stack overflow cannot be caught.
func TestHugeAndMangledTexts(t *testing.T) {
	g := newGuard(t, Policy{}, Catalog{})
	deep := func(open, in, shut string, n int) string {
		return "SELECT " + strings.Repeat(open, n) + in + strings.Repeat(shut, n)
	}
	for _, c := range []struct{ name, sql, rule string }{
		{"100,000 brackets", deep("(", "1", ")", 100_000), ruleTooLarge},
		{"45,000 brackets", deep("(", "1", ")", 45_000), ruleTooComplex},
		{"45,000 open brackets", deep("(", "1", "", 45_000), ruleTooComplex},
		{"1,900 brackets nest less than they look", deep("(", "1", ")", 950), ""},
		{"a chain of 45,000 additions", deep("1+", "1", "", 45_000), ruleTooComplex},
		{"a chain of 1,500 additions", deep("1 + ", "1", "", 1_500), ruleTooComplex},
		{"a chain of 400 concatenations", deep("'a' || ", "'b'", "", 400), ""},
		{"signs", deep("+-", "1", "", 45_000), ruleTooComplex},
		{"casts", deep("", "1", "::int", 19_000), ruleTooComplex},
		{"NOT", deep("NOT ", "true", "", 24_000), ruleTooComplex},
		{"IS NULL", deep("", "1", " ISNULL", 13_000), ruleTooComplex},
		{"COLLATE", deep("", "a", ` COLLATE "C"`, 8_000), ruleTooComplex},
		{"AT TIME ZONE", deep("", "a", ` AT TIME ZONE b`, 6_000), ruleTooComplex},
		{"UNION", deep("", "1", " UNION SELECT 1", 6_600), ruleTooComplex},
		{"300 arms of UNION ALL", deep("", "1", " UNION ALL SELECT 1", 300), ""},
		{"JOIN", deep("", "1 FROM a", " CROSS JOIN a", 7_600), ruleTooComplex},
		{"too many tables in FROM", "SELECT 1 FROM a" + strings.Repeat(", a", 5_000), ruleTooComplex},
		{"CASE", deep("CASE WHEN ", "1", " THEN 1 END", 4_700), ruleTooComplex},
		{"calls", deep("lower(", "'a'", ")", 14_000), ruleTooComplex},
		{"sub-selects", deep("(SELECT ", "1", ")", 11_000), ruleTooComplex},
		{"arrays", deep("ARRAY[", "1", "]", 14_000), ruleTooComplex},
		{"subscripts", deep("", "(a)", "[1]", 33_000), ruleTooComplex},
		{"keywords as column labels do not reset the count", deep("x.when+", "1", "", 14_000), ruleTooComplex},
		{"operators hidden behind an E string", "SELECT E'\\'' " + strings.Repeat("+1", 45_000), ruleTooComplex},
		{"operators hidden behind a dollar quote", "SELECT $a$'$a$ " + strings.Repeat("+1", 45_000), ruleTooComplex},
		{"operators hidden behind a nested comment", "SELECT 1 /* /* */ ' */ " + strings.Repeat("+1", 45_000), ruleTooComplex},
		{"operators hidden behind a quoted name", `SELECT "a'b" ` + strings.Repeat("+1", 45_000), ruleTooComplex},
		{"a long flat list", "SELECT 1 WHERE 1 IN (" + strings.Repeat("123456, ", 12_000) + "1)", ""},
		{"a long flat condition", "SELECT 1 FROM t WHERE a = 0" + strings.Repeat(" OR (a = 1 AND b = 'x')", 4_000), ""},
		{"many rows of VALUES", "VALUES (1, 'a')" + strings.Repeat(", (1, 'a')", 9_000), ""},
		{"a long string of signs", "SELECT '" + strings.Repeat("-+*(", 20_000) + "'", ""},
		{"a long comment of signs", "SELECT 1 /*" + strings.Repeat("-+=(", 20_000) + "*/", ""},
		{"1 MB", "SELECT '" + strings.Repeat("x", 1<<20) + "'", ruleTooLarge},
		{"NUL", "SELECT 1\x00; DROP TABLE users", ruleEncoding},
		{"invalid UTF-8", "SELECT '\xff'", ruleEncoding},
		{"half a surrogate", "SELECT '\xed\xa0\x80'", ruleEncoding},
		{"nothing", "", ruleEmpty},
		{"a comment alone", " -- x\n /* y */ ; ", ruleEmpty},
		{"no SQL", "show me all the users please", ruleSyntax},
		{"an open string", "SELECT 'abc", ruleSyntax},
		{"an open comment", "SELECT 1 /* abc", ruleSyntax},
		{"an open dollar quote", "SELECT $a$ abc", ruleSyntax},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			_, err := g.Check(c.sql)
			got := ""
			if err != nil {
				got = err.(*Violation).Rule
			}
			if took := time.Since(start); got != c.rule || took > 2*time.Second {
				t.Errorf("sql: %.60s… (%d bytes)\ngot  %q in %v (%v)\nwant %q", c.sql, len(c.sql), got, took, err, c.rule)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	g := defaultGuard(t)
	for _, c := range []struct {
		name, sql, rule, construct string
		position                   int
	}{
		{"a write names its verb", "DELETE FROM users", ruleReadOnly, "DELETE", 1},
		{"leading blanks count", "\n  DELETE FROM users", ruleReadOnly, "DELETE", 4},
		{"a table after characters of several bytes", "SELECT 'é', 'ø' FROM oauth_tokens", ruleTable, "oauth_tokens", 22},
		{"a function", "SELECT 1, pg_sleep(1)", ruleFunction, "pg_sleep", 11},
		{"a second statement", "SELECT 1; SELECT 2", ruleMultiple, ";", 11},
		{"a syntax error", "SELECT 1 FORM users", ruleSyntax, "syntax", 15},
		{"a CTE that writes", "WITH a AS (UPDATE users SET id = 1 RETURNING 1) SELECT * FROM a", ruleReadOnly, "UPDATE", 0},
		{"transaction control by its word", "ROLLBACK", ruleReadOnly, "ROLLBACK", 1},
		{"a setting", "SET ROLE x", ruleReadOnly, "SET", 1},
		{"a reset", "RESET ALL", ruleReadOnly, "RESET", 1},
		{"a lock", "SELECT 1 FROM users FOR UPDATE", ruleReadOnly, "a row lock", 0},
		{"an operator", "SELECT 1 OPERATOR(evil.+) 2", ruleOperator, "evil.+", 10},
		{"a name in a string", "SELECT 'oauth_tokens'::regclass", ruleName, "'oauth_tokens'", 8},
		{"control characters do not get into messages", "SELECT \"a\n\x07b\"(1)", ruleFunction, "a  b", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := g.Check(c.sql)
			var v *Violation
			if !errors.As(err, &v) {
				t.Fatalf("sql: %s\ngot %v, want a *Violation", c.sql, err)
			}
			if v.Rule != c.rule || v.Construct != c.construct || v.Position != c.position {
				t.Errorf("sql: %s\ngot  %+v\nwant rule %s, construct %q, position %d", c.sql, v, c.rule, c.construct, c.position)
			}
			if strings.Contains(v.Hint(), "oauth_tokens") || strings.Contains(v.Error()+v.Hint(), "refresh_tokens") || !strings.HasSuffix(v.Hint(), ".") {
				t.Errorf("sql: %s\nmessage %q or hint %q gives the forbidden tables away, or the hint is no sentence", c.sql, v.Message, v.HintText)
			}
		})
	}
}

func TestStatements(t *testing.T) {
	g := defaultGuard(t)
	for _, c := range []struct {
		name, sql                  string
		explain, analyze, volatile bool
		relations                  []Name
	}{
		{"a plain read", "SELECT * FROM users u JOIN public.orders o ON true WHERE EXISTS (SELECT 1 FROM users)", false, false, false, []Name{{"", "users"}, {"public", "orders"}}},
		{"names are decoded", `SELECT * FROM U&"us\0065rs", "Odd Name"`, false, false, false, []Name{{"", "users"}, {"", "Odd Name"}}},
		{"CTEs are no relations", "WITH a AS (SELECT * FROM users) SELECT * FROM a", false, false, false, []Name{{"", "users"}}},
		{"a plan", "EXPLAIN SELECT * FROM users", true, false, false, []Name{{"", "users"}}},
		{"a plan that runs", "EXPLAIN (ANALYZE) SELECT 1", true, true, true, nil},
		{"the last option counts", "EXPLAIN (ANALYZE, ANALYZE off) SELECT 1", true, false, false, nil},
		{"anything but off is on", "EXPLAIN (ANALYZE 1) SELECT 1", true, true, true, nil},
		{"off by number", "EXPLAIN (ANALYZE 0) SELECT 1", true, false, false, nil},
		{"now() is volatile", "SELECT now()", false, false, true, nil},
		{"CURRENT_DATE is volatile", "SELECT 1 WHERE CURRENT_DATE > '2026-01-01'", false, false, true, nil},
		{"'today' is volatile", "SELECT * FROM orders WHERE created_at > 'today'", false, false, true, []Name{{"", "orders"}}},
		{"random() is volatile", "SELECT random()", false, false, true, nil},
		{"counters are volatile", "SELECT * FROM pg_stat_user_tables", false, false, true, []Name{{"", "pg_stat_user_tables"}}},
		{"a sample is volatile", "SELECT * FROM users TABLESAMPLE SYSTEM (1)", false, false, true, []Name{{"", "users"}}},
		{"settings are volatile", "SHOW search_path", false, false, true, nil},
		{"pure functions are not", "SELECT lower('A'), jsonb_build_object('a', 1)", false, false, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := g.Check(c.sql)
			if err != nil {
				t.Fatalf("sql: %s\ngot %v, want it allowed", c.sql, err)
			}
			if s.Text() != c.sql || s.IsExplain() != c.explain || s.Analyze() != c.analyze || s.Volatile() != c.volatile || !slices.Equal(s.Relations(), c.relations) {
				t.Errorf("sql: %s\ngot  text %q, explain %v, analyze %v, volatile %v, relations %v\nwant the text itself, %v, %v, %v, %v",
					c.sql, s.Text(), s.IsExplain(), s.Analyze(), s.Volatile(), s.Relations(), c.explain, c.analyze, c.volatile, c.relations)
			}
		})
	}
	if s := (Statement{}); s.Text() != "" {
		t.Errorf("the zero statement has the text %q", s.Text())
	}
}

func TestCommentsInLookAheads(t *testing.T) {
	g := defaultGuard(t)
	for _, c := range []struct{ name, sql, text, rule string }{
		{"a comment between NOT and IN is blanked", "SELECT 1 WHERE 1 NOT /* é */ IN (2)", "SELECT 1 WHERE 1 NOT         IN (2)", ""},
		{"a line comment keeps its line end", "SELECT 1 ORDER BY 1 NULLS -- x\nFIRST", "SELECT 1 ORDER BY 1 NULLS     \nFIRST", ""},
		{"the blanked text is checked in full", "SELECT 1 FROM oauth_tokens WHERE 1 NOT /* x */ IN (2)", "", ruleTable},
		{"what does not parse either way stays a syntax error", "SELECT /* x */ FROM WHERE", "", ruleSyntax},
		{"comments elsewhere are left alone", "SELECT /* x */ 1 -- y", "SELECT /* x */ 1 -- y", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := g.Check(c.sql)
			if s.Text() != c.text || s.Rewritten() != (c.text != "" && c.text != c.sql) {
				t.Errorf("sql:  %q\ngot  %q (rewritten %v)\nwant %q", c.sql, s.Text(), s.Rewritten(), c.text)
			}
			want(t, g, c.sql, c.rule)
		})
	}
}

func TestSetCatalogVoidsCachedVerdicts(t *testing.T) {
	g := newGuard(t, Policy{ForbiddenTables: []string{"oauth_tokens"}}, Catalog{})
	for range 3 {
		want(t, g, "SELECT * FROM active_tokens", "")
	}
	g.SetCatalog(Catalog{Closure: []Name{{"public", "active_tokens"}}})
	want(t, g, "SELECT * FROM active_tokens", ruleTable)
	if !g.Forbidden("public", "active_tokens") || g.Forbidden("other", "active_tokens") || !g.Forbidden("", "active_tokens") {
		t.Error("Forbidden does not follow the closure")
	}
	g.SetCatalog(Catalog{})
	want(t, g, "SELECT * FROM active_tokens", "")
}

func TestCallersCannotChangeCachedVerdicts(t *testing.T) {
	g := defaultGuard(t)
	_, err := g.Check("SELECT * FROM oauth_tokens")
	err.(*Violation).Rule = "changed"
	want(t, g, "SELECT * FROM oauth_tokens", ruleTable)
	s, _ := g.Check("SELECT * FROM users")
	s.Relations()[0].Name = "changed"
	if again, _ := g.Check("SELECT * FROM users"); again.Relations()[0].Name != "users" {
		t.Error("a caller changed the cached relations")
	}
}

func TestCacheStaysWithinItsBytes(t *testing.T) {
	g := newGuard(t, Policy{}, Catalog{})
	small, err := New(Policy{}, WithCacheBytes(64<<10))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3_000 {
		want(t, small, "SELECT "+strings.Repeat(" ", i%50)+strings.Repeat("1", 1+i/50), "")
	}
	small.cache.CleanUp()
	if got := small.cache.WeightedSize(); got > 64<<10 {
		t.Errorf("the cache holds %d bytes, want at most %d", got, 64<<10)
	}
	want(t, g, "SELECT '"+strings.Repeat("x", 50_000)+"'", "")
	if got := g.cache.EstimatedSize(); got != 0 {
		t.Errorf("the cache kept %d texts of 50,000 bytes, want none", got)
	}
}

// TestConcurrentChecks holds that checks agree from many goroutines while the catalog is swapped.
func TestConcurrentChecks(t *testing.T) {
	g, other := defaultGuard(t, WithCacheBytes(0)), defaultGuard(t)
	rows := readRows(t, "testdata/corpus.tsv")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range rows {
				r := rows[(i*7+w)%len(rows)]
				guard := g
				if w%2 == 0 {
					guard = other
					other.SetCatalog(fixtureCatalog())
				}
				if got, _ := verdictOf(guard, r.sql); got != r.verdict {
					t.Errorf("%s: got %s, want %s\nsql: %s", r.id, got, r.verdict, r.sql)
				}
			}
		})
	}
	wg.Wait()
}

func TestVolatileRelationsOfTheCatalog(t *testing.T) {
	g := defaultGuard(t)
	c := fixtureCatalog()
	c.VolatileRelations = []Name{{"public", "recent"}}
	for _, step := range []struct {
		name, sql string
		catalog   Catalog
		want      bool
	}{
		{"an unlisted relation is not volatile", "SELECT * FROM recent", fixtureCatalog(), false},
		{"a listed one is, and the answer before is forgotten", "SELECT * FROM recent", c, true},
		{"with its schema too", "SELECT * FROM public.recent", c, true},
		{"in whatever case", `SELECT * FROM "Recent"`, c, true},
		{"in a sub-select", "SELECT 1 WHERE EXISTS (SELECT 1 FROM recent)", c, true},
		{"of another schema it is another relation", "SELECT * FROM sales.recent", c, false},
		{"a common table expression of its name is no relation", "WITH recent AS (SELECT 1) SELECT * FROM recent", c, false},
	} {
		t.Run(step.name, func(t *testing.T) {
			g.SetCatalog(step.catalog)
			s, err := g.Check(step.sql)
			if err != nil || s.Volatile() != step.want {
				t.Errorf("sql: %s\ngot  volatile %v (%v), want %v", step.sql, s.Volatile(), err, step.want)
			}
		})
	}
}

func TestChangingFunctions(t *testing.T) {
	list := ChangingFunctions()
	for name, want := range map[string]bool{"now": true, "random": true, "nextval": true, "inet_client_addr": true,
		"pg_backend_pid": true, "system_user": true, "uuidv7": true, "lower": false, "date_trunc": false, "sum": false} {
		if got := slices.Contains(list, name); got != want {
			t.Errorf("%s changes by itself: got %v, want %v", name, got, want)
		}
	}
	if !slices.IsSorted(list) {
		t.Errorf("got %q, want it sorted", list)
	}
}
