package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport/internal/rpc"
)

// guard decides what a client is told of a failure. Its middlewares are the
// outermost around each handler; onError sees what no handler returned.
type guard struct{ log *slog.Logger }

// internal logs the cause under a new reference, which is all that leaves.
func (g guard) internal(ctx context.Context, what string, cause error) problem {
	ref := newRef()
	attrs := []slog.Attr{slog.String("ref", ref), slog.String("of", what), slog.String("cause", cause.Error())}
	var crash *crashed
	if errors.As(cause, &crash) {
		attrs = append(attrs, slog.String("stack", string(crash.stack)))
	}
	g.log.LogAttrs(ctx, slog.LevelError, "request failed", attrs...)
	return internalProblem(ref)
}

// crashed is a panic turned into an error, for the log alone.
type crashed struct {
	value any
	stack []byte
}

// Error has the panic's value.
func (c *crashed) Error() string { return fmt.Sprintf("panic: %v", c.value) }

// safely turns a panic of f into an error.
func safely[T any](f func() (T, error)) (res T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &crashed{value: v, stack: debug.Stack()}
		}
	}()
	return f()
}

func (g guard) tool(next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		res, err := g.callTool(ctx, next, req)
		if c := callFrom(ctx); c != nil && res != nil {
			c.noteResult(res)
		}
		return res, err
	}
}

func (g guard) callTool(ctx context.Context, next server.ToolHandlerFunc, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	name, args := req.Params.Name, req.Params.Arguments
	state, err := openState(ctx, name, args, req.Params.RequestState)
	if err != nil {
		return g.toolFailure(ctx, name, err)
	}
	req.Params.RequestState = state
	res, err := safely(func() (*mcp.CallToolResult, error) { return next(ctx, req) })
	if err == nil && res == nil {
		err = errors.New("the handler returned no result")
	}
	if err != nil {
		return g.toolFailure(ctx, name, err)
	}
	if refused := unanswerable(ctx, res.InputRequests, res.NeedsInput()); refused != nil {
		return refused.problem().result(), nil
	}
	res.RequestState = sealState(ctx, name, args, res.RequestState)
	return res, nil
}

// toolFailure gives the model a result to read where it can, and an error of
// the protocol only where the handler asked for one.
func (g guard) toolFailure(ctx context.Context, name string, err error) (*mcp.CallToolResult, error) {
	if told := g.protocolError(ctx, err); told != nil {
		return nil, told
	}
	var refused *cannotAsk
	if errors.As(err, &refused) {
		return refused.problem().result(), nil
	}
	var told actionable
	if errors.As(err, &told) {
		return problem{Code: told.Code(), Message: told.Error(), Hint: told.Hint()}.result(), nil
	}
	return g.internal(ctx, "tool "+rpc.Clip(name), err).result(), nil
}

func (g guard) prompt(next server.PromptHandlerFunc) server.PromptHandlerFunc {
	return func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		res, err := g.getPrompt(ctx, next, req)
		if err != nil {
			return nil, g.rpcFailure(ctx, "prompt "+rpc.Clip(req.Params.Name), err)
		}
		return res, nil
	}
}

func (g guard) getPrompt(ctx context.Context, next server.PromptHandlerFunc, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	name, args := req.Params.Name, req.Params.Arguments
	state, err := openState(ctx, name, args, req.Params.RequestState)
	if err != nil {
		return nil, err
	}
	req.Params.RequestState = state
	res, err := safely(func() (*mcp.GetPromptResult, error) { return next(ctx, req) })
	if err != nil {
		return nil, err
	}
	if res == nil {
		return nil, errors.New("the handler returned no result")
	}
	if refused := unanswerable(ctx, res.InputRequests, res.NeedsInput()); refused != nil {
		return nil, refused
	}
	res.RequestState = sealState(ctx, name, args, res.RequestState)
	return res, nil
}

func (g guard) resource(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
	return func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		res, err := safely(func() ([]mcp.ResourceContents, error) { return next(ctx, req) })
		if err == nil {
			return res, nil
		}
		if notFound(err) {
			return nil, Fail(ctx, noResource(ctx, req.Params.URI))
		}
		return nil, g.rpcFailure(ctx, "resource "+rpc.Clip(req.Params.URI), err)
	}
}

// rpcFailure is the JSON-RPC error of a request that is no tool call.
func (g guard) rpcFailure(ctx context.Context, what string, err error) error {
	if told := g.protocolError(ctx, err); told != nil {
		return told
	}
	var told actionable
	if errors.As(err, &told) {
		data := problem{Code: told.Code(), Message: told.Error(), Hint: told.Hint()}
		return Fail(ctx, &RPCError{Code: mcp.INVALID_PARAMS, Message: told.Error(), Data: data})
	}
	return Fail(ctx, g.internal(ctx, what, err).rpc())
}

// protocolError is the error that the handler meant for the client's protocol
// layer, or nil. Only the innermost of a chain is returned: what wraps it was
// not written for the client.
func (g guard) protocolError(ctx context.Context, err error) error {
	var rpc *RPCError
	if errors.As(err, &rpc) {
		return Fail(ctx, rpc)
	}
	var missing mcp.MissingRequiredClientCapabilityError
	if errors.As(err, &missing) {
		return Fail(ctx, MissingCapability(missing.Capability))
	}
	var visit mcp.URLElicitationRequiredError
	if errors.As(err, &visit) && !server.IsModernRequest(ctx) {
		return visit // mcp-go knows its code and data
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return Fail(ctx, stopped(ctx))
	}
	return nil
}

// onError names what mcp-go found wrong in words that help, and hides the cause
// of what it calls an internal error: completions, filters, its own defects.
func (g guard) onError(ctx context.Context, _ any, method mcp.MCPMethod, msg any, err error) {
	c := callFrom(ctx)
	if c == nil || c.failed() != nil {
		return
	}
	var unparsable *server.UnparsableMessageError
	var refused *cannotAsk
	switch {
	case errors.As(err, &unparsable):
		c.fail(paramsError(string(method), err))
	case errors.Is(err, server.ErrToolNotFound):
		c.fail(unknown("tool", named(msg), "tools/list"))
	case errors.Is(err, server.ErrPromptNotFound):
		c.fail(unknown("prompt", named(msg), "prompts/list"))
	case errors.Is(err, server.ErrResourceNotFound):
		c.fail(noResource(ctx, named(msg)))
	case errors.As(err, &refused):
		c.fail(&RPCError{Code: mcp.INVALID_REQUEST, Message: refused.Error(), Data: refused.problem()})
	default:
		if coded, ok := err.(interface{ ToJSONRPCError() mcp.JSONRPCError }); ok &&
			coded.ToJSONRPCError().Error.Code != mcp.INTERNAL_ERROR {
			return // mcp-go's own text about the request, which holds nothing of ours
		}
		c.fail(g.internal(ctx, rpc.Clip(string(method)), err).rpc())
	}
}

// named is the tool, prompt or resource that a request is about.
func named(msg any) string {
	switch m := msg.(type) {
	case *mcp.CallToolRequest:
		return m.Params.Name
	case *mcp.GetPromptRequest:
		return m.Params.Name
	case *mcp.ReadResourceRequest:
		return m.Params.URI
	default:
		return ""
	}
}

func unknown(what, name, list string) *RPCError {
	return &RPCError{Code: mcp.INVALID_PARAMS, Message: fmt.Sprintf("unknown %s %q; %s has the names there are", what, rpc.Clip(name), list)}
}

func notFound(err error) bool {
	return errors.Is(err, server.ErrResourceNotFound) || errors.Is(err, mcp.ErrResourceNotFound)
}

// noResource has another code in each era.
// Source: SEP-2164 for -32602; the resources page of 2025-11-25 for -32002.
func noResource(ctx context.Context, uri string) *RPCError {
	code := mcp.RESOURCE_NOT_FOUND
	if server.IsModernRequest(ctx) {
		code = mcp.INVALID_PARAMS
	}
	return &RPCError{
		Code:    code,
		Message: fmt.Sprintf("unknown resource %q; resources/list has the ones there are", rpc.Clip(uri)),
		Data:    map[string]any{"uri": uri},
	}
}
