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
	Modern    bool            // declares 2026-07-28 or later in its _meta
	Token     json.RawMessage // _meta.progressToken, nil where there is none
	Cancelled json.RawMessage // requestId of notifications/cancelled
	Task      bool            // carries a task parameter
	Result    json.RawMessage // of a reply
	Failure   json.RawMessage // of a reply
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
	}
	_ = json.Unmarshal(raw, &p) // an object with raw fields always decodes
	e.Task = p.Task != nil
	if e.Method == string(mcp.MethodNotificationCancelled) {
		e.Cancelled = p.RequestID
	}
	var meta map[string]json.RawMessage // a map, because these keys are compared exactly
	if json.Unmarshal(p.Meta, &meta) != nil {
		return e, nil // mcp-go refuses it with the method's own message
	}
	var version string
	_ = json.Unmarshal(meta[mcp.MetaKeyProtocolVersion], &version)
	e.Modern = mcp.IsModernProtocol(version)
	if token := meta["progressToken"]; Given(token) {
		e.Token = token
	}
	return e, nil
}

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
