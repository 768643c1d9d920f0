package consent

import (
	"errors"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Reason says why something is refused; it is the error's code.
type Reason string

// The reasons.
const (
	TicketUnknown        Reason = "ticket_unknown"
	TicketExpired        Reason = "ticket_expired"
	TicketUsed           Reason = "ticket_used"       // connected, declined or signed in with
	TicketBusy           Reason = "ticket_busy"       // its consent is being finished at this moment
	TicketForeign        Reason = "ticket_foreign"    // the browser is signed in as somebody else
	TicketBurned         Reason = "ticket_burned"     // too many wrong codes or foreign openings
	SignInNeeded         Reason = "sign_in_needed"    // nobody is signed in, and there is no code to prove who it is
	CodeWrong            Reason = "code_wrong"        // also: not given
	RedirectRefused      Reason = "redirect_refused"  // a web app's redirect URI that is not allowed here
	StateUnknown         Reason = "state_unknown"     // this and the next three also of decisions
	StateExpired         Reason = "state_expired"     //
	StateUsed            Reason = "state_used"        // also: a newer one of the ticket came
	StateForeign         Reason = "state_foreign"     // another browser or person
	ProviderMismatch     Reason = "provider_mismatch" // the state is for another provider or redirect URI
	ConsentDenied        Reason = "consent_denied"    // the person said no at the provider
	ProviderFailed       Reason = "provider_failed"   // it gave no usable grant
	ProviderUnconfigured Reason = "provider_unconfigured"
	IdentityFailed       Reason = "identity_failed" // it did not say whose the grant is
)

// Refused says that a step of the flow does not happen.
type Refused struct {
	Reason Reason
	Left   int    // of CodeWrong and TicketForeign: how many more it bears; 0: this one was not counted
	Detail string // of what a provider said or failed in: its own error code; at most 64 of [a-z0-9_.-]; may be empty
	Err    error  // the cause; may be nil
}

func refuse(r Reason) *Refused { return &Refused{Reason: r} }

// Error says what is wrong.
func (e *Refused) Error() string {
	message, _ := e.Reason.words()
	return message
}

// Unwrap returns the cause.
func (e *Refused) Unwrap() error { return e.Err }

// Code is the reason.
func (e *Refused) Code() string { return string(e.Reason) }

// Hint says what the person can do.
func (e *Refused) Hint() string {
	if p := e.provider(); p != nil && p.Kind == oauth.BadClient { // the person can do nothing
		return p.Hint()
	}
	_, hint := e.Reason.words()
	return hint
}

// RetryAfter is when the provider may answer; 0: it is not about that.
func (e *Refused) RetryAfter() time.Duration {
	if p := e.provider(); p != nil {
		return p.RetryAfter()
	}
	return 0
}

// LogCause is what the operator may see and the person may not.
func (e *Refused) LogCause() string {
	switch {
	case e.Err != nil:
		return e.Err.Error()
	case e.Detail != "":
		return "the provider's error is " + e.Detail
	default:
		return ""
	}
}

// provider is the provider's failure that caused e; nil: none did.
func (e *Refused) provider() *oauth.Error {
	var p *oauth.Error
	if errors.As(e.Err, &p) {
		return p
	}
	return nil
}

// failure is a refusal that the provider is the cause of.
func failure(r Reason, err error) *Refused {
	e := &Refused{Reason: r, Err: err}
	if p := e.provider(); p != nil && p.Reason != "" {
		e.Detail = word(p.Reason)
	}
	return e
}

const anew = "Ask for a new link where this one came from."

// words are the message and the hint.
func (r Reason) words() (message, hint string) {
	switch r {
	case TicketUnknown:
		return "this link is not known", anew
	case TicketExpired:
		return "this link has expired", anew
	case TicketUsed:
		return "this link has been used", "Look at the list of accounts, or ask for a new link where this one came from."
	case TicketBusy:
		return "this link is being used at this moment", "Look at the other window, or try again in half a minute."
	case TicketForeign:
		return "this link belongs to another person", "Sign in as the person whose link it is, or ask for a link of your own."
	case TicketBurned:
		return "this link was tried too often by others or with wrong codes, and is void", anew
	case SignInNeeded:
		return "nobody is signed in here", "Sign in in this browser, then open the link again."
	case CodeWrong:
		return "the code is not the one that came with the link", "Type the code as it came with the link."
	case RedirectRefused:
		return "the redirect URI is not allowed here", "Leave redirect_uri out, or ask the operator to allow it."
	case ConsentDenied:
		return "the permission was not given", "Open the link again to give it, or leave it so."
	case ProviderFailed:
		return "the provider did not give access", "Open the link again; if it stays so, ask the operator to run `fluxmcp doctor`."
	case ProviderUnconfigured:
		return "this provider is not offered here", "Ask the operator to set the provider's client id and secret."
	case IdentityFailed:
		return "the provider did not say whose account it is", "Open the link again; if it stays so, ask the operator to run `fluxmcp doctor`."
	default:
		return r.returned()
	}
}

// returned are the words of reasons that meet people who come back.
func (r Reason) returned() (message, hint string) {
	switch r {
	case StateExpired:
		return "the provider's page was open for too long", anew
	case StateUsed:
		return "this step was done before", "Look at the list of accounts; if the account is not there, open the link again."
	case StateForeign:
		return "this was started in another browser or by another person", "Go on in the browser in which you allowed it, or start anew in this one."
	case ProviderMismatch:
		return "this was started for another provider or address", anew
	default:
		return "this was not started here", anew
	}
}
