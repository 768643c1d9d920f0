package accounts

import (
	"context"
	_ "embed" // the SQL text
	"errors"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/renew.sql
var renewSQL own.SQL

const (
	// noteSQL leaves a row alone that somebody is refreshing, or that has a note.
	noteSQL own.SQL = `UPDATE fluxmcp.oauth_tokens SET refresh_started_at = now(), refresh_attempt = $2::uuid
		WHERE id IN (SELECT t.id FROM fluxmcp.oauth_tokens t
			WHERE t.id = $1::uuid AND t.version = $3 AND t.refresh_attempt IS NULL FOR UPDATE SKIP LOCKED)`
	unnoteSQL own.SQL = `UPDATE fluxmcp.oauth_tokens SET refresh_started_at = NULL, refresh_attempt = NULL
		WHERE id = $1::uuid AND refresh_attempt = $2::uuid`
	lockSQL own.SQL = `SELECT id::text FROM fluxmcp.oauth_tokens WHERE id = $1::uuid FOR UPDATE`
	// healSQL undoes an Expire by a process that was refused because of the
	// refresh whose token is only now stored.
	healSQL own.SQL = `UPDATE fluxmcp.oauth_accounts a SET status = 'active', status_reason = NULL, updated_at = now()
		WHERE a.id = $1::uuid AND a.status = 'needs_reconnect' AND coalesce(a.status_reason, '') <> $2`
)

const (
	maxRounds = 8                // each but the last ends because another process got ahead
	keepLimit = 25 * time.Second // for storing a token that was received
)

// errMoved says that the row has another version than the one that was renewed.
var errMoved = errors.New("the token was replaced meanwhile")

// Renew replaces the token of the row id by what renew returns, once however
// many call it in however many processes: see tokens.Store. The provider is
// asked only while the row is locked and has a note of the attempt that is
// committed, so that a process which dies leaves a trace. Stored.Attempted, as
// renew gets it, is the time of a note that is not this attempt's: an earlier
// refresh whose answer was lost, so that the provider may refuse this one.
//
// A note is removed when the attempt ends, except where the answer may have
// been lost, as after a timeout.
//
// Renew holds one connection while renew runs, for at most 30 s, and waits for
// another one's lock for 15 s; Options.Renewals bounds how many do so at once,
// and further calls wait until ctx ends. When the provider has answered, ctx
// counts no more: the token is stored, with up to three more attempts while the
// database is away. If all fail, s has the new token all the same, beside the
// error, and the note stays.
//
// due is called several times. Errors: those of Load, and those of renew as
// they are. *oauth.NotConnected
// and *oauth.NeedsReconnect with renewed say that the account became so meanwhile.
func (a *Accounts) Renew(ctx context.Context, id string, due func(tokens.Stored) bool,
	renew func(ctx context.Context, s tokens.Stored) (oauth.Token, error)) (s tokens.Stored, renewed bool, err error) {
	select {
	case a.renewal <- struct{}{}:
		defer func() { <-a.renewal }()
	case <-ctx.Done():
		return tokens.Stored{}, false, ctx.Err()
	}
	r := &renewal{a: a, id: id, attempt: newID(), due: due, renew: renew}
	for range maxRounds {
		over, err := r.round(ctx)
		if over || err != nil {
			return r.result, r.stored, err
		}
	}
	return tokens.Stored{}, false, errors.New("renew token: other processes began and gave up all the time")
}

// renewal is one call of Renew.
type renewal struct {
	a           *Accounts
	id, attempt string
	due         func(tokens.Stored) bool
	renew       func(context.Context, tokens.Stored) (oauth.Token, error)

	before  int64         // version that was renewed
	token   oauth.Token   // what renew returned
	keep    sealed        // the same, as it is written; zero: nothing was returned
	refused error         // what renew failed with
	result  tokens.Stored // what Renew returns
	stored  bool
	late    error // what became of the account meanwhile
}

// round is one attempt to be the one who renews. over is false where the row
// was locked without a note: another process has given up in between.
func (r *renewal) round(ctx context.Context) (over bool, err error) {
	_, s, err := r.a.byID(ctx, r.a.own, r.id)
	if err != nil {
		return true, err
	}
	if !r.due(s) {
		r.result = s
		return true, nil
	}
	if _, err := r.a.own.Exec(ctx, noteSQL, r.id, r.attempt, s.Version); err != nil {
		return true, fmt.Errorf("note the refresh: %w", err)
	}
	err = r.a.patiently(ctx, func(tx *store.OwnTx) (err error) {
		over, err = r.locked(ctx, tx)
		return err
	})
	switch {
	case r.refused != nil:
		return true, r.refused
	case r.keep.access != nil:
		return true, r.kept(ctx, err)
	case err != nil:
		return true, fmt.Errorf("renew token: %w", err)
	}
	return over, nil
}

// locked runs in the transaction of a round.
func (r *renewal) locked(ctx context.Context, tx *store.OwnTx) (over bool, err error) {
	if _, err := tx.Exec(ctx, lockSQL, r.id); err != nil {
		return true, err
	}
	row, s, err := r.a.byID(ctx, tx, r.id) // a statement of its own: what the lock waited for is to be seen
	if err != nil {
		return true, err
	}
	if row.Attempt == r.attempt {
		s.Attempted = time.Time{}
	}
	switch {
	case !r.due(s):
		r.result = s
		return true, r.unnote(ctx, tx)
	case row.Attempt == "":
		return false, nil
	default:
		return true, r.ask(ctx, tx, s)
	}
}

// ask calls renew and writes what it returned.
func (r *renewal) ask(ctx context.Context, tx *store.OwnTx, s tokens.Stored) error {
	r.a.options.Point("refresh.before_provider")
	t, err := r.renew(ctx, s)
	if err == nil {
		t, err = renewed(t)
	}
	if err != nil {
		r.refused = err
		if inDoubt(err) {
			return nil
		}
		return r.unnote(ctx, tx)
	}
	r.a.options.Point("refresh.after_provider")
	t.Kind = s.Token.Kind
	r.before, r.token = s.Version, t
	r.keep = r.a.seal(r.id, s.Version+1, t)
	r.result = tokens.Stored{ID: s.ID, AccountID: s.AccountID, Version: s.Version + 1, Token: t}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepLimit)
	defer cancel()
	err = r.write(ctx, tx)
	r.a.options.Point("refresh.before_commit")
	return err
}

func (r *renewal) unnote(ctx context.Context, tx *store.OwnTx) error {
	_, err := tx.Exec(ctx, unnoteSQL, r.id, r.attempt)
	return err
}

// write stores the new token.
// Errors: errMoved.
func (r *renewal) write(ctx context.Context, tx *store.OwnTx) error {
	type account struct{ Provider, Status, Reason string }
	rows, err := all[account](ctx, tx, renewSQL, r.id, r.before, r.keep.access, r.keep.refresh, r.keep.digest,
		r.a.vault.KeyID(), r.before+1, r.token.Type, r.token.Scopes, orNull(r.token.Expires))
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errMoved
	}
	r.late = tokenRow{Provider: rows[0].Provider, Status: rows[0].Status, Reason: rows[0].Reason, ID: r.id}.usable()
	return nil
}

// kept sees to it that the token is stored; err is how the first attempt ended.
func (r *renewal) kept(ctx context.Context, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepLimit)
	defer cancel()
	for _, pause := range r.a.pauses {
		if err == nil || errors.Is(err, errMoved) || !wait(ctx, pause) {
			break
		}
		r.a.options.Point("refresh.before_retry")
		err = r.again(ctx)
	}
	switch {
	case errors.Is(err, errMoved):
		_, r.result, err = r.a.byID(ctx, r.a.own, r.id)
		return err
	case err != nil:
		return fmt.Errorf("store the renewed token: %w", err)
	}
	r.stored = true
	r.a.options.Point("refresh.after_commit")
	return r.late
}

// again is another attempt to store the token, without the lock under which it
// was received: in between, another process may have been refused by the
// provider for the refresh token that is used up, and have given the account up.
func (r *renewal) again(ctx context.Context) error {
	return r.a.patiently(ctx, func(tx *store.OwnTx) error {
		if _, err := tx.Exec(ctx, healSQL, r.result.AccountID, ReasonElsewhere); err != nil {
			return err
		}
		return r.write(ctx, tx)
	})
}

// wait returns false where ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// inDoubt tells whether a provider may have answered although its answer did
// not arrive, or was not understood.
func inDoubt(err error) bool {
	var told *oauth.Error
	if errors.As(err, &told) {
		return told.Kind == oauth.Away || told.Kind == oauth.Malformed
	}
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
