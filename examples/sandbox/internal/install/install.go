// Package install is how people install Slack's app: the consent page, what it may
// be asked, codes, tokens and their rotation. It knows no method of the Web API but
// oauth.v2.access.
package install

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
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

	// User and Bot are the kinds of those who hold tokens: a person, whose id is
	// TEAM/USER, and the app in a workspace, whose id is TEAM. More may follow a slash.
	User = "user"
	Bot  = "bot"
)

// Install is safe for concurrent use.
type Install struct {
	issuer *issuer.Issuer
	desk   *consent.Desk

	mu       sync.Mutex
	rotation bool
	pkce     bool
	grace    time.Duration
}

// New makes an app that nobody has installed but by hand: for each studio, and for
// each person.
func New(now func() time.Time) *Install {
	s := &Install{issuer: issuer.New(issuer.Config{
		ClientID: "sandbox-slack", Secret: "sandbox-slack-secret-not-a-real-one", CodeLife: codeLife, Now: now, Redirect: below,
	})}
	s.desk = consent.New(asker{s}, s.issuer, true)
	for _, studio := range company.Studios() {
		s.issuer.Plant(issuer.Token{Holder: issuer.Holder{ID: studio.SlackTeam + "/byhand", Kind: Bot}, Access: BotToken(studio), Scopes: botScopes()})
	}
	for _, p := range company.People() {
		holder := issuer.Holder{ID: company.StudioOf(p).SlackTeam + "/" + p.SlackID + "/byhand", Kind: User}
		s.issuer.Plant(issuer.Token{Holder: holder, Access: UserToken(p), Scopes: userScopes()})
	}
	return s
}

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

// answer is the body of an answer.
type answer map[string]any

// no is an answer that says what is wrong.
func no(code string) answer { return answer{"ok": false, "error": code} }

func write(w http.ResponseWriter, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(a) // who does not get it has left
}

// policy is how tokens live as the app is set up now.
func (s *Install) policy(kind string) issuer.Policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	prefix := map[string]string{User: "xoxp-", Bot: "xoxb-"}[kind]
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

// BotToken is the token of the app in a workspace that installed it by hand.
func BotToken(s company.Studio) string { return "xoxb-SANDBOX-" + s.SlackTeam }

// UserToken is the token of the app for a person who installed it by hand. It may
// do all that a person can allow.
func UserToken(p company.Person) string {
	return "xoxp-SANDBOX-" + strings.ReplaceAll(p.Key, ".", "_")
}

// below allows a registered redirect URI and what is below it.
// Source: https://docs.slack.dev/authentication/installing-with-oauth
func below(registered, asked string) bool {
	rest, ok := strings.CutPrefix(asked, strings.TrimSuffix(registered, "/"))
	return ok && !strings.Contains(rest, "..") && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// Issuer has the tokens.
func (s *Install) Issuer() *issuer.Issuer { return s.issuer }

// Desk has the consent page.
func (s *Install) Desk() *consent.Desk { return s.desk }

// Rotation makes tokens that expire, from now on.
func (s *Install) Rotation(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation = on
}

// PKCE makes the app a public client.
func (s *Install) PKCE(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pkce = on
}

// Grace is how long a used refresh token still works.
func (s *Install) Grace(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grace = d
}

// asker checks what Slack's consent page is asked.
type asker struct{ s *Install }

// Ask checks the query of the consent page.
func (a asker) Ask(q url.Values) (issuer.Ask, *consent.Refusal) {
	scopes := map[string][]string{Bot: Commas(q.Get("scope")), User: Commas(q.Get("user_scope"))}
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
	if len(scopes[Bot]) > 0 && onDesktop(ask.RedirectURI) {
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
	case len(ask.Scopes[Bot])+len(ask.Scopes[User]) == 0:
		return "no_scopes"
	case unknown(Bot, botScopes()), unknown(User, userScopes()):
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

// Commas are the parts of a list that is separated by commas or blanks.
func Commas(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Page is what the consent page shows.
func (asker) Page(a issuer.Ask) page.Consent {
	c := page.Consent{Look: "slack", Title: "Slack", App: "fluxmcp"}
	if list := a.Scopes[User]; len(list) > 0 {
		c.Lists = append(c.Lists, page.Scopes{Heading: "It will be able to act as you with", Names: list})
	}
	if list := a.Scopes[Bot]; len(list) > 0 {
		c.Lists = append(c.Lists, page.Scopes{Heading: "It will be able to act as an app with", Names: list})
	}
	return c
}

// Denied are the parameters of a callback that says no.
func (asker) Denied() url.Values { return url.Values{"error": {"access_denied"}} }

// Access answers oauth.v2.access: codes and refresh tokens.
func (s *Install) Access(w http.ResponseWriter, r *http.Request) {
	if code := s.authenticate(r); code != "" {
		write(w, no(code))
		return
	}
	switch r.FormValue("grant_type") {
	case "", "authorization_code":
		write(w, s.exchange(r))
	case "refresh_token":
		write(w, s.renew(r))
	default:
		write(w, no("invalid_grant_type"))
	}
}

// authenticate proves the app, by Basic or in the form; a public client only
// names itself. It returns Slack's code of what is wrong.
func (s *Install) authenticate(r *http.Request) string {
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

func (s *Install) exchange(r *http.Request) answer {
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
func (s *Install) granted(ask issuer.Ask, person string) answer {
	p, _ := company.ByKey(person)
	studio := company.StudioOf(p)
	a := s.envelope(studio)
	authed := answer{"id": p.SlackID}
	if scopes := ask.Scopes[User]; len(scopes) > 0 {
		s.put(authed, s.issuer.Issue(issuer.Holder{ID: studio.SlackTeam + "/" + p.SlackID, Kind: User}, person, scopes, s.policy(User)))
	}
	a["authed_user"] = authed
	if scopes := ask.Scopes[Bot]; len(scopes) > 0 {
		s.put(a, s.issuer.Issue(issuer.Holder{ID: studio.SlackTeam, Kind: Bot}, person, scopes, s.policy(Bot)))
		a["bot_user_id"] = studio.BotUser
	}
	return a
}

func (s *Install) envelope(studio company.Studio) answer {
	return answer{"ok": true, "app_id": company.SlackApp, "team": answer{"id": studio.SlackTeam, "name": studio.Name}, "enterprise": nil, "is_enterprise_install": false}
}

// put writes a token down.
func (s *Install) put(a answer, t issuer.Token) {
	a["access_token"], a["token_type"], a["scope"] = t.Access, t.Holder.Kind, strings.Join(t.Scopes, ",")
	if t.Refresh != "" {
		a["refresh_token"], a["expires_in"] = t.Refresh, issuer.Seconds(t.Life)
	}
}

// renew answers a refresh token. Whose ever it is, the token is at the top, and
// token_type says whose.
func (s *Install) renew(r *http.Request) answer {
	t, err := s.issuer.Renew(r.FormValue("refresh_token"), s.policy)
	if err != nil {
		return no("invalid_refresh_token")
	}
	studio, _ := StudioOf(t)
	a := s.envelope(studio)
	s.put(a, t)
	if t.Holder.Kind == Bot {
		a["bot_user_id"] = studio.BotUser
	}
	return a
}

// StudioOf is where a token is good.
func StudioOf(t issuer.Token) (company.Studio, bool) {
	team, _, _ := strings.Cut(t.Holder.ID, "/")
	for _, st := range company.Studios() {
		if st.SlackTeam == team {
			return st, true
		}
	}
	return company.Studio{}, false
}
