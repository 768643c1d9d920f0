package api_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// served is a client of what h serves, over a real connection.
func served(t *testing.T, h http.HandlerFunc) *api.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return api.New(api.Config{BaseURL: server.URL, Client: func(context.Context) *http.Client { return server.Client() }})
}

// endless writes a page of messages of about size bytes, as it goes.
func endless(w io.Writer, size int) {
	item := `{"ts":"1.1","text":"` + strings.Repeat("x", 32<<10) + `"},`
	n, err := io.WriteString(w, `{"ok":true,"messages":[`)
	for sent := n; sent < size && err == nil; sent += n {
		n, err = io.WriteString(w, item)
	}
	_, _ = io.WriteString(w, `{"ts":"1.2"}]}`) // who does not get it has left
}

func TestAnswersThatAreTooLargeAreNotTaken(t *testing.T) {
	history := func(c *api.Client) error { return ignore(reads().do(t.Context(), c)) }
	users := func(c *api.Client) error { return ignore(c.Users(t.Context(), "", 0)) }
	post := func(c *api.Client) error { return ignore(posts().do(t.Context(), c)) }
	announced := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(100<<20))
		endless(w, 100<<20)
	}
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		call  func(*api.Client) error
		want  string
	}{
		{"7 MB are taken", func(w http.ResponseWriter, _ *http.Request) { endless(w, 7<<20) }, history, ""},
		{"9 MB are not", func(w http.ResponseWriter, _ *http.Request) { endless(w, 9<<20) }, history, "slack_answer_too_large"},
		{"100 MB that are announced are not begun", announced, history, "slack_answer_too_large"},
		{"40 MB that are packed small are not unpacked", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			endless(z, 40<<20)
			_ = z.Close()
		}, history, "slack_answer_too_large"},
		{"9 MB of a list are", func(w http.ResponseWriter, _ *http.Request) { endless(w, 9<<20) }, users, ""},
		{"33 MB are not", func(w http.ResponseWriter, _ *http.Request) { endless(w, 33<<20) }, users, "slack_answer_too_large"},
		{"a post may be done then", announced, post, "slack_outcome_unknown"},
	} {
		if got := toldOf(t, c.call(served(t, c.serve))); got.code != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got.code, c.want)
		}
	}
}

func TestRealConnectionsThatBreakAndLeadElsewhere(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the request went elsewhere: %s %v", r.URL, r.Header)
	}))
	defer elsewhere.Close()
	for _, c := range []struct {
		name        string
		serve       http.HandlerFunc // first
		read, write string
		n           int // requests of a read
	}{
		{"a connection that is cut in the middle", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"ok":true,"messages":[`)
			_ = http.NewResponseController(w).Flush() // the client has this much
			panic(http.ErrAbortHandler)
		}, "", "slack_outcome_unknown", 2},
		{"one that is cut at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "slack_outcome_unknown", 2},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, "slack_unreadable", "slack_outcome_unknown", 1},
	} {
		for _, by := range []struct {
			call
			want string
			n    int
		}{{posts(), c.write, 1}, {reads(), c.read, c.n}} {
			n := make(chan bool, 10)
			client := served(t, func(w http.ResponseWriter, r *http.Request) {
				if n <- true; len(n) == 1 {
					c.serve(w, r)
				}
				_, _ = io.WriteString(w, `{"ok":true,"channel":"C1","ts":"1.2"}`)
			})
			if _, err := by.do(t.Context(), client); toldOf(t, err).code != by.want || len(n) != by.n {
				t.Errorf("%s: %s ends as %v after %d requests, want %q after %d", c.name, by.name, err, len(n), by.want, by.n)
			}
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	client := api.New(api.Config{BaseURL: gone.URL, Client: func(context.Context) *http.Client { return http.DefaultClient }})
	if _, err := posts().do(t.Context(), client); toldOf(t, err).code != "slack_unavailable" {
		t.Errorf("nobody there: a post ends as %v, want slack_unavailable, since nothing was sent", err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	addresses := map[string]bool{}
	client := served(t, func(w http.ResponseWriter, r *http.Request) {
		addresses[r.RemoteAddr] = true
		_, _ = io.WriteString(w, `{"ok":true,"messages":[]}`+strings.Repeat(" ", 40<<10)) // which no decoder reads
	})
	for range 5 {
		if _, err := reads().do(t.Context(), client); err != nil {
			t.Fatalf("got %v", err)
		}
	}
	if len(addresses) != 1 {
		t.Errorf("%d connections for five calls, want one", len(addresses))
	}
}
