package posting_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// wire carries requests to the sandbox without a network, so that time is that
// of the test, and posts go wrong on it in all ways.
type wire struct {
	sandbox http.Handler
	token   string
	mu      sync.Mutex
	chance  *rand.Rand
	troubles,
	posts int
	clean bool // nothing goes wrong
}

var errWire = errors.New("the connection was reset")

// RoundTrip is that of http.RoundTripper.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.token)
	switch how := w.how(r); how {
	case 1: // lost on the way
		return nil, errWire
	case 2: // its answer is lost
		_, _ = w.serve(r)
		return nil, errWire
	case 3: // 500 after it was posted
		_, _ = w.serve(r)
		return answer(r, http.StatusInternalServerError, ""), nil
	case 4: // 500 though it was not
		return answer(r, http.StatusBadGateway, ""), nil
	case 5: // ok:false with 200, after it was posted
		_, _ = w.serve(r)
		return answer(r, http.StatusOK, `{"ok":false,"error":"internal_error"}`), nil
	case 6: // half an answer
		_, _ = w.serve(r)
		return answer(r, http.StatusOK, `{"ok":true,"chan`), nil
	case 7: // no answer in time, and it is posted when nobody waits any more
		late := r.Clone(context.WithoutCancel(r.Context()))
		late.Body, _ = r.GetBody() // of a form
		<-r.Context().Done()
		time.AfterFunc(3*time.Second, func() { _, _ = w.serve(late) })
		return nil, r.Context().Err()
	case 8: // the limit, with Retry-After and without
		resp := answer(r, http.StatusTooManyRequests, `{"ok":false,"error":"ratelimited"}`)
		resp.Header.Set("Retry-After", "2")
		return resp, nil
	}
	return w.serve(r)
}

// how says what happens to a request; 0: nothing.
func (w *wire) how(r *http.Request) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.clean:
		return 0
	case r.URL.Path == "/slack/api/chat.postMessage":
		w.posts++
		if w.chance.IntN(3) == 0 {
			return 0
		}
		w.troubles++
		return 1 + w.chance.IntN(8)
	case w.chance.IntN(10) == 0:
		return 1
	}
	return 0
}

func (w *wire) serve(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	w.sandbox.ServeHTTP(rec, r)
	resp := rec.Result()
	resp.Request = r
	return resp, nil
}

func answer(r *http.Request, status int, body string) *http.Response {
	rec := httptest.NewRecorder()
	rec.Header().Set("Content-Type", "application/json")
	rec.WriteHeader(status)
	_, _ = rec.WriteString(body) // it is in memory
	resp := rec.Result()
	resp.Request = r
	return resp
}

// TestRetriedPostsInTheSandbox repeats 500 posts through the real client, as two
// processes with one store would, until each is answered.
func TestRetriedPostsInTheSandbox(t *testing.T) {
	const keys = 500
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(26 * 365 * 24 * time.Hour) // the bubble begins in 2000, when Slack had no messages
		s := sandbox.New(sandbox.Options{BaseURL: "http://127.0.0.1:1"})
		w := &wire{sandbox: s.Handler(), token: s.SlackUserToken("caleb.ochoa"), chance: rand.New(rand.NewPCG(1, 2))}
		claims := posting.NewMemory()
		replica := func() *posting.Poster {
			web := &http.Client{Transport: w}
			return posting.New(posting.Config{Settle: settle, Claims: claims, API: api.New(api.Config{
				BaseURL: "http://127.0.0.1:1/slack/api", Client: func(context.Context) *http.Client { return web },
			})})
		}
		replicas := []*posting.Poster{replica(), replica()}
		var mu sync.Mutex
		coin := rand.New(rand.NewPCG(3, 4))
		leaves := func() bool { mu.Lock(); defer mu.Unlock(); return coin.IntN(4) == 0 }
		channels := []string{"C0SBX0001", "C0SBX0010", "C0SBX0011", "C0SBX0012"}
		var all sync.WaitGroup
		for i := range 2 * keys {
			all.Go(func() {
				m := api.NewMessage{Channel: channels[i/2%len(channels)], Text: fmt.Sprintf("message %d", i/2)}
				time.Sleep(time.Duration(i/2) * 500 * time.Millisecond)
				if _, err := caller(replicas[i%2], m, fmt.Sprintf("key %d", i/2), leaves); err != nil {
					t.Errorf("key %d: %v", i/2, err)
				}
			})
		}
		all.Wait()
		time.Sleep(time.Minute) // what is still under way arrives
		times := map[string]int{}
		for _, p := range s.SlackPosts() {
			times[p.Text]++
		}
		for i := range keys {
			if got := times[fmt.Sprintf("message %d", i)]; got != 1 {
				t.Errorf("message %d was posted %d times, want once", i, got)
			}
		}
		if w.troubles < keys/2 {
			t.Errorf("%d posts went wrong, want at least %d", w.troubles, keys/2)
		}
		t.Logf("%d keys, two callers each: %d requests to post, %d of which went wrong, %d messages", keys, w.posts, w.troubles, len(s.SlackPosts()))
	})
}
