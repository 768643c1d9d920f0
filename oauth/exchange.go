package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// Exchange gives what a person consented to, for the code that their browser
// brought. It sends the code once, whatever comes of it. redirectURI must be
// that of AuthorizeURL, and verifier too (empty: none).
func (c *Client) Exchange(ctx context.Context, code, verifier, redirectURI string) (Grant, error) {
	cfg := c.config("token")
	cfg.RedirectURL = redirectURI
	var options []oauth2.AuthCodeOption
	if verifier != "" {
		options = append(options, oauth2.VerifierOption(verifier))
	}
	k := call{op: "exchange code", secrets: []string{code, verifier}}
	got, err := c.ask(ctx, k, func(ctx context.Context) error {
		_, err := cfg.Exchange(ctx, code, options...)
		return err
	})
	if err != nil {
		return Grant{}, err
	}
	return c.grant(got, k.op)
}

// reply is an answer of a token endpoint.
type reply struct {
	answer
	asked time.Time // before the request, so that no token is taken for longer than it lives
}

// ask lets x/oauth2 make a request to a token endpoint, and returns the answer,
// which is no failure. x/oauth2 itself sees only that there is one: it would
// lose the tokens that are not at the top, make floating-point numbers of ids,
// and print the body in errors.
func (c *Client) ask(ctx context.Context, k call, do func(context.Context) error) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	n := &normaliser{client: c, call: k}
	err := do(context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: n}))
	var told *Error
	switch {
	case errors.As(err, &told):
		return reply{}, told
	case err != nil: // before the request was sent
		return reply{}, c.malformed(k.op, "")
	}
	return n.got, nil
}

// normaliser is the transport that x/oauth2 sends one request with.
type normaliser struct {
	client *Client
	call   call
	got    reply
}

// RoundTrip sends r in the provider's manner. Its errors are *Error.
func (n *normaliser) RoundTrip(r *http.Request) (*http.Response, error) {
	c := n.client
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "application/json")
	if c.provider.data.BodyFormat == "json" {
		if err := toJSON(r); err != nil {
			return nil, c.malformed(n.call.op, "")
		}
	}
	asked := time.Now()
	got, err := c.roundTrip(r, n.call.op)
	if err != nil {
		return nil, err
	}
	if failed := c.failure(got, n.call); failed != nil {
		return nil, failed
	}
	if got.fields == nil {
		return nil, c.malformed(n.call.op, "not_json")
	}
	n.got = reply{got, asked}
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(`{"access_token":"in the reply"}`)),
	}, nil
}

// toJSON turns the form in a request's body into a JSON object.
func toJSON(r *http.Request) error {
	form, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(string(form))
	if err != nil {
		return err
	}
	members := map[string]string{}
	for name := range values {
		members[name] = values.Get(name)
	}
	body, err := json.Marshal(members)
	if err != nil {
		return err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	r.Header.Set("Content-Type", "application/json")
	return nil
}

// grant finds the tokens and the metadata in the answer to a code.
func (c *Client) grant(got reply, op string) (Grant, error) {
	var g Grant
	for _, at := range c.provider.data.Tokens {
		t, wrong := c.token(got, at, at.At)
		switch wrong {
		case "":
			g.Tokens = append(g.Tokens, t)
		case noToken:
		default:
			return Grant{}, c.malformed(op, wrong)
		}
	}
	if len(g.Tokens) == 0 {
		return Grant{}, c.malformed(op, noToken)
	}
	for _, p := range c.provider.data.Metadata {
		if text := shown(got.text(p)); text != "" {
			if g.Metadata == nil {
				g.Metadata = map[string]string{}
			}
			g.Metadata[string(p)] = text
		}
	}
	return g, nil
}

// token is the one of at in the object where, with the scopes that were granted.
func (c *Client) token(got reply, at place, where path) (Token, string) {
	life, _ := c.provider.data.lifetime() // checked when it was loaded
	t, wrong := got.answer.token(at, where, got.asked, life)
	if wrong != "" {
		return Token{}, wrong
	}
	switch granted := got.object(where)["scope"].(type) {
	case string:
		t.Scopes = c.provider.granted(t.Kind, granted)
	case []any:
		t.Scopes = c.provider.granted(t.Kind, joined(granted))
	}
	return t, ""
}

func joined(list []any) string {
	var names []string
	for _, v := range list {
		names = append(names, written(v))
	}
	return strings.Join(names, " ")
}

func (c *Client) malformed(op, reason string) *Error {
	return &Error{Kind: Malformed, Provider: c.provider.Name, Reason: reason, op: op}
}
