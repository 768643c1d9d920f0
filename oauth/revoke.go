package oauth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CanRevoke reports whether Revoke tells the provider anything.
func (c *Client) CanRevoke() bool { return c.provider.Revokes() }

// Revoke tells the provider that t is of no more use; that it was dead already
// is success. Where the provider has no such call, and for a token that other
// people's accounts share (Provider.Shared), it does nothing.
func (c *Client) Revoke(ctx context.Context, t Token) error {
	data := c.provider.data.Revoke
	if data == nil || c.provider.Shared(t.Kind) {
		return nil
	}
	const op = "revoke token"
	r, err := c.revocation(*data, t)
	if err != nil {
		return c.malformed(op, "bad_url")
	}
	got, err := c.send(ctx, r, op)
	if err != nil {
		return err
	}
	bearer := data.Auth == "token"
	failed := c.failure(got, call{op: op, bearer: bearer, secrets: []string{t.Access.Reveal(), t.Refresh.Reveal()}})
	dead := failed != nil && (bearer && failed.Kind == RefusedGrant || slices.Contains(data.Dead, failed.Reason))
	if failed == nil || dead {
		return nil
	}
	return failed
}

func (c *Client) revocation(data revokeCall, t Token) (*http.Request, error) {
	body, kind, err := c.revokeBody(data, t)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequest(cmp.Or(string(data.Method), http.MethodPost), c.provider.endpoint(data.URL, c.credentials.ID), body)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	switch data.Auth {
	case "token":
		t.authorize(r)
	case "basic": // escaped as RFC 6749 section 2.3.1 wants it, and as the token endpoint gets it
		r.SetBasicAuth(url.QueryEscape(c.credentials.ID), url.QueryEscape(c.credentials.Secret.Reveal()))
	}
	return r, nil
}

// revokeBody is the body and its content type; both may be empty.
func (c *Client) revokeBody(data revokeCall, t Token) (io.Reader, string, error) {
	values := strings.NewReplacer(
		"{access_token}", t.Access.Reveal(), "{refresh_token}", t.Refresh.Reveal(),
		"{client_id}", c.credentials.ID, "{client_secret}", c.credentials.Secret.Reveal(),
	)
	switch {
	case len(data.JSON) > 0:
		members := map[string]string{}
		for name, text := range data.JSON {
			members[name] = values.Replace(string(text))
		}
		body, err := json.Marshal(members)
		return bytes.NewReader(body), "application/json", err
	case len(data.Form) > 0:
		form := url.Values{}
		for name, text := range data.Form {
			form.Set(name, values.Replace(string(text)))
		}
		return strings.NewReader(form.Encode()), "application/x-www-form-urlencoded", nil
	}
	return nil, "", nil
}
