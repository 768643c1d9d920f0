package tokens

import (
	"errors"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the token source is closed")

// Rejected says that a provider's API refuses an access token although another
// was asked for just before on the same ground: one more would not help.
type Rejected struct {
	Provider string
	Wait     time.Duration // until another one is asked for
}

// Error names the provider.
func (e *Rejected) Error() string {
	return e.Provider + " refuses an access token that it has just given"
}

// Code is token_rejected.
func (e *Rejected) Code() string { return "token_rejected" }

// Hint says what to do.
func (e *Rejected) Hint() string {
	return "Try again after retry_after_seconds; if it stays so, connect the account of " + e.Provider + " again."
}

// RetryAfter is when the same may succeed.
func (e *Rejected) RetryAfter() time.Duration { return e.Wait }

// noAnswer is an error of Refresher, with whether the provider may have done
// what it was asked for all the same.
type noAnswer struct {
	err   error
	doubt bool
}

// Error is the cause's.
func (e *noAnswer) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *noAnswer) Unwrap() error { return e.err }

// inDoubt tells whether a provider may have given a token that did not arrive:
// where its answer was not understood, or there was none, not even a status.
func inDoubt(err error) bool {
	var failed *oauth.Error
	if !errors.As(err, &failed) {
		return true
	}
	return failed.Kind == oauth.Malformed || failed.Kind == oauth.Away && failed.Reason == ""
}

// kindOf is the kind of a Refresher's error; Malformed where it has none.
func kindOf(err error) oauth.Kind {
	var failed *oauth.Error
	if errors.As(err, &failed) {
		return failed.Kind
	}
	return oauth.Malformed
}

// waitOf is how long the provider asks to be left alone; 0: it does not say.
func waitOf(err error) time.Duration {
	var failed *oauth.Error
	if errors.As(err, &failed) {
		return failed.Wait
	}
	return 0
}

// named gives errors of the store the provider's name where they lack it.
func named(err error, provider string) error {
	var none *oauth.NotConnected
	if errors.As(err, &none) && none.Provider == "" {
		return &oauth.NotConnected{Provider: provider, Title: none.Title}
	}
	var again *oauth.NeedsReconnect
	if errors.As(err, &again) && again.Provider == "" {
		return &oauth.NeedsReconnect{Provider: provider, Title: again.Title, Reason: again.Reason}
	}
	return err
}

// unusable reports whether err says that the account has no token to use.
func unusable(err error) bool {
	return errors.As(err, new(*oauth.NotConnected)) || errors.As(err, new(*oauth.NeedsReconnect))
}
