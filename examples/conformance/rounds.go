package main

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// round is one visit to a tool that needs several: what the client answered and
// the state that it brought back.
type round struct {
	state  string
	inputs mcp.InputResponses
}

// addRounds adds the tools and the prompt that ask over several rounds (SEP-2322).
func addRounds(s *server.MCPServer) {
	add := func(name string, visit func(context.Context, round) *mcp.CallToolResult) {
		name = "test_input_required_result_" + name
		s.AddTool(mcp.NewTool(name, mcp.WithDescription(described)), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return visit(ctx, round{state: req.Params.RequestState, inputs: req.Params.InputResponses}), nil
		})
	}
	add("elicitation", askName)
	add("sampling", askCapital)
	add("list_roots", askRoots)
	add("request_state", confirm)
	add("tampered_state", confirm)
	add("multiple_inputs", askAll)
	add("multi_round", twoSteps)
	add("capabilities", whatItCan)
	addRoundPrompt(s)
}

// ask begins the answer that asks for more; the transport seals its state.
func (r round) ask(state string) *server.InputRequestBuilder {
	return server.NewInputRequestBuilder(state)
}

// answered is the field of an accepted form, or nil.
func answered(inputs mcp.InputResponses, id, field string) any {
	res := server.ElicitationResponse(inputs, id)
	if res == nil || res.Action != mcp.ElicitationResponseActionAccept {
		return nil
	}
	content, _ := res.Content.(map[string]any)
	return content[field]
}

func form(message, field, kind string) mcp.ElicitationParams {
	return mcp.ElicitationParams{
		Message:         message,
		RequestedSchema: object([]string{field}, map[string]any{field: map[string]any{"type": kind}}),
	}
}

func askName(_ context.Context, r round) *mcp.CallToolResult {
	if name := answered(r.inputs, "user_name", "name"); name != nil {
		return mcp.NewToolResultText(fmt.Sprintf("Hello, %v!", name))
	}
	return r.ask("").Elicit("user_name", form("What is your name?", "name", "string")).ToolResult()
}

func askCapital(_ context.Context, r round) *mcp.CallToolResult {
	if res := server.SamplingResponse(r.inputs, "capital_question"); res != nil {
		return mcp.NewToolResultText(fmt.Sprintf("The model said: %v", res.Content))
	}
	return r.ask("").Sample("capital_question", sample("What is the capital of France?", 100)).ToolResult()
}

func askRoots(_ context.Context, r round) *mcp.CallToolResult {
	if res := server.RootsResponse(r.inputs, "client_roots"); res != nil {
		return mcp.NewToolResultText(fmt.Sprintf("Your roots: %v", res.Roots))
	}
	return r.ask("").Roots("client_roots").ToolResult()
}

func confirm(_ context.Context, r round) *mcp.CallToolResult {
	if r.state == "asked" && answered(r.inputs, "confirm", "ok") != nil {
		return mcp.NewToolResultText("state-ok")
	}
	return r.ask("asked").Elicit("confirm", form("Please confirm", "ok", "boolean")).ToolResult()
}

func askAll(_ context.Context, r round) *mcp.CallToolResult {
	name := answered(r.inputs, "user_name", "name")
	greeting := server.SamplingResponse(r.inputs, "greeting")
	roots := server.RootsResponse(r.inputs, "client_roots")
	if r.state == "asked" && name != nil && greeting != nil && roots != nil {
		return mcp.NewToolResultText(fmt.Sprintf("Got %v, a greeting and %d roots.", name, len(roots.Roots)))
	}
	return r.ask("asked").
		Elicit("user_name", form("What is your name?", "name", "string")).
		Sample("greeting", sample("Generate a greeting", 50)).
		Roots("client_roots").ToolResult()
}

func twoSteps(_ context.Context, r round) *mcp.CallToolResult {
	if name := answered(r.inputs, "step1", "name"); name != nil && r.state == "1" {
		return r.ask("2").Elicit("step2", form("Step 2: What is your favorite color?", "color", "string")).ToolResult()
	}
	if color := answered(r.inputs, "step2", "color"); color != nil && r.state == "2" {
		return mcp.NewToolResultText(fmt.Sprintf("Your favorite color is %v.", color))
	}
	return r.ask("1").Elicit("step1", form("Step 1: What is your name?", "name", "string")).ToolResult()
}

// whatItCan asks only for what the client of this request can answer.
func whatItCan(ctx context.Context, r round) *mcp.CallToolResult {
	session, _ := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	if session == nil {
		return mcp.NewToolResultText("The client declared nothing.")
	}
	can := session.GetClientCapabilities()
	b := r.ask("")
	if can.Elicitation != nil {
		b.Elicit("user_name", form("What is your name?", "name", "string"))
	}
	if can.Sampling != nil {
		b.Sample("greeting", sample("Generate a greeting", 50))
	}
	if can.Elicitation == nil && can.Sampling == nil {
		return mcp.NewToolResultText("The client can answer nothing.")
	}
	return b.ToolResult()
}

func addRoundPrompt(s *server.MCPServer) {
	p := mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription(described))
	s.AddPrompt(p, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		about := answered(req.Params.InputResponses, "user_context", "context")
		if about == nil {
			ask := form("What context should the prompt use?", "context", "string")
			return server.NewInputRequestBuilder("").Elicit("user_context", ask).PromptResult(), nil
		}
		return prompt(mcp.NewTextContent(fmt.Sprintf("Context: %v", about)), "Please use the context above."), nil
	})
}
