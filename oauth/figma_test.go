package oauth_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// figma answers as https://developers.figma.com/docs/rest-api/oauth-apps/ has it.
func figma(t *testing.T) *strict {
	s := &strict{tokenPath: "/v1/oauth/token", refreshPath: "/v1/oauth/refresh", auth: "basic"}
	s.fail = func(w http.ResponseWriter, what string) {
		status := http.StatusBadRequest
		if what == "client" {
			status = http.StatusUnauthorized
		}
		replyStatus(w, status, map[string]any{"error": true, "status": status, "message": "Invalid " + what})
	}
	s.tokens = func(url.Values) any {
		return map[string]any{
			"access_token": s.issue("user"), "refresh_token": s.issue("refresh user"), "expires_in": 7776000, "token_type": "bearer",
			"user_id": 1170245155647481265, "user_id_string": "1170245155647481265",
		}
	}
	s.refreshed = func(string) any {
		return map[string]any{"access_token": s.issue("user"), "token_type": "bearer", "expires_in": 7776000}
	}
	s.api = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet || r.URL.Path != "/v1/me":
			replyStatus(w, http.StatusNotFound, map[string]any{"status": 404, "err": "Not found"})
		case s.bearer(r) != "user":
			replyStatus(w, http.StatusForbidden, map[string]any{"status": 403, "err": "Invalid token"})
		default:
			reply(w, `{"id":"1170245155647481265","email":"maria@example.com","handle":"Maria","img_url":"https://example.com/m.png"}`)
		}
	}
	return s.start(t)
}

func TestFigma(t *testing.T) {
	s := figma(t)
	c := client(provider(t, "figma", s.server))
	before := time.Now()
	g := connect(t, s, c)
	if len(g.Tokens) != 1 || g.Tokens[0].Kind != oauth.KindUser || g.Tokens[0].Scopes != nil || g.Tokens[0].Type != "" {
		t.Fatalf("got %+v, want one token of a person, whose scopes are not told", g.Tokens)
	}
	if got, want := g.Metadata["user_id_string"], "1170245155647481265"; got != want {
		t.Errorf("user_id_string is %q, want %q", got, want)
	}
	checkExpiry(t, g.Tokens[0], before, 90*24*time.Hour)
	who, err := c.Identity(t.Context(), g)
	if want := (oauth.Identity{ID: "1170245155647481265", Name: "Maria", Email: "maria@example.com"}); err != nil || who != want {
		t.Errorf("identity is %+v, %v; want %+v", who, err, want)
	}
	next, err := c.Refresh(t.Context(), g.Tokens[0])
	if err != nil {
		t.Fatal(err)
	}
	if next.Refresh != g.Tokens[0].Refresh || next.Access == g.Tokens[0].Access {
		t.Error("the refresh must give another access token and keep the refresh token, which Figma does not send again")
	}
	if _, err := c.Refresh(t.Context(), next); err != nil {
		t.Errorf("second refresh with the same refresh token: %v", err)
	}
	if c.CanRevoke() || c.Provider().ManageURL == "" {
		t.Error("Figma has no revocation, and needs the page where people do it by hand")
	}
	if err := c.Revoke(t.Context(), next); err != nil {
		t.Errorf("revoke: %v, want nothing to happen", err)
	}
	if got, want := s.requests(), "POST /v1/oauth/token, GET /v1/me, POST /v1/oauth/refresh, POST /v1/oauth/refresh"; got != want {
		t.Errorf("requests were %s, want %s", got, want)
	}
}

func TestFigmaRefuses(t *testing.T) {
	s := figma(t)
	p := provider(t, "figma", s.server)
	refusals(t, s, p, map[string][2]string{
		"client": {"client", "http_401"}, "redirect": {"refused", "http_400"}, "verifier": {"refused", "http_400"}, "code": {"refused", "http_400"},
	})
	c := client(p)
	_, err := c.Refresh(t.Context(), oauth.Token{Refresh: oauth.NewSecret("dead")})
	wantKind(t, err, oauth.RefusedGrant, "http_400")
	_, err = c.Identity(t.Context(), oauth.Grant{Tokens: []oauth.Token{{Access: oauth.NewSecret("dead")}}})
	wantKind(t, err, oauth.RefusedGrant, "http_403")
}

func checkExpiry(t *testing.T, got oauth.Token, before time.Time, life time.Duration) {
	t.Helper()
	if got.Expires.Before(before.Add(life)) || got.Expires.After(time.Now().Add(life)) {
		t.Errorf("the token expires %v after it was asked for, want %v", got.Expires.Sub(before), life)
	}
}
