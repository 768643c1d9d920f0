package posting_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

var hello = api.NewMessage{Channel: "C1", Text: "hello"}

// step is one call, after a pause.
type step struct {
	pause time.Duration
	m     api.NewMessage // zero: hello
	key   string
	code  string // wanted; empty: an answer
	again bool   // wanted: Repeated
	wait  time.Duration
}

func TestPost(t *testing.T) {
	other := api.NewMessage{Channel: "C1", Text: "something else"}
	reply := api.NewMessage{Channel: "C1", Thread: "1.000001", Text: "hello"}
	direct := api.NewMessage{Channel: "U2", Text: "hello"}
	missing := func(int) error { return &failure{code: "slack_scope_missing"} }
	for _, c := range []struct {
		name  string
		slack *slack
		steps []step
		want  int // times that hello was posted
	}{
		{"a message without trouble is posted, and looked for by nobody", &slack{unread: missing}, []step{{}}, 1},
		{"a repeated call with its key gets the message of before", &slack{}, []step{{key: "k"}, {key: "k", again: true}, {pause: time.Hour, key: "k", again: true}}, 1},
		{"a key is free again after a day", &slack{}, []step{{key: "k"}, {pause: 25 * time.Hour, key: "k"}}, 2},
		{"the same text under another key is another message", &slack{}, []step{{key: "k"}, {key: "l"}}, 2},
		{"another text under the same key is refused", &slack{}, []step{{key: "k"}, {m: other, key: "k", code: "idempotency_key_reused"}}, 1},
		{"another thread under the same key is refused", &slack{}, []step{{key: "k"}, {m: reply, key: "k", code: "idempotency_key_reused"}}, 1},
		{"without a key the same text can be said twice", &slack{}, []step{{}, {}}, 2},
		{"a refusal frees the key", &slack{after: sequence(refused)}, []step{{key: "k", code: "slack_channel_archived"}, {m: other, key: "k"}}, 0},
		{"what was never sent is sent by the repeated call", &slack{after: sequence(unsent, limited)}, []step{{key: "k", code: "slack_unavailable"}, {key: "k", code: "slack_rate_limited"}, {key: "k"}}, 1},
		{"a lost answer is made good by looking", &slack{after: sequence(mute)}, []step{{key: "k"}, {key: "k", again: true}}, 1},
		{"a lost answer is made good without a key too", &slack{after: sequence(crash)}, []step{{}, {}}, 2},
		{"an error that says nothing is a lost answer", &slack{after: sequence(uncoded)}, []step{{key: "k"}}, 1},
		{"a lost reply is looked for in its thread", &slack{after: sequence(mute)}, []step{{m: reply, key: "k"}}, 1},
		{"a lost message to a person is looked for in the direct message", &slack{after: sequence(mute)}, []step{{m: direct, key: "k"}}, 1},
		{"what is not there is not posted again before it would have come", &slack{after: sequence(cut)}, []step{{key: "k", code: "slack_outcome_unknown", wait: 18 * time.Second}, {pause: 10 * time.Second, key: "k", code: "slack_outcome_unknown", wait: 8 * time.Second}}, 0},
		{"what is not there is posted again after it would have come", &slack{after: sequence(cut)}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: settle, key: "k"}}, 1},
		{"the same holds without a key", &slack{after: sequence(cut)}, []step{{code: "slack_outcome_unknown"}, {pause: settle}}, 1},
		{"a message that arrives after the call is found by the next one", &slack{after: sequence(slow)}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: 10 * time.Second, key: "k", again: true}}, 1},
		{"an attempt that lasts is looked for as long as it could come", &slack{after: sequence(nobody)}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: 10 * time.Second, key: "k"}}, 1},
		{"two attempts that are lost are one message in the end", &slack{after: sequence(cut, slow)}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: 20 * time.Second, key: "k", code: "slack_outcome_unknown"}, {pause: 20 * time.Second, key: "k", again: true}}, 1},
		{"while the channel cannot be read nothing is posted again", &slack{after: sequence(cut), unread: missing}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: time.Hour, key: "k", code: "slack_outcome_unknown"}}, 0},
		{"a look that fails is no look", &slack{after: sequence(cut), unread: func(n int) error {
			if n == 3 {
				return &failure{"slack_rate_limited", 30 * time.Second}
			}
			return nil
		}}, []step{{key: "k", code: "slack_outcome_unknown"}, {pause: time.Minute, key: "k", code: "slack_outcome_unknown", wait: 30 * time.Second}, {key: "k"}}, 1},
		{"where Slack shows no metadata, author and text tell", &slack{after: sequence(mute), hides: true}, []step{{key: "k"}}, 1},
		{"where Slack shows no metadata, another text of the same author is another message", &slack{after: sequence(fine, cut), hides: true}, []step{{m: other}, {key: "k", code: "slack_outcome_unknown"}}, 0},
		{"a key has 200 characters at most", &slack{}, []step{{key: strings.Repeat("é", 200)}, {key: strings.Repeat("k", 201), code: "bad_argument"}}, 1},
		{"a key is printable", &slack{}, []step{{key: "a\nb", code: "bad_argument"}, {key: "a\xff", code: "bad_argument"}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := c.slack
			p := posting.New(posting.Config{API: s, Settle: settle, Direct: func(context.Context, string) (string, error) { return "D2", nil }})
			for i, step := range c.steps {
				time.Sleep(step.pause)
				m := step.m
				if m.Channel == "" {
					m = hello
				}
				r, err := p.Post(context.Background(), m, step.key)
				if codeOf(err) != step.code || r.Repeated != step.again {
					t.Errorf("%s: call %d: %+v, %v; want code %q, repeated %v", c.name, i, r, err, step.code, step.again)
				}
				if got := retryAfter(err); step.wait != 0 && (got < step.wait || got > step.wait+2*time.Second) {
					t.Errorf("%s: call %d: to be repeated after %v, want %v", c.name, i, got, step.wait)
				}
				if step.code == "" && (r.TS == "" || r.Channel == "") {
					t.Errorf("%s: call %d: %+v, want a message", c.name, i, r)
				}
			}
			synctest.Wait()
			if got := s.times("hello"); got != c.want {
				t.Errorf("%s: posted %d times, want %d", c.name, got, c.want)
			}
		})
	}
}

func retryAfter(err error) time.Duration {
	var again interface{ RetryAfter() time.Duration }
	if !errors.As(err, &again) {
		return 0
	}
	return again.RetryAfter()
}

func TestPostByAnotherAuthor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := api.TS(time.Now())
		s := &slack{after: sequence(cut), hides: true, list: []api.Message{{TS: ts, User: "U9", Text: "hello"}}, channels: map[string]string{ts: "C1"}}
		_, err := posting.New(posting.Config{API: s, Settle: settle}).Post(context.Background(), hello, "k")
		if codeOf(err) != "slack_outcome_unknown" {
			t.Errorf("a lost message whose text somebody else has posted: %v, want that its outcome is not known", err)
		}
	})
}

func TestSettleIsNeverShorterThanACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{after: sequence(slow)} // no answer for 15 s, and there after 18 s
		p := posting.New(posting.Config{API: s, Settle: time.Second})
		for calls := 0; ; calls++ {
			r, err := p.Post(context.Background(), hello, "k")
			if err == nil && r.Repeated && calls > 0 {
				break
			}
			if codeOf(err) != "slack_outcome_unknown" || calls > 50 {
				t.Fatalf("call %d: %+v, %v; want the first message, as soon as it is there", calls, r, err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if s.times("hello") != 1 {
			t.Errorf("posted %d times, want once", s.times("hello"))
		}
	})
}

func TestPostWhileAnotherIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{}
		p := posting.New(posting.Config{API: s, Settle: settle})
		done := make(chan error)
		go func() { _, err := p.Post(context.Background(), hello, "k"); done <- err }()
		synctest.Wait()
		_, err := p.Post(context.Background(), hello, "k")
		if codeOf(err) != "slack_post_in_progress" || retryAfter(err) <= 0 {
			t.Errorf("the same call at the same time: %v, want slack_post_in_progress and when to repeat it", err)
		}
		if err := <-done; err != nil || s.posts != 1 {
			t.Errorf("the first call: %v with %d requests, want one that is answered", err, s.posts)
		}
	})
}

// TestPostByTwoWhoTakeOver has two processes find the same claim whose outcome
// is not known, both before either has taken it over.
func TestPostByTwoWhoTakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{after: sequence(cut)}
		claims := posting.NewMemory()
		config := posting.Config{API: s, Settle: settle, Claims: claims}
		_, _ = posting.New(config).Post(context.Background(), hello, "k")
		time.Sleep(time.Minute)
		meet := make(chan struct{})
		s.unread = func(n int) error { return nil }
		codes := make(chan string, 2)
		for range 2 {
			p := posting.New(posting.Config{API: &meeting{s, meet}, Settle: settle, Claims: claims})
			go func() { _, err := p.Post(context.Background(), hello, "k"); codes <- codeOf(err) }()
		}
		synctest.Wait()
		close(meet)
		got := []string{<-codes, <-codes}
		slices.Sort(got)
		if want := []string{"", "slack_post_in_progress"}; !slices.Equal(got, want) || s.times("hello") != 1 {
			t.Errorf("two at once: %q and %d messages, want %q and one", got, s.times("hello"), want)
		}
	})
}

// meeting is a Slack whose looks all end together.
type meeting struct {
	*slack
	meet chan struct{}
}

func (m *meeting) History(ctx context.Context, q api.HistoryQuery) (api.Messages, error) {
	found, err := m.slack.History(ctx, q)
	<-m.meet
	return found, err
}

func TestPostWhoseCallerLeaves(t *testing.T) {
	for _, c := range []struct {
		name  string
		after func(int) trouble
	}{
		{"the message is posted all the same, and the repeated call gets it", nil},
		{"a lost answer is made good all the same", sequence(mute)},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &slack{after: c.after}
			p := posting.New(posting.Config{API: s, Settle: settle})
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(100*time.Millisecond, cancel)
			_, _ = p.Post(ctx, hello, "")
			r, err := p.Post(context.Background(), hello, "")
			if err != nil || !r.Repeated || r.Note == "" || s.times("hello") != 1 {
				t.Errorf("%s: %+v, %v, posted %d times; want the one that is there, and a note", c.name, r, err, s.times("hello"))
			}
			if r, err := p.Post(context.Background(), hello, ""); err != nil || r.Repeated {
				t.Errorf("%s: the call after that: %+v, %v; want a message of its own", c.name, r, err)
			}
		})
	}
}

func TestPostIsAnOlderOneWithTheSameText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{after: sequence(fine, cut)}
		p := posting.New(posting.Config{API: s, Settle: settle})
		first, _ := p.Post(context.Background(), hello, "")
		_, err := p.Post(context.Background(), hello, "")
		if codeOf(err) != "slack_outcome_unknown" {
			t.Errorf("a lost message after one with the same text: %v, want that its outcome is not known", err)
		}
		time.Sleep(20 * time.Second)
		second, err := p.Post(context.Background(), hello, "")
		if err != nil || second.TS == first.TS || s.times("hello") != 2 {
			t.Errorf("the repeated call: %+v, %v, posted %d times; want a second message", second, err, s.times("hello"))
		}
	})
}

func TestDrafts(t *testing.T) {
	now := posting.Draft{NewMessage: api.NewMessage{Channel: "U2", Text: "at 10:00"}, To: api.Channel{ID: "U2", Kind: api.Direct, User: "U2"}, Same: "update 1"}
	later := posting.Draft{NewMessage: api.NewMessage{Channel: "D2", Text: "at 10:01"}, To: api.Channel{ID: "D2", Kind: api.Direct, User: "U2"}, Same: "update 1"}
	p := posting.New(posting.Config{API: &slack{}, Settle: settle})
	first, err := p.PostOnce(context.Background(), now, "k")
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.PostOnce(context.Background(), later, "k")
	if err != nil || !again.Repeated || again.Posted != first.Posted {
		t.Errorf("the same draft a minute later, by the direct message's id: %+v, %v; want %+v repeated", again, err, first.Posted)
	}
	later.Same = "update 2"
	if _, err := p.PostOnce(context.Background(), later, "k"); codeOf(err) != "idempotency_key_reused" {
		t.Errorf("another draft: %v, want idempotency_key_reused", err)
	}
}

func TestOnceKeepsWhatAnAttemptNoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := posting.New(posting.Config{API: &slack{}, Settle: settle})
		lost := &failure{code: "slack_outcome_unknown"}
		looked := ""
		act := posting.Act{
			Do: func(_ context.Context, ref string, note func(string) error) (api.Posted, error) {
				if ref != "" {
					return api.Posted{Channel: "C1"}, nil
				}
				_ = note("F1")
				return api.Posted{}, lost
			},
			Look: func(_ context.Context, ref string, _ time.Time) (api.Posted, bool, error) {
				looked = ref
				return api.Posted{}, false, nil
			},
		}
		_, err := p.Once(context.Background(), "k", "d", act)
		if codeOf(err) != "slack_outcome_unknown" || looked != "F1" {
			t.Errorf("%v, looked for %q; want an unknown outcome, and F1", err, looked)
		}
		time.Sleep(time.Minute)
		if r, err := p.Once(context.Background(), "k", "d", act); err != nil || r.Ref != "F1" || r.Channel != "C1" {
			t.Errorf("repeated: %+v, %v; want C1 with F1", r, err)
		}
		if r, err := p.Once(context.Background(), "k", "d", act); err != nil || !r.Repeated || r.Ref != "F1" {
			t.Errorf("repeated once more: %+v, %v; want F1 as before", r, err)
		}
	})
}

// broken are claims that fail.
type broken struct {
	*posting.Memory
	claim, mark bool
}

var errBroken = errors.New("the store is away")

func (b broken) Claim(ctx context.Context, k posting.Key, digest string) (posting.Claim, error) {
	if b.claim {
		return posting.Claim{}, errBroken
	}
	return b.Memory.Claim(ctx, k, digest)
}

func (b broken) Mark(ctx context.Context, k posting.Key, attempted time.Time, m posting.Mark) (bool, error) {
	if b.mark {
		return false, errBroken
	}
	return b.Memory.Mark(ctx, k, attempted, m)
}

func TestPostWithoutAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			name   string
			claims broken
			key    string
			posts  int
		}{
			{"nothing is sent without a claim", broken{posting.NewMemory(), true, false}, "k", 0},
			{"nothing is sent whose name cannot be noted", broken{posting.NewMemory(), false, true}, "", 0},
		} {
			s := &slack{}
			_, err := posting.New(posting.Config{API: s, Settle: settle, Claims: c.claims}).Post(context.Background(), hello, c.key)
			if !errors.Is(err, errBroken) || s.posts != c.posts {
				t.Errorf("%s: %v and %d requests, want %v and %d", c.name, err, s.posts, errBroken, c.posts)
			}
		}
		s := &slack{}
		p := posting.New(posting.Config{API: s, Settle: settle, Claims: broken{posting.NewMemory(), false, true}})
		if _, err := p.Post(context.Background(), hello, "k"); err != nil {
			t.Errorf("an outcome that cannot be kept: %v, want the answer all the same", err)
		}
		time.Sleep(time.Minute)
		if r, err := p.Post(context.Background(), hello, "k"); err != nil || !r.Repeated || s.posts != 1 {
			t.Errorf("repeated: %+v, %v with %d requests to post; want the message to be found", r, err, s.posts)
		}
	})
}

func TestPostsOfOthers(t *testing.T) {
	who := "a"
	s := &slack{}
	p := posting.New(posting.Config{
		API: s, Person: func(context.Context) string { return who[:1] }, Account: func(context.Context) (string, error) { return who[1:], nil },
	})
	for _, who = range []string{"ax", "bx", "ay"} {
		if r, err := p.Post(context.Background(), hello, "k"); err != nil || r.Repeated {
			t.Errorf("%s: %+v, %v; want a message of their own", who, r, err)
		}
	}
}

func TestPostLooksNoFurtherThanItCan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{after: sequence(cut), page: 1}
		for range 6 {
			s.add(api.NewMessage{Channel: "C1", Text: "others talk"})
		}
		p := posting.New(posting.Config{API: s, Settle: settle})
		_, err := p.Post(context.Background(), hello, "k")
		if codeOf(err) != "slack_outcome_unknown" || !strings.Contains(err.Error(), "cannot look for it") {
			t.Errorf("in a channel with too many messages: %v, want that it cannot be looked for", err)
		}
		time.Sleep(time.Minute)
		if _, err := p.Post(context.Background(), hello, "k"); codeOf(err) != "slack_outcome_unknown" || s.times("hello") != 0 {
			t.Errorf("repeated: %v, posted %d times; want that it is still not known", err, s.times("hello"))
		}
	})
}

// TestWhatMayStillComeIsWaitedForTwoMinutes: Slack may be slow to post what it
// has taken.
func TestWhatMayStillComeIsWaitedForTwoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slack{after: sequence(cut)}
		p := posting.New(posting.Config{API: s})
		_, first := p.Post(context.Background(), hello, "k")
		time.Sleep(110 * time.Second)
		_, second := p.Post(context.Background(), hello, "k")
		time.Sleep(20 * time.Second)
		_, third := p.Post(context.Background(), hello, "k")
		if codeOf(first) != "slack_outcome_unknown" || codeOf(second) != "slack_outcome_unknown" || third != nil || s.times(hello.Text) != 1 {
			t.Errorf("got %v, %v, %v and %d messages, want it unknown for two minutes, and then one message", first, second, third, s.times(hello.Text))
		}
	})
}

// nothing is an error that says that nothing was done.
type nothing struct{}

func (nothing) Error() string     { return "lost" }
func (nothing) NothingDone() bool { return true }

// TestAnErrorMaySayThatNothingWasDone: then the call can be repeated at once.
func TestAnErrorMaySayThatNothingWasDone(t *testing.T) {
	p := posting.New(posting.Config{API: &slack{}})
	act := posting.Act{Do: func(context.Context, string, func(string) error) (api.Posted, error) { return api.Posted{}, nothing{} }}
	for range 2 {
		if _, err := p.Once(context.Background(), "k", "d", act); !errors.As(err, &nothing{}) {
			t.Errorf("got %v, want the error itself", err)
		}
	}
}
