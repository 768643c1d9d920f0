package consent

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Ask makes a ticket for r.Person, who must be proved already.
func (f *Flow) Ask(ctx context.Context, r Request) (Link, error) {
	t := Ticket{ID: newID(), Person: r.Person, Provider: r.Provider, Client: plain(r.Client)}
	if r.Provider != "" {
		c, err := f.client(r.Provider)
		if err != nil {
			return Link{}, err
		}
		t.Scopes = scopes(r.Scopes, c)
	}
	link := Link{Ticket: random(ticketBytes), ID: t.ID}
	t.Digest = digest("ticket", link.Ticket)
	if f.cfg.Code && !f.cfg.Open {
		code := newCode()
		link.Code, t.CodeDigest = shown(code), codeDigest(link.Ticket, code)
	}
	if err := f.cfg.Record(ctx, t.event(EventAsk)); err != nil {
		return Link{}, err
	}
	expires, err := f.cfg.Tickets.AddTicket(ctx, t)
	if err != nil {
		return Link{}, fmt.Errorf("keep the ticket: %w", err)
	}
	link.Expires = expires
	f.step(t.Provider, StepStarted)
	return link, nil
}

// plain is what somebody else calls a program or an account, fit to be stored
// and shown on one line.
func plain(name string) string {
	const most = 100 // characters
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, name)
	if all := []rune(name); len(all) > most {
		name = string(all[:most-1]) + "…"
	}
	return name
}

func scopes(asked []string, c Client) []string {
	if len(asked) > 0 {
		return asked
	}
	return c.Provider().DefaultScopes()
}

// Open returns what the page of a ticket shows. It changes nothing, so that
// link previews do no harm, but counts openings by other people.
func (f *Flow) Open(ctx context.Context, ticket string, b Browser) (View, error) {
	t, err := f.open(ctx, ticket)
	if err != nil {
		return View{}, err
	}
	if foreign(t, b) {
		return View{}, f.foreignOpen(ctx, t, b)
	}
	known := b.Person != nil || f.cfg.Open
	v := View{ID: t.ID, Provider: t.Provider, Scopes: t.Scopes, Person: t.Person, Client: t.Client, Expires: t.Expires, NeedCode: !known}
	if t.Provider != "" {
		if _, err := f.client(t.Provider); err != nil {
			return View{}, err
		}
		if known {
			if v.Connected, err = f.cfg.Accounts.Connected(ctx, t.Person, t.Provider); err != nil {
				return View{}, fmt.Errorf("look for the account: %w", err)
			}
		}
	}
	if !known && (!f.cfg.Code || t.CodeDigest == nil) {
		return View{}, refuse(SignInNeeded)
	}
	f.step(t.Provider, StepShown)
	return v, nil
}

// open finds a ticket that something can be done with.
func (f *Flow) open(ctx context.Context, ticket string) (Ticket, error) {
	if !wellFormed(ticket, ticketBytes) {
		return Ticket{}, refuse(TicketUnknown)
	}
	t, err := f.cfg.Tickets.Ticket(ctx, digest("ticket", ticket))
	if err != nil {
		return Ticket{}, err
	}
	if r := t.Refuses(false, true); r != "" {
		return Ticket{}, refuse(r)
	}
	return t, nil
}

func foreign(t Ticket, b Browser) bool { return b.Person != nil && !b.Person.Is(t.Person) }

// foreignOpen counts an opening by somebody else, and is the error of it.
func (f *Flow) foreignOpen(ctx context.Context, t Ticket, b Browser) error {
	e := t.event(EventMismatch)
	e.Reason = string(TicketForeign)
	f.mismatch(ctx, e, b.Person)
	_, left, err := f.cfg.Tickets.TryTicket(ctx, t.ID, nil)
	return tried(TicketForeign, left, err)
}

// prove finds out whether b is the ticket's person.
func (f *Flow) prove(ctx context.Context, t Ticket, ticket, code string, b Browser) error {
	switch {
	case foreign(t, b):
		return f.foreignOpen(ctx, t, b)
	case b.Person != nil || f.cfg.Open:
		return nil
	case !f.cfg.Code || t.CodeDigest == nil:
		return refuse(SignInNeeded)
	}
	code = typed(code)
	if code == "" { // no guess, only a slip
		return refuse(CodeWrong)
	}
	right, left, err := f.cfg.Tickets.TryTicket(ctx, t.ID, codeDigest(ticket, code))
	if right && err == nil {
		return nil
	}
	return tried(CodeWrong, left, err)
}

// tried is the error of a try that was counted.
func tried(r Reason, left int, err error) error {
	switch {
	case err != nil:
		return err
	case left == 0:
		return refuse(TicketBurned)
	default:
		return &Refused{Reason: r, Left: left}
	}
}

func (t Ticket) event(k Kind) Event {
	return Event{Kind: k, Person: t.Person, Provider: t.Provider, Ticket: t.ID, Client: t.Client}
}

func (s State) event(k Kind) Event {
	e := Event{Kind: k, Person: s.Person, Provider: s.Provider, Ticket: s.Ticket, Client: s.Client}
	if s.Held != nil {
		e.Account = s.Held.Identity.ID
	}
	return e
}

// people are those that b and bearer prove, each once or twice.
func people(b Browser, bearer *oauth.Person) []oauth.Person {
	var all []oauth.Person
	for _, p := range []*oauth.Person{b.Person, bearer} {
		if p != nil {
			all = append(all, *p)
		}
	}
	return all
}
