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

func TestAccountSaysWhoseTokenItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		if id, err := r.Account(t.Context(), ada); !errors.As(err, new(*oauth.NotConnected)) {
			t.Errorf("got %q, %v without an account, want *oauth.NotConnected", id, err)
		}
		r.store.put(ada, time.Hour)
		time.Sleep(time.Minute) // what is not there is remembered for seconds
		if id, err := r.Account(t.Context(), ada); err != nil || id != "account of ada figma" {
			t.Errorf("got %q, %v, want the id of the account", id, err)
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
