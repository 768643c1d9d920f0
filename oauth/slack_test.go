package oauth_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// slack answers as https://docs.slack.dev/authentication/installing-with-oauth
// and …/using-token-rotation have it: everything with status 200.
func slack(t *testing.T) *strict {
	s := &strict{tokenPath: "/oauth.v2.access", refreshPath: "/oauth.v2.access", auth: "basic", rotates: true}
	codes := map[string]string{
		"client": "bad_client_secret", "redirect": "bad_redirect_uri", "verifier": "invalid_code", "code": "code_already_used",
		"refresh": "invalid_refresh_token", "request": "invalid_grant_type", "token": "token_revoked",
	}
	s.fail = func(w http.ResponseWriter, what string) { reply(w, map[string]any{"ok": false, "error": codes[what]}) }
	s.tokens = func(asked url.Values) any {
		a := map[string]any{
			"ok": true, "app_id": "A0KRD7HC3", "team": map[string]any{"id": "T9TK3CUKW", "name": "Acme"},
			"enterprise": nil, "is_enterprise_install": false,
		}
		user := map[string]any{"id": "U1234"}
		a["authed_user"] = user
		if asked.Has("user_scope") {
			s.put(user, "user", asked.Get("user_scope"))
		}
		if asked.Has("scope") {
			s.put(a, "bot", asked.Get("scope"))
			a["bot_user_id"] = "U0KRQLJ9H"
		}
		return a
	}
	s.refreshed = func(kind string) any {
		a := map[string]any{"ok": true, "app_id": "A0KRD7HC3", "team": map[string]any{"id": "T9TK3CUKW", "name": "Acme"}}
		s.put(a, kind, "channels:read")
		return a
	}
	s.api = func(w http.ResponseWriter, r *http.Request) {
		kind := s.bearer(r)
		switch {
		case r.Method != http.MethodPost:
			s.fail(w, "request")
		case kind == "":
			s.fail(w, "token")
		case r.URL.Path == "/auth.test":
			who := map[string]string{"user": "U1234", "bot": "U0KRQLJ9H"}
			reply(w, map[string]any{"ok": true, "team": "Acme", "user": kind + ".maria", "team_id": "T9TK3CUKW", "user_id": who[kind]})
		case r.URL.Path == "/auth.revoke":
			delete(s.kinds, r.Header.Get("Authorization")[len("Bearer "):])
			reply(w, `{"ok":true,"revoked":true}`)
		}
	}
	return s.start(t)
}

// put adds a rotating token to an object.
func (s *strict) put(o map[string]any, kind, scope string) {
	o["access_token"], o["refresh_token"] = s.issue(kind), s.issue("refresh "+kind)
	o["token_type"], o["scope"], o["expires_in"] = kind, scope, 43200
}

func TestSlackAsThePerson(t *testing.T) {
	s := slack(t)
	c := client(provider(t, "slack", s.server))
	page, _ := authorize(c)
	u, _ := url.Parse(page)
	if u.Query().Has("scope") || u.Query().Has("code_challenge") || u.Query().Get("user_scope") == "" {
		t.Errorf("the consent page is asked for %v, want the person's scopes alone and no PKCE", u.Query())
	}
	before := time.Now()
	g := connect(t, s, c, "search:read", "channels:read")
	if len(g.Tokens) != 1 || g.Tokens[0].Kind != oauth.KindUser {
		t.Fatalf("got %+v, want the token of authed_user alone", g.Tokens)
	}
	if got := g.Tokens[0].Scopes; !slices.Equal(got, []string{"channels:read", "search:read"}) {
		t.Errorf("granted scopes are %q", got)
	}
	checkExpiry(t, g.Tokens[0], before, 12*time.Hour)
	who, err := c.Identity(t.Context(), g)
	if want := (oauth.Identity{ID: "T9TK3CUKW/U1234", Name: "user.maria (Acme)"}); err != nil || who != want {
		t.Errorf("identity is %+v, %v; want %+v", who, err, want)
	}
	next, err := c.Refresh(t.Context(), g.Tokens[0])
	if err != nil || next.Kind != oauth.KindUser || next.Refresh == g.Tokens[0].Refresh {
		t.Fatalf("refresh gives %+v, %v; want a user token with another refresh token", next, err)
	}
	_, err = c.Refresh(t.Context(), g.Tokens[0])
	wantKind(t, err, oauth.RefusedGrant, "invalid_refresh_token")
	if err := c.Revoke(t.Context(), next); err != nil || !s.revoked(next) {
		t.Errorf("revoke: %v; the token is dead: %t", err, s.revoked(next))
	}
	if err := c.Revoke(t.Context(), next); err != nil {
		t.Errorf("revoking a dead token: %v, want success", err)
	}
}

func TestSlackWithABot(t *testing.T) {
	s := slack(t)
	c := client(provider(t, "slack", s.server))
	page, _ := authorize(c, "channels:read", "chat:write", "bot:chat:write", "bot:files:write")
	u, _ := url.Parse(page)
	if user, bot := u.Query().Get("user_scope"), u.Query().Get("scope"); user != "channels:read,chat:write" || bot != "chat:write,files:write" {
		t.Errorf("user_scope is %q and scope %q", user, bot)
	}
	g := connect(t, s, c, "channels:read", "bot:chat:write")
	if len(g.Tokens) != 2 || g.Tokens[0].Kind != oauth.KindUser || g.Tokens[1].Kind != oauth.KindBot {
		t.Fatalf("got %+v, want the person's token before the bot's", g.Tokens)
	}
	if got := g.Tokens[1].Scopes; !slices.Equal(got, []string{"bot:chat:write"}) {
		t.Errorf("the bot's scopes are %q", got)
	}
	want := map[string]string{"team.id": "T9TK3CUKW", "team.name": "Acme", "bot_user_id": "U0KRQLJ9H", "app_id": "A0KRD7HC3", "authed_user.id": "U1234"}
	for name, value := range want {
		if g.Metadata[name] != value {
			t.Errorf("metadata %s is %q, want %q", name, g.Metadata[name], value)
		}
	}
	bot, err := c.Refresh(t.Context(), g.Tokens[1])
	if err != nil || bot.Kind != oauth.KindBot {
		t.Fatalf("refresh of the bot's token gives %+v, %v", bot, err)
	}
	if err := c.Revoke(t.Context(), bot); err != nil || s.revoked(bot) {
		t.Errorf("revoke: %v; the bot's token is dead: %t; want it to live for the colleagues who share it", err, s.revoked(bot))
	}
}

func TestSlackBotAloneIsStillThePersonsAccount(t *testing.T) {
	s := slack(t)
	c := client(provider(t, "slack", s.server))
	g := connect(t, s, c, "bot:chat:write")
	who, err := c.Identity(t.Context(), g)
	if err != nil || who.ID != "T9TK3CUKW/U1234" {
		t.Errorf("identity is %+v, %v; want the person who consented, not the bot", who, err)
	}
}

func TestSlackRefreshedTokenMayBeWhereTheFirstWas(t *testing.T) {
	s := slack(t)
	s.refreshed = func(kind string) any {
		user := map[string]any{"id": "U1234"}
		s.put(user, kind, "channels:read")
		return map[string]any{"ok": true, "access_token": "xoxb-1", "token_type": "bot", "authed_user": user}
	}
	c := client(provider(t, "slack", s.server))
	next, err := c.Refresh(t.Context(), connect(t, s, c).Tokens[0])
	if err != nil || next.Kind != oauth.KindUser || s.revoked(next) {
		t.Errorf("refresh gives %+v, %v; want the person's token, never the bot's", next, err)
	}
}

func TestSlackRefuses(t *testing.T) {
	s := slack(t)
	p := provider(t, "slack", s.server)
	refusals(t, s, p.WithPKCE(false), map[string][2]string{
		"client": {"client", "bad_client_secret"}, "redirect": {"client", "bad_redirect_uri"}, "verifier": {"refused", "invalid_code"}, "code": {"refused", "code_already_used"},
	})
	_, err := client(p).Identity(t.Context(), oauth.Grant{Tokens: []oauth.Token{{Access: oauth.NewSecret("dead")}}})
	wantKind(t, err, oauth.RefusedGrant, "token_revoked")
}

func TestSlackWithPKCEIsAPublicClient(t *testing.T) {
	s := slack(t)
	s.auth = "public"
	c := client(provider(t, "slack", s.server).WithPKCE(true))
	g := connect(t, s, c)
	if _, err := c.Refresh(t.Context(), g.Tokens[0]); err != nil {
		t.Errorf("refresh without a secret: %v", err)
	}
}

// The vector of https://docs.slack.dev/authentication/using-pkce.
func TestPKCEVector(t *testing.T) {
	r, err := oauth.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, _ := r.Get("slack")
	page := client(p).AuthorizeURL(oauth.Authorization{State: "s", Verifier: "secretpassword", RedirectURI: redirect})
	u, _ := url.Parse(page)
	if got, want := u.Query().Get("code_challenge"), "ldMBaaWcQYtSATMV_IG8mf3wp7A6EW80arYoSW80ntU"; got != want || u.Query().Get("code_challenge_method") != "S256" {
		t.Errorf("challenge is %q by %q, want %q by S256", got, u.Query().Get("code_challenge_method"), want)
	}
	if a, b := oauth.NewVerifier(), oauth.NewVerifier(); a == b || len(a) < 43 {
		t.Errorf("verifiers are %d characters, and equal: %t; want at least 43 (RFC 7636), and random", len(a), a == b)
	}
}
