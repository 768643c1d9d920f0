package consent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

func TestReturnSaves(t *testing.T) {
	r := newRig(t, nil)
	l, s := r.allow()
	n := len(r.happened)
	done, err := r.Return(t.Context(), r.callback(s, "a1"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "done", done, consent.Done{Provider: "figma", Name: "name of a1", Person: person("alice"), Scopes: []string{"read"}})
	equal(t, "what happened", r.since(n), "step figma returned, point callback.taken, record connect, point callback.before_provider, "+
		"point callback.after_provider, point callback.identity, point callback.saved, step figma connected, record connected")
	equal(t, "ending", r.ending(l), consent.Ending{Outcome: consent.OutcomeConnected, Name: "name of a1"})
	if len(r.accounts.Saves) != 1 {
		t.Fatalf("saved %d accounts, want 1", len(r.accounts.Saves))
	}
	a := r.accounts.Saves[0]
	if !a.Person.Is(person("alice")) || a.Provider != "figma" || a.Identity.ID != "a1" || a.Client != "claude" || a.Replace || len(a.Grant.Tokens) != 1 {
		t.Errorf("saved: %+v", a)
	}
	equal(t, "recorded", r.kinds(), "ask allow connect connected")
	equal(t, "the account in the record", r.recorded[3].Account, "a1")
}

func TestScopesAreTheGrantedOnes(t *testing.T) {
	for _, c := range []struct {
		name    string
		granted []string
		want    string
	}{
		{"those the provider names, of all tokens", []string{"less"}, "[less bot:chat:write bot:files:read]"},
		{"none of the main one, where it says none", []string{}, "[bot:chat:write bot:files:read]"},
		{"those asked for, where it says nothing", nil, "[read]"},
	} {
		r := newRig(t, nil)
		r.cfg.Client = func(string) (consent.Client, bool) { return granting{r.provider, c.granted}, true }
		r.Flow = consent.New(r.cfg)
		_, done := r.connect("a1")
		equal(t, c.name, done.Scopes, c.want)
	}
}

// granting is a provider that names the scopes it grants.
type granting struct {
	consent.Client
	scopes []string
}

func (g granting) Exchange(ctx context.Context, code, verifier, redirectURI string) (oauth.Grant, error) {
	grant, err := g.Client.Exchange(ctx, code, verifier, redirectURI)
	if err == nil {
		grant.Tokens[0].Scopes = g.scopes
		grant.Tokens = append(grant.Tokens, oauth.Token{Kind: oauth.KindBot, Access: oauth.NewSecret("bot"), Scopes: []string{"chat:write", "bot:files:read"}})
	}
	return grant, err
}

func TestReturnsThatEndWithoutAccount(t *testing.T) {
	away := errors.New("away")
	for _, c := range []struct {
		name      string
		prepare   func(*rig)
		change    func(*consent.Callback)
		want      string
		exchanges int
		ending    consent.Ending
	}{
		{"denied", nil, func(c *consent.Callback) { c.Error = "access_denied" }, "consent_denied", 0,
			consent.Ending{Outcome: consent.OutcomeDenied, Reason: "consent_denied"}},
		{"an error wins over a code", nil, func(c *consent.Callback) { c.Error = "server_error" }, "provider_failed", 0,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "provider_failed"}},
		{"neither code nor error", nil, func(c *consent.Callback) { c.Code = "" }, "provider_failed", 0,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "provider_failed"}},
		{"the provider refuses", func(r *rig) { r.provider.Refuse = away }, nil, "provider_failed", 1,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "provider_failed"}},
		{"nobody's account", func(r *rig) { r.provider.Nobody = away }, nil, "identity_failed", 1,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "identity_failed"}},
		{"an account without id", func(r *rig) { r.wrap(func(c consent.Client) consent.Client { return nameless{c} }) }, nil, "identity_failed", 1,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "identity_failed"}},
		{"a grant without token", func(r *rig) { r.wrap(func(c consent.Client) consent.Client { return tokenless{c} }) }, nil, "provider_failed", 0,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "provider_failed"}},
		{"it cannot be saved", func(r *rig) { r.accounts.Fail = away }, nil, "(save the account: away)", 1,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "internal"}},
		{"it cannot be recorded", func(r *rig) { r.refuse = consent.EventConnect }, nil, "(the audit log is away)", 0,
			consent.Ending{Outcome: consent.OutcomeFailed, Reason: "internal"}},
	} {
		r := newRig(t, nil)
		l, s := r.allow()
		if c.prepare != nil {
			c.prepare(r)
		}
		cb := r.callback(s, "a1")
		good := cb
		if c.change != nil {
			c.change(&cb)
		}
		_, err := r.Return(t.Context(), cb)
		if got := code(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", c.name, got, err, c.want)
		}
		equal(t, c.name+": ending", r.ending(l), c.ending)
		if r.provider.Exchanged != c.exchanges || r.saved() != "" {
			t.Errorf("%s: %d exchanges, saved %q; want %d and nothing", c.name, r.provider.Exchanged, r.saved(), c.exchanges)
		}
		_, err = r.Return(t.Context(), good)
		r.want(c.name+": the same state again", err, consent.StateUsed)
		r.provider.Refuse, r.provider.Nobody, r.accounts.Fail, r.refuse = nil, nil, nil, ""
		r.Flow = consent.New(r.cfg)
		if _, err := r.Return(t.Context(), r.callback(r.again(l), "a1")); err != nil || r.ending(l).Outcome != consent.OutcomeConnected {
			t.Errorf("%s: then the link again: %v, %+v", c.name, err, r.ending(l))
		}
	}
}

// wrap makes the flow anew with another client; r.cfg keeps the old one.
func (r *rig) wrap(around func(consent.Client) consent.Client) {
	cfg := r.cfg
	cfg.Client = func(string) (consent.Client, bool) { return around(r.provider), true }
	r.Flow = consent.New(cfg)
}

type nameless struct{ consent.Client }

func (nameless) Identity(context.Context, oauth.Grant) (oauth.Identity, error) {
	return oauth.Identity{Name: "x"}, nil
}

type tokenless struct{ consent.Client }

func (tokenless) Exchange(context.Context, string, string, string) (oauth.Grant, error) {
	return oauth.Grant{}, nil
}

func TestTheCauseOfAFailureIsKept(t *testing.T) {
	for _, c := range []struct {
		name       string
		refuse     oauth.Error
		wantHint   string
		wantDetail string
		wantWait   time.Duration
	}{
		{"the operator's fault is the operator's to mend", oauth.Error{Kind: oauth.BadClient, Provider: "figma", Reason: "bad_redirect"}, "Ask the operator", "bad_redirect", 0},
		{"a provider that is away may come back", oauth.Error{Kind: oauth.Away, Provider: "figma", Wait: 7 * time.Second}, "Open the link again", "", 7 * time.Second},
		{"a dead code needs a new one", oauth.Error{Kind: oauth.RefusedGrant, Provider: "figma", Reason: "Bad_Code"}, "Open the link again", "bad_code", 0},
	} {
		r := newRig(t, nil)
		r.provider.Refuse = &c.refuse
		_, s := r.allow()
		_, err := r.Return(t.Context(), r.callback(s, "a1"))
		var refused *consent.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v", c.name, err)
			continue
		}
		if !strings.HasPrefix(refused.Hint(), c.wantHint) || refused.Detail != c.wantDetail || refused.RetryAfter() != c.wantWait || refused.LogCause() != c.refuse.Error() {
			t.Errorf("%s: got hint %q, detail %q, wait %v and cause %q; want %q, %q and %v", c.name,
				refused.Hint(), refused.Detail, refused.RetryAfter(), refused.LogCause(), c.wantHint, c.wantDetail, c.wantWait)
		}
		equal(t, c.name+": in the record", r.recorded[len(r.recorded)-1].Detail, c.wantDetail)
	}
}

func TestForeignCallbacksChangeNothing(t *testing.T) {
	bob := person("bob")
	other := strings.Repeat("A", 43)
	for _, c := range []struct {
		name   string
		change func(*consent.Callback)
		want   consent.Reason
	}{
		{"without cookie", func(c *consent.Callback) { c.Browser.Cookie = "" }, consent.StateForeign},
		{"with another cookie", func(c *consent.Callback) { c.Browser.Cookie = other }, consent.StateForeign},
		{"with a cookie that is none", func(c *consent.Callback) { c.Browser.Cookie = "x" }, consent.StateForeign},
		{"signed in as another", func(c *consent.Callback) { c.Browser.Person = &bob }, consent.StateForeign},
		{"with another's bearer token", func(c *consent.Callback) { c.Bearer = &bob }, consent.StateForeign},
		{"denied by another", func(c *consent.Callback) { c.Browser.Cookie, c.Error = other, "access_denied" }, consent.StateForeign},
		{"at another provider", func(c *consent.Callback) { c.Provider = "slack" }, consent.ProviderMismatch},
		{"at a provider that is not offered", func(c *consent.Callback) { c.Provider = "myspace" }, consent.ProviderUnconfigured},
		{"at another address", func(c *consent.Callback) { c.RedirectURI = "https://flux.example/figma?x" }, consent.ProviderMismatch},
		{"without address", func(c *consent.Callback) { c.RedirectURI = "" }, consent.ProviderMismatch},
		{"with an edited state", func(c *consent.Callback) { c.State = strings.Repeat("A", 43) }, consent.StateUnknown},
		{"without state", func(c *consent.Callback) { c.State = "" }, consent.StateUnknown},
		{"with a state that is none", func(c *consent.Callback) { c.State = "%" }, consent.StateUnknown},
	} {
		r := newRig(t, nil)
		l, s := r.allow()
		cb := r.callback(s, "a1")
		bad := cb
		c.change(&bad)
		_, err := r.Return(t.Context(), bad)
		r.want(c.name, err, c.want)
		if got, want := strings.Contains(r.kinds(), "mismatch"), c.want == consent.StateForeign; got != want {
			t.Errorf("%s: a mismatch was recorded: %v, want %v", c.name, got, want)
		}
		if r.provider.Exchanged != 0 || r.ending(l).Outcome != consent.OutcomePending {
			t.Errorf("%s: %d exchanges, ending %+v; want none", c.name, r.provider.Exchanged, r.ending(l))
		}
		_, err = r.Return(t.Context(), cb)
		r.want(c.name+": then the person", err, "")
	}
}

func TestAStateExpires(t *testing.T) {
	r := newRig(t, nil)
	_, s := r.allow()
	r.store.Age(consent.StateLife)
	_, err := r.Return(t.Context(), r.callback(s, "a1"))
	r.want("return", err, consent.StateExpired)
}

func TestAStateOutlivesItsTicket(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	r.store.Age(consent.TicketLife - time.Minute)
	s := r.again(l)
	r.store.Age(2 * time.Minute)
	_, err := r.Return(t.Context(), r.callback(s, "a1"))
	r.want("return after the ticket's end", err, "")
	equal(t, "ending", r.ending(l).Outcome, consent.OutcomeConnected)
}

func TestFiftyReturnsAreOneExchange(t *testing.T) {
	r := newRig(t, nil)
	_, s := r.allow()
	cb := r.callback(s, "a1")
	var group sync.WaitGroup
	var used, ok atomic.Int32
	for range 50 {
		group.Go(func() {
			switch _, err := r.Return(t.Context(), cb); code(err) {
			case "":
				ok.Add(1)
			case "state_used":
				used.Add(1)
			}
		})
	}
	group.Wait()
	if ok.Load() != 1 || used.Load() != 49 || r.provider.Exchanged != 1 || r.saved() != "alice:a1" {
		t.Errorf("%d succeeded, %d were told it is used, %d exchanges, saved %q; want 1, 49, 1 and one account", ok.Load(), used.Load(), r.provider.Exchanged, r.saved())
	}
}

// liar is a store that hands out a state whatever is claimed.
type liar struct {
	consent.States
	s consent.State
}

func (l liar) TakeState(context.Context, consent.Claim) (consent.State, error) { return l.s, nil }

func TestAStoreThatComparesWronglyIsNotBelieved(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*consent.State)
		want   consent.Reason
	}{
		{"of another browser", func(s *consent.State) { s.Cookie = []byte("another") }, consent.StateForeign},
		{"of another provider", func(s *consent.State) { s.Provider = "slack" }, consent.ProviderMismatch},
		{"of another address", func(s *consent.State) { s.RedirectURI += "x" }, consent.ProviderMismatch},
		{"a decision", func(s *consent.State) { s.Holding = true }, consent.StateUnknown},
	} {
		r := newRig(t, nil)
		seen := &seeing{States: r.store}
		r.cfg.States = seen
		r.Flow = consent.New(r.cfg)
		_, s := r.allow()
		state := seen.last
		c.change(&state)
		r.cfg.States = liar{r.store, state}
		r.Flow = consent.New(r.cfg)
		_, err := r.Return(t.Context(), r.callback(s, "a1"))
		r.want(c.name, err, c.want)
		if r.provider.Exchanged != 0 {
			t.Errorf("%s: %d exchanges, want none", c.name, r.provider.Exchanged)
		}
	}
}

// seeing keeps the last state that was added.
type seeing struct {
	consent.States
	last consent.State
}

func (s *seeing) AddState(ctx context.Context, added consent.State) error {
	s.last = added
	return s.States.AddState(ctx, added)
}

func TestNobodyNeedsToWait(t *testing.T) {
	r := newRig(t, nil)
	l, s := r.allow()
	ctx, cancel := context.WithCancel(t.Context())
	r.cfg.Point = func(name string) {
		if name == "callback.taken" {
			cancel()
		}
	}
	r.Flow = consent.New(r.cfg)
	if _, err := r.Return(ctx, r.callback(s, "a1")); err != nil {
		t.Errorf("the browser went away: %v", err)
	}
	if r.saved() != "alice:a1" || r.ending(l).Outcome != consent.OutcomeConnected {
		t.Errorf("the browser went away: saved %q, ending %+v", r.saved(), r.ending(l))
	}
}

// hanging is a provider that never answers.
type hanging struct{ consent.Client }

func (hanging) Exchange(ctx context.Context, _, _, _ string) (oauth.Grant, error) {
	<-ctx.Done()
	return oauth.Grant{}, ctx.Err()
}

func TestAProviderThatHangsIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		l, s := r.allow()
		r.wrap(func(c consent.Client) consent.Client { return hanging{c} })
		began := time.Now()
		_, err := r.Return(t.Context(), r.callback(s, "a1"))
		r.want("return", err, consent.ProviderFailed)
		if took := time.Since(began); took >= consent.BusyFor || took < 10*time.Second {
			t.Errorf("took %v, want long, but less than the ticket is busy", took)
		}
		equal(t, "ending", r.ending(l), consent.Ending{Outcome: consent.OutcomeFailed, Reason: "provider_failed"})
	})
}

func TestKilledAtEachPoint(t *testing.T) {
	for _, c := range []struct {
		point string
		saved string
	}{
		{"callback.taken", ""},
		{"callback.before_provider", ""},
		{"callback.after_provider", ""},
		{"callback.identity", ""},
		{"callback.saved", "alice:a1"},
	} {
		r := newRig(t, nil)
		l, s := r.allow()
		cb := r.callback(s, "a1")
		cfg := r.cfg
		cfg.Point = func(name string) {
			if name == c.point {
				panic("killed")
			}
		}
		func() {
			defer func() { equal(t, c.point, recover(), "killed") }()
			_, _ = consent.New(cfg).Return(t.Context(), cb)
		}()
		equal(t, c.point+": saved", r.saved(), c.saved)
		_, err := r.Return(t.Context(), cb)
		r.want(c.point+": the callback again", err, consent.StateUsed)
		_, err = r.Allow(t.Context(), l.Ticket, "", signedIn("alice"))
		r.want(c.point+": the link at once", err, consent.TicketBusy)
		r.want(c.point+": no, at once", r.Decline(t.Context(), l.Ticket, signedIn("alice")), consent.TicketBusy)
		r.store.Age(consent.BusyFor)
		if _, err := r.Return(t.Context(), r.callback(r.again(l), "a1")); err != nil {
			t.Errorf("%s: the link after half a minute: %v", c.point, err)
		}
		equal(t, c.point+": ending", r.ending(l).Outcome, consent.OutcomeConnected)
	}
}

func TestNothingHappensUnrecorded(t *testing.T) {
	for _, c := range []struct {
		kind consent.Kind
		act  func(*rig) error
		left func(*rig) string // what was done all the same
	}{
		{consent.EventAsk, func(r *rig) error {
			_, err := r.Ask(r.t.Context(), consent.Request{Person: person("alice"), Provider: "figma"})
			return err
		}, func(*rig) string { return "" }},
		{consent.EventAllow, func(r *rig) error {
			_, err := r.Allow(r.t.Context(), r.ask("figma").Ticket, "", signedIn("alice"))
			return err
		}, func(r *rig) string { return strings.Join(r.grep("sent"), " ") }},
		{consent.EventSignIn, func(r *rig) error {
			l := r.ask("")
			_, err := r.Allow(r.t.Context(), l.Ticket, "", signedIn("alice"))
			return errors.Join(err, pending(r, l))
		}, func(*rig) string { return "" }},
		{consent.EventDecline, func(r *rig) error {
			l := r.ask("figma")
			return errors.Join(r.Decline(r.t.Context(), l.Ticket, signedIn("alice")), pending(r, l))
		}, func(*rig) string { return "" }},
	} {
		r := newRig(t, nil)
		r.refuse = c.kind
		if err := c.act(r); !errors.Is(err, errAudit) || strings.Contains(err.Error(), "not pending") {
			t.Errorf("%s: got %v, want the record's error", c.kind, err)
		}
		equal(t, string(c.kind), c.left(r), "")
	}
}

// pending is an error where the ticket is not.
func pending(r *rig, l consent.Link) error {
	if e := r.ending(l); e.Outcome != consent.OutcomePending {
		return fmt.Errorf("not pending: %+v", e)
	}
	return nil
}

// grep returns what happened that has word in it.
func (r *rig) grep(word string) (found []string) {
	for _, h := range r.happened {
		if strings.Contains(h, word) {
			found = append(found, h)
		}
	}
	return found
}

func TestWhatCannotBeRecordedAfterwardsIsLogged(t *testing.T) {
	r := newRig(t, nil)
	r.refuse = consent.EventConnected
	_, done := r.connect("a1")
	if done.Name != "name of a1" || !strings.Contains(r.log.String(), "event not recorded") {
		t.Errorf("got %+v and the log %q", done, r.log.String())
	}
}
