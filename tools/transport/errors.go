package transport

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// RPCError is a failure of the protocol rather than of a tool: the client gets
// its code, message and data as they stand, so none may hold a secret. On a
// 2026-07-28 request over HTTP the code also decides the HTTP status.
type RPCError = rpc.Error

// Fail makes e the answer to the request of ctx and returns it, for a handler to
// return in turn. It is how a handler answers with a JSON-RPC error; any other
// error becomes an internal failure.
func Fail(ctx context.Context, e *RPCError) error {
	if c := callFrom(ctx); c != nil {
		c.fail(e)
	}
	return e
}

// MissingCapability is the answer to a request that needs something the client
// did not declare, such as "sampling" or "elicitation".
func MissingCapability(name string) *RPCError {
	return &RPCError{
		Code:    mcp.MISSING_REQUIRED_CLIENT_CAPABILITY,
		Message: fmt.Sprintf("this request needs the client capability %q", name),
		Data:    map[string]any{"requiredCapabilities": map[string]any{name: map[string]any{}}},
	}
}

// stopped is the answer to a request whose context was cancelled: by the client,
// who will not read it, or by a server that goes down.
func stopped(ctx context.Context) *RPCError {
	if errors.Is(context.Cause(ctx), errShutdown) {
		return unavailable()
	}
	return &RPCError{Code: rpc.CodeCancelled, Message: "the request was cancelled"}
}

func unavailable() *RPCError {
	return &RPCError{Code: rpc.CodeUnavailable, Message: errShutdown.Error()}
}

// actionable is an error whose text was written for the caller.
type actionable interface {
	error
	Code() string
	Hint() string
}

// problem is what a model reads of a failed tool call.
type problem struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Ref     string `json:"ref,omitempty"`
}

func internalProblem(ref string) problem {
	return problem{
		Code:    "internal",
		Message: "the server failed; your arguments were fine",
		Hint:    "Do not retry more than once; give the reference to the operator.",
		Ref:     ref,
	}
}

func (p problem) result() *mcp.CallToolResult {
	b, _ := json.Marshal(p) // four strings always encode
	return mcp.NewToolResultError(string(b))
}

func (p problem) rpc() *RPCError {
	return &RPCError{Code: mcp.INTERNAL_ERROR, Message: p.Message + " (reference " + p.Ref + ")", Data: p}
}

// newRef is 40 random bits in eight characters that people can read aloud.
func newRef() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // never fails, since Go 1.24
	return base32.StdEncoding.EncodeToString(b)
}

// paramsError says which parameter has the wrong shape, in JSON's terms rather
// than Go's.
func paramsError(method string, err error) *RPCError {
	e := &RPCError{Code: mcp.INVALID_PARAMS, Message: "the params of " + rpc.Clip(method) + " do not have the shape it takes"}
	var mistyped *json.UnmarshalTypeError
	if errors.As(err, &mistyped) && mistyped.Field != "" {
		e.Message += ": " + mistyped.Field + " must not be a JSON " + mistyped.Value
	}
	return e
}
