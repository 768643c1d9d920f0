package sidecar

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
)

// problem is a refusal with its HTTP status.
type problem struct {
	status        int
	code, message string
	hint          string
}

// fail answers with the object that every failure of this server is.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, p *problem) {
	s.write(w, r, p.status, tools.Failure{Code: p.code, Message: p.message, Hint: p.hint})
}

// failTool answers with what a tool failed with.
func (s *Server) failTool(w http.ResponseWriter, r *http.Request, f tools.Failure) {
	if f.RetryAfter > 0 {
		setRetryAfter(w, time.Duration(f.RetryAfter)*time.Second)
	}
	s.write(w, r, statusOf(f), f)
}

// statusOf is the HTTP status that says what a code says.
func statusOf(f tools.Failure) int {
	switch f.Code {
	case "rate_limited":
		return http.StatusTooManyRequests
	case "internal", "own_tables_failed":
		return http.StatusInternalServerError
	case "timeout":
		return http.StatusGatewayTimeout
	case "canceled":
		return 499 // as nginx has it: nobody reads the answer
	case "insufficient_scope", "permission_denied", "table_not_allowed":
		return http.StatusForbidden
	case "row_too_large":
		return http.StatusUnprocessableEntity
	case "not_connected", "needs_reconnect":
		return http.StatusConflict // the person must act first
	case "database_unavailable", "database_busy", "database_starting", "audit_unavailable",
		"migration_missing", "own_tables_denied":
		return http.StatusServiceUnavailable
	}
	switch {
	case strings.HasSuffix(f.Code, "_rate_limited"):
		return http.StatusTooManyRequests
	case strings.HasSuffix(f.Code, "_answer_too_large"), strings.HasSuffix(f.Code, "_unreadable"):
		return http.StatusBadGateway
	case strings.HasPrefix(f.Code, "forbidden_"), strings.HasSuffix(f.Code, "_forbidden"), strings.HasSuffix(f.Code, "_scope_missing"), strings.HasSuffix(f.Code, "_token_refused"):
		return http.StatusForbidden
	case f.RetryAfter > 0, strings.HasSuffix(f.Code, "_unavailable"):
		return http.StatusServiceUnavailable
	case strings.HasPrefix(f.Code, "unknown_"):
		return http.StatusNotFound
	default:
		return http.StatusBadRequest
	}
}

// setRetryAfter writes whole seconds, rounded up.
func setRetryAfter(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}

const writeLimit = 30 * time.Second // for a client to take an answer

// write answers with JSON.
func (s *Server) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.log.ErrorContext(r.Context(), "answer not encoded", "cause", err.Error())
		status, body = http.StatusInternalServerError, []byte(`{"code":"internal","message":"the server failed","hint":"Tell the operator."}`)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeLimit)) // not every writer can
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
	}
}

const (
	maxBody   = 1 << 20
	bodyLimit = 30 * time.Second // for a body to arrive
)

// members reads a JSON object; it answers what it cannot read. A page of another
// origin cannot send application/json without asking, so forms are kept out.
func (s *Server) members(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, bool) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		s.fail(w, r, &problem{http.StatusUnsupportedMediaType, "unsupported_media_type", "the body must be JSON", "Set Content-Type to application/json."})
		return nil, false
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyLimit)) // not every writer can
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		s.fail(w, r, unread(err))
		return nil, false
	}
	_ = rc.SetReadDeadline(time.Time{})
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil || m == nil {
		s.fail(w, r, &problem{http.StatusBadRequest, "bad_json", "the body is not a JSON object", "Send the arguments as one JSON object."})
		return nil, false
	}
	return m, true
}

func unread(err error) *problem {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return &problem{http.StatusRequestEntityTooLarge, "body_too_large", "a body may have 1 MiB at most", "Send less at once."}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &problem{http.StatusRequestTimeout, "body_too_slow", "the body took too long to arrive", "Send it within 30 seconds."}
	default:
		return &problem{http.StatusBadRequest, "bad_body", "the body could not be read", "Send it again."}
	}
}
