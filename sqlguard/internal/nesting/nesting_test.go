package nesting

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

type depth struct{ now, most int }

func (d *depth) Enter(p *tree.Plan, message reflect.Value) bool {
	d.now++
	d.most = max(d.most, d.now)
	p.Children(message, d)
	d.now--
	return false
}

// TestEstimateIsAnUpperBound builds chains of every kind just below the limit: what TooDeep lets through must stay
// far below the 20,000 levels the parser's stack holds. A level of SQL is at most four messages here.
func TestEstimateIsAnUpperBound(t *testing.T) {
	for _, c := range []struct{ name, head, open, in, shut string }{
		{"brackets", "SELECT ", "(", "1", ")"}, {"operators", "SELECT ", "1+", "1", ""}, {"unary", "SELECT ", "- ", "1", ""}, {"signs without blanks", "SELECT 1", "+-", "1", ""},
		{"casts", "SELECT ", "", "1", "::int"}, {"NOT", "SELECT ", "NOT ", "a", ""}, {"IS", "SELECT ", "", "a", " IS TRUE"}, {"ISNULL", "SELECT ", "", "a", " ISNULL"},
		{"COLLATE", "SELECT ", "", "a", ` COLLATE "C"`}, {"zones", "SELECT ", "", "a", " AT TIME ZONE b"}, {"calls", "SELECT ", "f(", "1", ")"}, {"UNION", "SELECT ", "", "1", " UNION SELECT 1"},
		{"sub-selects", "SELECT ", "(SELECT ", "1", ")"}, {"FROM", "SELECT 1 FROM ", "(SELECT 1 FROM ", "a", ") x"}, {"joins", "SELECT 1 FROM ", "", "a", " JOIN a ON b"},
		{"bracketed joins", "SELECT 1 FROM ", "(a CROSS JOIN ", "a", ")"}, {"CASE", "SELECT ", "CASE WHEN ", "1", " THEN 1 END"}, {"CASE argument", "SELECT ", "CASE ", "1", " WHEN 1 THEN 1 END"},
		{"arrays", "SELECT ", "ARRAY[", "1", "]"}, {"bare arrays", "SELECT ARRAY", "[", "1", "]"}, {"subscripts", "SELECT ", "a[", "1", "]"}, {"IN", "SELECT ", "1 IN (", "1", ")"},
		{"LIKE", "SELECT ", "", "a", " LIKE (b)"}, {"AND and OR with brackets", "SELECT ", "(a AND b OR ", "c", ")"}, {"rows", "SELECT ", "ROW(", "1", ")"}, {"CTEs", "", "WITH a AS (", "SELECT 1", ") SELECT 1"},
		{"labels that are keywords", "SELECT 1", "+x.then", "", ""}, {"aliases that are keywords", "SELECT ", "1+", "1 AS \"when\"", ""}, {"any", "SELECT ", "", "1", " = ANY (a)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			let, most := 0, 0
			for n := 100; n <= 5_000; n += 100 {
				sql := c.head + strings.Repeat(c.open, n) + c.in + strings.Repeat(c.shut, n)
				if TooDeep(sql) {
					break
				}
				root, err := pgquery.Parse(sql)
				if err != nil {
					continue // refused by the parser: no harm
				}
				d := &depth{}
				tree.Walk(root, d)
				let, most = n, max(most, d.most)
			}
			if most > 6*Max {
				t.Errorf("%d times %q: the tree has %d levels, want at most %d", let, c.open+c.shut, most, 6*Max)
			}
		})
	}
}

func TestFlatTextsAreNotDeep(t *testing.T) {
	for _, c := range []struct{ name, sql string }{
		{"lists", "SELECT " + strings.Repeat("a + 1, ", 5_000) + "1"},
		{"conditions", "SELECT 1 WHERE a" + strings.Repeat(" OR (b = 1 AND NOT c IS NULL)", 3_000)},
		{"strings", "SELECT '" + strings.Repeat("((((", 5_000) + "'"},
		{"escape strings", `SELECT E'\'` + strings.Repeat("((((", 5_000) + "'"},
		{"dollar quotes", "SELECT $a1$ $$ $a$ " + strings.Repeat("((((", 5_000) + "$a1$"},
		{"quoted names", `SELECT "a""` + strings.Repeat("((((", 5_000) + `"`},
		{"comments", "SELECT 1 /* /* */ " + strings.Repeat("((((", 5_000) + "*/ --" + strings.Repeat("-", 5_000)},
		{"a ruler of dashes", "SELECT 1\n--" + strings.Repeat("=-", 5_000) + "\r FROM a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if TooDeep(c.sql) {
				t.Errorf("%.60s… is called too deep", c.sql)
			}
		})
	}
}
