package rpc

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

// WithoutTask removes the task parameter of a request: a server that declares no
// tasks must process such a request normally.
// Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks
func WithoutTask(raw []byte) []byte {
	return edit(raw, "params", func(params json.RawMessage) json.RawMessage {
		return edit(params, "task", func(json.RawMessage) json.RawMessage { return nil })
	})
}

// ExactID puts the id of the request into its answer where mcp-go, which reads
// numbers as float64, could not keep it.
func ExactID(answer []byte, id json.RawMessage) []byte {
	f, err := strconv.ParseFloat(string(id), 64)
	if err != nil {
		return answer // a string, which is kept
	}
	if b, err := json.Marshal(f); err == nil && bytes.Equal(b, id) {
		return answer
	}
	return edit(answer, "id", func(json.RawMessage) json.RawMessage { return id })
}

// edit replaces the members of an object that decode as name, which for
// encoding/json is any spelling of its case; nil removes one.
func edit(raw []byte, name string, change func(json.RawMessage) json.RawMessage) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return raw
	}
	for key, value := range members {
		if !strings.EqualFold(key, name) {
			continue
		}
		if changed := change(value); changed != nil {
			members[key] = changed
			continue
		}
		delete(members, key)
	}
	out, err := json.Marshal(members)
	if err != nil {
		return raw
	}
	return out
}

// ErrorCode is the code of an answer that is an error, 0 of any other. An error
// is short: a long answer is not looked into.
func ErrorCode(answer []byte) int {
	const long = 16 << 10
	if len(answer) > long || !bytes.Contains(answer, []byte(`"error":`)) {
		return 0
	}
	var m struct{ Error struct{ Code int } }
	_ = json.Unmarshal(answer, &m) // what is no error has none
	return m.Error.Code
}

// InternalText is the message of an answer that is an internal error.
func InternalText(answer []byte) (string, bool) {
	if !bytes.Contains(answer, []byte(`"code":-32603`)) {
		return "", false // the common case, without decoding a large result
	}
	var m struct {
		Error *struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(answer, &m) != nil || m.Error == nil || m.Error.Code != mcp.INTERNAL_ERROR {
		return "", false
	}
	return m.Error.Message, true
}
