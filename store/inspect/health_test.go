package inspect_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/inspect"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
)

func TestHealth(t *testing.T) {
	const ill = `
CREATE TABLE parents(id int PRIMARY KEY);
INSERT INTO parents SELECT g FROM generate_series(1, 100) g;
CREATE TABLE children(id serial PRIMARY KEY, parent_id int REFERENCES parents, name text, kind text);
INSERT INTO children(parent_id, name, kind) SELECT 1 + g % 100, 'name ' || g, repeat('k', 200) FROM generate_series(1, 60000) g;
CREATE INDEX children_name ON children(name); CREATE INDEX children_name_again ON children(name);
CREATE TABLE oauth_tokens(id serial PRIMARY KEY, parent_id int REFERENCES parents, token text);
INSERT INTO oauth_tokens(parent_id) SELECT 1 + g % 100 FROM generate_series(1, 5000) g;
CREATE INDEX tokens_a ON oauth_tokens(token); CREATE INDEX tokens_b ON oauth_tokens(token);
CREATE TABLE full_soon(id serial PRIMARY KEY); SELECT setval('full_soon_id_seq', 2000000000);
CREATE TABLE broken(id int); INSERT INTO broken VALUES (1), (1);`
	url, in := inspector(t, ill)
	for _, after := range []string{"CREATE UNIQUE INDEX CONCURRENTLY broken_id ON broken(id)", "DELETE FROM children WHERE id % 10 > 1", "VACUUM children", "ANALYZE"} {
		_ = storetest.TryExec(t, url, after) // the index must fail
	}
	idleInTransaction(t, url)
	h, err := in.Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, f := range h.Findings {
		text = append(text, fmt.Sprintf("%s|%s|%s|%s|%s", f.Severity, f.Area, f.Subject, f.Measure, f.Advice))
		if f.Severity != store.SeverityOK && f.Advice == "" {
			t.Errorf("no advice: %+v", f)
		}
	}
	all := strings.Join(text, "\n")
	for name, want := range map[string]string{
		"an invalid index":             "warning|indexes|broken_id|invalid",
		"a duplicate index":            "warning|indexes|children_name_again|duplicates children_name (",
		"and how to drop it":           "Run DROP INDEX CONCURRENTLY public.children_name_again;",
		"an index never used":          "info|indexes|children_name|never used",
		"a foreign key without index":  "info|foreign keys|children_parent_id_fkey|(parent_id) has no index",
		"empty space":                  "info|bloat|children|about ",
		"a sequence near the int4 end": "critical|sequences|full_soon_id_seq|93.1% used (2000000000 of 2147483647)",
		"connections":                  "ok|connections|server|",
		"ids used":                     "ok|wraparound|transaction|",
		"checksums":                    "ok|checksums|database|",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s: %q is missing from\n%s", name, want, all)
		}
	}
	for _, hidden := range []string{"oauth_tokens", "tokens_a", "tokens_b"} {
		if strings.Contains(all, hidden) {
			t.Errorf("%s must not show:\n%s", hidden, all)
		}
	}
	if !slices.IsSortedFunc(h.Findings, func(a, b inspect.Finding) int { return rank(a) - rank(b) }) {
		t.Errorf("the worst must come first:\n%s", all)
	}
}

func rank(f inspect.Finding) int {
	return slices.Index([]string{"critical", "warning", "info", "ok"}, f.Severity)
}

// idleInTransaction leaves a transaction open; one of a minute would be reported.
func idleInTransaction(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if _, err := conn.Exec(t.Context(), "BEGIN; SELECT 'secret-in-a-query'"); err != nil {
		t.Fatal(err)
	}
}

// TestHealthWithFewRights runs as a role that may see nothing.
func TestHealthWithFewRights(t *testing.T) {
	url := storetest.DB(t)
	role := storetest.FreshRole(t, url)
	storetest.Exec(t, url, "CREATE TABLE parents(id serial PRIMARY KEY)")
	idleInTransaction(t, url)
	h, err := inspect.New(open(t, url, role), hideTokens).Health(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var notes []string
	for _, f := range h.Findings {
		if f.Severity == store.SeverityInfo {
			notes = append(notes, f.Measure)
		}
		if strings.Contains(f.Measure+f.Subject+f.Advice, "parents") || strings.Contains(f.Measure, "secret-in-a-query") {
			t.Errorf("shows too much: %+v", f)
		}
	}
	all := strings.Join(notes, "; ")
	for _, want := range []string{"1 sequences are not readable", "sessions of other roles are not visible"} {
		if !strings.Contains(all, want) {
			t.Errorf("got %q, want %q in it", all, want)
		}
	}
}
