package consent

import (
	"context"
	"fmt"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Allow sends the browser to the provider, when it proves to be the ticket's
// person. code is what was typed into the page, where View.NeedCode is set. It
// can be called again until the ticket has ended, as after the browser's Back:
// only the last state counts. Of a ticket without provider it is the end.
func (f *Flow) Allow(ctx context.Context, ticket, code string, b Browser) (Start, error) {
	t, err := f.open(ctx, ticket)
	if err != nil {
		return Start{}, err
	}
	if err := f.prove(ctx, t, ticket, code, b); err != nil {
		return Start{}, err
	}
	if t.Provider == "" {
		return f.signIn(ctx, t)
	}
	s := State{Ticket: t.ID, Person: t.Person, Provider: t.Provider, Scopes: t.Scopes, Client: t.Client}
	return f.send(ctx, s, b)
}

// Decline ends the ticket. Whoever has the link can do so, except somebody who
// is signed in as another person.
func (f *Flow) Decline(ctx context.Context, ticket string, b Browser) error {
	t, err := f.open(ctx, ticket)
	if err != nil {
		return err
	}
	if foreign(t, b) {
		return f.foreignOpen(ctx, t, b)
	}
	if err := f.cfg.Record(ctx, t.event(EventDecline)); err != nil {
		return err
	}
	if err := f.cfg.Tickets.EndTicket(ctx, t.ID, Ending{Outcome: OutcomeDeclined}, true); err != nil {
		return fmt.Errorf("end the ticket: %w", err)
	}
	f.step(t.Provider, StepDenied)
	return nil
}

// Start is Ask and Allow in one, for a web app whose bearer token proves
// r.Person. The code is sent to redirectURI; empty: fluxmcp's own. Only such a
// state can come back without the cookie, with the same person's bearer token.
func (f *Flow) Start(ctx context.Context, r Request, redirectURI string, b Browser) (Start, error) {
	c, err := f.client(r.Provider)
	if err != nil {
		return Start{}, err
	}
	if redirectURI != "" && redirectURI != f.cfg.RedirectURI(r.Provider) && !f.cfg.Redirect(r.Provider, redirectURI) {
		return Start{}, refuse(RedirectRefused)
	}
	s := State{
		Bearer: true, Person: r.Person, Provider: r.Provider, RedirectURI: redirectURI, Scopes: scopes(r.Scopes, c), Client: plain(r.Client),
	}
	start, err := f.send(ctx, s, b)
	if err == nil {
		f.step(r.Provider, StepStarted)
	}
	return start, err
}

// signIn ends a ticket that only says who somebody is.
func (f *Flow) signIn(ctx context.Context, t Ticket) (Start, error) {
	if err := f.cfg.Record(ctx, t.event(EventSignIn)); err != nil {
		return Start{}, err
	}
	if err := f.cfg.Tickets.EndTicket(ctx, t.ID, Ending{Outcome: OutcomeSignedIn}, true); err != nil {
		return Start{}, fmt.Errorf("end the ticket: %w", err)
	}
	return Start{Person: t.Person}, nil
}

// send completes s, keeps it and makes the provider's URL.
func (f *Flow) send(ctx context.Context, s State, b Browser) (Start, error) {
	c, err := f.client(s.Provider)
	if err != nil {
		return Start{}, err
	}
	start := Start{State: random(secretBytes), Cookie: b.Cookie, Person: s.Person}
	if !wellFormed(start.Cookie, secretBytes) {
		start.Cookie = random(secretBytes)
	}
	s.ID, s.Digest, s.Cookie = newID(), digest("state", start.State), cookieDigest(start.Cookie)
	if s.RedirectURI == "" {
		s.RedirectURI = f.cfg.RedirectURI(s.Provider)
	}
	verifier := ""
	if c.Provider().PKCE {
		verifier = oauth.NewVerifier()
		s.Verifier = oauth.NewSecret(verifier)
	}
	if err := f.cfg.Record(ctx, s.event(EventAllow)); err != nil {
		return Start{}, err
	}
	if err := f.cfg.States.AddState(ctx, s); err != nil {
		return Start{}, fmt.Errorf("keep the state: %w", err)
	}
	start.URL = c.AuthorizeURL(oauth.Authorization{State: start.State, Verifier: verifier, RedirectURI: s.RedirectURI, Scopes: s.Scopes})
	f.step(s.Provider, StepSent)
	return start, nil
}
