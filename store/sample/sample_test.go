package sample

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// wantFingerprint is the hash of every value but the dates. A change of it is
// a change of the sample that everybody sees: make it on purpose.
const wantFingerprint = "9fc2ae8bfc567436"

func fingerprint(tables []*table) string {
	h := sha256.New()
	for _, t := range tables {
		fmt.Fprintln(h, t.name, t.columns, len(t.rows))
		for _, row := range t.rows {
			for _, v := range row {
				if _, isDate := v.(time.Time); !isDate {
					fmt.Fprint(h, v, "\x00")
				}
			}
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func TestEveryRunMakesTheSameRows(t *testing.T) {
	for _, day := range []string{"2026-11-23", "2026-11-28", "2027-02-28", "2028-02-29"} {
		today, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		if got := fingerprint(generate(today)); got != wantFingerprint {
			t.Errorf("made on %s the rows have fingerprint %s, want %s", day, got, wantFingerprint)
		}
	}
}

func TestCalendarKeepsOrderAndWeekends(t *testing.T) {
	for offset := range 7 {
		c := calendar{time.Date(2026, 11, 23+offset, 0, 0, 0, 0, time.UTC)}
		if got := c.today.Sub(c.date(0)); got < 0 || got > 48*time.Hour {
			t.Errorf("day 0 of %s is %s, want that day or the Friday before", c.today.Weekday(), c.date(0))
		}
		for day := -520; day < 100; day++ {
			a, b := c.date(day), c.date(day+1)
			if w := a.Weekday(); w == time.Saturday || w == time.Sunday || !a.Before(b) || b.Sub(a) > 72*time.Hour {
				t.Errorf("loaded on %s, day %d is %s and the next %s: want working days in order", c.today.Weekday(), day, a, b)
			}
		}
	}
}

// loadedDB is a database with the sample; the load is shared by all tests.
func loadedDB(t *testing.T) *pgx.Conn {
	t.Helper()
	url := storetest.Template(t, "sample", func(url string) error {
		began := time.Now()
		rows, err := Load(context.Background(), url, nil)
		t.Logf("loaded %d rows in %v", rows, time.Since(began))
		return err
	})
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func TestLoadIsIdempotent(t *testing.T) {
	url := storetest.OwnerDB(t) // no superuser: as in production
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		sizes []int
	)
	for range 3 {
		group.Go(func() {
			rows, err := Load(t.Context(), url, nil)
			if err != nil {
				t.Errorf("one of three loads at once: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			sizes = append(sizes, rows)
		})
	}
	group.Wait()
	if total := sizes[0] + sizes[1] + sizes[2]; total < 20000 || max(sizes[0], sizes[1], sizes[2]) != total {
		t.Errorf("three loads at once wrote %v rows, want at least 20000 by one of them", sizes)
	}
	if rows, err := Load(t.Context(), url, nil); rows != 0 || err != nil {
		t.Errorf("a later load: %d, %v; want 0 rows", rows, err)
	}
}

func TestLoadLeavesOtherPeoplesTablesAlone(t *testing.T) {
	url := storetest.DB(t)
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "CREATE TABLE projects AS SELECT 'mine' AS name"); err != nil {
		t.Fatal(err)
	}
	var own *Error
	if _, err := Load(t.Context(), url, nil); !errors.As(err, &own) || own.Code() != "sample_conflict" {
		t.Errorf("got %v, want sample_conflict", err)
	}
	var tables int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables); err != nil || tables != 1 {
		t.Errorf("afterwards there are %d tables, %v; want 1", tables, err)
	}
}

func TestQueriesAnswerTheQuestions(t *testing.T) {
	conn := loadedDB(t)
	if len(Questions()) != 3 || len(Queries()) != 3 {
		t.Fatalf("%d questions and %d queries, want 3 of each", len(Questions()), len(Queries()))
	}
	for i, sql := range Queries() {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			n++
		}
		if rows.Err() != nil || n == 0 {
			t.Errorf("%s\n%s\n%d rows, %v; want some", Questions()[i], sql, n, rows.Err())
		}
	}
}

// TestTheSampleLooksReal counts rows that a real company would not have, or
// holds counts to a range.
func TestTheSampleLooksReal(t *testing.T) {
	conn := loadedDB(t)
	for _, c := range []struct {
		name   string
		sql    string
		lo, hi int
	}{
		{"projects completed before their start", "SELECT count(*) FROM projects WHERE completion_date < start_date", 0, 0},
		{"projects created after their start", "SELECT count(*) FROM projects WHERE created_at::date > start_date", 0, 0},
		{"finished projects with open tasks", "SELECT count(*) FROM tasks t JOIN projects p ON p.id = project_id WHERE p.status = 'completed' AND t.status NOT IN ('done','cancelled')", 0, 0},
		{"tasks due after their project", "SELECT count(*) FROM tasks t JOIN projects p ON p.id = project_id WHERE t.due_date > p.due_date", 0, 0},
		{"tasks done before they were created", "SELECT count(*) FROM tasks WHERE completed_at < created_at", 0, 0},
		{"tasks done before they began", "SELECT count(*) FROM tasks WHERE completed_at::date < start_date", 0, 0},
		{"tasks of people who are not in the project", "SELECT count(*) FROM tasks t WHERE assigned_to IS NOT NULL AND NOT EXISTS (SELECT FROM project_members m WHERE m.project_id = t.project_id AND m.user_id = t.assigned_to)", 0, 0},
		{"messages by people who are not in the project", "SELECT count(*) FROM messages t WHERE NOT EXISTS (SELECT FROM project_members m WHERE m.project_id = t.project_id AND m.user_id = t.author_id)", 0, 0},
		{"answers before the question", "SELECT count(*) FROM messages a JOIN messages q ON q.id = a.reply_to WHERE a.created_at < q.created_at", 0, 0},
		{"answers in another project", "SELECT count(*) FROM messages a JOIN messages q ON q.id = a.reply_to WHERE a.project_id <> q.project_id", 0, 0},
		{"messages edited before they were written", "SELECT count(*) FROM messages WHERE edited_at < created_at", 0, 0},
		{"messages with a placeholder left", "SELECT count(*) FROM messages WHERE content ~ '[{}]'", 0, 0},
		{"events in the future", "SELECT (SELECT count(*) FROM messages WHERE created_at > now()) + (SELECT count(*) FROM files WHERE created_at > now()) + (SELECT count(*) FROM tasks WHERE completed_at > now() OR created_at > now()) + (SELECT count(*) FROM users WHERE created_at > now() OR last_login > now())", 0, 0},
		{"projects whose hours are not the sum of their tasks", "SELECT count(*) FROM projects p WHERE abs(actual_hours - (SELECT sum(actual_hours) FROM tasks WHERE project_id = p.id)) > 0.5", 0, 0},
		{"logins before joining", "SELECT count(*) FROM users WHERE last_login < created_at", 0, 0},
		{"tokens that could be taken for real ones", "SELECT count(*) FROM oauth_tokens WHERE access_token NOT LIKE 'FAKE-%'", 0, 0},
		{"projects by status", "SELECT count(DISTINCT status) FROM projects", 5, 5},
		{"active projects", "SELECT count(*) FROM active_projects", 60, 120},
		{"late active projects", "SELECT count(*) FROM active_projects WHERE days_left < 0", 5, 40},
		{"projects with more than 10 members", "SELECT count(*) FROM (SELECT FROM project_members GROUP BY project_id HAVING count(*) > 10) x", 10, 120},
		{"people who joined in the last 30 days", "SELECT count(*) FROM users WHERE created_at >= now() - interval '30 days'", 10, 60},
		{"tasks due this week", "SELECT count(*) FROM tasks WHERE due_date >= date_trunc('week', current_date) AND due_date < date_trunc('week', current_date) + interval '7 days' AND status NOT IN ('done', 'cancelled')", 50, 500},
		{"messages of the last 7 days", "SELECT count(*) FROM messages WHERE created_at > now() - interval '7 days'", 100, 1500},
		{"distinct message texts", "SELECT count(DISTINCT content) FROM messages", 3000, 20000},
		{"share of done tasks, percent", "SELECT (100 * count(*) FILTER (WHERE status = 'done') / count(*))::int FROM tasks", 55, 85},
		{"budgets from small to large", "SELECT (max(budget) / min(budget))::int FROM projects", 3, 60},
		{"columns and tables without a comment that need one", "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','v','m') AND obj_description(c.oid) IS NULL", 0, 0},
		{"rows in the view over a forbidden table", "SELECT count(*) FROM connected_accounts", 50, 1000},
	} {
		var got int
		if err := conn.QueryRow(t.Context(), c.sql).Scan(&got); err != nil || got < c.lo || got > c.hi {
			t.Errorf("%s: %d, %v; want %d to %d\n%s", c.name, got, err, c.lo, c.hi, c.sql)
		}
	}
}

func TestTableNamesAreThoseMade(t *testing.T) {
	made := map[string]bool{}
	for _, table := range generate(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)) {
		made[table.name] = true
	}
	for _, name := range tableNames() {
		if !made[name] {
			t.Errorf("%s is not made", name)
		}
		delete(made, name)
	}
	if len(made) > 0 {
		t.Errorf("not analyzed: %v", made)
	}
}

func TestWordListsAreWhole(t *testing.T) {
	for _, r := range records("files") {
		if len(r) != 4 || strings.Trim(r[3], "0123456789") != "" {
			t.Errorf("file kind %q: want category|extension|type|size", r)
		}
	}
	for section, least := range map[string]int{"messages": 30, "replies": 10} {
		if got := len(words(section, "")); got < least {
			t.Errorf("%s: %d entries, want at least %d", section, got, least)
		}
	}
}
