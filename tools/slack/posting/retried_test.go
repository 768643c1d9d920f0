package posting_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// caller repeats a call until it has an answer. It leaves now and then before
// there is one, as clients do whose time is over.
func caller(p *posting.Poster, m api.NewMessage, key string, leaves func() bool) (posting.Result, error) {
	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		if leaves() {
			time.AfterFunc(time.Second, cancel)
		}
		r, err := p.Post(ctx, m, key)
		left := ctx.Err() != nil
		cancel()
		if err == nil && !left {
			return r, nil
		}
		wait := time.Second
		var again interface{ RetryAfter() time.Duration }
		if errors.As(err, &again) && again.RetryAfter() > 0 {
			wait = again.RetryAfter()
		}
		time.Sleep(wait)
	}
	return posting.Result{}, errors.New("no answer after 100 calls")
}

func TestRetriedPosts(t *testing.T) {
	const keys, callers = 500, 3
	for _, seed := range []uint64{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			leaves := func() bool {
				mu.Lock()
				defer mu.Unlock()
				return chance.IntN(4) == 0
			}
			injected := map[trouble]int{}
			s := &slack{page: 50}
			s.after = func(int) trouble { // s.mu is held
				if chance.IntN(3) == 0 {
					return fine
				}
				how := trouble(1 + chance.IntN(int(troubles)-1))
				injected[how]++
				return how
			}
			s.unread = func(int) error {
				if chance.IntN(5) == 0 {
					return &failure{"slack_rate_limited", 3 * time.Second}
				}
				return nil
			}
			serial := func() bool { s.mu.Lock(); defer s.mu.Unlock(); return leaves() }
			claims := posting.NewMemory()
			replicas := []*posting.Poster{posting.New(posting.Config{API: s, Settle: settle, Claims: claims}), posting.New(posting.Config{API: s, Claims: claims})}
			results := make([][callers]posting.Result, keys)
			var all sync.WaitGroup
			for i := range keys {
				for j := range callers {
					all.Go(func() {
						time.Sleep(time.Duration(j) * 400 * time.Millisecond * time.Duration(i%7))
						m := api.NewMessage{Channel: "C" + fmt.Sprint(i%20), Text: fmt.Sprintf("message %d", i)}
						r, err := caller(replicas[(i+j)%2], m, fmt.Sprintf("key %d", i), serial)
						if err != nil {
							t.Errorf("key %d: %v", i, err)
						}
						results[i][j] = r
					})
				}
			}
			all.Wait()
			time.Sleep(time.Minute) // what is still under way arrives
			for i := range keys {
				if got := s.times(fmt.Sprintf("message %d", i)); got != 1 {
					t.Errorf("seed %d: message %d was posted %d times, want once", seed, i, got)
				}
				if a := results[i]; a[0].Posted != a[1].Posted || a[0].Posted != a[2].Posted {
					t.Errorf("seed %d: callers of key %d got %v, %v and %v, want one message", seed, i, a[0].Posted, a[1].Posted, a[2].Posted)
				}
			}
			for how := refused; how < troubles; how++ {
				if injected[how] == 0 {
					t.Errorf("seed %d: trouble %d was never injected", seed, how)
				}
			}
			t.Logf("seed %d: %d keys, %d callers each, %d requests to post, %d looks: %d messages", seed, keys, callers, s.posts, s.looks, len(s.list))
		})
	}
}
