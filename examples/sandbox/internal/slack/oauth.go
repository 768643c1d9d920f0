package slack

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/consent"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/page"
)

// Sources: https://docs.slack.dev/authentication/installing-with-oauth, …/using-token-rotation, …/using-pkce
const (
	codeLife      = 10 * time.Minute
	tokenLife     = 12 * time.Hour
	publicRefresh = 30 * 24 * time.Hour // of an app that uses PKCE
	maxLive       = 2                   // access tokens, with rotation

	kindUser = "user"
	bot      = "bot"
)

// userScopes lists what an app can ask for as a person.
func userScopes() []string {
	return append(botScopes(), "search:read", "identify", "identity.basic", "identity.email", "search:read.public", "search:read.private", "reminders:read", "reminders:write", "stars:read", "links:read")
}

// botScopes lists what an app can ask for as itself.
func botScopes() []string {
	return []string{
		"channels:read", "channels:history", "channels:join", "channels:manage", "groups:read", "groups:history", "groups:write", "im:read", "im:history",
		"im:write", "mpim:read", "mpim:history", "mpim:write", "users:read", "users:read.email", "users.profile:read", "usergroups:read", "team:read",
		"chat:write", "chat:write.public", "chat:write.customize", "files:read", "files:write", "reactions:read", "reactions:write", "pins:read",
		"bookmarks:read", "canvases:read", "canvases:write", "app_mentions:read", "commands", "metadata.message:read", "emoji:read",
	}
}

// policy is how tokens live as the app is set up now.
func (s *Slack) policy(kind string) issuer.Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := map[string]string{kindUser: "xoxp-", bot: "xoxb-"}[kind]
	if !s.rotation {
		return issuer.Policy{Prefix: prefix + "SANDBOX-", Same: true, Additive: true}
	}
	p := issuer.Policy{
		Prefix: "xoxe." + prefix + "1-SANDBOX", RefreshPrefix: "xoxe-1-SANDBOX", Life: tokenLife, Refresh: true, SingleUse: true,
		Grace: s.grace, Keep: maxLive, Additive: true,
	}
	if s.pkce {
		p.RefreshLife = publicRefresh
	}
	return p
}

// asker checks what Slack's consent page is asked.
type asker struct{ s *Slack }

// Ask checks the query of the consent page.
func (a asker) Ask(q url.Values) (issuer.Ask, *consent.Refusal) {
	scopes := map[string][]string{bot: commas(q.Get("scope")), kindUser: commas(q.Get("user_scope"))}
	ask := issuer.Ask{RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Scopes: scopes}
	if ask.RedirectURI == "" {
		ask.RedirectURI = a.s.issuer.Registered()
	}
	if code := a.trouble(q, ask); code != "" {
		return issuer.Ask{}, &consent.Refusal{Status: http.StatusBadRequest, Text: code}
	}
	a.s.mu.Lock()
	defer a.s.mu.Unlock()
	if !a.s.pkce {
		return ask, nil // a challenge means nothing to an app that has not opted in
	}
	ask.Challenge = q.Get("code_challenge")
	if issuer.CheckChallenge(ask.Challenge, q.Get("code_challenge_method"), false) != nil {
		return issuer.Ask{}, &consent.Refusal{Status: http.StatusBadRequest, Text: "invalid_code_challenge: only S256 is supported"}
	}
	if len(scopes[bot]) > 0 && onDesktop(ask.RedirectURI) {
		return issuer.Ask{}, &consent.Refusal{Status: http.StatusBadRequest, Text: "invalid_scope: redirects to this machine cannot request bot scopes when the app uses PKCE"}
	}
	return ask, nil
}

// trouble is the first thing that is wrong.
func (a asker) trouble(q url.Values, ask issuer.Ask) string {
	unknown := func(kind string, known []string) bool {
		return slices.ContainsFunc(ask.Scopes[kind], func(s string) bool { return !slices.Contains(known, s) })
	}
	switch {
	case a.s.issuer.Known(q.Get("client_id")) != nil:
		return "invalid_client_id"
	case a.s.issuer.RedirectAllowed(ask.RedirectURI) != nil:
		return "redirect_uri did not match any configured URIs. Passed URI: " + ask.RedirectURI
	case q.Get("state") == "":
		return "missing_state: the sandbox wants one, though Slack only recommends it"
	case len(ask.Scopes[bot])+len(ask.Scopes[kindUser]) == 0:
		return "no_scopes"
	case unknown(bot, botScopes()), unknown(kindUser, userScopes()):
		return "invalid_scope"
	}
	return ""
}

// onDesktop reports whether a redirect goes to the person's own machine.
func onDesktop(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() || u.Scheme != "http" && u.Scheme != "https"
}

func commas(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Page is what the consent page shows.
func (asker) Page(a issuer.Ask) page.Consent {
	c := page.Consent{Look: "slack", Title: "Slack", App: "fluxmcp"}
	if list := a.Scopes[kindUser]; len(list) > 0 {
		c.Lists = append(c.Lists, page.Scopes{Heading: "It will be able to act as you with", Names: list})
	}
	if list := a.Scopes[bot]; len(list) > 0 {
		c.Lists = append(c.Lists, page.Scopes{Heading: "It will be able to act as an app with", Names: list})
	}
	return c
}

// Denied are the parameters of a callback that says no.
func (asker) Denied() url.Values { return url.Values{"error": {"access_denied"}} }

// access answers oauth.v2.access: codes and refresh tokens.
func (s *Slack) access(w http.ResponseWriter, r *http.Request) {
	if code := s.authenticate(r); code != "" {
		write(w, http.StatusOK, no(code))
		return
	}
	switch r.FormValue("grant_type") {
	case "", "authorization_code":
		write(w, http.StatusOK, s.exchange(r))
	case "refresh_token":
		write(w, http.StatusOK, s.renew(r))
	default:
		write(w, http.StatusOK, no("invalid_grant_type"))
	}
}

// authenticate proves the app, by Basic or in the form; a public client only
// names itself. It returns Slack's code of what is wrong.
func (s *Slack) authenticate(r *http.Request) string {
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	s.mu.Lock()
	public := s.pkce && secret == "" && (r.FormValue("code_verifier") != "" || r.FormValue("grant_type") == "refresh_token")
	s.mu.Unlock()
	err := s.issuer.Authenticate(id, secret)
	if public {
		err = s.issuer.Known(id)
	}
	switch {
	case errors.Is(err, issuer.UnknownClient):
		return "invalid_client_id"
	case err != nil:
		return "bad_client_secret"
	}
	return ""
}

func (s *Slack) exchange(r *http.Request) answer {
	redirect := r.FormValue("redirect_uri")
	if redirect == "" {
		redirect = s.issuer.Registered()
	}
	verifier := r.FormValue("code_verifier")
	s.mu.Lock()
	if !s.pkce {
		verifier = ""
	}
	s.mu.Unlock()
	ask, person, err := s.issuer.Exchange(r.FormValue("code"), redirect, verifier)
	switch {
	case errors.Is(err, issuer.UsedCode):
		return no("code_already_used")
	case errors.Is(err, issuer.ForeignRedirect):
		return no("bad_redirect_uri")
	case err != nil:
		return no("invalid_code")
	}
	return s.granted(ask, person)
}

// granted makes the tokens of a consent: the app's at the top, the person's
// under authed_user, and neither where it was not asked for.
func (s *Slack) granted(ask issuer.Ask, person string) answer {
	p, _ := company.ByKey(person)
	studio := company.StudioOf(p)
	a := s.envelope(studio)
	authed := answer{"id": p.SlackID}
	if scopes := ask.Scopes[kindUser]; len(scopes) > 0 {
		s.put(authed, s.issuer.Issue(issuer.Holder{ID: studio.SlackTeam + "/" + p.SlackID, Kind: kindUser}, person, scopes, s.policy(kindUser)))
	}
	a["authed_user"] = authed
	if scopes := ask.Scopes[bot]; len(scopes) > 0 {
		s.put(a, s.issuer.Issue(issuer.Holder{ID: studio.SlackTeam, Kind: bot}, person, scopes, s.policy(bot)))
		a["bot_user_id"] = studio.BotUser
	}
	return a
}

func (s *Slack) envelope(studio company.Studio) answer {
	return answer{"ok": true, "app_id": appID, "team": answer{"id": studio.SlackTeam, "name": studio.Name}, "enterprise": nil, "is_enterprise_install": false}
}

// put writes a token down.
func (s *Slack) put(a answer, t issuer.Token) {
	a["access_token"], a["token_type"], a["scope"] = t.Access, t.Holder.Kind, strings.Join(t.Scopes, ",")
	if t.Refresh != "" {
		a["refresh_token"], a["expires_in"] = t.Refresh, issuer.Seconds(t.Life)
	}
}

// renew answers a refresh token. Whose ever it is, the token is at the top, and
// token_type says whose.
func (s *Slack) renew(r *http.Request) answer {
	t, err := s.issuer.Renew(r.FormValue("refresh_token"), s.policy)
	if err != nil {
		return no("invalid_refresh_token")
	}
	studio, _ := s.studioOf(t)
	a := s.envelope(studio)
	s.put(a, t)
	if t.Holder.Kind == bot {
		a["bot_user_id"] = studio.BotUser
	}
	return a
}

// studioOf is where a token is good.
func (s *Slack) studioOf(t issuer.Token) (company.Studio, bool) {
	team, _, _ := strings.Cut(t.Holder.ID, "/")
	for _, st := range company.Studios() {
		if st.SlackTeam == team {
			return st, true
		}
	}
	return company.Studio{}, false
}
