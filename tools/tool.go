package tools

import (
	"context"
	"encoding/json"
	"fmt"
)

// Texter is a result that renders itself for the model, more compactly than
// its JSON. The text is self-contained: some clients show only it.
type Texter interface{ Text() string }

// Text is a result that is text alone: the tool has no output schema and sends
// no JSON beside it. It is for documents that are made to be read, whose JSON
// would be as long again.
type Text string

// Text is the result itself.
func (t Text) Text() string { return string(t) }

// Contenter is a result with more than text for the model.
type Contenter interface{ Content() []Content }

// Content is one part of a result besides its text.
type Content struct {
	Kind     ContentKind
	MIMEType string
	Data     []byte // image or audio bytes
	URI      string // of a link or an embedded resource
	Text     string // of a text part, or of an embedded resource
	Name     string // of a link
}

// ContentKind tells the parts apart.
type ContentKind int

// The kinds of content.
const (
	TextContent ContentKind = iota + 1
	ImageContent
	AudioContent
	LinkContent
	ResourceContent
)

// Tool is a handler with its Spec and schemas. Only New makes one.
type Tool struct {
	Spec         Spec
	InputSchema  json.RawMessage
	OutputSchema json.RawMessage // nil: the result is text alone
	invoke       func(context.Context, json.RawMessage) (output, error)
}

// output is what a handler returned, rendered.
type output struct {
	text       string
	structured json.RawMessage
	content    []Content
	visit      *Visit
}

// New makes a tool of handler. In and Out are structs, whose json and
// jsonschema tags are published; Out may be Text. It panics on a Spec or a type that cannot be
// published: both are fixed at compile time.
func New[In, Out any](spec Spec, handler func(context.Context, In) (Out, error)) Tool {
	spec.check()
	d := newDecoder[In](spec)
	return Tool{
		Spec:         spec,
		InputSchema:  inputSchema[In](spec),
		OutputSchema: outputSchema[Out](spec),
		invoke: func(ctx context.Context, raw json.RawMessage) (output, error) {
			var in In
			if err := d.decode(raw, &in); err != nil {
				return output{}, err
			}
			out, err := handler(ctx, in)
			if err != nil {
				return output{}, err
			}
			return render(out)
		},
	}
}

// render makes the structured and the text form of a result.
func render(out any) (output, error) {
	if t, ok := out.(Text); ok {
		return output{text: string(t)}, nil
	}
	structured, err := json.Marshal(out)
	if err != nil {
		return output{}, fmt.Errorf("encode result: %w", err)
	}
	o := output{structured: structured, text: string(structured)}
	if t, ok := out.(Texter); ok {
		o.text = t.Text()
	}
	if c, ok := out.(Contenter); ok {
		o.content = c.Content()
	}
	if v, ok := out.(Visitor); ok {
		o.visit = v.Visit()
	}
	return o, nil
}
