package figma

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/design"
)

// file is a file with its history. build is pure; revisions only grow.
type file struct {
	key, name string
	editor    string // figma or figjam
	studio    string // Key
	project   string // FigmaID
	creator   string // Key of a person
	locked    bool   // its owner does not let it be exported
	images    []string
	revisions []revision // the oldest first
	build     func(revision int) *design.Document
}

type revision struct {
	id     string
	at     time.Time
	label  any // string or nil
	about  any // likewise
	person string
}

// fill makes the files of the company.
func (f *Figma) fill() {
	builders := map[string]func(int) *design.Document{
		"tidal": design.Tidal, "flux-kit": design.Kit, "northern-lights": design.Workshop,
		"solstice-brand": design.Brand("Solstice", "St. Brendan Preparatory"), "solstice-juniper": design.Brand("Solstice", "Juniper Valley High School"),
	}
	saved := map[string]int{"tidal": 64, "flux-kit": 12, "northern-lights": 1, "solstice-brand": 5, "solstice-juniper": 3}
	for _, p := range company.Projects() {
		n := &file{key: p.FigmaFile, name: p.Name, editor: "figma", studio: p.Studio, project: p.FigmaID, creator: p.Lead, build: builders[p.Key]}
		if p.Key == "northern-lights" {
			n.editor = "figjam"
		}
		if p.Key == "tidal" {
			n.images = design.Images()
		}
		f.files[n.key] = n
		for i := range saved[p.Key] {
			f.save(n, f.cfg.Now().Add(time.Duration(i-saved[p.Key])*7*time.Hour), i)
		}
	}
	locked := *f.files["SbxSolsticeBrand000003"]
	locked.key, locked.name, locked.locked = "SbxUnderEmbargo0000006", "Counterweight: under embargo", true
	f.files[locked.key] = &locked
	f.firstComments()
}

// save adds a revision; every fourth has a name.
func (f *Figma) save(n *file, at time.Time, i int) {
	r := revision{id: strconv.FormatInt(5100000000+int64(len(f.files))*1000+int64(i), 10), at: at.UTC().Truncate(time.Second), person: n.creator}
	if i%4 == 3 {
		r.label, r.about = fmt.Sprintf("Review %d", i/4+1), "Before the Thursday call"
	}
	n.revisions = append(n.revisions, r)
}

// Edit changes a file as people do, and says so to its webhooks. named adds a
// version with a name.
func (f *Figma) Edit(key string, named bool) bool {
	f.mu.Lock()
	n := f.files[key]
	if n == nil {
		f.mu.Unlock()
		return false
	}
	f.save(n, f.cfg.Now(), len(n.revisions))
	last := &n.revisions[len(n.revisions)-1]
	if last.label, last.about = nil, nil; named {
		last.label, last.about = fmt.Sprintf("Edit %d", len(n.revisions)), ""
	}
	r, name := *last, n.name
	f.mu.Unlock()
	f.notify(n, "FILE_UPDATE", map[string]any{"file_key": key, "file_name": name})
	if named {
		f.notify(n, "FILE_VERSION_UPDATE", map[string]any{
			"file_key": key, "file_name": name, "version_id": r.id, "label": r.label, "description": r.about,
			"created_at": stamp(r.at), "triggered_by": plainUser(r.person),
		})
	}
	return true
}

// Add puts a file there whose text is an answer of GET /v1/files/:key. It
// belongs to the first project of the first studio.
func (f *Figma) Add(key string, text []byte) error {
	var body struct {
		Name                              string
		Document                          design.Node
		Components, ComponentSets, Styles map[string]design.Node
	}
	if err := json.Unmarshal(text, &body); err != nil {
		return fmt.Errorf("read the file: %w", err)
	}
	if body.Document == nil {
		return fmt.Errorf("read the file: it has no document")
	}
	d := &design.Document{Root: body.Document, Components: body.Components, Sets: body.ComponentSets, Styles: body.Styles}
	p := company.Projects()[0]
	n := &file{key: key, name: body.Name, editor: "figma", studio: p.Studio, project: p.FigmaID, creator: p.Lead, build: func(int) *design.Document { return d }}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[key] = n
	f.save(n, f.cfg.Now(), 0)
	return nil
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// visible finds the file of the path, where the person may see it; it answers
// where not.
func (c *call) visible() (file, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.files[c.r.PathValue("key")]
	if n == nil || n.studio != c.studio.Key {
		c.missing()
		return file{}, false
	}
	return *n, true
}

// drawing is the file of the path with its document in the version that is
// asked for; it answers where there is none.
func (c *call) drawing() (file, revision, *design.Document, bool) {
	n, ok := c.visible()
	if !ok {
		return n, revision{}, nil, false
	}
	if n.locked {
		c.fail(http.StatusForbidden, "File not exportable")
		return n, revision{}, nil, false
	}
	i := len(n.revisions) - 1
	if asked := c.r.FormValue("version"); asked != "" {
		i = slices.IndexFunc(n.revisions, func(r revision) bool { return r.id == asked })
	}
	if i < 0 {
		c.missing()
		return n, revision{}, nil, false
	}
	return n, n.revisions[i], n.build(i + 1), true
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

// head is what both answers with drawings begin with.
func (c *call) head(n file, r revision) map[string]any {
	return map[string]any{
		"name": n.name, "lastModified": stamp(r.at), "version": r.id, "role": c.role(n), "editorType": n.editor, "linkAccess": "view",
		"thumbnailUrl": c.cfg.Base(c.r) + "/_image/" + n.key + "/0:1.png",
	}
}

func (c *call) role(n file) string {
	if n.creator == c.person.Key {
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
	root := d.Root
	if l.ids != nil {
		root = design.Only(root, l.ids)
	}
	root = design.Cut(root, l.depth, l.paths)
	components, sets, styles := d.Components, d.Sets, d.Styles
	if l.ids != nil || l.depth > 0 {
		components, sets, styles = d.Used(root)
	}
	body := c.head(n, r)
	body["schemaVersion"], body["document"] = 0, root
	body["components"], body["componentSets"], body["styles"] = some(components), some(sets), some(styles)
	c.ok(body)
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
	last := n.revisions[len(n.revisions)-1]
	c.ok(map[string]any{"file": map[string]any{
		"name": n.name, "folder_name": projectName(n.project), "last_touched_at": stamp(last.at), "creator": c.userOf(n.creator),
		"last_touched_by": c.userOf(last.person), "thumbnail_url": c.cfg.Base(c.r) + "/_image/" + n.key + "/0:1.png", "editorType": n.editor,
		"role": c.role(n), "link_access": "view", "url": "https://www.figma.com/" + map[string]string{"figma": "design", "figjam": "board"}[n.editor] + "/" + n.key, "version": last.id,
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
	var list []revision
	for _, r := range slices.Backward(n.revisions) {
		if (before == "" || r.id < before) && (after == "" || r.id > after) {
			list = append(list, r)
		}
	}
	all := len(list)
	if after != "" {
		list = list[max(0, all-size):] // those next to it
	}
	list = list[:min(size, len(list))]
	pages := map[string]any{}
	address := c.cfg.Base(c.r) + "/v1/files/" + n.key + "/versions?page_size=" + strconv.Itoa(size)
	if all > size {
		pages["next_page"] = address + "&before=" + list[len(list)-1].id
	}
	if before != "" && len(list) > 0 {
		pages["prev_page"] = address + "&after=" + list[0].id
	}
	rows := []any{}
	for _, r := range list {
		rows = append(rows, map[string]any{"id": r.id, "created_at": stamp(r.at), "label": r.label, "description": r.about, "user": c.userOf(r.person)})
	}
	c.ok(map[string]any{"versions": rows, "pagination": pages})
}
