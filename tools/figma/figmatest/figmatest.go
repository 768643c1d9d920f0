// Package figmatest holds what is sent to Figma, or to a stand-in of it, and
// what comes back to Figma's own OpenAPI, and counts requests by tier. It is for
// tests alone, and knows no package of the program.
//
// Source: https://github.com/figma/rest-api-spec, version 0.43.0.
package figmatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// maxHeld bounds the answers that are held to the specification, bytes: larger
// ones would take longer than the test that they are in.
const maxHeld = 2 << 20

// Watch is a http.RoundTripper that holds what passes to the specification. It
// is safe for concurrent use.
type Watch struct {
	tb   testing.TB
	next http.RoundTripper

	mu    sync.Mutex
	calls []Call
}

// Call is one request of the API.
type Call struct {
	Operation string // its id in the specification; empty: it has none such
	Tier      int    // of the rate limits; 0: none is documented
	Path      string // from /v1 or /v2 on
	Query     url.Values
	Status    int  // 0: there was no answer
	Unheld    bool // the answer is larger than is held to the specification
}

// Transport sends requests over next (nil: http.DefaultTransport). What breaks
// the specification is an error of tb. Requests that are not below /v1 or /v2
// may be anything, but have no token.
func Transport(tb testing.TB, next http.RoundTripper) *Watch {
	tb.Helper()
	if _, err := specification(); err != nil {
		tb.Fatalf("read Figma's specification: %v", err)
	}
	if next == nil {
		next = http.DefaultTransport
	}
	return &Watch{tb: tb, next: next}
}

// Client sends requests with a personal access token, which goes to baseURL
// alone, over a Transport.
func Client(tb testing.TB, baseURL, token string) *http.Client {
	tb.Helper()
	return &http.Client{Transport: bearer{baseURL, token, Transport(tb, nil)}}
}

// Watching is the Watch of what Client made.
func Watching(c *http.Client) *Watch { return c.Transport.(bearer).next }

type bearer struct {
	base, token string
	next        *Watch
}

// RoundTrip adds the token.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), b.base+"/v") {
		r = r.Clone(r.Context())
		r.Header.Set("X-Figma-Token", b.token)
	}
	return b.next.RoundTrip(r)
}

// Calls are the requests so far, in the order of their answers.
func (w *Watch) Calls() []Call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.calls)
}

// Count is how many requests of a tier there were.
func (w *Watch) Count(tier int) int {
	n := 0
	for _, c := range w.Calls() {
		if c.Tier == tier {
			n++
		}
	}
	return n
}

// Operations are those that were asked for, each once, sorted.
func (w *Watch) Operations() []string {
	seen := map[string]bool{}
	var list []string
	for _, c := range w.Calls() {
		if !seen[c.Operation] {
			seen[c.Operation] = true
			list = append(list, c.Operation)
		}
	}
	slices.Sort(list)
	return list
}

// Reset forgets the requests so far.
func (w *Watch) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = nil
}

// RoundTrip implements http.RoundTripper.
func (w *Watch) RoundTrip(r *http.Request) (*http.Response, error) {
	at := max(strings.Index(r.URL.Path, "/v1/"), strings.Index(r.URL.Path, "/v2/"))
	if at < 0 {
		w.elsewhere(r)
		return w.next.RoundTrip(r)
	}
	c := Call{Path: r.URL.Path[at:], Query: r.URL.Query()}
	in, err := w.asked(r, at)
	if err != nil {
		w.tb.Errorf("%s %s: %v", r.Method, c.Path, err)
	} else {
		c.Operation = in.Route.Operation.OperationID
		c.Tier = tierOf(c.Operation)
	}
	resp, failed := w.next.RoundTrip(r)
	if failed == nil {
		c.Status = resp.StatusCode
		if in != nil {
			c.Unheld = w.answered(in, resp)
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls = append(w.calls, c)
	return resp, failed
}

// elsewhere is a request to somebody else.
func (w *Watch) elsewhere(r *http.Request) {
	for _, name := range []string{"X-Figma-Token", "Authorization", "Cookie"} {
		if r.Header.Get(name) != "" {
			w.tb.Errorf("%s %s has a header %s, and is no request of the API", r.Method, r.URL.Path, name)
		}
	}
}

// asked holds a request to the specification; in is nil where it has none such.
func (w *Watch) asked(r *http.Request, at int) (*openapi3filter.RequestValidationInput, error) {
	plain := r.Clone(r.Context())
	plain.URL = &url.URL{Scheme: "https", Host: "api.figma.com", Path: r.URL.Path[at:], RawQuery: r.URL.RawQuery}
	plain.Host = plain.URL.Host
	if r.Body != nil && r.GetBody == nil {
		return nil, errors.New("the request has a body that cannot be sent again")
	}
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		plain.Body = body
	}
	spec, _ := specification()
	route, params, err := spec.FindRoute(plain)
	if err != nil {
		return nil, fmt.Errorf("the specification has no such path: %w", err)
	}
	in := &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route, Options: options()}
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		w.tb.Errorf("the specification forbids the request: %v", err)
	}
	for name := range plain.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			w.tb.Errorf("%s has no parameter %q", route.Operation.OperationID, name)
		}
	}
	return in, nil
}

// options leave security out: where the specification lists two scopes it means
// either, and OpenAPI means both.
func options() *openapi3filter.Options {
	return &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
}

// answered holds an answer to the specification, unless it is too large or is
// cut.
func (w *Watch) answered(in *openapi3filter.RequestValidationInput, resp *http.Response) (unheld bool) {
	whole := resp.Body
	start, err := io.ReadAll(io.LimitReader(whole, maxHeld+1))
	resp.Body = both{io.MultiReader(bytes.NewReader(start), failing(whole, err)), whole}
	if err != nil || len(start) > maxHeld {
		return true
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(start)), Options: options(),
	}
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		w.tb.Errorf("answer %d %.300s to %s is not of the specification: %v", resp.StatusCode, start, in.Route.Operation.OperationID, err)
	}
	return false
}

// both reads from one and closes the other.
type both struct {
	io.Reader
	io.Closer
}

// failing is r, or its error again.
func failing(r io.Reader, err error) io.Reader {
	if err == nil {
		return r
	}
	return broken{err}
}

type broken struct{ err error }

// Read fails.
func (b broken) Read([]byte) (int, error) { return 0, b.err }

// specification is read once.
var specification = sync.OnceValues(func() (routers.Router, error) {
	path, err := find("examples/sandbox/testdata/figma/openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromFile(path)
	if err != nil {
		return nil, err
	}
	doc.Servers = openapi3.Servers{{URL: "https://api.figma.com"}}
	// Its prose says that nodes may be null, and its schema does not.
	answer := doc.Components.Responses["GetFileNodesResponse"].Value.Content.Get("application/json").Schema.Value
	answer.Properties["nodes"].Value.AdditionalProperties.Schema.Value.Type = &openapi3.Types{openapi3.TypeObject, openapi3.TypeNull}
	return gorillamux.NewRouter(doc)
})

// find looks for a file of the module from the directory of the test upwards.
func find(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if filepath.Dir(dir) == dir {
			return "", fmt.Errorf("there is no %s above the test", name)
		}
		dir = filepath.Dir(dir)
	}
}

// tierOf is the tier of an operation.
// Source: https://developers.figma.com/docs/rest-api/rate-limits
func tierOf(operation string) int {
	switch operation {
	case "getFile", "getFileNodes", "getImages":
		return 1
	case "getImageFills", "getFileVersions", "getComments", "postComment", "deleteComment", "getTeamProjects", "getProjectFiles",
		"getTeamFolders", "getFolderFolders", "getFolderFiles", "getWebhooks", "postWebhook", "getWebhook", "putWebhook", "deleteWebhook",
		"getCommentReactions", "postCommentReaction", "deleteCommentReaction", "getTeamWebhooks", "getWebhookRequests",
		"getLocalVariables", "getPublishedVariables":
		return 2
	case "getMe", "getFileMeta", "getTeamComponents", "getFileComponents", "getComponent", "getTeamComponentSets", "getFileComponentSets",
		"getComponentSet", "getTeamStyles", "getFileStyles", "getStyle":
		return 3
	default:
		return 0
	}
}
