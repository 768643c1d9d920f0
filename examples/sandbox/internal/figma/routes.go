package figma

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// route is one call of the REST API.
type route struct {
	pattern string
	scopes  []string // any one of them will do
	tier    int      // of the rate limits; 0: none is documented
	message []int    // statuses whose errors have the shape withError
	answer  func(*call)
}

// call is one request that may be answered.
type call struct {
	*Figma
	w      http.ResponseWriter
	r      *http.Request
	route  route
	token  issuer.Token
	person company.Person
	studio company.Studio
}

// old is the deprecated scope that still reads most things.
const old = "files:read"

// routes is the table of what is served.
// Source: the x/security and responses of Figma's OpenAPI 0.43.0, whose lists of
// scopes mean any one of them; tiers from https://developers.figma.com/docs/rest-api/rate-limits
func routes() []route {
	badRequest, both := []int{400}, []int{400, 404}
	all := []int{400, 401, 403, 404, 429, 500}
	return slices.Concat([]route{
		{"GET /v1/me", []string{"current_user:read", old}, 3, nil, (*call).me},
		{"GET /v1/files/{key}", []string{"file_content:read", old}, 1, nil, (*call).file},
		{"GET /v1/files/{key}/nodes", []string{"file_content:read", old}, 1, nil, (*call).nodes},
		{"GET /v1/images/{key}", []string{"file_content:read", old}, 1, nil, (*call).images},
		{"GET /v1/files/{key}/images", []string{"file_content:read", old}, 2, nil, (*call).fills},
		{"GET /v1/files/{key}/meta", []string{"file_metadata:read", old}, 3, nil, (*call).meta},
		{"GET /v1/files/{key}/versions", []string{"file_versions:read", old}, 2, nil, (*call).versions},
		{"GET /v1/files/{key}/comments", []string{"file_comments:read", old}, 2, nil, (*call).listComments},
		{"POST /v1/files/{key}/comments", []string{"file_comments:write"}, 2, badRequest, (*call).postComment},
		{"DELETE /v1/files/{key}/comments/{comment}", []string{"file_comments:write"}, 2, nil, (*call).deleteComment},
		{"GET /v1/files/{key}/comments/{comment}/reactions", []string{"file_comments:read", old}, 2, nil, (*call).listReactions},
		{"POST /v1/files/{key}/comments/{comment}/reactions", []string{"file_comments:write"}, 2, badRequest, (*call).postReaction},
		{"DELETE /v1/files/{key}/comments/{comment}/reactions", []string{"file_comments:write"}, 2, nil, (*call).deleteReaction},
		{"GET /v1/teams/{team}/projects", []string{"projects:read", old}, 2, badRequest, (*call).projects},
		{"GET /v1/projects/{project}/files", []string{"projects:read", old}, 2, badRequest, (*call).projectFiles},
		{"GET /v1/projects/{project}/meta", []string{"project_metadata:read"}, 0, nil, (*call).projectMeta},
		{"GET /v2/teams/{team}/folders", []string{"folders:read"}, 2, badRequest, (*call).folders},
		{"GET /v2/folders/{project}/folders", []string{"folders:read"}, 2, badRequest, (*call).subfolders},
		{"GET /v2/folders/{project}/files", []string{"folders:read"}, 2, badRequest, (*call).projectFiles},
		{"GET /v2/folders/{project}/meta", []string{"folder_metadata:read"}, 0, nil, (*call).projectMeta},
		{"GET /v1/files/{key}/variables/local", []string{"file_variables:read"}, 2, all, (*call).enterprise},
		{"GET /v1/files/{key}/variables/published", []string{"file_variables:read"}, 2, all, (*call).enterprise},
		{"POST /v1/files/{key}/variables", []string{"file_variables:write"}, 3, all, (*call).enterprise},
		{"GET /v2/webhooks", []string{"webhooks:read"}, 2, badRequest, (*call).listWebhooks},
		{"POST /v2/webhooks", []string{"webhooks:write"}, 2, badRequest, (*call).postWebhook},
		{"GET /v2/webhooks/{webhook}", []string{"webhooks:read", old}, 2, both, (*call).getWebhook},
		{"PUT /v2/webhooks/{webhook}", []string{"webhooks:write"}, 2, both, (*call).putWebhook},
		{"DELETE /v2/webhooks/{webhook}", []string{"webhooks:write"}, 2, []int{400, 404, 500}, (*call).deleteWebhook},
		{"GET /v2/webhooks/{webhook}/requests", []string{"webhooks:read", old}, 2, []int{400, 404, 500}, (*call).webhookRequests},
		{"GET /v2/teams/{team}/webhooks", []string{"webhooks:read", old}, 2, nil, (*call).teamWebhooks},
	}, libraryRoutes())
}

// libraryRoutes are those of what files publish, of which there are three kinds.
func libraryRoutes() []route {
	var list []route
	for _, k := range kinds() {
		team := func(c *call) { c.teamLibrary(k) }
		file := func(c *call) { c.fileLibrary(k) }
		one := func(c *call) { c.asset(k) }
		list = append(list,
			route{"GET /v1/teams/{team}/" + k.plural, []string{"team_library_content:read", old}, 3, []int{404}, team},
			route{"GET /v1/files/{key}/" + k.plural, []string{"library_content:read", old}, 3, []int{404}, file},
			route{"GET /v1/" + k.plural + "/{asset}", []string{"library_assets:read", old}, 3, []int{404}, one},
		)
	}
	return list
}

// Routes adds all that is served to mux, below the stand-in's own prefix.
func (f *Figma) Routes(mux *http.ServeMux) {
	g := f.cfg.Gate
	mux.Handle("GET /oauth", g.Handle("GET /oauth", nil, f.desk))
	mux.Handle("POST /oauth", g.Handle("POST /oauth", nil, f.desk))
	mux.Handle("POST /v1/oauth/token", g.Handle("POST /v1/oauth/token", label("exchange"), http.HandlerFunc(f.exchange)))
	mux.Handle("POST /v1/oauth/refresh", g.Handle("POST /v1/oauth/refresh", label("refresh"), http.HandlerFunc(f.renew)))
	mux.HandleFunc("GET /_image/{key}/{node}", f.picture)
	mux.HandleFunc("GET /_fill/{ref}", f.fillPicture)
	for _, rt := range routes() {
		mux.Handle(rt.pattern, g.Handle(rt.pattern, rt.labels, f.guard(rt)))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fail(w, http.StatusNotFound, "Not found", withErr) })
}

func label(names ...string) func(*http.Request) []string {
	return func(*http.Request) []string { return names }
}

// labels name a request of the route by its tier, its file, and both.
func (rt route) labels(r *http.Request) []string {
	tier, file := "tier "+strconv.Itoa(rt.tier), "file "+r.PathValue("key")
	switch {
	case rt.tier == 0:
		return nil // none of a file is without
	case r.PathValue("key") == "":
		return []string{tier}
	}
	return []string{tier, file, tier + " " + file}
}

// shape is that of an error of the route.
func (rt route) shape(status int) shape {
	if slices.Contains(rt.message, status) {
		return withError
	}
	return withErr
}

// shapeAt is the shape of an error at the route of r.
func shapeAt(r *http.Request, status int) shape {
	if strings.Contains(r.Pattern, "/oauth") {
		return withError
	}
	for _, rt := range routes() {
		if rt.pattern == r.Pattern {
			return rt.shape(status)
		}
	}
	return withErr
}

// guard lets only those in who hold a token with a scope of the route.
func (f *Figma) guard(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Figma: f, w: w, r: r, route: rt}
		t, err := f.bearer(r)
		switch {
		case errors.Is(err, issuer.ExpiredToken):
			c.fail(http.StatusForbidden, "Token expired")
			return
		case err != nil:
			c.fail(http.StatusForbidden, "Invalid token")
			return
		case !slices.ContainsFunc(rt.scopes, func(s string) bool { return slices.Contains(t.Scopes, s) }):
			c.fail(http.StatusForbidden, "Invalid scope(s): "+strings.Join(t.Scopes, ", ")+". This endpoint requires the "+rt.scopes[0]+" scope")
			return
		}
		c.token = t
		c.person, _ = company.ByKey(t.Person)
		c.studio = company.StudioOf(c.person)
		rt.answer(c)
	})
}

// bearer finds the token: of an app in Authorization, of a person by hand in
// X-Figma-Token, and neither in the place of the other.
func (f *Figma) bearer(r *http.Request) (issuer.Token, error) {
	if made := r.Header.Get("X-Figma-Token"); made != "" {
		t, err := f.issuer.Find(made)
		if err == nil && t.Holder.Kind != personal {
			err = issuer.UnknownToken
		}
		return t, err
	}
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	t, err := f.issuer.Find(value)
	if !strings.EqualFold(scheme, "Bearer") || err == nil && t.Holder.Kind != user {
		return t, issuer.UnknownToken
	}
	return t, err
}

func (c *call) fail(status int, text string) { fail(c.w, status, text, c.route.shape(status)) }

func (c *call) missing() { c.fail(http.StatusNotFound, "Not found") }

func (c *call) ok(body any) { write(c.w, http.StatusOK, body) }

// me is the person, with the address.
func (c *call) me() {
	u := c.userOf(c.person.Key)
	u["email"] = c.person.Email
	c.ok(u)
}

// userOf is a person as others see them.
func (c *call) userOf(key string) map[string]any {
	p, _ := company.ByKey(key)
	return map[string]any{"id": p.FigmaID, "handle": p.Name, "img_url": c.cfg.Base(c.r) + "/_fill/" + p.Key + ".png"}
}

// enterprise is refused: no studio has that plan.
func (c *call) enterprise() { c.fail(http.StatusForbidden, "Limited by Figma plan") }
