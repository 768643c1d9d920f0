package transport

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// peer is the client at the far end, for as long as its stdio stream, SSE stream
// or HTTP session lives: what it declared, what it waits for and what it was
// asked. The zero value serves; safe for concurrent use.
type peer struct {
	id string // empty for a client that has no session

	mu      sync.Mutex
	info    mcp.Implementation
	caps    mcp.ClientCapabilities
	level   mcp.LoggingLevel
	version string           // negotiated by initialize
	ready   bool             // initialize was answered
	calls   map[string]*call // in flight, by the id as it was written
	asked   map[int64]chan answer
	lastAsk int64

	switching sync.Mutex // held while listener changes
	listener  *call      // the one open stream that gets broadcasts
}

// answer is the client's reply to a question of ours.
type answer struct{ result, failure json.RawMessage }

// Why a call was stopped before it was done.
var (
	errCancelled = errors.New("cancelled by the client")
	errShutdown  = errors.New("the server is shutting down")
)

// begin notes c as in flight, so that it can be cancelled.
func (p *peer) begin(c *call) {
	if c.env.Kind != rpc.KindRequest {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls == nil {
		p.calls = map[string]*call{}
	}
	p.calls[string(c.env.ID)] = c
}

// end forgets c, unless a second request took the same id meanwhile.
func (p *peer) end(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[string(c.env.ID)] == c {
		delete(p.calls, string(c.env.ID))
	}
}

// cancel ends the client's own request id, if it is in flight. No other client's
// request can have that key: each has its own peer.
func (p *peer) cancel(id json.RawMessage) {
	p.mu.Lock()
	c := p.calls[string(id)]
	p.mu.Unlock()
	if c != nil && c.env.Method != string(mcp.MethodInitialize) { // which must not be cancelled
		c.stop(errCancelled)
	}
}

// cancelAll ends every request in flight for which only returns true.
func (p *peer) cancelAll(cause error, only func(*call) bool) {
	p.mu.Lock()
	calls := slices.Collect(maps.Values(p.calls))
	p.mu.Unlock()
	for _, c := range calls {
		if only(c) {
			c.stop(cause)
		}
	}
}

// expect opens a place for the answer to a new question.
func (p *peer) expect() (int64, <-chan answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked == nil {
		p.asked = map[int64]chan answer{}
	}
	p.lastAsk++
	ch := make(chan answer, 1)
	p.asked[p.lastAsk] = ch
	return p.lastAsk, ch
}

func (p *peer) forget(id int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asked, id)
}

// deliver hands a reply to the question it answers; any other is dropped.
func (p *peer) deliver(e rpc.Envelope) {
	var id int64
	if json.Unmarshal(e.ID, &id) != nil {
		return
	}
	p.mu.Lock()
	ch := p.asked[id]
	delete(p.asked, id)
	p.mu.Unlock()
	if ch != nil {
		ch <- answer{result: e.Result, failure: e.Failure}
	}
}

// minimum is the least level of log notifications that the client of a request
// wants. 2026-07-28 wants none unless the request says so; earlier revisions
// leave the choice to the server until logging/setLevel.
func (p *peer) minimum(ctx context.Context) mcp.LoggingLevel {
	if level, modern := requestLevel(ctx); modern {
		return level
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.level == "" {
		return mcp.LoggingLevelInfo
	}
	return p.level
}

// negotiated is the revision that initialize settled on, or "".
func (p *peer) negotiated() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.version
}
