package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/migrations"
)

// MigrationState is one step as a database knows it.
type MigrationState struct {
	Version   int
	Name      string
	AppliedAt time.Time // zero: not applied
	Changed   bool      // applied, but this program's file has another text
	Unknown   bool      // applied by a newer program; this one has no file for it

	queue bool // it stands for all of the job queue's tables, and Version is theirs
}

// Label names the step for people, as 0001_users or river 008.
func (m MigrationState) Label() string {
	if m.queue {
		return queueLabel(m.Version)
	}
	return fmt.Sprintf("%04d_%s", m.Version, m.Name)
}

// MigrationStatus lists the steps that this program has, after them the job
// queue's tables as one, and then those steps that only the database knows. It
// changes nothing.
func MigrationStatus(ctx context.Context, url string) ([]MigrationState, error) {
	steps, err := migrations.All()
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
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
	done, err := migrationsDone(ctx, conn)
	if err != nil {
		return nil, err
	}
	there, err := queueDone(ctx, conn)
	if err != nil {
		return nil, err
	}
	states := migrationStates(steps, done)
	return slices.Insert(states, len(steps), queue.state(there)), nil
}

// migrationStates compares what this program has with what was applied.
func migrationStates(steps []migrations.Migration, done []migrationRow) []MigrationState {
	rows := map[int]migrationRow{}
	for _, r := range done {
		rows[r.Version] = r
	}
	var states []MigrationState
	for _, m := range steps {
		r, ok := rows[m.Version]
		states = append(states, MigrationState{Version: m.Version, Name: m.Name, AppliedAt: r.AppliedAt, Changed: ok && r.Checksum != m.Checksum})
	}
	for _, r := range done {
		if r.Version < 1 || r.Version > len(steps) {
			states = append(states, MigrationState{Version: r.Version, Name: r.Name, AppliedAt: r.AppliedAt, Unknown: true})
		}
	}
	return states
}
