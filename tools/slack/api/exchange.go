package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchange is the HTTP client of one request of slack-go. It takes the token out
// of the form, reads the answer into out, and gives slack-go an empty success.
//
// The answers are not left to slack-go 0.35.0 because it takes ok:false without
// an error, {} and null for successes; one block, file or channel of a shape it
// does not know loses a page of 1,000, and makes a message that was posted look
// like one that was not; a message takes it 2 kB and more; it drops the
// status; and it reads without a bound.
type exchange struct {
	client func(context.Context) *http.Client
	method method
	out    answer
	stop   func() // ends the request
	err    error  // why there is no success
}

// Do implements what slack-go sends with.
func (x *exchange) Do(r *http.Request) (*http.Response, error) {
	if x.err = x.send(r); x.err != nil {
		return nil, x.err
	}
	body := io.NopCloser(strings.NewReader(`{"ok":true}`))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, Request: r}, nil
}

func (x *exchange) send(r *http.Request) error {
	if err := withoutToken(r); err != nil {
		return err
	}
	client := *x.client(r.Context())
	// Slack's API redirects nobody, and a token must not travel.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(r)
	if err != nil {
		return unsent(r.Context(), x.method, err)
	}
	defer discard(resp.Body, x.stop)
	return x.answered(r.Context(), resp)
}

// withoutToken takes the token, which is empty, from the form and the header: a
// token in the form would count before that of the header. It takes the cursor
// and the team too, where slack-go sends them empty.
func withoutToken(r *http.Request) error {
	r.Header.Del("Authorization")
	if r.Body == nil {
		return nil
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	form, err := url.ParseQuery(string(sent))
	if err != nil {
		return fmt.Errorf("read request: %w", err)
	}
	form.Del("token")
	for _, name := range []string{"cursor", "team_id"} {
		if form.Get(name) == "" {
			form.Del(name)
		}
	}
	body := []byte(form.Encode())
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(len(body))
	return nil
}

// answered reads an answer.
func (x *exchange) answered(ctx context.Context, resp *http.Response) error {
	if resp.StatusCode != http.StatusOK {
		return refused(x.method, resp)
	}
	if resp.ContentLength > x.method.most {
		return &Error{Kind: AnswerTooLarge, Method: x.method.name}
	}
	b := &body{from: resp.Body, left: x.method.most}
	err := json.NewDecoder(b).Decode(x.out)
	if _, misshapen := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !misshapen {
		return b.why(ctx, x.method, err)
	}
	return x.meant(resp, err)
}

// meant tells what a whole answer says. Where it says no, its other members may
// well be of another shape.
func (x *exchange) meant(resp *http.Response, misshapen error) error {
	h := x.out.head()
	h.scopes = resp.Header.Get("X-OAuth-Scopes")
	switch {
	case !h.OK && h.Error != "":
		return worded(x.method, resp.StatusCode, resp.Header, h)
	case !h.OK:
		return unreadable(x.method, errors.New("neither ok nor error"))
	case misshapen != nil:
		return unreadable(x.method, misshapen)
	}
	return nil
}

// body is the body of an answer, bounded in size.
type body struct {
	from io.Reader
	left int64
	err  error // why it ended too early
}

// errTooLarge ends a body that has more than it may.
var errTooLarge = errors.New("the answer is too large")

// Read reads on.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one more tells whether there is more
	}
	n, err := b.from.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.err = errTooLarge
		return 0, b.err
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// why is what is told of a body that is no JSON: it ended too early, or is none.
func (b *body) why(ctx context.Context, m method, err error) error {
	switch {
	case errors.Is(b.err, errTooLarge):
		return &Error{Kind: AnswerTooLarge, Method: m.name}
	case b.err != nil && ctx.Err() != nil:
		return ended(ctx, m)
	case b.err != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return away(m, err)
	default:
		return unreadable(m, err)
	}
}

const (
	drainSize = 64 << 10 // most that is read of what nobody wants, bytes
	drainTime = 250 * time.Millisecond
)

// discard ends a body, and reads the little that may be left of it, so that its
// connection can be used again; stop ends a request that has more to wait for.
func discard(r io.ReadCloser, stop func()) {
	late := time.AfterFunc(drainTime, stop)
	defer late.Stop()
	_, _ = io.CopyN(io.Discard, r, drainSize) // a broken connection is not used again
	_ = r.Close()
}

// unsent is what is told of an answer that did not come. The cause of net/http
// has a URL in it, and so arguments, which are left out.
func unsent(ctx context.Context, m method, err error) error {
	if coded(err) {
		return bare(err)
	}
	if ctx.Err() != nil {
		return ended(ctx, m)
	}
	e := away(m, bare(err))
	e.unsent = dialed(err)
	return e
}

// ended tells a request that took too long from one that nobody waits for.
func ended(ctx context.Context, m method) error {
	if errors.Is(context.Cause(ctx), errSlow) {
		e := away(m, errSlow)
		e.again = false // who waited that long once has no time for a second
		return e
	}
	return fmt.Errorf("ask Slack: %w", ctx.Err())
}

// bare is the cause of an error of http.Client.
func bare(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// coded reports whether err already says what its reader can do.
func coded(err error) bool {
	var told interface{ Code() string }
	return errors.As(err, &told)
}

// dialed reports whether err came before there was a connection.
func dialed(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect")
}
