package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// setupLock is the advisory lock of ApplySetup: "fluxrole" in ASCII.
const setupLock = 0x666c7578726f6c65

// ApplySetup runs a script of SetupSQL on the database at url, as its owner, in
// one transaction. It is for a database that fluxmcp itself keeps; elsewhere
// the operator reads the script and runs it.
func ApplySetup(ctx context.Context, url, script string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connect to make the reader role: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	// Two processes at once take turns; closing the connection ends the turn.
	if _, err := conn.Exec(ctx, "SELECT pg_catalog.pg_advisory_lock($1)", int64(setupLock)); err != nil {
		return fmt.Errorf("wait for the turn to make the reader role: %w", err)
	}
	if _, err := conn.PgConn().Exec(ctx, script).ReadAll(); err != nil {
		return fmt.Errorf("make the reader role: %w", err)
	}
	return nil
}
