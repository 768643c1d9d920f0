package posting

import (
	"context"
	"time"
)

// The states of a claim.
const (
	Pending = "pending" // an attempt is under way, or ended without a word
	Unknown = "unknown" // an attempt ended whose outcome is not known
	Posted  = "posted"
)

// Key is what a claim is about.
type Key struct {
	Person  string // as Config.Person gives it
	Account string // as Config.Account gives it
	Key     string // at most 204 characters
}

// Claim is what there was of a key, or that there was nothing.
type Claim struct {
	New       bool   // this call made it, and it is Pending
	Digest    string // of what is to be done, 64 hexadecimal digits
	State     string // Pending, Unknown or Posted
	Channel   string // of Posted
	TS        string // of Posted; empty of some uploads
	Ref       string // that an attempt noted; may be empty
	Attempted time.Time
	Now       time.Time // by the clock of Attempted
}

// Mark is what became of an attempt.
type Mark struct {
	State   string
	Channel string        // of Posted
	TS      string        // of Posted
	Ref     string        // empty: that of before
	Keep    time.Duration // how long the claim is kept from now on
}

// Claims keep who does what, so that it is done once, however many processes
// there are. All times are by the clock of the store; a claim is kept for a day
// unless Mark says otherwise.
type Claims interface {
	// Claim makes a claim of a key that has none, Pending from now on, or returns
	// the one that there is.
	Claim(ctx context.Context, k Key, digest string) (Claim, error)
	// Mark says what became of the attempt that began at attempted, unless there
	// is another one by now, or it is Posted, or no claim any more: false. It
	// leaves Attempted.
	Mark(ctx context.Context, k Key, attempted time.Time, m Mark) (bool, error)
	// Release ends a claim, unless it is of another attempt.
	Release(ctx context.Context, k Key, attempted time.Time) error
	// Retake makes a claim Pending from now on, unless it is of another attempt
	// than that of attempted by now, or Posted. New says whether it did.
	Retake(ctx context.Context, k Key, attempted time.Time) (Claim, error)
}
