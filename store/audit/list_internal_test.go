package audit

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// manyRows are 100,000 rows of three months, of 500 people: one in 20 of them
// by one who is busy, and one in 1,000 by one who is not.
const manyRows = `INSERT INTO fluxmcp.audit_log (at, issuer, subject, tool, effect, outcome)
SELECT timestamptz '2026-09-01 00:00Z' + n * interval '78 s', 'https://id.example',
	CASE WHEN n % 20 = 0 THEN 'busy' WHEN n % 1000 = 1 THEN 'rare' ELSE 'person' || n * 7919 % 498 END, 'tool' || n % 20, 'read', 'ok'
FROM generate_series(1, 100000) n`

// explain returns the plan of List for these arguments, run for real.
func explain(t *testing.T, conn *pgx.Conn, since *time.Time, principal, tool string, before int64) string {
	t.Helper()
	issuers, subjects := principals(principal)
	rows, _ := conn.Query(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) "+string(listSQL), pgx.QueryExecModeExec,
		since, (*time.Time)(nil), issuers, subjects, principal, tool, "", DefaultLimit, before) // CollectRows returns the error
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestListIsBounded(t *testing.T) {
	for given, want := range map[int]int{-1: DefaultLimit, 0: DefaultLimit, 1: 1, MaxLimit: MaxLimit, MaxLimit + 1: MaxLimit} {
		if got := limit(given); got != want {
			t.Errorf("limit %d: at most %d rows, want %d", given, got, want)
		}
	}
}

func TestListUsesTheIndexes(t *testing.T) {
	url := storetest.DB(t)
	if _, err := store.Migrate(t.Context(), url, store.MigrateLatest); err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, url, manyRows, "ANALYZE fluxmcp.audit_log")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	day := time.Date(2026, 9, 2, 0, 0, 0, 0, time.UTC)
	const byTime, bySubject = "audit_log_at_idx", "audit_log_subject_at_idx"
	for _, c := range []struct {
		name, principal, tool string
		since                 *time.Time
		before                int64
		want                  string // index; "": any
	}{
		{"the newest rows", "", "", nil, 0, byTime},
		{"since a day", "", "", &day, 0, byTime},
		{"a later page", "", "", nil, 50_000, byTime},
		{"a tool", "", "tool3", nil, 0, byTime},
		{"a subject with few rows", "rare", "", nil, 0, bySubject},
		{"a subject with many", "busy", "", nil, 0, ""},
		{"an issuer's subject with few rows", "https://id.example|rare", "", nil, 0, bySubject},
		{"its later page", "https://id.example|rare", "", nil, 50_000, bySubject},
		{"nobody", "https://id.example|nobody", "", nil, 0, bySubject},
	} {
		plan := explain(t, conn, c.since, c.principal, c.tool, c.before)
		if strings.Contains(plan, "Seq Scan") || !strings.Contains(plan, c.want) {
			t.Errorf("%s: want a plan by %s without Seq Scan, got\n%s", c.name, c.want, plan)
		}
		t.Logf("%s:\n%s", c.name, plan)
	}
}
