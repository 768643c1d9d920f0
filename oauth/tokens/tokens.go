// Package tokens gives out access tokens that are alive: it refreshes them
// before they expire, exactly once however many ask in however many processes,
// and tells what a person must do where that cannot be done. It knows no
// storage and no provider: both are given to it.
package tokens

import (
	"context"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Reasons of *oauth.NeedsReconnect that this package gives.
const (
	ReasonRefused     = "refused"     // the provider refuses the refresh token
	ReasonInterrupted = "interrupted" // likewise, after an earlier refresh whose answer did not arrive or was not stored
	ReasonRejected    = "rejected"    // the provider's API refuses the access token, and there is no refresh token
	ReasonExpired     = "expired"     // the access token has expired, and there is no refresh token
)

// Key names a token: whose, at which provider, and which of the account's. The
// person's address does not count.
type Key struct {
	Person   oauth.Person
	Provider string
	Kind     string // oauth.KindUser or KindBot; empty: the account's main token
}

// text tells keys apart.
func (k Key) text() string {
	return strconv.Quote(k.Person.Issuer) + strconv.Quote(k.Person.Subject) + strconv.Quote(k.Provider) + strconv.Quote(k.Kind)
}

// Stored is a token as it is kept.
type Stored struct {
	ID        string // of the token's row
	AccountID string
	Version   int64 // rises with every write
	Token     oauth.Token
	Attempted time.Time // when a refresh began of which no end was stored; zero: none
}

// Store keeps tokens. It is safe for concurrent use, by any number of processes.
type Store interface {
	// Load reads a token of an active account.
	// Errors: *oauth.NotConnected, *oauth.NeedsReconnect, those of the database.
	Load(ctx context.Context, k Key) (Stored, error)

	// Renew replaces the token of the row id by what renew returns, once however
	// many call it: it locks the row, reads it again and, where due is false,
	// returns what it found. Else it notes the attempt so that a crash leaves a
	// trace, calls renew with the lock held, stores the result where the version
	// is still the same, and commits. renewed says whether renew's token was
	// stored. The note stays where the answer may be lost: after an *oauth.Error
	// of kind oauth.Away or oauth.Malformed. Where renew's token could not be
	// stored, s has it all the same, beside the error.
	// Errors: as Load, and those of renew as they are.
	Renew(ctx context.Context, id string, due func(Stored) bool,
		renew func(ctx context.Context, s Stored) (oauth.Token, error)) (s Stored, renewed bool, err error)

	// Expire marks the account of the row id as one that must be connected
	// again, unless the token's version is another by now.
	Expire(ctx context.Context, id string, version int64, reason string) error

	// Used notes that accounts were used now.
	Used(ctx context.Context, accountIDs []string) error

	// Due lists tokens of active accounts that can be refreshed and expire
	// before the given time, the soonest first.
	Due(ctx context.Context, before time.Time, limit int) ([]Key, error)
}

// Cache keeps for seconds what Load gave, but for the refresh token and
// Attempted: they are for who holds the row's lock. Implementations never fail:
// what cannot be kept is forgotten.
type Cache interface {
	Get(ctx context.Context, k Key) (Stored, bool)
	// Put keeps s, which was read 20 s ago at most, unless Drop of k came after
	// that, or a later version is kept.
	Put(ctx context.Context, k Key, s Stored)
	// Drop forgets k in all processes, and lets no older Put follow.
	Drop(ctx context.Context, k Key)
}

// noCache is none.
type noCache struct{}

// Get finds nothing.
func (noCache) Get(context.Context, Key) (Stored, bool) { return Stored{}, false }

// Put keeps nothing.
func (noCache) Put(context.Context, Key, Stored) {}

// Drop has nothing to forget.
func (noCache) Drop(context.Context, Key) {}
