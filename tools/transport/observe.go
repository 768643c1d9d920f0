package transport

import "context"

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
