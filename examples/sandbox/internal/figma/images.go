package figma

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
)

// images answers GET /v1/images/:key with addresses of pictures. A node that is
// not there, has nothing to show, or could not be rendered is null.
func (c *call) images() {
	format, scale, ok := c.picturing()
	if !ok {
		return
	}
	n, r, d, ok := c.drawing()
	if !ok {
		return
	}
	urls := map[string]any{}
	for id := range strings.SplitSeq(strings.ReplaceAll(c.r.FormValue("ids"), "-", ":"), ",") {
		urls[id] = nil
		if node := d.Find(id); node != nil && design.Renderable(node) && !slices.Contains(n.Unrendered, id) {
			urls[id] = c.cfg.Base(c.r) + "/_image/" + n.Key + "/" + url.PathEscape(id) + "." + format + "?version=" + r.ID + "&scale=" + strconv.FormatFloat(scale, 'f', -1, 64)
		}
	}
	c.ok(map[string]any{"err": nil, "images": urls})
}

// picturing checks what kind of pictures are asked for.
func (c *call) picturing() (format string, scale float64, ok bool) {
	if c.r.FormValue("ids") == "" {
		c.fail(http.StatusBadRequest, "Required parameter: ids")
		return "", 0, false
	}
	if format = c.r.FormValue("format"); format == "" {
		format = "png"
	}
	if scale = 1; c.r.FormValue("scale") != "" {
		scale, _ = strconv.ParseFloat(c.r.FormValue("scale"), 64)
	}
	switch {
	case format != "png" && format != "jpg" && format != "svg" && format != "pdf":
		c.fail(http.StatusBadRequest, "Invalid format: must be one of jpg, png, svg, pdf")
	case !(scale >= 0.01 && scale <= 4):
		c.fail(http.StatusBadRequest, "Invalid scale: must be between 0.01 and 4")
	default:
		return format, scale, true
	}
	return "", 0, false
}

// fills answers GET /v1/files/:key/images.
func (c *call) fills() {
	n, ok := c.visible()
	if !ok {
		return
	}
	urls := map[string]string{}
	for _, ref := range n.Images {
		urls[ref] = c.cfg.Base(c.r) + "/_fill/" + ref + ".png"
	}
	c.ok(map[string]any{"error": false, "status": 200, "meta": map[string]any{"images": urls}})
}

// picture serves a picture of a node; as with Figma, who has the address may
// see it.
func (f *Figma) picture(w http.ResponseWriter, r *http.Request) {
	id, format, ok := strings.Cut(r.PathValue("node"), ".")
	n, found := f.shelf.File(r.PathValue("key"))
	d, _ := n.Drawing(r.FormValue("version"))
	if !ok || !found || d == nil {
		http.NotFound(w, r)
		return
	}
	node := d.Find(id)
	if node != nil && node["type"] == "CANVAS" && len(design.Children(node)) > 0 {
		node = design.Children(node)[0].(design.Node) // the thumbnail of a page
	}
	if node == nil || !design.Renderable(node) {
		http.NotFound(w, r)
		return
	}
	scale, err := strconv.ParseFloat(r.FormValue("scale"), 64)
	if err != nil || !(scale >= 0.01 && scale <= 4) {
		scale = 1
	}
	f.send(w, node, format, scale)
}

func (f *Figma) send(w http.ResponseWriter, n design.Node, format string, scale float64) {
	data, mime, err := design.Render(n, format, scale)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", mime)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	_, _ = w.Write(data) // who does not get it has left
}

// fillPicture serves an uploaded image, or somebody's face: a grey rectangle.
func (f *Figma) fillPicture(w http.ResponseWriter, r *http.Request) {
	ref, format, _ := strings.Cut(r.PathValue("ref"), ".png")
	if ref == "" || format != "" {
		http.NotFound(w, r)
		return
	}
	f.send(w, design.Plain(320, 200), "png", 1)
}
