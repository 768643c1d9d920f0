package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// reply is one answer of a fake Figma.
type reply struct {
	status int // 0: err, or 200
	head   map[string]string
	body   string
	cut    bool  // the body breaks off after body
	err    error // there is no answer
}

// fake is a Figma that gives its replies in order, the last one again and
// again. It records what reached it.
type fake struct {
	mu      sync.Mutex
	replies []reply
	seen    []string // method and URL
	bodies  []string
}

// RoundTrip implements http.RoundTripper.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, r.Method+" "+r.URL.String())
	if r.Body != nil {
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		f.bodies = append(f.bodies, string(sent))
	}
	p := f.replies[0]
	if len(f.replies) > 1 {
		f.replies = f.replies[1:]
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.status == 0 {
		p.status = http.StatusOK
	}
	var body io.Reader = strings.NewReader(p.body)
	if p.cut {
		body = io.MultiReader(body, broken{})
	}
	resp := &http.Response{StatusCode: p.status, Header: http.Header{}, Body: io.NopCloser(body), ContentLength: -1, Request: r}
	for k, v := range p.head {
		resp.Header.Set(k, v)
	}
	return resp, nil
}

type broken struct{}

// Read fails as a connection does that is cut.
func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type accountKey struct{}

// as is a context of a Figma account.
func as(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, accountKey{}, account)
}

// over is a client of what next answers.
func over(next http.RoundTripper) *api.Client {
	return api.New(api.Config{
		BaseURL: "https://figma.invalid", Client: func(context.Context) *http.Client { return &http.Client{Transport: next} },
		Account: func(ctx context.Context) (string, error) { a, _ := ctx.Value(accountKey{}).(string); return a, nil },
	})
}

// told is what a caller reads of err.
type told struct {
	code    string
	wait    int // seconds
	details map[string]string
}

func toldOf(t *testing.T, err error) told {
	t.Helper()
	if err == nil {
		return told{}
	}
	var coded interface {
		error
		Code() string
		Hint() string
	}
	if !errors.As(err, &coded) {
		t.Fatalf("got %v, which has no code", err)
	}
	if h := coded.Hint(); !strings.HasSuffix(h, ".") || strings.Count(h, ". ") > 0 {
		t.Errorf("%s: hint %q is not one sentence", coded.Code(), h)
	}
	out := told{code: coded.Code(), details: map[string]string{}}
	var e *api.Error
	if errors.As(err, &e) {
		out.wait, out.details = int(e.RetryAfter().Seconds()), e.Details()
	}
	return out
}
