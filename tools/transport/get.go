package transport

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/web"
)

// get opens the stream for what the server says unasked to a session of an older
// revision.
func (h *HTTP) get(w http.ResponseWriter, r *http.Request) {
	p, ok := h.sessionOf(w, r)
	if !ok {
		return
	}
	if !web.AcceptsEvents(r) {
		web.Refuse(w, http.StatusNotAcceptable, nil, rpc.Invalid("Accept must include text/event-stream"))
		return
	}
	done, ok := h.stream(w, r, nil)
	if !ok {
		return
	}
	defer done()
	stream := web.NewStream(w, h.every)
	defer stream.Close()
	ctx, end := context.WithCancel(r.Context())
	defer end()
	c := listen(p, stream)
	defer h.sessions.Open(p.id, end)()
	defer h.untilShutdown(c, end)()
	defer c.finish(context.WithoutCancel(ctx))
	defer h.takeBroadcasts(p, c)()
	if stream.Start() == nil {
		<-ctx.Done()
	}
}

// takeBroadcasts makes c the stream of p that gets broadcasts, which must go to
// one alone; the newest, as an older one may be a connection that is lost.
func (h *HTTP) takeBroadcasts(p *peer, c *call) func() {
	p.switching.Lock()
	defer p.switching.Unlock()
	if p.listener != nil {
		h.srv.UnregisterSession(context.Background(), p.listener.id)
	}
	p.listener = c
	end := subscribe(h.srv, c, fmt.Sprintf("%s/stream/%d", p.id, h.streams.Add(1)))
	return func() {
		p.switching.Lock()
		defer p.switching.Unlock()
		end()
		if p.listener == c {
			p.listener = nil
		}
	}
}

// delete ends a session of an older revision.
func (h *HTTP) delete(w http.ResponseWriter, r *http.Request) {
	p, ok := h.sessionOf(w, r)
	if !ok {
		return
	}
	h.sessions.End(p.id)
	h.sessionEnded(overHTTP, h.sessions.Issued(p.id))
	p.cancelAll(errCancelled, func(*call) bool { return true })
	w.WriteHeader(http.StatusNoContent)
}

func (h *HTTP) sessionEnded(over string, began time.Time) {
	if h.observer != nil {
		h.observer.SessionEnded(over, time.Since(began).Seconds())
	}
}

// sessionOf finds the session that a request without a body names, or answers
// why there is none.
func (h *HTTP) sessionOf(w http.ResponseWriter, r *http.Request) (*peer, bool) {
	id := r.Header.Get(sessionHeader)
	if id != "" {
		if p, ok := h.sessions.Find(id, h.principal(r)); ok {
			return p, true
		}
	}
	switch {
	case mcp.IsModernProtocol(r.Header.Get(versionHeader)):
		w.Header().Set("Allow", http.MethodPost)
		web.Refuse(w, http.StatusMethodNotAllowed, nil, rpc.Invalid(r.Method+" is not part of 2026-07-28; send subscriptions/listen"))
	case id == "":
		web.Refuse(w, http.StatusBadRequest, nil, rpc.Invalid(sessionHeader+" is missing; initialize first"))
	default:
		web.Refuse(w, http.StatusNotFound, nil, rpc.Invalid("no such session; initialize a new one"))
	}
	return nil, false
}
