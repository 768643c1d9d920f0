package tools

import "context"

// Toolset is all that one integration offers.
type Toolset struct {
	Name      string
	Tools     []Tool
	Resources []Resource
	Templates []ResourceTemplate
	Prompts   []Prompt
}

// Resource is a document at a fixed URI.
type Resource struct {
	URI, Name, Title, Description, MIMEType string
	Read                                    func(context.Context) (string, error)
}

// ResourceTemplate is a family of documents that differ in one variable.
type ResourceTemplate struct {
	URITemplate, Name, Title, Description, MIMEType string
	Variable                                        string // in URITemplate
	Read                                            func(ctx context.Context, value string) (string, error)
	Complete                                        Completer // nil: none
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
