package consent_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

func TestAllowSendsToTheProviderAlone(t *testing.T) {
	r := newRig(t, nil)
	_, s := r.allow()
	u, err := url.Parse(s.URL)
	if err != nil || u.Host != "figma.example" || u.Query().Get("state") != s.State || u.Query().Get("redirect_uri") != "https://flux.example/figma" {
		t.Errorf("got %s, %v", s.URL, err)
	}
	if len(s.State) != 43 || len(s.Cookie) != 43 {
		t.Errorf("state %q and cookie %q, want 256 bits each", s.State, s.Cookie)
	}
}

func TestTheCookieOfABrowserStays(t *testing.T) {
	r := newRig(t, nil)
	_, first := r.allow()
	for _, c := range []struct {
		name, cookie string
		stays        bool
	}{
		{"one of ours stays, for flows side by side", first.Cookie, true},
		{"none", "", false},
		{"too short", first.Cookie[1:], false},
		{"too long", first.Cookie + "A", false},
		{"of other letters", strings.Repeat("%", 43), false},
		{"not as it is written", first.Cookie[:42] + "B", false},
	} {
		b := signedIn("alice")
		b.Cookie = c.cookie
		s, err := r.Allow(t.Context(), r.ask("figma").Ticket, "", b)
		if err != nil || (s.Cookie == c.cookie) != c.stays || len(s.Cookie) != 43 {
			t.Errorf("%s: %q became %q, %v", c.name, c.cookie, s.Cookie, err)
		}
		if _, err := r.Return(t.Context(), r.callback(s, "a1")); err != nil {
			t.Errorf("%s: then return: %v", c.name, err)
		}
	}
}

func TestAllowAgain(t *testing.T) {
	r := newRig(t, nil)
	l, first := r.allow()
	second := r.again(l)
	if first.State == second.State {
		t.Error("the second time has the state of the first")
	}
	_, err := r.Return(t.Context(), r.callback(first, "a1"))
	r.want("the state of the first time", err, consent.StateUsed)
	_, err = r.Return(t.Context(), r.callback(second, "a1"))
	r.want("the state of the second time", err, "")
	_, err = r.Allow(t.Context(), l.Ticket, "", signedIn("alice"))
	r.want("allowed when it is connected", err, consent.TicketUsed)
	_, err = r.Open(t.Context(), l.Ticket, signedIn("alice"))
	r.want("opened when it is connected", err, consent.TicketUsed)
}

func TestATicketThatOnlySignsIn(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("")
	v, err := r.Open(t.Context(), l.Ticket, consent.Browser{})
	if err != nil || v.Provider != "" || !v.NeedCode {
		t.Errorf("open: got %+v, %v", v, err)
	}
	_, err = r.Allow(t.Context(), l.Ticket, "2222-2222", consent.Browser{})
	r.want("with a wrong code", err, consent.CodeWrong)
	s, err := r.Allow(t.Context(), l.Ticket, l.Code, consent.Browser{})
	if err != nil || s.URL != "" || s.Cookie != "" || !s.Person.Is(person("alice")) {
		t.Errorf("with the code: got %+v, %v; want alice and nothing else", s, err)
	}
	_, err = r.Allow(t.Context(), l.Ticket, l.Code, consent.Browser{})
	r.want("a second time", err, consent.TicketUsed)
	equal(t, "outcome", r.ending(l).Outcome, consent.OutcomeSignedIn)
	equal(t, "recorded", r.kinds(), "ask sign_in")
}

func TestStart(t *testing.T) {
	app := "https://app.example/cb"
	for _, c := range []struct {
		name, redirect string
		want           consent.Reason
		wantURI        string
	}{
		{"fluxmcp's own", "", "", "https://flux.example/figma"},
		{"fluxmcp's own, named", "https://flux.example/figma", "", "https://flux.example/figma"},
		{"of a web app that is allowed", app, "", app},
		{"of another provider", "https://flux.example/slack", consent.RedirectRefused, ""},
		{"of anybody else", "https://evil.example/cb", consent.RedirectRefused, ""},
		{"nearly an allowed one", app + "/", consent.RedirectRefused, ""},
	} {
		r := newRig(t, func(cfg *consent.Config) { cfg.Redirect = func(_, uri string) bool { return uri == app } })
		s, err := r.Start(t.Context(), consent.Request{Person: person("alice"), Provider: "figma"}, c.redirect, consent.Browser{})
		r.want(c.name, err, c.want)
		if c.want != "" {
			continue
		}
		u, _ := url.Parse(s.URL)
		if got := u.Query().Get("redirect_uri"); got != c.wantURI {
			t.Errorf("%s: got %s, want %s", c.name, got, c.wantURI)
		}
		equal(t, c.name+": happened", r.since(0), "record allow, step figma sent, step figma started")
	}
	r := newRig(t, nil)
	_, err := r.Start(t.Context(), consent.Request{Person: person("alice"), Provider: "figma"}, app, consent.Browser{})
	r.want("without Config.Redirect", err, consent.RedirectRefused)
	_, err = r.Start(t.Context(), consent.Request{Person: person("alice"), Provider: "myspace"}, "", consent.Browser{})
	r.want("a provider that is not offered", err, consent.ProviderUnconfigured)
}

func TestABearerTokenStandsForTheCookie(t *testing.T) {
	alice, bob := person("alice"), person("bob")
	app := "https://app.example/cb"
	for _, c := range []struct {
		name   string
		change func(*consent.Callback)
		want   consent.Reason
	}{
		{"of the person", func(c *consent.Callback) { c.Bearer = &alice }, ""},
		{"of the person, with the redirect URI left out", func(c *consent.Callback) { c.Bearer, c.RedirectURI = &alice, "" }, ""},
		{"of another", func(c *consent.Callback) { c.Bearer = &bob }, consent.StateForeign},
		{"of another, with the redirect URI left out", func(c *consent.Callback) { c.Bearer, c.RedirectURI = &bob, "" }, consent.StateForeign},
		{"of the person, in a browser that is signed in as another", func(c *consent.Callback) { c.Bearer, c.Browser.Person = &alice, &bob }, consent.StateForeign},
		{"none, and no cookie", func(*consent.Callback) {}, consent.StateForeign},
		{"none, no cookie, signed in", func(c *consent.Callback) { c.Browser.Person = &alice }, consent.StateForeign},
		{"none, no redirect URI", func(c *consent.Callback) { c.RedirectURI = "" }, consent.StateForeign},
	} {
		r := newRig(t, func(cfg *consent.Config) { cfg.Redirect = func(_, uri string) bool { return uri == app } })
		s, err := r.Start(t.Context(), consent.Request{Person: alice, Provider: "figma"}, app, consent.Browser{})
		if err != nil {
			t.Fatal(err)
		}
		cb := r.callback(s, "a1")
		cb.RedirectURI, cb.Browser = app, consent.Browser{}
		c.change(&cb)
		_, err = r.Return(t.Context(), cb)
		r.want(c.name, err, c.want)
	}
	r := newRig(t, nil)
	_, s := r.allow()
	cb := r.callback(s, "a1")
	cb.Browser, cb.Bearer = consent.Browser{}, &alice
	_, err := r.Return(t.Context(), cb)
	r.want("for a state that a browser made", err, consent.StateForeign)
}
