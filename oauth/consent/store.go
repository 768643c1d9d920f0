package consent

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Ticket is a request as it is kept.
type Ticket struct {
	ID         string // UUID, public
	Digest     []byte // of the ticket itself
	CodeDigest []byte // of the pairing code and the ticket; nil: it has none
	Person     oauth.Person
	Provider   string
	Scopes     []string
	Client     string

	// Told by the store, by its own clock.
	Expires time.Time
	Expired bool
	Burned  bool
	Ending  Ending // Outcome is OutcomePending while it is open
}

// Refuses tells why nothing can be done with t; empty: it can. What finishes a
// consent, unlike what needs the ticket idle, can be done until it has ended for good.
func (t Ticket) Refuses(busy, idle bool) Reason {
	switch {
	case t.Ending.Outcome.Final():
		return TicketUsed
	case !idle:
		return ""
	case t.Burned:
		return TicketBurned
	case t.Expired:
		return TicketExpired
	case busy:
		return TicketBusy
	default:
		return ""
	}
}

// Tickets keeps tickets. It is safe for concurrent use, by any number of
// processes; what two do with one ticket happens one after the other.
type Tickets interface {
	// AddTicket stores t for TicketLife and returns its end.
	AddTicket(ctx context.Context, t Ticket) (expires time.Time, err error)

	// Ticket finds a ticket by its digest, dead or alive.
	// Errors: *Refused (TicketUnknown).
	Ticket(ctx context.Context, digest []byte) (Ticket, error)

	// TicketByID finds a ticket by its ID.
	// Errors: *Refused (TicketUnknown).
	TicketByID(ctx context.Context, id string) (Ticket, error)

	// TryTicket compares the code's digest and counts it where it is wrong; a
	// nil one stands for an opening by another person, which is counted apart.
	// left is how many more the ticket bears; at 0 it is burned.
	// Errors: *Refused (TicketUnknown, TicketBurned: it was burned before).
	TryTicket(ctx context.Context, id string, code []byte) (right bool, left int, err error)

	// EndTicket stores how the ticket ended, and ends its open state. A ticket
	// that is denied or failed can end again, others cannot. idle demands that
	// it is neither busy, burned nor expired.
	// Errors: *Refused (TicketUnknown, TicketUsed, TicketBusy, TicketBurned, TicketExpired).
	EndTicket(ctx context.Context, id string, e Ending, idle bool) error
}

// State is what a person who was sent to a provider must come back with. With
// Held it is what a person who must decide between two accounts decides with.
type State struct {
	ID          string // UUID
	Ticket      string // ID of its ticket; empty: it has none
	Digest      []byte
	Cookie      []byte // digest of the cookie of the browser that allowed
	Bearer      bool   // whoever proves to be Person by a bearer token may bring it without the cookie
	Person      oauth.Person
	Provider    string
	RedirectURI string
	Scopes      []string
	Client      string
	Verifier    oauth.Secret // of PKCE, sealed where it is kept; empty: none
	Held        *Held        // sealed where it is kept; nil: none

	// Told by the store.
	Holding bool // there is a Held, although it is not opened
	Used    bool
	Expired bool
}

// Held is a grant that waits for a decision.
type Held struct {
	Grant    oauth.Grant
	Identity oauth.Identity
}

// Claim is what somebody brings for a state. All of it must fit.
type Claim struct {
	Digest      []byte
	Provider    string
	RedirectURI string
	Cookie      []byte         // digest of the browser's cookie; nil: it has none
	People      []oauth.Person // whom the browser and the bearer token prove; none where nobody is signed in
	Bearer      bool           // one of them is proved by a bearer token
	Holding     bool           // it is a decision
}

// States keeps states. It is safe for concurrent use, by any number of processes.
type States interface {
	// AddState stores s for StateLife, as the only open state of its ticket,
	// which is pending again.
	// Errors: *Refused, of the ticket: TicketUnknown, TicketUsed, TicketBusy,
	// TicketBurned, TicketExpired.
	AddState(ctx context.Context, s State) error

	// State finds a state by its digest, used or not, without what is sealed.
	// Errors: *Refused (StateUnknown).
	State(ctx context.Context, digest []byte) (State, error)

	// TakeState returns the state that c fits and that is neither used nor
	// expired, and makes it used, in one step: of any number of callers one has
	// it. Its ticket is busy from then on, for BusyFor. Where anything does not
	// fit, nothing changes.
	// Errors: *Refused (StateUnknown: State and Claim.Against tell why).
	TakeState(ctx context.Context, c Claim) (State, error)

	// HoldState stores s, which has a Held, for HeldLife, after the state that
	// it follows was taken; the ticket is no longer busy.
	HoldState(ctx context.Context, s State) error
}

// Against tells why c does not fit s; empty: it does. What is wrong with who
// brings it comes before all else, so that a stranger learns nothing more.
func (c Claim) Against(s State) Reason {
	switch {
	case !c.browser(s) || !c.person(s):
		return StateForeign
	case c.Provider != s.Provider || c.RedirectURI != s.RedirectURI:
		return ProviderMismatch
	case c.Holding != s.Holding:
		return StateUnknown
	case s.Used:
		return StateUsed
	case s.Expired:
		return StateExpired
	default:
		return ""
	}
}

// browser tells whether it is the browser that allowed.
func (c Claim) browser(s State) bool {
	if len(c.Cookie) == 0 {
		return c.Bearer && s.Bearer
	}
	return subtle.ConstantTimeCompare(c.Cookie, s.Cookie) == 1
}

func (c Claim) person(s State) bool {
	for _, p := range c.People {
		if !p.Is(s.Person) {
			return false
		}
	}
	return len(c.People) > 0 || !c.Bearer
}
