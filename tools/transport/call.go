package transport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/handles"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// outlet is the ordered way to one client. send returns once the message has
// its place in the order, and gives up when ctx ends or the client is gone.
type outlet interface {
	Send(ctx context.Context, msg []byte) error
}

// call is one request being served. It is the session that mcp-go sees, so that
// everything meant for this request's caller goes through one place, in order,
// and nothing can follow the answer.
type call struct {
	peer *peer
	env  rpc.Envelope
	out  outlet // nil where the client can take nothing but the answer
	id   string // session id shown to mcp-go

	box   *handles.Box // of the state between rounds; nil: as the handler gives it
	owner string       // the principal that the state belongs to

	stop context.CancelCauseFunc

	notes  chan mcp.JSONRPCNotification // what mcp-go itself sends; made with the pump
	pump   sync.Once
	halt   chan struct{} // closed to end the pump
	pumped chan struct{} // closed when the pump has ended; nil if it never ran

	sending sync.Mutex // held while a message goes out
	closed  bool       // guarded by sending

	mu        sync.Mutex
	failure   *RPCError
	caps      *mcp.ClientCapabilities // of this request alone
	info      *mcp.Implementation
	listening bool
	filter    mcp.SubscriptionFilter
	code      int  // of an error that mcp-go words itself
	isError   bool // of a tool's result
}

type callKey struct{}

// errAnswered is returned for a message that comes after its request's answer.
var errAnswered = errors.New("the request is answered already")

// newCall starts serving e for p. The returned context carries the call and ends
// with ctx, with the client's cancellation, or with finish.
func newCall(ctx context.Context, p *peer, e rpc.Envelope, out outlet) (context.Context, *call) {
	ctx, stop := context.WithCancelCause(ctx)
	c := &call{peer: p, env: e, out: out, id: p.id, stop: stop, halt: make(chan struct{})}
	p.begin(c)
	return context.WithValue(ctx, callKey{}, c), c
}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// fail makes e the answer, whatever the handler returns.
func (c *call) fail(e *RPCError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = e
}

func (c *call) failed() *RPCError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failure
}

// finish lets out what is still to be said and closes the call: from here on
// only the answer itself may follow.
func (c *call) finish(ctx context.Context) {
	c.pump.Do(func() {}) // no pump can start any more
	close(c.halt)
	if c.pumped != nil {
		<-c.pumped
	}
	c.drain(ctx)
	c.sending.Lock()
	c.closed = true
	c.sending.Unlock()
	c.peer.end(c)
	c.stop(nil)
}

// emit sends msg, unless the call is answered.
func (c *call) emit(ctx context.Context, msg []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.closed {
		return errAnswered
	}
	if c.out == nil {
		return nil
	}
	return c.out.Send(ctx, msg)
}

// Notify sends a notification to the client whose request ctx belongs to, before
// that request's answer and in the order of the calls. notifications/progress
// gets the request's progressToken where params has none, and is dropped where
// the client asked for no progress; notifications/message is dropped below the
// level the client wants. It fails when the client is gone or the request is
// answered already, and blocks no longer than ctx.
func Notify(ctx context.Context, method string, params map[string]any) error {
	c := callFrom(ctx)
	if c == nil {
		return notifyOther(ctx, method, params)
	}
	switch mcp.MCPMethod(method) {
	case mcp.MethodNotificationProgress:
		params = c.withToken(params)
		if params == nil {
			return nil
		}
	case mcp.MethodNotificationMessage:
		level := mcp.LoggingLevel(fmt.Sprint(params["level"]))
		if !level.ShouldSendTo(c.peer.minimum(ctx)) {
			return nil
		}
	}
	msg, err := rpc.Notification(method, params)
	if err != nil {
		return fmt.Errorf("encode %s: %w", method, err)
	}
	return c.emit(ctx, msg)
}

// notifyOther serves a transport that is not ours, such as an in-process client.
func notifyOther(ctx context.Context, method string, params map[string]any) error {
	s := server.ServerFromContext(ctx)
	if s == nil {
		return errors.New("no client in this context")
	}
	return s.SendNotificationToClient(ctx, method, params)
}

func (c *call) withToken(params map[string]any) map[string]any {
	if params["progressToken"] != nil {
		return params
	}
	if !rpc.Given(c.env.Token) {
		return nil
	}
	with := maps.Clone(params)
	if with == nil {
		with = map[string]any{}
	}
	with["progressToken"] = c.env.Token
	return with
}

// requestLevel is the log level a 2026-07-28 request asks for, "" for none, and
// whether ctx is of such a request.
func requestLevel(ctx context.Context) (mcp.LoggingLevel, bool) {
	info := server.RequestProtocolInfoFromContext(ctx)
	if info == nil || !info.Modern {
		return "", false
	}
	return info.LogLevel, true
}
