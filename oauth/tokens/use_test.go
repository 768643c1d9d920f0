package tokens_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

// TestCache looks at what is read and dropped.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &shelf{}
		r := newRig(t, func(c *tokens.Config) { c.Cache = cache })
		r.store.put(ada, time.Hour)
		for step, c := range []struct {
			name  string
			act   func()
			want  string
			loads int // in all
			drops int // of the account's three names
		}{
			{"the first call reads", func() {}, "1", 1, 0},
			{"the next one does not", func() {}, "1", 1, 0},
			{"what ends soon is read", func() { time.Sleep(56 * time.Minute) }, "2", 2, 0},
			{"its successor is cached at once", func() {}, "2", 2, 0},
			{"a token that was refused is not taken from there", func() { r.renewed() }, "3", 3, 0},
			{"one whose refresh was refused is dropped", func() { time.Sleep(time.Minute); r.figma.always = refused; r.renewed() }, "needs_reconnect refused", 6, 3},
		} {
			c.act()
			got := r.token()
			if got != c.want || r.store.loads != c.loads || cache.drops != c.drops {
				t.Errorf("step %d, %s: got %s after %d reads and %d drops, want %s after %d and %d", step, c.name, got, r.store.loads, cache.drops, c.want, c.loads, c.drops)
			}
			for k, s := range cache.list {
				if !s.Token.Refresh.IsZero() {
					t.Errorf("step %d: the cache has a refresh token of %v", step, k)
				}
			}
		}
	})
}

func TestAnAccountThatEndsDuringItsRefreshIsDroppedFromTheCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &shelf{}
		r := newRig(t, func(c *tokens.Config) { c.Cache = cache })
		r.figma.latency = time.Second
		r.store.put(ada, time.Hour)
		r.token()
		go func() {
			time.Sleep(time.Second / 2)
			r.store.change(ada, func(r *row) { r.gone = true })
		}()
		if got := r.renewed(); got != "not_connected" || len(cache.list) != 0 {
			t.Errorf("got %s with %d cached, want not_connected and none", got, len(cache.list))
		}
	})
}

func TestUseIsNotedTogetherAndOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		var want []string
		for i := range 3 {
			r.store.put(key(fmt.Sprint(i), "figma"), 0)
			want = append(want, fmt.Sprintf("account of %d figma", i))
		}
		use := func() {
			for i := range 3 {
				_, _ = r.Token(t.Context(), key(fmt.Sprint(i), "figma"))
			}
		}
		for range 100 { // 100 s
			use()
			time.Sleep(time.Second)
		}
		if len(r.store.noted()) != 2 || !slices.Equal(r.store.noted()[0], want) || !slices.Equal(r.store.noted()[1], want) {
			t.Errorf("noted %q, want %q twice", r.store.noted(), want)
		}
		r.store.put(ada, 0)
		r.token()
		if err := r.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(r.store.noted()) != 3 || !slices.Equal(r.store.noted()[2], []string{"account of ada figma"}) {
			t.Errorf("noted %q after Close, want ada's account last", r.store.noted())
		}
	})
}

func TestUseThatCouldNotBeNotedIsNotedByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *tokens.Config) { c.Cache = &shelf{} })
		r.store.put(ada, 0)
		r.token()
		r.store.fails(errDown)
		time.Sleep(10 * time.Second)
		r.store.fails(nil)
		r.token()
		time.Sleep(10 * time.Second)
		if len(r.store.noted()) != 2 {
			t.Errorf("tried to note %d times, want 2", len(r.store.noted()))
		}
	})
}

func TestATokenThatIsNotGivenOutIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.always = refused
		r.store.put(ada, -time.Minute)
		r.token()
		time.Sleep(time.Minute)
		if len(r.store.noted()) != 0 {
			t.Errorf("noted %q, want nothing", r.store.noted())
		}
	})
}

// TestRefreshDue has tokens that end at different times, of a provider that is
// slow, one that is quick, and some that cannot be refreshed.
func TestRefreshDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency, r.slack.latency = 9*time.Second, 100*time.Millisecond
		for i := range 6 {
			r.store.put(key(fmt.Sprint(i), "figma"), -time.Minute)
			r.store.put(key(fmt.Sprint(i), "slack"), time.Minute)
		}
		r.store.put(key("soon", "slack"), 6*time.Minute+30*time.Second) // not due for Token yet
		r.store.put(key("later", "slack"), 10*time.Minute)
		r.store.put(key("never", "slack"), 0)
		r.store.put(key("finite", "slack"), time.Minute).Token.Refresh = oauth.Secret{}
		r.store.put(key("ended", "slack"), time.Minute).status = "refused"
		r.store.put(key("ada", "gone"), time.Minute)
		done := make(chan int)
		go func() {
			n, err := r.RefreshDue(t.Context())
			if err != nil {
				t.Errorf("%v, want no error", err)
			}
			done <- n
		}()
		time.Sleep(time.Second)
		if r.slack.asked() != 7 {
			t.Errorf("after a second the quick one was asked %d times, want 7", r.slack.asked())
		}
		if n := <-done; n != 13 || r.figma.asked() != 6 || r.figma.peak() != 2 {
			t.Errorf("%d refreshed, %d by the slow one, %d at once; want 13, 6, 2", n, r.figma.asked(), r.figma.peak())
		}
		if r.events.waited != 0 || len(r.store.noted()) != 0 {
			t.Errorf("%d calls waited, %q used; want none", r.events.waited, r.store.noted())
		}
		if n, err := r.RefreshDue(t.Context()); n != 0 || err != nil {
			t.Errorf("again: %d, %v; want 0", n, err)
		}
	})
}

func TestWhatRefreshDueCallsAnError(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig)
		want   string
	}{
		{"a provider that is away is none", func(r *rig) { r.figma.always = broken }, "<nil>"},
		{"an account that must be connected again is none", func(r *rig) { r.figma.always = refused }, "<nil>"},
		{"wrong credentials are none", func(r *rig) { r.figma.always = badClient }, "<nil>"},
		{"a database that is away is one", func(r *rig) { r.store.fails(errDown) }, "refresh tokens that end soon: the database is away"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, nil)
			r.store.put(ada, time.Minute)
			c.change(r)
			if n, err := r.RefreshDue(t.Context()); n != 0 || fmt.Sprint(err) != c.want {
				t.Errorf("%s: %d, %v; want 0, %s", c.name, n, err, c.want)
			}
		})
	}
}

func TestRefreshDueEndsWithItsContextAndTheRefreshGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.figma.latency = 5 * time.Second
		for i := range 10 {
			r.store.put(key(fmt.Sprint(i), "figma"), time.Minute)
		}
		r.store.put(ada, -time.Minute)
		ctx, cancel := withTimeout(t, time.Second)
		defer cancel()
		if _, err := r.RefreshDue(ctx); err == nil {
			t.Error("no error, want the context's")
		}
		time.Sleep(10 * time.Second)
		if got := r.token(); got != "2" && got != "3" || r.figma.asked() != 2 {
			t.Errorf("afterwards %s, %d requests; want a new token by one of the 2 that had begun", got, r.figma.asked())
		}
	})
}
