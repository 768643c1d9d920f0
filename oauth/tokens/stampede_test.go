//go:build unix

package tokens_test

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/storetest"
)

const (
	replicas = 4
	callers  = 1000
)

// TestStampede has 1,000 callers in four processes who all need the token that
// has just expired, nothing cached and no connection made.
func TestStampede(t *testing.T) {
	for _, c := range []struct {
		name     string
		failures int // of the provider, first
		requests int
	}{
		{"one request serves all", 0, 1},
		{"a provider that fails twice first is asked three times", 2, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, url := newHub(t), database(t)
			h.failures = c.failures
			newDesk(t, url, h, "").connect(t)
			got := stampede(startReplicas(t, url, h))
			want := map[string]int{fmt.Sprint(c.requests + 1): callers}
			if !maps.Equal(got.States, want) || h.count() != c.requests {
				t.Errorf("callers got %v by %d requests, want %v by %d", got.States, h.count(), want, c.requests)
			}
			t.Logf("%d callers in %d processes, %d requests of %v each: the slowest took %v", callers, replicas, h.count(), h.latency, got.Slowest.Round(time.Millisecond))
		})
	}
}

func startReplicas(t testing.TB, database string, h *hub) []*replica {
	t.Helper()
	list := make([]*replica, replicas)
	for i := range list {
		list[i] = startReplica(t, database, h.endpoint(), "-")
	}
	return list
}

// stampede lets all replicas call at once, and adds up what they report.
func stampede(list []*replica) report {
	for _, r := range list {
		r.call(callers / len(list))
	}
	sum := report{States: map[string]int{}}
	for _, r := range list {
		got := r.await()
		for state, n := range got.States {
			sum.States[state] += n
		}
		sum.Slowest = max(sum.Slowest, got.Slowest)
	}
	return sum
}

// TestCallersLeaveInTheMiddle ends the calls while the provider works.
func TestCallersLeaveInTheMiddle(t *testing.T) {
	h, url := newHub(t), database(t)
	asked := make(chan struct{})
	h.asked = sync.OnceFunc(func() { close(asked) })
	p := newDesk(t, url, h, "")
	p.connect(t)
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		<-asked
		leave()
	}()
	got := p.stampede(ctx, 100)
	if want := map[string]int{"context canceled": 100}; !maps.Equal(got.States, want) {
		t.Errorf("callers got %v, want %v", got.States, want)
	}
	if err := p.source.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if got := p.stored(t); got != "2" || h.count() != 1 {
		t.Errorf("stored is %s after %d requests, want 2 after 1", got, h.count())
	}
}

// TestKillAtEachPoint kills a process in the middle of a refresh. The next one
// must find either a token that works or an account that is to be connected
// again, say so each time, and work after that was done.
func TestKillAtEachPoint(t *testing.T) {
	h, url := newHub(t), database(t)
	h.latency = 0
	p := newDesk(t, url, h, "")
	for _, c := range []struct {
		point    string
		want     string
		requests int // of the process that died and the next one
	}{
		{"refresh.before_provider", "2", 1},
		{"refresh.after_provider", "needs_reconnect interrupted", 2},
		{"refresh.before_commit", "needs_reconnect interrupted", 2},
		{"refresh.after_commit", "2", 1},
	} {
		t.Run(c.point, func(t *testing.T) {
			h.reset()
			p.connect(t)
			if got := startReplica(t, url, h.endpoint(), c.point).once(); got != "" {
				t.Fatalf("the process got %s, want it to die", got)
			}
			next := startReplica(t, url, h.endpoint(), "-")
			for range 2 {
				if got := next.once(); got != c.want || h.count() != c.requests {
					t.Errorf("the next process got %s, %d requests in all; want %s, %d", got, h.count(), c.want, c.requests)
				}
			}
			h.reset()
			p.connect(t)
			if got := next.once(); got != "2" {
				t.Errorf("connected again: %s, want 2", got)
			}
			next.leave()
		})
	}
}

// TestADisconnectedAccountIsSoEverywhere has two processes with one Redis, in
// which the token would be for a minute.
func TestADisconnectedAccountIsSoEverywhere(t *testing.T) {
	h, url, cache := newHub(t), database(t), storetest.Redis(t)
	h.latency = 0
	one, two := newDesk(t, url, h, cache), newDesk(t, url, h, cache)
	ask := func(p *parts) string { return state(p.source.Token(t.Context(), adaHub)) }
	one.connect(t)
	if a, b := ask(one), ask(two); a != "2" || b != "2" || h.count() != 1 {
		t.Errorf("got %s and %s by %d requests, want 2 and 2 by 1", a, b, h.count())
	}
	storetest.Exec(t, url, "UPDATE fluxmcp.oauth_tokens SET access_token = 'unreadable'")
	if got := ask(two); got != "2" {
		t.Errorf("from the cache: %s, want 2", got)
	}
	if _, err := one.accounts.Disconnect(t.Context(), adaHub.Person, adaHub.Provider); err != nil {
		t.Fatal(err)
	}
	one.cache.Drop(t.Context(), adaHub)
	if a, b := ask(one), ask(two); a != "not_connected" || b != "not_connected" {
		t.Errorf("disconnected: %s and %s, want not_connected", a, b)
	}
}

// BenchmarkStampede is the slowest of 1,000 callers in four processes, whose
// connections to the database are made.
func BenchmarkStampede(b *testing.B) {
	h, url := newHub(b), database(b)
	p := newDesk(b, url, h, "")
	p.connect(b)
	list := startReplicas(b, url, h)
	stampede(list)
	var slowest, sum time.Duration
	for b.Loop() {
		h.reset()
		p.connect(b)
		got := stampede(list)
		if got.States["2"] != callers || h.count() != 1 {
			b.Fatalf("callers got %v by %d requests, want 2 by 1", got.States, h.count())
		}
		slowest, sum = max(slowest, got.Slowest), sum+got.Slowest
	}
	b.ReportMetric(float64(sum.Milliseconds())/float64(b.N), "slowest-ms")
	b.ReportMetric(float64(slowest.Milliseconds()), "worst-ms")
	b.ReportMetric(0, "ns/op")
}
