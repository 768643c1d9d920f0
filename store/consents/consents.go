// Package consents keeps the tickets and states of package consent in the
// tables fluxmcp.connect_tickets and fluxmcp.oauth_state_tokens. It knows what
// must happen in one step, and neither what a ticket is good for nor who may
// use it.
//
// Whatever changes a ticket or its states locks the ticket's row first, so
// that two of them come one after the other and never wait for each other.
package consents

import (
	"context"
	_ "embed" // the SQL texts
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// Consents implements consent.Tickets and consent.States. It is safe for
// concurrent use, by any number of processes. All times are the database's.
//
// Errors of all methods, beside those of the interfaces: those of store.Own,
// and *vault.Unreadable.
type Consents struct {
	own   *store.Own
	vault *vault.Vault
}

var (
	_ consent.Tickets = (*Consents)(nil)
	_ consent.States  = (*Consents)(nil)
)

// New returns what is kept in o's database, sealed by v.
func New(o *store.Own, v *vault.Vault) *Consents { return &Consents{own: o, vault: v} }

// reader is store.Own, or a transaction of it.
type reader interface {
	Read(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error
}

// one reads a result of at most one row; where there is none it is refused for
// the reason given.
func one[T any](ctx context.Context, r reader, none consent.Reason, sql own.SQL, args ...any) (T, error) {
	var row T
	err := r.Read(ctx, sql, args, func(rows pgx.Rows) (err error) {
		row, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[T])
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return row, &consent.Refused{Reason: none}
	}
	return row, err
}

// list is never null.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
