package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// addQuestions adds the tools that ask a client of an older revision while they
// run. The failures of asking are left to the transport.
func addQuestions(s *server.MCPServer) {
	sampling := mcp.NewTool("test_sampling", mcp.WithDescription(described), mcp.WithString("prompt", mcp.Required()))
	s.AddTool(sampling, func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		ask := mcp.CreateMessageRequest{CreateMessageParams: sample(req.GetString("prompt", ""), 100)}
		res, err := s.RequestSampling(ctx, ask) //lint:ignore SA1019 older revisions have sampling, and the suite tests it
		if err != nil {
			return nil, fmt.Errorf("sample: %w", err)
		}
		text, _ := res.Content.(mcp.TextContent)
		return mcp.NewToolResultText("LLM response: " + text.Text), nil
	})
	elicitation := mcp.NewTool("test_elicitation", mcp.WithDescription(described), mcp.WithString("message", mcp.Required()))
	s.AddTool(elicitation, func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		form := object([]string{"username", "email"}, map[string]any{
			"username": map[string]any{"type": "string", "description": "User's response"},
			"email":    map[string]any{"type": "string", "description": "User's email address"},
		})
		return elicit(ctx, s, "User response", req.GetString("message", ""), form)
	})
	addForm(s, "test_elicitation_sep1034_defaults", object(nil, map[string]any{
		"name":     map[string]any{"type": "string", "default": "John Doe"},
		"age":      map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	}))
	addForm(s, "test_elicitation_sep1330_enums", object(nil, choices()))
}

func addForm(s *server.MCPServer, name string, form map[string]any) {
	s.AddTool(mcp.NewTool(name, mcp.WithDescription(described)), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return elicit(ctx, s, "Elicitation completed", "Please fill in the form", form)
	})
}

func elicit(ctx context.Context, s *server.MCPServer, lead, message string, form map[string]any) (*mcp.CallToolResult, error) {
	res, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: message, RequestedSchema: form}})
	if err != nil {
		return nil, fmt.Errorf("elicit: %w", err)
	}
	content, err := json.Marshal(res.Content)
	if err != nil {
		return nil, fmt.Errorf("encode the answer: %w", err)
	}
	return mcp.NewToolResultText(fmt.Sprintf("%s: action=%s, content=%s", lead, res.Action, content)), nil
}

// choices are the five ways to offer a choice (SEP-1330).
func choices() map[string]any {
	options := []string{"option1", "option2", "option3"}
	titled := []map[string]any{
		{"const": "value1", "title": "First Option"},
		{"const": "value2", "title": "Second Option"},
		{"const": "value3", "title": "Third Option"},
	}
	return map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": options},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled},
		"legacyEnum": map[string]any{"type": "string", "enum": []string{"opt1", "opt2", "opt3"},
			"enumNames": []string{"Option One", "Option Two", "Option Three"}},
		"untitledMulti": map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": options}},
		"titledMulti":   map[string]any{"type": "array", "items": map[string]any{"anyOf": titled}},
	}
}

func object(required []string, properties map[string]any) map[string]any {
	o := map[string]any{"type": "object", "properties": properties}
	if required != nil {
		o["required"] = required
	}
	return o
}

func sample(text string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(text)}},
		MaxTokens: tokens,
	}
}
