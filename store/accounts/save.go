package accounts

import (
	"context"
	_ "embed" // the SQL texts
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/account.sql
var accountSQL own.SQL

//go:embed queries/write.sql
var writeSQL own.SQL

const (
	// turnSQL puts those who connect one account at the provider in turn; the
	// number keeps these locks apart from others.
	turnSQL  own.SQL = `SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1 || ' ' || $2, 7026921632))`
	thereSQL own.SQL = `SELECT id::text, status, provider_user_id, provider_username FROM fluxmcp.oauth_accounts
		WHERE user_id = $1::uuid AND provider = $2 FOR UPDATE`
	versionsSQL  own.SQL = `SELECT kind, id::text, version FROM fluxmcp.oauth_tokens WHERE account_id = $1::uuid FOR UPDATE` // waits for refreshes
	removeSQL    own.SQL = `DELETE FROM fluxmcp.oauth_accounts WHERE id = $1::uuid`
	forgetSQL    own.SQL = `DELETE FROM fluxmcp.oauth_tokens WHERE account_id = $1::uuid AND kind <> ALL ($2::text[])`
	elsewhereSQL own.SQL = `UPDATE fluxmcp.oauth_accounts SET status = 'needs_reconnect', status_reason = $4, updated_at = now()
		WHERE provider = $1 AND provider_user_id = $2 AND id <> $3::uuid AND status = 'active'`
)

// there is the account that a person has at a provider already.
type there struct{ ID, Status, UserID, Name string }

// versioned is the row of a token that is there already.
type versioned struct {
	Kind, ID string
	Version  int64
}

// Save stores what a consent gave, all or nothing, in place of what was there:
// tokens that the new grant does not have are removed. Where the person had
// another account at the provider, it replaces it only if a.Replace says so;
// one that is being disconnected counts as none. With a.OneTokenPerUser, the
// same account of other people here becomes one to connect again.
//
// Errors: *OtherAccount, where nothing was stored for that reason.
func (a *Accounts) Save(ctx context.Context, n NewAccount) (Saved, error) {
	n = cleaned(n)
	if err := n.check(); err != nil {
		return Saved{}, fmt.Errorf("save account: %w", err)
	}
	saved, err := a.save(ctx, n)
	if sqlState(err) == deadlock { // two people who swap accounts at one moment
		saved, err = a.save(ctx, n)
	}
	if err != nil {
		return Saved{}, fmt.Errorf("save account: %w", err)
	}
	a.options.Point("save.after_commit")
	return saved, nil
}

const deadlock = "40P01"

func (a *Accounts) save(ctx context.Context, n NewAccount) (saved Saved, err error) {
	err = a.patiently(ctx, func(tx *store.OwnTx) error {
		s := &saving{a: a, tx: tx, new: n, saved: &saved}
		if err := s.run(ctx); err != nil {
			return err
		}
		a.options.Point("save.before_commit")
		return nil
	})
	return saved, err
}

// saving is one transaction of Save.
type saving struct {
	a     *Accounts
	tx    *store.OwnTx
	new   NewAccount
	saved *Saved
}

func (s *saving) run(ctx context.Context) error {
	if s.new.OneTokenPerUser {
		if _, err := s.tx.Exec(ctx, turnSQL, s.new.Provider, s.new.Identity.ID); err != nil {
			return err
		}
	}
	user, err := all[one](ctx, s.tx, own.UserSQL, s.new.Person.Issuer, s.new.Person.Subject, s.new.Person.Email)
	if err != nil {
		return err
	}
	if s.saved.AccountID, err = s.settle(ctx, user[0].Text); err != nil {
		return err
	}
	if err := s.account(ctx, user[0].Text); err != nil {
		return err
	}
	if err := s.tokens(ctx); err != nil || !s.new.OneTokenPerUser {
		return err
	}
	_, err = s.tx.Exec(ctx, elsewhereSQL, s.new.Provider, s.new.Identity.ID, s.saved.AccountID, ReasonElsewhere)
	return err
}

// settle says which row the account gets: the one there, if it is the same
// account, else a new one in its place. One that is being disconnected is never
// used again: whoever revokes its tokens would end the new ones.
func (s *saving) settle(ctx context.Context, user string) (string, error) {
	found, err := all[there](ctx, s.tx, thereSQL, user, s.new.Provider)
	if err != nil || len(found) == 0 {
		return newID(), err
	}
	was := found[0]
	same := was.UserID == s.new.Identity.ID
	switch {
	case same && was.Status != Disconnecting:
		return was.ID, nil
	case !same && was.Status != Disconnecting && !s.new.Replace:
		return "", &OtherAccount{Was: was.Name, Is: s.new.Identity.Name}
	case !same:
		if err := s.replace(ctx, was.ID); err != nil {
			return "", err
		}
	}
	_, err = s.tx.Exec(ctx, removeSQL, was.ID)
	return newID(), err
}

// replace notes the tokens of another account, which will not be needed any
// more; but one that the new grant has as well is.
func (s *saving) replace(ctx context.Context, id string) error {
	if _, err := s.tx.Exec(ctx, stillSQL, id); err != nil {
		return err
	}
	old, err := s.a.retiring(ctx, s.tx, id)
	s.saved.Replaced = slices.DeleteFunc(old, func(t oauth.Token) bool {
		return slices.ContainsFunc(s.new.Grant.Tokens, func(n oauth.Token) bool { return n.Access.Reveal() == t.Access.Reveal() })
	})
	return err
}

func (s *saving) account(ctx context.Context, user string) error {
	metadata, err := json.Marshal(s.new.Grant.Metadata)
	if err != nil {
		return fmt.Errorf("encode metadata: %w", err)
	}
	i := s.new.Identity
	_, err = s.tx.Exec(ctx, accountSQL, s.saved.AccountID, user, s.new.Provider, s.new.Grant.Tokens[0].Kind,
		i.ID, i.Name, i.Email, string(metadata), s.new.granted(), s.new.Client)
	return err
}

// tokens writes the tokens, each in the row of its kind where there is one.
func (s *saving) tokens(ctx context.Context) error {
	found, err := all[versioned](ctx, s.tx, versionsSQL, s.saved.AccountID)
	if err != nil {
		return err
	}
	rows := map[string]versioned{}
	for _, r := range found {
		rows[r.Kind] = r
	}
	var kinds []string
	for _, t := range s.new.Grant.Tokens {
		r, ok := rows[t.Kind]
		if !ok {
			r.ID = newID()
		}
		if err := s.write(ctx, r.ID, r.Version+1, t); err != nil {
			return err
		}
		kinds = append(kinds, t.Kind)
	}
	_, err = s.tx.Exec(ctx, forgetSQL, s.saved.AccountID, kinds)
	return err
}

func (s *saving) write(ctx context.Context, id string, version int64, t oauth.Token) error {
	w := s.a.seal(id, version, t)
	_, err := s.tx.Exec(ctx, writeSQL, id, s.saved.AccountID, t.Kind, w.access, w.refresh, w.digest,
		s.a.vault.KeyID(), version, t.Type, t.Scopes, orNull(t.Expires))
	return err
}
