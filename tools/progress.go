package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
)

// reporter sends progress of one call.
type reporter func(done, total float64, message string)

type reporterKey struct{}

// withProgress lets the handler report, when the client asked for it.
func (rt Runtime) withProgress(ctx context.Context, meta *mcp.Meta) context.Context {
	if rt.Notify == nil || meta == nil || meta.ProgressToken == nil {
		return ctx
	}
	token := meta.ProgressToken
	return context.WithValue(ctx, reporterKey{}, reporter(func(done, total float64, message string) {
		params := map[string]any{"progressToken": token, "progress": done, "message": message}
		if total > 0 {
			params["total"] = total
		}
		if err := rt.Notify(ctx, "notifications/progress", params); err != nil {
			rt.log().DebugContext(ctx, "progress not sent", "cause", err.Error())
		}
	}))
}

// Progress tells the client how far the call of ctx is: done of total (0 where
// unknown), which only grows, and what is being done. Without a client that
// asked, it does nothing.
func Progress(ctx context.Context, done, total float64, message string) {
	if report, ok := ctx.Value(reporterKey{}).(reporter); ok {
		report(done, total, message)
	}
}
