package figma

import (
	"bytes"
	"context"
	"fmt"
	picture "image"
	_ "image/gif"  // formats that DecodeConfig knows
	_ "image/jpeg" // likewise
	_ "image/png"  // likewise
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
	"github.com/fluxstudio/fluxmcp/tools/figma/files"
)

var exportImagesSpec = tools.Spec{
	Name:      "figma_export_images",
	Title:     "Export images from Figma",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   3 * time.Minute,
	Choices:   map[string][]string{"format": {"png", "jpg", "svg", "pdf"}},
	Description: "Render nodes of a Figma file as PNG, JPG, SVG or PDF, or get the images it uses by image_refs. " +
		"Small ones come along to be seen, all of them as links that anybody can open until they expire. " +
		"At most 100 nodes and 32 megapixels each; a lower scale makes them smaller.",
}

type exportImagesArgs struct {
	File      string   `json:"file" jsonschema:"key or any URL of the file; a URL with node-id names the node"`
	NodeIDs   []string `json:"node_ids,omitempty" jsonschema:"nodes to render, such as 1:2"`
	ImageRefs []string `json:"image_refs,omitempty" jsonschema:"image references from figma_get_node: the images as they were uploaded"`
	Format    string   `json:"format,omitempty" jsonschema:"of nodes; image_refs come as they were uploaded"`
	Scale     float64  `json:"scale,omitempty" jsonschema:"0.01 to 4; 1 (default) is the size in the file"`
	LinksOnly bool     `json:"links_only,omitempty" jsonschema:"true: no picture comes along"`
}

type exportImagesResult struct {
	Images []image `json:"images" jsonschema:"in the order asked for"`
	parts  []tools.Content
}

// image is one picture, or why there is none.
type image struct {
	ID      string `json:"id" jsonschema:"node id or image reference"`
	Name    string `json:"name,omitempty" jsonschema:"of the node, where known"`
	URL     string `json:"url,omitempty" jsonschema:"anybody who has it can open it"`
	Expires string `json:"expires_at,omitempty"`
	Shown   bool   `json:"shown" jsonschema:"true: it comes along"`
	Bytes   int    `json:"bytes,omitempty"`
	Problem string `json:"problem,omitempty" jsonschema:"why there is none, or why it does not come along"`
	mime    string
}

const (
	maxNodes  = 100
	maxShown  = 10        // pictures that come along
	maxInline = 512 << 10 // bytes of one of them
	maxTotal  = 2 << 20   // bytes of all of them
)

// imageRef is what image references look like.
var imageRef = regexp.MustCompile(`^[0-9a-zA-Z]{8,128}$`)

// mimeTypes are those of the formats.
var mimeTypes = map[string]string{"png": "image/png", "jpg": "image/jpeg", "svg": "image/svg+xml", "pdf": "application/pdf"}

// exportImages answers the figma_export_images tool.
// Errors: bad_argument, those of files.Source. Pictures that cannot be had are
// no error: the others can.
func (h handlers) exportImages(ctx context.Context, in exportImagesArgs) (exportImagesResult, error) {
	ref, err := parseFile(in.File)
	if err != nil {
		return exportImagesResult{}, err
	}
	ids, err := ref.nodesOf(in.NodeIDs)
	if err == nil {
		err = in.check(ids)
	}
	if err != nil {
		return exportImagesResult{}, err
	}
	tools.Touch(ctx, "file:"+ref.Key)
	out := exportImagesResult{Images: []image{}}
	if len(ids) > 0 && (len(in.NodeIDs) > 0 || len(in.ImageRefs) == 0) {
		rendered, err := h.render(ctx, ref.Key, ids, api.Render{Format: in.Format, Scale: in.Scale})
		if err != nil {
			return out, err
		}
		known, read := h.files.Peek(ctx, ref.Key)
		for _, id := range ids {
			i := imageOf(id, "", mimeTypes[in.Format], rendered[id])
			if read {
				i.explain(known.Node(id))
			}
			out.Images = append(out.Images, i)
		}
	}
	if len(in.ImageRefs) > 0 {
		fills, err := h.files.Fills(ctx, ref.Key)
		if err != nil {
			return out, err
		}
		for _, id := range in.ImageRefs {
			out.Images = append(out.Images, imageOf(id, "", "", fills[id]))
		}
	}
	if !in.LinksOnly {
		h.attach(ctx, &out)
	}
	return out, nil
}

// check completes the arguments and says what is wrong with them.
func (in *exportImagesArgs) check(ids []string) error {
	if in.Scale == 0 {
		in.Scale = 1
	}
	switch {
	case len(ids) == 0 && len(in.ImageRefs) == 0:
		return tools.NewBadArgument("there is nothing to export", "Give node_ids, a link with node-id, or image_refs.")
	case len(ids) > maxNodes || len(in.ImageRefs) > maxNodes:
		return tools.NewBadArgument(fmt.Sprintf("more than %d pictures are asked for", maxNodes), "Export them with several calls.")
	case in.Scale < 0.01 || in.Scale > 4:
		return tools.NewBadArgument("scale is outside 0.01 to 4", "Use a scale from 0.01 to 4.")
	}
	for _, r := range in.ImageRefs {
		if !imageRef.MatchString(r) {
			return tools.NewBadArgument("image_refs has something that is no image reference", "Take image references from figma_get_node.")
		}
	}
	return nil
}

func imageOf(id, name, mime string, p files.Picture) image {
	i := image{ID: id, Name: name, URL: p.URL, mime: mime}
	if p.URL == "" {
		i.Problem = "Figma has no picture of it: it does not exist, is invisible, or has nothing to show"
		return i
	}
	i.Expires = p.Expires.UTC().Format(time.RFC3339)
	return i
}

// explain adds what is known of the node, nil where the file has none such.
func (i *image) explain(n *design.Node) {
	if n != nil {
		i.Name = n.Name
	}
	switch {
	case i.URL != "":
	case n == nil:
		i.Problem = "the file has no such node"
	case n.Type == "CANVAS" || n.Type == "DOCUMENT":
		i.Problem = "a page has no picture; export its frames"
	case n.Hidden():
		i.Problem = "it is hidden in the file"
	default:
		i.Problem = "it has nothing to show, or is in something hidden"
	}
}

// render asks for pictures of nodes, for fewer at once where Figma says that it
// is too much.
func (h handlers) render(ctx context.Context, key string, ids []string, r api.Render) (map[string]files.Picture, error) {
	r.IDs = ids
	all, err := h.files.Images(ctx, key, r)
	if kind, _ := api.KindOf(err); kind != api.RequestTooLarge || len(ids) == 1 {
		return all, err
	}
	all = map[string]files.Picture{}
	for _, half := range [][]string{ids[:len(ids)/2], ids[len(ids)/2:]} {
		some, err := h.render(ctx, key, half, r)
		if err != nil {
			return nil, err
		}
		for id, p := range some {
			all[id] = p
		}
	}
	return all, nil
}

// attach fetches the small ones, so that they are seen.
func (h handlers) attach(ctx context.Context, r *exportImagesResult) {
	shown, total := 0, 0
	for n := range r.Images {
		i := &r.Images[n]
		tools.Progress(ctx, float64(n), float64(len(r.Images)), "fetching pictures")
		if i.URL == "" || !seen(i.mime) {
			continue
		}
		if shown == maxShown || total >= maxTotal {
			i.Problem = "there are enough pictures along; open the link"
			continue
		}
		p, err := h.picture(ctx, i.URL)
		if err != nil {
			i.Problem = unfetched(err)
			continue
		}
		if !pictures(p) {
			i.Problem = "what is there is no picture that can be shown; open the link"
			continue
		}
		r.parts = append(r.parts, contentOf(*i, p))
		i.Shown, i.Bytes = true, len(p.Data)
		shown, total = shown+1, total+len(p.Data)
	}
}

// fetching bounds how long one picture may take.
const fetching = 10 * time.Second

func (h handlers) picture(ctx context.Context, address string) (api.Picture, error) {
	ctx, cancel := context.WithTimeout(ctx, fetching)
	defer cancel()
	return h.api.Download(ctx, address, maxInline)
}

// maxPixels is Figma's own bound of pictures.
const maxPixels = 32_000_000

// pictures tells whether p is what it says it is, and no larger than Figma makes
// them once it is unpacked.
func pictures(p api.Picture) bool {
	if p.MIMEType == mimeTypes["svg"] {
		return bytes.Contains(p.Data[:min(len(p.Data), 1024)], []byte("<svg")) && utf8.Valid(p.Data)
	}
	c, format, err := picture.DecodeConfig(bytes.NewReader(p.Data))
	return err == nil && "image/"+format == p.MIMEType && c.Width*c.Height <= maxPixels
}

// seen tells what models look at, or read; unknown is worth a look.
func seen(mime string) bool {
	return mime == "" || strings.HasPrefix(mime, "image/")
}

func contentOf(i image, p api.Picture) tools.Content {
	if p.MIMEType == mimeTypes["svg"] {
		return tools.Content{Kind: tools.ResourceContent, URI: i.URL, MIMEType: p.MIMEType, Text: string(p.Data)}
	}
	return tools.Content{Kind: tools.ImageContent, MIMEType: p.MIMEType, Data: p.Data}
}

func unfetched(err error) string {
	if kind, _ := api.KindOf(err); kind == api.AnswerTooLarge {
		return fmt.Sprintf("it has more than %d KiB; open the link, or use a lower scale", maxInline>>10)
	}
	return "it could not be fetched now; open the link"
}

// Content is the pictures that come along, and links to the others.
func (r exportImagesResult) Content() []tools.Content {
	parts := append([]tools.Content{}, r.parts...)
	for _, i := range r.Images {
		if i.URL != "" && !i.Shown {
			parts = append(parts, tools.Content{Kind: tools.LinkContent, URI: i.URL, Name: i.ID, MIMEType: i.mime, Text: i.Name})
		}
	}
	return parts
}

// Text is one picture a line.
func (r exportImagesResult) Text() string {
	var b strings.Builder
	for _, i := range r.Images {
		b.WriteString(i.ID)
		if i.Name != "" {
			fmt.Fprintf(&b, " %q", i.Name)
		}
		if i.Shown {
			fmt.Fprintf(&b, ": shown (%d bytes)", i.Bytes)
		}
		if i.Problem != "" {
			b.WriteString(": " + i.Problem)
		}
		if i.URL != "" {
			fmt.Fprintf(&b, "\n  %s until %s", i.URL, i.Expires)
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
