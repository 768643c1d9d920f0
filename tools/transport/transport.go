// Package transport carries MCP over stdio, Streamable HTTP and the older
// HTTP+SSE, for the protocol revisions 2024-11-05 to 2026-07-28, around
// mark3labs/mcp-go. It owns what lies between the wire and a handler: framing,
// limits, sessions and whose they are, order and loss of notifications,
// cancellation, shutdown, and which error texts may leave the process. It knows
// no tool, no integration and no authentication scheme.
package transport

import (
	"log/slog"

	"github.com/mark3labs/mcp-go/server"
)

// Info is what a server says about itself. Title, Instructions and WebsiteURL
// may be empty.
type Info struct{ Name, Title, Version, Instructions, WebsiteURL string }

// NewServer returns an MCP server whose lists are static, which never runs
// tasks, and whose failures reach a client as a reference alone: the cause of an
// error or panic in a tool, prompt, resource or completion goes to log under
// that reference. opts come last and may widen the capabilities; a handler
// middleware among them runs inside the recovery.
//
// Serve it with ServeStdio or NewHTTP. Tasks are never enabled, because the ones
// of mcp-go v1.2.1 die with the request and show themselves to other sessions.
func NewServer(info Info, log *slog.Logger, opts ...server.ServerOption) *server.MCPServer {
	g := guard{log: logger(log)}
	base := []server.ServerOption{
		server.WithTitle(info.Title),
		server.WithInstructions(info.Instructions),
		server.WithWebsiteURL(info.WebsiteURL),
		server.WithToolCapabilities(false), // without it, AddTools at run time is told to every session
		server.WithPromptCapabilities(false),
		server.WithResourceCapabilities(false, false),
		server.WithCompletions(),
		server.WithLogging(),
		server.WithHooks(&server.Hooks{}),
		server.WithToolHandlerMiddleware(g.tool),
		server.WithPromptHandlerMiddleware(g.prompt),
		server.WithResourceHandlerMiddleware(g.resource),
	}
	s := server.NewMCPServer(info.Name, info.Version, append(base, opts...)...)
	if hooks := s.GetHooks(); hooks != nil { // nil only where opts took them away
		hooks.AddOnError(g.onError)
	}
	return s
}

// logger stands in for a log that was not given.
func logger(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.New(slog.DiscardHandler)
	}
	return l
}
