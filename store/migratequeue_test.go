package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/migrations"
	"github.com/fluxstudio/fluxmcp/store/storetest"
)

// queueFixture is six small steps, so that there is one after queueSince.
func queueFixture() []migrations.Migration {
	var steps []migrations.Migration
	for i := range 6 {
		name := string(rune('a' + i))
		steps = append(steps, migrations.Migration{Version: i + 1, Name: name, Checksum: name,
			Up: "CREATE TABLE fluxmcp." + name + "()", Down: "DROP TABLE fluxmcp." + name})
	}
	return steps
}

// riverSteps are labels of River's steps, such as "up river 001", from the
// first version to the last.
func riverSteps(way string, from, to int) []string {
	var labels []string
	for v := from; v != to; v += map[bool]int{true: 1, false: -1}[from < to] {
		labels = append(labels, way+" "+queueLabel(v))
	}
	return append(labels, way+" "+queueLabel(to))
}

// queueThere counts River's tables.
func queueThere(t *testing.T, url string) int {
	t.Helper()
	return strings.Count(migrateTables(t, url), "river_")
}

func TestQueueTablesAreThereWithTheirMigration(t *testing.T) {
	url := storetest.OwnerDB(t)
	queue, err := newQueueTables()
	if err != nil {
		t.Fatal(err)
	}
	up, down := riverSteps("up", 1, queue.latest), riverSteps("down", queue.latest, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // steps that undo each other would go on for ever
	defer cancel()
	for _, c := range []struct {
		name        string
		target      int
		wantApplied []string
		wantThere   bool
	}{
		{"the one before does not bring them", 4, []string{"up 0001_a", "up 0002_b", "up 0003_c", "up 0004_d"}, false},
		{"theirs does", 5, append([]string{"up 0005_e"}, up...), true},
		{"once", 5, nil, true},
		{"a later one leaves them", MigrateLatest, []string{"up 0006_f"}, true},
		{"also when it is undone", MigratePrevious, []string{"down 0006_f"}, true},
		{"they go before theirs is undone", MigratePrevious, append(slices.Clone(down), "down 0005_e"), false},
		{"from below they come after the last", MigrateLatest, append([]string{"up 0005_e", "up 0006_f"}, up...), true},
		{"on the way to nothing they go first", 0, append(slices.Clone(down), "down 0006_f", "down 0005_e", "down 0004_d", "down 0003_c", "down 0002_b", "down 0001_a"), false},
	} {
		applied, err := migrateSteps(ctx, url, queueFixture(), c.target)
		if err != nil || !slices.Equal(applied, c.wantApplied) {
			t.Errorf("%s: did %v, %v; want %v", c.name, applied, err, c.wantApplied)
		}
		if got := queueThere(t, url) > 0; got != c.wantThere {
			t.Errorf("%s: tables there: %v, want %v", c.name, got, c.wantThere)
		}
	}
}

func TestQueueTablesBegunAreFinished(t *testing.T) {
	url := storetest.OwnerDB(t)
	if _, err := migrateSteps(t.Context(), url, queueFixture(), 5); err != nil {
		t.Fatal(err)
	}
	queue, err := newQueueTables()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // as if a migration of an earlier River, or one that was cut off, had come to 3
		one(t, url, func(ctx context.Context, tx pgx.Tx) error {
			there, err := queueDone(ctx, tx)
			if err == nil {
				_, err = queue.down(ctx, tx, there)
			}
			return err
		})
	}
	if states := statesOf(t, url); !states[len(states)-1].AppliedAt.IsZero() {
		t.Errorf("half of the tables: %+v, want not applied", states[len(states)-1])
	}
	applied, err := migrateSteps(t.Context(), url, queueFixture(), 5)
	if want := riverSteps("up", 4, queue.latest); err != nil || !slices.Equal(applied, want) {
		t.Errorf("did %v, %v; want %v", applied, err, want)
	}
}

func one(t *testing.T, url string, act func(context.Context, pgx.Tx) error) {
	t.Helper()
	conn, err := migrateConn(t.Context(), url)
	if err == nil {
		defer conn.Close(context.Background())
		err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error { return act(t.Context(), tx) })
	}
	if err != nil {
		t.Fatal(err)
	}
}

func statesOf(t *testing.T, url string) []MigrationState {
	t.Helper()
	states, err := MigrationStatus(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return states
}

func TestQueueTablesOfANewerProgramAreRefused(t *testing.T) {
	url := storetest.OwnerDB(t)
	if _, err := migrateSteps(t.Context(), url, queueFixture(), 5); err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, url, "INSERT INTO fluxmcp.river_migration (line, version) VALUES ('main', 77)")
	for _, target := range []int{MigrateLatest, MigratePrevious, 0} {
		applied, err := migrateSteps(t.Context(), url, queueFixture(), target)
		var own *MigrationError
		if !errors.As(err, &own) || own.Code() != "migration_unknown" || !strings.Contains(err.Error(), "river 077") || len(applied) > 0 {
			t.Errorf("to %d: did %v, %v; want migration_unknown", target, applied, err)
		}
	}
}

func TestQueueTablesWithGapsAreRefused(t *testing.T) {
	url := storetest.OwnerDB(t)
	if _, err := migrateSteps(t.Context(), url, queueFixture(), 5); err != nil {
		t.Fatal(err)
	}
	storetest.Exec(t, url, "DELETE FROM fluxmcp.river_migration WHERE version IN (3, 8)")
	if applied, err := migrateSteps(t.Context(), url, queueFixture(), 5); err == nil || len(applied) > 0 {
		t.Errorf("did %v, %v; want an error", applied, err)
	}
}

func TestQueueTablesManyAtOnce(t *testing.T) {
	url := storetest.OwnerDB(t)
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []string
	)
	for range 4 {
		group.Go(func() {
			applied, err := migrateSteps(t.Context(), url, queueFixture(), MigrateLatest)
			if err != nil {
				t.Errorf("one of four at once: %v", err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, applied...)
		})
	}
	group.Wait()
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != len(all) || len(all) != 6+8 {
		t.Errorf("four at once did %v, want each of 6 steps and 8 of River once", all)
	}
}

func TestMigrationStatusKnowsTheQueue(t *testing.T) {
	now := time.Now()
	queue := &queueTables{latest: 8}
	for _, c := range []struct {
		name  string
		there queueRow
		want  string // label, applied, unknown
	}{
		{"there are none", queueRow{}, "river 008 false false"},
		{"they are of an earlier River", queueRow{7, &now}, "river 008 false false"},
		{"they are of this River", queueRow{8, &now}, "river 008 true false"},
		{"they are of a later River", queueRow{9, &now}, "river 009 true true"},
	} {
		s := queue.state(c.there)
		if got := fmt.Sprintf("%s %v %v", s.Label(), !s.AppliedAt.IsZero(), s.Unknown); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	states := statesOf(t, storetest.DB(t))
	var labels []string
	for _, s := range states {
		labels = append(labels, s.Label())
	}
	if len(labels) < 6 || labels[0] != "0001_users" || labels[len(labels)-1] != "river 008" {
		t.Errorf("steps %q, want ours and then river 008", labels)
	}
}
