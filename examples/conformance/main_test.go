package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/transport"
)

// The suite looks fixtures up by name, and skips some silently when they are
// missing.
func TestFixturesAreListed(t *testing.T) {
	const rounds = "test_input_required_result_"
	lists := map[string][]string{
		"tools/list": {
			"test_simple_text", "test_image_content", "test_audio_content", "test_embedded_resource", "test_multiple_content_types",
			"test_error_handling", "test_tool_with_logging", "test_tool_with_progress", "test_sampling", "test_elicitation",
			"test_elicitation_sep1034_defaults", "test_elicitation_sep1330_enums", "json_schema_2020_12_tool", "test_header_parameter",
			"test_missing_capability", "test_streaming_elicitation", "test_logging_tool", "test_trigger_tool_change", "test_trigger_prompt_change",
			rounds + "elicitation", rounds + "sampling", rounds + "list_roots", rounds + "request_state", rounds + "multiple_inputs",
			rounds + "multi_round", rounds + "tampered_state", rounds + "capabilities",
		},
		"prompts/list": {
			"test_simple_prompt", "test_prompt_with_arguments", "test_prompt_with_embedded_resource", "test_prompt_with_image", rounds + "prompt",
		},
		"resources/list":           {"test://static-text", "test://static-binary", "test://watched-resource"},
		"resources/templates/list": {"test://template/{id}/data"},
	}
	for method, names := range lists {
		answer := ask(t, `{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`)
		for _, name := range names {
			if !strings.Contains(answer, `"`+name+`"`) {
				t.Errorf("%s: got %s, want %s", method, answer, name)
			}
		}
	}
}

func TestPixelIsAPNG(t *testing.T) {
	if !bytes.HasPrefix(pixel(), []byte("\x89PNG\r\n")) {
		t.Errorf("got %x, want a PNG", pixel())
	}
}

func ask(t *testing.T, msg string) string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	var out bytes.Buffer
	if err := transport.ServeStdio(t.Context(), newServer(log), strings.NewReader(msg), &out, transport.StdioOptions{Log: log}); err != nil {
		t.Fatal(err)
	}
	if !json.Valid(out.Bytes()) {
		t.Fatalf("%s: got %q, want one message", msg, out.String())
	}
	return out.String()
}
