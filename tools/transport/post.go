package transport

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/web"
)

const (
	sessionHeader = "Mcp-Session-Id"
	versionHeader = mcp.HeaderProtocolVersion
)

// post serves one message of Streamable HTTP.
func (h *HTTP) post(w http.ResponseWriter, r *http.Request) {
	e, raw, ok := h.receive(w, r)
	if !ok {
		return
	}
	p, ok := h.peerOf(r, e)
	if !ok {
		web.Refuse(w, http.StatusNotFound, e.ID, rpc.Invalid("no such session; initialize a new one"))
		return
	}
	switch {
	case e.Kind == rpc.KindReply && !isModern(r, p):
		p.deliver(e)
		w.WriteHeader(http.StatusAccepted)
	case e.Kind == rpc.KindNotification && e.Method == string(mcp.MethodNotificationCancelled):
		// Without a session p is new and has nothing in flight: there, the sign
		// to cancel is that the client closes the request's own stream.
		p.cancel(e.Cancelled)
		w.WriteHeader(http.StatusAccepted)
	default:
		h.exchange(w, r, p, e, raw)
	}
}

// peerOf finds the client behind a message. 2026-07-28 knows no sessions; before
// it, a client that sends no id is served as one that has none.
func (h *HTTP) peerOf(r *http.Request, e rpc.Envelope) (*peer, bool) {
	id := r.Header.Get(sessionHeader)
	switch {
	case e.Modern:
		return &peer{}, true
	case e.Method == string(mcp.MethodInitialize):
		return &peer{id: h.sessions.Issue(h.principal(r))}, true
	case id == "":
		return &peer{ready: true}, true
	}
	if p, ok := h.sessions.Find(id, h.principal(r)); ok {
		return p, true
	}
	// A client of 2026-07-28 may send an id it must not, which is ignored.
	return &peer{}, mcp.IsModernProtocol(r.Header.Get(versionHeader))
}

// isModern tells by the header, for messages that have no _meta.
func isModern(r *http.Request, p *peer) bool {
	return p.id == "" && mcp.IsModernProtocol(r.Header.Get(versionHeader))
}

// exchange has mcp-go serve a message and writes the answer: as JSON, or as the
// last event of a stream when something had to be said before it.
func (h *HTTP) exchange(w http.ResponseWriter, r *http.Request, p *peer, e rpc.Envelope, raw []byte) {
	listening := e.Modern && e.Method == string(mcp.MethodSubscriptionsListen)
	if listening {
		done, ok := h.stream(w, r, e.ID)
		if !ok {
			return
		}
		defer done()
	}
	stream, out := web.NoStream(w), outlet(nil)
	if web.AcceptsEvents(r) {
		stream = web.NewStream(w, h.every)
		out = stream
	}
	ctx, c := newCall(r.Context(), p, e, out)
	c.box, c.owner = h.box, h.principal(r)
	defer h.track(c)()
	ctx, done := observed(ctx, h.observer, c, overHTTP)
	if listening {
		defer subscribe(h.srv, c, fmt.Sprintf("listen/%d/%s", h.streams.Add(1), rand.Text()))()
		defer h.untilShutdown(c, func() { c.stop(errShutdown) })()
	}
	if e.Task {
		raw = rpc.WithoutTask(raw)
	}
	got := h.handle(ctx, c, r, raw)
	c.finish(context.WithoutCancel(ctx))
	if e.Kind == rpc.KindRequest && !got.refused {
		got.body = seal(ctx, h.log, c, got.body)
		got.status = h.statusAfter(c, got.status)
	}
	if got.refused {
		c.note(answerCode(got.status))
	}
	done(r.Context().Err() != nil)
	h.write(w, stream, c, got)
}

// write sends what was got. A stream that has started can only go on.
func (h *HTTP) write(w http.ResponseWriter, stream *web.Stream, c *call, got *buffer) {
	defer stream.Close()
	if !stream.TakeBack() {
		_ = stream.Send(context.Background(), got.body) // a client that is gone needs no answer
		return
	}
	if len(got.body) == 0 {
		w.WriteHeader(got.status)
		return
	}
	if c.env.Method == string(mcp.MethodInitialize) && c.Initialized() && c.failed() == nil {
		h.sessions.Add(c.peer.id, c.peer)
		w.Header().Set(sessionHeader, c.peer.id)
	}
	web.WriteJSON(w, got.status, got.body)
}

// statusAfter is the HTTP status of an answer that c may have replaced.
func (h *HTTP) statusAfter(c *call, status int) int {
	e := c.failed()
	switch {
	case e == nil:
		return status
	case c.env.Modern:
		return e.Status()
	default:
		return http.StatusOK
	}
}

// handle runs mcp-go on one message. It never panics.
func (h *HTTP) handle(ctx context.Context, c *call, r *http.Request, raw []byte) *buffer {
	got := &buffer{header: http.Header{}, status: http.StatusOK}
	_, err := safely(func() (any, error) {
		h.core.Handle(got, &server.HTTPRequest{
			Method: http.MethodPost, URL: r.URL, Header: h.header(r, c), Body: raw, Context: ctx,
		})
		return nil, nil
	})
	if err == nil && c.env.Kind == rpc.KindRequest && got.out.Len() == 0 {
		if ctx.Err() != nil {
			got.body = c.unanswered(ctx)
			return got
		}
		err = errors.New("the answer could not be encoded")
	}
	if err != nil {
		g := guard{log: h.log}
		c.fail(g.internal(ctx, rpc.Clip(c.env.Method), err).rpc())
	}
	got.settle(c)
	return got
}

// unanswered is the answer to a request that was stopped, for which mcp-go writes
// none. A subscription that the server ends has ended well.
func (c *call) unanswered(ctx context.Context) []byte {
	if _, listening := c.SubscriptionFilter(); listening {
		return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","_meta":{%q:%s}}}`,
			c.env.ID, mcp.MetaKeySubscriptionID, c.env.ID)
	}
	c.fail(stopped(ctx))
	return nil
}

// buffer takes the one answer that mcp-go writes.
type buffer struct {
	header  http.Header
	status  int
	out     bytes.Buffer
	body    []byte
	refused bool // by the protocol layer, before the method was looked at
}

// Header is what mcp-go sets.
func (b *buffer) Header() http.Header { return b.header }

// WriteHeader keeps the status.
func (b *buffer) WriteHeader(status int) { b.status = status }

// Write keeps p.
func (b *buffer) Write(p []byte) (int, error) { return b.out.Write(p) }

// Flush does nothing.
func (b *buffer) Flush() {}

// CanStream is false, which makes mcp-go leave streaming to this package.
func (b *buffer) CanStream() bool { return false }

// settle takes the body out, as JSON-RPC also where mcp-go wrote plain text.
func (b *buffer) settle(c *call) {
	b.body = bytes.TrimSpace(b.out.Bytes())
	if strings.HasPrefix(b.header.Get("Content-Type"), "text/plain") {
		b.refused = c.failed() == nil
		b.body = rpc.Invalid(string(b.body)).Encode(c.env.ID)
	}
}

// header is the request's with the protocol version that this message is under.
//
// Clients repeat the header, join it with commas, or go on sending the version
// they asked for. Before 2026-07-28 a version that is known and that the session
// settles is put right; from then on the header must be the one that the body
// has, and mcp-go refuses what is not.
func (h *HTTP) header(r *http.Request, c *call) http.Header {
	sent := web.Values(r.Header, versionHeader)
	header := r.Header.Clone()
	header.Del(sessionHeader) // mcp-go keeps no session
	if len(sent) == 0 {
		return header
	}
	version := strings.Join(sent, ", ")
	known := !slices.ContainsFunc(sent, func(v string) bool { return !mcp.IsValidProtocolVersion(v) })
	settled := c.peer.id != "" // by initialize, or about to be
	if !c.env.Modern && known && (settled || len(sent) > 1) {
		version = c.peer.negotiated()
	}
	header.Del(versionHeader)
	if version != "" {
		header.Set(versionHeader, version)
	}
	return header
}
