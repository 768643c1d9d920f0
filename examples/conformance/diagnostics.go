package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// addDiagnostics adds what the suite uses to look into the server: schemas and
// headers, a required capability, and lists that change.
func addDiagnostics(s *server.MCPServer) {
	s.AddTool(mcp.NewToolWithRawSchema("json_schema_2020_12_tool", described, json.RawMessage(richSchema)), ok)
	header := func(m map[string]any) { m["x-mcp-header"] = "Region" }
	s.AddTool(mcp.NewTool("test_header_parameter", mcp.WithDescription(described), mcp.WithString("region", header)), ok)
	s.AddTool(mcp.NewTool("test_missing_capability", mcp.WithDescription(described)), needsSampling)

	var changes atomic.Int64
	s.AddTool(mcp.NewTool("test_trigger_tool_change", mcp.WithDescription(described)), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		name := fmt.Sprintf("test_added_%d", changes.Add(1))
		s.AddTool(mcp.NewTool(name, mcp.WithDescription(described)), ok)
		s.DeleteTools(name)
		return mcp.NewToolResultText("The list of tools changed."), nil
	})
	s.AddTool(mcp.NewTool("test_trigger_prompt_change", mcp.WithDescription(described)), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		name := fmt.Sprintf("test_added_%d", changes.Add(1))
		s.AddPrompt(mcp.NewPrompt(name, mcp.WithPromptDescription(described)), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return prompt(mcp.NewTextContent("Gone soon."), "It is."), nil
		})
		s.DeletePrompts(name)
		return mcp.NewToolResultText("The list of prompts changed."), nil
	})
}

func ok(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	return mcp.NewToolResultText("ok"), nil
}

func needsSampling(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	session, _ := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if session == nil || session.GetClientCapabilities().Sampling == nil {
		return nil, transport.Fail(ctx, transport.MissingCapability("sampling"))
	}
	return mcp.NewToolResultText("The client can sample."), nil
}

// richSchema uses the keywords of JSON Schema 2020-12 that must reach clients
// unchanged (SEP-1613, SEP-2106).
const richSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
  "properties": {
    "name": {"type": "string"},
    "address": {"$ref": "#/$defs/address"},
    "contactMethod": {"type": "string", "enum": ["phone", "email"]},
    "phone": {"type": "string"},
    "email": {"type": "string"}
  },
  "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
  "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
  "then": {"required": ["phone"]},
  "else": {"required": ["email"]},
  "additionalProperties": false
}`
