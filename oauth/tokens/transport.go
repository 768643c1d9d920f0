package tokens

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/fluxstudio/fluxmcp/oauth"
)

const (
	peekSize  = 4 << 10  // of an answer that Config.Rejected is asked about
	drainSize = 64 << 10 // of an answer that nobody wants, so that its connection can be used again
)

// Transport sends requests over base (nil: http.DefaultTransport) with k's
// access token. Where the API refuses it, by 401 or as Config.Rejected says,
// Renewed is asked for another one, once, and the request is sent once more,
// provided that it has no body or its GetBody is set; else the answer is
// returned, and the next request has the new token. An answer to *Rejected, and
// that to the second request, are returned as they are.
//
// The token goes to one host alone: that of the first request, with its scheme
// and port. Requests elsewhere, such as those of redirects, are sent as they
// are. So a Transport is for one API, and its first request must be one whose
// host no tool's argument has chosen.
//
// Errors: those of Source and of base.
func (s *Source) Transport(k Key, base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return &transport{source: s, key: k, base: base}
}

type transport struct {
	source *Source
	key    Key
	base   http.RoundTripper
	home   atomic.Pointer[string] // nil: no request was sent yet
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.atHome(r.URL) {
		return t.base.RoundTrip(r)
	}
	token, err := t.source.Token(r.Context(), t.key)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // nothing was read from it
		}
		return nil, err
	}
	answer, err := t.base.RoundTrip(authorized(r, r.Body, token))
	if err != nil || !t.source.rejects(t.key.Provider, answer) {
		return answer, err
	}
	return t.again(r, answer, token)
}

// again answers r once more after an answer that refused token.
func (t *transport) again(r *http.Request, answer *http.Response, token oauth.Token) (*http.Response, error) {
	fresh, err := t.source.Renewed(r.Context(), t.key, token)
	if errors.As(err, new(*Rejected)) {
		return answer, nil
	}
	if err != nil {
		discard(answer)
		return nil, err
	}
	body, ok := sameBody(r)
	if !ok {
		return answer, nil
	}
	discard(answer)
	return t.base.RoundTrip(authorized(r, body, fresh))
}

// atHome reports whether u is where the token may go. The first one asked about is.
func (t *transport) atHome(u *url.URL) bool {
	origin := strings.ToLower(u.Scheme + "://" + u.Host)
	return t.home.CompareAndSwap(nil, &origin) || *t.home.Load() == origin
}

// authorized is a copy of r with the token.
func authorized(r *http.Request, body io.ReadCloser, t oauth.Token) *http.Request {
	r = r.Clone(r.Context())
	r.Body = body
	kind := t.Type
	if kind == "" || strings.EqualFold(kind, "bearer") {
		kind = "Bearer" // some APIs know no other spelling
	}
	r.Header.Set("Authorization", kind+" "+t.Access.Reveal())
	return r
}

// sameBody gives r's body once more.
func sameBody(r *http.Request) (io.ReadCloser, bool) {
	if r.Body == nil || r.Body == http.NoBody {
		return r.Body, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	return body, err == nil
}

// rejects reports whether an answer refuses the access token.
func (s *Source) rejects(provider string, r *http.Response) bool {
	if r.StatusCode == http.StatusUnauthorized {
		return true
	}
	mayTell := r.StatusCode == http.StatusOK || r.StatusCode >= 400 && r.StatusCode <= 499
	if s.cfg.Rejected == nil || !mayTell {
		return false
	}
	whole := r.Body
	var start bytes.Buffer // as much as was looked at
	r.Body = io.NopCloser(io.TeeReader(io.LimitReader(whole, peekSize), &start))
	rejected := s.cfg.Rejected(provider, r)
	r.Body = &body{io.MultiReader(&start, whole), whole} // who reads on meets an error again
	return rejected
}

// body reads from one and closes the other.
type body struct {
	io.Reader
	io.Closer
}

func discard(r *http.Response) {
	_, _ = io.CopyN(io.Discard, r.Body, drainSize) // a broken connection is not used again
	_ = r.Body.Close()
}
