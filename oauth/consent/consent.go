// Package consent is the state machine of connecting an account: a person asks
// for a ticket, opens it in a browser, allows it, is sent to the provider and
// comes back with a code, which becomes a grant that is saved as theirs. It
// sees to it that the account of one person is never saved as another's. It
// knows no HTTP, no HTML and no SQL: browsers are a cookie and a person, and
// what must be kept is kept by Tickets, States and a Saver.
//
// What proves the person: a browser that is signed in as them, or the pairing
// code that was given to them with the link, or, where Config.Open says that
// everybody is the local person, nothing. What proves the browser: a cookie
// that was set when the person allowed, in the state's own row.
//
// Tickets, states, codes, cookies and verifiers are random. Of those that are
// only compared, digests are kept; no error and no log has any of them.
package consent

import (
	"context"
	"log/slog"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Bounds of the flow. Those that end something count by the store's clock.
const (
	TicketLife = 15 * time.Minute // from Ask
	StateLife  = 15 * time.Minute // from Allow
	HeldLife   = 10 * time.Minute // for the decision between two accounts
	BusyFor    = 30 * time.Second // a ticket whose state was taken cannot be allowed or declined so long, unless it ends before
	MaxTries   = 5                // wrong codes, or openings by other people, that burn a ticket

	workLimit  = 25 * time.Second // from taking a state to having saved
	closeLimit = 3 * time.Second  // for recording how it ended; with workLimit, within BusyFor
	pollEvery  = 300 * time.Millisecond
)

// Browser is what is known of the browser that a request came from.
type Browser struct {
	Cookie string        // value of the flow's cookie; empty: none
	Person *oauth.Person // signed in as; nil: nobody
}

// Request is what a ticket is for.
type Request struct {
	Person   oauth.Person
	Provider string   // empty: the ticket only signs the browser in
	Scopes   []string // nil: the provider's default ones
	Client   string   // the program that asks, for people to read; may be empty
}

// Link is a ticket as its person gets it.
type Link struct {
	Ticket  string // secret, URL-safe
	ID      string // public, a UUID: for Await
	Code    string // to be typed into the page, XXXX-XXXX; empty: the page does not ask
	Expires time.Time
}

// View is what the page of a ticket shows.
type View struct {
	ID        string // of the ticket, public
	Provider  string // empty: it only signs the browser in
	Scopes    []string
	Person    oauth.Person // whose account it will be
	Client    string
	NeedCode  bool // the form must ask for the code
	Expires   time.Time
	Connected string // name of the account that is connected now; empty: none, or the browser may not know
}

// Start is what a browser that allowed gets.
type Start struct {
	URL    string       // the provider's page; empty: there is none to go to, the ticket signed the browser in
	State  string       // in URL; secret
	Cookie string       // to be set as the flow's cookie; empty with URL
	Person oauth.Person // whom the browser proved to be
}

// Callback is a browser that comes back from a provider, or what a web app
// passes on of it.
type Callback struct {
	Provider    string // whose redirect URI was called
	Code        string
	State       string
	Error       string // the provider's own code, such as access_denied; empty: none
	RedirectURI string // that was called; empty: that of the state, which needs Bearer
	Browser     Browser
	Bearer      *oauth.Person // whom a bearer token proves; nil: there is none
}

// Done is an account that was saved, or one that waits for a decision.
type Done struct {
	Provider string
	Name     string // of the account at the provider
	Person   oauth.Person
	Scopes   []string
	Pending  string // secret, for Decide: another account is connected, so that nothing was saved yet; empty: it is over
	Was      string // with Pending, the name of that other account
	Kept     bool   // by Decide: the other account was kept
}

// Client speaks with one provider. *oauth.Client is one.
type Client interface {
	Provider() oauth.Provider
	AuthorizeURL(a oauth.Authorization) string
	Exchange(ctx context.Context, code, verifier, redirectURI string) (oauth.Grant, error)
	Identity(ctx context.Context, g oauth.Grant) (oauth.Identity, error)
}

// Account is an account to save.
type Account struct {
	Person          oauth.Person
	Provider        string
	Grant           oauth.Grant
	Identity        oauth.Identity
	Client          string // the program that asked
	Scopes          []string
	Replace         bool // also where another account is connected
	OneTokenPerUser bool // as the provider's data has it
}

// Saved is what Save did.
type Saved struct {
	Replaced []oauth.Token // of another account that was there, to be revoked
}

// Saver keeps accounts. It is safe for concurrent use.
type Saver interface {
	// Save stores a, all or nothing.
	// Errors: *OtherAccount where nothing was stored for that reason, and its own.
	Save(ctx context.Context, a Account) (Saved, error)
	// Connected names the account that p has at provider; empty: none.
	Connected(ctx context.Context, p oauth.Person, provider string) (string, error)
}

// OtherAccount says that another account of the provider is connected.
type OtherAccount struct{ Was, Is string } // names of the one there and of the new one

// Error names no account: it is asked about, not shown.
func (e *OtherAccount) Error() string { return "another account of this provider is connected" }

// Config is what a Flow needs. Fields are required unless they say otherwise.
type Config struct {
	Tickets     Tickets
	States      States
	Accounts    Saver
	Client      func(provider string) (Client, bool) // false: not offered here
	RedirectURI func(provider string) string         // fluxmcp's own
	// Redirect tells whether a web app may have codes sent to uri. Optional:
	// without it only RedirectURI's are used.
	Redirect func(provider, uri string) bool
	// Open: whoever can open a page is the local person, as on a loopback
	// address without authentication.
	Open bool
	// Code: a browser that is not signed in proves its person by a pairing code.
	// Without it and without Open, it must be signed in.
	Code bool

	// Record notes e durably; it is called before what changes something, which
	// does not happen where it fails, and after everything else. Optional.
	Record func(ctx context.Context, e Event) error
	// Discard revokes tokens that nobody will use. Optional.
	Discard func(ctx context.Context, provider string, g oauth.Grant) error
	Events  Events            // optional
	Log     *slog.Logger      // optional
	Point   func(name string) // optional: called at named points, for tests that kill the process there
	Poll    time.Duration     // how often Await looks; zero: 300 ms
}

// Flow connects accounts. It is safe for concurrent use, by any number of
// processes over one store.
//
// Errors of its methods: *Refused, and those of Tickets, States, Accounts and
// Record as they are.
type Flow struct{ cfg Config }

// New makes a flow of cfg.
func New(cfg Config) *Flow {
	if cfg.Redirect == nil {
		cfg.Redirect = func(string, string) bool { return false }
	}
	if cfg.Record == nil {
		cfg.Record = func(context.Context, Event) error { return nil }
	}
	if cfg.Discard == nil {
		cfg.Discard = func(context.Context, string, oauth.Grant) error { return nil }
	}
	if cfg.Events == nil {
		cfg.Events = silent{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Point == nil {
		cfg.Point = func(string) {}
	}
	if cfg.Poll <= 0 {
		cfg.Poll = pollEvery
	}
	return &Flow{cfg: cfg}
}

// client is the provider's, or the error that it is not offered.
func (f *Flow) client(provider string) (Client, error) {
	c, ok := f.cfg.Client(provider)
	if !ok {
		return nil, refuse(ProviderUnconfigured)
	}
	return c, nil
}
