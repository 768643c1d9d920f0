package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/drain"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/handles"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// duplex serves one client whose answers all go down one stream: stdio, and the
// older HTTP+SSE.
type duplex struct {
	srv  *server.MCPServer
	log  *slog.Logger
	peer *peer
	out  outlet

	over     string // name of the transport
	observer Observer
	box      *handles.Box
	owner    string // principal

	work drain.Drain
	subs atomic.Int64
}

// accept takes one message. Requests are served apart, so that a slow one holds
// up neither its cancellation nor others; only the handshake and its like are
// answered before accept returns, because what follows builds on them. ctx must
// outlive the request.
func (d *duplex) accept(ctx context.Context, raw []byte) {
	e, refused := rpc.Inspect(raw)
	if refused != nil {
		d.answer(ctx, refused.Encode(e.ID))
		return
	}
	d.dispatch(ctx, e, raw)
}

func (d *duplex) dispatch(ctx context.Context, e rpc.Envelope, raw []byte) {
	switch e.Kind {
	case rpc.KindReply:
		d.peer.deliver(e)
	case rpc.KindNotification:
		d.notified(ctx, e, raw)
	default:
		d.request(ctx, e, raw)
	}
}

func (d *duplex) request(ctx context.Context, e rpc.Envelope, raw []byte) {
	if !d.work.Begin() {
		d.answer(ctx, unavailable().Encode(e.ID))
		return
	}
	ctx, c := newCall(ctx, d.peer, e, d.out)
	serve := func() {
		defer d.work.End()
		d.serve(ctx, c, raw)
	}
	switch mcp.MCPMethod(e.Method) {
	case mcp.MethodInitialize, mcp.MethodPing, mcp.MethodSetLogLevel, mcp.MethodServerDiscover:
		serve()
	default:
		go serve()
	}
}

func (d *duplex) serve(ctx context.Context, c *call, raw []byte) {
	if c.env.Modern && c.env.Method == string(mcp.MethodSubscriptionsListen) {
		defer subscribe(d.srv, c, fmt.Sprintf("%s/listen/%d", d.peer.id, d.subs.Add(1)))()
	}
	if c.env.Task {
		raw = rpc.WithoutTask(raw)
	}
	c.box, c.owner = d.box, d.owner
	ctx, done := observed(ctx, d.observer, c, d.over)
	answer := handle(ctx, d.srv, d.log, c, raw)
	dropped := context.Cause(ctx) == errCancelled
	done(dropped)
	c.finish(context.WithoutCancel(ctx))
	if !dropped { // a client does not wait for what it cancelled
		d.answer(ctx, answer)
	}
}

// answer sends even when the request's own context has ended.
func (d *duplex) answer(ctx context.Context, msg []byte) {
	if err := d.out.Send(context.WithoutCancel(ctx), msg); err != nil {
		d.log.DebugContext(ctx, "answer not sent", slog.String("cause", err.Error()))
	}
}

// notified serves a notification: cancellation here, the rest in mcp-go.
func (d *duplex) notified(ctx context.Context, e rpc.Envelope, raw []byte) {
	if e.Method == string(mcp.MethodNotificationCancelled) {
		d.peer.cancel(e.Cancelled)
		return
	}
	c := &call{peer: d.peer, env: e, out: d.out, id: d.peer.id}
	ctx, done := observed(context.WithValue(ctx, callKey{}, c), d.observer, c, d.over)
	handle(ctx, d.srv, d.log, c, raw)
	done(false)
}

// handle has mcp-go serve raw and returns the answer that may be sent, nil for a
// notification. It never panics.
func handle(ctx context.Context, s *server.MCPServer, log *slog.Logger, c *call, raw []byte) []byte {
	res, err := safely(func() (mcp.JSONRPCMessage, error) {
		return s.HandleMessage(s.WithContext(ctx, c), raw), nil
	})
	if err == nil && res == nil {
		return nil
	}
	var out []byte
	if err == nil {
		out, err = json.Marshal(res)
	}
	if err != nil {
		g := guard{log: log}
		c.fail(g.internal(ctx, rpc.Clip(c.env.Method), err).rpc())
	}
	return seal(ctx, log, c, out)
}

// seal is the last look at an answer: what c was told to fail with replaces it,
// and an internal error that nobody made safe leaves only its reference.
func seal(ctx context.Context, log *slog.Logger, c *call, answer []byte) []byte {
	if e := c.failed(); e != nil {
		return e.Encode(c.env.ID)
	}
	if text, ok := rpc.InternalText(answer); ok {
		g := guard{log: log}
		c.note(mcp.INTERNAL_ERROR)
		return g.internal(ctx, rpc.Clip(c.env.Method), errors.New(text)).rpc().Encode(c.env.ID)
	}
	if code := rpc.ErrorCode(answer); code != 0 {
		c.note(code)
	}
	return rpc.ExactID(answer, c.env.ID)
}

// listen is a stream that belongs to no request, for the server's broadcasts to a
// client of an older revision. End it with its finish.
func listen(p *peer, out outlet) *call {
	return &call{peer: p, out: out, id: p.id, halt: make(chan struct{}), stop: func(error) {}}
}

// subscribe lets c get the server's broadcasts under id until the returned
// function is called. mcp-go would send them on stdio to everyone, unfiltered.
func subscribe(s *server.MCPServer, c *call, id string) func() {
	c.id = id
	c.mu.Lock()
	c.listening = c.env.Modern
	c.mu.Unlock()
	ctx := context.Background()
	if err := s.RegisterSession(ctx, c); err != nil {
		return func() {} // an id of ours is never taken
	}
	return func() { s.UnregisterSession(ctx, id) }
}
