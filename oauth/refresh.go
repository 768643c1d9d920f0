package oauth

import (
	"cmp"
	"context"

	"golang.org/x/oauth2"
)

// Refresh gives the token that follows t. It keeps what the answer leaves out:
// the refresh token and the scopes. It asks once; where the answer is lost, a
// provider with RefreshOnce may have spent the refresh token all the same.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	k := call{op: "refresh token", secrets: []string{t.Refresh.Reveal()}}
	if t.Refresh.IsZero() {
		return Token{}, &Error{Kind: RefusedGrant, Provider: c.provider.Name, Reason: "no_refresh_token", op: k.op}
	}
	cfg := c.config("refresh")
	got, err := c.ask(ctx, k, func(ctx context.Context) error {
		_, err := cfg.TokenSource(ctx, &oauth2.Token{RefreshToken: t.Refresh.Reveal()}).Token()
		return err
	})
	if err != nil {
		return Token{}, err
	}
	next, wrong := c.refreshed(got, c.provider.place(t.Kind))
	if wrong != "" {
		return Token{}, c.malformed(k.op, wrong)
	}
	if next.Refresh.IsZero() {
		next.Refresh = t.Refresh
	}
	if next.Scopes == nil {
		next.Scopes = t.Scopes
	}
	next.Type = t.Type
	return next, nil
}

// refreshed looks where the answer to a refresh has its token, then where that
// to a code has it.
func (c *Client) refreshed(got reply, at place) (Token, string) {
	t, wrong := c.token(got, at, cmp.Or(at.RefreshedAt, at.At))
	if wrong != "" && at.RefreshedAt != "" {
		if t, again := c.token(got, at, at.At); again == "" {
			return t, ""
		}
	}
	return t, wrong
}
