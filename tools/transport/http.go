package transport

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/drain"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/handles"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/sessions"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/web"
	"github.com/fluxstudio/fluxmcp/tools/transport/origins"
)

// HTTPOptions are the settings of NewHTTP. The zero value serves one local user.
type HTTPOptions struct {
	// AllowedOrigins are the web origins, such as https://app.example.com, whose
	// pages may call the server and read its answers, besides its own. Their
	// hosts are also accepted as Host by a server behind a proxy on the same
	// machine. Pages on loopback origins may call but get no CORS headers.
	AllowedOrigins []string
	// MaxBody bounds a request body in bytes. 0: 4 MiB.
	MaxBody int64
	// SessionTTL is how long a session of an older revision lives without a
	// request or an open stream. 0: one hour.
	SessionTTL time.Duration
	// SessionKey signs session ids; replicas behind one balancer share it. Empty:
	// a random one.
	SessionKey []byte
	// Principal says whose a request is; authentication happens before this
	// handler. Nil, or "": the one local user.
	Principal func(*http.Request) string
	// Authorize decides, once the sender is known, whether a message may be
	// served: method is that of MCP, target the tool or prompt. Nil allows all.
	Authorize func(r *http.Request, method, target string) *Denied
	// Observer sees every message. Nil: none.
	Observer Observer
	// MaxStreams bounds the streams that are open at once, StreamsOfEach those of
	// one principal. 0: DefaultMaxStreams and DefaultStreamsOfEach.
	MaxStreams, StreamsOfEach int
	// Log gets causes of failures. Nil: none.
	Log *slog.Logger
}

// HTTP serves MCP over HTTP: Streamable HTTP of every revision where the path
// ends in /mcp, and the older HTTP+SSE at /sse and /message beside it. It is an
// http.Handler; mount it for the three paths.
//
// Set ReadHeaderTimeout and IdleTimeout on the http.Server, and leave
// ReadTimeout and WriteTimeout at zero: streams are long. HTTP itself gives a
// body 30 seconds to arrive and each message 30 seconds to be taken.
type HTTP struct {
	srv       *server.MCPServer
	log       *slog.Logger
	core      *server.StreamableHTTPServer           // validates and serves one message; no session, no stream
	routes    map[string]map[string]http.HandlerFunc // by last element of the path, and method
	origins   origins.Allowed
	sessions  *sessions.Table[*peer]
	principal func(*http.Request) string
	authorize func(*http.Request, string, string) *Denied
	observer  Observer
	box       *handles.Box
	counted   streamCount
	maxBody   int64
	every     time.Duration // between keep-alives

	work    drain.Drain
	streams atomic.Int64

	mu    sync.Mutex
	calls map[*call]bool     // being served, but for those of HTTP+SSE
	open  map[*call]func()   // streams that end when the server does
	sse   map[string]*sseEnd // by session
}

// NewHTTP makes the handler. Shut it down before the http.Server.
func NewHTTP(s *server.MCPServer, o HTTPOptions) *HTTP {
	h := &HTTP{
		srv: s, log: logger(o.Log), origins: origins.New(o.AllowedOrigins),
		principal: o.Principal, authorize: o.Authorize, observer: o.Observer, maxBody: o.MaxBody, every: web.KeepAlive,
		counted: streamCount{most: cmp.Or(o.MaxStreams, DefaultMaxStreams), each: cmp.Or(o.StreamsOfEach, DefaultStreamsOfEach), of: map[string]int{}},
		calls:   map[*call]bool{}, open: map[*call]func(){}, sse: map[string]*sseEnd{},
	}
	if h.principal == nil {
		h.principal = func(*http.Request) string { return "" }
	}
	if h.maxBody == 0 {
		h.maxBody = defaultMaxBody
	}
	if o.SessionTTL == 0 {
		o.SessionTTL = time.Hour
	}
	if len(o.SessionKey) == 0 {
		o.SessionKey = []byte(rand.Text())
	}
	h.box = handles.New(o.SessionKey)
	h.sessions = sessions.New(o.SessionKey, o.SessionTTL, func(id string) *peer { return &peer{id: id, ready: true} })
	h.routes = map[string]map[string]http.HandlerFunc{
		"mcp":     {http.MethodPost: h.post, http.MethodGet: h.get, http.MethodDelete: h.delete},
		"sse":     {http.MethodGet: h.openSSE},
		"message": {http.MethodPost: h.postSSE},
	}
	h.core = server.NewStreamableHTTPServer(s,
		server.WithStateLess(true), // sessions are ours
		server.WithStreamableHTTPLogger(h.log),
		server.WithHTTPContextFunc(func(ctx context.Context, _ *http.Request) context.Context {
			return s.WithContext(ctx, callFrom(ctx)) // our session in place of mcp-go's
		}))
	return h
}

const defaultMaxBody = 4 << 20

// ServeHTTP answers one request.
func (h *HTTP) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := h.origins.Refusal(r); why != "" {
		web.Refuse(w, http.StatusForbidden, nil, rpc.Invalid(why))
		return
	}
	h.origins.Share(w, r)
	if len(web.Values(r.Header, sessionHeader)) > 1 {
		web.Refuse(w, http.StatusBadRequest, nil, rpc.Invalid(sessionHeader+" has more than one value"))
		return
	}
	routes := h.routes[path.Base(r.URL.Path)]
	if routes == nil {
		web.Refuse(w, http.StatusNotFound, nil, rpc.Invalid("no such path"))
		return
	}
	serve := routes[r.Method]
	if serve == nil {
		allow := strings.Join(slices.Sorted(maps.Keys(routes)), ", ")
		if !h.origins.Preflight(w, r, allow) {
			w.Header().Set("Allow", allow)
			web.Refuse(w, http.StatusMethodNotAllowed, nil, rpc.Invalid(r.Method+" is not allowed here"))
		}
		return
	}
	if !h.work.Begin() {
		w.Header().Set("Retry-After", "5")
		web.Refuse(w, http.StatusServiceUnavailable, nil, unavailable())
		return
	}
	defer h.work.End()
	serve(w, r)
}

// Shutdown refuses new requests, ends open streams at once, and returns when the
// calls in flight are answered. When ctx ends first, it cancels them and returns
// ctx's error. Call it before http.Server.Shutdown, which would wait for the
// streams.
func (h *HTTP) Shutdown(ctx context.Context) error {
	idle := h.work.Close()
	h.mu.Lock()
	for _, end := range h.open {
		end()
	}
	h.mu.Unlock()
	err := drain.Await(ctx, idle)
	if err != nil {
		h.stopCalls()
	}
	return err
}

// stopCalls cancels what is in flight.
func (h *HTTP) stopCalls() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.calls {
		c.stop(errShutdown)
	}
	for _, end := range h.sse {
		end.peer.cancelAll(errShutdown, func(*call) bool { return true })
	}
}

// track notes c as in flight until the returned function is called.
func (h *HTTP) track(c *call) func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls[c] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.calls, c)
	}
}

// untilShutdown has end called at Shutdown, at once when that is already under
// way. The returned function must be called when the stream has ended.
func (h *HTTP) untilShutdown(c *call, end func()) func() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[c] = end
	if h.work.Closing() {
		end()
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.open, c)
	}
}

// receive reads and inspects a request's message. It answers what it refuses.
func (h *HTTP) receive(w http.ResponseWriter, r *http.Request) (rpc.Envelope, []byte, bool) {
	raw, status, refused := web.Body(w, r, h.maxBody)
	if refused != nil {
		web.Refuse(w, status, nil, refused)
		return rpc.Envelope{}, nil, false
	}
	e, refused := rpc.Inspect(raw)
	if refused != nil {
		web.Refuse(w, http.StatusBadRequest, e.ID, refused)
		return e, nil, false
	}
	if denied := h.allowed(r, e); denied != nil {
		maps.Copy(w.Header(), denied.Header)
		web.Refuse(w, denied.Status, e.ID, denied.rpc())
		return e, nil, false
	}
	return e, raw, true
}
