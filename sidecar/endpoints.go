package sidecar

import (
	"encoding/json"
	"net/http"
	"regexp"

	"github.com/fluxstudio/fluxmcp/tools"
)

// endpoints serves the paths of the toolsets to those who are known.
func (s *Server) endpoints(mux *http.ServeMux) {
	paths := map[string]methods{}
	for _, set := range s.Toolsets {
		for _, e := range set.Endpoints {
			if paths[e.Path] == nil {
				paths[e.Path] = methods{}
			}
			paths[e.Path][e.Method] = s.endpoint(e)
		}
	}
	for path, m := range paths {
		s.closed(mux, path, m)
	}
}

// variable is one of a pattern's.
var variable = regexp.MustCompile(`\{([a-zA-Z_]+)\}`)

// endpoint answers with the structured result of e's tool.
func (s *Server) endpoint(e tools.Endpoint) http.HandlerFunc {
	types := argumentTypes(e.Tool)
	inPath := variable.FindAllStringSubmatch(e.Path, -1)
	return func(w http.ResponseWriter, r *http.Request) {
		members := map[string]json.RawMessage{}
		if r.Method == http.MethodPost {
			body, ok := s.members(w, r)
			if !ok {
				return
			}
			members = body
		}
		for name, values := range r.URL.Query() {
			if len(values) > 1 {
				s.fail(w, r, &problem{http.StatusBadRequest, "bad_argument", "a parameter is given more than once", "Give each parameter once."})
				return
			}
			members[name] = argument(values[0], types[name])
		}
		if key := r.Header.Get("Idempotency-Key"); key != "" && types["idempotency_key"] != "" {
			members["idempotency_key"] = argument(key, "string")
		}
		for _, v := range inPath {
			members[v[1]] = argument(r.PathValue(v[1]), types[v[1]])
		}
		args, _ := json.Marshal(members) // raw JSON encodes
		a := s.Runtime.Call(r.Context(), e.Tool, args)
		if a.Failure != nil {
			s.failTool(w, r, *a.Failure)
			return
		}
		s.write(w, r, http.StatusOK, a.Structured)
	}
}

// argumentTypes are the JSON types of a tool's arguments.
func argumentTypes(t tools.Tool) map[string]string {
	var schema struct {
		Properties map[string]struct {
			Type json.RawMessage `json:"type"`
		} `json:"properties"`
	}
	types := map[string]string{}
	if json.Unmarshal(t.InputSchema, &schema) == nil {
		for name, p := range schema.Properties {
			var one string
			_ = json.Unmarshal(p.Type, &one) // a list of types is no number
			types[name] = one
		}
	}
	return types
}

// argument is a text of a URL as JSON of a type. What is no such JSON stays a
// text, so that the tool says what is wrong with it.
func argument(text, kind string) json.RawMessage {
	if kind != "" && kind != "string" && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	quoted, _ := json.Marshal(text) // texts encode
	return quoted
}
