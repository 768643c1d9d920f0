// Package web is what MCP needs of HTTP below the protocol: which pages may call,
// bodies with a limit, JSON answers, and streams of server-sent events. It knows
// no session and no method of MCP.
package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

const bodyLimit = 30 * time.Second // for a body to arrive

// Body reads a JSON body of at most limit bytes, or says with which HTTP status
// and error to refuse the request.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, int, *rpc.Error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, http.StatusUnsupportedMediaType, rpc.Invalid("Content-Type must be application/json")
	}
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyLimit)) // not every writer can
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, unread(err), unreadText(err)
	}
	_ = rc.SetReadDeadline(time.Time{})
	return raw, 0, nil
}

func unread(err error) int {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout
	default:
		return http.StatusBadRequest
	}
}

func unreadText(err error) *rpc.Error {
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return rpc.Invalid("a body may have " + strconv.FormatInt(long.Limit, 10) + " bytes at most")
	case errors.Is(err, os.ErrDeadlineExceeded):
		return rpc.Invalid("the body took too long to arrive")
	default:
		return &rpc.Error{Code: mcp.PARSE_ERROR, Message: "the body could not be read"}
	}
}

// Refuse answers with a JSON-RPC error of the transport itself. id is nil where
// no request is known.
func Refuse(w http.ResponseWriter, status int, id []byte, e *rpc.Error) {
	WriteJSON(w, status, e.Encode(id))
}

// WriteJSON answers with body.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(WriteLimit)) // not every writer can
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that is gone needs no answer
}

// Values lists the distinct values of a header, whether it is repeated or joined
// with commas.
func Values(h http.Header, name string) []string {
	var list []string
	for _, line := range h.Values(name) {
		for v := range strings.SplitSeq(line, ",") {
			if v = strings.TrimSpace(v); v != "" && !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
	}
	return list
}

// AcceptsEvents is false only where the client says what it takes and leaves
// event streams out.
func AcceptsEvents(r *http.Request) bool {
	accept := strings.ToLower(strings.Join(r.Header.Values("Accept"), ","))
	return accept == "" || strings.Contains(accept, "text/event-stream") || strings.Contains(accept, "*/*")
}
