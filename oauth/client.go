package oauth

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	callTimeout = 10 * time.Second // of one request with its answer
	dialTimeout = 5 * time.Second
	userAgent   = "fluxmcp"
)

// Credentials are what a provider gave the operator's app.
type Credentials struct {
	ID     string
	Secret Secret
}

// Authorization is what a person is asked to consent to.
type Authorization struct {
	State       string   // comes back with the code
	Verifier    string   // of PKCE, from NewVerifier; empty: no PKCE
	RedirectURI string   // where the code is brought
	Scopes      []string // as Scope.Name; nil: the default ones
}

// Client speaks with one provider. It is safe for concurrent use. It never does
// a request again by itself and follows no redirect, so that a code or a
// refresh token is sent once, and only where the provider's data says.
//
// Errors of its methods are *Error; no text of them has a code, token, secret
// or what the provider wrote beside a known error code.
type Client struct {
	provider    Provider
	credentials Credentials
	transport   http.RoundTripper
	timeout     time.Duration
}

// NewClient makes a client of p, which must come from a Registry. Of h the
// Transport and the Timeout are used; nil is one without proxies and with a
// timeout of 10 s.
func NewClient(p Provider, c Credentials, h *http.Client) *Client {
	client := &Client{provider: p, credentials: c, timeout: callTimeout}
	if h != nil {
		client.transport = h.Transport
		if h.Timeout > 0 {
			client.timeout = h.Timeout
		}
	}
	if client.transport == nil {
		client.transport = newTransport()
	}
	return client
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Format keeps the secret from every verb: fmt reads fields without asking
// their own methods.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "oauth client of %s", c.provider.Name) // a formatter's writer keeps its own error
}

// Provider is the client's.
func (c *Client) Provider() Provider { return c.provider }

// NewVerifier makes a PKCE verifier of 256 random bits.
func NewVerifier() string { return oauth2.GenerateVerifier() }

// AuthorizeURL is where a person's browser asks for consent.
func (c *Client) AuthorizeURL(a Authorization) string {
	p := c.provider
	var options []oauth2.AuthCodeOption
	for name, value := range p.data.AuthorizeParams {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	scopes := a.Scopes
	if scopes == nil {
		scopes = p.DefaultScopes()
	}
	for name, value := range p.scopeParams(scopes) {
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	if a.Verifier != "" {
		options = append(options, oauth2.S256ChallengeOption(a.Verifier))
	}
	cfg := c.config("token")
	cfg.RedirectURL = a.RedirectURI
	return cfg.AuthCodeURL(a.State, options...)
}

// scopeParams are the query parameters that ask for scopes, one for each kind
// of token.
func (p Provider) scopeParams(scopes []string) map[string]string {
	byParam := map[string][]string{}
	for _, s := range scopes {
		kind, sent := p.scopeKind(s)
		param := p.place(kind).ScopeParam
		if param == "" {
			param = "scope"
		}
		byParam[param] = append(byParam[param], sent)
	}
	separator := string(p.data.ScopeSeparator)
	if separator == "" {
		separator = " "
	}
	params := map[string]string{}
	for param, list := range byParam {
		params[param] = strings.Join(list, separator)
	}
	return params
}

// config is x/oauth2's, with base as the token endpoint. The style of the
// client's authentication is always said: to find it out, x/oauth2 would send a
// code twice.
func (c *Client) config(base string) *oauth2.Config {
	p := c.provider
	cfg := &oauth2.Config{
		ClientID: c.credentials.ID, ClientSecret: c.credentials.Secret.Reveal(),
		Endpoint: oauth2.Endpoint{AuthURL: p.Bases["authorize"], TokenURL: p.Bases[base], AuthStyle: oauth2.AuthStyleInHeader},
	}
	if p.data.ClientAuth == "form" {
		cfg.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	if p.PKCE && p.data.PKCEPublic {
		cfg.ClientSecret, cfg.Endpoint.AuthStyle = "", oauth2.AuthStyleInParams
	}
	return cfg
}

// send does one request to the API and reads its answer.
func (c *Client) send(ctx context.Context, r *http.Request, op string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	r.Header.Set("Accept", "application/json")
	for name, value := range c.provider.data.APIHeaders {
		r.Header.Set(name, value)
	}
	return c.roundTrip(r.WithContext(ctx), op)
}

// roundTrip does a request as it is: redirects are answers like others.
func (c *Client) roundTrip(r *http.Request, op string) (answer, error) {
	r.Header.Set("User-Agent", userAgent)
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return answer{}, c.away(r.Context(), op, err)
	}
	defer func() { _ = response.Body.Close() }()
	got, err := readAnswer(response)
	switch {
	case err == errTooLarge:
		return answer{}, c.malformed(op, "too_large")
	case err != nil:
		return answer{}, c.away(r.Context(), op, err)
	}
	return got, nil
}
