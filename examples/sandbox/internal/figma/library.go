package figma

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/shelf"
)

// kind is one of the three kinds of things that files publish.
type kind struct {
	plural string
	of     func(*design.Document) map[string]design.Node
}

func kinds() []kind {
	return []kind{
		{"components", func(d *design.Document) map[string]design.Node { return d.Components }},
		{"component_sets", func(d *design.Document) map[string]design.Node { return d.Sets }},
		{"styles", func(d *design.Document) map[string]design.Node { return d.Styles }},
	}
}

// published lists what a file publishes of a kind, by node id.
func (c *call) published(n shelf.File, k kind) []any {
	d, _ := n.Drawing("")
	last := n.Last()
	list := []any{}
	all := k.of(d)
	for i, id := range slices.Sorted(maps.Keys(all)) {
		m := all[id]
		if m["remote"] == true {
			continue
		}
		row := map[string]any{
			"key": m["key"], "file_key": n.Key, "node_id": id, "name": m["name"], "description": m["description"], "user": c.userOf(n.Creator),
			"created_at": stamp(n.Revisions[0].At), "updated_at": stamp(last.At),
			"thumbnail_url": c.cfg.Base(c.r) + "/_image/" + n.Key + "/" + id + ".png",
		}
		if k.plural == "styles" {
			row["style_type"], row["sort_position"] = m["styleType"], strconv.Itoa(i)
			delete(row, "thumbnail_url")
		} else {
			row["containing_frame"] = frameOf(d, m)
		}
		list = append(list, row)
	}
	return list
}

// frameOf says where something published is drawn.
func frameOf(d *design.Document, m design.Node) map[string]any {
	page := design.Children(d.Root)[0].(design.Node)
	info := map[string]any{"pageId": page["id"], "pageName": page["name"]}
	if set, ok := m["componentSetId"].(string); ok {
		info["nodeId"], info["name"] = set, d.Sets[set]["name"]
		info["containingComponentSet"] = map[string]any{"nodeId": set, "name": d.Sets[set]["name"]}
	}
	return info
}

func (c *call) found(meta any) { c.ok(map[string]any{"status": 200, "error": false, "meta": meta}) }

// fileLibrary answers GET /v1/files/:key/{components,…}.
func (c *call) fileLibrary(k kind) {
	if n, ok := c.visible(); ok {
		c.found(map[string]any{k.plural: c.published(n, k)})
	}
}

// teamLibrary answers GET /v1/teams/:id/{components,…}, paged: before and after
// are numbers of rows.
func (c *call) teamLibrary(k kind) {
	if !c.member() {
		return
	}
	var rows []any
	for _, n := range c.shelf.In(c.studio.Key) {
		rows = append(rows, c.published(n, k)...)
	}
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(c.r.FormValue(name)); err == nil && n >= 0 {
			return n
		}
		return otherwise
	}
	size := min(max(number("page_size", 30), 1), 1000)
	from := min(number("after", 0), len(rows))
	if before := number("before", -1); before >= 0 {
		from = max(0, min(before, len(rows))-size)
	}
	to := min(from+size, len(rows))
	cursor := map[string]any{}
	if to < len(rows) {
		cursor["after"] = to
	}
	if from > 0 {
		cursor["before"] = from
	}
	meta := map[string]any{k.plural: append([]any{}, rows[from:to]...)}
	if len(cursor) > 0 {
		meta["cursor"] = cursor
	}
	c.found(meta)
}

// member reports whether the team of the path is the person's; it answers where not.
func (c *call) member() bool {
	if c.r.PathValue("team") != c.studio.FigmaTeam {
		if c.route.shape(http.StatusNotFound) == withError {
			c.missing()
			return false
		}
		c.fail(http.StatusForbidden, "Forbidden")
		return false
	}
	return true
}

// asset answers GET /v1/{components,…}/:key.
func (c *call) asset(k kind) {
	for _, n := range c.shelf.In(c.studio.Key) {
		for _, row := range c.published(n, k) {
			if row.(map[string]any)["key"] == c.r.PathValue("asset") {
				c.found(row)
				return
			}
		}
	}
	c.missing()
}

// projects answers GET /v1/teams/:id/projects.
func (c *call) projects() { c.listProjects("projects") }

// folders answers GET /v2/teams/:id/folders.
func (c *call) folders() { c.listProjects("folders") }

func (c *call) listProjects(name string) {
	if !c.member() {
		return
	}
	rows := []any{}
	for _, p := range company.ProjectsOf(c.studio.Key) {
		row := map[string]any{"id": p.FigmaID, "name": p.Client}
		if name == "folders" {
			row["parent_folder_id"] = nil
		}
		rows = append(rows, row)
	}
	c.ok(map[string]any{"name": c.studio.Name, name: rows})
}

// project finds that of the path; it answers where the person has none such.
func (c *call) project() (company.Project, bool) {
	for _, p := range company.ProjectsOf(c.studio.Key) {
		if p.FigmaID == c.r.PathValue("project") {
			return p, true
		}
	}
	c.fail(http.StatusForbidden, "Forbidden")
	return company.Project{}, false
}

// subfolders answers GET /v2/folders/:id/folders: there are none.
func (c *call) subfolders() {
	if p, ok := c.project(); ok {
		c.ok(map[string]any{"name": p.Client, "folders": []any{}})
	}
}

// projectFiles answers GET /v1/projects/:id/files and /v2/folders/:id/files.
func (c *call) projectFiles() {
	p, ok := c.project()
	if !ok {
		return
	}
	rows := []any{}
	for _, n := range c.shelf.In(c.studio.Key) {
		if n.Project == p.FigmaID {
			last := n.Last()
			rows = append(rows, map[string]any{
				"key": n.Key, "name": n.Name, "thumbnail_url": c.cfg.Base(c.r) + "/_image/" + n.Key + "/0:1.png", "last_modified": stamp(last.At),
			})
		}
	}
	c.ok(map[string]any{"name": p.Client, "files": rows})
}

// projectMeta answers GET /v1/projects/:id/meta and /v2/folders/:id/meta.
func (c *call) projectMeta() {
	p, ok := c.project()
	if !ok {
		return
	}
	count := 0
	first, last := c.cfg.Now(), c.cfg.Now()
	for _, n := range c.shelf.In(c.studio.Key) {
		if n.Project == p.FigmaID {
			count++
			first, last = n.Revisions[0].At, n.Last().At
		}
	}
	c.ok(map[string]any{"id": p.FigmaID, "name": p.Client, "thumbnail_url": nil, "file_count": count, "created_at": stamp(first), "updated_at": stamp(last)})
}
