package figma

import (
	"errors"
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

// Source: https://developers.figma.com/docs/rest-api/oauth-apps/
const (
	codeLife  = 30 * time.Second
	tokenLife = 90 * 24 * time.Hour

	user     = "user"
	personal = "personal" // access tokens that people make by hand
)

// allScopes lists what an app can ask for.
// Source: https://developers.figma.com/docs/rest-api/scopes/
func allScopes() []string {
	return []string{
		"current_user:read", "file_content:read", "file_metadata:read", "file_comments:read", "file_comments:write", "file_versions:read",
		"file_dev_resources:read", "file_dev_resources:write", "file_variables:read", "file_variables:write", "files:read",
		"library_analytics:read", "library_assets:read", "library_content:read", "team_library_content:read",
		"projects:read", "project_metadata:read", "folders:read", "folder_metadata:read", "webhooks:read", "webhooks:write",
	}
}

// privateScopes are refused to public apps.
func privateScopes() []string {
	return []string{"folders:read", "folder_metadata:read", "projects:read", "project_metadata:read"}
}

// policy has one live access token a person, and a refresh token that stays
// good until the person allows again.
func policy(string) issuer.Policy {
	return issuer.Policy{Prefix: "figu_SANDBOX", RefreshPrefix: "figur_SANDBOX", Life: tokenLife, Refresh: true, Keep: 1, KeepRefresh: 1}
}

// PersonalToken is the personal access token of a person.
func PersonalToken(p company.Person) string {
	return "figd_SANDBOX_" + strings.ReplaceAll(p.Key, ".", "_")
}

// asker checks what Figma's consent page is asked.
type asker struct{ f *Figma }

// Ask checks the query of the consent page.
func (a asker) Ask(q url.Values) (issuer.Ask, *consent.Refusal) {
	for _, name := range []string{"client_id", "redirect_uri", "scope", "state", "response_type"} {
		if q.Get(name) == "" {
			return issuer.Ask{}, badRequest("Parameter " + name + " is required")
		}
	}
	scopes := strings.FieldsFunc(q.Get("scope"), func(r rune) bool { return r == ' ' || r == ',' })
	switch {
	case a.f.issuer.Known(q.Get("client_id")) != nil:
		return issuer.Ask{}, badRequest("OAuth app with client id " + q.Get("client_id") + " doesn't exist")
	case a.f.issuer.RedirectAllowed(q.Get("redirect_uri")) != nil:
		return issuer.Ask{}, badRequest("Invalid redirect uri")
	case q.Get("response_type") != "code":
		return issuer.Ask{}, badRequest("Invalid response type")
	case !a.allowed(scopes):
		return issuer.Ask{}, badRequest("Invalid scopes for app")
	case issuer.CheckChallenge(q.Get("code_challenge"), q.Get("code_challenge_method"), true) != nil:
		return issuer.Ask{}, badRequest("Invalid code challenge, only S256 is supported")
	}
	return issuer.Ask{
		RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), Challenge: q.Get("code_challenge"), Scopes: map[string][]string{user: scopes},
	}, nil
}

func (a asker) allowed(scopes []string) bool {
	a.f.mu.Lock()
	defer a.f.mu.Unlock()
	for _, s := range scopes {
		if !slices.Contains(allScopes(), s) || a.f.public && slices.Contains(privateScopes(), s) {
			return false
		}
	}
	return len(scopes) > 0
}

// Page is what the consent page shows.
func (asker) Page(a issuer.Ask) page.Consent {
	return page.Consent{Look: "figma", Title: "Figma", App: "fluxmcp", Lists: []page.Scopes{{Heading: "It will be able to use", Names: a.Scopes[user]}}}
}

// Denied is sent only when a test asks for it: Figma sends nothing.
func (asker) Denied() url.Values { return url.Values{"error": {"access_denied"}} }

func badRequest(text string) *consent.Refusal {
	return &consent.Refusal{
		Status: http.StatusBadRequest,
		JSON:   map[string]any{"error": true, "status": http.StatusBadRequest, "message": text, "i18n": nil},
	}
}

// authenticate proves the app, by HTTP Basic alone.
func (f *Figma) authenticate(w http.ResponseWriter, r *http.Request) bool {
	id, secret, ok := r.BasicAuth()
	if ok {
		// RFC 6749 section 2.3.1 has both form-encoded first.
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	}
	if !ok || f.issuer.Authenticate(id, secret) != nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="figma"`)
		fail(w, http.StatusUnauthorized, "Invalid client credentials", withError)
		return false
	}
	return true
}

// exchange turns a code into tokens.
func (f *Figma) exchange(w http.ResponseWriter, r *http.Request) {
	if !f.authenticate(w, r) {
		return
	}
	for _, name := range []string{"redirect_uri", "code", "grant_type"} {
		if r.PostFormValue(name) == "" {
			fail(w, http.StatusBadRequest, "Parameter "+name+" is required", withError)
			return
		}
	}
	if r.PostFormValue("grant_type") != "authorization_code" {
		fail(w, http.StatusBadRequest, "Invalid grant type", withError)
		return
	}
	a, person, err := f.issuer.Exchange(r.PostFormValue("code"), r.PostFormValue("redirect_uri"), r.PostFormValue("code_verifier"))
	if err != nil {
		fail(w, http.StatusBadRequest, codeTrouble(err), withError)
		return
	}
	p, _ := company.ByKey(person)
	t := f.issuer.Issue(issuer.Holder{ID: p.FigmaID, Kind: user}, person, a.Scopes[user], policy(user))
	body := tokenBody(t, p)
	body["refresh_token"] = t.Refresh
	write(w, http.StatusOK, body)
}

func codeTrouble(err error) string {
	switch {
	case errors.Is(err, issuer.ForeignRedirect):
		return "Invalid redirect uri"
	case errors.Is(err, issuer.WrongVerifier):
		return "Invalid code verifier"
	case errors.Is(err, issuer.ExpiredCode):
		return "Code expired"
	default:
		return "Invalid code"
	}
}

// tokenBody has the id twice: user_id is a number that float64 cannot hold.
func tokenBody(t issuer.Token, p company.Person) map[string]any {
	return map[string]any{
		"access_token": t.Access, "token_type": "bearer", "expires_in": issuer.Seconds(t.Life),
		"user_id": number(p.FigmaID), "user_id_string": p.FigmaID,
	}
}

// renew answers a refresh token, and keeps it.
func (f *Figma) renew(w http.ResponseWriter, r *http.Request) {
	if !f.authenticate(w, r) {
		return
	}
	value := r.PostFormValue("refresh_token")
	if value == "" {
		fail(w, http.StatusBadRequest, "Parameter refresh_token is required", withError)
		return
	}
	t, err := f.issuer.Renew(value, policy)
	if err != nil {
		fail(w, http.StatusBadRequest, "Invalid refresh token", withError)
		return
	}
	p, _ := company.ByKey(t.Person)
	write(w, http.StatusOK, tokenBody(t, p))
}

// number writes digits as a JSON number.
type number string

// MarshalJSON gives the digits.
func (n number) MarshalJSON() ([]byte, error) { return []byte(n), nil }
