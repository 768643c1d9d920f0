package oauth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// FuzzDecode lets providers answer anything: there is no panic, every error is
// an *oauth.Error that shows nothing of the answer, and every token can be sent.
func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"access_token":"a","refresh_token":"b","expires_in":3600,"scope":"x,y","token_type":"bearer","user_id_string":"1"}`,
		`{"ok":true,"authed_user":{"id":"U1","access_token":"a","token_type":"user","scope":["x"]},"team":{"id":"T1"}}`,
		`{"ok":false,"error":"invalid_code"}`, `{"error":"bad_verification_code"}`, `{"error":true,"status":400}`, `[]`, `null`, ``, `{"ok":true`,
	} {
		f.Add(200, body)
		f.Add(400, body)
	}
	r, err := oauth.Load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		for _, p := range r.All() {
			c := oauth.NewClient(p, oauth.Credentials{ID: clientID, Secret: oauth.NewSecret(secret)}, &http.Client{Transport: always{status, body}})
			g, err := c.Exchange(t.Context(), "the-c0de", "", redirect)
			sound(t, p.Name, body, g.Tokens, err)
			next, err := c.Refresh(t.Context(), held())
			sound(t, p.Name, body, []oauth.Token{next}, err)
			who, err := c.Identity(t.Context(), oauth.Grant{Tokens: []oauth.Token{held()}})
			if sound(t, p.Name, body, nil, err); err == nil && (who.ID == "" || who.Name == "") {
				t.Errorf("%s: identity %+v of %q", p.Name, who, body)
			}
		}
	})
}

func sound(t *testing.T, provider, body string, tokens []oauth.Token, err error) {
	t.Helper()
	var e *oauth.Error
	if err != nil && (!errors.As(err, &e) || e.Kind == "" || len(err.Error()) > 300 || len(body) > 80 && strings.Contains(err.Error(), body)) {
		t.Fatalf("%s: %q gives the error %v", provider, body, err)
	}
	if err != nil {
		return
	}
	for _, token := range tokens {
		for _, text := range []string{token.Access.Reveal(), token.Refresh.Reveal()} {
			if strings.ContainsAny(text, "\r\n\x00 ") {
				t.Fatalf("%s: %q gives a token that cannot be sent", provider, body)
			}
		}
		if token.Access.IsZero() || token.Kind == "" {
			t.Fatalf("%s: %q gives %+v", provider, body, token)
		}
	}
}
