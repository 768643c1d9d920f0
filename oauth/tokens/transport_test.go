package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/tokens"
)

func withTimeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// api is a provider's API that takes some access tokens and refuses the others.
type api struct {
	*httptest.Server
	mu     sync.Mutex
	good   []string // access tokens
	status int      // to refuse with
	body   string
	seen   []string // Authorization and body of each request
}

func newAPI(t *testing.T, good ...string) *api {
	a := &api{good: good, status: http.StatusUnauthorized}
	a.Server = httptest.NewServer(a)
	t.Cleanup(a.Close)
	return a
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	a.seen = append(a.seen, strings.TrimSpace(r.Header.Get("Authorization")+" "+string(body)))
	if to := r.URL.Query().Get("to"); to != "" {
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	if !slices.Contains(a.good, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer access-")) {
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
		return
	}
	_, _ = io.WriteString(w, "fine")
}

// took are what the API saw since the last call.
func (a *api) took() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	seen := a.seen
	a.seen = nil
	return seen
}

func (r *rig) client() *http.Client { return &http.Client{Transport: r.Transport(ada, nil)} }

func TestTransport(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	expired := func(_ string, r *http.Response) bool {
		body, _ := io.ReadAll(r.Body)
		return (r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusOK) && strings.Contains(string(body), "expired")
	}
	for _, c := range []struct {
		name   string
		good   []string
		status int    // of refusals
		body   string // of refusals
		send   io.Reader
		want   string // status and body that the caller gets, or the code of an error
		seen   []string
		next   string // the token of the next request
	}{
		{"the token goes with the request", []string{"1"}, 401, "", nil, "200 fine", []string{"Bearer access-1"}, "1"},
		{"a refused one is renewed, once", []string{"2"}, 401, "no", nil, "200 fine", []string{"Bearer access-1", "Bearer access-2"}, "2"},
		{"a body is sent again", []string{"2"}, 401, "no", strings.NewReader("hello"), "200 fine", []string{"Bearer access-1 hello", "Bearer access-2 hello"}, "2"},
		{"unless it cannot be: then the next request has the new token", []string{"2"}, 401, "no", io.MultiReader(strings.NewReader("hello")), "401 no", []string{"Bearer access-1 hello"}, "2"},
		{"a second refusal is the caller's", nil, 401, "no", nil, "401 no", []string{"Bearer access-1", "Bearer access-2"}, "2"},
		{"a long refusal is no obstacle", []string{"2"}, 401, long, nil, "200 fine", []string{"Bearer access-1", "Bearer access-2"}, "2"},
		{"another status is no refusal", nil, 403, "forbidden", nil, "403 forbidden", []string{"Bearer access-1"}, "1"},
		{"except one of which the provider's data says so", []string{"2"}, 403, "token expired", nil, "200 fine", []string{"Bearer access-1", "Bearer access-2"}, "2"},
		{"also where refusals come with status 200", []string{"2"}, 200, `{"ok":false,"error":"token_expired"}`, nil, "200 fine", []string{"Bearer access-1", "Bearer access-2"}, "2"},
		{"and what succeeds is given whole", nil, 200, long, nil, "200 " + long, []string{"Bearer access-1"}, "1"},
		{"which is asked about the beginning, and the caller gets all", nil, 403, long + "expired", nil, "403 " + long + "expired", []string{"Bearer access-1"}, "1"},
		{"and not about failures", nil, 500, "expired", nil, "500 expired", []string{"Bearer access-1"}, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, c.good...)
			a.status, a.body = c.status, c.body
			r := newRig(t, func(cfg *tokens.Config) { cfg.Rejected = expired })
			r.store.put(ada, time.Hour)
			client := r.client()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL, c.send)
			if err != nil {
				t.Fatal(err)
			}
			if got := answered(client.Do(request)); got != c.want {
				t.Errorf("got %.100q, want %.100q", got, c.want)
			}
			if got := a.took(); !slices.Equal(got, c.seen) {
				t.Errorf("the API saw %q, want %q", got, c.seen)
			}
			if request.Header.Get("Authorization") != "" {
				t.Error("the caller's request was changed")
			}
			if got := r.token(); got != c.next {
				t.Errorf("then the token is %s, want %s", got, c.next)
			}
		})
	}
}

// answered is what a caller gets, in a text.
func answered(r *http.Response, err error) string {
	var told interface{ Code() string }
	switch {
	case errors.As(err, &told):
		return told.Code()
	case err != nil:
		return err.Error()
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(r.StatusCode, " ", string(body))
}

func TestTransportWithoutAToken(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig)
		want   string
		seen   int
	}{
		{"an account that is not connected is asked for nothing", func(r *rig) { r.store.change(ada, func(r *row) { r.gone = true }) }, "not_connected", 0},
		{"a refresh that is refused takes the answer's place", func(r *rig) { r.figma.always = refused }, "needs_reconnect", 1},
		{"a provider that is away likewise", func(r *rig) { r.figma.always = limited(time.Hour) }, "provider_unavailable", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, r := newAPI(t), newRig(t, nil)
			r.store.put(ada, time.Hour)
			c.change(r)
			body := &closing{Reader: strings.NewReader("hello")}
			got := answered(r.client().Post(a.URL, "text/plain", body))
			if seen := len(a.took()); got != c.want || seen != c.seen || !body.closed {
				t.Errorf("got %s, the API saw %d requests, body closed: %v; want %s, %d, true", got, seen, body.closed, c.want, c.seen)
			}
		})
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestAnAPIThatRefusesEveryTokenIsAskedTwiceAndThenOnce(t *testing.T) {
	a, r := newAPI(t), newRig(t, nil)
	r.store.put(ada, time.Hour)
	client := r.client()
	var asked []int
	for range 3 {
		if got := answered(client.Get(a.URL)); got != "401 " {
			t.Errorf("got %s, want 401", got)
		}
		asked = append(asked, len(a.took()))
	}
	if !slices.Equal(asked, []int{2, 1, 1}) || r.figma.asked() != 1 {
		t.Errorf("requests %v, %d refreshes; want 2, 1, 1 and one", asked, r.figma.asked())
	}
}

func TestTokensGoToOneHostAlone(t *testing.T) {
	home, elsewhere := newAPI(t, "1"), newAPI(t)
	r := newRig(t, nil)
	r.store.put(ada, time.Hour)
	client := r.client()
	for _, c := range []struct {
		name, url   string
		want        string
		home, other []string
	}{
		{"the first request's", home.URL, "200 fine", []string{"Bearer access-1"}, nil},
		{"not another's", elsewhere.URL, "401 ", nil, []string{""}},
		{"nor where that redirects to", home.URL + "?to=" + elsewhere.URL, "401 ", []string{"Bearer access-1"}, []string{""}},
		{"but back home", elsewhere.URL + "?to=" + home.URL, "200 fine", []string{"Bearer access-1"}, []string{""}},
		{"however it is written", strings.Replace(home.URL, "http", "HTTP", 1), "200 fine", []string{"Bearer access-1"}, nil},
	} {
		got := answered(client.Get(c.url))
		if h, o := home.took(), elsewhere.took(); got != c.want || !slices.Equal(h, c.home) || !slices.Equal(o, c.other) {
			t.Errorf("%s: got %s, home saw %q, the other %q; want %s, %q, %q", c.name, got, h, o, c.want, c.home, c.other)
		}
	}
	if r.figma.asked() != 0 {
		t.Errorf("%d refreshes, want none for another host's 401", r.figma.asked())
	}
}

func TestTheSchemeIsOfTheHost(t *testing.T) {
	r := newRig(t, nil)
	r.store.put(ada, time.Hour)
	var seen []string
	transport := r.Transport(ada, roundTripper(func(r *http.Request) (*http.Response, error) {
		seen = append(seen, r.URL.String()+" "+r.Header.Get("Authorization"))
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	}))
	for _, url := range []string{"https://api.example/a", "http://api.example/b", "https://api.example:8443/c", "https://API.example/d"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := transport.RoundTrip(request); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"https://api.example/a Bearer access-1", "http://api.example/b ", "https://api.example:8443/c ", "https://API.example/d Bearer access-1"}
	if !slices.Equal(seen, want) {
		t.Errorf("sent %q, want %q", seen, want)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestTheTypeOfATokenIsInTheHeader(t *testing.T) {
	for kind, want := range map[string]string{"": "Bearer access-1", "bearer": "Bearer access-1", "MAC": "MAC access-1"} {
		a, r := newAPI(t), newRig(t, nil)
		r.store.put(ada, time.Hour).Token.Type = kind
		r.figma.always = refused
		_ = answered(r.client().Get(a.URL))
		if got := a.took(); !slices.Equal(got, []string{want}) {
			t.Errorf("type %q: sent %q, want %q", kind, got, want)
		}
	}
}

func TestABodyThatBreaksIsTheCallers(t *testing.T) {
	r := newRig(t, func(c *tokens.Config) { c.Rejected = func(string, *http.Response) bool { return false } })
	r.store.put(ada, time.Hour)
	transport := r.Transport(ada, roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusForbidden, Body: io.NopCloser(io.MultiReader(strings.NewReader("half"), broke{}))}, nil
	}))
	answer, err := transport.RoundTrip(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.example", nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(answer.Body); string(got) != "half" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %q, %v; want half and unexpected EOF", got, err)
	}
}

type broke struct{}

func (broke) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
