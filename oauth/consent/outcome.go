package consent

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Outcome is what became of a ticket.
type Outcome string

// The outcomes. After OutcomeDenied and OutcomeFailed the ticket can be
// allowed again until it expires.
const (
	OutcomePending   Outcome = "" // nothing yet
	OutcomeConnected Outcome = "connected"
	OutcomeDeclined  Outcome = "declined" // here; or the account of before was kept
	OutcomeDenied    Outcome = "denied"   // at the provider
	OutcomeFailed    Outcome = "failed"
	OutcomeExpired   Outcome = "expired"   // never stored
	OutcomeSignedIn  Outcome = "signed_in" // of a ticket without provider
)

// Final tells whether nothing can follow on o.
func (o Outcome) Final() bool {
	return o != OutcomePending && o != OutcomeDenied && o != OutcomeFailed
}

// Ending is how a ticket ended.
type Ending struct {
	Outcome Outcome
	Reason  string // of OutcomeFailed a Reason; else empty, or a word
	Name    string // of OutcomeConnected the account's
}

// Await returns when the ticket has ended, or with OutcomePending when ctx
// ends. Whoever is not the ticket's person does not find it.
func (f *Flow) Await(ctx context.Context, ticketID string, p oauth.Person) (Outcome, error) {
	for {
		e, err := f.Ending(ctx, ticketID, p)
		if ctx.Err() != nil {
			return OutcomePending, nil
		}
		if err != nil || e.Outcome != OutcomePending {
			return e.Outcome, err
		}
		pause := time.NewTimer(f.cfg.Poll*3/4 + rand.N(f.cfg.Poll/2+1))
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return OutcomePending, nil
		}
	}
}

// Ending tells how the ticket ended, at once.
func (f *Flow) Ending(ctx context.Context, ticketID string, p oauth.Person) (Ending, error) {
	if !wellFormedID(ticketID) {
		return Ending{}, refuse(TicketUnknown)
	}
	t, err := f.cfg.Tickets.TicketByID(ctx, ticketID)
	switch {
	case err != nil:
		return Ending{}, err
	case !t.Person.Is(p):
		return Ending{}, refuse(TicketUnknown)
	case t.Ending.Outcome != OutcomePending:
		return t.Ending, nil
	case t.Burned:
		return Ending{Outcome: OutcomeFailed, Reason: string(TicketBurned)}, nil
	case t.Expired:
		return Ending{Outcome: OutcomeExpired}, nil
	default:
		return Ending{}, nil
	}
}

// reasonOf is the reason in err, if there is one.
func reasonOf(err error) Reason {
	var r *Refused
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
