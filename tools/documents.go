package tools

import (
	"context"
	"errors"
	"net/url"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// AddToolset publishes all of sets on s: tools, resources, templates and
// prompts. Completions are a matter of NewCompletions.
func (rt Runtime) AddToolset(s *server.MCPServer, sets ...Toolset) {
	for _, set := range sets {
		rt.Add(s, set.Tools...)
		for _, r := range set.Resources {
			rt.addResource(s, r)
		}
		for _, t := range set.Templates {
			rt.addTemplate(s, t)
		}
		for _, p := range set.Prompts {
			rt.addPrompt(s, p)
		}
	}
}

func (rt Runtime) addResource(s *server.MCPServer, r Resource) {
	d := mcp.NewResource(r.URI, r.Name, mcp.WithResourceDescription(r.Description), mcp.WithMIMEType(r.MIMEType))
	d.Title = r.Title
	s.AddResource(d, func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		text, err := r.Read(ctx)
		return rt.contents(ctx, req.Params.URI, r.MIMEType, text, err)
	})
}

func (rt Runtime) addTemplate(s *server.MCPServer, t ResourceTemplate) {
	d := mcp.NewResourceTemplate(t.URITemplate, t.Name, mcp.WithTemplateDescription(t.Description), mcp.WithTemplateMIMEType(t.MIMEType))
	d.Title = t.Title
	s.AddResourceTemplate(d, func(ctx context.Context, req mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		text, err := t.Read(ctx, variables(req.Params.Arguments))
		return rt.contents(ctx, req.Params.URI, t.MIMEType, text, err)
	})
}

// variables are the values that a template's variables have in a URI.
func variables(arguments map[string]any) map[string]string {
	values := make(map[string]string, len(arguments))
	for name, v := range arguments {
		value, _ := v.(string)
		if list, ok := v.([]string); ok && len(list) > 0 {
			value = list[0]
		}
		if decoded, err := url.PathUnescape(value); err == nil {
			value = decoded
		}
		values[name] = value
	}
	return values
}

func (rt Runtime) contents(ctx context.Context, uri, mime, text string, err error) ([]mcp.ResourceContents, error) {
	if err != nil {
		return nil, rt.fail(ctx, uri, err)
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: mime, Text: text}}, nil
}

func (rt Runtime) addPrompt(s *server.MCPServer, p Prompt) {
	opts := []mcp.PromptOption{mcp.WithPromptDescription(p.Description)}
	for _, a := range p.Arguments {
		argument := []mcp.ArgumentOption{mcp.ArgumentDescription(a.Description)}
		if a.Required {
			argument = append(argument, mcp.RequiredArgument())
		}
		opts = append(opts, mcp.WithArgument(a.Name, argument...))
	}
	d := mcp.NewPrompt(p.Name, opts...)
	d.Title = p.Title
	s.AddPrompt(d, func(ctx context.Context, req mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		for _, a := range p.Arguments {
			if a.Required && req.Params.Arguments[a.Name] == "" {
				return nil, rt.fail(ctx, "", NewBadArgument("the prompt argument "+a.Name+" is missing", "Give "+a.Name+"."))
			}
		}
		text, err := p.Render(ctx, req.Params.Arguments)
		if err != nil {
			return nil, rt.fail(ctx, "", err)
		}
		return mcp.NewGetPromptResult(p.Description, []mcp.PromptMessage{
			mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text)),
		}), nil
	})
}

// fail makes the JSON-RPC error for what is no tool call. What the caller can
// act on is sent; the rest is left to the transport, which hides it.
func (rt Runtime) fail(ctx context.Context, uri string, err error) error {
	var told actionable
	if rt.Fail == nil || !errors.As(err, &told) {
		return err
	}
	return rt.Fail(ctx, uri, failureOf(ctx, err))
}

// completions answers completion/complete for prompts and templates.
type completions struct{ prompts, templates map[string]Completer }

// maxCompletions is the protocol's limit.
// Source: https://modelcontextprotocol.io/specification/2025-11-25/server/utilities/completion
const maxCompletions = 100

// Completions are the options of the server that make it complete the
// arguments of sets' prompts and templates.
func Completions(sets ...Toolset) []server.ServerOption {
	c := completions{prompts: map[string]Completer{}, templates: map[string]Completer{}}
	for _, set := range sets {
		for _, t := range set.Templates {
			for variable, complete := range t.Complete {
				c.templates[t.URITemplate+" "+variable] = complete
			}
		}
		for _, p := range set.Prompts {
			for _, a := range p.Arguments {
				c.prompts[p.Name+" "+a.Name] = a.Complete
			}
		}
	}
	return []server.ServerOption{
		server.WithCompletions(), server.WithPromptCompletionProvider(c), server.WithResourceCompletionProvider(c),
	}
}

// CompletePromptArgument lists values for an argument of a prompt.
func (c completions) CompletePromptArgument(ctx context.Context, prompt string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return complete(ctx, c.prompts[prompt+" "+a.Name], a.Value), nil
}

// CompleteResourceArgument lists values for the variable of a template.
func (c completions) CompleteResourceArgument(ctx context.Context, uri string, a mcp.CompleteArgument, _ mcp.CompleteContext) (*mcp.Completion, error) {
	return complete(ctx, c.templates[uri+" "+a.Name], a.Value), nil
}

// complete offers nothing where a completer fails: a completion is a
// convenience, and the call that follows reports the trouble.
func complete(ctx context.Context, c Completer, prefix string) *mcp.Completion {
	done := &mcp.Completion{Values: []string{}}
	if c == nil {
		return done
	}
	values, err := c(ctx, prefix)
	if err != nil || len(values) == 0 {
		return done
	}
	done.Total = len(values)
	done.HasMore = len(values) > maxCompletions
	done.Values = values[:min(len(values), maxCompletions)]
	return done
}
