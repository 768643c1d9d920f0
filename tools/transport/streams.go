package transport

import (
	"net/http"
	"sync"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
	"github.com/fluxstudio/fluxmcp/tools/transport/internal/web"
)

// Defaults of HTTPOptions: a stream takes some 60 KiB and a file descriptor.
const (
	DefaultMaxStreams    = 5000
	DefaultStreamsOfEach = 1000
)

// streamCount bounds the streams that are open without an end: of SSE, of
// sessions, and of subscriptions.
type streamCount struct {
	most, each int

	mu   sync.Mutex
	open int
	of   map[string]int // by principal
}

// begin counts a stream of owner, or reports that there are too many.
func (s *streamCount) begin(owner string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.most || s.of[owner] >= s.each {
		return false
	}
	s.open++
	s.of[owner]++
	return true
}

func (s *streamCount) end(owner string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.of[owner]--; s.of[owner] == 0 {
		delete(s.of, owner)
	}
}

// count is how many are open.
func (s *streamCount) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Streams is how many streams are open now.
func (h *HTTP) Streams() int { return h.counted.count() }

// stream counts a stream of r's principal until done is called. It answers where
// there are too many.
func (h *HTTP) stream(w http.ResponseWriter, r *http.Request, id []byte) (done func(), ok bool) {
	owner := h.principal(r)
	if !h.counted.begin(owner) {
		w.Header().Set("Retry-After", "30")
		web.Refuse(w, http.StatusTooManyRequests, id, rpc.Invalid("too many open streams; close some, then try again"))
		return nil, false
	}
	return func() { h.counted.end(owner) }, true
}
