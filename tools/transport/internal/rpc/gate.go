package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"
)

// Kind tells the three things a client may send apart.
type Kind int

// The kinds of message.
const (
	KindRequest Kind = iota
	KindNotification
	KindReply // to a question that the server asked
)

// Envelope is what a transport must know of one message; the rest stays raw.
type Envelope struct {
	Kind      Kind
	ID        json.RawMessage // a JSON string or number; nil where there is none
	Method    string
	Target    string            // params.name of tools/call and prompts/get
	Resource  string            // params.uri of resources/read
	Modern    bool              // declares 2026-07-28 or later in its _meta
	Version   string            // the revision that _meta declares
	Trace     map[string]string // trace context of _meta, by header name; nil where there is none
	Token     json.RawMessage   // _meta.progressToken, nil where there is none
	Cancelled json.RawMessage   // requestId of notifications/cancelled
	Task      bool              // carries a task parameter
	Result    json.RawMessage   // of a reply
	Failure   json.RawMessage   // of a reply
}

// message is the outer layer of JSON-RPC. Every field is raw, so that only text
// that is no JSON object fails to decode.
type message struct {
	JSONRPC json.RawMessage `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  json.RawMessage `json:"method"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
}

// Inspect is the gate that every message of every transport passes before
// mcp-go sees it. With an error, the envelope still has the id if one was sent.
func Inspect(raw []byte) (Envelope, *Error) {
	var e Envelope
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return e, unreadable(raw, err)
	}
	if Given(m.ID) {
		if !isID(m.ID) {
			return e, Invalid("id must be a string or a number")
		}
		e.ID = m.ID
	}
	var version string
	if json.Unmarshal(m.JSONRPC, &version) != nil || version != mcp.JSONRPC_VERSION {
		return e, Invalid(`jsonrpc must be "2.0"`)
	}
	if m.Method == nil {
		return e.asReply(m)
	}
	if m.Result != nil || m.Error != nil {
		return e, Invalid("a message with a method has neither a result nor an error")
	}
	if json.Unmarshal(m.Method, &e.Method) != nil || e.Method == "" {
		return e, Invalid("method must be a string")
	}
	if m.ID != nil && e.ID == nil {
		return e, Invalid("id must be a string or a number, not null")
	}
	if e.ID == nil {
		e.Kind = KindNotification
	}
	return e.withParams(m.Params)
}

func (e Envelope) asReply(m message) (Envelope, *Error) {
	if !Given(m.Result) && !Given(m.Error) {
		return e, Invalid("a message needs a method, a result or an error")
	}
	e.Kind, e.Result, e.Failure = KindReply, m.Result, m.Error
	return e, nil
}

func (e Envelope) withParams(raw json.RawMessage) (Envelope, *Error) {
	if !Given(raw) {
		return e, nil
	}
	if raw[0] != '{' {
		return e, &Error{Code: mcp.INVALID_PARAMS, Message: "params must be an object"}
	}
	var p struct {
		Meta      json.RawMessage `json:"_meta"`
		RequestID json.RawMessage `json:"requestId"`
		Task      json.RawMessage `json:"task"`
		Name      json.RawMessage `json:"name"`
		URI       json.RawMessage `json:"uri"`
	}
	_ = json.Unmarshal(raw, &p) // an object with raw fields always decodes
	e.Task = p.Task != nil
	switch mcp.MCPMethod(e.Method) {
	case mcp.MethodToolsCall, mcp.MethodPromptsGet:
		_ = json.Unmarshal(p.Name, &e.Target) // else mcp-go refuses it
	case mcp.MethodResourcesRead:
		_ = json.Unmarshal(p.URI, &e.Resource) // likewise
	}
	if e.Method == string(mcp.MethodNotificationCancelled) {
		e.Cancelled = p.RequestID
	}
	var meta map[string]json.RawMessage // a map, because these keys are compared exactly
	if json.Unmarshal(p.Meta, &meta) != nil {
		return e, nil // mcp-go refuses it with the method's own message
	}
	_ = json.Unmarshal(meta[mcp.MetaKeyProtocolVersion], &e.Version)
	e.Modern = mcp.IsModernProtocol(e.Version)
	e.Trace = traceOf(meta)
	if token := meta["progressToken"]; Given(token) {
		e.Token = token
	}
	return e, nil
}

// traceOf is the W3C trace context that a client puts into _meta.
// Source: SEP-414, https://modelcontextprotocol.io/seps/414
func traceOf(meta map[string]json.RawMessage) map[string]string {
	var trace map[string]string
	for _, key := range [...]string{"traceparent", "tracestate", "baggage"} {
		var value string
		if raw := meta[key]; raw == nil || json.Unmarshal(raw, &value) != nil || len(value) > maxTrace {
			continue
		}
		if trace == nil {
			trace = map[string]string{}
		}
		trace[key] = value
	}
	return trace
}

// maxTrace bounds one value of a trace context, bytes.
// Source: the limit of baggage in https://www.w3.org/TR/baggage/
const maxTrace = 8192

// isID takes a JSON value. A number has to fit mcp-go, which reads it as float64.
func isID(raw json.RawMessage) bool {
	if raw[0] == '"' {
		return true
	}
	_, err := strconv.ParseFloat(string(raw), 64)
	return err == nil
}

// Given is false for a member that is absent or null.
func Given(raw json.RawMessage) bool { return raw != nil && string(raw) != "null" }

func unreadable(raw []byte, err error) *Error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return &Error{Code: mcp.PARSE_ERROR, Message: "not JSON: error near byte " + strconv.FormatInt(syntax.Offset, 10)}
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return Invalid("batches are not supported; send one message at a time")
	}
	return Invalid("a message must be a JSON object")
}
