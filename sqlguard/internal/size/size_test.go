package size

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/tree"
	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// TestCheck estimates whole statements; more of both kinds are in the package's statement lists.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, sql string
		large     bool
	}{
		{"16 MB of a constant is let through", "SELECT repeat('x', 16000000)", false},
		{"17 MB is not", "SELECT repeat('x', 17000000)", true},
		{"several large values add up", "SELECT repeat('x', 15000000), repeat('y', 15000000), repeat('z', 15000000), repeat('a', 15000000), repeat('b', 15000000)", true},
		{"a bar of a percentage", "SELECT repeat('█', round(100.0 * n / sum(n) OVER ())::int) FROM t", false},
		{"numbers in WHERE are no lengths", "SELECT repeat('x', n) FROM t WHERE id < 4000000000", false},
		{"numbers of a sub-select in WHERE are", "SELECT 1 WHERE (SELECT length(repeat('x', n)) FROM (VALUES (500000000)) v(n)) > 0", true},
		{"numbers of one in PARTITION BY are", "SELECT 1 FROM t WINDOW w AS (PARTITION BY (SELECT repeat('x', n) FROM (VALUES (500000000)) v(n)))", true},
		{"division by a constant shrinks", "SELECT repeat('x', n / 1000000) FROM (VALUES (500000000)) v(n)", false},
		{"a modulus bounds", "SELECT repeat('x', n % 10) FROM (VALUES (500000000)) v(n)", false},
		{"the length of a value", "SELECT repeat(a, length(repeat('x', 1000000))) FROM t", true},
		{"a format takes its argument again and again", "SELECT format('%1$s%1$s%1$s%1$s', repeat('x', 10000000))", true},
		{"a separator repeats", "SELECT array_to_string(array_fill('a'::text, ARRAY[100000]), repeat('b', 100000))", true},
		{"an ordinary power", "SELECT 2 ^ 64, power(1.05, 30), a ^ 2 FROM t", false},
		{"a huge power", "SELECT 2 ^ 200000", true},
		{"a tower of powers", "SELECT (10 ^ 300) ^ 300", true},
		{"factorials", "SELECT factorial(100)", false},
		{"large factorials", "SELECT factorial(20000)", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := pgquery.Parse(c.sql)
			if err != nil {
				t.Fatal(err)
			}
			if f, large := Check(root, growths(root)); large != c.large {
				t.Errorf("sql: %s\ngot %v (%+v), want %v", c.sql, large, f, c.large)
			}
		})
	}
}

func growths(root *pgquery.ParseResult) (list []Growth) {
	tree.Inspect(root, func(message any) bool {
		switch e := message.(type) {
		case *pgquery.FuncCall:
			if Grows(tree.Last(e.Funcname)) {
				list = append(list, Growth{Call: e})
			}
		case *pgquery.A_Expr:
			if s := tree.Last(e.Name); s == "^" || s == "||" {
				list = append(list, Growth{Expr: e})
			}
		}
		return true
	})
	return list
}

func TestFormat(t *testing.T) {
	for format, ok := range map[string]bool{
		"'%s %I %L %%'": true, "'%1$s %2$-20s'": true, "'100%'": true, "'%10001s'": false, "'%*s'": false, "'%-*1$s'": false,
		"'%s' || '%999999999s'": false, "a": false, "'%99999999999999999999s'": false, "'%%%1000000s'": false,
	} {
		root, err := pgquery.Parse("SELECT format(" + format + ", 'x')")
		if err != nil {
			t.Fatal(err)
		}
		call := root.Stmts[0].GetStmt().GetSelectStmt().GetTargetList()[0].GetResTarget().GetVal().GetFuncCall()
		if got := Format(call); got != ok {
			t.Errorf("Format(format(%s, 'x')) = %v, want %v", format, got, ok)
		}
	}
}
