package accounts

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// digestLabel is of the digests of access tokens.
const digestLabel = "oauth_tokens.access_token"

// tokenRow is a row of fluxmcp.oauth_tokens with what its account says: the
// columns of the queries that read one, in their order.
type tokenRow struct {
	Provider, Status, Reason string
	ID, Account              string // ID empty: the account has no token of this kind
	Version                  int64
	Kind, Type               string
	Access, Refresh          []byte // sealed; Refresh nil: there is none
	Scopes                   []string
	Expires, Started         *time.Time
	Attempt                  string // empty: no refresh is under way
}

// usable tells whether tools may use the token.
func (r tokenRow) usable() error {
	switch {
	case r.Status == Disconnecting || r.Status == "":
		return &oauth.NotConnected{Provider: r.Provider}
	case r.Status != Active:
		return &oauth.NeedsReconnect{Provider: r.Provider, Reason: r.Reason}
	case r.ID == "":
		return &oauth.NeedsReconnect{Provider: r.Provider, Reason: ReasonNoToken}
	}
	return nil
}

func place(id, column string, version int64) vault.Place {
	return vault.Place{Table: "oauth_tokens", Row: id, Column: column, Version: version}
}

// open unseals a row.
// Errors: *vault.Unreadable.
func (a *Accounts) open(r tokenRow) (tokens.Stored, error) {
	s := tokens.Stored{ID: r.ID, AccountID: r.Account, Version: r.Version, Attempted: timeOf(r.Started)}
	s.Token = oauth.Token{Kind: r.Kind, Type: r.Type, Expires: timeOf(r.Expires), Scopes: r.Scopes}
	var err error
	if s.Token.Access, err = a.unseal(r.Access, place(r.ID, "access_token", r.Version)); err != nil {
		return tokens.Stored{}, err
	}
	if r.Refresh != nil {
		s.Token.Refresh, err = a.unseal(r.Refresh, place(r.ID, "refresh_token", r.Version))
	}
	if err != nil {
		return tokens.Stored{}, err
	}
	return s, nil
}

func (a *Accounts) unseal(sealed []byte, p vault.Place) (oauth.Secret, error) {
	plain, err := a.vault.Open(sealed, p)
	if err != nil {
		a.options.OnUnreadable()
		return oauth.Secret{}, err
	}
	return oauth.NewSecret(string(plain)), nil
}

// sealed is a token as it is written.
type sealed struct{ access, refresh, digest []byte }

func (a *Accounts) seal(id string, version int64, t oauth.Token) sealed {
	s := sealed{
		access: a.vault.Seal([]byte(t.Access.Reveal()), place(id, "access_token", version)),
		digest: vault.Digest(digestLabel, t.Access.Reveal()),
	}
	if !t.Refresh.IsZero() {
		s.refresh = a.vault.Seal([]byte(t.Refresh.Reveal()), place(id, "refresh_token", version))
	}
	return s
}

// reader is what store.Own and store.OwnTx have in common.
type reader interface {
	Read(ctx context.Context, sql own.SQL, args []any, scan func(pgx.Rows) error) error
}

// all returns the rows of a query as values of T, by position.
func all[T any](ctx context.Context, r reader, sql own.SQL, args ...any) (list []T, err error) {
	err = r.Read(ctx, sql, args, func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
	return list, err
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
