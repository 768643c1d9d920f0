package figma

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

var getFileSpec = tools.Spec{
	Name:      "figma_get_file",
	Title:     "Get a Figma file",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Ranges: map[string]tools.Range{
		"depth": {Min: 1, Max: 4, Default: 2},
		"limit": {Min: 1, Max: 2000, Default: 300},
	},
	Description: "Read a Figma file as the person who asks: name, last change, pages and their layers down to depth (1: pages alone), " +
		"in the order of the file. more=true means that layers beyond limit were left out.",
}

type getFileArgs struct {
	File  string `json:"file" jsonschema:"key or any URL of the file"`
	Depth int    `json:"depth,omitempty" jsonschema:"levels below the document"`
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
}

// layer is one node of the file.
type layer struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Name  string `json:"name"`
	Level int    `json:"level" jsonschema:"1: page"`
}

// file is what is read of GET /v1/files/:key.
type file struct {
	Name         string `json:"name"`
	LastModified string `json:"lastModified"`
	Version      string `json:"version"`
	EditorType   string `json:"editorType"`
	Role         string `json:"role"`
	Document     node   `json:"document"`
}

type node struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Name     string `json:"name"`
	Children []node `json:"children"`
}

// getFile answers the figma_get_file tool.
// Errors: *badFile, *apiError, *oauth.NotConnected, *oauth.NeedsReconnect.
func (h handlers) getFile(ctx context.Context, in getFileArgs) (getFileResult, error) {
	key, err := fileKey(in.File)
	if err != nil {
		return getFileResult{}, err
	}
	tools.Touch(ctx, "file:"+key)
	var f file
	if err := h.api.get(ctx, "/v1/files/"+key, url.Values{"depth": {strconv.Itoa(in.Depth)}}, &f); err != nil {
		return getFileResult{}, err
	}
	out := getFileResult{
		Key: key, Name: f.Name, LastModified: f.LastModified, Version: f.Version, Editor: f.EditorType, Role: f.Role,
		Layers: []layer{},
	}
	out.add(f.Document.Children, 1, in.Limit)
	return out, nil
}

// add lists nodes, each before its children.
func (r *getFileResult) add(nodes []node, level, limit int) {
	for _, n := range nodes {
		if len(r.Layers) == limit {
			r.More = true
			return
		}
		r.Layers = append(r.Layers, layer{n.ID, n.Type, n.Name, level})
		r.add(n.Children, level+1, limit)
	}
}

// Text is one layer a line, indented, names quoted: they are other people's text.
func (r getFileResult) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q (%s), changed %s, version %s, this account is %s\n", r.Name, r.Editor, r.LastModified, r.Version, r.Role)
	for _, l := range r.Layers {
		fmt.Fprintf(&b, "%s%s %s %q\n", strings.Repeat("  ", l.Level-1), l.ID, l.Type, l.Name)
	}
	fmt.Fprintf(&b, "(%d layers, more=%v)", len(r.Layers), r.More)
	return b.String()
}
