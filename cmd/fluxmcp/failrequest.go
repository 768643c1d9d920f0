package main

import (
	"context"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// failRequest gives a failure of a resource or prompt the code that the
// protocol has for it. An unknown resource is -32002, and -32602 since 2026-07-28.
// Source: https://modelcontextprotocol.io/specification/2026-07-28/server/resources
func failRequest(ctx context.Context, uri string, f tools.Failure) error {
	e := &transport.RPCError{Code: mcp.INTERNAL_ERROR, Message: f.Message + ". " + f.Hint, Data: f}
	switch {
	case f.Code == "bad_argument":
		e.Code = mcp.INVALID_PARAMS
	case strings.HasPrefix(f.Code, "unknown_"):
		e.Code = mcp.RESOURCE_NOT_FOUND
		if server.IsModernRequest(ctx) {
			e.Code = mcp.INVALID_PARAMS
		}
		e.Data = map[string]any{"uri": uri, "hint": f.Hint}
	}
	return transport.Fail(ctx, e)
}
