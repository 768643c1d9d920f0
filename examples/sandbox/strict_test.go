package sandbox_test

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// change replaces parameters; an empty value removes one.
func change(v url.Values, by map[string]string) url.Values {
	v = maps.Clone(v)
	for name, value := range by {
		if v.Del(name); value != "" {
			v.Set(name, value)
		}
	}
	return v
}

// TestConsentIsRefused asks what the consent page does not allow.
func TestConsentIsRefused(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	noRedirects(t)
	asked := map[string]url.Values{}
	pages := map[string]string{}
	for provider, scope := range map[string]string{sandbox.Figma: "file_content:read", sandbox.Slack: "chat:write", sandbox.GitHub: "repo"} {
		c := clientOf(s, base, provider)
		pages[provider] = c.Endpoint.AuthURL
		asked[provider] = url.Values{"client_id": {c.ClientID}, "redirect_uri": {callback}, "scope": {scope}, "state": {"5bxstate"}, "response_type": {"code"}}
	}
	plain := map[string]string{"code_challenge": strings.Repeat("a", 43), "code_challenge_method": "plain"}
	for _, c := range []struct {
		name, provider string
		by             map[string]string
		status         int
		want           string // in the body, or in Location
	}{
		{"figma: an unknown client", sandbox.Figma, map[string]string{"client_id": "nobody"}, 400, "doesn't exist"},
		{"figma: a foreign redirect", sandbox.Figma, map[string]string{"redirect_uri": "http://127.0.0.1:8787/other"}, 400, "Invalid redirect uri"},
		{"figma: a redirect below the registered one", sandbox.Figma, map[string]string{"redirect_uri": callback + "/x"}, 400, "Invalid redirect uri"},
		{"figma: a redirect at another port", sandbox.Figma, map[string]string{"redirect_uri": "http://127.0.0.1:9999/cb"}, 400, "Invalid redirect uri"},
		{"figma: no state", sandbox.Figma, map[string]string{"state": ""}, 400, "Parameter state is required"},
		{"figma: no scope", sandbox.Figma, map[string]string{"scope": ""}, 400, "Parameter scope is required"},
		{"figma: an unknown scope", sandbox.Figma, map[string]string{"scope": "file_read"}, 400, "Invalid scopes for app"},
		{"figma: a token in place of a code", sandbox.Figma, map[string]string{"response_type": "token"}, 400, "response type"},
		{"figma: a plain challenge", sandbox.Figma, plain, 400, "S256"},
		{"figma: a short challenge", sandbox.Figma, map[string]string{"code_challenge": "abc"}, 400, "S256"},
		{"slack: an unknown client", sandbox.Slack, map[string]string{"client_id": "nobody"}, 400, "invalid_client_id"},
		{"slack: a foreign redirect", sandbox.Slack, map[string]string{"redirect_uri": "http://127.0.0.1:8787/other"}, 400, "did not match any configured"},
		{"slack: a redirect beside the registered one", sandbox.Slack, map[string]string{"redirect_uri": callback + "other"}, 400, "did not match any configured"},
		{"slack: a redirect that climbs up", sandbox.Slack, map[string]string{"redirect_uri": callback + "/../other"}, 400, "did not match any configured"},
		{"slack: no state", sandbox.Slack, map[string]string{"state": ""}, 400, "missing_state"},
		{"slack: no scope", sandbox.Slack, map[string]string{"scope": ""}, 400, "no_scopes"},
		{"slack: an unknown scope", sandbox.Slack, map[string]string{"scope": "everything"}, 400, "invalid_scope"},
		{"slack: a person's scope for the bot", sandbox.Slack, map[string]string{"scope": "search:read"}, 400, "invalid_scope"},
		{"github: an unknown client", sandbox.GitHub, map[string]string{"client_id": "nobody"}, 404, "not the web page"},
		{"github: a foreign redirect goes to the registered one", sandbox.GitHub, map[string]string{"redirect_uri": "https://evil.example/"}, 302, callback + "?error=redirect_uri_mismatch"},
		{"github: a redirect below the registered one", sandbox.GitHub, map[string]string{"redirect_uri": callback + "/x"}, 302, callback + "?error=redirect_uri_mismatch"},
		{"github: no state", sandbox.GitHub, map[string]string{"state": ""}, 302, "error=invalid_request"},
		{"github: an unknown scope", sandbox.GitHub, map[string]string{"scope": "everything"}, 302, "error=invalid_scope"},
		{"github: a plain challenge", sandbox.GitHub, plain, 302, "error=invalid_request"},
		{"github: a challenge without method", sandbox.GitHub, map[string]string{"code_challenge": strings.Repeat("a", 43)}, 302, "error=invalid_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address := pages[c.provider] + "?" + change(asked[c.provider], c.by).Encode()
			status, body, head := send(t, "GET", address, nil, "")
			if got := fmt.Sprint(head.Get("Location"), body); status != c.status || !strings.Contains(got, c.want) {
				t.Errorf("status %d %.300s, want %d with %q", status, got, c.status, c.want)
			}
			// Whoever posts the form without having seen the page gets no further.
			status, _, head = send(t, "POST", address, nil, "decision=allow&person=caleb.ochoa")
			if strings.Contains(head.Get("Location"), "code=") {
				t.Errorf("the form was taken: %d %s, want a refusal", status, head.Get("Location"))
			}
		})
	}
	for _, c := range []struct {
		name, provider string
		by             map[string]string
	}{
		{"slack allows what is below a registered redirect", sandbox.Slack, map[string]string{"redirect_uri": callback + "/team"}},
		{"slack uses the registered redirect where there is none", sandbox.Slack, map[string]string{"redirect_uri": ""}},
		{"github allows any port of a loopback address", sandbox.GitHub, map[string]string{"redirect_uri": "http://127.0.0.1:65000/cb"}},
		{"github allows no scope", sandbox.GitHub, map[string]string{"scope": ""}},
		{"figma takes scopes with commas", sandbox.Figma, map[string]string{"scope": "file_content:read,file_comments:read current_user:read"}},
		{"figma takes S256 without being told so", sandbox.Figma, map[string]string{"code_challenge": strings.Repeat("a", 43)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := s.Allow(c.provider, pages[c.provider]+"?"+change(asked[c.provider], c.by).Encode(), "caleb.ochoa"); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
	s.FigmaPublic(true)
	if _, err := s.Allow(sandbox.Figma, pages[sandbox.Figma]+"?"+change(asked[sandbox.Figma], map[string]string{"scope": "folders:read"}).Encode(), "caleb.ochoa"); err == nil {
		t.Error("a public app may ask for folders:read, want a refusal")
	}
}

// noRedirects keeps the default client from following any, for a test.
func noRedirects(t *testing.T) {
	t.Helper()
	http.DefaultClient.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	t.Cleanup(func() { http.DefaultClient.CheckRedirect = nil })
}

// TestTokenRequestsAreRefused sends what no token is given for.
func TestTokenRequestsAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, provider string
		spoil          func(*strictRequest, *sandbox.Sandbox)
		status         int
		want           string
		kept           bool // the code is still good after that
	}{
		{"figma: a wrong secret", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.basic = "sandbox-figma:wrong" }, 401, "Invalid client credentials", true},
		{"figma: the secret in the form", sandbox.Figma, func(r *strictRequest, s *sandbox.Sandbox) { r.inForm(s) }, 401, "Invalid client credentials", true},
		{"figma: another redirect", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("redirect_uri", callback+"/") }, 400, "Invalid redirect uri", false},
		{"figma: no redirect", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Del("redirect_uri") }, 400, "redirect_uri is required", true},
		{"figma: no verifier", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Del("code_verifier") }, 400, "Invalid code verifier", false},
		{"figma: another verifier", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("code_verifier", strings.Repeat("b", 43)) }, 400, "Invalid code verifier", false},
		{"figma: an unknown code", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("code", "nothing") }, 400, "Invalid code", true},
		{"figma: a code of 30 s", sandbox.Figma, func(_ *strictRequest, s *sandbox.Sandbox) { s.Advance(30 * time.Second) }, 400, "Code expired", false},
		{"figma: another grant type", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("grant_type", "password") }, 400, "Invalid grant type", true},
		{"figma: a code at the refresh URL", sandbox.Figma, func(r *strictRequest, _ *sandbox.Sandbox) { r.path = "/figma/v1/oauth/refresh" }, 400, "refresh_token is required", true},
		{"slack: a wrong secret", sandbox.Slack, func(r *strictRequest, _ *sandbox.Sandbox) { r.basic = "sandbox-slack:wrong" }, 200, "bad_client_secret", true},
		{"slack: an unknown client", sandbox.Slack, func(r *strictRequest, _ *sandbox.Sandbox) { r.basic = "nobody:wrong" }, 200, "invalid_client_id", true},
		{"slack: another redirect", sandbox.Slack, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("redirect_uri", callback+"/") }, 200, "bad_redirect_uri", false},
		{"slack: an unknown code", sandbox.Slack, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("code", "nothing") }, 200, "invalid_code", true},
		{"slack: a code of 10 minutes", sandbox.Slack, func(_ *strictRequest, s *sandbox.Sandbox) { s.Advance(10 * time.Minute) }, 200, "invalid_code", false},
		{"slack: another grant type", sandbox.Slack, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("grant_type", "password") }, 200, "invalid_grant_type", true},
		{"github: a wrong secret", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("client_secret", "wrong") }, 200, "incorrect_client_credentials", true},
		{"github: the secret by Basic", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.byBasic() }, 200, "incorrect_client_credentials", true},
		{"github: another redirect", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("redirect_uri", "http://127.0.0.1:1/cb") }, 200, "redirect_uri_mismatch", false},
		{"github: no verifier", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Del("code_verifier") }, 200, "bad_verification_code", false},
		{"github: another verifier", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("code_verifier", strings.Repeat("b", 43)) }, 200, "bad_verification_code", false},
		{"github: an unknown code", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("code", "nothing") }, 200, "bad_verification_code", true},
		{"github: a code of 10 minutes", sandbox.GitHub, func(_ *strictRequest, s *sandbox.Sandbox) { s.Advance(10 * time.Minute) }, 200, "bad_verification_code", false},
		{"github: another grant type", sandbox.GitHub, func(r *strictRequest, _ *sandbox.Sandbox) { r.form.Set("grant_type", "password") }, 200, "unsupported_grant_type", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, base := start(t, sandbox.Options{})
			scope := map[string]string{sandbox.Figma: "file_content:read", sandbox.Slack: "chat:write", sandbox.GitHub: "repo"}[c.provider]
			client := clientOf(s, base, c.provider, scope)
			verifier := oauth2.GenerateVerifier()
			code := allow(t, s, c.provider, client.AuthCodeURL("5bxstate", oauth2.S256ChallengeOption(verifier)), "caleb.ochoa")
			r := strictRequest{form: url.Values{"code": {code}, "redirect_uri": {callback}, "grant_type": {"authorization_code"}, "code_verifier": {verifier}}, accept: "application/json"}
			if r.basic = client.ClientID + ":" + client.ClientSecret; c.provider == sandbox.GitHub {
				r.inForm(s, sandbox.GitHub)
			}
			good := strictRequest{form: maps.Clone(r.form), basic: r.basic, accept: r.accept}
			c.spoil(&r, s)
			post := func(r strictRequest) (int, map[string]any) {
				head := http.Header{"Accept": {r.accept}}
				if r.basic != "" {
					head.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(r.basic)))
				}
				address := client.Endpoint.TokenURL
				if r.path != "" {
					address = base + r.path
				}
				status, body, _ := send(t, "POST", address, head, r.form.Encode())
				return status, body
			}
			status, body := post(r)
			if got := fmt.Sprint(body["error"], body["message"]); status != c.status || !strings.Contains(got, c.want) || body["access_token"] != nil {
				t.Errorf("%d %v, want %d with %q and no token", status, body, c.status, c.want)
			}
			_, body = post(good)
			if gave := body["access_token"] != nil; gave != c.kept {
				t.Errorf("the right request after that: %v, want a token: %v", body, c.kept)
			}
			if _, body = post(good); body["access_token"] != nil {
				t.Errorf("the same code once more: %v, want a refusal", body)
			}
		})
	}
}

// inForm moves the client's proof into the form.
func (r *strictRequest) inForm(s *sandbox.Sandbox, provider ...string) {
	id, secret := s.Client(cmp.Or(strings.Join(provider, ""), sandbox.Figma))
	r.form.Set("client_id", id)
	r.form.Set("client_secret", secret)
	r.basic = ""
}

// byBasic moves it into the header.
func (r *strictRequest) byBasic() {
	r.basic = r.form.Get("client_id") + ":" + r.form.Get("client_secret")
	r.form.Del("client_id")
	r.form.Del("client_secret")
}

// strictRequest is a request for tokens.
type strictRequest struct {
	form   url.Values
	basic  string // id:secret; empty: none
	accept string
	path   string // empty: that of the provider's tokens
}
