package figma

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

var getFileSpec = tools.Spec{
	Name:      "figma_get_file",
	Title:     "Get a Figma file",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges: map[string]tools.Range{
		"depth": {Min: 1, Max: 8, Default: 2},
		"limit": {Min: 1, Max: 2000, Default: 300},
	},
	Description: "Read what is in a Figma file: name, last change, pages and their layers down to depth (1: pages alone), or below the node of the link. " +
		"more=true: some were left out. Call figma_get_node with their ids for layout, text and styles.",
}

type getFileArgs struct {
	File  string `json:"file" jsonschema:"key or any URL of the file; of a URL with node-id, what is in that node"`
	Depth int    `json:"depth,omitempty" jsonschema:"levels below the document, or below the node"`
	Limit int    `json:"limit,omitempty" jsonschema:"most layers to list"`
}

type getFileResult struct {
	Key          string  `json:"key"`
	Name         string  `json:"name"`
	LastModified string  `json:"last_modified"`
	Version      string  `json:"version"`
	Editor       string  `json:"editor" jsonschema:"figma, figjam, slides and so on"`
	Role         string  `json:"role" jsonschema:"of this account: owner, editor or viewer"`
	Layers       []layer `json:"layers" jsonschema:"pages and what is on them, each before its children"`
	More         bool    `json:"more" jsonschema:"true where limit left some out"`
	freshness
}

// layer is one node of the file.
type layer struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Name   string `json:"name"`
	Level  int    `json:"level" jsonschema:"1: page, or what is directly in the node of the link"`
	Inside int    `json:"inside,omitempty" jsonschema:"layers directly in it that are not listed"`
	Hidden bool   `json:"hidden,omitempty" jsonschema:"true: it is not drawn"`
}

// freshness says whether an answer may be older than the file.
type freshness struct {
	Stale  bool   `json:"stale,omitempty" jsonschema:"true: Figma could not be asked now, this is as of read_at"`
	ReadAt string `json:"read_at,omitempty" jsonschema:"when it was read, where stale"`
}

func freshnessOf(g files.Got) freshness {
	if !g.Stale {
		return freshness{}
	}
	return freshness{true, g.At.UTC().Format(time.RFC3339)}
}

// line is the freshness as a line of text; empty where there is nothing to say.
func (f freshness) line() string {
	if !f.Stale {
		return ""
	}
	return "stale: true (Figma's limit is reached or it is away; this is as of " + f.ReadAt + ")\n"
}

// getFile answers the figma_get_file tool.
// Errors: bad_argument, unknown_node, those of files.Source.
func (h handlers) getFile(ctx context.Context, in getFileArgs) (getFileResult, error) {
	ref, err := parseFile(in.File)
	if err != nil {
		return getFileResult{}, err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	from := ""
	var got files.Got
	if len(ref.Nodes) > 0 {
		from = ref.Nodes[0]
		got, err = h.files.Nodes(ctx, ref.Key, ref.Nodes[:1])
	} else {
		got, err = h.files.Top(ctx, ref.Key, in.Depth)
	}
	if err != nil {
		return getFileResult{}, err
	}
	if from != "" && got.Node(from) == nil {
		return getFileResult{}, &unknownNode{[]string{from}}
	}
	out := getFileResult{
		Key: ref.Key, Name: short(got.Name), LastModified: got.LastModified, Version: got.Version, Editor: got.Editor, Role: got.Role,
		Layers: []layer{}, freshness: freshnessOf(got),
	}
	o := got.Outline(design.OutlineOptions{Depth: in.Depth, Limit: in.Limit, From: from})
	for _, n := range o.Items {
		out.Layers = append(out.Layers, layer{n.ID, n.Type, short(n.Name), n.Level, n.Children, n.Hidden})
	}
	out.More = o.More
	return out, nil
}

// Text is one layer a line, indented, names quoted: they are other people's text.
func (r getFileResult) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q (%s), changed %s, version %s", r.Name, plain(r.Editor), plain(r.LastModified), plain(r.Version))
	if r.Role != "" {
		b.WriteString(", this account is " + plain(r.Role))
	}
	b.WriteString("\n" + r.line())
	for _, l := range r.Layers {
		fmt.Fprintf(&b, "%s%s %s %q", strings.Repeat("  ", max(0, l.Level-1)), plain(l.ID), plain(l.Type), l.Name)
		if l.Inside > 0 {
			fmt.Fprintf(&b, " (%d inside)", l.Inside)
		}
		if l.Hidden {
			b.WriteString(" hidden")
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "(%d layers, more=%v", len(r.Layers), r.More)
	if r.More {
		b.WriteString(": raise limit, or give a link with the node-id of a layer to see what is in it")
	}
	return b.String() + ")"
}

// unknownNode says that the file has no such nodes.
type unknownNode struct{ ids []string }

// Error names the nodes.
func (e *unknownNode) Error() string {
	return "the file has no node " + strings.Join(e.ids, ", ")
}

// Code is unknown_node.
func (*unknownNode) Code() string { return "unknown_node" }

// Hint says where ids are.
func (*unknownNode) Hint() string { return "Call figma_get_file for the ids of the file's layers." }
