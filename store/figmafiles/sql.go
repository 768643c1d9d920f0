package figmafiles

import (
	"context"
	_ "embed" // the SQL texts
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

var (
	//go:embed queries/get.sql
	getSQL own.SQL
	//go:embed queries/put.sql
	putSQL own.SQL
	//go:embed queries/prune.sql
	pruneSQL own.SQL
	//go:embed queries/drop.sql
	dropSQL own.SQL
	//go:embed queries/forget.sql
	forgetSQL own.SQL
)

// inBytes lets a content travel as it is. Without it, pgx and PostgreSQL write
// it in hexadecimal, which takes twice as long and several times the memory;
// it costs a round trip.
const inBytes = pgx.QueryExecModeDescribeExec

// dropBatch is how many rows one statement deletes, which has 5 s: a content of
// 16 MiB is 8,400 rows of PostgreSQL's own.
const dropBatch = 25

// discardSQL leaves a row that has been written anew.
const discardSQL own.SQL = `DELETE FROM fluxmcp.figma_files_cache WHERE id = $1::uuid AND cached_at = $2::timestamptz`

// found is a row of get.sql.
type found struct {
	ID, Stamp string
	Content   []byte // sealed; nil: it is too large
	CachedAt  time.Time
}

// find reads the row of k.
func (f *Files) find(ctx context.Context, k Key) (row found, there bool, err error) {
	args := []any{inBytes, k.Person.Issuer, k.Person.Subject, k.Account, k.File, f.options.MaxBytes + vault.Overhead}
	err = f.own.Do(ctx, func(tx *store.OwnTx) error {
		return tx.Read(ctx, getSQL, args, func(rows pgx.Rows) error {
			list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[found])
			if there = len(list) > 0; there {
				row = list[0]
			}
			return err
		})
	})
	if err != nil {
		return found{}, false, fmt.Errorf("read a cached file: %w", err)
	}
	return row, there, nil
}

// userOf is the id of p's row, which is made where there is none, and locked:
// so prune.sql counts what all who put files for one person have put.
func userOf(ctx context.Context, tx *store.OwnTx, p oauth.Person) (id string, err error) {
	err = tx.Read(ctx, own.UserSQL, []any{p.Issuer, p.Subject, shown(p.Email)}, func(rows pgx.Rows) error {
		id, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[string])
		return err
	})
	return id, err
}
