package consents

import (
	"context"
	_ "embed" // the SQL texts
	"errors"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

//go:embed queries/add_ticket.sql
var addTicketSQL own.SQL

//go:embed queries/try_ticket.sql
var tryTicketSQL own.SQL

const (
	ticketSQL own.SQL = `SELECT t.id::text, t.ticket_hash, t.code_hash, u.issuer, u.subject, coalesce(u.email, ''),
	coalesce(t.provider, ''), t.scope, t.client, t.expires_at, t.expires_at <= now(),
	t.foreign_opens >= $2::integer OR t.wrong_codes >= $2::integer, coalesce(t.outcome, ''), t.outcome_reason, t.account_name
FROM fluxmcp.connect_tickets t JOIN fluxmcp.users u ON u.id = t.user_id `
	ticketByDigestSQL = ticketSQL + `WHERE t.ticket_hash = $1`
	ticketByIDSQL     = ticketSQL + `WHERE t.id = $1::uuid`

	lockSQL own.SQL = `SELECT coalesce(t.outcome, ''), coalesce(t.busy_until > now(), false),
	t.foreign_opens >= $2::integer OR t.wrong_codes >= $2::integer, t.expires_at <= now()
FROM fluxmcp.connect_tickets t WHERE t.id = $1::uuid FOR UPDATE`

	endStatesSQL own.SQL = `UPDATE fluxmcp.oauth_state_tokens SET used_at = now(), code_verifier = NULL, pending_grant = NULL
WHERE ticket_id = $1::uuid AND used_at IS NULL`
	endTicketSQL own.SQL = `UPDATE fluxmcp.connect_tickets
SET outcome = $2, outcome_reason = $3, account_name = $4, busy_until = NULL, updated_at = now() WHERE id = $1::uuid`
)

type ticketRow struct {
	ID                                string
	Digest, CodeDigest                []byte
	Issuer, Subject, Email, Provider  string
	Scopes                            []string
	Client                            string
	Expires                           time.Time
	Expired, Burned                   bool
	Outcome, OutcomeReason, OutcomeOf string
}

func (r ticketRow) ticket() consent.Ticket {
	return consent.Ticket{
		ID: r.ID, Digest: r.Digest, CodeDigest: r.CodeDigest, Provider: r.Provider, Scopes: r.Scopes, Client: r.Client,
		Person:  oauth.Person{Issuer: r.Issuer, Subject: r.Subject, Email: r.Email},
		Expires: r.Expires, Expired: r.Expired, Burned: r.Burned,
		Ending: consent.Ending{Outcome: consent.Outcome(r.Outcome), Reason: r.OutcomeReason, Name: r.OutcomeOf},
	}
}

// AddTicket stores t, and its person where they are new.
func (c *Consents) AddTicket(ctx context.Context, t consent.Ticket) (time.Time, error) {
	row, err := one[struct{ Expires time.Time }](ctx, c.own, consent.TicketUnknown, addTicketSQL,
		t.Person.Issuer, t.Person.Subject, t.Person.Email, t.ID, t.Provider, t.Digest, t.CodeDigest, list(t.Scopes), t.Client, consent.TicketLife)
	return row.Expires, err
}

// Ticket finds a ticket by its digest.
func (c *Consents) Ticket(ctx context.Context, digest []byte) (consent.Ticket, error) {
	row, err := one[ticketRow](ctx, c.own, consent.TicketUnknown, ticketByDigestSQL, digest, consent.MaxTries)
	return row.ticket(), err
}

// TicketByID finds a ticket by its ID.
func (c *Consents) TicketByID(ctx context.Context, id string) (consent.Ticket, error) {
	row, err := one[ticketRow](ctx, c.own, consent.TicketUnknown, ticketByIDSQL, id, consent.MaxTries)
	return row.ticket(), err
}

// TryTicket compares and counts in one statement, so that no number of
// attempts at the same moment is more than MaxTries.
func (c *Consents) TryTicket(ctx context.Context, id string, code []byte) (bool, int, error) {
	row, err := one[struct {
		Right bool
		Left  int
	}](ctx, c.own, consent.TicketBurned, tryTicketSQL, id, code, consent.MaxTries)
	if refusedFor(err, consent.TicketBurned) {
		if _, unknown := c.TicketByID(ctx, id); unknown != nil {
			return false, 0, unknown
		}
	}
	return row.Right, row.Left, err
}

// EndTicket stores how the ticket ended.
func (c *Consents) EndTicket(ctx context.Context, id string, e consent.Ending, idle bool) error {
	return c.own.Do(ctx, func(tx *store.OwnTx) error {
		if err := lock(ctx, tx, id, idle); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, endStatesSQL, id); err != nil {
			return fmt.Errorf("end the ticket's states: %w", err)
		}
		_, err := tx.Exec(ctx, endTicketSQL, id, string(e.Outcome), e.Reason, e.Name)
		return err
	})
}

// lock locks the ticket's row until the end of tx, and tells why nothing may
// be done with it.
func lock(ctx context.Context, tx *store.OwnTx, id string, idle bool) error {
	row, err := one[struct {
		Outcome               string
		Busy, Burned, Expired bool
	}](ctx, tx, consent.TicketUnknown, lockSQL, id, consent.MaxTries)
	if err != nil {
		return err
	}
	t := consent.Ticket{Burned: row.Burned, Expired: row.Expired, Ending: consent.Ending{Outcome: consent.Outcome(row.Outcome)}}
	if r := t.Refuses(row.Busy, idle); r != "" {
		return &consent.Refused{Reason: r}
	}
	return nil
}

func refusedFor(err error, r consent.Reason) bool {
	var refused *consent.Refused
	return errors.As(err, &refused) && refused.Reason == r
}
