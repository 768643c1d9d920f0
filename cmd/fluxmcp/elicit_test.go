package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// opening is the Go SDK's client of a person who opens pages.
func opening(t *testing.T, base, version string, open func(url string)) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "opener", Title: "The Opener", Version: "1"}, &mcp.ClientOptions{
		Capabilities: &mcp.ClientCapabilities{Elicitation: &mcp.ElicitationCapabilities{URL: &mcp.URLElicitationCapabilities{}}},
		ElicitationHandler: func(_ context.Context, r *mcp.ElicitRequest) (*mcp.ElicitResult, error) {
			open(r.Params.URL)
			return &mcp.ElicitResult{Action: "accept"}, nil
		},
	})
	s, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: base + "/mcp"}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestTheWaitingCallGoesOn: a client of 2026-07-28 opens the page, comes back at
// once, and its call is answered when the person is done.
func TestTheWaitingCallGoesOn(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	v := newVisitor(t)
	done := make(chan struct{})
	session := opening(t, s.base, "2026-07-28", func(url string) {
		v.open(url).sees("The Opener").press("Allow")
		go func() { // the person thinks, while the call waits
			defer close(done)
			time.Sleep(500 * time.Millisecond)
			v.press("Allow")
		}()
	})
	text, isError := callText(t, session, "figma_get_file", map[string]any{"file": sandboxFile})
	<-done
	v.sees("Figma is connected as")
	if isError || !strings.Contains(text, "layers, more=") {
		t.Errorf("the call that waited answers %s", text)
	}
}

// TestOlderClientGetsTheErrorWithThePage: -32042 of 2025-11-25, and the next call works.
func TestOlderClientGetsTheErrorWithThePage(t *testing.T) {
	p := newProviders(t)
	s := p.serve(t, sampleDatabase(t))
	session := opening(t, s.base, "2025-11-25", func(string) {})
	ask := func() (*mcp.CallToolResult, error) {
		return session.CallTool(t.Context(), &mcp.CallToolParams{Name: "figma_get_file", Arguments: map[string]any{"file": sandboxFile}})
	}
	_, err := ask()
	var told *jsonrpc.Error
	if !errors.As(err, &told) || told.Code != mcp.CodeURLElicitationRequired {
		t.Fatalf("got %v, want the error %d", err, mcp.CodeURLElicitationRequired)
	}
	newVisitor(t).visit(string(told.Data)).sees("The Opener").press("Allow").press("Allow").sees("Figma is connected as")
	if res, err := ask(); err != nil || res.IsError {
		t.Errorf("the next call: %+v, %v", res, err)
	}
}
