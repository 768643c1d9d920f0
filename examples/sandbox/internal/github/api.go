package github

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// route is one call of the REST API.
type route struct {
	pattern string
	scopes  []string // any one of them will do; nil: none is needed
	answer  func(*call)
}

// call is one request that may be answered.
type call struct {
	*GitHub
	w      http.ResponseWriter
	r      *http.Request
	token  issuer.Token
	person company.Person
}

// routes is the table of what is served.
func routes() []route {
	repository := []string{"repo", "public_repo"}
	hook := []string{"admin:repo_hook", "write:repo_hook", "repo"}
	seeHook := append([]string{"read:repo_hook"}, hook...)
	return []route{
		{"GET /api/user", nil, (*call).user},
		{"GET /api/user/emails", []string{"user:email", "user"}, (*call).emails},
		{"GET /api/user/repos", nil, (*call).listRepos},
		{"GET /api/repos/{owner}/{repo}", nil, (*call).getRepo},
		{"GET /api/repos/{owner}/{repo}/issues", nil, (*call).listIssues},
		{"POST /api/repos/{owner}/{repo}/issues", repository, (*call).createIssue},
		{"GET /api/repos/{owner}/{repo}/issues/{number}", nil, (*call).getIssue},
		{"GET /api/repos/{owner}/{repo}/hooks", seeHook, (*call).listHooks},
		{"POST /api/repos/{owner}/{repo}/hooks", hook, (*call).createHook},
		{"GET /api/repos/{owner}/{repo}/hooks/{hook}", seeHook, (*call).getHook},
		{"PATCH /api/repos/{owner}/{repo}/hooks/{hook}", hook, (*call).updateHook},
		{"DELETE /api/repos/{owner}/{repo}/hooks/{hook}", []string{"admin:repo_hook", "repo"}, (*call).deleteHook},
		{"POST /api/repos/{owner}/{repo}/hooks/{hook}/pings", seeHook, (*call).pingHook},
		{"GET /api/repos/{owner}/{repo}/hooks/{hook}/deliveries", seeHook, (*call).listDeliveries},
		{"GET /api/repos/{owner}/{repo}/hooks/{hook}/deliveries/{delivery}", seeHook, (*call).getDelivery},
		{"POST /api/repos/{owner}/{repo}/hooks/{hook}/deliveries/{delivery}/attempts", hook, (*call).redeliver},
	}
}

// Routes adds all that is served to mux, below the stand-in's own prefix.
func (g *GitHub) Routes(mux *http.ServeMux) {
	gate := g.cfg.Gate
	for _, m := range []string{"GET", "POST"} {
		mux.Handle(m+" /login/oauth/authorize", gate.Handle(m+" /login/oauth/authorize", nil, g.desk))
	}
	grantType := func(r *http.Request) []string {
		if r.FormValue("grant_type") == "refresh_token" {
			return []string{"refresh"}
		}
		return []string{"exchange"}
	}
	handle := func(pattern string, names func(*http.Request) []string, h http.Handler) {
		mux.Handle(pattern, gate.Handle(pattern, names, h))
	}
	handle("POST /login/oauth/access_token", grantType, http.HandlerFunc(g.access))
	handle("DELETE /api/applications/{client}/grant", nil, g.application(g.revokeGrant))
	handle("DELETE /api/applications/{client}/token", nil, g.application(g.revokeToken))
	handle("POST /api/applications/{client}/token", nil, g.application(g.checkToken))
	for _, rt := range routes() {
		handle(rt.pattern, nil, g.guard(rt))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "Not Found") })
}

// guard lets only those in who hold a token with a scope of the route. Others
// are told that there is nothing, as GitHub tells them.
func (g *GitHub) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.UserAgent() == "" {
			fail(w, http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header")
			return
		}
		scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		t, err := g.issuer.Find(value)
		if err != nil || !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "token") {
			fail(w, http.StatusUnauthorized, "Bad credentials")
			return
		}
		h := w.Header()
		h.Set("X-RateLimit-Limit", "5000")
		h.Set("X-RateLimit-Remaining", "4999")
		h.Set("X-RateLimit-Reset", strconv.FormatInt(g.cfg.Now().Unix()+3600, 10))
		if t.Holder.Kind != kindApp {
			h.Set("X-OAuth-Scopes", strings.Join(t.Scopes, ", "))
			h.Set("X-Accepted-OAuth-Scopes", strings.Join(rt.scopes, ", "))
			if rt.scopes != nil && !slices.ContainsFunc(rt.scopes, func(s string) bool { return slices.Contains(t.Scopes, s) }) {
				fail(w, http.StatusNotFound, "Not Found")
				return
			}
		}
		c := &call{GitHub: g, w: w, r: r, token: t}
		c.person, _ = company.ByKey(t.Person)
		rt.answer(c)
	})
}

// application lets only the app in, by Basic, with a token in the body.
func (g *GitHub) application(do func(http.ResponseWriter, string)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
		if g.issuer.Authenticate(id, secret) != nil {
			fail(w, http.StatusUnauthorized, "Bad credentials")
			return
		}
		if r.PathValue("client") != id {
			fail(w, http.StatusNotFound, "Not Found")
			return
		}
		var in struct {
			AccessToken string `json:"access_token"`
		}
		if json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&in) != nil || in.AccessToken == "" {
			fail(w, http.StatusUnprocessableEntity, "Validation Failed")
			return
		}
		do(w, in.AccessToken)
	})
}

// holder finds whose token it is; a token of GitHub Apps is known though it has
// expired.
func (g *GitHub) holder(w http.ResponseWriter, value string) (issuer.Token, bool) {
	t, err := g.issuer.Find(value)
	if err != nil && !errors.Is(err, issuer.ExpiredToken) {
		fail(w, http.StatusNotFound, "Not Found")
		return t, false
	}
	return t, true
}

// revokeGrant ends all tokens that the person gave the app.
func (g *GitHub) revokeGrant(w http.ResponseWriter, value string) {
	t, ok := g.holder(w, value)
	if !ok {
		return
	}
	g.issuer.Revoke(func(h issuer.Holder, _ string) bool { return h.ID == t.Holder.ID })
	w.WriteHeader(http.StatusNoContent)
}

// revokeToken ends one token.
func (g *GitHub) revokeToken(w http.ResponseWriter, value string) {
	if _, ok := g.holder(w, value); ok {
		g.issuer.RevokeToken(value)
		w.WriteHeader(http.StatusNoContent)
	}
}

// checkToken says whose token it is.
func (g *GitHub) checkToken(w http.ResponseWriter, value string) {
	if t, ok := g.holder(w, value); ok {
		p, _ := company.ByKey(t.Person)
		write(w, http.StatusOK, map[string]any{"token": value, "scopes": append([]string{}, t.Scopes...), "user": shownUser(p)})
	}
}

func shownUser(p company.Person) map[string]any {
	return map[string]any{
		"login": p.Login, "id": p.GitHubID, "node_id": "SBX_" + p.Login, "type": "User", "site_admin": false,
		"avatar_url": "https://avatars.sandbox.example/" + p.Login + ".png", "html_url": "https://github.com/" + p.Login,
	}
}

// user answers GET /user. The address is that of the public profile, which
// administrators show and others do not.
func (c *call) user() {
	u := shownUser(c.person)
	u["name"], u["company"], u["email"] = c.person.Name, company.StudioOf(c.person).Name, nil
	if c.person.Admin {
		u["email"] = c.person.Email
	}
	write(c.w, http.StatusOK, u)
}

func (c *call) emails() {
	write(c.w, http.StatusOK, []any{map[string]any{"email": c.person.Email, "primary": true, "verified": true, "visibility": "private"}})
}
