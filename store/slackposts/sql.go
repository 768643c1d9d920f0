package slackposts

import (
	"context"
	_ "embed" // the SQL texts

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

var (
	//go:embed queries/claim.sql
	claimSQL own.SQL
	//go:embed queries/found.sql
	foundSQL own.SQL
	//go:embed queries/mark.sql
	markSQL own.SQL
	//go:embed queries/release.sql
	releaseSQL own.SQL
	//go:embed queries/retake.sql
	retakeSQL own.SQL
)

// claimOr runs sql, which takes the claim of k for the caller; where it gives no
// row, the claim is as somebody else has it, or the zero Claim.
func claimOr(ctx context.Context, tx *store.OwnTx, k Key, sql own.SQL, arg any) (Claim, error) {
	c, there, err := claim(ctx, tx, sql, k.args(arg))
	if err == nil && !there {
		c, _, err = claim(ctx, tx, foundSQL, k.args())
	}
	return c, err
}

func claim(ctx context.Context, tx *store.OwnTx, sql own.SQL, args []any) (c Claim, there bool, err error) {
	err = tx.Read(ctx, sql, args, func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Claim])
		if there = len(list) > 0; there {
			c = list[0]
		}
		return err
	})
	return c, there, err
}
