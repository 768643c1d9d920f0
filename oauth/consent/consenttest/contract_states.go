package consenttest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

func (b *bench) stateComesBack() {
	s := b.state()
	told, err := b.States.State(b.ctx, s.Digest)
	if err != nil || !told.Verifier.IsZero() || told.Used {
		b.t.Errorf("the state: got %+v, %v; want it unused and without verifier", told, err)
	}
	got, err := b.States.TakeState(b.ctx, fitting(s))
	if err != nil || got.Verifier.Reveal() != "verifier" {
		b.t.Fatalf("take it: got verifier %q, %v", got.Verifier.Reveal(), err)
	}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", s); g != w {
		b.t.Errorf("got %s\nwant %s", g, w)
	}
	bare := b.fresh()
	bare.Ticket, bare.Bearer, bare.Verifier, bare.Scopes = "", true, oauth.Secret{}, nil
	b.want("add one without ticket, verifier and scopes", b.States.AddState(b.ctx, bare), "")
	got, err = b.States.TakeState(b.ctx, fitting(bare))
	if err != nil || got.Ticket != "" || !got.Bearer || !got.Verifier.IsZero() || len(got.Scopes) != 0 {
		b.t.Errorf("one without ticket, verifier and scopes: got %+v, %v", got, err)
	}
	_, err = b.States.State(b.ctx, hash("another"))
	b.want("find another", err, consent.StateUnknown)
	lost := b.fresh()
	lost.Ticket = uuid()
	b.want("a state of another ticket", b.States.AddState(b.ctx, lost), consent.TicketUnknown)
}

func (b *bench) claims() {
	people := func(p ...oauth.Person) []oauth.Person { return p }
	namesake := alice()
	namesake.Issuer = "https://other.example"
	for _, c := range []struct {
		name   string
		bearer bool // of the state
		change func(*consent.Claim)
		want   consent.Reason
	}{
		{"another digest", false, func(c *consent.Claim) { c.Digest = hash("another") }, consent.StateUnknown},
		{"another cookie", false, func(c *consent.Claim) { c.Cookie = hash("another") }, consent.StateForeign},
		{"no cookie", false, func(c *consent.Claim) { c.Cookie = nil }, consent.StateForeign},
		{"no cookie, but signed in", false, func(c *consent.Claim) { c.Cookie, c.People = nil, people(alice()) }, consent.StateForeign},
		{"no cookie, but a bearer token, of a state that no bearer token made", false,
			func(c *consent.Claim) { c.Cookie, c.People, c.Bearer = nil, people(alice()), true }, consent.StateForeign},
		{"the cookie, but signed in as another", false, func(c *consent.Claim) { c.People = people(bob()) }, consent.StateForeign},
		{"the cookie, but another issuer's person of that name", false, func(c *consent.Claim) { c.People = people(namesake) }, consent.StateForeign},
		{"the cookie, signed in, but another's bearer token", true,
			func(c *consent.Claim) { c.People, c.Bearer = people(alice(), bob()), true }, consent.StateForeign},
		{"a bearer token's state without cookie and without bearer token", true, func(c *consent.Claim) { c.Cookie = nil }, consent.StateForeign},
		{"a bearer token's state without cookie, signed in", true, func(c *consent.Claim) { c.Cookie, c.People = nil, people(alice()) }, consent.StateForeign},
		{"another's bearer token", true, func(c *consent.Claim) { c.Cookie, c.People, c.Bearer = nil, people(bob()), true }, consent.StateForeign},
		{"a bearer token of nobody", true, func(c *consent.Claim) { c.Cookie, c.Bearer = nil, true }, consent.StateForeign},
		{"a bearer token with another browser's cookie", true,
			func(c *consent.Claim) { c.Cookie, c.People, c.Bearer = hash("another"), people(alice()), true }, consent.StateForeign},
		{"another provider", false, func(c *consent.Claim) { c.Provider = "slack" }, consent.ProviderMismatch},
		{"another redirect URI", false, func(c *consent.Claim) { c.RedirectURI += "/" }, consent.ProviderMismatch},
		{"no redirect URI", false, func(c *consent.Claim) { c.RedirectURI = "" }, consent.ProviderMismatch},
		{"a decision", false, func(c *consent.Claim) { c.Holding = true }, consent.StateUnknown},
	} {
		s := b.fresh()
		s.Bearer = c.bearer
		b.want("add a state", b.States.AddState(b.ctx, s), "")
		claim := fitting(s)
		c.change(&claim)
		_, err := b.States.TakeState(b.ctx, claim)
		b.want(c.name, err, consent.StateUnknown)
		if r := claim.Against(s); r != c.want && c.name != "another digest" {
			b.t.Errorf("%s: Against tells %q, want %q", c.name, r, c.want)
		}
		if _, err := b.States.TakeState(b.ctx, fitting(s)); err != nil {
			b.t.Errorf("%s: afterwards it cannot be taken: %v", c.name, err)
		}
		b.want("end the round", b.Tickets.EndTicket(b.ctx, b.ticket.ID, consent.Ending{Outcome: consent.OutcomeFailed}, false), "")
	}
	b.fittingClaims()
}

func (b *bench) fittingClaims() {
	for _, c := range []struct {
		name   string
		change func(*consent.Claim)
	}{
		{"the cookie alone", func(*consent.Claim) {}},
		{"the cookie, signed in", func(c *consent.Claim) { c.People = []oauth.Person{alice()} }},
		{"a bearer token alone", func(c *consent.Claim) { c.Cookie, c.People, c.Bearer = nil, []oauth.Person{alice()}, true }},
		{"all of them", func(c *consent.Claim) { c.People, c.Bearer = []oauth.Person{alice(), alice()}, true }},
	} {
		s := b.fresh()
		s.Ticket, s.Bearer = "", true
		b.want("add a state", b.States.AddState(b.ctx, s), "")
		claim := fitting(s)
		c.change(&claim)
		_, err := b.States.TakeState(b.ctx, claim)
		b.want(c.name, err, "")
		_, err = b.States.TakeState(b.ctx, claim)
		b.want(c.name+", again", err, consent.StateUnknown)
	}
}

func (b *bench) takeAtOnce() {
	bare := b.fresh()
	bare.Ticket = ""
	b.want("add a state without ticket", b.States.AddState(b.ctx, bare), "")
	for what, s := range map[string]consent.State{"of a ticket": b.state(), "without ticket": bare} {
		had := atOnce(50, func(int) bool {
			_, err := b.States.TakeState(b.ctx, fitting(s))
			return err == nil
		})
		if had != 1 {
			b.t.Errorf("%s: %d of 50 have it, want 1", what, had)
		}
		if told, err := b.States.State(b.ctx, s.Digest); err != nil || !told.Used {
			b.t.Errorf("%s: then got %+v, %v; want it used", what, told, err)
		}
	}
}

func (b *bench) lastState() {
	first, second := b.state(), b.state()
	_, err := b.States.TakeState(b.ctx, fitting(first))
	b.want("take the first", err, consent.StateUnknown)
	_, err = b.States.TakeState(b.ctx, fitting(second))
	b.want("take the second", err, "")
}

func (b *bench) addAtOnce() {
	var all [50]consent.State
	added := atOnce(len(all), func(i int) bool {
		all[i] = b.fresh()
		return b.States.AddState(b.ctx, all[i]) == nil
	})
	open := 0
	for _, s := range all {
		if told, err := b.States.State(b.ctx, s.Digest); err == nil && !told.Used {
			open++
		}
	}
	if added != len(all) || open != 1 {
		b.t.Errorf("of %d states %d were added and %d are open, want all and 1", len(all), added, open)
	}
}

func (b *bench) busy() {
	take := func() {
		_, err := b.States.TakeState(b.ctx, fitting(b.state()))
		b.want("take a state", err, "")
	}
	declined := consent.Ending{Outcome: consent.OutcomeDeclined}
	take()
	b.want("add a state meanwhile", b.States.AddState(b.ctx, b.fresh()), consent.TicketBusy)
	b.want("decline meanwhile", b.Tickets.EndTicket(b.ctx, b.ticket.ID, declined, true), consent.TicketBusy)
	b.want("end it", b.Tickets.EndTicket(b.ctx, b.ticket.ID, consent.Ending{Outcome: consent.OutcomeFailed}, false), "")
	take() // no longer busy
	b.Age(consent.BusyFor - time.Second)
	b.want("add a state before it is given up", b.States.AddState(b.ctx, b.fresh()), consent.TicketBusy)
	b.Age(2 * time.Second)
	b.want("add a state after that", b.States.AddState(b.ctx, b.fresh()), "")
}

// takeOrDecline races the two: a consent that is being finished must not be
// declined, and one that was declined must not be finished.
func (b *bench) takeOrDecline() {
	for range 20 {
		b.ticket = b.addTicket()
		s := b.state()
		done := atOnce(2, func(i int) bool {
			if i == 0 {
				_, err := b.States.TakeState(b.ctx, fitting(s))
				return err == nil
			}
			return b.Tickets.EndTicket(b.ctx, b.ticket.ID, consent.Ending{Outcome: consent.OutcomeDeclined}, true) == nil
		})
		if done != 1 {
			b.t.Errorf("%d of a callback and a refusal came through, want 1", done)
		}
	}
}

func (b *bench) held() {
	s := b.state()
	_, err := b.States.TakeState(b.ctx, fitting(s))
	b.want("take the state", err, "")
	h := s
	h.ID, h.Digest, h.Verifier = uuid(), hash(rand.Text()), oauth.Secret{}
	h.Held = &consent.Held{
		Grant: oauth.Grant{
			Tokens:   []oauth.Token{{Kind: oauth.KindUser, Access: oauth.NewSecret("access"), Refresh: oauth.NewSecret("refresh"), Type: "Bearer", Expires: time.Now().UTC().Round(0), Scopes: []string{"read"}}, {Kind: oauth.KindBot, Access: oauth.NewSecret("bot")}},
			Metadata: map[string]string{"team.id": "T1"},
		},
		Identity: oauth.Identity{ID: "7", Name: "seven", Email: "seven@example.com"},
	}
	b.want("hold it", b.States.HoldState(b.ctx, h), "")
	told, err := b.States.State(b.ctx, h.Digest)
	if err != nil || !told.Holding || told.Held != nil || told.Used {
		b.t.Errorf("it is told as %+v, %v; want it holding, unused and unopened", told, err)
	}
	wrong := fitting(h)
	wrong.Holding = false
	_, err = b.States.TakeState(b.ctx, wrong)
	b.want("take it as a callback", err, consent.StateUnknown)
	b.takeHeld(h)
	b.want("a state meanwhile", b.States.AddState(b.ctx, b.fresh()), consent.TicketBusy)
	h.ID, h.Digest = uuid(), hash(rand.Text())
	b.want("hold it again", b.States.HoldState(b.ctx, h), "")
	b.Age(consent.HeldLife + time.Second)
	_, err = b.States.TakeState(b.ctx, fitting(h))
	b.want("take it too late", err, consent.StateUnknown)
}

func (b *bench) takeHeld(h consent.State) {
	had := atOnce(20, func(int) bool {
		got, err := b.States.TakeState(b.ctx, fitting(h))
		if err != nil {
			return false
		}
		a, w := got.Held.Grant, h.Held.Grant
		texts := func(g oauth.Grant) (all []string) {
			for _, t := range g.Tokens {
				all = append(all, t.Kind, t.Access.Reveal(), t.Refresh.Reveal(), t.Type, t.Expires.String(), fmt.Sprint(t.Scopes))
			}
			return append(all, fmt.Sprint(g.Metadata))
		}
		if !slices.Equal(texts(a), texts(w)) || got.Held.Identity != h.Held.Identity {
			b.t.Errorf("got %q of %+v, want %q of %+v", texts(a), got.Held.Identity, texts(w), h.Held.Identity)
		}
		return true
	})
	if had != 1 {
		b.t.Errorf("%d of 20 have it, want 1", had)
	}
}
