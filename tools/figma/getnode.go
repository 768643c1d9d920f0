package figma

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

var getNodeSpec = tools.Spec{
	Name:      "figma_get_node",
	Title:     "Get Figma nodes",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges: map[string]tools.Range{
		"depth":  {Min: 0, Max: 100, Default: 0},
		"budget": {Min: 1000, Max: 1_000_000, Default: 60_000},
	},
	Description: "Read nodes of a Figma file to build from: layout, sizes, text, fonts, colours, effects, components and variables as compact text in CSS units. " +
		"Over budget the deepest levels are left out and marked: call again with those ids. Pictures: figma_export_images.",
}

type getNodeArgs struct {
	File    string   `json:"file" jsonschema:"key or any URL of the file; a URL with node-id names the node"`
	NodeIDs []string `json:"node_ids,omitempty" jsonschema:"nodes to read, such as 1:2, from figma_get_file or node-id of a link; without any, all pages"`
	Depth   int      `json:"depth,omitempty" jsonschema:"levels below the nodes; 0: all"`
	Budget  int      `json:"budget,omitempty" jsonschema:"most characters to return"`
	Brief   bool     `json:"brief,omitempty" jsonschema:"true: leave out the explanation of the format, which was read before"`
	Version string   `json:"version,omitempty" jsonschema:"id of an older version, from figma_list_versions; empty: the file as it is now"`
}

// getNode answers the figma_get_node tool.
// Errors: bad_argument, unknown_node, those of files.Source.
func (h handlers) getNode(ctx context.Context, in getNodeArgs) (tools.Text, error) {
	ref, err := parseFile(in.File)
	if err != nil {
		return "", err
	}
	ids, err := ref.nodesOf(in.NodeIDs)
	if err != nil {
		return "", err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	for _, id := range ids {
		tools.Touch(ctx, "node:"+ref.Key+":"+id)
	}
	if in.Version != "" && !digits(in.Version) {
		return "", tools.NewBadArgument("version is no id of a version", "Call figma_list_versions for the ids.")
	}
	got, ids, missing, err := h.nodes(ctx, ref.Key, in.Version, ids)
	if err != nil {
		return "", err
	}
	t := got.Text(ids, design.TextOptions{
		Depth: in.Depth, Budget: in.Budget, NoLegend: in.Brief, Variables: sync.OnceValue(func() map[string]string { return h.files.Variables(ctx, ref.Key) }),
	})
	return tools.Text(nodeHead(ref.Key, got, missing) + t.Body + nodeFoot(t)), nil
}

// nodes are the nodes of ids, or all pages, and which of ids there are none of.
func (h handlers) nodes(ctx context.Context, key, version string, ids []string) (got files.Got, found, missing []string, err error) {
	switch {
	case version != "":
		got, err = h.files.At(ctx, key, version)
	case len(ids) == 0:
		got, err = h.files.File(ctx, key)
	default:
		got, err = h.files.Nodes(ctx, key, ids)
	}
	if err != nil {
		return got, nil, nil, err
	}
	if len(ids) == 0 {
		for _, page := range got.Root.Children {
			found = append(found, page.ID)
		}
		return got, found, nil, nil
	}
	for _, id := range ids {
		if got.Node(id) == nil {
			missing = append(missing, id)
		} else {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return got, nil, nil, &unknownNode{missing}
	}
	return got, found, missing, nil
}

// nodeHead says what the text is of.
func nodeHead(key string, g files.Got, missing []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "file %q key=%s version=%s changed=%s\n", short(g.Name), key, plain(g.Version), plain(g.LastModified))
	b.WriteString(freshnessOf(g).line())
	if len(missing) > 0 {
		some := missing[:min(maxCut, len(missing))]
		fmt.Fprintf(&b, "not in the file: %s", strings.Join(some, ", "))
		if n := len(missing) - len(some); n > 0 {
			fmt.Fprintf(&b, " and %d more", n)
		}
		b.WriteByte('\n')
	}
	if g.Depth > 0 {
		fmt.Fprintf(&b, "Figma gives %d levels of these nodes at once; for more, call again with ids further down\n", g.Depth)
	}
	return b.String()
}

// maxCut is how many ids are named that were cut for the budget.
const maxCut = 20

// nodeFoot says what was left out.
func nodeFoot(t design.Text) string {
	if len(t.Truncated) == 0 {
		return ""
	}
	some := t.Truncated[:min(maxCut, len(t.Truncated))]
	more := ""
	if n := len(t.Truncated) - len(some); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("\ncut for the budget: what is in %s%s; call figma_get_node with these ids, or with more budget\n", strings.Join(some, ", "), more)
}
