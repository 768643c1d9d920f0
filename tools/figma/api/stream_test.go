package api_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// served is a client of what h serves, with a bound of files.
func served(t *testing.T, h http.HandlerFunc, maxFile int64) *api.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return api.New(api.Config{BaseURL: server.URL, MaxFile: maxFile, Client: func(context.Context) *http.Client { return server.Client() }})
}

// page is a part of an endless file.
var page = []byte(`{"id":"1:2","type":"FRAME","name":"` + strings.Repeat("x", 32<<10) + `"},`)

// endless writes a file of about size bytes, as it goes.
func endless(w io.Writer, size int) (sent int) {
	n, _ := io.WriteString(w, `{"document":[`)
	for sent = n; sent < size; sent += n {
		var err error
		if n, err = w.Write(page); err != nil {
			return sent
		}
	}
	return sent
}

// allocated is how many bytes do allocates, its garbage too.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestAnswersThatAreTooLargeAreNotTaken(t *testing.T) {
	const size = 100 << 20
	drain := func(n *int64) func(io.Reader) error {
		return func(r io.Reader) (err error) { *n, err = io.Copy(io.Discard, r); return err }
	}
	for _, c := range []struct {
		name  string
		serve http.HandlerFunc
		call  func(*api.Client, *int64) error
		want  string
		most  int64 // bytes that are read
		bound int64 // MaxFile
	}{
		{"100 MB of a size that is not said", func(w http.ResponseWriter, _ *http.Request) { endless(w, size) },
			func(c *api.Client, n *int64) error { return c.File(t.Context(), "K1", api.FileQuery{}, drain(n)) }, "figma_answer_too_large", api.DefaultMaxFile, 0},
		{"100 MB that are announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			endless(w, size)
		}, func(c *api.Client, n *int64) error {
			return c.Nodes(t.Context(), "K1", []string{"1:2"}, api.FileQuery{}, drain(n))
		}, "figma_answer_too_large", 0, 0},
		{"100 MB that are packed small", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
			endless(z, size)
			_ = z.Close()
		}, func(c *api.Client, n *int64) error { return c.File(t.Context(), "K1", api.FileQuery{}, drain(n)) }, "figma_answer_too_large", 16 << 20, 16 << 20},
		{"90 MB are taken", func(w http.ResponseWriter, _ *http.Request) { endless(w, 90<<20) },
			func(c *api.Client, n *int64) error { return c.File(t.Context(), "K1", api.FileQuery{}, drain(n)) }, "", 91 << 20, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := served(t, c.serve, c.bound)
			var n int64
			var err error
			used := allocated(func() { err = c.call(client, &n) })
			if got := toldOf(t, err).code; got != c.want || n > c.most {
				t.Errorf("got %q after %d bytes, want %q after at most %d", got, n, c.want, c.most)
			}
			if used > 16<<20 {
				t.Errorf("it allocated %d MiB, want less than 16", used>>20)
			}
		})
	}
}

func TestSmallAnswersMayNotBeLarge(t *testing.T) {
	announced := served(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(20<<20))
		endless(w, 20<<20)
	}, 0)
	for name, call := range methods(t.Context(), announced) {
		if name == "getFile" || name == "getFileNodes" {
			continue // they may be larger
		}
		want := "figma_answer_too_large"
		if name == "postComment" {
			want = "figma_outcome_unknown"
		}
		if got := toldOf(t, call("AbCdEf0123456789")).code; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	sent := make(chan int, 1)
	c := served(t, func(w http.ResponseWriter, _ *http.Request) { sent <- endless(w, 1<<30) }, 0)
	if _, err := c.Me(t.Context()); toldOf(t, err).code != "figma_answer_too_large" {
		t.Errorf("got %v, want that the answer is too large", err)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("%d bytes were taken, want about 8 MiB", n)
	}
}

func TestAnswersOfExactlyTheBoundAreTaken(t *testing.T) {
	for _, c := range []struct {
		name string
		size int
		want string
	}{{"the bound", 1000, ""}, {"one byte more", 1001, "figma_answer_too_large"}} {
		f := &fake{replies: []reply{{body: strings.Repeat(" ", c.size)}}}
		client := api.New(api.Config{BaseURL: "https://figma.invalid", MaxFile: 1000, Client: func(context.Context) *http.Client { return &http.Client{Transport: f} }})
		err := client.File(t.Context(), "K1", api.FileQuery{}, func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err })
		if got := toldOf(t, err).code; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAConnectionThatIsCutIsMadeAgain(t *testing.T) {
	c, s, w := sandboxed(t)
	s.FailWith("figma", sandboxCut("GET /v1/files/{key}"))
	var whole document
	if err := c.File(t.Context(), tidal, api.FileQuery{}, into(&whole)); err != nil || whole.Name == "" {
		t.Errorf("got %+v, %v, want the file of the second answer", whole, err)
	}
	if got := w.Count(1); got != 2 {
		t.Errorf("got %d requests, want 2", got)
	}
}

func TestACommentWhoseAnswerIsCutMayBeThere(t *testing.T) {
	c, s, _ := sandboxed(t)
	s.FailWith("figma", sandboxCut("POST /v1/files/{key}/comments"))
	_, err := c.PostComment(t.Context(), tidal, api.NewComment{Message: "Once"})
	var lost *api.Unanswered
	if !errors.As(err, &lost) {
		t.Errorf("got %v, want *api.Unanswered", err)
	}
	n := 0
	for _, m := range must(c.Comments(t.Context(), tidal))(t) {
		if m.Message == "Once" {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the comment is there %d times, want once", n)
	}
}

// paused is a body that says a little and then nothing until the call is over.
type paused struct {
	ctx  context.Context
	from io.Reader
}

func (p paused) Read(b []byte) (int, error) {
	if n, err := p.from.Read(b); err == nil {
		return n, nil
	}
	<-p.ctx.Done()
	return 0, p.ctx.Err()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnAnswerThatPausesIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := over(roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 200, Body: io.NopCloser(paused{r.Context(), strings.NewReader(`{"id":`)}), ContentLength: -1, Request: r}, nil
		}))
		start := time.Now()
		_, err := c.Me(t.Context())
		if got := toldOf(t, err).code; got != "figma_unavailable" || asked != 1 {
			t.Errorf("got %q after %d requests, want figma_unavailable after one", got, asked)
		}
		if took := time.Since(start); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("it took %v, want 20 s", took)
		}
	})
}

func TestWhoReadsMayTakeItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := over(&fake{replies: []reply{{body: "{}"}}})
		err := c.File(t.Context(), "K1", api.FileQuery{}, func(r io.Reader) error {
			if _, err := r.Read(make([]byte, 1)); err != nil {
				return err
			}
			time.Sleep(50 * time.Second)
			_, err := io.Copy(io.Discard, r)
			return err
		})
		if err != nil {
			t.Errorf("got %v, want no error: the pause is not Figma's", err)
		}
	})
}

func TestABodyEndsWithItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		c := over(roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(paused{r.Context(), strings.NewReader(`{"id":`)}), ContentLength: -1, Request: r}, nil
		}))
		start := time.Now()
		_, err := c.Me(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v after %v, want the end of the call after 3 s", err, time.Since(start))
		}
	})
}
