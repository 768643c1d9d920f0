package transport

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// What mcp-go asks of a session. A call answers for itself where 2026-07-28 says
// "per request" and for its peer where the older handshake said it once.
var (
	_ server.SessionWithLogging            = (*call)(nil)
	_ server.SessionWithClientInfo         = (*call)(nil)
	_ server.SessionWithProtocolVersion    = (*call)(nil)
	_ server.SessionWithSubscriptionFilter = (*call)(nil)
	_ server.SessionWithElicitation        = (*call)(nil)
	_ server.SessionWithSampling           = (*call)(nil)
	_ server.SessionWithRoots              = (*call)(nil)
)

// SessionID is the id of the client's session, empty without one.
func (c *call) SessionID() string { return c.id }

// Initialize notes that the handshake was answered.
func (c *call) Initialize() {
	if c.env.Modern {
		return
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.ready = true
}

// Initialized reports whether notifications may be sent.
func (c *call) Initialized() bool {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return c.env.Modern || c.peer.ready
}

// GetClientInfo is what the client calls itself.
func (c *call) GetClientInfo() mcp.Implementation {
	c.mu.Lock()
	own := c.info
	c.mu.Unlock()
	if own != nil {
		return *own
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return c.peer.info
}

// SetClientInfo records it.
func (c *call) SetClientInfo(info mcp.Implementation) {
	if c.env.Modern {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.info = &info
		return
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.info = info
}

// GetClientCapabilities is what the client declared for this request.
func (c *call) GetClientCapabilities() mcp.ClientCapabilities {
	c.mu.Lock()
	own := c.caps
	c.mu.Unlock()
	if own != nil {
		return *own
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return c.peer.caps
}

// SetClientCapabilities records it.
func (c *call) SetClientCapabilities(caps mcp.ClientCapabilities) {
	if c.env.Modern {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.caps = &caps
		return
	}
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.caps = caps
}

// ProtocolVersion is the revision that initialize settled on, or "".
func (c *call) ProtocolVersion() string { return c.peer.negotiated() }

// SetProtocolVersion records it.
func (c *call) SetProtocolVersion(v string) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.version = v
}

// SetLogLevel serves logging/setLevel.
func (c *call) SetLogLevel(level mcp.LoggingLevel) {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	c.peer.level = level
}

// GetLogLevel is the least level of log notifications the client wants.
func (c *call) GetLogLevel() mcp.LoggingLevel { return c.peer.minimum(context.Background()) }

// SetSubscriptionFilter serves subscriptions/listen.
func (c *call) SetSubscriptionFilter(f mcp.SubscriptionFilter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filter = f
}

// SubscriptionFilter is what the stream asked for, and whether this is one.
func (c *call) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.filter, c.listening
}

// NotificationChannel takes what mcp-go itself sends: acknowledgements,
// list_changed, and what a handler sends past Notify.
func (c *call) NotificationChannel() chan<- mcp.JSONRPCNotification {
	c.pump.Do(func() {
		c.notes, c.pumped = make(chan mcp.JSONRPCNotification, 100), make(chan struct{})
		go c.forward()
	})
	return c.notes
}

// forward is the pump. It holds no message when it ends.
func (c *call) forward() {
	defer close(c.pumped)
	for {
		select {
		case n := <-c.notes:
			c.relay(context.Background(), n)
		case <-c.halt:
			return
		}
	}
}

// drain relays what is queued.
func (c *call) drain(ctx context.Context) {
	for {
		select {
		case n := <-c.notes:
			c.relay(ctx, n)
		default:
			return
		}
	}
}

// relay sends n, tagged with the subscription when this is a listen stream, as
// every message on one must be. The _meta map is shared with other sessions.
func (c *call) relay(ctx context.Context, n mcp.JSONRPCNotification) {
	if _, listening := c.SubscriptionFilter(); listening {
		meta := maps.Clone(n.Params.Meta)
		if meta == nil {
			meta = map[string]any{}
		}
		meta[mcp.MetaKeySubscriptionID] = c.env.ID
		n.Params.Meta = meta
	}
	if msg, err := json.Marshal(n); err == nil {
		_ = c.emit(ctx, msg) // a client that is gone needs no notification
	}
}
