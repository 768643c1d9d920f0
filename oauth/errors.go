package oauth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Kind tells failures of providers apart by who can mend them.
type Kind string

// The kinds of failure.
const (
	RefusedGrant Kind = "refused"   // the code or token is dead, or may too little: the person must consent again
	BadClient    Kind = "client"    // client id, secret or redirect URI are wrong: the operator must mend it
	Away         Kind = "away"      // no answer, or one that says: not now
	Limited      Kind = "limited"   // too many requests
	Malformed    Kind = "malformed" // a request or an answer is not understood: the provider's data may be out of date
)

// Error is a failure of a provider.
type Error struct {
	Kind     Kind
	Provider string        // name
	Reason   string        // the provider's own code, else http_ and a status, or a word of ours; letters, digits, _ . - only; may be empty
	Wait     time.Duration // as the provider says, at most a day; 0: it does not say
	op       string        // what was being done
	err      error         // in words of ours, or of package context; may be nil
}

// Error says what failed. Nothing in it is secret.
func (e *Error) Error() string {
	text := e.Provider
	if e.op != "" {
		text += ": " + e.op
	}
	text += ": " + e.says()
	if e.Reason != "" {
		text += " (" + e.Reason + ")"
	}
	if e.err != nil {
		text += ": " + e.err.Error()
	}
	return text
}

func (e *Error) says() string {
	switch e.Kind {
	case RefusedGrant:
		return "the provider refuses the code or token"
	case BadClient:
		return "the provider does not accept the client id, secret or redirect URI"
	case Away:
		return "the provider does not answer"
	case Limited:
		return "the provider asks for fewer requests"
	default:
		return "the provider and fluxmcp do not understand each other"
	}
}

// Unwrap returns context.Canceled or context.DeadlineExceeded where they are
// the cause.
func (e *Error) Unwrap() error { return e.err }

// Code is needs_reconnect, provider_misconfigured, provider_unavailable,
// provider_limited or provider_malformed.
func (e *Error) Code() string {
	switch e.Kind {
	case RefusedGrant:
		return "needs_reconnect"
	case BadClient:
		return "provider_misconfigured"
	case Away:
		return "provider_unavailable"
	case Limited:
		return "provider_limited"
	default:
		return "provider_malformed"
	}
}

// Hint says who can do what.
func (e *Error) Hint() string {
	switch e.Kind {
	case RefusedGrant:
		return "Connect the account of " + e.Provider + " again."
	case BadClient:
		return fmt.Sprintf("Ask the operator to check the client id, secret and redirect URI of %s, and to run `fluxmcp doctor`.", e.Provider)
	case Away, Limited:
		return "Try again after retry_after_seconds."
	default:
		return "Try again once; if it stays so, ask the operator to compare the data of " + e.Provider + " with its documentation."
	}
}

// RetryAfter is when the same may succeed; 0: no time helps.
func (e *Error) RetryAfter() time.Duration {
	switch {
	case e.Wait > 0:
		return e.Wait
	case e.Kind == Away:
		return 5 * time.Second
	case e.Kind == Limited:
		return time.Minute
	default:
		return 0
	}
}

// LogCause is what the operator may see and the caller may not.
func (e *Error) LogCause() string { return e.Error() }

// away is a request without an answer. The text of net/http is left out: it can
// hold what the other side sent.
func (c *Client) away(ctx context.Context, op string, err error) *Error {
	return &Error{Kind: Away, Provider: c.provider.Name, op: op, err: cause(ctx, err)}
}

func cause(ctx context.Context, err error) error {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &certificate):
		return errors.New("its certificate is not accepted")
	case errors.As(err, &dns):
		return errors.New("its host name is not found")
	default:
		return errors.New("the connection fails")
	}
}
