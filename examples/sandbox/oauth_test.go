package sandbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

const callback = "http://127.0.0.1:8787/cb"

// clientOf is x/oauth2, which the sandbox has no part of, as a client of it.
func clientOf(s *sandbox.Sandbox, base, provider string, scopes ...string) *oauth2.Config {
	id, secret := s.Client(provider)
	s.Register(provider, callback)
	c := &oauth2.Config{ClientID: id, ClientSecret: secret, RedirectURL: callback, Scopes: scopes}
	switch provider {
	case sandbox.Figma:
		c.Endpoint = oauth2.Endpoint{AuthURL: base + "/figma/oauth", TokenURL: base + "/figma/v1/oauth/token", AuthStyle: oauth2.AuthStyleInHeader}
	case sandbox.Slack:
		c.Endpoint = oauth2.Endpoint{AuthURL: base + "/slack/oauth/v2/authorize", TokenURL: base + "/slack/api/oauth.v2.access", AuthStyle: oauth2.AuthStyleInHeader}
	case sandbox.GitHub:
		c.Endpoint = oauth2.Endpoint{AuthURL: base + "/github/login/oauth/authorize", TokenURL: base + "/github/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams}
	}
	return c
}

// allow goes through the consent page as person, and returns the code.
func allow(t *testing.T, s *sandbox.Sandbox, provider, address, person string) string {
	t.Helper()
	back, err := s.Allow(provider, address, person)
	if err != nil {
		t.Fatalf("allow at %s: %v", provider, err)
	}
	u, err := url.Parse(back)
	if err != nil || u.Query().Get("state") != "5bxstate" {
		t.Fatalf("sent back to %q (%v), want the state", back, err)
	}
	return u.Query().Get("code")
}

// connect makes a token of a person.
func connect(t *testing.T, s *sandbox.Sandbox, c *oauth2.Config, provider, person string) *oauth2.Token {
	t.Helper()
	v := oauth2.GenerateVerifier()
	code := allow(t, s, provider, c.AuthCodeURL("5bxstate", oauth2.S256ChallengeOption(v)), person)
	token, err := c.Exchange(context.Background(), code, oauth2.VerifierOption(v))
	if err != nil {
		t.Fatalf("exchange at %s: %v", provider, err)
	}
	return token
}

// get asks with a bearer token.
func get(t *testing.T, address, token string) (int, map[string]any, http.Header) {
	t.Helper()
	return send(t, "GET", address, http.Header{"Authorization": {"Bearer " + token}}, "")
}

func send(t *testing.T, method, address string, head http.Header, body string) (int, map[string]any, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	r.Header = head.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	if body != "" && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	var answer map[string]any
	if json.Unmarshal(text, &answer) != nil {
		answer = map[string]any{"": string(text)}
	}
	return resp.StatusCode, answer, resp.Header
}

func TestFigmaConnectsAndRefreshes(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	c := clientOf(s, base, sandbox.Figma, "current_user:read")
	first := connect(t, s, c, sandbox.Figma, "theo.norris")
	if !strings.HasPrefix(first.AccessToken, "figu_") || first.RefreshToken == "" || first.ExpiresIn != 90*24*3600 {
		t.Errorf("token %+v, want figu_…, a refresh token and 90 days", first)
	}
	status, me, _ := get(t, base+"/figma/v1/me", first.AccessToken)
	if status != 200 || me["handle"] != "Theo Norris" || me["email"] != "theo.norris@fluxstudio.example" || me["id"] != first.Extra("user_id_string") {
		t.Errorf("GET /v1/me: %d %v, want Theo Norris with the id of the token, %v", status, me, first.Extra("user_id_string"))
	}
	if id := fmt.Sprintf("%.0f", first.Extra("user_id")); id == me["id"] {
		t.Errorf("user_id %s survives a float64; real ids do not", id)
	}
	// The refresh URL is another one; its answer has no refresh token.
	again := *c
	again.Endpoint.TokenURL = base + "/figma/v1/oauth/refresh"
	second, err := again.TokenSource(context.Background(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
	if err != nil || second.AccessToken == first.AccessToken || second.Extra("refresh_token") != nil {
		t.Fatalf("refresh: %v %v, want a new access token and no refresh token", second, err)
	}
	wantMe(t, base, first.AccessToken, 403)
	wantMe(t, base, second.AccessToken, 200)
	if _, err := again.TokenSource(context.Background(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token(); err != nil {
		t.Errorf("refresh once more: %v, want the refresh token to stay good", err)
	}
	// Connecting again ends what was there, with its refresh token.
	third := connect(t, s, c, sandbox.Figma, "theo.norris")
	other := connect(t, s, c, sandbox.Figma, "mei.ramirez")
	wantMe(t, base, second.AccessToken, 403)
	wantMe(t, base, third.AccessToken, 200)
	wantMe(t, base, other.AccessToken, 200)
	if _, err := again.TokenSource(context.Background(), &oauth2.Token{RefreshToken: first.RefreshToken}).Token(); err == nil {
		t.Error("the refresh token of the former connection is good, want it ended")
	}
	s.Advance(91 * 24 * time.Hour)
	if _, me, _ := get(t, base+"/figma/v1/me", third.AccessToken); me["err"] != "Token expired" {
		t.Errorf("after 91 days: %v, want Token expired", me)
	}
}

func wantMe(t *testing.T, base, token string, want int) {
	t.Helper()
	if status, body, _ := get(t, base+"/figma/v1/me", token); status != want {
		t.Errorf("GET /v1/me: %d %v, want %d", status, body, want)
	}
}

func TestSlackConnectsAndRotates(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.Rotation(sandbox.Slack, true)
	c := clientOf(s, base, sandbox.Slack, "chat:write,users:read")
	first := connect(t, s, c, sandbox.Slack, "kofi.larsen")
	if !strings.HasPrefix(first.AccessToken, "xoxe.xoxb-") || !strings.HasPrefix(first.RefreshToken, "xoxe-1-") || first.ExpiresIn != 12*3600 {
		t.Errorf("token %+v, want a bot's that expires in 12 h", first)
	}
	renew := func(refresh string) (*oauth2.Token, error) {
		return c.TokenSource(context.Background(), &oauth2.Token{RefreshToken: refresh}).Token()
	}
	second, err := renew(first.RefreshToken)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	if _, err := renew(first.RefreshToken); slackCode(err) != "invalid_refresh_token" {
		t.Errorf("refresh with a used token: %v, want invalid_refresh_token", err)
	}
	wantSlack(t, base, first.AccessToken, "")
	wantSlack(t, base, second.AccessToken, "")
	third, err := renew(second.RefreshToken)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	wantSlack(t, base, first.AccessToken, "token_revoked") // at most two live
	wantSlack(t, base, second.AccessToken, "")
	wantSlack(t, base, third.AccessToken, "")
	s.Expire(sandbox.Slack)
	wantSlack(t, base, third.AccessToken, "token_expired")
	s.Grace(sandbox.Slack, time.Minute)
	if _, err := renew(second.RefreshToken); err != nil {
		t.Errorf("refresh with a used token in its grace: %v, want it good", err)
	}
	s.Advance(time.Minute)
	if _, err := renew(second.RefreshToken); slackCode(err) != "invalid_refresh_token" {
		t.Errorf("refresh after the grace: %v, want invalid_refresh_token", err)
	}
}

// slackCode is Slack's own code in an error of x/oauth2.
func slackCode(err error) string {
	var e *oauth2.RetrieveError
	if errors.As(err, &e) {
		return e.ErrorCode
	}
	return fmt.Sprint(err)
}

func wantSlack(t *testing.T, base, token, want string) {
	t.Helper()
	status, body, _ := get(t, base+"/slack/api/auth.test", token)
	if code, _ := body["error"].(string); status != 200 || code != want || body["ok"] != (want == "") {
		t.Errorf("auth.test: %d %v, want the error %q", status, body, want)
	}
}

// slackGrant exchanges a code without x/oauth2, which fails where there is no
// bot token.
func slackGrant(t *testing.T, s *sandbox.Sandbox, base, person string, ask url.Values) map[string]any {
	t.Helper()
	c := clientOf(s, base, sandbox.Slack)
	q := url.Values{"client_id": {c.ClientID}, "redirect_uri": {callback}, "state": {"5bxstate"}}
	for name, v := range ask {
		q[name] = v
	}
	code := allow(t, s, sandbox.Slack, c.Endpoint.AuthURL+"?"+q.Encode(), person)
	body := url.Values{"client_id": {c.ClientID}, "client_secret": {c.ClientSecret}, "code": {code}, "redirect_uri": {callback}}
	_, answer, _ := send(t, "POST", c.Endpoint.TokenURL, nil, body.Encode())
	if answer["ok"] != true {
		t.Fatalf("exchange: %v", answer)
	}
	return answer
}

func TestSlackGivesBotAndPersonTokens(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	both := slackGrant(t, s, base, "caleb.ochoa", url.Values{"scope": {"chat:write"}, "user_scope": {"search:read,users:read"}})
	person, bot := fmt.Sprint(dig(both, "authed_user", "access_token")), fmt.Sprint(both["access_token"])
	if !strings.HasPrefix(person, "xoxp-") || !strings.HasPrefix(bot, "xoxb-") || both["expires_in"] != nil {
		t.Errorf("answer %v, want xoxp- under authed_user, xoxb- at the top, and no expiry", both)
	}
	_, who, head := get(t, base+"/slack/api/auth.test", person)
	if who["user"] != "caleb.ochoa" || who["team"] != "Flux Studio" || head.Get("X-Oauth-Scopes") != "search:read,users:read" {
		t.Errorf("auth.test %v, scopes %q, want Caleb of Flux Studio and his scopes", who, head.Get("X-Oauth-Scopes"))
	}
	_, app, _ := send(t, "POST", base+"/slack/api/auth.test", nil, "token="+bot)
	if app["bot_id"] == nil || app["user"] != "fluxmcp" {
		t.Errorf("auth.test of the bot's token in the form: %v, want the bot", app)
	}
	only := slackGrant(t, s, base, "theo.norris", url.Values{"user_scope": {"users:read"}})
	if only["access_token"] != nil || dig(only, "authed_user", "access_token") == nil {
		t.Errorf("answer %v, want no token at the top", only)
	}
	// A second consent adds scopes, and gives the same token again.
	more := slackGrant(t, s, base, "theo.norris", url.Values{"user_scope": {"team:read"}})
	if dig(more, "authed_user", "scope") != "users:read,team:read" || dig(more, "authed_user", "access_token") != dig(only, "authed_user", "access_token") {
		t.Errorf("second consent %v, want the same token with both scopes", more)
	}
	_, gone, _ := send(t, "POST", base+"/slack/api/auth.revoke", http.Header{"Authorization": {"Bearer " + person}}, "x=1")
	if gone["revoked"] != true {
		t.Errorf("auth.revoke: %v, want it revoked", gone)
	}
	wantSlack(t, base, person, "token_revoked")
	wantSlack(t, base, bot, "")
	fresh := slackGrant(t, s, base, "caleb.ochoa", url.Values{"user_scope": {"users:read"}})
	if dig(fresh, "authed_user", "scope") != "users:read" {
		t.Errorf("scopes after a revocation: %v, want only those asked for now", fresh)
	}
}

func TestSlackRefreshesThePersonsTokenAtTheTop(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.Rotation(sandbox.Slack, true)
	both := slackGrant(t, s, base, "caleb.ochoa", url.Values{"scope": {"chat:write"}, "user_scope": {"search:read"}})
	id, secret := s.Client(sandbox.Slack)
	body := url.Values{"client_id": {id}, "client_secret": {secret}, "grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(dig(both, "authed_user", "refresh_token"))}}
	_, got, _ := send(t, "POST", base+"/slack/api/oauth.v2.access", nil, body.Encode())
	if got["token_type"] != "user" || !strings.HasPrefix(fmt.Sprint(got["access_token"]), "xoxe.xoxp-") || got["authed_user"] != nil {
		t.Errorf("answer %v, want the person's token at the top with token_type user", got)
	}
	wantSlack(t, base, fmt.Sprint(both["access_token"]), "") // the bot's has its own life
	_, _, _ = send(t, "POST", base+"/slack/api/auth.revoke", http.Header{"Authorization": {"Bearer " + fmt.Sprint(got["access_token"])}}, "x=1")
	wantSlack(t, base, fmt.Sprint(dig(both, "authed_user", "access_token")), "") // with rotation it ends one token alone
}

func TestSlackPKCEIsForAppsThatOptedIn(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	c := clientOf(s, base, sandbox.Slack)
	s.Register(sandbox.Slack, "https://mcp.example/cb")
	ask := func(redirect string, extra url.Values) (string, error) {
		q := url.Values{"client_id": {c.ClientID}, "redirect_uri": {redirect}, "state": {"5bxstate"}, "user_scope": {"users:read"}}
		for name, v := range extra {
			q[name] = v
		}
		back, err := s.Allow(sandbox.Slack, c.Endpoint.AuthURL+"?"+q.Encode(), "caleb.ochoa")
		u, _ := url.Parse(back)
		return u.Query().Get("code"), err
	}
	exchange := func(code, redirect, verifier string) any {
		body := url.Values{"client_id": {c.ClientID}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
		_, answer, _ := send(t, "POST", c.Endpoint.TokenURL, nil, body.Encode())
		return answer["error"]
	}
	// The published vector: verifier secretpassword.
	challenge := url.Values{"code_challenge": {"ldMBaaWcQYtSATMV_IG8mf3wp7A6EW80arYoSW80ntU"}, "code_challenge_method": {"S256"}}
	code, err := ask(callback, challenge)
	if got := exchange(code, callback, "secretpassword"); err != nil || got != "bad_client_secret" {
		t.Errorf("a public exchange by an app that has not opted in: %v %v, want bad_client_secret", got, err)
	}
	s.SlackPKCE(true)
	code, err = ask(callback, challenge)
	if got := exchange(code, callback, "secretpassword"); err != nil || got != nil {
		t.Errorf("a public exchange with the published vector: %v %v, want a token", got, err)
	}
	code, _ = ask(callback, challenge)
	if got := exchange(code, callback, "anotherpassword"); got != "invalid_code" {
		t.Errorf("a wrong verifier: %v, want invalid_code", got)
	}
	code, _ = ask(callback, nil)
	if got := exchange(code, callback, ""); got != "bad_client_secret" {
		t.Errorf("a public exchange without a verifier: %v, want bad_client_secret", got)
	}
	if _, err := ask(callback, url.Values{"code_challenge": challenge["code_challenge"], "code_challenge_method": {"plain"}}); err == nil {
		t.Error("a challenge of the method plain is taken, want S256 alone")
	}
	bot := url.Values{"scope": {"chat:write"}, "code_challenge": challenge["code_challenge"], "code_challenge_method": {"S256"}}
	if _, err := ask(callback, bot); err == nil {
		t.Error("bot scopes on a loopback redirect are allowed to a public client, want a refusal")
	}
	if _, err := ask("https://mcp.example/cb", bot); err != nil {
		t.Errorf("bot scopes on a web redirect: %v, want them allowed", err)
	}
	// Its refresh tokens die after 30 days.
	s.Rotation(sandbox.Slack, true)
	s.RevokeAll(sandbox.Slack)
	grant := slackGrant(t, s, base, "theo.norris", url.Values{"user_scope": {"users:read"}})
	s.Advance(30 * 24 * time.Hour)
	body := url.Values{"client_id": {c.ClientID}, "grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(dig(grant, "authed_user", "refresh_token"))}}
	if _, got, _ := send(t, "POST", c.Endpoint.TokenURL, nil, body.Encode()); got["error"] != "invalid_refresh_token" {
		t.Errorf("a refresh token of 30 days: %v, want invalid_refresh_token", got)
	}
}

func TestGitHubConnectsRefreshesAndRevokes(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	c := clientOf(s, base, sandbox.GitHub, "repo", "user:email")
	plain := connect(t, s, c, sandbox.GitHub, "mei.ramirez") // x/oauth2 asks for no JSON here, and gets a form
	if !strings.HasPrefix(plain.AccessToken, "gho_") || !plain.Expiry.IsZero() || plain.Extra("scope") != "repo,user:email" {
		t.Errorf("token %+v, want gho_ that never expires, with scopes separated by commas", plain)
	}
	status, me, head := get(t, base+"/github/api/user", plain.AccessToken)
	if status != 200 || me["login"] != "mei-ramirez-sandbox" || head.Get("X-Oauth-Scopes") != "repo, user:email" {
		t.Errorf("GET /user: %d %v %q, want Mei and her scopes", status, me, head.Get("X-Oauth-Scopes"))
	}
	s.Rotation(sandbox.GitHub, true)
	first := connect(t, s, c, sandbox.GitHub, "mei.ramirez")
	if !strings.HasPrefix(first.AccessToken, "ghu_") || !strings.HasPrefix(first.RefreshToken, "ghr_") || time.Until(first.Expiry).Round(time.Minute) != 8*time.Hour {
		t.Errorf("token %+v, want ghu_ of 8 h with ghr_", first)
	}
	renew := func(refresh string) (*oauth2.Token, error) {
		return c.TokenSource(context.Background(), &oauth2.Token{RefreshToken: refresh}).Token()
	}
	second, err := renew(first.RefreshToken)
	if err != nil {
		t.Fatalf("refresh: %v", err)
	}
	if _, err := renew(first.RefreshToken); slackCode(err) != "bad_refresh_token" {
		t.Errorf("refresh with a used token: %v, want bad_refresh_token", err)
	}
	basic := func(secret string) http.Header {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", base, nil)
		r.SetBasicAuth(c.ClientID, secret)
		return r.Header
	}
	body := `{"access_token":"` + second.AccessToken + `"}`
	app := base + "/github/api/applications/" + c.ClientID
	if status, got, _ := send(t, "DELETE", app+"/token", basic("wrong"), body); status != 401 {
		t.Errorf("revoke with a wrong secret: %d %v, want 401", status, got)
	}
	if status, _, _ := send(t, "DELETE", app+"/token", basic(c.ClientSecret), body); status != 204 {
		t.Errorf("revoke a token: %d, want 204", status)
	}
	if status, _, _ := get(t, base+"/github/api/user", second.AccessToken); status != 401 {
		t.Errorf("GET /user with a revoked token: %d, want 401", status)
	}
	if status, _, _ := send(t, "DELETE", app+"/grant", basic(c.ClientSecret), body); status != 404 {
		t.Errorf("revoke the grant of a token that is gone: %d, want 404", status)
	}
	if status, _, _ := send(t, "DELETE", app+"/grant", basic(c.ClientSecret), `{"access_token":"`+plain.AccessToken+`"}`); status != 204 {
		t.Errorf("revoke a grant: %d, want 204", status)
	}
	if _, err := renew(second.RefreshToken); slackCode(err) != "bad_refresh_token" {
		t.Errorf("refresh after the grant was revoked: %v, want bad_refresh_token", err)
	}
}

func TestGitHubAnswersJSONToThoseWhoAcceptIt(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	address := clientOf(s, base, sandbox.GitHub).Endpoint.TokenURL
	for accept, want := range map[string]string{"": "application/x-www-form-urlencoded", "text/html": "application/x-www-form-urlencoded", "application/json": "application/json", "text/html, application/json;q=0.9": "application/json"} {
		_, body, head := send(t, "POST", address, http.Header{"Accept": {accept}}, "client_id=nobody")
		text := fmt.Sprint(body[""], body["error"])
		if got := head.Get("Content-Type"); !strings.HasPrefix(got, want) || !strings.Contains(text, "incorrect_client_credentials") {
			t.Errorf("Accept %q: %s %v, want %s", accept, got, body, want)
		}
	}
}

func TestGitHubTokensExpireForThoseWhoAskForThat(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := connect(t, s, clientOf(s, base, sandbox.GitHub, "repo", "offline_access"), sandbox.GitHub, "theo.norris")
	if !strings.HasPrefix(token.AccessToken, "gho_") || token.RefreshToken == "" || token.Extra("scope") != "repo" {
		t.Errorf("token %+v, want gho_ with a refresh token", token)
	}
}

func TestFigmaScopesAreEachEnoughAndNothingElseIs(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	spec, err := figmaSpec()
	if err != nil {
		t.Fatalf("read the specification: %v", err)
	}
	all := []string{}
	type operation struct {
		method, path string
		scopes       []string
	}
	var list []operation
	for path, item := range document(t, spec).Paths.Map() {
		for method, o := range item.Operations() {
			for _, alternative := range *o.Security {
				scopes := alternative["OAuth2"]
				if scopes == nil || slices.Contains(unserved(), o.OperationID) && !strings.Contains(path, "variables") {
					continue
				}
				fill := strings.NewReplacer("{file_key}", tidal, "{team_id}", team, "{project_id}", design, "{folder_id}", design, "{comment_id}", "1", "{webhook_id}", "1", "{key}", "1")
				list = append(list, operation{method, fill.Replace(path), scopes})
				for _, name := range scopes {
					if !slices.Contains(all, name) {
						all = append(all, name)
					}
				}
			}
		}
	}
	tokens := map[string]string{}
	token := func(person string, scopes ...string) string {
		key := strings.Join(scopes, " ")
		if tokens[key] == "" {
			tokens[key] = connect(t, s, clientOf(s, base, sandbox.Figma, scopes...), sandbox.Figma, person).AccessToken
		}
		return tokens[key]
	}
	denied := func(method, path, token string) bool {
		_, body, _ := send(t, method, base+"/figma"+path, http.Header{"Authorization": {"Bearer " + token}}, "")
		return strings.Contains(fmt.Sprint(body["err"], body["message"]), "Invalid scope(s)")
	}
	if len(list) != 39 {
		t.Fatalf("%d operations, want the 39 that are served", len(list))
	}
	for _, o := range list {
		for _, name := range o.scopes {
			tokens = map[string]string{} // a person has one live token
			if denied(o.method, o.path, token("theo.norris", name)) {
				t.Errorf("%s %s: %s alone is refused, want it enough", o.method, o.path, name)
			}
		}
		others := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(o.scopes, s) })
		if !denied(o.method, o.path, token("kofi.larsen", others...)) {
			t.Errorf("%s %s: let in without any of %v", o.method, o.path, o.scopes)
		}
	}
}
