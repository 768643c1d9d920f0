package consent

import (
	"context"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Kind is what an Event is about.
type Kind string

// The kinds. Those of the first group are recorded before it happens, and it
// does not happen where that fails; the others afterwards.
const (
	EventAsk     Kind = "ask"     // a ticket is made
	EventSignIn  Kind = "sign_in" // a ticket signs a browser in
	EventAllow   Kind = "allow"   // the person is sent to the provider
	EventDecline Kind = "decline" // the person says no, here
	EventConnect Kind = "connect" // the account is saved, unless another one is connected
	EventReplace Kind = "replace" // the account is saved in the place of another one
	EventKeep    Kind = "keep"    // the account of before stays, the new grant is given up

	EventConnected Kind = "connected"
	EventOther     Kind = "other_account" // another account is connected, so the person is asked
	EventDenied    Kind = "denied"
	EventFailed    Kind = "failed"
	EventMismatch  Kind = "mismatch" // somebody other than Person opened, allowed or came back
)

// Event is a step to be recorded. It has no secret in it.
type Event struct {
	Kind     Kind
	Person   oauth.Person // whose ticket or state it is
	Provider string
	Ticket   string        // public ID; empty: none
	Client   string        // the program that asked
	Account  string        // ID at the provider, of those that have one
	By       *oauth.Person // of EventMismatch: as whom the other one is signed in; nil: not known
	Reason   string        // of EventFailed, EventDenied and EventMismatch
	Detail   string        // of EventFailed and EventDenied: the provider's own error code; may be empty
}

// Step is a step that is counted.
type Step string

// The steps, in their order; the last three end it.
const (
	StepStarted   Step = "started"   // a ticket was made
	StepShown     Step = "shown"     // the page was opened
	StepSent      Step = "sent"      // the person went on to the provider
	StepReturned  Step = "returned"  // the provider sent them back
	StepConnected Step = "connected" // the account is saved
	StepDenied    Step = "denied"    // the person said no, here or there
	StepFailed    Step = "failed"    // anything else
)

// Events counts. It is safe for concurrent use and does not wait.
type Events interface {
	ConnectStep(provider string, s Step)
	Mismatch()
}

// silent counts nothing.
type silent struct{}

// ConnectStep does nothing.
func (silent) ConnectStep(string, Step) {}

// Mismatch does nothing.
func (silent) Mismatch() {}

// step counts, except for tickets without provider.
func (f *Flow) step(provider string, s Step) {
	if provider != "" {
		f.cfg.Events.ConnectStep(provider, s)
	}
}

// note records what has happened. That it cannot is told to the operator.
func (f *Flow) note(ctx context.Context, e Event) {
	if err := f.cfg.Record(ctx, e); err != nil {
		f.cfg.Log.ErrorContext(ctx, "consent: event not recorded", "kind", string(e.Kind), "provider", e.Provider, "error", err)
	}
}

// mismatch counts and records that somebody else came.
func (f *Flow) mismatch(ctx context.Context, e Event, by *oauth.Person) {
	f.cfg.Events.Mismatch()
	e.Kind, e.By = EventMismatch, by
	f.note(ctx, e)
}
