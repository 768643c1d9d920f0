package sqlguard

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// row is one line of a statement list: id, verdict, reason, sql.
type row struct{ id, verdict, reason, sql string }

// readRows reads a statement list. U+240A and U+240D in the SQL stand for line feed and carriage return.
func readRows(t testing.TB, path string) []row {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		parts := strings.Split(line, "\t")
		if i == 0 && parts[0] == "id" {
			continue
		}
		if len(parts) != 4 || parts[1] != "allow" && parts[1] != "deny" {
			t.Fatalf("%s line %d: want id, allow or deny, reason, sql; got %q", path, i+1, line)
		}
		rows = append(rows, row{parts[0], parts[1], parts[2], strings.NewReplacer("␊", "\n", "␍", "\r").Replace(parts[3])})
	}
	return rows
}

// defaultGuard forbids the default tables and knows the closure of the corpus's fixture.
func defaultGuard(t testing.TB, opts ...Option) *Guard {
	t.Helper()
	g, err := New(Policy{ForbiddenTables: DefaultForbiddenTables()}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	g.SetCatalog(fixtureCatalog())
	return g
}

// fixtureCatalog is what the loader finds in a database made by testdata/fixture.sql.
func fixtureCatalog() Catalog {
	return Catalog{
		Closure: []Name{{"public", "active_tokens"}, {"public", "refresh_view"}, {"public", "token_report"},
			{"public", "token_snapshot"}, {"public", "refresh_tokens_old"}, {"public", "oauth_state_tokens_2026"}},
		UserFunctions: []string{"get_token_for_user"},
	}
}

func verdictOf(g *Guard, sql string) (string, *Violation) {
	_, err := g.Check(sql)
	if err == nil {
		return "allow", nil
	}
	var v *Violation
	if !errors.As(err, &v) {
		return "not a *Violation", nil
	}
	return "deny", v
}

// checkRows holds every row of a list to its verdict.
func checkRows(t *testing.T, path string) {
	g := defaultGuard(t)
	for _, r := range readRows(t, path) {
		t.Run(r.id+" "+r.reason, func(t *testing.T) {
			got, v := verdictOf(g, r.sql)
			if got != r.verdict {
				t.Errorf("sql: %s\ngot  %s (%+v)\nwant %s", r.sql, got, v, r.verdict)
			}
			if v != nil && (v.Code() == "" || v.Hint() == "" || v.Error() == "" || v.Construct == "") {
				t.Errorf("sql: %s\nrefusal without rule, construct, message or hint: %+v", r.sql, v)
			}
			if r.verdict == "deny" && v != nil && v.Rule == ruleSyntax {
				t.Errorf("sql: %s\nrefused only because it does not parse: %s", r.sql, v.Message)
			}
		})
	}
}

func TestCorpus(t *testing.T) { checkRows(t, "testdata/corpus.tsv") }

func TestHostile(t *testing.T) { checkRows(t, "testdata/hostile.tsv") }

func TestHonest(t *testing.T) { checkRows(t, "testdata/honest.tsv") }
