package tokens_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

func TestOneRequestForAllWhoWereRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.latency, r.figma.latency = 5*time.Millisecond, 150*time.Millisecond
		r.store.put(ada, time.Hour)
		r.token()
		late := make(chan []string, 1)
		go func() {
			time.Sleep(time.Second)
			late <- crowd(100, r.renewed) // with the token of before
		}()
		if got := crowd(1000, r.renewed); !slices.Equal(got, []string{"2"}) {
			t.Errorf("1,000 who were refused got %q, want 2 alone", got)
		}
		if got := <-late; !slices.Equal(got, []string{"2"}) || r.figma.asked() != 1 {
			t.Errorf("100 who come late got %q, %d requests in all; want 2 by the first one", got, r.figma.asked())
		}
	})
}

func TestTwoProcessesRefusedAtOnceAskOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newRig(t, nil)
		two := newRig(t, func(c *tokens.Config) {
			c.Store = one.store
			c.Client = func(string) (tokens.Refresher, bool) { return one.figma, true }
		})
		one.figma.latency = 150 * time.Millisecond
		one.store.put(ada, time.Hour)
		one.token()
		two.token()
		both := []*rig{one, two}
		turn := make(chan int, 100)
		for i := range 100 {
			turn <- i % 2
		}
		if got := crowd(100, func() string { return both[<-turn].renewed() }); !slices.Equal(got, []string{"2"}) || one.figma.asked() != 1 {
			t.Errorf("got %q, %d requests; want 2 alone by 1", got, one.figma.asked())
		}
	})
}

// TestRenewed has a token that the API refuses, an hour before its end.
func TestRenewed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig)
		want   string
		asked  int
		later  string // what Token says then
	}{
		{"it is refreshed", func(*rig) {}, "2", 1, "2"},
		{"one that never expires as well", func(r *rig) { r.store.change(ada, func(r *row) { r.Token.Expires = time.Time{} }) }, "2", 1, "2"},
		{"one without refresh token is to be connected again", func(r *rig) {
			r.store.change(ada, func(r *row) { r.Token.Refresh = oauth.Secret{} })
		}, "needs_reconnect rejected", 0, "needs_reconnect rejected"},
		{"a refused refresh likewise", func(r *rig) { r.figma.always = refused }, "needs_reconnect refused", 1, "needs_reconnect refused"},
		{"a provider that is away has no other, and the old one is no use", func(r *rig) { r.figma.always = broken }, "provider_unavailable", 3, "1"},
		{"no answer is no reason to wait then", func(r *rig) { r.figma.answers = []error{silence} }, "2", 2, "2"},
		{"an account that was disconnected", func(r *rig) { r.store.change(ada, func(r *row) { r.gone = true }) }, "not_connected", 0, "not_connected"},
		{"where there is another already, that is given out", func(r *rig) {
			r.store.change(ada, func(r *row) { r.Version, r.Token.Access = 2, oauth.NewSecret("access-other") })
		}, "other", 0, "other"},
		{"but not if it has expired", func(r *rig) {
			r.store.change(ada, func(r *row) {
				r.Version, r.Token.Access, r.Token.Expires = 2, oauth.NewSecret("access-other"), time.Now().Add(-time.Second)
			})
		}, "2", 1, "2"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.store.put(ada, time.Hour)
			r.token()
			c.change(r)
			if got := r.renewed(); got != c.want || r.figma.asked() != c.asked {
				t.Errorf("%s: got %s after %d requests, want %s after %d", c.name, got, r.figma.asked(), c.want, c.asked)
			}
			if got := r.token(); got != c.later {
				t.Errorf("%s: then %s, want %s", c.name, got, c.later)
			}
		})
	}
}

// TestAnAPIThatRefusesEverything is called every second for an hour.
func TestAnAPIThatRefusesEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.life = 24 * time.Hour
		r.store.put(ada, 24*time.Hour)
		told := 0
		for range 3600 {
			r.token()
			_, err := r.Renewed(t.Context(), ada, r.last)
			var still *tokens.Rejected
			if errors.As(err, &still) && still.Provider == "figma" && still.RetryAfter() > 0 && still.RetryAfter() <= 15*time.Minute {
				told++
			}
			time.Sleep(time.Second)
		}
		n := r.figma.asked()
		if n < 6 || n > 9 || told != 3600-n {
			t.Errorf("%d refreshes, *Rejected with a wait %d times; want about 7, and it the other times", n, told)
		}
		time.Sleep(time.Hour)
		r.token()
		if got := r.renewed(); got != fmt.Sprint(n+2) {
			t.Errorf("refused for once, an hour later: %s, want %d", got, n+2)
		}
	})
}

func TestRejectedSaysWhatToDo(t *testing.T) {
	e := &tokens.Rejected{Provider: "figma", Wait: time.Minute}
	if e.Code() != "token_rejected" || e.Error() != "figma refuses an access token that it has just given" ||
		e.Hint() != "Try again after retry_after_seconds; if it stays so, connect the account of figma again." {
		t.Errorf("code %q, error %q, hint %q", e.Code(), e, e.Hint())
	}
}
