package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// queueSince is the migration whose presence means that the job queue's tables
// are to be there.
const queueSince = 5

// queueTables makes and removes the tables of the job queue, River, with the
// steps that River brings, one in each transaction: a value that one of them
// adds to an enumeration can be used only after its commit.
// Source: https://www.postgresql.org/docs/current/sql-altertype.html
type queueTables struct {
	river  *rivermigrate.Migrator[pgx.Tx]
	latest int
}

// queueRow is how far the queue's tables are in a database.
type queueRow struct {
	Version   int // 0: there are none
	AppliedAt *time.Time
}

func newQueueTables() (*queueTables, error) {
	// Without a logger of ours, River writes to standard output, which belongs
	// to MCP in a stdio server.
	river, err := rivermigrate.New(riverpgxv5.New(nil), &rivermigrate.Config{Schema: "fluxmcp", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, fmt.Errorf("read the job queue's migrations: %w", err)
	}
	all := river.AllVersions()
	return &queueTables{river: river, latest: all[len(all)-1].Version}, nil
}

// queueDone reads how far the queue's tables are. The statement fits both forms
// that the table has had.
func queueDone(ctx context.Context, q querier) (queueRow, error) {
	there, err := migrateKnows(ctx, q, "fluxmcp.river_migration")
	if err != nil || !there {
		return queueRow{}, err
	}
	rows, _ := q.Query(ctx, "SELECT coalesce(max(version), 0)::integer, max(created_at) FROM fluxmcp.river_migration")
	done, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[queueRow]) // it returns the error of Query too
	if err != nil {
		return queueRow{}, fmt.Errorf("read the job queue's migrations: %w", err)
	}
	return done, nil
}

// fit refuses tables of a newer River.
func (t *queueTables) fit(there queueRow) error {
	if there.Version <= t.latest {
		return nil
	}
	return &MigrationError{"migration_unknown", "Use the fluxmcp that migrated this database, or a newer one.",
		fmt.Errorf("the database has migration %s, which this fluxmcp does not know", queueLabel(there.Version))}
}

func (t *queueTables) up(ctx context.Context, tx pgx.Tx, there queueRow) (string, error) {
	return t.step(ctx, tx, rivermigrate.DirectionUp, there.Version+1)
}

func (t *queueTables) down(ctx context.Context, tx pgx.Tx, there queueRow) (string, error) {
	return t.step(ctx, tx, rivermigrate.DirectionDown, there.Version)
}

// step does one of River's steps, which is to make or remove version.
func (t *queueTables) step(ctx context.Context, tx pgx.Tx, way rivermigrate.Direction, version int) (string, error) {
	label := string(way) + " " + queueLabel(version)
	one := &rivermigrate.MigrateOpts{MaxSteps: 1}
	did, err := t.river.MigrateTx(ctx, tx, way, one) //lint:ignore SA1019 what it is deprecated for is several steps in one transaction
	if err != nil {
		return "", migrateFailed(label, "", err)
	}
	if len(did.Versions) == 0 {
		return "", fmt.Errorf("migration %s: the job queue has no such step", label)
	}
	return string(way) + " " + queueLabel(did.Versions[0].Version), nil
}

// state is all of the queue's tables as one step.
func (t *queueTables) state(there queueRow) MigrationState {
	s := MigrationState{Version: t.latest, Name: "river", queue: true}
	if there.Version >= t.latest {
		s.Version, s.Unknown = there.Version, there.Version > t.latest
		s.AppliedAt = *there.AppliedAt
	}
	return s
}

func queueLabel(version int) string { return fmt.Sprintf("river %03d", version) }
