package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
)

type none struct{}

// parts is a result of one text and what comes with it.
type parts struct {
	Message string `json:"message"`
	more    []tools.Content
}

func (p parts) Text() string             { return p.Message }
func (p parts) Content() []tools.Content { return p.more }

// plainTools are the fixtures that are plain functions.
func plainTools() tools.Toolset {
	say := func(name, message string, more ...tools.Content) tools.Tool {
		return tools.New(fixture(name), func(context.Context, none) (parts, error) {
			return parts{Message: message, more: more}, nil
		})
	}
	image := tools.Content{Kind: tools.ImageContent, MIMEType: "image/png", Data: pixel()}
	return tools.Toolset{Name: "plain", Tools: []tools.Tool{
		say("test_simple_text", "This is a simple text response for testing."),
		say("test_image_content", "A red pixel.", image),
		say("test_audio_content", "Silence.", tools.Content{Kind: tools.AudioContent, MIMEType: "audio/wav", Data: silence()}),
		say("test_embedded_resource", "A resource.", embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")),
		say("test_multiple_content_types", "Multiple content types test:", image,
			embedded("test://mixed-content-resource", "application/json", `{"test":"data","value":123}`)),
		say("test_streaming_elicitation", "Nothing to ask."),
		tools.New(fixture("test_error_handling"), func(context.Context, none) (parts, error) {
			return parts{}, errors.New("this tool intentionally returns an error for testing")
		}),
		tools.New(fixture("test_tool_with_logging"), logged),
		tools.New(fixture("test_logging_tool"), logged),
		tools.New(fixture("test_tool_with_progress"), progressed),
		tools.New(fixture("query"), query),
	}}
}

func fixture(name string) tools.Spec {
	return tools.Spec{
		Name: name, Title: name, Effect: tools.ReadOnly, Ranges: nil,
		Description: "A fixture of the MCP conformance suite. It takes what the suite sends, returns what the suite expects, and does nothing else.",
	}
}

func logged(ctx context.Context, _ none) (parts, error) {
	for _, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		params := map[string]any{"level": "info", "logger": "conformance", "data": text}
		if err := transport.Notify(ctx, "notifications/message", params); err != nil {
			return parts{}, fmt.Errorf("send log message: %w", err)
		}
		pause(ctx)
	}
	return parts{Message: "Logged three messages."}, nil
}

func progressed(ctx context.Context, _ none) (parts, error) {
	for done := 0.0; done <= 100; done += 50 {
		tools.Progress(ctx, done, 100, "working")
		pause(ctx)
	}
	return parts{Message: "Reported progress three times."}, nil
}

func pause(ctx context.Context) {
	select {
	case <-time.After(50 * time.Millisecond):
	case <-ctx.Done():
	}
}

type queryArgs struct {
	SQL string `json:"sql" jsonschema:"one SELECT"`
}

type queryResult struct {
	Rows []map[string]int `json:"rows"`
}

// query lets the client checks in examples/clients run without a database. It
// answers the one statement that they send.
func query(_ context.Context, in queryArgs) (queryResult, error) {
	if in.SQL != "SELECT 1 AS one" {
		return queryResult{}, tools.NewBadArgument("this fixture knows one statement", "Send SELECT 1 AS one.")
	}
	return queryResult{Rows: []map[string]int{{"one": 1}}}, nil
}

func embedded(uri, mime, text string) tools.Content {
	return tools.Content{Kind: tools.ResourceContent, URI: uri, MIMEType: mime, Text: text}
}

// pixel is a PNG of one red pixel.
func pixel() []byte {
	b, _ := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==") // a constant
	return b
}

// silence is a WAV file without a sample: 8 kHz, 8 bit, mono.
func silence() []byte {
	return []byte("RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x40\x1f\x00\x00\x01\x00\x08\x00data\x00\x00\x00\x00")
}
