package accounts

import (
	"context"
	_ "embed" // the SQL text
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/leaving.sql
var leavingSQL own.SQL

const (
	disconnectSQL own.SQL = `UPDATE fluxmcp.oauth_accounts a
		SET status = 'disconnecting', status_reason = NULL, disconnect_requested_at = now(), updated_at = now()
		FROM fluxmcp.users u
		WHERE u.id = a.user_id AND u.issuer = $1 AND u.subject = $2 AND a.provider = $3 AND a.status <> 'disconnecting'
		RETURNING a.id::text, a.provider, u.issuer, u.subject, coalesce(u.email, ''), a.provider_username, a.disconnect_requested_at`
	disconnectingSQL own.SQL = `SELECT a.id::text, a.provider, u.issuer, u.subject, coalesce(u.email, ''), a.provider_username, a.disconnect_requested_at
		FROM fluxmcp.oauth_accounts a JOIN fluxmcp.users u ON u.id = a.user_id
		WHERE a.status = 'disconnecting' ORDER BY a.disconnect_requested_at, a.id LIMIT $1::bigint`
	leaverSQL own.SQL = `SELECT provider FROM fluxmcp.oauth_accounts WHERE id = $1::uuid AND status = 'disconnecting' FOR UPDATE`
	stillSQL  own.SQL = `SELECT id::text FROM fluxmcp.oauth_tokens WHERE account_id = $1::uuid FOR UPDATE` // waits for refreshes
	wipeSQL   own.SQL = `DELETE FROM fluxmcp.oauth_accounts WHERE id = $1::uuid AND status = 'disconnecting'`
)

// leavingRow is a row of disconnectSQL and disconnectingSQL.
type leavingRow struct {
	ID, Provider, Issuer, Subject, Email, Name string
	Since                                      time.Time
}

func (r leavingRow) leaving() Leaving {
	return Leaving{AccountID: r.ID, Provider: r.Provider, Name: r.Name, Since: r.Since,
		Person: oauth.Person{Issuer: r.Issuer, Subject: r.Subject, Email: r.Email}}
}

// Disconnect makes the person's account at provider unusable: once it returns,
// and from its commit on, Load says *oauth.NotConnected. It does not wait for a
// refresh that is under way, so its Tokens may not be the last ones; who revokes
// them reads them again with Accounts.Leaving.
//
// Errors: *oauth.NotConnected, which is ErrNotConnected too.
func (a *Accounts) Disconnect(ctx context.Context, p oauth.Person, provider string) (Leaving, error) {
	var left Leaving
	err := a.patiently(ctx, func(tx *store.OwnTx) error {
		rows, err := all[leavingRow](ctx, tx, disconnectSQL, p.Issuer, p.Subject, provider)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return &absent{oauth.NotConnected{Provider: provider}}
		}
		left = rows[0].leaving()
		left.Tokens, err = a.retiring(ctx, tx, left.AccountID)
		a.options.Point("disconnect.before_commit")
		return err
	})
	if err != nil {
		return Leaving{}, fmt.Errorf("disconnect account: %w", err)
	}
	a.options.Point("disconnect.after_commit")
	return left, nil
}

// Disconnecting lists accounts that wait to be revoked and deleted, the longest
// waiting first, at most limit, without their tokens.
func (a *Accounts) Disconnecting(ctx context.Context, limit int) ([]Leaving, error) {
	rows, err := all[leavingRow](ctx, a.own, disconnectingSQL, limit)
	if err != nil {
		return nil, fmt.Errorf("list accounts that are being disconnected: %w", err)
	}
	list := make([]Leaving, len(rows))
	for i, r := range rows {
		list[i] = r.leaving()
	}
	return list, nil
}

// Leaving returns the tokens of an account that is being disconnected, to be
// revoked: the main one first, those left out that another account here has as
// well (a team's token of the app) or that cannot be opened. It waits for a
// refresh that is under way; none begins any more.
//
// Errors: ErrNotConnected, also where the person has connected it again.
func (a *Accounts) Leaving(ctx context.Context, accountID string) (provider string, list []oauth.Token, err error) {
	err = a.patiently(ctx, func(tx *store.OwnTx) error {
		leaver, err := all[one](ctx, tx, leaverSQL, accountID)
		if err != nil {
			return err
		}
		if len(leaver) == 0 {
			return ErrNotConnected
		}
		provider = leaver[0].Text
		if _, err := tx.Exec(ctx, stillSQL, accountID); err != nil {
			return err
		}
		list, err = a.retiring(ctx, tx, accountID)
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("read tokens to revoke: %w", err)
	}
	return provider, list, nil
}

// retiring opens the tokens of leaving.sql.
func (a *Accounts) retiring(ctx context.Context, tx *store.OwnTx, accountID string) ([]oauth.Token, error) {
	rows, err := all[tokenRow](ctx, tx, leavingSQL, accountID)
	if err != nil {
		return nil, err
	}
	var list []oauth.Token
	for _, r := range rows {
		if s, err := a.open(r); err == nil { // a lost key must not keep an account connected
			list = append(list, s.Token)
		}
	}
	return list, nil
}

// Wipe deletes an account that is being disconnected, with its tokens. One
// that is not there, or is connected again, is left as it is.
func (a *Accounts) Wipe(ctx context.Context, accountID string) error {
	err := a.patiently(ctx, func(tx *store.OwnTx) error {
		_, err := tx.Exec(ctx, wipeSQL, accountID)
		return err
	})
	if err != nil {
		return fmt.Errorf("wipe account: %w", err)
	}
	return nil
}
