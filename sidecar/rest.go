package sidecar

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// queryAnswer is the answer of POST /api/mcp/query: what web clients of earlier
// versions read, with the tool's structured result beside it.
type queryAnswer struct {
	Query      string          `json:"query"`   // as it was asked
	Results    []textContent   `json:"results"` // what a model reads, as MCP content
	Structured json.RawMessage `json:"structuredContent"`
	ExecutedAt time.Time       `json:"executedAt"` // when the database was read
	Source     string          `json:"source"`     // always mcp: what answers is a tool of MCP
	Cached     bool            `json:"cached"`
}

type textContent struct {
	Type string `json:"type"`
	Text string `json:"text"`
}

// query answers {"sql": …} with the tool of that name.
func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	m, ok := s.members(w, r)
	if !ok {
		return
	}
	if _, english := m["query"]; english {
		s.fail(w, r, &problem{http.StatusNotImplemented, "questions_unavailable", "this version does not answer questions in English", `Send {"sql": "SELECT …"} instead.`})
		return
	}
	tool, ok := s.calls["query"]
	if !ok {
		s.fail(w, r, &problem{http.StatusServiceUnavailable, "tool_unavailable", "the tool query is switched off", "Ask the operator to add postgres to FLUXMCP_TOOLSETS."})
		return
	}
	args, _ := json.Marshal(m) // raw JSON encodes
	a := s.Runtime.Call(r.Context(), tool, args)
	if a.Failure != nil {
		s.failTool(w, r, *a.Failure)
		return
	}
	s.write(w, r, http.StatusOK, answerOf(m["sql"], a))
}

func answerOf(sql json.RawMessage, a tools.Answer) queryAnswer {
	out := queryAnswer{Results: []textContent{{Type: "text", Text: a.Text}}, Structured: a.Structured, Source: "mcp"}
	var about struct {
		Cached     bool      `json:"cached"`
		ExecutedAt time.Time `json:"executed_at"`
	}
	_ = json.Unmarshal(sql, &out.Query)      // the tool took it as a string
	_ = json.Unmarshal(a.Structured, &about) // the tool's own result
	out.Cached, out.ExecutedAt = about.Cached, about.ExecutedAt
	return out
}

// tool is one tool as GET /api/mcp/tools lists it.
type tool struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"inputSchema"`
	OutputSchema json.RawMessage `json:"outputSchema"`
	Annotations  annotations     `json:"annotations"`
}

type annotations struct {
	ReadOnly    bool `json:"readOnlyHint"`
	Destructive bool `json:"destructiveHint"`
	Idempotent  bool `json:"idempotentHint"`
	OpenWorld   bool `json:"openWorldHint"`
}

// listTools lists the tools by toolset.
func (s *Server) listTools(w http.ResponseWriter, r *http.Request) {
	if !s.permitted(w, r, tools.ScopeRead) {
		return
	}
	sets, available := map[string][]tool{}, false
	for _, set := range s.Toolsets {
		list := make([]tool, 0, len(set.Tools))
		for _, t := range set.Tools {
			list = append(list, tool{
				Name: t.Spec.Name, Title: t.Spec.Title, Description: t.Spec.Description,
				InputSchema: t.InputSchema, OutputSchema: t.OutputSchema, Annotations: annotations(t.Spec.Hints()),
			})
			available = true
		}
		sets[set.Name] = list
	}
	s.write(w, r, http.StatusOK, map[string]any{"tools": sets, "available": available})
}

// clearCache forgets the answers of all principals, on every replica.
func (s *Server) clearCache(w http.ResponseWriter, r *http.Request) {
	if !s.permitted(w, r, tools.ScopeAdmin) {
		return
	}
	if s.ClearCache == nil {
		s.fail(w, r, &problem{http.StatusServiceUnavailable, "cache_off", "there is no cache to clear", "Set MCP_ENABLE_CACHING to true to have one."})
		return
	}
	if a := s.Runtime.Call(r.Context(), s.clear, nil); a.Failure != nil {
		s.failTool(w, r, *a.Failure)
		return
	}
	s.write(w, r, http.StatusOK, map[string]string{"message": "MCP cache cleared successfully"})
}

// clearTool makes clearing a call like any other, so that it is limited, logged
// and recorded; it is offered to nobody. It changes nothing but speed.
func clearTool(clear func(context.Context) error) tools.Tool {
	type nothing struct{}
	spec := tools.Spec{Name: "cache_clear", Title: "Clear the cache", Description: "Forget all kept answers.", Effect: tools.ReadOnly}
	return tools.New(spec, func(ctx context.Context, _ nothing) (nothing, error) {
		if err := clear(ctx); err != nil {
			return nothing{}, &cacheAway{err}
		}
		return nothing{}, nil
	})
}

// cacheAway says that what is kept could not be cleared.
type cacheAway struct{ err error }

// Error says what is wrong.
func (e *cacheAway) Error() string { return "the cache cannot be reached" }

// Unwrap gives the cause, for logs.
func (e *cacheAway) Unwrap() error { return e.err }

// Code is the stable name of the failure.
func (e *cacheAway) Code() string { return "cache_unavailable" }

// Hint says what to do.
func (e *cacheAway) Hint() string { return "Try again after retry_after_seconds." }

// RetryAfter is when the same may succeed.
func (e *cacheAway) RetryAfter() time.Duration { return 5 * time.Second }

// LogCause is what the operator may see and the caller may not.
func (e *cacheAway) LogCause() string { return e.err.Error() }

// metrics shows them to administrators.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	if s.permitted(w, r, tools.ScopeAdmin) {
		s.Metrics.ServeHTTP(w, r)
	}
}

// permitted answers where the caller lacks scope.
func (s *Server) permitted(w http.ResponseWriter, r *http.Request, scope string) bool {
	p := tools.PrincipalOf(r.Context())
	if p.Permits(scope) {
		return true
	}
	if scope == tools.ScopeAdmin && !p.Admin {
		s.fail(w, r, &problem{http.StatusForbidden, "admin_required", "Admin access required", "Ask an administrator of this server."})
		return false
	}
	text := "the token does not permit " + scope
	w.Header().Set("WWW-Authenticate", s.challenge(r, "insufficient_scope", text, scope))
	s.fail(w, r, &problem{http.StatusForbidden, "insufficient_scope", text, "Sign in again with the scope " + scope + "."})
	return false
}
