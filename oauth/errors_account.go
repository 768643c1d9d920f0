package oauth

import (
	"fmt"
	"time"
)

// NotConnected says that a person has no account at a provider here.
type NotConnected struct{ Provider, Title string } // name and title; an empty Title is Provider

// Error names the provider.
func (e *NotConnected) Error() string { return titled(e.Title, e.Provider) + " is not connected" }

// Code is not_connected.
func (e *NotConnected) Code() string { return "not_connected" }

// Hint says how to connect it.
func (e *NotConnected) Hint() string {
	return "Call connect_account with provider " + e.Provider + " and give the person the link."
}

// NeedsReconnect says that a person's account is known, but its tokens are of
// no use any more.
type NeedsReconnect struct{ Provider, Title, Reason string } // Reason: as stored, such as refused or interrupted

// Error names the provider, and whose fault it is not.
func (e *NeedsReconnect) Error() string {
	if e.Reason == "interrupted" {
		return titled(e.Title, e.Provider) + " must be connected again: fluxmcp was interrupted while it renewed the token"
	}
	return titled(e.Title, e.Provider) + " must be connected again"
}

// Code is needs_reconnect.
func (e *NeedsReconnect) Code() string { return "needs_reconnect" }

// Hint says how to connect it again.
func (e *NeedsReconnect) Hint() string {
	return "Call connect_account with provider " + e.Provider + " and give the person the link."
}

// ProviderAway says that a provider gives no new token at present.
type ProviderAway struct {
	Provider, Title string
	Wait            time.Duration // until another attempt is worth it
	Err             error         // for logs; may be nil
}

// Error names the provider.
func (e *ProviderAway) Error() string {
	return titled(e.Title, e.Provider) + " gives no access token now"
}

// Unwrap returns the cause.
func (e *ProviderAway) Unwrap() error { return e.Err }

// Code is provider_unavailable.
func (e *ProviderAway) Code() string { return "provider_unavailable" }

// Hint says what to do.
func (e *ProviderAway) Hint() string { return "Try again after retry_after_seconds." }

// RetryAfter is when the same may succeed.
func (e *ProviderAway) RetryAfter() time.Duration { return e.Wait }

// LogCause is what the operator may see and the caller may not.
func (e *ProviderAway) LogCause() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Misconfigured says that a provider does not accept this server's own
// credentials: nothing that the person can mend.
type Misconfigured struct {
	Provider, Title string
	Err             error // for logs; may be nil
}

// Error names the provider.
func (e *Misconfigured) Error() string {
	return titled(e.Title, e.Provider) + " does not accept this server's client id and secret"
}

// Unwrap returns the cause.
func (e *Misconfigured) Unwrap() error { return e.Err }

// Code is provider_misconfigured.
func (e *Misconfigured) Code() string { return "provider_misconfigured" }

// Hint says who can mend it.
func (e *Misconfigured) Hint() string {
	return fmt.Sprintf("Ask the operator to run `fluxmcp doctor`, and to check the client id, secret and redirect URI of %s.", e.Provider)
}

// LogCause is what the operator may see and the caller may not.
func (e *Misconfigured) LogCause() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

func titled(title, name string) string {
	if title != "" {
		return title
	}
	return name
}
