package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// Observer sees every request and notification of MCP as it begins and ends, on every
// transport: the place of traces and metrics. Implementations are safe for
// concurrent use and never block.
type Observer interface {
	// Begin is called before the message is served. The context it returns is
	// the handler's; end is called once, when the answer is known.
	Begin(ctx context.Context, m Message) (handling context.Context, end func(Outcome))
	// SessionEnded is called when a session of an older revision, an SSE stream
	// or stdio has ended, with its length in seconds.
	SessionEnded(transport string, seconds float64)
}

// Message is what is known of an MCP message before it is served.
type Message struct {
	Transport string            // stdio, http or sse
	Method    string            // such as tools/call
	Target    string            // tool or prompt name; empty for other methods
	Resource  string            // URI of resources/read
	ID        string            // JSON-RPC id as it was written; empty for a notification
	Version   string            // protocol revision where it is known
	Session   string            // digest of the session id; empty without a session
	Trace     map[string]string // traceparent, tracestate and baggage of params._meta; nil without
}

// Outcome is how a message was answered.
type Outcome struct {
	Code    int  // JSON-RPC error code, 0 for a result
	Failed  bool // a tool result with isError
	Dropped bool // the client went away or canceled
}

// The names of the transports in a Message.
const (
	overStdio = "stdio"
	overHTTP  = "http"
	overSSE   = "sse"
)

// Denied is why a message may not be served although its sender is known.
type Denied struct {
	Status int         // of HTTP, such as 403
	Header http.Header // such as WWW-Authenticate; may be nil
	Reason string      // for the caller
	Data   any         // JSON-encodable, the data of the JSON-RPC error; may be nil
}

func (d *Denied) rpc() *RPCError {
	return &RPCError{Code: mcp.INVALID_REQUEST, Message: d.Reason, Data: d.Data}
}

// observed tells o that c begins. The returned function must be called when c is
// answered; dropped says that nobody reads the answer.
func observed(ctx context.Context, o Observer, c *call, over string) (context.Context, func(dropped bool)) {
	if o == nil {
		return ctx, func(bool) {}
	}
	ctx, end := o.Begin(ctx, Message{
		Transport: over, Method: c.env.Method, Target: c.env.Target, Resource: c.env.Resource, ID: string(c.env.ID),
		Version: c.revision(), Session: sessionDigest(c.peer.id), Trace: c.env.Trace,
	})
	return ctx, func(dropped bool) { end(c.outcome(dropped)) }
}

// revision is the protocol revision that c is served under, as far as it is known.
func (c *call) revision() string {
	if c.env.Modern {
		return c.env.Version
	}
	return c.peer.negotiated()
}

func (c *call) outcome(dropped bool) Outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := Outcome{Code: c.code, Failed: c.isError, Dropped: dropped}
	if c.failure != nil {
		o.Code = c.failure.Code
	}
	return o
}

// note keeps what mcp-go itself answers c with, for the observer.
func (c *call) note(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code = code
}

func (c *call) noteResult(res *mcp.CallToolResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isError = res.IsError
}

// sessionDigest names a session without telling its id.
func sessionDigest(id string) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:8])
}

// answerCode is the code of an answer that is an error of the transport itself.
func answerCode(status int) int {
	if status >= http.StatusBadRequest {
		return mcp.INVALID_REQUEST
	}
	return 0
}

// allowed asks whether e may be served to the sender of r; else it is answered.
func (h *HTTP) allowed(r *http.Request, e rpc.Envelope) *Denied {
	if h.authorize == nil || e.Kind == rpc.KindReply {
		return nil
	}
	return h.authorize(r, e.Method, e.Target)
}
