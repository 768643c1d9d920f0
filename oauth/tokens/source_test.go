package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

func TestWhenATokenIsRefreshed(t *testing.T) {
	const never = 0
	for _, c := range []struct {
		name     string
		left     time.Duration // until the token expires
		life     time.Duration // of the tokens that the provider gave before; 0: none yet
		finite   bool          // there is no refresh token
		want     string
		requests int
	}{
		{"one that lives long is as it is", time.Hour, 0, false, "1", 0},
		{"one that never expires is as it is", never, 0, false, "1", 0},
		{"one that ends in 4 minutes is refreshed", 4 * time.Minute, 0, false, "2", 1},
		{"one that ends in 6 minutes and a second has passed no margin", 6*time.Minute + time.Second, 0, false, "1", 0},
		{"one that has expired is refreshed", -time.Minute, 0, false, "2", 1},
		{"a tenth of a life of 100 minutes is margin", 9 * time.Minute, 100 * time.Minute, false, "3", 1},
		{"but no more than a fifth beyond", 12*time.Minute + time.Second, 100 * time.Minute, false, "1", 0},
		{"of a life of 90 days 15 minutes are", 14 * time.Minute, 90 * 24 * time.Hour, false, "3", 1},
		{"but no more than a fifth beyond that", 18*time.Minute + time.Second, 90 * 24 * time.Hour, false, "1", 0},
		{"of a life of a minute half a minute is", 29 * time.Second, time.Minute, false, "3", 1},
		{"so that it is not refreshed all the time", 37 * time.Second, time.Minute, false, "1", 0},
		{"without refresh token it is given out to its end", time.Second, 0, true, "1", 0},
		{"and then to be connected again", -time.Second, 0, true, "needs_reconnect expired", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			if c.life != 0 { // somebody else's token tells how long they live
				r.figma.life = c.life
				r.store.put(key("bob", "figma"), time.Second)
				if got := state(r.Token(t.Context(), key("bob", "figma"))); got != "2" {
					t.Fatalf("%s: bob got %s, want 2", c.name, got)
				}
			}
			before := r.figma.asked()
			stored := r.store.put(ada, c.left)
			if c.finite {
				stored.Token.Refresh = oauth.Secret{}
			}
			if got := r.token(); got != c.want || r.figma.asked()-before != c.requests {
				t.Errorf("%s: got %s after %d requests, want %s after %d", c.name, got, r.figma.asked()-before, c.want, c.requests)
			}
		})
	}
}

// TestRowsOfOneTimeAreRefreshedApart looks when rows that expire together are
// refreshed, in two processes.
func TestRowsOfOneTimeAreRefreshedApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rows = 40
		at := map[time.Duration]int{}
		one, two := newRig(t, nil), newRig(t, nil)
		one.figma.life, two.figma.life = 40*time.Minute, 40*time.Minute // a tenth is less than the least margin
		for i := range rows {
			for _, r := range []*rig{one, two} {
				r.store.put(key(fmt.Sprint("person", i), "figma"), 7*time.Minute)
			}
		}
		began := time.Now()
		for range 130 {
			for i := range rows {
				k := key(fmt.Sprint("person", i), "figma")
				before := one.figma.asked() + two.figma.asked()
				_, _ = one.Token(t.Context(), k)
				_, _ = two.Token(t.Context(), k)
				if n := one.figma.asked() + two.figma.asked() - before; n == 1 {
					t.Errorf("person %d: one process refreshed and the other did not", i)
				} else if n == 2 {
					at[time.Since(began)]++
				}
			}
			time.Sleep(time.Second)
		}
		first, last := 7*time.Minute, time.Duration(0)
		for d := range at {
			first, last = min(first, d), max(last, d)
		}
		if one.figma.asked() != rows || len(at) < 20 || first < time.Minute || last > 2*time.Minute {
			t.Errorf("%d of %d refreshed, at %d different seconds from %v to %v; want all, at 20 at least, between 1m and 2m", one.figma.asked(), rows, len(at), first, last)
		}
	})
}

func TestOneReadAndOneRequestForAllWhoComeTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.latency, r.figma.latency = 5*time.Millisecond, 150*time.Millisecond
		r.store.put(ada, -time.Minute)
		began := time.Now()
		if got := crowd(1000, r.token); !slices.Equal(got, []string{"2"}) {
			t.Errorf("1,000 calls got %q, want 2 alone", got)
		}
		if r.store.loads != 1 || r.figma.asked() != 1 || time.Since(began) != 155*time.Millisecond {
			t.Errorf("%d reads, %d requests, %v; want 1, 1 and 155ms", r.store.loads, r.figma.asked(), time.Since(began))
		}
		if e := r.events; e.waited != 1000 || e.saved != 999 || !slices.Equal(e.results, []string{"ok"}) {
			t.Errorf("told: %d waited, %d saved, %v; want 1000, 999, one ok", e.waited, e.saved, e.results)
		}
	})
}

func TestCallersThatLeaveDoNotEndTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency = 150 * time.Millisecond
		r.store.put(ada, -time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		got := crowd(100, func() string {
			_, err := r.Token(ctx, ada)
			return fmt.Sprint(errors.Is(err, context.DeadlineExceeded))
		})
		if !slices.Equal(got, []string{"true"}) || time.Since(began) != 50*time.Millisecond {
			t.Errorf("callers that left: deadline exceeded %q after %v, want all of them after 50ms", got, time.Since(began))
		}
		time.Sleep(time.Second)
		if got := r.token(); got != "2" || r.figma.asked() != 1 {
			t.Errorf("afterwards: got %s, %d requests; want 2 by the first request", got, r.figma.asked())
		}
	})
}

// TestWhoLeavesTakesNobodyAlong lets the first of two callers leave during the
// read, and while another process has the row's lock.
func TestWhoLeavesTakesNobodyAlong(t *testing.T) {
	for name, after := range map[string]time.Duration{"during the read": 50 * time.Millisecond, "waiting for the lock": 150 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.store.latency = 100 * time.Millisecond
			stored := r.store.put(ada, -time.Minute)
			<-stored.lock
			time.AfterFunc(time.Second, func() { stored.lock <- struct{}{} })
			ctx, cancel := context.WithTimeout(t.Context(), after)
			defer cancel()
			go func() { _, _ = r.Token(ctx, ada) }()
			time.Sleep(time.Millisecond)
			if got := r.token(); got != "2" {
				t.Errorf("%s: the other one got %s, want 2", name, got)
			}
		})
	}
}

func TestWhoHasAGoodTokenDoesNotWaitLong(t *testing.T) {
	for _, c := range []struct {
		name string
		left time.Duration
		want string
		took time.Duration
	}{
		{"the old one is given out after a while", time.Minute, "1", 3 * time.Second},
		{"one that has expired is no alternative", -time.Second, "2", 8 * time.Second},
		{"nor one that expires meanwhile", time.Second, "2", 8 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.figma.latency = 8 * time.Second
			r.store.put(ada, c.left)
			began := time.Now()
			if got := r.token(); got != c.want || time.Since(began) != c.took {
				t.Errorf("%s: got %s after %v, want %s after %v", c.name, got, time.Since(began), c.want, c.took)
			}
			time.Sleep(10 * time.Second)
			if got := r.token(); got != "2" || r.figma.asked() != 1 {
				t.Errorf("%s: afterwards %s, %d requests; want 2 by one", c.name, got, r.figma.asked())
			}
		})
	}
}

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

// TestAnAccountThatEndsDuringItsRefresh is one whose new token is stored and
// may not be used.
func TestAnAccountThatEndsDuringItsRefresh(t *testing.T) {
	for want, change := range map[string]func(*row){
		"not_connected":             func(r *row) { r.gone = true },
		"needs_reconnect elsewhere": func(r *row) { r.status = "elsewhere" },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.figma.latency = time.Second
			r.store.put(ada, time.Minute)
			go func() {
				time.Sleep(time.Second / 2)
				r.store.change(ada, change)
			}()
			if got := r.token(); got != want {
				t.Errorf("got %s, want %s, though the old token is good", got, want)
			}
		})
	}
}

func TestARefusalThatAnotherProcessHasMendedIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency = time.Second
		r.figma.always = refused
		r.store.put(ada, -time.Minute)
		go func() {
			time.Sleep(time.Second / 2) // a new consent, which need not wait here
			r.store.change(ada, func(r *row) {
				r.Version, r.Token.Access, r.Token.Expires = 2, oauth.NewSecret("access-new"), time.Now().Add(time.Hour)
			})
		}()
		if got := r.token(); got != "new" {
			t.Errorf("got %s, want new", got)
		}
	})
}

func TestRefreshTokensStayHere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.put(ada, time.Hour)
		got, err := r.Token(t.Context(), ada)
		if err != nil || !got.Refresh.IsZero() {
			t.Errorf("Token gave a refresh token: %v, %v; want none", !got.Refresh.IsZero(), err)
		}
		got, err = r.Renewed(t.Context(), ada, got)
		if err != nil || !got.Refresh.IsZero() {
			t.Errorf("Renewed gave a refresh token: %v, %v; want none", !got.Refresh.IsZero(), err)
		}
	})
}

func TestTheLogHasNoToken(t *testing.T) {
	var log bytes.Buffer
	for _, answers := range [][]error{{nil}, {broken, broken, broken}, {refused}, {badClient}, {nonsense}, {errPanic}, {silence, silence, silence}} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(c *tokens.Config) {
				c.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			})
			r.figma.answers = answers
			r.store.put(ada, -time.Minute)
			r.store.full = errDown
			r.token()
			r.store.fails(errDown)
			r.token()
		})
	}
	for _, secret := range []string{"access-", "refresh-"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %s:\n%s", secret, log.String())
		}
	}
	for _, line := range []string{"refreshed token not stored", "refresh failed", "refresh refused", "provider does not accept our credentials", "token source panicked"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("the log lacks %q", line)
		}
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency = time.Second
		r.store.put(ada, -time.Minute)
		ctx, leave := context.WithCancel(t.Context())
		go func() { _, _ = r.Token(ctx, ada) }()
		synctest.Wait()
		leave()
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := r.Close(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closed in a hurry: %v, want deadline exceeded", err)
		}
		if err := r.Close(t.Context()); err != nil {
			t.Errorf("closed: %v, want none", err)
		}
		if got := r.store.rows[named(ada)].Version; got != 2 {
			t.Errorf("version %d after Close, want the refresh stored", got)
		}
		for name, f := range map[string]func() (oauth.Token, error){
			"Token":   func() (oauth.Token, error) { return r.Token(t.Context(), ada) },
			"Renewed": func() (oauth.Token, error) { return r.Renewed(t.Context(), ada, oauth.Token{}) },
		} {
			if _, err := f(); !errors.Is(err, tokens.ErrClosed) {
				t.Errorf("%s after Close: %v, want ErrClosed", name, err)
			}
		}
	})
}
