package sqlguard

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard/internal/builtins"
	"github.com/fluxstudio/fluxmcp/store/storetest"
	"github.com/jackc/pgx/v5"
)

var updateBuiltins = flag.Bool("update-builtins", false, "write builtins.txt from the test server, which must be PostgreSQL 15")

// connect opens a fresh database with the objects of testdata/fixture.sql.
func connect(t *testing.T) *pgx.Conn {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, storetest.DB(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	fixture, err := os.ReadFile("testdata/fixture.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, string(fixture)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func version(t *testing.T, conn *pgx.Conn) (major int) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&major); err != nil {
		t.Fatal(err)
	}
	return major
}

func serverBuiltins(t *testing.T, conn *pgx.Conn) []string {
	t.Helper()
	query, err := os.ReadFile("internal/builtins/builtins.sql")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(context.Background(), string(query))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestBuiltinsAreCurrent compares builtins.txt with pg_proc of PostgreSQL 15, and holds the rule of volatile functions
// against whatever version there is.
func TestBuiltinsAreCurrent(t *testing.T) {
	conn := connect(t)
	lines := serverBuiltins(t, conn)
	got := strings.Join(lines, "\n") + "\n"
	if *updateBuiltins {
		if err := os.WriteFile("internal/builtins/builtins.txt", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if version(t, conn) == 15 && got != builtins.List {
		t.Errorf("builtins.txt differs from pg_proc: got %d names from the server, want %d; run go generate", len(lines), strings.Count(builtins.List, "\n"))
	}
	g := defaultGuard(t)
	for _, line := range lines {
		holdVolatile(t, g, line)
	}
}

// result reads a statement's column names, types and rows in a read-only transaction that is rolled back.
func result(conn *pgx.Conn, sql string, args ...any) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "SET LOCAL statement_timeout = '2s'"); err != nil {
		return "", err
	}
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var b strings.Builder
	for _, f := range rows.FieldDescriptions() {
		fmt.Fprintf(&b, "%s:%d ", f.Name, f.DataTypeOID)
	}
	for n := 0; rows.Next() && n < 1000; n++ {
		values, err := rows.Values()
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n%v", values)
	}
	rows.Close()
	return b.String(), rows.Err()
}

// TestRewriteIsEquivalent runs a table of shapes as given and as rewritten.
func TestRewriteIsEquivalent(t *testing.T) {
	g, conn := defaultGuard(t), connect(t)
	calls := []string{"generate_series(1, 5)", "generate_series(5, 1, -2)", "generate_series(1::bigint, 4)", "generate_series(1.5, 3, 0.5)",
		"generate_series('2026-01-01'::date, '2026-01-05', '1 day')", "generate_series(timestamp '2026-01-01', '2026-01-03', '12 hours'::interval)",
		"pg_catalog.generate_series(NULL, 3)", "generate_series(1, 0)", "GENERATE_SERIES ( -2 , +2 )", "generate_series /* ( */ (1, -- )\n 3)"}
	shapes := []string{"SELECT * FROM %s", "SELECT * FROM %s AS g", "SELECT g.* FROM %s g", "SELECT g FROM %s AS g ORDER BY g DESC", "SELECT x FROM %s AS g(x)",
		"SELECT g.x AS y, 1 FROM %s AS g(x) WHERE g.x IS NOT NULL", "SELECT count(*), min(g), max(g.g) FROM %s g", "SELECT generate_series.generate_series FROM %s",
		"SELECT DISTINCT g FROM %s g ORDER BY 1 LIMIT 2 OFFSET 1", "SELECT row_number() OVER (ORDER BY g), g FROM %s g", "SELECT * FROM %s \"G g\"",
		"SELECT (SELECT count(*) FROM users WHERE id = 1), g FROM %s g", "SELECT g FROM %s AS g GROUP BY g HAVING count(*) = 1 ORDER BY 1",
		"SELECT g FROM %s AS g(x)", "SELECT count(g.*) FROM %s AS g", "SELECT row_to_json(g) FROM %s AS g(x)", "SELECT (g).x FROM %s AS g(x)", "SELECT array_agg(g) FROM %s g",
		"SELECT FROM %s", "SELECT * FROM %s WITH ORDINALITY", "SELECT tableoid FROM %s", "SELECT generate_series FROM %s AS g"}
	rewritten := 0
	for _, call := range calls {
		for _, shape := range shapes {
			sql := fmt.Sprintf(shape, call)
			s, err := g.Check(sql)
			if err != nil {
				t.Errorf("sql: %s\nrefused: %v", sql, err)
				continue
			}
			if !s.Rewritten() {
				continue
			}
			rewritten++
			want, wantErr := result(conn, sql)
			got, gotErr := result(conn, s.Text())
			if got != want || (gotErr == nil) != (wantErr == nil) {
				t.Errorf("sql: %s\nas: %s\ngot  %s (%v)\nwant %s (%v)", sql, s.Text(), got, gotErr, want, wantErr)
			}
		}
	}
	if rewritten < 100 {
		t.Errorf("only %d of the shapes were rewritten", rewritten)
	}
}

// TestHonestRowsRun shows that the honest list is SQL a server runs, apart from what only later versions know.
func TestHonestRowsRun(t *testing.T) {
	conn := connect(t)
	old := version(t, conn) < 16
	for _, r := range readRows(t, "testdata/honest.tsv") {
		if old && strings.Contains(r.reason, "PG16") {
			continue
		}
		args := []any{}
		if strings.Contains(r.sql, "$1") {
			args = []any{1, "x", 5}
		}
		if _, err := result(conn, r.sql, args...); err != nil {
			t.Errorf("%s %s\nsql: %s\nerror: %v", r.id, r.reason, r.sql, err)
		}
	}
}
