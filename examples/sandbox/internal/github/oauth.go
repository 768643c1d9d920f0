package github

import (
	"encoding/json"
	"errors"
	"mime"
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

// Sources: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps,
// https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
const (
	codeLife    = 10 * time.Minute
	tokenLife   = 8 * time.Hour
	refreshLife = 184 * 24 * time.Hour // six months
	maxLive     = 10                   // tokens of a person and an app

	kindUser = "user" // of an OAuth app; never expires
	kindApp  = "app"  // of a GitHub App
	kindOff  = "off"  // of an OAuth app that asked for offline_access

	offline = "offline_access"
)

// scopes lists what an OAuth app can ask for.
// Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
func scopes() []string {
	return []string{
		"repo", "repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events", "admin:repo_hook", "write:repo_hook", "read:repo_hook",
		"admin:org", "write:org", "read:org", "admin:org_hook", "gist", "notifications", "user", "read:user", "user:email", "user:follow", "project",
		"read:project", "delete_repo", "workflow", "read:packages", "write:packages", "read:discussion", "write:discussion", offline,
	}
}

func (g *GitHub) policy(kind string) issuer.Policy {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := issuer.Policy{Prefix: "gho_SANDBOX", Keep: maxLive}
	if kind == kindUser {
		return p
	}
	if kind == kindApp {
		p.Prefix = "ghu_SANDBOX"
	}
	p.RefreshPrefix, p.Life, p.RefreshLife, p.Refresh, p.SingleUse, p.Grace = "ghr_SANDBOX", tokenLife, refreshLife, true, true, g.grace
	return p
}

// asker checks what GitHub's consent page is asked.
type asker struct{ g *GitHub }

// Ask checks the query of the consent page.
func (a asker) Ask(q url.Values) (issuer.Ask, *consent.Refusal) {
	if a.g.issuer.Known(q.Get("client_id")) != nil {
		return issuer.Ask{}, &consent.Refusal{Status: http.StatusNotFound, Text: "This is not the web page you are looking for."}
	}
	ask := issuer.Ask{RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Challenge: q.Get("code_challenge"), Scopes: map[string][]string{kindUser: split(q.Get("scope"))}}
	registered := a.g.issuer.Registered()
	if ask.RedirectURI == "" {
		ask.RedirectURI = registered
	}
	if registered == "" {
		return issuer.Ask{}, &consent.Refusal{Status: http.StatusBadRequest, Text: "The app has no callback URL."}
	}
	unknown := func(s string) bool { return !slices.Contains(scopes(), s) }
	code, text := "", ""
	switch {
	case a.g.issuer.RedirectAllowed(ask.RedirectURI) != nil:
		code, text = "redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application."
		ask.RedirectURI = registered
	case ask.State == "":
		code, text = "invalid_request", "The sandbox wants a state, though GitHub only recommends it."
	case slices.ContainsFunc(ask.Scopes[kindUser], unknown):
		code, text = "invalid_scope", "A scope is unknown. GitHub itself would leave it out."
	case issuer.CheckChallenge(ask.Challenge, q.Get("code_challenge_method"), false) != nil:
		code, text = "invalid_request", "Only S256 code challenges are supported."
	default:
		return ask, nil
	}
	return issuer.Ask{}, &consent.Refusal{Location: consent.Back(ask.RedirectURI, ask.State, url.Values{"error": {code}, "error_description": {text}})}
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

// Page is what the consent page shows.
func (asker) Page(a issuer.Ask) page.Consent {
	list := a.Scopes[kindUser]
	if len(list) == 0 {
		list = []string{"public information"}
	}
	return page.Consent{Look: "github", Title: "GitHub", App: "fluxmcp", Lists: []page.Scopes{{Heading: "It will be able to use", Names: list}}}
}

// Denied are the parameters of a callback that says no.
func (asker) Denied() url.Values {
	return url.Values{"error": {"access_denied"}, "error_description": {"The user has denied your application access."}}
}

// access answers POST /login/oauth/access_token: codes and refresh tokens.
func (g *GitHub) access(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	in := parameters(r)
	if g.issuer.Authenticate(in.Get("client_id"), in.Get("client_secret")) != nil {
		writeToken(w, r, trouble("incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."))
		return
	}
	switch in.Get("grant_type") {
	case "", "authorization_code":
		writeToken(w, r, g.exchange(in))
	case "refresh_token":
		writeToken(w, r, g.renew(in))
	default:
		writeToken(w, r, trouble("unsupported_grant_type", "The grant type is not one of those that are supported."))
	}
}

// parameters are those of the query, the form or a JSON body; a client that
// sends its secret otherwise has sent none.
func parameters(r *http.Request) url.Values {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind != "application/json" {
		_ = r.ParseForm() // what could be read is there
		return r.Form
	}
	in := url.Values{}
	var body map[string]string
	if json.NewDecoder(r.Body).Decode(&body) == nil {
		for name, value := range body {
			in.Set(name, value)
		}
	}
	return in
}

func trouble(code, text string) url.Values {
	return url.Values{"error": {code}, "error_description": {text}, "error_uri": {"https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors"}}
}

func (g *GitHub) exchange(in url.Values) url.Values {
	redirect := in.Get("redirect_uri")
	if redirect == "" {
		redirect = g.issuer.Registered()
	}
	ask, person, err := g.issuer.Exchange(in.Get("code"), redirect, in.Get("code_verifier"))
	switch {
	case errors.Is(err, issuer.ForeignRedirect):
		return trouble("redirect_uri_mismatch", "The redirect_uri MUST match the registered callback URL for this application.")
	case err != nil:
		return trouble("bad_verification_code", "The code passed is incorrect or expired.")
	}
	p, _ := company.ByKey(person)
	asked := ask.Scopes[kindUser]
	g.mu.Lock()
	kind := kindUser
	switch {
	case g.expiring:
		kind, asked = kindApp, nil // a GitHub App has permissions in place of scopes
	case slices.Contains(asked, offline):
		kind = kindOff
	}
	g.mu.Unlock()
	asked = slices.DeleteFunc(slices.Clone(asked), func(s string) bool { return s == offline })
	return tokenOf(g.issuer.Issue(issuer.Holder{ID: p.Login, Kind: kind}, person, asked, g.policy(kind)))
}

func (g *GitHub) renew(in url.Values) url.Values {
	t, err := g.issuer.Renew(in.Get("refresh_token"), g.policy)
	if err != nil {
		return trouble("bad_refresh_token", "The refresh token passed is incorrect or expired.")
	}
	return tokenOf(t)
}

// tokenOf writes a token down; its scopes are separated by commas.
func tokenOf(t issuer.Token) url.Values {
	v := url.Values{"access_token": {t.Access}, "token_type": {"bearer"}, "scope": {strings.Join(t.Scopes, ",")}}
	if t.Refresh != "" {
		v.Set("refresh_token", t.Refresh)
		v.Set("expires_in", "28800")
		v.Set("refresh_token_expires_in", "15897600")
	}
	return v
}

// writeToken answers with status 200 whatever it is: as JSON to those who accept
// it, else as a form.
func writeToken(w http.ResponseWriter, r *http.Request, v url.Values) {
	if !strings.Contains(r.Header.Get("Accept"), "application/json") {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = w.Write([]byte(v.Encode())) // who does not get it has left
		return
	}
	body := map[string]any{}
	for name := range v {
		body[name] = v.Get(name)
		if strings.HasSuffix(name, "expires_in") {
			body[name] = json.Number(v.Get(name))
		}
	}
	write(w, http.StatusOK, body)
}
