package consents

import (
	"context"
	_ "embed" // the SQL texts
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/add_state.sql
var addStateSQL own.SQL

//go:embed queries/take_state.sql
var takeStateSQL own.SQL

const (
	stateSQL own.SQL = `SELECT s.id::text, coalesce(s.ticket_id::text, ''), s.state_hash, s.cookie_hash, s.bearer,
	u.issuer, u.subject, coalesce(u.email, ''), s.provider, s.redirect_uri, s.scope, s.client, s.holding,
	s.used_at IS NOT NULL, s.expires_at <= now(), NULL::bytea, NULL::bytea
FROM fluxmcp.oauth_state_tokens s JOIN fluxmcp.users u ON u.id = s.user_id WHERE s.state_hash = $1`

	lockOfSQL own.SQL = `SELECT t.id::text FROM fluxmcp.connect_tickets t
WHERE t.id = (SELECT s.ticket_id FROM fluxmcp.oauth_state_tokens s WHERE s.state_hash = $1) FOR UPDATE`

	reopenSQL own.SQL = `UPDATE fluxmcp.connect_tickets
SET outcome = NULL, outcome_reason = '', account_name = '', updated_at = now() WHERE id = $1::uuid`
	busySQL own.SQL = `UPDATE fluxmcp.connect_tickets SET busy_until = now() + $2::interval, updated_at = now() WHERE id = $1::uuid`
	idleSQL own.SQL = `UPDATE fluxmcp.connect_tickets SET busy_until = NULL, updated_at = now() WHERE id = $1::uuid`
)

type stateRow struct {
	ID, Ticket             string
	Digest, Cookie         []byte
	Bearer                 bool
	Issuer, Subject, Email string
	Provider, RedirectURI  string
	Scopes                 []string
	Client                 string
	Holding, Used, Expired bool
	Verifier, Grant        []byte // sealed
}

func (r stateRow) state() consent.State {
	return consent.State{
		ID: r.ID, Ticket: r.Ticket, Digest: r.Digest, Cookie: r.Cookie, Bearer: r.Bearer,
		Person:   oauth.Person{Issuer: r.Issuer, Subject: r.Subject, Email: r.Email},
		Provider: r.Provider, RedirectURI: r.RedirectURI, Scopes: r.Scopes, Client: r.Client,
		Holding: r.Holding, Used: r.Used, Expired: r.Expired,
	}
}

// AddState stores s, and ends the ticket's states of before.
func (c *Consents) AddState(ctx context.Context, s consent.State) error {
	return c.own.Do(ctx, func(tx *store.OwnTx) error {
		if s.Ticket != "" {
			if err := reopen(ctx, tx, s.Ticket); err != nil {
				return err
			}
		}
		return c.insert(ctx, tx, s, consent.StateLife)
	})
}

// reopen makes the ticket pending, without an open state.
func reopen(ctx context.Context, tx *store.OwnTx, ticket string) error {
	if err := lock(ctx, tx, ticket, true); err != nil {
		return err
	}
	for _, sql := range []own.SQL{endStatesSQL, reopenSQL} {
		if _, err := tx.Exec(ctx, sql, ticket); err != nil {
			return fmt.Errorf("open the ticket again: %w", err)
		}
	}
	return nil
}

// HoldState stores s, which holds a grant.
func (c *Consents) HoldState(ctx context.Context, s consent.State) error {
	return c.own.Do(ctx, func(tx *store.OwnTx) error {
		if s.Ticket != "" {
			if _, err := tx.Exec(ctx, idleSQL, s.Ticket); err != nil {
				return fmt.Errorf("note that the ticket waits: %w", err)
			}
		}
		return c.insert(ctx, tx, s, consent.HeldLife)
	})
}

func (c *Consents) insert(ctx context.Context, tx *store.OwnTx, s consent.State, life time.Duration) error {
	verifier, grant, err := c.seal(s)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, addStateSQL, s.Person.Issuer, s.Person.Subject, s.Person.Email, s.ID, s.Ticket, s.Provider, s.Digest, s.Cookie,
		s.Bearer, s.RedirectURI, list(s.Scopes), s.Client, verifier, grant, life)
	return err
}

// State finds a state by its digest, without what is sealed.
func (c *Consents) State(ctx context.Context, digest []byte) (consent.State, error) {
	row, err := one[stateRow](ctx, c.own, consent.StateUnknown, stateSQL, digest)
	return row.state(), err
}

// TakeState takes the state that claim fits.
func (c *Consents) TakeState(ctx context.Context, claim consent.Claim) (consent.State, error) {
	issuers, subjects := []string{}, []string{}
	for _, p := range claim.People {
		issuers, subjects = append(issuers, p.Issuer), append(subjects, p.Subject)
	}
	var s consent.State
	err := c.own.Do(ctx, func(tx *store.OwnTx) error {
		if _, err := tx.Exec(ctx, lockOfSQL, claim.Digest); err != nil {
			return fmt.Errorf("lock the ticket: %w", err)
		}
		row, err := one[stateRow](ctx, tx, consent.StateUnknown, takeStateSQL, claim.Digest, claim.Provider, claim.RedirectURI,
			claim.Cookie, claim.Bearer, claim.Holding, issuers, subjects)
		if err != nil {
			return err
		}
		s = row.state()
		if err := c.open(row, &s); err != nil || s.Ticket == "" {
			return err
		}
		_, err = tx.Exec(ctx, busySQL, s.Ticket, consent.BusyFor)
		return err
	})
	if err != nil {
		return consent.State{}, err
	}
	return s, nil
}
