package consent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
)

// rig is a flow with everything around it, and what reached that.
type rig struct {
	*consent.Flow
	t        *testing.T
	cfg      consent.Config
	store    *consenttest.Memory
	provider *consenttest.Provider
	accounts *consenttest.Accounts
	log      bytes.Buffer

	mu        sync.Mutex
	happened  []string // in order: events, points and steps
	recorded  []consent.Event
	refuse    consent.Kind // the event that cannot be recorded
	discarded []string     // access tokens
}

var errAudit = errors.New("the audit log is away")

// newRig makes a rig; change, if not nil, changes what the flow is made of.
func newRig(t *testing.T, change func(*consent.Config)) *rig {
	t.Helper()
	r := &rig{t: t, store: new(consenttest.Memory), provider: consenttest.NewProvider("figma", true), accounts: new(consenttest.Accounts)}
	r.cfg = consent.Config{
		Tickets: r.store, States: r.store, Accounts: r.accounts, Code: true,
		Client: func(name string) (consent.Client, bool) {
			return map[string]consent.Client{"figma": r.provider, "slack": consenttest.NewProvider("slack", false)}[name], name == "figma" || name == "slack"
		},
		RedirectURI: func(provider string) string { return "https://flux.example/" + provider },
		Record:      r.record,
		Discard:     r.discard,
		Events:      r,
		Log:         slog.New(slog.NewTextHandler(&r.log, nil)),
		Point:       func(name string) { r.note("point " + name) },
	}
	if change != nil {
		change(&r.cfg)
	}
	r.Flow = consent.New(r.cfg)
	return r
}

func (r *rig) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.happened = append(r.happened, what)
}

func (r *rig) record(_ context.Context, e consent.Event) error {
	r.note("record " + string(e.Kind))
	if r.refuse == e.Kind {
		return errAudit
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recorded = append(r.recorded, e)
	return nil
}

func (r *rig) discard(_ context.Context, provider string, g oauth.Grant) error {
	for _, t := range g.Tokens {
		r.discarded = append(r.discarded, t.Access.Reveal())
	}
	r.note("discard at " + provider)
	return errors.New("the provider is away")
}

// ConnectStep counts a step.
func (r *rig) ConnectStep(provider string, s consent.Step) {
	r.note("step " + provider + " " + string(s))
}

// Mismatch counts one.
func (r *rig) Mismatch() { r.note("mismatch") }

// since returns what happened after the first n.
func (r *rig) since(n int) string { return strings.Join(r.happened[n:], ", ") }

func person(name string) oauth.Person {
	return oauth.Person{Issuer: "https://id.example", Subject: name, Email: name + "@example.com"}
}

func signedIn(name string) consent.Browser {
	p := person(name)
	return consent.Browser{Person: &p}
}

func (r *rig) ask(provider string) consent.Link {
	r.t.Helper()
	l, err := r.Ask(r.t.Context(), consent.Request{Person: person("alice"), Provider: provider, Client: "claude"})
	if err != nil {
		r.t.Fatalf("ask: %v", err)
	}
	return l
}

// allow asks and allows, signed in as alice.
func (r *rig) allow() (consent.Link, consent.Start) {
	r.t.Helper()
	l := r.ask("figma")
	return l, r.again(l)
}

func (r *rig) again(l consent.Link) consent.Start {
	r.t.Helper()
	s, err := r.Allow(r.t.Context(), l.Ticket, "", signedIn("alice"))
	if err != nil {
		r.t.Fatalf("allow: %v", err)
	}
	return s
}

// callback is what alice's browser brings back after she allowed as account.
func (r *rig) callback(s consent.Start, account string) consent.Callback {
	code, state := r.provider.Consent(s.URL, account)
	return consent.Callback{
		Provider: "figma", Code: code, State: state, RedirectURI: "https://flux.example/figma", Browser: consent.Browser{Cookie: s.Cookie},
	}
}

// connect is the whole of it.
func (r *rig) connect(account string) (consent.Link, consent.Done) {
	r.t.Helper()
	l, s := r.allow()
	done, err := r.Return(r.t.Context(), r.callback(s, account))
	if err != nil {
		r.t.Fatalf("return: %v", err)
	}
	return l, done
}

func (r *rig) ending(l consent.Link) consent.Ending {
	r.t.Helper()
	e, err := r.Ending(r.t.Context(), l.ID, person("alice"))
	if err != nil {
		r.t.Fatalf("ending: %v", err)
	}
	return e
}

// saved are the accounts that were saved, as person:account.
func (r *rig) saved() string {
	var all []string
	for _, a := range r.accounts.Saves {
		all = append(all, a.Person.Subject+":"+a.Identity.ID)
	}
	return strings.Join(all, " ")
}

// code is the error's code; empty: there is no error.
func code(err error) string {
	var coded interface{ Code() string }
	switch {
	case err == nil:
		return ""
	case errors.As(err, &coded):
		return coded.Code()
	default:
		return "(" + err.Error() + ")"
	}
}

func (r *rig) want(what string, err error, reason consent.Reason) {
	r.t.Helper()
	if got := code(err); got != string(reason) {
		r.t.Errorf("%s: got %q (%v), want %q", what, got, err, reason)
	}
}

// kinds are those of the recorded events.
func (r *rig) kinds() string {
	var all []string
	for _, e := range r.recorded {
		all = append(all, string(e.Kind))
	}
	return strings.Join(all, " ")
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		t.Errorf("%s: got %s\nwant %s", what, g, w)
	}
}

// flip changes one character, from the end on.
func flip(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	b[0] ^= 1
	slices.Reverse(b)
	return string(b)
}

var _ consent.Client = (*oauth.Client)(nil)
