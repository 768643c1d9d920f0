// Command gosdk connects the official Go SDK to a server, lists its tools and
// runs query. See run.sh in the folder above.
//
// TOKEN, where it is set, is sent as bearer token.
//
//	gosdk stdio|http|sse COMMAND…|URL
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		slog.Error("check failed", slog.String("cause", err.Error()))
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: gosdk stdio|http|sse COMMAND…|URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Second)
	defer cancel()
	return check(ctx, transport(args[0], args[1:], bearer{os.Getenv("TOKEN")}))
}

// bearer sends a token with each request.
type bearer struct{ token string }

// RoundTrip adds the token, where there is one.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func transport(way string, target []string, auth bearer) mcp.Transport {
	client := &http.Client{Transport: auth}
	switch way {
	case "stdio":
		cmd := exec.Command(target[0], target[1:]...)
		cmd.Stderr = os.Stderr
		return &mcp.CommandTransport{Command: cmd}
	case "sse":
		return &mcp.SSEClientTransport{Endpoint: target[0], HTTPClient: client}
	default:
		return &mcp.StreamableClientTransport{Endpoint: target[0], HTTPClient: client}
	}
}

func check(ctx context.Context, t mcp.Transport) error {
	client := mcp.NewClient(&mcp.Implementation{Name: "fluxmcp-clients", Version: "1.0.0"}, nil)
	session, err := client.Connect(ctx, t, nil)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer session.Close()
	list, err := session.ListTools(ctx, nil)
	if err != nil {
		return fmt.Errorf("list tools: %w", err)
	}
	if !slices.ContainsFunc(list.Tools, func(t *mcp.Tool) bool { return t.Name == "query" }) {
		return fmt.Errorf("got %d tools, want query among them", len(list.Tools))
	}
	res, err := session.CallTool(ctx, &mcp.CallToolParams{Name: "query", Arguments: map[string]any{"sql": "SELECT 1 AS one"}})
	if err != nil {
		return fmt.Errorf("call query: %w", err)
	}
	if text := textOf(res); res.IsError || !isOne(text) {
		return fmt.Errorf("got %q, want the column one with the value 1", text)
	}
	return nil
}

func textOf(res *mcp.CallToolResult) string {
	var text strings.Builder
	for _, part := range res.Content {
		if t, ok := part.(*mcp.TextContent); ok {
			text.WriteString(t.Text + "\n")
		}
	}
	return text.String()
}

// isOne finds a column one with the value 1, whichever way it is written.
func isOne(text string) bool {
	return regexp.MustCompile(`(?s)one.*\b1\b`).MatchString(text)
}
