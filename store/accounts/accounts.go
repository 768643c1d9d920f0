// Package accounts keeps the accounts that people have connected at providers,
// and their tokens, sealed, in the tables fluxmcp.oauth_accounts and
// fluxmcp.oauth_tokens. It is the Store of package tokens. It knows no provider
// and speaks with none: what must be asked there is asked by who calls it.
//
// Locks are taken in one order: the person, their account, its tokens. Whoever
// has locked a token takes no lock on an account any more, so that a refresh,
// which holds its token for as long as the provider takes, delays only what
// wants to replace or delete that token.
package accounts

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// The states of an account.
const (
	Active         = "active"
	NeedsReconnect = "needs_reconnect" // its tokens are of no use any more
	Disconnecting  = "disconnecting"   // its tokens wait to be revoked and deleted
)

// Reasons of NeedsReconnect that this package gives.
const (
	ReasonElsewhere = "connected_elsewhere" // somebody else here has connected the same account since
	ReasonNoToken   = "token_missing"       // the consent gave no token of the kind that is asked for
)

// Options are optional.
type Options struct {
	// Renewals is how many calls of Renew work at once; each holds a connection
	// while the provider is asked. 0: half of the connections there are, at least one.
	Renewals int

	// OnUnreadable is called for each token that cannot be opened, from any
	// goroutine. It must return at once.
	OnUnreadable func()

	// Point is called at save.before_commit, save.after_commit,
	// refresh.before_provider, refresh.after_provider, refresh.before_commit,
	// refresh.before_retry, refresh.after_commit, disconnect.before_commit and
	// disconnect.after_commit: for tests that end the process there.
	Point func(name string)
}

// Accounts keeps accounts and tokens. It is safe for concurrent use, by any
// number of processes. Errors of all methods, beside their own: those of store.Own.
type Accounts struct {
	own     *store.Own
	vault   *vault.Vault
	options Options
	renewal chan struct{}   // a place for each Renew that works
	pauses  []time.Duration // before the attempts to store a renewed token, after the first
}

var _ tokens.Store = (*Accounts)(nil)

// Account is a connected account, without its tokens.
type Account struct {
	ID, Provider        string
	Status, Reason      string       // Active, NeedsReconnect or Disconnecting; Reason: of NeedsReconnect
	Person              oauth.Person // whose it is here
	UserID, Name, Email string       // who it is at the provider; Email may be empty
	Metadata            map[string]string
	Scopes              []string // as granted
	Client              string   // program in which it was connected; may be empty
	ConnectedAt         time.Time
	LastUsedAt          time.Time // zero: never
	UpdatedAt           time.Time
	Expires             time.Time // of the main token; zero: never
}

// NewAccount is what a consent gave.
type NewAccount struct {
	Person          oauth.Person
	Provider        string // such as figma
	Grant           oauth.Grant
	Identity        oauth.Identity
	Client          string   // program in which the person was; may be empty
	Scopes          []string // as asked for; counts where the grant does not say
	Replace         bool     // also where another account is connected
	OneTokenPerUser bool     // the provider lets a new token end the account's older ones
}

// Saved is what Save did.
type Saved struct {
	AccountID string
	// Replaced are tokens of another account at the provider that was there
	// before, to be revoked: those that no other account here has as well.
	Replaced []oauth.Token
}

// Leaving is an account that is being disconnected.
type Leaving struct {
	AccountID, Provider string
	Person              oauth.Person
	Name                string // at the provider
	Since               time.Time
	Tokens              []oauth.Token // as Accounts.Leaving gives; only Disconnect fills it
}

// Count is how many accounts of a provider have a status.
type Count struct {
	Provider, Status string
	N                int
}

// New returns the accounts that o keeps and v seals.
func New(o *store.Own, v *vault.Vault, options Options) *Accounts {
	if options.Renewals <= 0 {
		options.Renewals = max(1, o.Conns()/2)
	}
	if options.OnUnreadable == nil {
		options.OnUnreadable = func() {}
	}
	if options.Point == nil {
		options.Point = func(string) {}
	}
	return &Accounts{own: o, vault: v, options: options, renewal: make(chan struct{}, options.Renewals),
		pauses: []time.Duration{100 * time.Millisecond, time.Second, 4 * time.Second}} // a restart of PostgreSQL takes seconds
}

// patientSQL lengthens the bounds of a transaction that waits for a refresh, or
// is one: the provider has 10 s.
const patientSQL own.SQL = `SELECT pg_catalog.set_config('lock_timeout', '15000', true),
	pg_catalog.set_config('statement_timeout', '20000', true), pg_catalog.set_config('idle_in_transaction_session_timeout', '30000', true)`

// patiently runs act in a transaction with the bounds of patientSQL.
func (a *Accounts) patiently(ctx context.Context, act func(*store.OwnTx) error) error {
	return a.own.Do(ctx, func(tx *store.OwnTx) error {
		if _, err := tx.Exec(ctx, patientSQL); err != nil {
			return err
		}
		return act(tx)
	})
}

// newID makes a random UUID, as PostgreSQL writes it.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
