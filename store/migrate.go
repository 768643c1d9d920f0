package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fluxstudio/fluxmcp/migrations"
)

// Targets of Migrate beside a version number.
const (
	MigrateLatest   = -1 // all the way up
	MigratePrevious = -2 // one step down
)

// migrateLock is the advisory lock of migrations: "fluxmcp" in ASCII.
const migrateLock = 0x666c75786d6370

const migrateBootstrap = `CREATE SCHEMA IF NOT EXISTS fluxmcp;
CREATE TABLE IF NOT EXISTS fluxmcp.schema_migrations (
	version    integer PRIMARY KEY,
	name       text NOT NULL,
	checksum   text NOT NULL,
	applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE fluxmcp.schema_migrations IS 'Steps of the schema fluxmcp that were applied.'`

// MigrationError is a database that this program's steps do not fit. Code is
// migration_changed, migration_unknown, migration_target or migration_failed.
type MigrationError struct {
	code, hint string
	err        error
}

// Error says which step does not fit, and why.
func (e *MigrationError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *MigrationError) Unwrap() error { return e.err }

// Code returns the stable name of the kind of failure.
func (e *MigrationError) Code() string { return e.code }

// Hint returns one sentence that says what to do.
func (e *MigrationError) Hint() string { return e.hint }

// Migrate brings the schema fluxmcp of the database at url to target: a
// version, 0 for none, MigrateLatest or MigratePrevious. It returns what it
// did, in order, as "up 0001_users". Each step is a transaction of its own, so
// after an error the steps returned are done and the rest is untouched. Any
// number of processes may run it at once: an advisory lock that ends with each
// transaction, which connection poolers allow, puts them in turn.
//
// The tables of the job queue, which are River's own, are there exactly where
// migration 5 is: they come after the last step, as "up river 001", and go
// before that one.
//
// Errors: *MigrationError; others come from the connection.
func Migrate(ctx context.Context, url string, target int) (applied []string, err error) {
	steps, err := migrations.All()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return migrateSteps(ctx, url, steps, target)
}

// migrateConn connects without named statements, which break behind poolers
// and where a table changes under them.
func migrateConn(ctx context.Context, url string) (*pgx.Conn, error) {
	cc, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, &BadURL{err: err}
	}
	cc.DefaultQueryExecMode = pgx.QueryExecModeExec
	cc.StatementCacheCapacity, cc.DescriptionCacheCapacity = 0, 0
	conn, err := pgx.ConnectConfig(ctx, cc)
	if err != nil {
		return nil, fmt.Errorf("connect for migrations: %w", err)
	}
	return conn, nil
}

type migrationRow struct {
	Version   int
	Name      string
	Checksum  string
	AppliedAt time.Time
}

func migrateSteps(ctx context.Context, url string, steps []migrations.Migration, target int) ([]string, error) {
	if target > len(steps) || target < MigratePrevious {
		return nil, &MigrationError{"migration_target", fmt.Sprintf("Give a version from 0 to %d.", len(steps)),
			fmt.Errorf("there is no migration %d", target)}
	}
	queue, err := newQueueTables()
	if err != nil {
		return nil, err
	}
	conn, err := migrateConn(ctx, url)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var applied []string
	for {
		label, next, err := migrateOne(ctx, conn, steps, queue, target)
		if err != nil {
			return applied, err
		}
		if label == "" {
			return applied, nil
		}
		applied = append(applied, label)
		target = next
	}
}

// migrateOne does the next step towards target, if there is one, and says
// where to go from there: MigratePrevious becomes a version once it is known.
func migrateOne(ctx context.Context, conn *pgx.Conn, steps []migrations.Migration, queue *queueTables, target int) (label string, next int, err error) {
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrateLock)); err != nil {
			return fmt.Errorf("wait for other migrations: %w", err)
		}
		if _, err := tx.Exec(ctx, migrateBootstrap); err != nil {
			return fmt.Errorf("make schema fluxmcp: %w", migrateHint(err))
		}
		done, err := migrationsDone(ctx, tx)
		if err != nil {
			return err
		}
		there, err := queueDone(ctx, tx)
		if err != nil {
			return err
		}
		if err := cmp.Or(migrateFits(steps, done), queue.fit(there)); err != nil {
			return err
		}
		next = migrateVersion(target, len(done), len(steps))
		switch {
		case len(done) < next:
			label, err = migrateUp(ctx, tx, steps[len(done)])
		case next < queueSince && there.Version > 0:
			label, err = queue.down(ctx, tx, there)
		case len(done) > next:
			label, err = migrateDown(ctx, tx, steps[len(done)-1])
		case next >= queueSince && there.Version < queue.latest:
			label, err = queue.up(ctx, tx, there)
		}
		return err
	})
	return label, next, err
}

// migrateVersion is the version that a target means for a database at current.
func migrateVersion(target, current, latest int) int {
	switch target {
	case MigrateLatest:
		return latest
	case MigratePrevious:
		return max(current-1, 0)
	}
	return target
}

func migrateUp(ctx context.Context, tx pgx.Tx, m migrations.Migration) (string, error) {
	label := "up " + migrationLabel(m)
	if _, err := tx.Exec(ctx, m.Up); err != nil {
		return "", migrateFailed(label, m.Up, err)
	}
	const note = "INSERT INTO fluxmcp.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)"
	if _, err := tx.Exec(ctx, note, m.Version, m.Name, m.Checksum); err != nil {
		return "", fmt.Errorf("note migration %s: %w", label, err)
	}
	return label, nil
}

func migrateDown(ctx context.Context, tx pgx.Tx, m migrations.Migration) (string, error) {
	label := "down " + migrationLabel(m)
	if _, err := tx.Exec(ctx, m.Down); err != nil {
		return "", migrateFailed(label, m.Down, err)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM fluxmcp.schema_migrations WHERE version = $1", m.Version); err != nil {
		return "", fmt.Errorf("note migration %s: %w", label, err)
	}
	return label, nil
}

func migrationLabel(m migrations.Migration) string { return fmt.Sprintf("%04d_%s", m.Version, m.Name) }

// migrateFits refuses a database whose applied steps are not this program's.
func migrateFits(steps []migrations.Migration, done []migrationRow) error {
	for i, s := range migrationStates(steps, done) {
		switch {
		case s.Unknown:
			return &MigrationError{"migration_unknown", "Use the fluxmcp that migrated this database, or a newer one.",
				fmt.Errorf("the database has migration %04d_%s, which this fluxmcp does not know", s.Version, s.Name)}
		case s.Changed:
			return &MigrationError{"migration_changed", "Restore the released file; put changes into a new migration.",
				fmt.Errorf("migration %04d_%s was applied with another text", s.Version, s.Name)}
		case i < len(done) && s.AppliedAt.IsZero():
			return &MigrationError{"migration_changed", "Restore the missing row of fluxmcp.schema_migrations.",
				fmt.Errorf("migration %04d_%s is not noted as applied, but a later one is", s.Version, s.Name)}
		}
	}
	return nil
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// migrationsDone reads what was applied, nothing where there is no table yet.
func migrationsDone(ctx context.Context, q querier) ([]migrationRow, error) {
	there, err := migrateKnows(ctx, q, "fluxmcp.schema_migrations")
	if err != nil || !there {
		return nil, err
	}
	rows, _ := q.Query(ctx, "SELECT version, name, checksum, applied_at FROM fluxmcp.schema_migrations ORDER BY version")
	done, err := pgx.CollectRows(rows, pgx.RowToStructByPos[migrationRow]) // it returns the error of Query too
	if err != nil {
		return nil, fmt.Errorf("read applied migrations: %w", err)
	}
	return done, nil
}

// migrateKnows tells whether a table is there.
func migrateKnows(ctx context.Context, q querier, table string) (bool, error) {
	rows, _ := q.Query(ctx, "SELECT to_regclass($1) IS NOT NULL", table)
	there, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool]) // it returns the error of Query too
	if err != nil {
		return false, fmt.Errorf("look for applied migrations: %w", err)
	}
	return there, nil
}

// migrateFailed says where in a step's SQL PostgreSQL stopped.
func migrateFailed(label, sql string, err error) error {
	where := ""
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Position > 0 && sql != "" {
		head := []rune(sql)
		where = fmt.Sprintf(" (line %d)", 1+strings.Count(string(head[:min(len(head), int(refused.Position)-1)]), "\n"))
	}
	err = fmt.Errorf("migration %s%s: %w", label, where, err)
	if hinted := migrateHint(err); hinted != err {
		return hinted
	}
	return &MigrationError{"migration_failed", "Mend what PostgreSQL reports and run `fluxmcp migrate up` again; this step was rolled back.", err}
}

// migrateHint adds advice to a lack of rights, which is for the operator.
func migrateHint(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42501" { // insufficient_privilege
		return &MigrationError{"migration_failed", "Give the role of DATABASE_URL the right to create in this database: GRANT CREATE ON DATABASE … TO ….", err}
	}
	return err
}
