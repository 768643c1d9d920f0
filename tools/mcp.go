package tools

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Add publishes ts on s: the one place where handlers meet MCP.
func (rt Runtime) Add(s *server.MCPServer, ts ...Tool) {
	for _, t := range ts {
		s.AddTool(definition(t), rt.handler(t))
	}
}

// definition is the tool as tools/list shows it, with all four hints.
func definition(t Tool) mcp.Tool {
	h := t.Spec.Hints()
	d := mcp.NewToolWithRawSchema(t.Spec.Name, t.Spec.Description, t.InputSchema)
	d.Title = t.Spec.Title
	d.RawOutputSchema = t.OutputSchema
	d.Annotations = mcp.ToolAnnotation{
		Title:           t.Spec.Title,
		ReadOnlyHint:    &h.ReadOnly,
		DestructiveHint: &h.Destructive,
		IdempotentHint:  &h.Idempotent,
		OpenWorldHint:   &h.OpenWorld,
	}
	return d
}

func (rt Runtime) handler(t Tool) server.ToolHandlerFunc {
	return func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ctx = rt.withProgress(ctx, req.Params.Meta)
		ctx, f := rt.visited(ctx, req)
		if f != nil {
			return result(Answer{Failure: f}), nil
		}
		a := rt.Call(ctx, t, rawArguments(req))
		if a.Visit != nil && opensPages(ctx) {
			return refer(ctx, a.Visit)
		}
		return result(a), nil
	}
}

// rawArguments are the bytes the client sent, so that large integers stay exact.
func rawArguments(req mcp.CallToolRequest) json.RawMessage {
	if len(req.Params.RawArguments) > 0 {
		return req.Params.RawArguments
	}
	if req.Params.Arguments == nil {
		return nil
	}
	b, err := json.Marshal(req.Params.Arguments)
	if err != nil {
		return json.RawMessage("[]") // refused by the decoder as no object
	}
	return b
}

func result(a Answer) *mcp.CallToolResult {
	if a.Failure != nil {
		return mcp.NewToolResultError(a.Failure.JSON())
	}
	r := &mcp.CallToolResult{}
	if a.Structured != nil {
		r.StructuredContent = a.Structured
	}
	r.Content = append(r.Content, mcp.NewTextContent(a.Text))
	for _, c := range a.Content {
		r.Content = append(r.Content, part(c))
	}
	return r
}

func part(c Content) mcp.Content {
	switch c.Kind {
	case ImageContent:
		return mcp.NewImageContent(base64.StdEncoding.EncodeToString(c.Data), c.MIMEType)
	case AudioContent:
		return mcp.NewAudioContent(base64.StdEncoding.EncodeToString(c.Data), c.MIMEType)
	case LinkContent:
		return mcp.NewResourceLink(c.URI, c.Name, c.Text, c.MIMEType)
	case ResourceContent:
		return mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: c.URI, MIMEType: c.MIMEType, Text: c.Text})
	default:
		return mcp.NewTextContent(c.Text)
	}
}
