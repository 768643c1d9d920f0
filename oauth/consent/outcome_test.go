package consent_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
)

func TestAwait(t *testing.T) {
	for _, c := range []struct {
		name string
		act  func(*rig, consent.Link, consent.Start) // a second after Await began
		want consent.Outcome
		took time.Duration
	}{
		{"connected", func(r *rig, _ consent.Link, s consent.Start) {
			_, _ = r.Return(r.t.Context(), r.callback(s, "a1"))
		}, consent.OutcomeConnected, time.Second},
		{"declined", func(r *rig, l consent.Link, _ consent.Start) {
			_ = r.Decline(r.t.Context(), l.Ticket, signedIn("alice"))
		}, consent.OutcomeDeclined, time.Second},
		{"denied", func(r *rig, _ consent.Link, s consent.Start) {
			cb := r.callback(s, "a1")
			cb.Error = "access_denied"
			_, _ = r.Return(r.t.Context(), cb)
		}, consent.OutcomeDenied, time.Second},
		{"failed", func(r *rig, _ consent.Link, s consent.Start) {
			r.provider.Refuse = errors.New("no")
			_, _ = r.Return(r.t.Context(), r.callback(s, "a1"))
		}, consent.OutcomeFailed, time.Second},
		{"burned", func(r *rig, l consent.Link, _ consent.Start) {
			for range consent.MaxTries {
				_, _ = r.Open(r.t.Context(), l.Ticket, signedIn("bob"))
			}
		}, consent.OutcomeFailed, time.Second},
		{"expired", func(r *rig, _ consent.Link, _ consent.Start) { r.store.Age(consent.TicketLife) }, consent.OutcomeExpired, time.Second},
		{"nothing happens", func(*rig, consent.Link, consent.Start) {}, consent.OutcomePending, 20 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			l, s := r.allow()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			time.AfterFunc(time.Second, func() { c.act(r, l, s) })
			began := time.Now()
			got, err := r.Await(ctx, l.ID, person("alice"))
			if took := time.Since(began); err != nil || got != c.want || took < c.took || took > c.took+400*time.Millisecond {
				t.Errorf("%s: got %q, %v after %v; want %q after %v", c.name, got, err, took, c.want, c.took)
			}
		})
	}
}

func TestAwaitIsForTheTicketsPerson(t *testing.T) {
	r := newRig(t, nil)
	l, _ := r.connect("a1")
	namesake := person("alice")
	namesake.Issuer = "https://other.example"
	for _, c := range []struct {
		name, id string
		who      string
		want     consent.Reason
	}{
		{"the person", l.ID, "alice", ""},
		{"another", l.ID, "bob", consent.TicketUnknown},
		{"another's ticket that is not there", flip(l.ID), "bob", consent.TicketUnknown},
		{"what is no id", "x", "alice", consent.TicketUnknown},
		{"the ticket itself", l.Ticket, "alice", consent.TicketUnknown},
		{"nearly an id", strings.ReplaceAll(l.ID, "-", "g"), "alice", consent.TicketUnknown},
	} {
		_, err := r.Await(t.Context(), c.id, person(c.who))
		r.want(c.name, err, c.want)
	}
	_, err := r.Await(t.Context(), l.ID, namesake)
	r.want("another issuer's person of that name", err, consent.TicketUnknown)
}

// broken is a store that is away.
type broken struct{ consent.Tickets }

func (broken) TicketByID(context.Context, string) (consent.Ticket, error) {
	return consent.Ticket{}, errors.New("away")
}

func TestAwaitTellsOfAStoreThatIsAway(t *testing.T) {
	r := newRig(t, nil)
	l := r.ask("figma")
	r.cfg.Tickets = broken{}
	_, err := consent.New(r.cfg).Await(t.Context(), l.ID, person("alice"))
	if err == nil {
		t.Error("got no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := consent.New(r.cfg).Await(ctx, l.ID, person("alice")); err != nil || got != consent.OutcomePending {
		t.Errorf("with a context that has ended: got %q, %v; want it pending", got, err)
	}
}

func TestEveryReasonHasWords(t *testing.T) {
	told := map[string]consent.Reason{}
	for _, reason := range []consent.Reason{
		consent.TicketUnknown, consent.TicketExpired, consent.TicketUsed, consent.TicketBusy, consent.TicketForeign, consent.TicketBurned,
		consent.SignInNeeded, consent.CodeWrong, consent.RedirectRefused, consent.StateUnknown, consent.StateExpired, consent.StateUsed,
		consent.StateForeign, consent.ProviderMismatch, consent.ConsentDenied, consent.ProviderFailed, consent.ProviderUnconfigured, consent.IdentityFailed,
	} {
		e := &consent.Refused{Reason: reason}
		if other, twice := told[e.Error()]; twice {
			t.Errorf("%s and %s say the same: %s", reason, other, e.Error())
		}
		told[e.Error()] = reason
		if e.Code() != string(reason) || !strings.HasSuffix(e.Hint(), ".") || strings.HasSuffix(e.Error(), ".") {
			t.Errorf("%s: code %s, %q, hint %q", reason, e.Code(), e.Error(), e.Hint())
		}
	}
}

func TestNoSecretIsToldInErrorsLogsOrRecords(t *testing.T) {
	r := newRig(t, nil)
	l, s := r.allow()
	cb := r.callback(s, "a1")
	var said []string
	say := func(err error) {
		said = append(said, err.Error())
		var told interface {
			Hint() string
			LogCause() string
		}
		if errors.As(err, &told) {
			said = append(said, told.Hint(), told.LogCause())
		}
	}
	fail := func(_ any, err error) {
		if err == nil {
			t.Error("it did not fail")
			return
		}
		say(err)
	}
	evil := cb
	evil.Error = l.Ticket + s.State + cb.Code + s.Cookie // as a provider's own error code
	fail(r.Open(t.Context(), l.Ticket, signedIn("bob")))
	fail(r.Allow(t.Context(), l.Ticket, "2222-2222", consent.Browser{}))
	fail(r.Return(t.Context(), consent.Callback{Provider: "figma", State: s.State, Code: cb.Code}))
	fail(r.Decide(t.Context(), s.State, true, consent.Browser{Cookie: s.Cookie}))
	fail(r.Return(t.Context(), evil))
	fail(r.Return(t.Context(), cb))
	for _, e := range r.recorded {
		said = append(said, e.Reason, e.Account, e.Client, e.Ticket, string(e.Kind))
	}
	said = append(said, r.log.String(), r.ending(l).Reason, r.ending(l).Name)
	for _, secret := range []string{l.Ticket, l.Code, strings.ReplaceAll(l.Code, "-", ""), s.State, s.Cookie, cb.Code} {
		if all := strings.Join(said, "\n"); strings.Contains(all, secret) {
			t.Errorf("a secret is told: %q in\n%s", secret, all)
		}
	}
}

func TestTheStoreInMemoryIsUsableAsItIs(t *testing.T) {
	f := consent.New(consent.Config{Tickets: new(consenttest.Memory), Code: true})
	if _, err := f.Ask(t.Context(), consent.Request{Person: person("alice")}); err != nil {
		t.Errorf("a flow with nothing optional: %v", err)
	}
}
