package names

import (
	"slices"
	"strings"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, text string
		parts      []string
		ok         bool
	}{
		{"plain names fold", "Users", []string{"users"}, true},
		{"a schema", "Public.Users", []string{"public", "users"}, true},
		{"blanks around parts", " public . \t\"A b\" ", []string{"public", "A b"}, true},
		{"doubled quotes", `"a""b"`, []string{`a"b`}, true},
		{"a dot in quotes", `"a.b".c`, []string{"a.b", "c"}, true},
		{"long names are cut at characters", strings.Repeat("é", 40), []string{strings.Repeat("é", 31)}, true},
		{"nothing", "", nil, false},
		{"an empty part", "a..b", nil, false},
		{"a dot at the end", "a.", nil, false},
		{"an open quote", `"a`, nil, false},
		{"two words", "a b", nil, false},
		{"an empty quoted part is PostgreSQL's to refuse", `""`, []string{""}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if parts, ok := Split(c.text); ok != c.ok || !slices.Equal(parts, c.parts) {
				t.Errorf("Split(%q) = %q, %v; want %q, %v", c.text, parts, ok, c.parts, c.ok)
			}
		})
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		name, expr, text string
		ok               bool
	}{
		{"a literal", "'ab'", "ab", true},
		{"joined", "'a' || 'b' || 1", "ab1", true},
		{"cast and collated", "('a'::text COLLATE \"C\")::name", "a", true},
		{"concat_ws", "concat_ws('_', 'a', 'b')", "a_b", true},
		{"replace", "replace('a-b', '-', '_')", "a_b", true},
		{"reverse", "reverse('abc')", "cba", true},
		{"chr", "chr(97) || chr(8364)", "a€", true},
		{"left and right", "left('abcd', 2) || right('abcd', 1)", "abd", true},
		{"substr", "substr('abcd', 2, 2) || substring('abcd', 4)", "bcd", true},
		{"translate", "translate('a-b+', '-+', '_')", "a_b", true},
		{"a sub-select of a constant", "(SELECT 'a' || 'b')", "ab", true},
		{"a column", "a || 'b'", "", false},
		{"an unknown function", "md5('a')", "", false},
		{"a negative length", "left('abc', -1)", "", false},
		{"another operator", "'a' -> 'b'", "", false},
		{"NULL", "NULL || 'a'", "", false},
		{"too long", "replace(replace('" + strings.Repeat("a", 200) + "', 'a', 'aaaaaaaaaa'), 'a', 'bbbbb')", "", false},
		{"too deep", strings.Repeat("lower(", 300) + "'a'" + strings.Repeat(")", 300), "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree, err := pgquery.Parse("SELECT " + c.expr)
			if err != nil {
				t.Fatal(err)
			}
			n := tree.Stmts[0].GetStmt().GetSelectStmt().GetTargetList()[0].GetResTarget().GetVal()
			if text, ok := Fold(n); ok != c.ok || ok && text != c.text {
				t.Errorf("Fold(%s) = %q, %v; want %q, %v", c.expr, text, ok, c.text, c.ok)
			}
		})
	}
}
