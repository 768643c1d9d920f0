package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// figmaSpec is Figma's published OpenAPI, https://github.com/figma/rest-api-spec.
var figmaSpec = sync.OnceValues(func() (routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("testdata/figma/openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "https://api.figma.com"}}
	return gorillamux.NewRouter(doc)
})

// specified sends requests to the stand-in of Figma and holds them and their
// answers to the specification. Security is left out: where that lists two
// scopes it means either, and OpenAPI means both.
type specified struct {
	t    *testing.T
	base string
	spec routers.Router

	mu   sync.Mutex
	seen map[string]bool // operations with a good answer
}

func newSpecified(t *testing.T, base string) *specified {
	t.Helper()
	spec, err := figmaSpec()
	if err != nil {
		t.Fatalf("read the specification: %v", err)
	}
	return &specified{t: t, base: base, spec: spec, seen: map[string]bool{}}
}

// do sends a request of the path below /figma; body is sent as JSON, unless nil.
func (s *specified) do(method, path, token string, body any) (int, map[string]any) {
	s.t.Helper()
	var text []byte
	if body != nil {
		text, _ = json.Marshal(body)
	}
	status, answer, err := s.checked(method, path, token, text)
	if err != nil {
		s.t.Errorf("%s %s: %v", method, path, err)
	}
	return status, answer
}

func (s *specified) checked(method, path, token string, text []byte) (int, map[string]any, error) {
	ask := func(base string) *http.Request {
		r, err := http.NewRequestWithContext(context.Background(), method, base+path, bytes.NewReader(text))
		if err != nil {
			s.t.Fatalf("make request: %v", err)
		}
		if text != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		r.Header.Set("X-Figma-Token", token)
		return r
	}
	plain := ask("https://api.figma.com")
	route, params, err := s.spec.FindRoute(plain)
	if err != nil {
		return 0, nil, fmt.Errorf("the specification has no such path: %w", err)
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	in := &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route, Options: options}
	wrong := openapi3filter.ValidateRequest(context.Background(), in)

	resp, err := http.DefaultClient.Do(ask(s.base + "/figma"))
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, nil, err
	}
	if wrong != nil && resp.StatusCode < 400 {
		return resp.StatusCode, nil, fmt.Errorf("a request that the specification forbids was answered: %w", wrong)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)), Options: options}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("answer %d %.300s is not of the specification: %w", resp.StatusCode, answer, err)
	}
	if resp.StatusCode < 300 {
		s.mu.Lock()
		s.seen[route.Operation.OperationID] = true
		s.mu.Unlock()
	}
	var body map[string]any
	if err := json.Unmarshal(answer, &body); err != nil {
		return resp.StatusCode, nil, fmt.Errorf("answer %.100s: %w", answer, err)
	}
	return resp.StatusCode, body, nil
}

// start serves a sandbox for a test.
func start(t *testing.T, o sandbox.Options) (*sandbox.Sandbox, string) {
	t.Helper()
	s := sandbox.New(o)
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL
}

const (
	tidal  = "SbxTidalShowDesign0001"
	kit    = "SbxFluxKitLibrary00004"
	board  = "SbxNorthernLights00002"
	team   = "1170245155647481000"
	caleb  = "figd_SANDBOX_caleb_ochoa"
	theo   = "figd_SANDBOX_theo_norris"
	mei    = "figd_SANDBOX_mei_ramirez"
	design = "81000001" // the project of tidal
)

// dig follows names and numbers into an answer.
func dig(v any, path ...any) any {
	for _, p := range path {
		switch at := v.(type) {
		case map[string]any:
			v = at[fmt.Sprint(p)]
		case []any:
			i, _ := p.(int)
			if i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func TestEveryFigmaRouteIsAsFigmaSpecifiesIt(t *testing.T) {
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	s, base := start(t, sandbox.Options{})
	api := newSpecified(t, base)
	_, file := api.do("GET", "/v1/files/"+tidal, caleb, nil)
	cover, _ := dig(file, "document", "children", 0, "children", 0, "id").(string)
	_, published := api.do("GET", "/v1/files/"+kit+"/components", caleb, nil)
	component := dig(published, "meta", "components", 0, "key")
	_, sets := api.do("GET", "/v1/files/"+kit+"/component_sets", caleb, nil)
	_, styles := api.do("GET", "/v1/files/"+kit+"/styles", caleb, nil)
	hook := map[string]any{"event_type": "FILE_COMMENT", "context": "file", "context_id": tidal, "endpoint": receiver.URL, "passcode": "5bx", "description": "watch"}
	_, made := api.do("POST", "/v2/webhooks", caleb, hook)
	hookPath := fmt.Sprint("/v2/webhooks/", made["id"])
	_, said := api.do("POST", "/v1/files/"+tidal+"/comments", caleb, map[string]any{
		"message": "Is this the final cover?", "client_meta": map[string]any{"node_id": cover, "node_offset": map[string]any{"x": 10, "y": 20}},
	})
	said2 := fmt.Sprint("/v1/files/", tidal, "/comments/", said["id"])
	s.Wait()
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/v1/me", nil},
		{"GET", "/v1/files/" + kit, nil},
		{"GET", "/v1/files/" + board, nil},
		{"GET", "/v1/files/" + tidal + "?depth=2&ids=" + cover, nil},
		{"GET", "/v1/files/" + tidal + "?geometry=paths", nil},
		{"GET", "/v1/files/" + tidal + "/nodes?ids=" + url.QueryEscape(cover), nil},
		{"GET", "/v1/images/" + tidal + "?ids=" + url.QueryEscape(cover) + ",99:99&format=svg&scale=0.5", nil},
		{"GET", "/v1/files/" + tidal + "/images", nil},
		{"GET", "/v1/files/" + tidal + "/meta", nil},
		{"GET", "/v1/files/" + board + "/meta", nil},
		{"GET", "/v1/files/" + tidal + "/versions?page_size=10", nil},
		{"GET", "/v1/files/" + tidal + "/comments?as_md=true", nil},
		{"POST", "/v1/files/" + tidal + "/comments", map[string]any{"message": "Yes.", "comment_id": said["id"]}},
		{"POST", said2 + "/reactions", map[string]any{"emoji": ":eyes:"}},
		{"GET", said2 + "/reactions", nil},
		{"DELETE", said2 + "/reactions?emoji=" + url.QueryEscape(":eyes:"), nil},
		{"DELETE", said2, nil},
		{"GET", "/v1/teams/" + team + "/projects", nil},
		{"GET", "/v1/projects/" + design + "/files", nil},
		{"GET", "/v1/projects/" + design + "/meta", nil},
		{"GET", "/v2/teams/" + team + "/folders", nil},
		{"GET", "/v2/folders/" + design + "/folders", nil},
		{"GET", "/v2/folders/" + design + "/files", nil},
		{"GET", "/v2/folders/" + design + "/meta", nil},
		{"GET", "/v1/teams/" + team + "/components?page_size=2", nil},
		{"GET", "/v1/teams/" + team + "/component_sets", nil},
		{"GET", "/v1/teams/" + team + "/styles?after=1", nil},
		{"GET", fmt.Sprint("/v1/components/", component), nil},
		{"GET", fmt.Sprint("/v1/component_sets/", dig(sets, "meta", "component_sets", 0, "key")), nil},
		{"GET", fmt.Sprint("/v1/styles/", dig(styles, "meta", "styles", 0, "key")), nil},
		{"GET", "/v2/webhooks?context=file&context_id=" + tidal, nil},
		{"GET", "/v2/webhooks?plan_api_id=team-" + team, nil},
		{"GET", "/v2/teams/" + team + "/webhooks", nil},
		{"GET", hookPath, nil},
		{"GET", hookPath + "/requests", nil},
		// The specification wants a team_id that it does not describe.
		{"PUT", hookPath, map[string]any{"event_type": "FILE_UPDATE", "endpoint": receiver.URL, "passcode": "new", "team_id": ""}},
		{"DELETE", hookPath, nil},
	} {
		if status, body := api.do(c.method, c.path, caleb, c.body); status != http.StatusOK {
			t.Errorf("%s %s: status %d, want 200: %v", c.method, c.path, status, body)
		}
	}
	var missing []string
	for _, id := range operations(t, api.spec) {
		if !api.seen[id] {
			missing = append(missing, id)
		}
	}
	if want := unserved(); !slices.Equal(missing, want) {
		t.Errorf("operations without a good answer: %v, want %v", missing, want)
	}
}

// unserved are the operations that nobody needs, or that no studio may use.
func unserved() []string {
	return []string{
		"deleteDevResource", "getActivityLogs", "getAiUsageDaily", "getDevResources", "getDeveloperLogs", "getLibraryAnalyticsComponentActions",
		"getLibraryAnalyticsComponentUsages", "getLibraryAnalyticsStyleActions", "getLibraryAnalyticsStyleUsages", "getLibraryAnalyticsVariableActions",
		"getLibraryAnalyticsVariableUsages", "getLocalVariables", "getOEmbed", "getPayments", "getPublishedVariables", "postDevResources",
		"postVariables", "putDevResources",
	}
}

func document(t *testing.T, r routers.Router) *openapi3.T {
	t.Helper()
	route, _, err := r.FindRoute(httptest.NewRequest("GET", "https://api.figma.com/v1/me", nil))
	if err != nil {
		t.Fatalf("find a route: %v", err)
	}
	return route.Spec
}

// operations are all of the specification.
func operations(t *testing.T, r routers.Router) []string {
	t.Helper()
	var ids []string
	for _, item := range document(t, r).Paths.Map() {
		for _, o := range item.Operations() {
			ids = append(ids, o.OperationID)
		}
	}
	slices.Sort(ids)
	return ids
}

func TestFigmaRefusesInTheShapesThatItSpecifies(t *testing.T) {
	_, base := start(t, sandbox.Options{})
	api := newSpecified(t, base)
	for _, c := range []struct {
		name, method, path, token string
		body                      any
		want                      int
		text                      string
	}{
		{"an unknown token", "GET", "/v1/me", "figd_nobody", nil, 403, "Invalid token"},
		{"no token", "GET", "/v1/files/" + tidal, "", nil, 403, "Invalid token"},
		{"a file of another team", "GET", "/v1/files/" + tidal, mei, nil, 404, "Not found"},
		{"an unknown file", "GET", "/v1/files/nothing/meta", caleb, nil, 404, "Not found"},
		{"an unknown version", "GET", "/v1/files/" + tidal + "?version=1", caleb, nil, 404, "Not found"},
		{"a file under embargo", "GET", "/v1/files/SbxUnderEmbargo0000006", caleb, nil, 403, "File not exportable"},
		{"a depth of zero", "GET", "/v1/files/" + tidal + "?depth=0", caleb, nil, 400, "positive integer"},
		{"nodes without ids", "GET", "/v1/files/" + tidal + "/nodes", caleb, nil, 400, "ids"},
		{"a scale of 5", "GET", "/v1/images/" + tidal + "?ids=1:1&scale=5", caleb, nil, 400, "scale"},
		{"a picture as gif", "GET", "/v1/images/" + tidal + "?ids=1:1&format=gif", caleb, nil, 400, "format"},
		{"variables without an Enterprise plan", "GET", "/v1/files/" + tidal + "/variables/local", caleb, nil, 403, "Limited by Figma plan"},
		{"a reply to nothing", "POST", "/v1/files/" + tidal + "/comments", caleb, map[string]any{"message": "Yes.", "comment_id": "1"}, 400, "root comments"},
		{"a comment on no node", "POST", "/v1/files/" + tidal + "/comments", caleb, map[string]any{"message": "?", "client_meta": map[string]any{"node_id": "9:999", "node_offset": map[string]any{"x": 1, "y": 1}}}, 400, "not found"},
		{"an empty comment", "POST", "/v1/files/" + tidal + "/comments", caleb, map[string]any{"message": " "}, 400, "message"},
		{"somebody else's comment", "DELETE", "/v1/files/" + tidal + "/comments/1400000003", theo, nil, 403, "your own"},
		{"an unknown component", "GET", "/v1/components/nothing", caleb, nil, 404, "Not found"},
		{"components of another team", "GET", "/v1/teams/1/components", caleb, nil, 404, "Not found"},
		{"folders of another team", "GET", "/v2/teams/1/folders", caleb, nil, 403, "Forbidden"},
		{"an unknown webhook", "GET", "/v2/webhooks/1", caleb, nil, 404, "Not found"},
		{"webhooks of nothing", "GET", "/v2/webhooks", caleb, nil, 400, "required"},
		{"a team's webhook by who is no administrator", "POST", "/v2/webhooks", theo, webhookOf("team", team), 403, "Access denied"},
		{"a webhook of another team's file", "POST", "/v2/webhooks", mei, webhookOf("file", tidal), 403, "Access denied"},
		{"a webhook that leaves this machine", "POST", "/v2/webhooks", caleb, map[string]any{"event_type": "FILE_UPDATE", "context": "file", "context_id": tidal, "endpoint": "https://example.com/", "passcode": "x"}, 400, "loopback"},
	} {
		t.Run(c.name, func(t *testing.T) {
			api.t = t
			status, body := api.do(c.method, c.path, c.token, c.body)
			got := fmt.Sprint(body["err"], body["message"])
			if status != c.want || !strings.Contains(got, c.text) {
				t.Errorf("%s %s: %d %q, want %d with %q", c.method, c.path, status, got, c.want, c.text)
			}
		})
	}
}

func TestFigmaTakesTokensInTheirOwnHeaderAlone(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	app := connect(t, s, clientOf(s, base, sandbox.Figma, "current_user:read"), sandbox.Figma, "theo.norris").AccessToken
	for _, c := range []struct {
		name string
		head http.Header
		want int
	}{
		{"an app's token in Authorization", http.Header{"Authorization": {"Bearer " + app}}, 200},
		{"an app's token in X-Figma-Token", http.Header{"X-Figma-Token": {app}}, 403},
		{"an app's token by Basic", http.Header{"Authorization": {"Basic " + app}}, 403},
		{"a personal token in X-Figma-Token", http.Header{"X-Figma-Token": {caleb}}, 200},
		{"a personal token in Authorization", http.Header{"Authorization": {"Bearer " + caleb}}, 403},
		{"a token in the address", nil, 403},
	} {
		if status, body, _ := send(t, "GET", base+"/figma/v1/me?access_token="+app, c.head, ""); status != c.want {
			t.Errorf("%s: %d %v, want %d", c.name, status, body, c.want)
		}
	}
}

func webhookOf(context, id string) map[string]any {
	return map[string]any{"event_type": "FILE_UPDATE", "context": context, "context_id": id, "endpoint": "http://127.0.0.1:1/", "passcode": "5bx"}
}

// specifiedEvent holds the body of a webhook to its schema.
func specifiedEvent(t *testing.T, e map[string]any) error {
	t.Helper()
	spec, err := figmaSpec()
	if err != nil {
		return err
	}
	var name strings.Builder
	for part := range strings.SplitSeq(fmt.Sprint(e["event_type"]), "_") {
		name.WriteString(part[:1] + strings.ToLower(part[1:]))
	}
	schema := document(t, spec).Components.Schemas["Webhook"+name.String()+"Payload"]
	if schema == nil {
		return fmt.Errorf("there is no schema of %s", name.String())
	}
	return schema.Value.VisitJSON(e, openapi3.EnableJSONSchema2020())
}
