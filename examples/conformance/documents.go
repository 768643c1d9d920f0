package main

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/tools"
)

const described = "A fixture of the MCP conformance suite."

// documents are the resources and prompts that are text.
func documents() tools.Toolset {
	return tools.Toolset{
		Name: "documents",
		Resources: []tools.Resource{
			{URI: "test://static-text", Name: "static-text", Description: described, MIMEType: "text/plain",
				Read: func(context.Context) (string, error) { return "This is the content of the static text resource.", nil }},
			{URI: "test://watched-resource", Name: "watched-resource", Description: described, MIMEType: "text/plain",
				Read: func(context.Context) (string, error) { return "Nothing changes here.", nil }},
		},
		Templates: []tools.ResourceTemplate{{
			URITemplate: "test://template/{id}/data", Name: "template", Description: described, MIMEType: "application/json",
			Read: func(_ context.Context, values map[string]string) (string, error) {
				id := values["id"]
				return fmt.Sprintf(`{"id":%q,"templateTest":true,"data":%q}`, id, "Data for ID: "+id), nil
			},
		}},
		Prompts: []tools.Prompt{
			{Name: "test_simple_prompt", Description: described,
				Render: func(context.Context, map[string]string) (string, error) {
					return "This is a simple prompt for testing.", nil
				}},
			{Name: "test_prompt_with_arguments", Description: described,
				Arguments: []tools.PromptArgument{
					{Name: "arg1", Description: "First test argument", Required: true},
					{Name: "arg2", Description: "Second test argument", Required: true},
				},
				Render: func(_ context.Context, args map[string]string) (string, error) {
					return fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", args["arg1"], args["arg2"]), nil
				}},
		},
	}
}

// addRichDocuments adds the ones that are more than text.
func addRichDocuments(s *server.MCPServer) {
	png := base64.StdEncoding.EncodeToString(pixel())
	binary := mcp.NewResource("test://static-binary", "static-binary", mcp.WithResourceDescription(described), mcp.WithMIMEType("image/png"))
	s.AddResource(binary, func(_ context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return []mcp.ResourceContents{mcp.BlobResourceContents{URI: req.Params.URI, MIMEType: "image/png", Blob: png}}, nil
	})
	embedding := mcp.NewPrompt("test_prompt_with_embedded_resource", mcp.WithPromptDescription(described),
		mcp.WithArgument("resourceUri", mcp.ArgumentDescription("URI of the resource to embed"), mcp.RequiredArgument()))
	s.AddPrompt(embedding, func(_ context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		text := mcp.TextResourceContents{URI: req.Params.Arguments["resourceUri"], MIMEType: "text/plain", Text: "Embedded resource content for testing."}
		return prompt(mcp.NewEmbeddedResource(text), "Please process the embedded resource above."), nil
	})
	picture := mcp.NewPrompt("test_prompt_with_image", mcp.WithPromptDescription(described))
	s.AddPrompt(picture, func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		return prompt(mcp.NewImageContent(png, "image/png"), "Please analyze the image above."), nil
	})
}

func prompt(first mcp.Content, then string) *mcp.GetPromptResult {
	return mcp.NewGetPromptResult(described, []mcp.PromptMessage{
		mcp.NewPromptMessage(mcp.RoleUser, first),
		mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(then)),
	})
}
