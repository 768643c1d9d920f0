package api_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// good is an answer that is right for reads and posts.
func good() reply {
	return reply{body: `{"ok":true,"channel":"C1","ts":"1.2","messages":[],"channels":[],"members":[]}`}
}

// until counts the calls that succeed at once, before one has to wait or fails.
func until(t *testing.T, do func() error) (n int, last error) {
	t.Helper()
	for ; n < 1000; n++ {
		began := time.Now()
		if last = do(); last != nil || time.Since(began) > 0 {
			return n, last
		}
	}
	return n, last
}

func TestEachMethodHasTwoMinutesOfItsTierAtOnce(t *testing.T) {
	for _, c := range []struct {
		by    call
		burst int
		every time.Duration
	}{
		{calling("conversations.list, tier 2", func(ctx context.Context, c *api.Client) (api.Page[api.Channel], error) {
			return c.Channels(ctx, api.ChannelQuery{})
		}), 40, 3 * time.Second},
		{reads(), 100, 1200 * time.Millisecond},
		{calling("chat.getPermalink, hundreds a minute", func(ctx context.Context, c *api.Client) (string, error) { return c.Permalink(ctx, "C1", "1.2") }), 600, 200 * time.Millisecond},
		{posts(), 10, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, slack := over(t, good())
			began := time.Now()
			n, err := until(t, func() error { _, err := c.by.do(t.Context(), client); return err })
			if n != c.burst || err != nil || time.Since(began) != c.every {
				t.Errorf("%s: %d at once, then %v after %s, want %d, then one after %s", c.by.name, n, err, time.Since(began), c.burst, c.every)
			}
			if _, err := c.by.do(as(t.Context(), "another"), client); err != nil || time.Since(began) != c.every {
				t.Errorf("%s: of another account: %v after %s, want it at once", c.by.name, err, time.Since(began))
			}
			if len(slack.seen) != c.burst+2 {
				t.Errorf("%s: %d requests, want %d", c.by.name, len(slack.seen), c.burst+2)
			}
		})
	}
}

func TestPostsCountForTheirChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := over(t, good())
		post := func(channel string) error {
			_, err := client.Post(t.Context(), api.NewMessage{Channel: channel, Text: "x"})
			return err
		}
		until(t, func() error { return post("C1") })
		began := time.Now()
		if err := post("C2"); err != nil || time.Since(began) != 0 {
			t.Errorf("to another channel: %v after %s, want it at once", err, time.Since(began))
		}
	})
}

func TestNoCallWaitsLongerThanThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, slack := over(t, good())
		var all sync.WaitGroup
		var mu sync.Mutex
		limited, worst := 0, time.Duration(0)
		began := time.Now()
		for range 20 {
			all.Go(func() {
				_, err := posts().do(t.Context(), client)
				mu.Lock()
				defer mu.Unlock()
				worst = max(worst, time.Since(began))
				if err != nil {
					limited++
					if e, ok := errors.AsType[*api.Error](err); !ok || e.Kind != api.Limited || e.Wait != 4*time.Second || e.Method != "chat.postMessage" {
						t.Errorf("got %v, want Limited for 4 s", err)
					}
				}
			})
		}
		all.Wait()
		if len(slack.seen) != 13 || limited != 7 || worst != 3*time.Second {
			t.Errorf("%d sent, %d refused, the last after %s, want 13, 7 and 3 s", len(slack.seen), limited, worst)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, slack := over(t, reply{status: 429, head: map[string]string{"Retry-After": "2"}}, good())
		began := time.Now()
		_, err := reads().do(t.Context(), client)
		if err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("got %v after %s, want success after 2 s", err, time.Since(began))
		}
		slack.replies = []reply{{status: 429, head: map[string]string{"Retry-After": "2"}}}
		began = time.Now()
		if _, err = reads().do(t.Context(), client); toldOf(t, err).code != "slack_rate_limited" || time.Since(began) != 2*time.Second {
			t.Errorf("twice 2 s: got %v after %s, want an error after the first 2", err, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, _ := over(t, reply{status: 429, head: map[string]string{"Retry-After": "2"}}, good())
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		began := time.Now()
		if _, err := reads().do(ctx, client); toldOf(t, err).code != "slack_rate_limited" || time.Since(began) != 0 {
			t.Errorf("with a deadline before: got %v after %s, want an error at once", err, time.Since(began))
		}
	})
}

func TestNothingIsSentWhileSlackRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		first reply
		wait  int
	}{
		{"429 with a time", reply{status: 429, head: map[string]string{"Retry-After": "60"}}, 60},
		{"429 without", reply{status: 429}, 30},
		{"ratelimited with 200", no("ratelimited"), 30},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, slack := over(t, c.first, good())
			if _, err := reads().do(t.Context(), client); toldOf(t, err).wait != c.wait {
				t.Errorf("%s: got %v, want %d s", c.name, err, c.wait)
			}
			time.Sleep(10 * time.Second)
			for range 5 {
				if _, err := reads().do(t.Context(), client); toldOf(t, err).code != "slack_rate_limited" || toldOf(t, err).wait != c.wait-10 {
					t.Errorf("%s, 10 s later: got %v, want %d s", c.name, err, c.wait-10)
				}
			}
			if len(slack.seen) != 1 {
				t.Errorf("%s: %d requests, want one", c.name, len(slack.seen))
			}
			for name, err := range map[string]error{
				"another account": ignore(reads().do(as(t.Context(), "B"), client)),
				"another method":  ignore(posts().do(t.Context(), client)),
			} {
				if err != nil {
					t.Errorf("%s: %s: got %v", c.name, name, err)
				}
			}
			time.Sleep(time.Duration(c.wait-10) * time.Second)
			if _, err := reads().do(t.Context(), client); err != nil {
				t.Errorf("%s, when it is over: got %v", c.name, err)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, slack := over(t, reply{status: 429, head: map[string]string{"Retry-After": "60"}}, good())
		_, first := posts().do(t.Context(), client)
		_, again := posts().do(t.Context(), client)
		_, other := client.Post(t.Context(), api.NewMessage{Channel: "C2", Text: "x"})
		if first == nil || again == nil || other != nil || len(slack.seen) != 2 {
			t.Errorf("posts: got %v, %v, %v after %d requests, want another channel to be free", first, again, other, len(slack.seen))
		}
	})
}

func ignore(_ any, err error) error { return err }

func TestLimitsAreBounded(t *testing.T) {
	client, _ := over(t, good())
	for i := range 20_000 {
		if _, err := reads().do(as(t.Context(), fmt.Sprint(i)), client); err != nil {
			t.Fatalf("account %d: got %v", i, err)
		}
	}
	if n := api.Kept(client); n > 16_384 {
		t.Errorf("%d limits are remembered, want 16,384 at most", n)
	}
}

func TestWhoLeavesIsToldSo(t *testing.T) {
	client, slack := over(t, good())
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := posts().do(gone, client); !errors.Is(err, context.Canceled) || len(slack.seen) != 0 {
		t.Errorf("before a call: got %v after %d requests, want canceled after none", err, len(slack.seen))
	}
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			by   call
			want string
		}{{reads(), ""}, {posts(), "slack_outcome_unknown"}} {
			client, _ := over(t, reply{stuck: true})
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			defer stop()
			_, err := c.by.do(ctx, client)
			if c.want == "" && !errors.Is(err, context.DeadlineExceeded) || c.want != "" && toldOf(t, err).code != c.want {
				t.Errorf("%s, in the middle: got %v, want %q", c.by.name, err, c.want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		client, slack := over(t, good())
		until(t, func() error { _, err := posts().do(t.Context(), client); return err })
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second/2, stop)
		if _, err := posts().do(ctx, client); !errors.Is(err, context.Canceled) || len(slack.seen) != 11 {
			t.Errorf("while it waits for its turn: got %v after %d requests, want canceled", err, len(slack.seen))
		}
	})
}

func TestARequestEndsAfterTwentySeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			by   call
			want string
		}{{reads(), "slack_unavailable"}, {posts(), "slack_outcome_unknown"}} {
			client, slack := over(t, reply{body: `{"ok":true,`, stuck: true})
			began := time.Now()
			_, err := c.by.do(t.Context(), client)
			if toldOf(t, err).code != c.want || time.Since(began) != 20*time.Second || len(slack.seen) != 1 {
				t.Errorf("%s: got %v after %s and %d requests, want %s after 20 s and one", c.by.name, err, time.Since(began), len(slack.seen), c.want)
			}
		}
	})
}
