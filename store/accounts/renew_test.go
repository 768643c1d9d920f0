package accounts_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/accounts"
)

// notes tells whether tokens have a note of a refresh.
const notes = "SELECT (refresh_attempt IS NOT NULL)::text || ' ' || (refresh_started_at IS NOT NULL)::text FROM fluxmcp.oauth_tokens"

func TestRenew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, c := range []struct {
		name    string
		due     func(tokens.Stored) bool
		answer  func(tokens.Stored) (oauth.Token, error)
		renewed bool
		err     string
		after   string // state
		note    string
	}{
		{"a token that is due is replaced", expired, answer("2"), true, "", "2", "false false"},
		{"one that is not due stays, and the provider is not asked", func(tokens.Stored) bool { return false }, nil, false, "", "1", "false false"},
		{"a refusal comes out as it is and leaves no note", always, fail(failed(oauth.RefusedGrant)), false, "needs_reconnect", "1", "false false"},
		{"credentials of ours that are refused leave no note", always, fail(failed(oauth.BadClient)), false, "provider_misconfigured", "1", "false false"},
		{"too many requests leave no note", always, fail(failed(oauth.Limited)), false, "provider_limited", "1", "false false"},
		{"a provider that is not asked leaves no note", always, fail(&oauth.ProviderAway{Provider: "figma"}), false, "provider_unavailable", "1", "false false"},
		{"an answer that was lost leaves a note", always, fail(&oauth.ProviderAway{Provider: "figma", Err: failed(oauth.Away)}), false, "provider_unavailable", "1", "true true"},
		{"an answer that is not understood leaves a note", always, fail(failed(oauth.Malformed)), false, "provider_malformed", "1", "true true"},
		{"a time limit leaves a note", always, fail(fmt.Errorf("ask: %w", context.DeadlineExceeded)), false, "ask: context deadline exceeded", "1", "true true"},
		{"a caller that went away leaves a note", always, fail(context.Canceled), false, "context canceled", "1", "true true"},
		{"an empty token is none", always, func(tokens.Stored) (oauth.Token, error) { return oauth.Token{}, nil }, false, "the renewed token is empty", "1", "false false"},
	} {
		r.reset()
		s := r.connect("ada", "1")
		due := func(s tokens.Stored) bool {
			if !s.Attempted.IsZero() {
				t.Errorf("%s: due got %+v, want no attempt beside this one", c.name, s)
			}
			return c.due(s)
		}
		got, renewed, err := r.Renew(t.Context(), s.ID, due, func(_ context.Context, s tokens.Stored) (oauth.Token, error) {
			if c.answer == nil {
				t.Errorf("%s: the provider was asked", c.name)
				return oauth.Token{}, errUsed
			}
			if !s.Attempted.IsZero() || stateOf(s, nil) != "1" {
				t.Errorf("%s: renew got %+v, want the token that is stored, not attempted", c.name, s)
			}
			r.want(c.name+": a note while the provider is asked", notes, "true true")
			return c.answer(s)
		})
		text := ""
		if err != nil {
			text = stateOf(got, err)
		}
		if text != c.err || renewed != c.renewed {
			t.Errorf("%s: got %v, %q; want %v, %q", c.name, renewed, text, c.renewed, c.err)
		}
		if after := r.state(key(person("ada"), "figma")); after != c.after || err == nil && stateOf(got, nil) != after {
			t.Errorf("%s: got %s, and stored is %s; want %s", c.name, stateOf(got, nil), after, c.after)
		}
		r.want(c.name+": note afterwards", notes, c.note)
		if want := s.Version + 1; renewed && (got.Version != want || r.load(key(person("ada"), "figma")).Version != want) {
			t.Errorf("%s: version %d, want %d", c.name, got.Version, want)
		}
	}
}

func answer(made string) func(tokens.Stored) (oauth.Token, error) {
	return func(tokens.Stored) (oauth.Token, error) { return token("", made), nil }
}

func fail(err error) func(tokens.Stored) (oauth.Token, error) {
	return func(tokens.Stored) (oauth.Token, error) { return oauth.Token{}, err }
}

func TestWhatTheProviderDoesNotSayIsStoredAsItIs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	fresh := oauth.Token{Kind: "nonsense", Access: oauth.NewSecret("access-2"), Type: "t\x00", Scopes: []string{"a\xff"}}
	now, _, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) { return fresh, nil })
	if err != nil || now.Token.Kind != oauth.KindUser {
		t.Errorf("renewed: got %+v, %v; want the kind of before", now, err)
	}
	got := r.load(key(person("ada"), "figma")).Token
	if got.Kind != oauth.KindUser || !got.Refresh.IsZero() || !got.Expires.IsZero() || got.Type != "t\uFFFD" || !slices.Equal(got.Scopes, []string{"a\uFFFD"}) {
		t.Errorf("got %+v; want the kind of before, no refresh token, no expiry, clean texts", got)
	}
}

// TestRenewIsOnceHoweverManyCall has 64 callers in four processes.
func TestRenewIsOnceHoweverManyCall(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	p := &provider{}
	var replicas []*rig
	for range 4 {
		replicas = append(replicas, replica(t, url, accounts.Options{}, oldKey))
	}
	s := replicas[0].connect("ada", "1")
	var all sync.WaitGroup
	var renewals atomic.Int32
	for i := range 64 {
		all.Go(func() {
			got, renewed, err := replicas[i%4].Renew(t.Context(), s.ID, expired, p.renew)
			if err != nil || stateOf(got, nil) != "renewed1" {
				t.Errorf("caller %d: got %s, %v; want renewed1", i, stateOf(got, nil), err)
			}
			if renewed {
				renewals.Add(1)
			}
		})
	}
	all.Wait()
	if p.calls != 1 || renewals.Load() != 1 {
		t.Errorf("the provider was asked %d times, %d callers say they renewed; want 1 and 1", p.calls, renewals.Load())
	}
	replicas[0].want("note afterwards", notes, "false false")
}

func TestWhatIsNotDueAnyMoreWhenItIsLockedStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	looks := 0
	got, renewed, err := r.Renew(t.Context(), s.ID, func(tokens.Stored) bool { looks++; return looks == 1 }, func(context.Context, tokens.Stored) (oauth.Token, error) {
		t.Error("the provider was asked")
		return oauth.Token{}, errUsed
	})
	if state := stateOf(got, err); state != "1" || renewed || looks != 2 {
		t.Errorf("got %s, %v after %d looks; want 1 after 2", state, renewed, looks)
	}
	r.want("note afterwards", notes, "false false")
}

func TestAProviderThatFailsTwiceIsAskedThreeTimes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	p := &provider{}
	for i, c := range []struct {
		err       error
		attempted bool
		want      string
	}{{failed(oauth.Away), false, "provider_unavailable"}, {failed(oauth.Limited), true, "provider_limited"}, {nil, true, "renewed3"},
		{failed(oauth.RefusedGrant), false, "needs_reconnect"}} {
		p.err = c.err
		attempted := false
		got, _, err := r.Renew(t.Context(), s.ID, always, func(ctx context.Context, s tokens.Stored) (oauth.Token, error) {
			attempted = !s.Attempted.IsZero()
			return p.renew(ctx, s)
		})
		if state := stateOf(got, err); state != c.want || attempted != c.attempted {
			t.Errorf("attempt %d: got %s, earlier attempt seen: %v; want %s, %v", i+1, state, attempted, c.want, c.attempted)
		}
	}
	if p.calls != 4 {
		t.Errorf("the provider was asked %d times, want 4", p.calls)
	}
}

// died is what ends a process in the middle of a test.
type died struct{}

func TestAProcessThatDiesLeavesATrace(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	next := replica(t, url, accounts.Options{}, oldKey)
	for _, c := range []struct {
		point     string
		state     string
		attempted bool
	}{
		{"refresh.before_provider", "1", true},
		{"refresh.after_provider", "1", true},
		{"refresh.before_commit", "1", true},
		{"refresh.after_commit", "renewed1", false},
	} {
		next.reset()
		dying := replica(t, url, accounts.Options{Point: func(name string) {
			if name == c.point {
				panic(died{})
			}
		}}, oldKey)
		s := dying.connect("ada", "1")
		p := &provider{}
		func() {
			defer func() {
				if got := recover(); got != (died{}) {
					t.Errorf("%s: %v, want the process to die there", c.point, got)
				}
			}()
			_, _, _ = dying.Renew(t.Context(), s.ID, expired, p.renew)
		}()
		if got := next.state(key(person("ada"), "figma")); got != c.state {
			t.Errorf("%s: the next process finds %s, want %s", c.point, got, c.state)
		}
		attempted := false
		_, _, err := next.Renew(t.Context(), s.ID, always, func(ctx context.Context, s tokens.Stored) (oauth.Token, error) {
			attempted = !s.Attempted.IsZero()
			return p.renew(ctx, s)
		})
		if attempted != c.attempted {
			t.Errorf("%s: the next process sees an attempt: %v, %v; want %v", c.point, attempted, err, c.attempted)
		}
	}
}

func TestWhoWaitsForALostRefreshTakesOver(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	first, second := replica(t, url, accounts.Options{}, oldKey), replica(t, url, accounts.Options{}, oldKey)
	s := first.connect("ada", "1")
	p := &provider{}
	asked := make(chan struct{})
	var all sync.WaitGroup
	_, _, err := first.Renew(t.Context(), s.ID, expired, func(context.Context, tokens.Stored) (oauth.Token, error) {
		all.Go(func() {
			got, _, err := second.Renew(t.Context(), s.ID, func(s tokens.Stored) bool {
				select {
				case <-asked:
				default:
					close(asked) // it has read the row, and is about to wait for it
				}
				return expired(s)
			}, func(ctx context.Context, s tokens.Stored) (oauth.Token, error) {
				first.want("a note while the provider is asked", notes, "true true")
				return p.renew(ctx, s)
			})
			if state := stateOf(got, err); state != "renewed1" {
				t.Errorf("who waited: got %s, want renewed1", state)
			}
		})
		<-asked
		first.awaitLock(1)
		return oauth.Token{}, failed(oauth.Limited) // without a note left: the second must make its own
	})
	if got := stateOf(tokens.Stored{}, err); got != "provider_limited" {
		t.Errorf("who was first: got %v, want its refusal", err)
	}
	all.Wait()
	first.want("note afterwards", notes, "false false")
}

// awaitLock returns once so many statements wait for a lock.
func (r *rig) awaitLock(n int) {
	r.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if r.texts("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")[0] == fmt.Sprint(n) {
			return
		}
	}
	r.t.Errorf("%d statements wait for a lock: not within half a minute", n)
}

// wait is how something waits for a refresh.
type wait int

const (
	no   wait = iota
	lock      // of the row
	loop      // it comes back
)

func TestRenewMeetsOtherChanges(t *testing.T) {
	t.Parallel()
	ada, url := person("ada"), migrated(t)
	r, other := replica(t, url, accounts.Options{}, oldKey), replica(t, url, accounts.Options{}, newKey, oldKey)
	for _, c := range []struct {
		name    string
		happens func(r *rig, s tokens.Stored) // while the provider is asked
		waits   wait                          // for the refresh
		renewed bool
		got     string // what Renew says
		after   string // what Load says afterwards
	}{
		{"a consent waits, and then its token counts", func(r *rig, _ tokens.Stored) { r.save(consent(ada, "figma", "ada", "consent")) }, lock, true, "2", "consent"},
		{"a disconnect does not wait, and the token is stored for who revokes it", func(r *rig, _ tokens.Stored) { r.disconnect(ada) }, no, true, "not_connected", "not_connected"},
		{"the same account elsewhere does not wait", func(r *rig, _ tokens.Stored) {
			n := consent(person("bob"), "figma", "ada", "bob")
			n.OneTokenPerUser = true
			r.save(n)
		}, no, true, "needs_reconnect connected_elsewhere", "needs_reconnect connected_elsewhere"},
		{"who was refused meanwhile does not give the account up", func(r *rig, s tokens.Stored) { r.expire(s, "refused") }, no, true, "2", "2"},
		{"reading does not wait", func(r *rig, _ tokens.Stored) { r.load(key(ada, "figma")) }, no, true, "2", "2"},
		{"use does not wait", func(r *rig, s tokens.Stored) { r.used(s.AccountID) }, no, true, "2", "2"},
		{"rotation passes the row by, and comes back", func(r *rig, _ tokens.Stored) { r.rotate() }, loop, true, "2", "2"},
		{"a deletion of the account waits", func(r *rig, _ tokens.Stored) { r.exec("DELETE FROM fluxmcp.oauth_accounts") }, lock, true, "2", "not_connected"},
	} {
		r.reset()
		s := r.connect("ada", "1")
		ended := make(chan struct{})
		got, renewed, err := r.Renew(t.Context(), s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
			go func() {
				defer close(ended)
				c.happens(other, s)
			}()
			switch c.waits {
			case no:
				<-ended
			case lock:
				r.awaitLock(1)
			}
			return token("", "2"), nil
		})
		<-ended
		if state := stateOf(got, err); renewed != c.renewed || state != c.got {
			t.Errorf("%s: got %v, %s; want %v, %s", c.name, renewed, state, c.renewed, c.got)
		}
		if after := other.state(key(ada, "figma")); after != c.after {
			t.Errorf("%s: afterwards %s, want %s", c.name, after, c.after)
		}
		if s, err := other.Load(t.Context(), key(ada, "figma")); err == nil && s.Version != map[string]int64{"2": 2, "consent": 3}[c.after] {
			t.Errorf("%s: version %d of %s, want 2 for the refresh and 3 for what came after it", c.name, s.Version, c.after)
		}
	}
}

func (r *rig) disconnect(p oauth.Person) accounts.Leaving {
	left, err := r.Disconnect(context.WithoutCancel(r.t.Context()), p, "figma")
	if err != nil {
		r.t.Error(err)
	}
	return left
}

func (r *rig) expire(s tokens.Stored, reason string) {
	if err := r.Expire(context.WithoutCancel(r.t.Context()), s.ID, s.Version, reason); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) used(id ...string) {
	if err := r.Used(context.WithoutCancel(r.t.Context()), id); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) rotate() {
	if _, err := r.Rotate(context.WithoutCancel(r.t.Context()), nil); err != nil {
		r.t.Error(err)
	}
}

func TestACallerThatGoesAwayLosesNoToken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	ctx, cancel := context.WithCancel(t.Context())
	got, renewed, err := r.Renew(ctx, s.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
		cancel()
		return token("", "2"), nil
	})
	if stored := r.state(key(person("ada"), "figma")); err != nil || !renewed || stored != "2" || stateOf(got, nil) != "2" {
		t.Errorf("got %s, %v, %v, and stored is %s; want 2, stored", stateOf(got, nil), renewed, err, stored)
	}
	if _, _, err := r.Renew(ctx, s.ID, always, (&provider{}).renew); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that is gone before: got %v, want its context's error", err)
	}
}

func TestRenewalsAreBounded(t *testing.T) {
	t.Parallel()
	url := migrated(t)
	r := replica(t, url, accounts.Options{Renewals: 1}, oldKey)
	ada, bob := r.connect("ada", "1"), r.connect("bob", "1")
	var all sync.WaitGroup
	_, _, err := r.Renew(t.Context(), ada.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
		ctx, cancel := context.WithCancel(t.Context())
		waiting := make(chan struct{})
		all.Go(func() {
			close(waiting)
			_, _, err := r.Renew(ctx, bob.ID, always, func(context.Context, tokens.Stored) (oauth.Token, error) {
				t.Error("a second provider call beside the first, want it to wait")
				return oauth.Token{}, errUsed
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("who waited: %v, want its context's error", err)
			}
		})
		<-waiting
		r.load(key(person("bob"), "figma")) // a round trip, in which a second call would have got somewhere
		cancel()
		all.Wait()
		return token("", "2"), nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRenewOfWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.connect("ada", "1")
	r.disconnect(person("ada"))
	for _, c := range []struct{ name, id, want string }{
		{"an account that is being disconnected", s.ID, "not_connected"},
		{"a row that was deleted", "6f1c1ae0-0000-4000-8000-000000000001", "not_connected"},
	} {
		got, renewed, err := r.Renew(t.Context(), c.id, always, (&provider{}).renew)
		if state := stateOf(got, err); state != c.want || renewed {
			t.Errorf("%s: got %s, %v; want %s", c.name, state, renewed, c.want)
		}
	}
}
