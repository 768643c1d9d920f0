package consent_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

func TestAsk(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	for what, pattern := range map[string]string{
		l.Ticket: `^[A-Za-z0-9_-]{32}$`, // 192 bits
		l.ID:     `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		l.Code:   `^[2-9A-HJ-KMNP-TV-Z]{4}-[2-9A-HJ-KMNP-TV-Z]{4}$`,
	} {
		if !regexp.MustCompile(pattern).MatchString(what) {
			t.Errorf("got %q, want %s", what, pattern)
		}
	}
	kept, err := r.store.TicketByID(t.Context(), l.ID)
	if err != nil || strings.Contains(string(kept.Digest)+string(kept.CodeDigest), l.Ticket) || len(kept.Digest) != 32 || len(kept.CodeDigest) != 32 {
		t.Errorf("kept: %+v, %v; want digests alone", kept, err)
	}
	equal(t, "scopes of a request without any", kept.Scopes, []string{"read"})
	if other := r.ask("figma"); other.Ticket == l.Ticket || other.ID == l.ID || other.Code == l.Code {
		t.Errorf("two tickets have something in common: %+v, %+v", l, other)
	}
	_, err = r.Ask(t.Context(), consent.Request{Person: person("alice"), Provider: "myspace"})
	r.want("a provider that is not offered", err, consent.ProviderUnconfigured)
	for _, c := range []struct{ open, code, want bool }{{false, true, true}, {false, false, false}, {true, true, false}} {
		r := newRig(t, func(cfg *consent.Config) { cfg.Open, cfg.Code = c.open, c.code })
		if l := r.ask("figma"); (l.Code != "") != c.want {
			t.Errorf("open %v, code %v: got code %q, want one: %v", c.open, c.code, l.Code, c.want)
		}
	}
}

// ways are what may prove a person, and what does not.
var ways = []struct {
	name       string
	open, code bool
	browser    consent.Browser
	typed      string // RIGHT stands for the right code
	opens      consent.Reason
	needCode   bool
	allows     consent.Reason
}{
	{"signed in", false, true, signedIn("alice"), "", "", false, ""},
	{"signed in, without codes", false, false, signedIn("alice"), "", "", false, ""},
	{"signed in, a wrong code does not matter", false, true, signedIn("alice"), "ABCD-EFGH", "", false, ""},
	{"signed in as another", false, true, signedIn("bob"), "RIGHT", consent.TicketForeign, false, consent.TicketForeign},
	{"signed in as another where everybody is the local person", true, false, signedIn("bob"), "", consent.TicketForeign, false, consent.TicketForeign},
	{"nobody, with the code", false, true, consent.Browser{}, "RIGHT", "", true, ""},
	{"nobody, with a wrong code", false, true, consent.Browser{}, "ABCD-EFGH", "", true, consent.CodeWrong},
	{"nobody, without the code", false, true, consent.Browser{}, "", "", true, consent.CodeWrong},
	{"nobody, where there are no codes", false, false, consent.Browser{}, "", consent.SignInNeeded, false, consent.SignInNeeded},
	{"nobody, where everybody is the local person", true, false, consent.Browser{}, "", "", false, ""},
	{"a cookie alone proves nobody", false, false, consent.Browser{Cookie: strings.Repeat("A", 43)}, "", consent.SignInNeeded, false, consent.SignInNeeded},
}

func TestWhoMayOpenAndAllow(t *testing.T) {
	for _, c := range ways {
		r := newRig(t, func(cfg *consent.Config) { cfg.Open, cfg.Code = c.open, c.code })
		l := r.ask("figma")
		v, err := r.Open(t.Context(), l.Ticket, c.browser)
		r.want(c.name+": open", err, c.opens)
		if v.NeedCode != c.needCode {
			t.Errorf("%s: the page asks for the code: %v, want %v", c.name, v.NeedCode, c.needCode)
		}
		s, err := r.Allow(t.Context(), l.Ticket, strings.ReplaceAll(c.typed, "RIGHT", l.Code), c.browser)
		r.want(c.name+": allow", err, c.allows)
		if (s.URL != "") != (c.allows == "") || err == nil && !s.Person.Is(person("alice")) {
			t.Errorf("%s: got %+v", c.name, s)
		}
	}
}

func TestWhoMayDecline(t *testing.T) {
	for _, c := range []struct {
		name string
		b    consent.Browser
		want consent.Reason
	}{
		{"the person", signedIn("alice"), ""},
		{"whoever has the link and is not signed in", consent.Browser{}, ""},
		{"another person may not", signedIn("bob"), consent.TicketForeign},
	} {
		r := newRig(t, nil)
		l, s := r.allow()
		r.want(c.name, r.Decline(t.Context(), l.Ticket, c.b), c.want)
		if c.want != "" {
			continue
		}
		equal(t, c.name, r.ending(l).Outcome, consent.OutcomeDeclined)
		_, err := r.Return(t.Context(), r.callback(s, "a1"))
		r.want(c.name+", and the state of before", err, consent.StateUsed)
		r.want(c.name+", twice", r.Decline(t.Context(), l.Ticket, c.b), consent.TicketUsed)
	}
}

func TestThePageShowsWhatIsAskedFor(t *testing.T) {
	r := newRig(t, nil)
	_, _ = r.connect("a1")
	l, err := r.Ask(t.Context(), consent.Request{Person: person("alice"), Provider: "figma", Scopes: []string{"write"}, Client: "claude"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Open(t.Context(), l.Ticket, signedIn("alice"))
	want := consent.View{
		ID: l.ID, Provider: "figma", Scopes: []string{"write"}, Person: person("alice"), Client: "claude", Expires: l.Expires, Connected: "name of a1",
	}
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "signed in", v, want)
	v, err = r.Open(t.Context(), l.Ticket, consent.Browser{})
	if err != nil || v.Connected != "" {
		t.Errorf("not signed in: got account %q, %v; want it told to nobody who has not proved who they are", v.Connected, err)
	}
}

func TestOpeningChangesNothing(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	n := len(r.recorded)
	for range 100 { // as link previews do
		if _, err := r.Open(t.Context(), l.Ticket, consent.Browser{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(r.recorded) != n {
		t.Errorf("opening was recorded: %s", r.kinds())
	}
	_ = r.again(l)
}

func TestTicketsBurn(t *testing.T) {
	for _, c := range []struct {
		name  string
		act   func(*rig, consent.Link) error
		first consent.Reason
		burns bool
	}{
		{"opened by another", func(r *rig, l consent.Link) error {
			_, err := r.Open(r.t.Context(), l.Ticket, signedIn("bob"))
			return err
		}, consent.TicketForeign, true},
		{"allowed by another", func(r *rig, l consent.Link) error {
			_, err := r.Allow(r.t.Context(), l.Ticket, l.Code, signedIn("bob"))
			return err
		}, consent.TicketForeign, true},
		{"declined by another", func(r *rig, l consent.Link) error {
			return r.Decline(r.t.Context(), l.Ticket, signedIn("bob"))
		}, consent.TicketForeign, true},
		{"wrong codes", func(r *rig, l consent.Link) error {
			_, err := r.Allow(r.t.Context(), l.Ticket, "2222-2222", consent.Browser{})
			return err
		}, consent.CodeWrong, true},
		{"what cannot be a code is no guess", func(r *rig, l consent.Link) error {
			_, err := r.Allow(r.t.Context(), l.Ticket, "1234", consent.Browser{})
			return err
		}, consent.CodeWrong, false},
	} {
		r := newRig(t, nil)
		l := r.ask("figma")
		for i := range consent.MaxTries - 1 {
			r.want(c.name, c.act(r, l), c.first)
			if i == consent.MaxTries-2 { // the last before the end
				_, err := r.Allow(t.Context(), l.Ticket, l.Code, consent.Browser{})
				r.want(c.name+": the person, in time", err, "")
			}
		}
		last, after := consent.TicketBurned, consent.TicketBurned
		if !c.burns {
			last, after = c.first, ""
		}
		r.want(c.name+": the last time", c.act(r, l), last)
		_, err := r.Allow(t.Context(), l.Ticket, l.Code, signedIn("alice"))
		r.want(c.name+": the person, afterwards", err, after)
	}
}

func TestAMismatchIsCountedAndRecorded(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	n := len(r.happened)
	_, err := r.Open(t.Context(), l.Ticket, signedIn("bob"))
	r.want("open", err, consent.TicketForeign)
	equal(t, "what happened", r.since(n), "mismatch, record mismatch")
	bob := person("bob")
	e := r.recorded[len(r.recorded)-1]
	if e.By == nil || !e.By.Is(bob) || !e.Person.Is(person("alice")) || e.Ticket != l.ID || e.Reason != "ticket_foreign" {
		t.Errorf("recorded: %+v", e)
	}
}

func TestTicketsThatAreNoTickets(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	for name, ticket := range map[string]string{
		"none": "", "edited": flip(l.Ticket), "its id": l.ID, "too long": l.Ticket + "A", "cut": l.Ticket[1:],
		"with a blank": " " + l.Ticket[1:], "with a line end": l.Ticket[:31] + "\n",
	} {
		_, err := r.Open(t.Context(), ticket, signedIn("alice"))
		r.want(name+": open", err, consent.TicketUnknown)
		_, err = r.Allow(t.Context(), ticket, l.Code, signedIn("alice"))
		r.want(name+": allow", err, consent.TicketUnknown)
		r.want(name+": decline", r.Decline(t.Context(), ticket, signedIn("alice")), consent.TicketUnknown)
	}
	r.store.Age(consent.TicketLife)
	_, err := r.Open(t.Context(), l.Ticket, signedIn("alice"))
	r.want("expired: open", err, consent.TicketExpired)
	_, err = r.Allow(t.Context(), l.Ticket, l.Code, signedIn("alice"))
	r.want("expired: allow", err, consent.TicketExpired)
}
