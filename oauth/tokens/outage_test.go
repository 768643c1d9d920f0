package tokens_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

// TestAnswersOfTheProvider asks twice for a token: while the provider answers
// so, and a day later, when it is well again.
func TestAnswersOfTheProvider(t *testing.T) {
	type say = []error
	for _, c := range []struct {
		name     string
		left     time.Duration
		answers  say
		want     string
		requests int
		later    string
	}{
		{"who fails twice is asked three times", -1, say{broken, broken}, "2", 3, "3"},
		{"and no more in a row", -1, say{broken, broken, broken}, "provider_unavailable", 3, "2"},
		{"while the old token is good, a failure is no news", time.Minute, say{broken, broken, broken}, "1", 3, "2"},
		{"no answer is final while the old token is good: it may have been a token", time.Minute, say{silence}, "1", 1, "2"},
		{"with nothing to lose the row is read again, and the provider asked", -1, say{silence, silence}, "2", 3, "3"},
		{"but not for ever", -1, say{silence, silence, silence}, "provider_unavailable", 3, "2"},
		{"refused after no answer is interrupted", -1, say{silence, refused}, "needs_reconnect interrupted", 2, "needs_reconnect interrupted"},
		{"so it is when the answer was lost in an earlier flight", time.Minute, say{silence, refused}, "1", 1, "needs_reconnect interrupted"},
		{"refused after a gateway's failure too", -1, say{broken, refused}, "needs_reconnect interrupted", 2, "needs_reconnect interrupted"},
		{"refused out of hand is the person's doing", -1, say{refused}, "needs_reconnect refused", 1, "needs_reconnect refused"},
		{"also while the old token is good", time.Minute, say{refused}, "needs_reconnect refused", 1, "needs_reconnect refused"},
		{"our own credentials are nobody's account", -1, say{badClient}, "provider_misconfigured", 1, "2"},
		{"and the old token is given out as long as it is good", time.Minute, say{badClient}, "1", 1, "2"},
		{"a short limit is waited for", -1, say{limited(time.Second)}, "2", 2, "3"},
		{"a long one is not", -1, say{limited(time.Minute)}, "provider_unavailable", 1, "2"},
		{"nonsense is not repeated, for it may have had a token", -1, say{nonsense}, "provider_unavailable", 1, "2"},
		{"and a refusal that follows is no wonder", time.Minute, say{nonsense, refused}, "1", 1, "needs_reconnect interrupted"},
		{"nor is what no client should say", -1, say{errors.New("what?")}, "provider_unavailable", 1, "2"},
		{"a client's mistake is an error", -1, say{errPanic}, "the token source panicked: a provider's client with a mistake", 1, "2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.figma.answers = c.answers
			r.store.put(ada, c.left)
			began := time.Now()
			if got := r.token(); got != c.want || r.figma.asked() != c.requests {
				t.Errorf("%s: got %s after %d requests, want %s after %d", c.name, got, r.figma.asked(), c.want, c.requests)
			}
			if took := time.Since(began); took > patience {
				t.Errorf("%s: took %v, want no more than 3s", c.name, took)
			}
			time.Sleep(24 * time.Hour)
			if got := r.token(); got != c.later {
				t.Errorf("%s: a day later %s, want %s", c.name, got, c.later)
			}
		})
	}
}

const patience = 3 * time.Second

// TestWaitThatCallersAreTold is of errors whose token has expired.
func TestWaitThatCallersAreTold(t *testing.T) {
	for _, c := range []struct {
		name        string
		answer      error
		least, most time.Duration
	}{
		{"a failure is left alone for half a minute and some more", broken, 30 * time.Second, 38 * time.Second},
		{"a limit as long as the provider says", limited(5 * time.Hour), 5 * time.Hour, 5 * time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.figma.always = c.answer
			r.store.put(ada, -time.Minute)
			for _, passed := range []time.Duration{0, 10 * time.Second} {
				time.Sleep(passed)
				asked := r.figma.asked()
				_, err := r.Token(t.Context(), ada)
				var away *oauth.ProviderAway
				if !errors.As(err, &away) || away.Wait < c.least-passed || away.Wait > c.most-passed || !errors.Is(err, c.answer) {
					t.Errorf("%s: after %v %#v, want *oauth.ProviderAway with a wait from %v to %v, less that", c.name, passed, err, c.least, c.most)
				}
				if passed > 0 && r.figma.asked() != asked {
					t.Errorf("%s: asked again after %v", c.name, passed)
				}
			}
		})
	}
}

// TestBackoff asks every second for two hours. Then the provider is well, and
// fails again later.
func TestBackoff(t *testing.T) {
	for _, left := range []time.Duration{-time.Minute, 100 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(c *tokens.Config) { c.Margin = 200 * time.Hour })
			r.figma.always = silence // one request for each attempt, while the token is good
			if left < 0 {
				r.figma.always = nonsense
			}
			r.store.put(ada, left)
			for range 2 * 60 * 60 {
				r.token()
				time.Sleep(time.Second)
			}
			var pauses []time.Duration
			for i, at := range r.figma.requests[1:] {
				pauses = append(pauses, at.Sub(r.figma.requests[i]))
			}
			for i, got := range pauses {
				least := min(30*time.Second<<i, 15*time.Minute)
				if got < least || got > min(least*5/4, 15*time.Minute)+time.Second {
					t.Errorf("%v left: pause %d is %v, want %v and up to a quarter more", left, i+1, got, least)
				}
			}
			if n := len(pauses); n < 10 || n > 13 {
				t.Errorf("%v left: %d attempts in 2 h, want about 11", left, n)
			}
			r.figma.always = nil
			time.Sleep(15 * time.Minute)
			if got := r.token(); got != "2" {
				t.Errorf("%v left: well again, got %s, want 2", left, got)
			}
		})
	}
}

func TestProcessesThatFailTogetherDoNotTryAgainTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			r := newRig(t, nil)
			r.figma.always = nonsense
			r.store.put(ada, -time.Minute)
			_, err := r.Token(t.Context(), ada)
			var away *oauth.ProviderAway
			if errors.As(err, &away) {
				waits[away.Wait] = true
			}
		}
		if len(waits) < 10 {
			t.Errorf("20 processes wait for %d different times, want 10 at least", len(waits))
		}
	})
}

// TestAProviderThatIsAwayIsLeftAlone has four people with one provider and one
// with another.
func TestAProviderThatIsAwayIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.always = broken
		for i := range 4 {
			r.store.put(key(fmt.Sprint(i), "figma"), -time.Minute)
			_, _ = r.Token(t.Context(), key(fmt.Sprint(i), "figma"))
		}
		if r.figma.asked() != 9 {
			t.Errorf("asked %d times, want 9: not for the fourth person", r.figma.asked())
		}
		r.store.put(key("ada", "slack"), -time.Minute)
		if got := state(r.Token(t.Context(), key("ada", "slack"))); got != "2" {
			t.Errorf("of another provider: %s, want 2", got)
		}
		r.figma.always = nil
		time.Sleep(40 * time.Second)
		if got := state(r.Token(t.Context(), key("3", "figma"))); got != "2" {
			t.Errorf("40 s later: %s, want 2", got)
		}
	})
}

func TestOnePersonsFailureIsNoProvidersOutage(t *testing.T) {
	for failures := range 7 {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.figma.always = limited(3 * time.Second) // one request for each attempt
			r.store.put(ada, -time.Minute)
			for r.figma.asked() < failures {
				r.token()
				time.Sleep(time.Second)
			}
			r.figma.always = nil
			r.store.put(key("bob", "figma"), -time.Minute)
			if got := state(r.Token(t.Context(), key("bob", "figma"))); got != "2" {
				t.Errorf("bob, after %d failures for ada: %s, want 2", failures, got)
			}
		})
	}
}

// TestASlowFailureIsNotRepeated is about who waits for the row's lock elsewhere.
func TestASlowFailureIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency, r.figma.always = 5*time.Second, broken
		r.store.put(ada, -time.Minute)
		if got := r.token(); got != "provider_unavailable" || r.figma.asked() != 1 {
			t.Errorf("got %s after %d requests, want provider_unavailable after 1", got, r.figma.asked())
		}
	})
}

func TestASlowProviderLeavesPlacesToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency, r.slack.latency = 9*time.Second, 100*time.Millisecond
		for i := range 10 {
			r.store.put(key(fmt.Sprint(i), "figma"), -time.Minute)
			go func() { _, _ = r.Token(t.Context(), key(fmt.Sprint(i), "figma")) }()
		}
		synctest.Wait()
		began := time.Now()
		r.store.put(key("ada", "slack"), -time.Minute)
		if got := state(r.Token(t.Context(), key("ada", "slack"))); got != "2" || time.Since(began) != 100*time.Millisecond {
			t.Errorf("of another provider: %s after %v, want 2 after 100ms", got, time.Since(began))
		}
		time.Sleep(time.Minute)
		if r.figma.peak() != 2 {
			t.Errorf("the slow one was asked by %d at once, want 2", r.figma.peak())
		}
		if n := r.figma.asked(); n < 4 || n > 6 {
			t.Errorf("the slow one was asked %d times, want what begins within 20 s", n)
		}
	})
}

func TestParallelBoundsAllProvidersTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := &provider{latency: time.Second}
		r := newRig(t, func(c *tokens.Config) {
			c.Parallel = 3
			c.Client = func(string) (tokens.Refresher, bool) { return one, true }
		})
		for i := range 20 {
			k := key("ada", fmt.Sprint("provider", i))
			r.store.put(k, -time.Minute)
			go func() { _, _ = r.Token(t.Context(), k) }()
		}
		time.Sleep(time.Minute)
		if one.peak() != 3 || one.asked() != 20 {
			t.Errorf("%d refreshes of 20, %d at once; want 20, 3", one.asked(), one.peak())
		}
	})
}

// TestARequestIsNotCutOff has three people in turn, each of whose refreshes
// takes 9 s: the third one's answer comes after its flight's time is over.
func TestARequestIsNotCutOff(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer error
		want   string
	}{
		{"its token is stored", nil, "4"},
		{"and its refusal has its consequence", refused, "needs_reconnect refused"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(cfg *tokens.Config) { cfg.Parallel = 1 })
			r.figma.latency, r.figma.answers = 9*time.Second, []error{nil, nil, c.answer}
			for i := range 3 {
				k := key(fmt.Sprint(i), "figma")
				r.store.put(k, -time.Minute)
				go func() { _, _ = r.Token(t.Context(), k) }()
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Minute)
			stored, err := r.store.Load(t.Context(), key("2", "figma"))
			if got := state(stored.Token, err); got != c.want || r.figma.asked() != 3 {
				t.Errorf("%s: stored is %s after %d requests, want %s after 3", c.name, got, r.figma.asked(), c.want)
			}
		})
	}
}

func TestATokenThatCannotBeStoredIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.put(ada, -time.Minute)
		r.store.full = errDown
		if got := r.token(); got != "2" {
			t.Errorf("while nothing can be stored: %s, want 2 all the same", got)
		}
		if got := r.token(); got != "2" || r.figma.asked() != 1 {
			t.Errorf("again: %s after %d requests, want 2 after 1", got, r.figma.asked())
		}
		r.store.full = nil
		if got := r.token(); got != "2" || r.figma.asked() != 1 || r.store.rows[named(ada)].Version != 2 {
			t.Errorf("afterwards: %s after %d requests, version %d; want 2 after 1, version 2", got, r.figma.asked(), r.store.rows[named(ada)].Version)
		}
	})
}

func TestAnEmptyTokenIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.empty = true
		r.store.put(ada, -time.Minute)
		if got := r.token(); got != "provider_unavailable" || r.figma.asked() != 1 {
			t.Errorf("got %s after %d requests, want provider_unavailable after 1", got, r.figma.asked())
		}
	})
}

func TestStoreThatIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &shelf{}
		r := newRig(t, func(c *tokens.Config) { c.Cache = cache })
		r.store.put(ada, time.Hour)
		r.store.fails(errDown)
		if _, err := r.Token(t.Context(), ada); !errors.Is(err, errDown) {
			t.Errorf("nothing cached: %v, want the store's error", err)
		}
		r.store.fails(nil)
		r.token()
		r.store.fails(errDown)
		if got := r.token(); got != "1" {
			t.Errorf("cached: %s, want 1", got)
		}
	})
}

func TestWhatIsNotThere(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*row)
		want   string
	}{
		{"an account that was disconnected", func(r *row) { r.gone = true }, "not_connected"},
		{"one that must be connected again", func(r *row) { r.status = "refused" }, "needs_reconnect refused"},
		{"one whose provider is not offered any more, with a good token", func(r *row) { r.key.Provider = "gone" }, "1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.store.put(ada, time.Hour)
			r.store.change(ada, c.change)
			_, err := r.Token(t.Context(), ada)
			if got := r.token(); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			var none *oauth.NotConnected
			if errors.As(err, &none) && none.Provider != "figma" {
				t.Errorf("%s: of provider %q, want figma", c.name, none.Provider)
			}
		})
	}
}

func TestAProviderThatIsNotOffered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for left, want := range map[time.Duration]string{time.Minute: "1", -time.Minute: "provider_misconfigured"} {
			r.store.put(key("ada", "notion"), left)
			if got := state(r.Token(t.Context(), key("ada", "notion"))); got != want {
				t.Errorf("%v left: %s, want %s", left, got, want)
			}
		}
	})
}
