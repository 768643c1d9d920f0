package telemetry

import (
	"strings"
	"sync"
)

// other stands for every value that is not one of those known: a label that
// clients can choose freely would make a series of each request.
const other = "_other"

// bounded lets a limited number of values through, those that come first.
// Safe for concurrent use.
type bounded struct {
	most int
	mu   sync.RWMutex
	seen map[string]bool
}

func newBounded(most int) *bounded { return &bounded{most: most, seen: map[string]bool{}} }

// name is s, or other.
func (b *bounded) name(s string) string {
	b.mu.RLock()
	known := b.seen[s]
	b.mu.RUnlock()
	if known {
		return s
	}
	if !plain(s) {
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.seen) >= b.most && !b.seen[s] {
		return other
	}
	b.seen[s] = true
	return s
}

// plain takes identifiers, patterns of routes, and addresses without user
// information.
func plain(s string) bool {
	return s != "" && len(s) <= 128 && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune("_-.:/{}*$", c)
	}) < 0
}

// mcpMethod is the method, or other where MCP has none of the name.
// Source: the methods of https://modelcontextprotocol.io/specification/ from
// 2024-11-05 to 2026-07-28, as mcp-go v1.2.1 lists them.
func mcpMethod(m string) string {
	switch m {
	case "initialize", "ping", "server/discover", "logging/setLevel", "completion/complete",
		"tools/list", "tools/call", "prompts/list", "prompts/get",
		"resources/list", "resources/templates/list", "resources/read", "resources/subscribe", "resources/unsubscribe",
		"subscriptions/listen", "roots/list", "sampling/createMessage", "elicitation/create",
		"tasks/get", "tasks/list", "tasks/result", "tasks/cancel", "tasks/update",
		"notifications/initialized", "notifications/cancelled", "notifications/progress", "notifications/message",
		"notifications/resources/list_changed", "notifications/resources/updated", "notifications/prompts/list_changed",
		"notifications/tools/list_changed", "notifications/roots/list_changed", "notifications/tasks/status",
		"notifications/elicitation/complete", "notifications/subscriptions/acknowledged":
		return m
	}
	return other
}

// mcpVersion is the revision of the protocol, or other where there is none of
// the name; empty stays empty.
func mcpVersion(v string) string {
	switch v {
	case "", "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28":
		return v
	}
	return other
}

// network is the network.transport of a transport's name.
func network(transport string) string {
	if transport == "stdio" {
		return "pipe"
	}
	return "tcp"
}

// httpMethod is the method of HTTP, or _OTHER as the conventions have it.
// Source: https://opentelemetry.io/docs/specs/semconv/http/http-spans/
func httpMethod(m string) string {
	switch m {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return m
	}
	return "_OTHER"
}
