package main

import (
	"context"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// serve is a server whose query tool says text.
func serve(t *testing.T, tool, text string, failed bool) mcp.Transport {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "fake", Version: "1"}, nil)
	schema := map[string]any{"type": "object"}
	s.AddTool(&mcp.Tool{Name: tool, InputSchema: schema}, func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: text}}, IsError: failed}, nil
	})
	client, server := mcp.NewInMemoryTransports()
	session, err := s.Connect(t.Context(), server, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return client
}

func TestCheckTellsARightAnswerFromAWrongOne(t *testing.T) {
	tests := []struct {
		name, tool, text string
		failed           bool
		want             string
	}{
		{"rows as text", "query", "one\n1\n1 row", false, ""},
		{"rows as JSON", "query", `{"rows":[{"one":1}]}`, false, ""},
		{"another value", "query", "one\n2", false, "want the column one"},
		{"a failure that has the words", "query", "one 1", true, "want the column one"},
		{"no query tool", "other", "one\n1", false, "want query among them"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := check(t.Context(), serve(t, tt.tool, tt.text, tt.failed))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("text %q: got %v, want %q", tt.text, err, tt.want)
			}
		})
	}
}
