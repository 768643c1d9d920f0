package consent_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// other connects a1 and then comes back with a2.
func (r *rig) other() (consent.Link, consent.Start, consent.Done) {
	r.t.Helper()
	_, _ = r.connect("a1")
	l, s := r.allow()
	done, err := r.Return(r.t.Context(), r.callback(s, "a2"))
	if err != nil {
		r.t.Fatal(err)
	}
	return l, s, done
}

func TestAnotherAccountIsAskedAbout(t *testing.T) {
	r := newRig(t, nil)
	l, s, done := r.other()
	if done.Was != "name of a1" || done.Name != "name of a2" || len(done.Pending) != 43 || r.saved() != "alice:a1" {
		t.Errorf("got %+v, saved %q", done, r.saved())
	}
	equal(t, "ending", r.ending(l), consent.Ending{})
	done, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "done", done, consent.Done{Provider: "figma", Name: "name of a2", Person: person("alice"), Scopes: []string{"read"}})
	equal(t, "saved", r.saved(), "alice:a1 alice:a2")
	equal(t, "ending", r.ending(l), consent.Ending{Outcome: consent.OutcomeConnected, Name: "name of a2"})
	equal(t, "discarded", r.discarded, []string{r.accounts.Saves[0].Grant.Tokens[0].Access.Reveal()})
	equal(t, "recorded", r.kinds(), "ask allow connect connected ask allow connect other_account replace connected")
}

func TestTheAccountOfBeforeIsKept(t *testing.T) {
	r := newRig(t, nil)
	l, s, done := r.other()
	done, err := r.Decide(t.Context(), done.Pending, false, consent.Browser{Cookie: s.Cookie})
	if err != nil || !done.Kept {
		t.Errorf("got %+v, %v", done, err)
	}
	equal(t, "saved", r.saved(), "alice:a1")
	equal(t, "ending", r.ending(l), consent.Ending{Outcome: consent.OutcomeDeclined, Reason: "kept"})
	if len(r.discarded) != 1 || r.discarded[0] == r.accounts.Saves[0].Grant.Tokens[0].Access.Reveal() {
		t.Errorf("discarded %d tokens, want the new one", len(r.discarded))
	}
	equal(t, "recorded", r.kinds(), "ask allow connect connected ask allow connect other_account keep")
	if !strings.Contains(r.log.String(), "not revoked") {
		t.Errorf("that the provider was away is not in the log: %q", r.log.String())
	}
}

func TestTheSameAccountAgainIsNotAskedAbout(t *testing.T) {
	r := newRig(t, nil)
	_, _ = r.connect("a1")
	if _, done := r.connect("a1"); done.Pending != "" || r.saved() != "alice:a1 alice:a1" {
		t.Errorf("got %+v, saved %q", done, r.saved())
	}
	equal(t, "discarded", len(r.discarded), 0)
}

func TestWhoMayDecide(t *testing.T) {
	alice, bob := person("alice"), person("bob")
	for _, c := range []struct {
		name   string
		change func(b *consent.Browser, pending *string)
		want   consent.Reason
	}{
		{"the browser", func(*consent.Browser, *string) {}, ""},
		{"the browser, signed in", func(b *consent.Browser, _ *string) { b.Person = &alice }, ""},
		{"the browser, signed in as another", func(b *consent.Browser, _ *string) { b.Person = &bob }, consent.StateForeign},
		{"another browser", func(b *consent.Browser, _ *string) { b.Cookie = strings.Repeat("A", 43) }, consent.StateForeign},
		{"another browser, signed in", func(b *consent.Browser, _ *string) { b.Cookie, b.Person = "", &alice }, consent.StateForeign},
		{"without what it decides about", func(_ *consent.Browser, pending *string) { *pending = "" }, consent.StateUnknown},
		{"with something else", func(_ *consent.Browser, pending *string) { *pending = strings.Repeat("A", 43) }, consent.StateUnknown},
	} {
		for _, replace := range []bool{true, false} {
			r := newRig(t, nil)
			_, s, done := r.other()
			b, pending := consent.Browser{Cookie: s.Cookie}, done.Pending
			c.change(&b, &pending)
			_, err := r.Decide(t.Context(), pending, replace, b)
			r.want(c.name, err, c.want)
			if c.want == "" {
				continue
			}
			equal(t, c.name+": saved", r.saved(), "alice:a1")
			equal(t, c.name+": discarded", len(r.discarded), 0)
			_, err = r.Decide(t.Context(), done.Pending, replace, consent.Browser{Cookie: s.Cookie})
			r.want(c.name+": then the person", err, "")
		}
	}
}

func TestADecisionIsMadeOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(*rig, consent.Link, consent.Start, string)
		want consent.Reason
	}{
		{"replaced before", func(r *rig, _ consent.Link, s consent.Start, pending string) {
			_, _ = r.Decide(r.t.Context(), pending, true, consent.Browser{Cookie: s.Cookie})
		}, consent.StateUsed},
		{"kept before", func(r *rig, _ consent.Link, s consent.Start, pending string) {
			_, _ = r.Decide(r.t.Context(), pending, false, consent.Browser{Cookie: s.Cookie})
		}, consent.StateUsed},
		{"allowed again meanwhile", func(r *rig, l consent.Link, _ consent.Start, _ string) { _ = r.again(l) }, consent.StateUsed},
		{"declined meanwhile", func(r *rig, l consent.Link, _ consent.Start, _ string) {
			_ = r.Decline(r.t.Context(), l.Ticket, signedIn("alice"))
		}, consent.StateUsed},
		{"too late", func(r *rig, _ consent.Link, _ consent.Start, _ string) { r.store.Age(consent.HeldLife) }, consent.StateExpired},
	} {
		r := newRig(t, nil)
		l, s, done := r.other()
		c.act(r, l, s, done.Pending)
		n := r.saved()
		_, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie})
		r.want(c.name, err, c.want)
		equal(t, c.name+": saved", r.saved(), n)
	}
}

func TestADecisionThatFails(t *testing.T) {
	for _, c := range []struct {
		name    string
		replace bool
		prepare func(*rig)
		want    string
		again   consent.Reason
	}{
		{"it cannot be recorded that it replaces", true, func(r *rig) { r.refuse = consent.EventReplace }, "(the audit log is away)", ""},
		{"it cannot be recorded that it keeps", false, func(r *rig) { r.refuse = consent.EventKeep }, "(the audit log is away)", ""},
		{"it cannot be saved", true, func(r *rig) { r.accounts.Fail = errors.New("away") }, "(save the account: away)", consent.StateUsed},
	} {
		r := newRig(t, nil)
		_, s, done := r.other()
		c.prepare(r)
		_, err := r.Decide(t.Context(), done.Pending, c.replace, consent.Browser{Cookie: s.Cookie})
		if got := code(err); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
		equal(t, c.name+": saved", r.saved(), "alice:a1")
		equal(t, c.name+": discarded", len(r.discarded), 0)
		r.refuse, r.accounts.Fail = "", nil
		_, err = r.Decide(t.Context(), done.Pending, c.replace, consent.Browser{Cookie: s.Cookie})
		r.want(c.name+": again", err, c.again)
	}
}

// teamed is a provider that also gives the app's own token in a team, and one
// that is the same every time.
type teamed struct{ consent.Client }

// Exchange adds the two.
func (p teamed) Exchange(ctx context.Context, code, verifier, redirectURI string) (oauth.Grant, error) {
	g, err := p.Client.Exchange(ctx, code, verifier, redirectURI)
	if err == nil {
		g.Tokens = append(g.Tokens, oauth.Token{Kind: oauth.KindBot, Access: oauth.NewSecret("bot " + code)}, oauth.Token{Kind: oauth.KindUser, Access: oauth.NewSecret("same")})
	}
	return g, err
}

func TestTokensThatOthersUseAreNotDiscarded(t *testing.T) {
	r := newRig(t, nil)
	r.wrap(func(c consent.Client) consent.Client { return teamed{c} })
	_, s, done := r.other()
	if _, err := r.Decide(t.Context(), done.Pending, true, consent.Browser{Cookie: s.Cookie}); err != nil {
		t.Fatal(err)
	}
	equal(t, "discarded", r.discarded, []string{r.accounts.Saves[0].Grant.Tokens[0].Access.Reveal()})
}
