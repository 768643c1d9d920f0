package tools

import "context"

// Toolset is all that one integration offers.
type Toolset struct {
	Name      string
	Tools     []Tool
	Resources []Resource
	Templates []ResourceTemplate
	Prompts   []Prompt
	Endpoints []Endpoint
}

// Endpoint is a path of the REST API that a tool answers with its structured
// result. The tool need not be one of MCP. Its arguments are the variables of
// the path, the parameters of the query and the members of a JSON body, by name.
type Endpoint struct {
	Method, Path string // as in patterns of http.ServeMux, such as /api/x/{id}
	Tool         Tool
}

// Resource is a document at a fixed URI.
type Resource struct {
	URI, Name, Title, Description, MIMEType string
	Read                                    func(context.Context) (string, error)
}

// ResourceTemplate is a family of documents that differ in the variables of
// their URI.
type ResourceTemplate struct {
	URITemplate, Name, Title, Description, MIMEType string
	// Read gets the values of the variables by name, decoded.
	Read     func(ctx context.Context, values map[string]string) (string, error)
	Complete map[string]Completer // by variable; nil: none
}

// Prompt is a text that a person picks to start a conversation.
type Prompt struct {
	Name, Title, Description string
	Arguments                []PromptArgument
	Render                   func(ctx context.Context, args map[string]string) (string, error)
}

// PromptArgument is a blank in a prompt.
type PromptArgument struct {
	Name, Description string
	Required          bool
	Complete          Completer // nil: none
}

// Completer lists the values that begin with or contain prefix, best first.
type Completer func(ctx context.Context, prefix string) ([]string, error)
