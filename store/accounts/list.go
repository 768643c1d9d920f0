package accounts

import (
	"context"
	_ "embed" // the SQL text
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/list.sql
var listSQL own.SQL

const countsSQL own.SQL = `SELECT provider, status, count(*)::bigint FROM fluxmcp.oauth_accounts GROUP BY provider, status ORDER BY provider, status`

// List returns a person's accounts by provider, those that are being
// disconnected as well.
func (a *Accounts) List(ctx context.Context, p oauth.Person) ([]Account, error) {
	return a.list(ctx, false, p)
}

// All returns everybody's accounts, by provider and person, for who runs fluxmcp.
func (a *Accounts) All(ctx context.Context) ([]Account, error) {
	return a.list(ctx, true, oauth.Person{})
}

func (a *Accounts) list(ctx context.Context, everybody bool, p oauth.Person) ([]Account, error) {
	list := []Account{}
	err := a.own.Read(ctx, listSQL, []any{everybody, p.Issuer, p.Subject}, func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, scanAccount)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	return list, nil
}

// scanAccount reads a row of list.sql.
func scanAccount(row pgx.CollectableRow) (Account, error) {
	var x Account
	var used, expires *time.Time
	err := row.Scan(&x.ID, &x.Provider, &x.Status, &x.Reason, &x.Person.Issuer, &x.Person.Subject, &x.Person.Email,
		&x.UserID, &x.Name, &x.Email, &x.Metadata, &x.Scopes, &x.Client, &x.ConnectedAt, &used, &x.UpdatedAt, &expires)
	x.LastUsedAt, x.Expires = timeOf(used), timeOf(expires)
	return x, err
}

// Counts tells how many accounts there are, by provider and status.
func (a *Accounts) Counts(ctx context.Context) ([]Count, error) {
	counts, err := all[Count](ctx, a.own, countsSQL)
	if err != nil {
		return nil, fmt.Errorf("count accounts: %w", err)
	}
	return counts, nil
}
