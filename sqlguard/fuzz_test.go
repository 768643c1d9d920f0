package sqlguard

import (
	"errors"
	"testing"

	pgquery "github.com/pganalyze/pg_query_go/v5"
)

// FuzzCheck holds, for any text: no crash, the same verdict twice, a complete refusal or a text of exactly one
// statement of a reading kind.
func FuzzCheck(f *testing.F) {
	for _, path := range []string{"testdata/corpus.tsv", "testdata/hostile.tsv", "testdata/honest.tsv"} {
		for _, r := range readRows(f, path) {
			f.Add(r.sql)
		}
	}
	uncached, cached := defaultGuard(f, WithCacheBytes(0)), defaultGuard(f)
	f.Fuzz(func(t *testing.T, sql string) {
		s, err := uncached.Check(sql)
		again, errAgain := cached.Check(sql)
		if s.Text() != again.Text() || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("sql: %q\nfirst %q (%v)\nthen  %q (%v)", sql, s.Text(), err, again.Text(), errAgain)
		}
		if err != nil {
			var v *Violation
			if !errors.As(err, &v) || v.Rule == "" || v.Message == "" || v.HintText == "" || v.Position < 0 || s.Text() != "" {
				t.Fatalf("sql: %q\nincomplete refusal %#v", sql, err)
			}
			return
		}
		if !s.Rewritten() && s.Text() != sql {
			t.Fatalf("sql:  %q\ntext: %q is another text and not said to be", sql, s.Text())
		}
		checkReads(t, s.Text())
	})
}

// checkReads parses an allowed text once more and looks at what the statement is.
func checkReads(t *testing.T, text string) {
	tree, err := pgquery.Parse(text)
	if err != nil || len(tree.Stmts) != 1 {
		t.Fatalf("text: %q\nallowed, but it is not one statement (%v)", text, err)
	}
	switch n := tree.Stmts[0].GetStmt().GetNode().(type) {
	case *pgquery.Node_SelectStmt, *pgquery.Node_VariableShowStmt:
	case *pgquery.Node_ExplainStmt:
		if n.ExplainStmt.GetQuery().GetSelectStmt() == nil {
			t.Fatalf("text: %q\nallowed, but it explains no SELECT", text)
		}
	default:
		t.Fatalf("text: %q\nallowed, but it is a %T", text, n)
	}
}
