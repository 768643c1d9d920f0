package oauth_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// github answers as docs.github.com has it: failures of the token endpoint come
// with status 200.
func github(t *testing.T) *strict {
	s := &strict{tokenPath: "/login/oauth/access_token", refreshPath: "/login/oauth/access_token", auth: "form", rotates: true}
	codes := map[string]string{
		"client": "incorrect_client_credentials", "redirect": "redirect_uri_mismatch", "verifier": "bad_verification_code", "code": "bad_verification_code",
		"refresh": "bad_refresh_token", "request": "unsupported_grant_type",
	}
	s.fail = func(w http.ResponseWriter, what string) {
		reply(w, map[string]any{"error": codes[what], "error_description": "The " + what + " passed is incorrect.", "error_uri": "/x"})
	}
	s.tokens = func(url.Values) any {
		return map[string]any{
			"access_token": s.issue("user"), "refresh_token": s.issue("refresh user"), "expires_in": 28800, "refresh_token_expires_in": 15897600,
			"token_type": "bearer", "scope": "repo,read:user",
		}
	}
	s.refreshed = func(string) any {
		return map[string]any{"access_token": s.issue("user"), "refresh_token": s.issue("refresh user"), "expires_in": 28800, "token_type": "bearer", "scope": ""}
	}
	s.api = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("User-Agent") == "":
			replyStatus(w, http.StatusBadRequest, `{"message":"headers"}`)
		case r.Method == http.MethodGet && r.URL.Path == "/user" && s.bearer(r) == "user":
			reply(w, `{"login":"octocat","id":9007199254740993,"email":null,"name":"The Octocat"}`)
		case r.Method == http.MethodDelete && r.URL.Path == "/applications/"+clientID+"/grant":
			s.githubRevoke(w, r)
		default:
			replyStatus(w, http.StatusUnauthorized, `{"message":"Bad credentials"}`)
		}
	}
	return s.start(t)
}

func (s *strict) githubRevoke(w http.ResponseWriter, r *http.Request) {
	id, pass, _ := r.BasicAuth()
	var body struct {
		Token string `json:"access_token"`
	}
	switch {
	case id != clientID || pass != url.QueryEscape(secret):
		replyStatus(w, http.StatusUnauthorized, `{"message":"Bad credentials"}`)
	case json.NewDecoder(r.Body).Decode(&body) != nil || s.kinds[body.Token] != "user":
		replyStatus(w, http.StatusUnprocessableEntity, `{"message":"Validation Failed"}`)
	default:
		delete(s.kinds, body.Token)
		w.WriteHeader(http.StatusNoContent)
	}
}

func atGitHub(t *testing.T, s *strict) oauth.Provider {
	return moved(t, provider(t, "github", s.server), "token", s.server.URL+"/login/oauth/access_token")
}

func TestGitHub(t *testing.T) {
	s := github(t)
	c := client(atGitHub(t, s))
	before := time.Now()
	g := connect(t, s, c)
	if len(g.Tokens) != 1 || !slices.Equal(g.Tokens[0].Scopes, []string{"read:user", "repo"}) {
		t.Fatalf("got %+v, want one token with the two scopes of the answer", g.Tokens)
	}
	checkExpiry(t, g.Tokens[0], before, 8*time.Hour)
	who, err := c.Identity(t.Context(), g)
	if want := (oauth.Identity{ID: "9007199254740993", Name: "octocat"}); err != nil || who != want {
		t.Errorf("identity is %+v, %v; want %+v, the id to the last digit", who, err, want)
	}
	next, err := c.Refresh(t.Context(), g.Tokens[0])
	if err != nil || next.Refresh == g.Tokens[0].Refresh || next.Refresh.IsZero() {
		t.Fatalf("refresh gives %+v, %v; want the next refresh token", next, err)
	}
	_, err = c.Refresh(t.Context(), g.Tokens[0])
	wantKind(t, err, oauth.RefusedGrant, "bad_refresh_token")
	if err := c.Revoke(t.Context(), next); err != nil || !s.revoked(next) {
		t.Errorf("revoke: %v; the token is dead: %t", err, s.revoked(next))
	}
	if err := c.Revoke(t.Context(), next); err != nil {
		t.Errorf("revoking a dead token: %v, want success", err)
	}
	wrong := oauth.NewClient(c.Provider(), oauth.Credentials{ID: clientID, Secret: oauth.NewSecret("wr0ng")}, nil)
	wantKind(t, wrong.Revoke(t.Context(), next), oauth.BadClient, "http_401")
}

func TestGitHubTokensNeedNotExpire(t *testing.T) {
	s := github(t)
	s.tokens = func(url.Values) any {
		return map[string]any{"access_token": s.issue("user"), "token_type": "bearer", "scope": "repo"}
	}
	c := client(atGitHub(t, s))
	g := connect(t, s, c)
	if !g.Tokens[0].Expires.IsZero() || !g.Tokens[0].Refresh.IsZero() {
		t.Errorf("got %+v, want a token that never expires and has no refresh token", g.Tokens[0])
	}
	_, err := c.Refresh(t.Context(), g.Tokens[0])
	wantKind(t, err, oauth.RefusedGrant, "no_refresh_token")
}

func TestGitHubRefuses(t *testing.T) {
	s := github(t)
	p := atGitHub(t, s)
	refusals(t, s, p, map[string][2]string{
		"client": {"client", "incorrect_client_credentials"}, "redirect": {"client", "redirect_uri_mismatch"},
		"verifier": {"refused", "bad_verification_code"}, "code": {"refused", "bad_verification_code"},
	})
	_, err := client(p).Identity(t.Context(), oauth.Grant{Tokens: []oauth.Token{{Access: oauth.NewSecret("dead")}}})
	wantKind(t, err, oauth.RefusedGrant, "http_401")
}

func TestGitHubForbidsByLimitOrByPermission(t *testing.T) {
	for _, c := range []struct {
		name   string
		header map[string]string
		want   oauth.Kind
		least  time.Duration
	}{
		{"no requests left is a limit", map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(time.Now().Add(time.Hour).Unix())}, oauth.Limited, 59 * time.Minute},
		{"Retry-After is a limit", map[string]string{"Retry-After": "60"}, oauth.Limited, time.Minute},
		{"requests left is a permission", map[string]string{"X-RateLimit-Remaining": "7"}, oauth.RefusedGrant, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := github(t)
			s.api = func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range c.header {
					w.Header().Set(name, value)
				}
				replyStatus(w, http.StatusForbidden, `{"message":"no"}`)
			}
			_, err := client(atGitHub(t, s)).Identity(t.Context(), oauth.Grant{Tokens: []oauth.Token{{Access: oauth.NewSecret("live")}}})
			if e := wantKind(t, err, c.want, "http_403"); e.Wait < c.least {
				t.Errorf("wait is %v, want at least %v", e.Wait, c.least)
			}
		})
	}
}
