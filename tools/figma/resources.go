package figma

import (
	"context"

	"github.com/fluxstudio/fluxmcp/tools"
)

// templates are what a client can attach to a conversation by itself.
func (h handlers) templates() []tools.ResourceTemplate {
	return []tools.ResourceTemplate{{
		URITemplate: "figma://file/{key}", Name: "figma-file", Title: "Figma file", MIMEType: "text/plain",
		Description: "Pages and layers of a Figma file, as figma_get_file shows them.",
		Read: func(ctx context.Context, values map[string]string) (string, error) {
			r, err := h.getFile(ctx, getFileArgs{File: values["key"], Depth: getFileSpec.Ranges["depth"].Default, Limit: getFileSpec.Ranges["limit"].Default})
			if err != nil {
				return "", err
			}
			return r.Text(), nil
		},
	}, {
		// The plus lets ids be as they are written everywhere, with colons and semicolons.
		URITemplate: "figma://file/{key}/node/{+id}", Name: "figma-node", Title: "Figma node", MIMEType: "text/plain",
		Description: "A node of a Figma file, as figma_get_node shows it; its id as 1:2 or 1-2.",
		Read: func(ctx context.Context, values map[string]string) (string, error) {
			text, err := h.getNode(ctx, getNodeArgs{File: values["key"], NodeIDs: []string{values["id"]}, Budget: getNodeSpec.Ranges["budget"].Default})
			return string(text), err
		},
	}}
}
