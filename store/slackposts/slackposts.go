// Package slackposts keeps, in the table fluxmcp.slack_posts, which messages
// and files fluxmcp has posted to Slack or tried to, each under a key of a
// person and an account, so that what comes again is not posted again. It knows
// neither what a message is nor Slack: whoever posts claims the key first,
// finds out what became of an attempt whose answer was lost, and says so here.
//
// All times are the database's, so that processes whose clocks differ agree.
package slackposts

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/own"
)

// The states of a claim.
const (
	Pending = "pending" // an attempt is under way, or its process has ended
	Unknown = "unknown" // the attempt has ended, and its outcome is not known
	Posted  = "posted"  // it is in Slack, for good
)

// Key says what is claimed. Different keys never meet.
type Key struct {
	Person  oauth.Person
	Account string // Slack account that it is posted with
	Key     string // of any length; only its digest is kept
}

// args are the parameters of the statements on one row.
func (k Key) args(more ...any) []any {
	hash := sha256.Sum256([]byte(k.Key))
	return append([]any{k.Person.Issuer, k.Person.Subject, k.Account, hash[:]}, more...)
}

// Claim is a row as it is after the call that gives it. Attempted tells its
// attempt from those before and after: it only grows, by 1 µs at least.
type Claim struct {
	New              bool   // the attempt is the caller's to make
	Digest           string // of what is posted, as it was first claimed
	State            string
	Channel, TS, Ref string    // as marked; empty: not yet
	Attempted        time.Time // when the attempt began
	Now              time.Time // when the row was read
}

// Mark says what became of an attempt.
type Mark struct {
	State            string
	Channel, TS, Ref string        // empty: as they were
	Keep             time.Duration // how long the row stays from now on; not positive: as long as it would
}

// Posts keeps claims. It is safe for concurrent use, by any number of processes.
//
// Errors of all methods: those of store.Own. They leave open whether the method
// took effect: after one of Claim or Retake nothing may be posted.
type Posts struct{ own *store.Own }

// New returns the claims that o keeps.
func New(o *store.Own) *Posts { return &Posts{own: o} }

// Claim makes the key the caller's, for the first attempt at what digest
// stands for, where it is free: not claimed yet, released, or expired, which
// happens 24 h after its last attempt unless it was marked to stay for another
// time. Of any number of callers at once one gets New. The claim is committed
// before Claim returns, so it outlives the process.
func (p *Posts) Claim(ctx context.Context, k Key, digest string) (Claim, error) {
	var c Claim
	err := p.own.Do(ctx, func(tx *store.OwnTx) (err error) {
		if _, err = kept.User(ctx, tx, k.Person); err != nil { // who may be new
			return err
		}
		c, err = claimOr(ctx, tx, k, claimSQL, digest)
		return err
	})
	if err != nil {
		return Claim{}, fmt.Errorf("claim a key of a Slack post: %w", err)
	}
	return c, nil
}

// Mark writes down what became of the attempt that began at attempted (zero:
// of whichever is the last), or, with Pending, how it can be found again. What
// is marked as posted stays as it is. It tells whether it did: false is for a
// claim that is not there any more, has another attempt by now, or is posted.
func (p *Posts) Mark(ctx context.Context, k Key, attempted time.Time, m Mark) (bool, error) {
	done, err := p.change(ctx, markSQL, k.args(began(attempted), m.State, m.Channel, m.TS, m.Ref, max(m.Keep, 0)))
	if err != nil {
		return false, fmt.Errorf("mark a Slack post: %w", err)
	}
	return done, nil
}

// Release frees the key, so that the same may be posted again: the attempt that
// began at attempted (zero: whichever is the last) has posted nothing, or it is
// told what it has posted. It tells whether it did: false is for a claim that is
// not there any more, or has another attempt by now.
func (p *Posts) Release(ctx context.Context, k Key, attempted time.Time) (bool, error) {
	done, err := p.change(ctx, releaseSQL, k.args(began(attempted)))
	if err != nil {
		return false, fmt.Errorf("release a key of a Slack post: %w", err)
	}
	return done, nil
}

// Retake begins another attempt, where the one that began at attempted is still
// the last and nothing is posted. Of any number of callers at once one gets New.
// Others get the claim as it is, or the zero Claim where there is none any more.
func (p *Posts) Retake(ctx context.Context, k Key, attempted time.Time) (Claim, error) {
	var c Claim
	err := p.own.Do(ctx, func(tx *store.OwnTx) (err error) {
		c, err = claimOr(ctx, tx, k, retakeSQL, attempted)
		return err
	})
	if err != nil {
		return Claim{}, fmt.Errorf("retake a key of a Slack post: %w", err)
	}
	return c, nil
}

func (p *Posts) change(ctx context.Context, sql own.SQL, args []any) (bool, error) {
	n, err := p.own.Exec(ctx, sql, args...)
	return n > 0, err
}

// began is null for the zero time.
func began(attempted time.Time) *time.Time {
	if attempted.IsZero() {
		return nil
	}
	return &attempted
}
