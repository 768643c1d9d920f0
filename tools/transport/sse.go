package transport

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/drain"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/web"
)

// sseEnd is one open stream of the older HTTP+SSE transport.
type sseEnd struct {
	*duplex
	principal string
}

// openSSE opens the stream that carries all answers of one client, and tells it
// where to post. The stream is the session: when it ends, so do its requests.
// Source: https://modelcontextprotocol.io/specification/2024-11-05/basic/transports
func (h *HTTP) openSSE(w http.ResponseWriter, r *http.Request) {
	done, ok := h.stream(w, r, nil)
	if !ok {
		return
	}
	defer done()
	defer h.sessionEnded(overSSE, time.Now())
	stream := web.NewStream(w, h.every)
	defer stream.Close()
	end := &sseEnd{
		duplex: &duplex{
			srv: h.srv, log: h.log, peer: &peer{id: rand.Text()}, out: stream,
			over: overSSE, observer: h.observer, box: h.box, owner: h.principal(r),
		},
		principal: h.principal(r),
	}
	ctx, stop := context.WithCancel(r.Context())
	defer stop()
	c := listen(end.peer, stream)
	defer h.untilShutdown(c, func() { go closeWhenIdle(ctx, end, stop) })()
	h.mu.Lock()
	h.sse[end.peer.id] = end
	h.mu.Unlock()
	defer h.forgetSSE(end)

	defer c.finish(context.WithoutCancel(ctx))
	defer subscribe(h.srv, c, end.peer.id)()
	endpoint := strings.TrimSuffix(r.URL.Path, "sse") + "message?sessionId=" + end.peer.id
	if stream.Event("endpoint", []byte(endpoint)) == nil {
		<-ctx.Done()
	}
}

// closeWhenIdle ends the stream once what is in flight is answered on it.
func closeWhenIdle(ctx context.Context, end *sseEnd, stop func()) {
	if drain.Await(ctx, end.work.Close()) == nil {
		stop()
	}
}

func (h *HTTP) forgetSSE(end *sseEnd) {
	h.mu.Lock()
	delete(h.sse, end.peer.id)
	h.mu.Unlock()
	end.work.Close()
	end.peer.cancelAll(errCancelled, func(*call) bool { return true })
}

// postSSE takes one message for a stream that the same principal opened.
func (h *HTTP) postSSE(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	end := h.sse[r.URL.Query().Get("sessionId")]
	h.mu.Unlock()
	if end == nil || end.principal != h.principal(r) {
		web.Refuse(w, http.StatusNotFound, nil, rpc.Invalid("no such session; open /sse again"))
		return
	}
	e, raw, ok := h.receive(w, r)
	if !ok {
		return
	}
	w.WriteHeader(http.StatusAccepted)
	end.dispatch(context.WithoutCancel(r.Context()), e, raw)
}
