package consent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Return finishes what Allow or Start began: it takes the state, exchanges the
// code, asks whose the grant is and saves it. A callback that does not fit the
// state, such as one of another browser, changes nothing, so that its owner can
// still come back. Once the state is taken the rest happens whether or not the
// browser waits for it, within 25 s.
func (f *Flow) Return(ctx context.Context, c Callback) (Done, error) {
	client, err := f.client(c.Provider)
	if err != nil {
		return Done{}, err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), workLimit)
	defer cancel()
	s, err := f.take(bounded, c)
	if err != nil {
		return Done{}, err
	}
	f.step(s.Provider, StepReturned)
	f.cfg.Point("callback.taken")
	done, err := f.returned(bounded, client, s, c)
	if err != nil {
		f.failed(ctx, s, err)
	}
	return done, err
}

// take claims the state that c brings.
func (f *Flow) take(ctx context.Context, c Callback) (State, error) {
	if !wellFormed(c.State, secretBytes) {
		return State{}, refuse(StateUnknown)
	}
	claim := Claim{
		Digest: digest("state", c.State), Provider: c.Provider, RedirectURI: c.RedirectURI,
		Cookie: cookieDigest(c.Browser.Cookie), People: people(c.Browser, c.Bearer), Bearer: c.Bearer != nil,
	}
	if c.RedirectURI == "" && c.Bearer != nil {
		s, err := f.cfg.States.State(ctx, claim.Digest)
		if err != nil {
			return State{}, err
		}
		claim.RedirectURI = s.RedirectURI
	}
	return f.claim(ctx, claim)
}

// claim takes the state that c fits. The store compares as it takes; that it
// did so rightly is checked once more, since everything hangs on it.
func (f *Flow) claim(ctx context.Context, c Claim) (State, error) {
	s, err := f.cfg.States.TakeState(ctx, c)
	if reasonOf(err) == StateUnknown {
		return State{}, f.unfit(ctx, c)
	}
	if err != nil {
		return State{}, fmt.Errorf("take the state: %w", err)
	}
	if r := c.Against(s); r != "" && r != StateUsed && r != StateExpired {
		return State{}, f.unfitFor(ctx, c, s, r)
	}
	return s, nil
}

// unfit finds out why c takes nothing.
func (f *Flow) unfit(ctx context.Context, c Claim) error {
	s, err := f.cfg.States.State(ctx, c.Digest)
	if err != nil {
		return err
	}
	r := c.Against(s)
	if r == "" { // it ended between the two looks
		r = StateUsed
	}
	return f.unfitFor(ctx, c, s, r)
}

func (f *Flow) unfitFor(ctx context.Context, c Claim, s State, r Reason) error {
	if r == StateForeign {
		e := s.event(EventMismatch)
		e.Reason = string(r)
		var by *oauth.Person
		for _, p := range c.People {
			by = &p
		}
		f.mismatch(ctx, e, by)
	}
	return refuse(r)
}

// returned goes on with the state that was taken.
func (f *Flow) returned(ctx context.Context, client Client, s State, c Callback) (Done, error) {
	switch {
	case c.Error == "access_denied":
		return Done{}, &Refused{Reason: ConsentDenied, Detail: c.Error}
	case c.Error != "":
		return Done{}, &Refused{Reason: ProviderFailed, Detail: word(c.Error)}
	case c.Code == "":
		return Done{}, &Refused{Reason: ProviderFailed, Detail: "no_code"}
	}
	held, err := f.exchange(ctx, client, s, c.Code)
	if err != nil {
		return Done{}, err
	}
	s.Held = &held
	done, err := f.save(ctx, client, s, false)
	var other *OtherAccount
	if errors.As(err, &other) {
		return f.hold(ctx, s, other)
	}
	return done, err
}

// exchange gets the grant for code, and whose it is.
func (f *Flow) exchange(ctx context.Context, client Client, s State, code string) (Held, error) {
	if err := f.cfg.Record(ctx, s.event(EventConnect)); err != nil {
		return Held{}, err
	}
	f.cfg.Point("callback.before_provider")
	grant, err := client.Exchange(ctx, code, s.Verifier.Reveal(), s.RedirectURI)
	f.cfg.Point("callback.after_provider")
	if err == nil && len(grant.Tokens) == 0 {
		err = errors.New("the grant has no token")
	}
	if err != nil {
		return Held{}, failure(ProviderFailed, err)
	}
	who, err := client.Identity(ctx, grant)
	f.cfg.Point("callback.identity")
	if err == nil && who.ID == "" {
		err = errors.New("the account has no id")
	}
	if err != nil {
		return Held{}, failure(IdentityFailed, err)
	}
	return Held{Grant: grant, Identity: who}, nil
}

// save stores what s holds as its person's account, and ends the ticket.
func (f *Flow) save(ctx context.Context, client Client, s State, replace bool) (Done, error) {
	a := Account{
		Person: s.Person, Provider: s.Provider, Grant: s.Held.Grant, Identity: s.Held.Identity, Client: s.Client,
		Scopes: granted(s), Replace: replace, OneTokenPerUser: client.Provider().OneTokenPerUser,
	}
	saved, err := f.cfg.Accounts.Save(ctx, a)
	if err != nil {
		return Done{}, fmt.Errorf("save the account: %w", err)
	}
	f.cfg.Point("callback.saved")
	done := Done{Provider: s.Provider, Name: name(s.Held.Identity), Person: s.Person, Scopes: a.Scopes}
	f.end(ctx, s, Ending{Outcome: OutcomeConnected, Name: done.Name})
	f.step(s.Provider, StepConnected)
	f.note(ctx, s.event(EventConnected))
	f.discard(ctx, s.Provider, saved.Replaced, s.Held.Grant.Tokens)
	return done, nil
}

// hold keeps the grant until the person has decided.
func (f *Flow) hold(ctx context.Context, s State, other *OtherAccount) (Done, error) {
	pending := random(secretBytes)
	next := s
	next.ID, next.Digest, next.Verifier = newID(), digest("pending", pending), oauth.Secret{}
	if err := f.cfg.States.HoldState(ctx, next); err != nil {
		return Done{}, fmt.Errorf("keep the grant: %w", err)
	}
	f.note(ctx, s.event(EventOther))
	return Done{
		Provider: s.Provider, Name: name(s.Held.Identity), Person: s.Person, Scopes: granted(s), Pending: pending, Was: plain(other.Was),
	}, nil
}

// failed ends the ticket of s without an account.
func (f *Flow) failed(ctx context.Context, s State, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer cancel()
	e, step, event := Ending{Outcome: OutcomeFailed, Reason: "internal"}, StepFailed, s.event(EventFailed)
	var refused *Refused
	if errors.As(err, &refused) {
		e.Reason, event.Detail = string(refused.Reason), refused.Detail
	}
	if e.Reason == string(ConsentDenied) {
		e.Outcome, step, event.Kind = OutcomeDenied, StepDenied, EventDenied
	}
	event.Reason = e.Reason
	f.end(ctx, s, e)
	f.step(s.Provider, step)
	f.note(ctx, event)
}

// end ends the ticket of s, if it has one. Where that fails the ticket ends by
// itself, so it is told to the operator alone.
func (f *Flow) end(ctx context.Context, s State, e Ending) {
	if s.Ticket == "" {
		return
	}
	if err := f.cfg.Tickets.EndTicket(ctx, s.Ticket, e, false); err != nil && reasonOf(err) != TicketUnknown {
		f.cfg.Log.ErrorContext(ctx, "consent: end of ticket not stored", "provider", s.Provider, "outcome", string(e.Outcome), "error", err)
	}
}

// granted are the scopes that the provider says it gave, else those asked for;
// named as in oauth.Scope, those of other tokens than the main one with its kind.
func granted(s State) []string {
	main := s.Held.Grant.Tokens[0]
	if main.Scopes == nil {
		return s.Scopes
	}
	all := slices.Clone(main.Scopes)
	for _, t := range s.Held.Grant.Tokens[1:] {
		for _, scope := range t.Scopes {
			all = append(all, t.Kind+":"+strings.TrimPrefix(scope, t.Kind+":"))
		}
	}
	return all
}

// name is how people know the account.
func name(i oauth.Identity) string {
	if shown := plain(i.Name); shown != "" {
		return shown
	}
	return plain(i.ID)
}
