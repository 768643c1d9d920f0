package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/migrations"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// migrateFixture is three small steps, so that the runner is tested apart
// from what is released.
func migrateFixture() []migrations.Migration {
	var steps []migrations.Migration
	for i, name := range []string{"a", "b", "c"} {
		steps = append(steps, migrations.Migration{
			Version: i + 1, Name: name, Checksum: "sum-" + name,
			Up:   fmt.Sprintf("CREATE TABLE fluxmcp.%s();\nINSERT INTO fluxmcp.%s DEFAULT VALUES;", name, name),
			Down: "DROP TABLE fluxmcp." + name,
		})
	}
	return steps
}

func migrateTables(t *testing.T, url string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var names string
	err = conn.QueryRow(t.Context(), "SELECT coalesce(string_agg(tablename, ' ' ORDER BY tablename), '') FROM pg_tables WHERE schemaname = 'fluxmcp' AND tablename <> 'schema_migrations'").Scan(&names)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestMigrateGoesWhereItIsTold(t *testing.T) {
	url := storetest.OwnerDB(t)
	for _, c := range []struct {
		name        string
		target      int
		wantApplied []string
		wantTables  string
	}{
		{"to a version", 2, []string{"up 0001_a", "up 0002_b"}, "a b"},
		{"all the way up", MigrateLatest, []string{"up 0003_c"}, "a b c"},
		{"up again does nothing", MigrateLatest, nil, "a b c"},
		{"one step back", MigratePrevious, []string{"down 0003_c"}, "a b"},
		{"down to nothing", 0, []string{"down 0002_b", "down 0001_a"}, ""},
		{"one step back from nothing", MigratePrevious, nil, ""},
		{"and up once more", MigrateLatest, []string{"up 0001_a", "up 0002_b", "up 0003_c"}, "a b c"},
	} {
		applied, err := migrateSteps(t.Context(), url, migrateFixture(), c.target)
		if err != nil || !slices.Equal(applied, c.wantApplied) {
			t.Errorf("%s: did %v, %v; want %v", c.name, applied, err, c.wantApplied)
		}
		if got := migrateTables(t, url); got != c.wantTables {
			t.Errorf("%s: tables %q, want %q", c.name, got, c.wantTables)
		}
	}
}

func TestMigrateRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(steps []migrations.Migration) []migrations.Migration
		target int
		code   string
		text   string
	}{
		{"an applied file that has changed", func(s []migrations.Migration) []migrations.Migration { s[0].Checksum = "other"; return s }, MigrateLatest, "migration_changed", "0001_a"},
		{"a database from a newer program", func(s []migrations.Migration) []migrations.Migration { return s[:1] }, MigrateLatest, "migration_unknown", "0002_b"},
		{"a version that does not exist", func(s []migrations.Migration) []migrations.Migration { return s }, 4, "migration_target", "4"},
		{"a step that PostgreSQL refuses", func(s []migrations.Migration) []migrations.Migration { s[2].Up = "SELECT 1;\nSELEC 2"; return s }, MigrateLatest, "migration_failed", "up 0003_c (line 2)"},
	} {
		url := storetest.OwnerDB(t)
		if _, err := migrateSteps(t.Context(), url, migrateFixture(), 2); err != nil {
			t.Fatal(err)
		}
		applied, err := migrateSteps(t.Context(), url, c.change(migrateFixture()), c.target)
		var own *MigrationError
		if !errors.As(err, &own) || own.Code() != c.code || own.Hint() == "" || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, %v; want code %s with %q", c.name, applied, err, c.code, c.text)
		}
		if got := migrateTables(t, url); got != "a b" {
			t.Errorf("%s: tables %q afterwards, want a b", c.name, got)
		}
	}
}

func TestMigrateKeepsStepsBeforeTheFailingOne(t *testing.T) {
	url := storetest.OwnerDB(t)
	steps := migrateFixture()
	steps[1].Up = "CREATE TABLE fluxmcp.half(); SELECT 1/0"
	applied, err := migrateSteps(t.Context(), url, steps, MigrateLatest)
	if err == nil || !slices.Equal(applied, []string{"up 0001_a"}) {
		t.Errorf("got %v, %v; want the first step and an error", applied, err)
	}
	if got := migrateTables(t, url); got != "a" {
		t.Errorf("tables %q, want a: the failing step is rolled back whole", got)
	}
}

func TestMigrateManyAtOnceApplyEachStepOnce(t *testing.T) {
	url := storetest.OwnerDB(t)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []string
	)
	for range 6 {
		group.Go(func() {
			applied, err := migrateSteps(t.Context(), url, migrateFixture(), MigrateLatest)
			if err != nil {
				t.Errorf("one of six at once: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, applied...)
		})
	}
	group.Wait()
	slices.Sort(all)
	if want := []string{"up 0001_a", "up 0002_b", "up 0003_c"}; !slices.Equal(all, want) {
		t.Errorf("six at once did %v, want %v", all, want)
	}
}

func TestReleasedMigrationsGoUpAndDown(t *testing.T) {
	url := storetest.OwnerDB(t)
	before, err := MigrationStatus(t.Context(), url)
	if err != nil || len(before) == 0 || !before[0].AppliedAt.IsZero() {
		t.Fatalf("status of an empty database: %v, %v; want all pending", before, err)
	}
	for _, target := range []int{MigrateLatest, 0, MigrateLatest} {
		if _, err := Migrate(t.Context(), url, target); err != nil {
			t.Fatalf("migrate to %d: %v", target, err)
		}
	}
	after, err := MigrationStatus(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range after {
		if s.AppliedAt.IsZero() || s.Changed || s.Unknown {
			t.Errorf("after migrating up: %+v, want applied and unchanged", s)
		}
	}
}

func TestMigrationStatusTellsDifferences(t *testing.T) {
	steps := migrateFixture()
	done := []migrationRow{{Version: 1, Name: "a", Checksum: "other"}, {Version: 9, Name: "z"}}
	got := migrationStates(steps, done)
	if len(got) != 4 || !got[0].Changed || got[1].Changed || !got[3].Unknown || got[3].Name != "z" {
		t.Errorf("states %+v, want the first changed, two pending, and z unknown", got)
	}
}
