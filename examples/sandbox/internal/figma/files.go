package figma

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/shelf"
)

// Edit changes a file as people do, and says so to its webhooks. named adds a
// version with a name.
func (f *Figma) Edit(key string, named bool) bool {
	n, ok := f.shelf.Edit(key, named)
	if !ok {
		return false
	}
	f.notify(n, "FILE_UPDATE", map[string]any{"file_key": key, "file_name": n.Name})
	if r := n.Last(); named {
		f.notify(n, "FILE_VERSION_UPDATE", map[string]any{
			"file_key": key, "file_name": n.Name, "version_id": r.ID, "label": r.Label, "description": r.About,
			"created_at": stamp(r.At), "triggered_by": plainUser(r.Person),
		})
	}
	return true
}

// Add puts a file there whose text is an answer of GET /v1/files/:key. It
// belongs to the first project of the first studio.
func (f *Figma) Add(key string, text []byte) error { return f.shelf.Add(key, text) }

// TooLarge makes a file one that Figma does not send as a whole. false: there is
// no such file.
func (f *Figma) TooLarge(key string, on bool) bool {
	return f.shelf.Change(key, func(n *shelf.File) { n.TooLarge = on })
}

// Unrendered are the only nodes of a file that no picture can be made of,
// beside those that have nothing to show. false: there is no such file.
func (f *Figma) Unrendered(key string, ids []string) bool {
	return f.shelf.Change(key, func(n *shelf.File) { n.Unrendered = slices.Clone(ids) })
}

// Plan says what a 429 tells of a file: the plan that it is in, and the kind of
// seat. false: there is no such file.
func (f *Figma) Plan(key, plan, seat string) bool {
	return f.shelf.Change(key, func(n *shelf.File) { n.Plan, n.Seat = plan, seat })
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// visible finds the file of the path, where the person may see it; it answers
// where not.
func (c *call) visible() (shelf.File, bool) {
	n, ok := c.shelf.File(c.r.PathValue("key"))
	if !ok || n.Studio != c.studio.Key {
		c.missing()
		return n, false
	}
	return n, true
}

// drawing is the file of the path with its document in the version that is
// asked for; it answers where there is none.
func (c *call) drawing() (n shelf.File, r shelf.Revision, d *design.Document, ok bool) {
	if n, ok = c.visible(); !ok {
		return
	}
	if n.Locked {
		c.fail(http.StatusForbidden, "File not exportable")
		return n, r, nil, false
	}
	if d, r = n.Drawing(c.r.FormValue("version")); d == nil {
		c.missing()
	}
	return n, r, d, d != nil
}

// look is how much of a drawing is asked for.
type look struct {
	ids   []string
	depth int // -1: all of it
	paths bool
}

func (c *call) look() (look, bool) {
	l := look{depth: -1, paths: c.r.FormValue("geometry") == "paths"}
	if ids := c.r.FormValue("ids"); ids != "" {
		l.ids = strings.Split(strings.ReplaceAll(ids, "-", ":"), ",")
	}
	if text := c.r.FormValue("depth"); text != "" {
		d, err := strconv.Atoi(text)
		if err != nil || d < 1 {
			c.fail(http.StatusBadRequest, "Invalid depth: must be a positive integer")
			return l, false
		}
		l.depth = d
	}
	if g := c.r.FormValue("geometry"); g != "" && g != "paths" {
		c.fail(http.StatusBadRequest, "Invalid geometry: must be paths")
		return l, false
	}
	return l, true
}

// tooLarge is what Figma says of a request for more than it sends at once.
const tooLarge = "Request too large. If applicable, filter by query params."

// head is what both answers with drawings begin with.
func (c *call) head(n shelf.File, r shelf.Revision) map[string]any {
	return map[string]any{
		"name": n.Name, "lastModified": stamp(r.At), "version": r.ID, "role": c.role(n), "editorType": n.Editor, "linkAccess": "view",
		"thumbnailUrl": c.cfg.Base(c.r) + "/_image/" + n.Key + "/0:1.png",
	}
}

func (c *call) role(n shelf.File) string {
	if n.Creator == c.person.Key {
		return "owner"
	}
	return "editor"
}

// file answers GET /v1/files/:key.
func (c *call) file() {
	l, ok := c.look()
	if !ok {
		return
	}
	n, r, d, ok := c.drawing()
	if !ok {
		return
	}
	if n.TooLarge && l.ids == nil && (l.depth < 0 || l.depth > 2) {
		c.fail(http.StatusBadRequest, tooLarge)
		return
	}
	body := c.head(n, r)
	body["schemaVersion"] = 0
	show(body, d, l)
	c.ok(body)
}

// show puts what is asked for of a drawing into an answer.
func show(body map[string]any, d *design.Document, l look) {
	components, sets, styles := d.Components, d.Sets, d.Styles
	switch {
	case l.ids == nil && l.depth < 0 && len(d.Text) > 0:
		body["document"] = d.Text
	case l.ids == nil && l.depth < 0:
		body["document"] = design.Cut(d.Root, l.depth, l.paths)
	default:
		root := d.Root
		if l.ids != nil {
			root = design.Only(root, l.ids)
		}
		root = design.Cut(root, l.depth, l.paths)
		components, sets, styles = d.Used(root)
		body["document"] = root
	}
	body["components"], body["componentSets"], body["styles"] = some(components), some(sets), some(styles)
}

// some is m, or an empty one.
func some(m map[string]design.Node) map[string]design.Node {
	if m == nil {
		return map[string]design.Node{}
	}
	return m
}

// nodes answers GET /v1/files/:key/nodes; a node that is not there is null.
func (c *call) nodes() {
	l, ok := c.look()
	if !ok {
		return
	}
	if l.ids == nil {
		c.fail(http.StatusBadRequest, "Required parameter: ids")
		return
	}
	n, r, d, ok := c.drawing()
	if !ok {
		return
	}
	found := map[string]any{}
	for _, id := range l.ids {
		found[id] = nil
		if node := d.Find(id); node != nil {
			node = design.Cut(node, l.depth, l.paths)
			components, sets, styles := d.Used(node)
			found[id] = map[string]any{"document": node, "components": components, "componentSets": sets, "styles": styles, "schemaVersion": 0}
		}
	}
	body := c.head(n, r)
	body["nodes"] = found
	c.ok(body)
}

// meta answers GET /v1/files/:key/meta.
func (c *call) meta() {
	n, ok := c.visible()
	if !ok {
		return
	}
	last := n.Last()
	c.ok(map[string]any{"file": map[string]any{
		"name": n.Name, "folder_name": projectName(n.Project), "last_touched_at": stamp(last.At), "creator": c.userOf(n.Creator),
		"last_touched_by": c.userOf(last.Person), "thumbnail_url": c.cfg.Base(c.r) + "/_image/" + n.Key + "/0:1.png", "editorType": n.Editor,
		"role": c.role(n), "link_access": "view", "url": "https://www.figma.com/" + map[string]string{"figma": "design", "figjam": "board"}[n.Editor] + "/" + n.Key, "version": last.ID,
	}})
}

func projectName(id string) string {
	for _, p := range company.Projects() {
		if p.FigmaID == id {
			return p.Client
		}
	}
	return ""
}

// versions answers GET /v1/files/:key/versions, the newest first.
func (c *call) versions() {
	n, ok := c.visible()
	if !ok {
		return
	}
	size, err := strconv.Atoi(c.r.FormValue("page_size"))
	if err != nil || size < 1 || size > 50 {
		size = 30
	}
	before, after := c.r.FormValue("before"), c.r.FormValue("after")
	var list []shelf.Revision
	for _, r := range slices.Backward(n.Revisions) {
		if (before == "" || r.ID < before) && (after == "" || r.ID > after) {
			list = append(list, r)
		}
	}
	all := len(list)
	if after != "" {
		list = list[max(0, all-size):] // those next to it
	}
	list = list[:min(size, len(list))]
	pages := map[string]any{}
	address := c.cfg.Base(c.r) + "/v1/files/" + n.Key + "/versions?page_size=" + strconv.Itoa(size)
	if all > size {
		pages["next_page"] = address + "&before=" + list[len(list)-1].ID
	}
	if before != "" && len(list) > 0 {
		pages["prev_page"] = address + "&after=" + list[0].ID
	}
	rows := []any{}
	for _, r := range list {
		rows = append(rows, map[string]any{"id": r.ID, "created_at": stamp(r.At), "label": r.Label, "description": r.About, "user": c.userOf(r.Person)})
	}
	c.ok(map[string]any{"versions": rows, "pagination": pages})
}
