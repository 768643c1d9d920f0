package sidecar

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools"
)

type shelfArgs struct {
	Shelf string `json:"shelf"`
	Depth int    `json:"depth,omitempty"`
	Loud  bool   `json:"loud,omitempty"`
	Note  string `json:"note,omitempty"`
	Key   string `json:"idempotency_key,omitempty"`
}

type shelfResult struct {
	Got  shelfArgs `json:"got"`
	From string    `json:"from"`
}

// shelves has one path, by GET and POST.
func shelves() *rig {
	tool := tools.New(tools.Spec{Name: "shelf", Title: "S", Description: "d", Effect: tools.ReadOnly}, func(ctx context.Context, in shelfArgs) (shelfResult, error) {
		if code, failing := strings.CutPrefix(in.Note, "fail "); failing {
			return shelfResult{}, toolError{code}
		}
		return shelfResult{in, tools.PrincipalOf(ctx).Subject}, nil
	})
	return newRig(func(o *Options) {
		o.Toolsets = append(o.Toolsets, tools.Toolset{Name: "shelves", Endpoints: []tools.Endpoint{
			{Method: http.MethodGet, Path: "/api/shelves/{shelf}", Tool: tool}, {Method: http.MethodPost, Path: "/api/shelves/{shelf}", Tool: tool},
		}})
	})
}

// TestIdempotencyKeyHeader: the header is the argument of that name, and wins
// over one in the body.
func TestIdempotencyKeyHeader(t *testing.T) {
	w := shelves().send(t, "POST", "/api/shelves/x", `{"idempotency_key":"body"}`, "Authorization: Bearer alice", "Idempotency-Key: 123")
	if want := `"idempotency_key":"123"`; w.Code != 200 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("got %d %s, want %s in it", w.Code, w.Body, want)
	}
}

func TestEndpoints(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body, token string
		status                          int
		want                            string // in the body
	}{
		{"path and query are arguments by their types", "GET", "/api/shelves/1%3A2?depth=3&loud=true&note=7", "", "alice", 200, `{"got":{"shelf":"1:2","depth":3,"loud":true,"note":"7"},"from":"alice"}`},
		{"a body is arguments, and the path wins over it", "POST", "/api/shelves/x", `{"shelf":"y","note":"n"}`, "alice", 200, `{"got":{"shelf":"x","note":"n"},"from":"alice"}`},
		{"nobody who is unknown", "GET", "/api/shelves/x", "", "", 401, ""},
		{"a parameter is an argument of its name", "POST", "/api/shelves/x", `{"idempotency_key":"k"}`, "alice", 200, `"idempotency_key":"k"`},
		{"a number that is none is told as such", "GET", "/api/shelves/x?depth=deep", "", "alice", 400, "depth must be an integer"},
		{"a parameter that does not exist", "GET", "/api/shelves/x?dpeth=3", "", "alice", 400, "depth"},
		{"a body that is no JSON", "POST", "/api/shelves/x", `{`, "alice", 400, "bad_json"},
		{"a limit at a provider is 429", "GET", "/api/shelves/x?note=fail+figma_rate_limited", "", "alice", 429, "figma_rate_limited"},
		{"what a provider forbids is 403", "GET", "/api/shelves/x?note=fail+figma_forbidden", "", "alice", 403, ""},
		{"an account that is missing is 409", "GET", "/api/shelves/x?note=fail+not_connected", "", "alice", 409, ""},
		{"what is not there is 404", "GET", "/api/shelves/x?note=fail+unknown_file", "", "alice", 404, ""},
		{"an answer that cannot be read is 502", "GET", "/api/shelves/x?note=fail+figma_unreadable", "", "alice", 502, ""},
		{"a provider that is away is 503", "GET", "/api/shelves/x?note=fail+figma_unavailable", "", "alice", 503, ""},
		{"a parameter twice is refused", "GET", "/api/shelves/x?depth=1&depth=2", "", "alice", 400, "more than once"},
		{"another method is refused", "DELETE", "/api/shelves/x", "", "alice", 405, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var head []string
			if c.token != "" {
				head = append(head, "Authorization: Bearer "+c.token)
			}
			w := shelves().send(t, c.method, c.path, c.body, head...)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
				t.Errorf("%s %s: got %d %s, want %d with %s", c.method, c.path, w.Code, w.Body, c.status, c.want)
			}
		})
	}
}
