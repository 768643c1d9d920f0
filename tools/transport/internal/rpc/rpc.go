// Package rpc is the outermost layer of MCP: what kind of JSON-RPC message a
// text is, and how errors and notifications are written. It knows no method, no
// session and no stream.
package rpc

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// Error codes of this server besides those of the mcp package.
const (
	CodeUnavailable = -32000 // shutting down; the same request may succeed later
	CodeCancelled   = mcp.REQUEST_INTERRUPTED
)

// Error is a JSON-RPC error. The client gets all of it as it stands.
type Error struct {
	Code    int
	Message string
	Data    any // JSON-encodable, or nil
}

// Error is the message that the client gets.
func (e *Error) Error() string { return e.Message }

// Invalid is the error for a message that is no valid request.
func Invalid(text string) *Error { return &Error{Code: mcp.INVALID_REQUEST, Message: text} }

// Encode is e as the answer to the request id, or to no request in particular
// when id is nil. Data that JSON cannot say is left out.
func (e *Error) Encode(id json.RawMessage) []byte {
	if id == nil {
		id = json.RawMessage("null")
	}
	type details struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    any    `json:"data,omitempty"`
	}
	type answer struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   details         `json:"error"`
	}
	b, err := json.Marshal(answer{mcp.JSONRPC_VERSION, id, details{e.Code, e.Message, e.Data}})
	if err != nil {
		b, _ = json.Marshal(answer{mcp.JSONRPC_VERSION, id, details{Code: e.Code, Message: e.Message}}) // always encodes
	}
	return b
}

// Status is the HTTP status that 2026-07-28 prescribes for the code; earlier
// revisions answer 200 to any request that could be read.
// Source: https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
func (e *Error) Status() int {
	switch e.Code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.PARSE_ERROR, mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.HEADER_MISMATCH,
		mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION:
		return http.StatusBadRequest
	case CodeUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusOK
	}
}

// Notification writes one. params must be JSON-encodable.
func Notification(method string, params map[string]any) ([]byte, error) {
	return json.Marshal(struct {
		JSONRPC string         `json:"jsonrpc"`
		Method  string         `json:"method"`
		Params  map[string]any `json:"params,omitempty"`
	}{mcp.JSONRPC_VERSION, method, params})
}

// Clip shortens a name that came from the client before it is sent back or
// logged.
func Clip(name string) string {
	const most = 120
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}
