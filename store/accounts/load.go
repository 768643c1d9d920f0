package accounts

import (
	"context"
	_ "embed" // the SQL texts
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/load.sql
var loadSQL own.SQL

//go:embed queries/token.sql
var tokenSQL own.SQL

//go:embed queries/due.sql
var dueSQL own.SQL

//go:embed queries/used.sql
var usedSQL own.SQL

// Expire locks the account before its token. A token that is locked is being
// refreshed or replaced at this moment: who does that finds out as well.
const (
	expireAccountSQL own.SQL = `SELECT a.id::text FROM fluxmcp.oauth_accounts a
		WHERE a.id = (SELECT t.account_id FROM fluxmcp.oauth_tokens t WHERE t.id = $1::uuid) FOR UPDATE`
	expireTokenSQL own.SQL = `SELECT t.id::text FROM fluxmcp.oauth_tokens t
		WHERE t.id = $1::uuid AND t.version = $2 FOR UPDATE SKIP LOCKED`
	expireSQL own.SQL = `UPDATE fluxmcp.oauth_accounts SET status = 'needs_reconnect', status_reason = $2, updated_at = now()
		WHERE id = $1::uuid AND status = 'active'`
)

// one is a row of one text.
type one struct{ Text string }

// Load reads a token of an active account. Its Attempted is also set while
// another process is refreshing it.
// Errors: *oauth.NotConnected, *oauth.NeedsReconnect, *vault.Unreadable.
func (a *Accounts) Load(ctx context.Context, k tokens.Key) (tokens.Stored, error) {
	rows, err := all[tokenRow](ctx, a.own, loadSQL, k.Person.Issuer, k.Person.Subject, k.Provider, k.Kind)
	if err != nil {
		return tokens.Stored{}, fmt.Errorf("load token: %w", err)
	}
	return a.usable(rows, k.Provider)
}

// byID is Load for the id of a row.
func (a *Accounts) byID(ctx context.Context, r reader, id string) (tokenRow, tokens.Stored, error) {
	rows, err := all[tokenRow](ctx, r, tokenSQL, id)
	if err != nil {
		return tokenRow{}, tokens.Stored{}, fmt.Errorf("read token: %w", err)
	}
	s, err := a.usable(rows, "")
	if err != nil {
		return tokenRow{}, tokens.Stored{}, err
	}
	return rows[0], s, nil
}

func (a *Accounts) usable(rows []tokenRow, provider string) (tokens.Stored, error) {
	if len(rows) == 0 {
		return tokens.Stored{}, &oauth.NotConnected{Provider: provider}
	}
	if err := rows[0].usable(); err != nil {
		return tokens.Stored{}, err
	}
	s, err := a.open(rows[0])
	if err != nil {
		return tokens.Stored{}, fmt.Errorf("open token: %w", err)
	}
	return s, nil
}

// Expire marks the account of the token row id as one that must be connected
// again, unless the token's version is another by now, or somebody is
// replacing it. The first reason stays.
func (a *Accounts) Expire(ctx context.Context, id string, version int64, reason string) error {
	err := a.patiently(ctx, func(tx *store.OwnTx) error {
		accounts, err := all[one](ctx, tx, expireAccountSQL, id)
		if err != nil || len(accounts) == 0 {
			return err
		}
		found, err := all[one](ctx, tx, expireTokenSQL, id, version)
		if err != nil || len(found) == 0 {
			return err
		}
		_, err = tx.Exec(ctx, expireSQL, accounts[0].Text, clean(reason, maxReason))
		return err
	})
	if err != nil {
		return fmt.Errorf("mark account as one to connect again: %w", err)
	}
	return nil
}

// Used notes that accounts were used now, by one statement, and at most once a
// minute for each.
func (a *Accounts) Used(ctx context.Context, accountIDs []string) error {
	if len(accountIDs) == 0 {
		return nil
	}
	if _, err := a.own.Exec(ctx, usedSQL, accountIDs); err != nil {
		return fmt.Errorf("note the use of accounts: %w", err)
	}
	return nil
}

// Due lists tokens of active accounts that can be refreshed and expire before
// the given time, the soonest first, at most limit.
func (a *Accounts) Due(ctx context.Context, before time.Time, limit int) ([]tokens.Key, error) {
	type row struct{ Issuer, Subject, Email, Provider, Kind string }
	rows, err := all[row](ctx, a.own, dueSQL, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list tokens that expire: %w", err)
	}
	keys := make([]tokens.Key, len(rows))
	for i, r := range rows {
		keys[i] = tokens.Key{Person: oauth.Person{Issuer: r.Issuer, Subject: r.Subject, Email: r.Email}, Provider: r.Provider, Kind: r.Kind}
	}
	return keys, nil
}
