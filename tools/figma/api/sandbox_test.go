package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/figmatest"
)

const (
	tidal  = "SbxTidalShowDesign0001"
	kit    = "SbxFluxKitLibrary00004"
	team   = "1170245155647481000"
	folder = "81000001" // that tidal is in
	token  = "figd_SANDBOX_caleb_ochoa"
)

// sandboxed is a client of a sandbox, whose requests and answers are held to
// Figma's OpenAPI.
func sandboxed(t *testing.T) (*api.Client, *sandbox.Sandbox, *figmatest.Watch) {
	t.Helper()
	s := sandbox.New(sandbox.Options{})
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	client := figmatest.Client(t, server.URL+"/figma", token)
	c := api.New(api.Config{BaseURL: server.URL + "/figma/", Client: func(context.Context) *http.Client { return client }})
	return c, s, figmatest.Watching(client)
}

// must is a value that had no error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatalf("got %v", err)
		}
		return v
	}
}

// document is what the tests read of a file.
type document struct {
	Name     string `json:"name"`
	Version  string `json:"version"`
	Document struct {
		Children []struct {
			ID       string            `json:"id"`
			Children []json.RawMessage `json:"children"`
		} `json:"children"`
	} `json:"document"`
	Nodes map[string]json.RawMessage `json:"nodes"`
}

func into(out any) func(io.Reader) error {
	return func(r io.Reader) error { return json.NewDecoder(r).Decode(out) }
}

func TestFilesAreReadAsTheyAre(t *testing.T) {
	c, _, _ := sandboxed(t)
	ctx := t.Context()
	var whole, shallow, old, some, nodes document
	for _, err := range []error{
		c.File(ctx, tidal, api.FileQuery{}, into(&whole)),
		c.File(ctx, tidal, api.FileQuery{Depth: 1}, into(&shallow)),
	} {
		if err != nil {
			t.Fatalf("got %v", err)
		}
	}
	if whole.Name == "" || len(whole.Document.Children) == 0 || len(whole.Document.Children[0].Children) == 0 {
		t.Errorf("got %+v, want a file with pages and frames", whole)
	}
	if len(shallow.Document.Children) == 0 || len(shallow.Document.Children[0].Children) != 0 {
		t.Errorf("depth 1: got %+v, want pages alone", shallow)
	}
	page := whole.Document.Children[0].ID
	versions := must(c.Versions(ctx, tidal, api.Page{}))(t).Versions
	for _, err := range []error{
		c.File(ctx, tidal, api.FileQuery{Version: versions[len(versions)-1].ID}, into(&old)),
		c.File(ctx, tidal, api.FileQuery{IDs: []string{page}, Depth: 2}, into(&some)),
		c.Nodes(ctx, tidal, []string{page, "99:99"}, api.FileQuery{Depth: 1}, into(&nodes)),
	} {
		if err != nil {
			t.Fatalf("got %v", err)
		}
	}
	if old.Version != versions[len(versions)-1].ID {
		t.Errorf("got version %s, want %s", old.Version, versions[len(versions)-1].ID)
	}
	if len(some.Document.Children) == 0 {
		t.Errorf("with ids: got no page")
	}
	if len(nodes.Nodes) != 2 || !bytes.HasPrefix(nodes.Nodes[page], []byte("{")) || string(nodes.Nodes["99:99"]) != "null" {
		t.Errorf("got nodes %v, want %s, and null for 99:99", nodes.Nodes, page)
	}
}

func TestCallsAnswerWhatTheSandboxHas(t *testing.T) {
	c, _, _ := sandboxed(t)
	ctx := t.Context()
	me := must(c.Me(ctx))(t)
	if me.ID == "" || me.Handle != "Caleb Ochoa" || me.Email != "caleb.ochoa@fluxstudio.example" {
		t.Errorf("Me: got %+v", me)
	}
	meta := must(c.Meta(ctx, tidal))(t)
	if meta.Name == "" || meta.Version == "" || meta.LastTouchedAt.IsZero() || meta.LastTouchedBy == nil || meta.Editor != "figma" || meta.Role != "editor" || meta.Folder == "" || meta.URL == "" {
		t.Errorf("Meta: got %+v", meta)
	}
	comments := must(c.Comments(ctx, tidal))(t)
	if len(comments) != 4 || comments[1].ParentID != comments[0].ID || comments[0].OrderID == "" || comments[0].Position == nil || comments[0].Position.NodeID == "" ||
		comments[3].ResolvedAt == nil || len(comments[2].Reactions) != 1 || comments[0].CreatedAt.IsZero() {
		t.Errorf("Comments: got %+v", comments)
	}
	folders := must(c.TeamFolders(ctx, team))(t)
	projects := must(c.TeamProjects(ctx, team))(t)
	if folders.Name != "Flux Studio" || len(folders.Folders) != 4 || !slices.Equal(folders.Folders, projects.Folders) {
		t.Errorf("TeamFolders: got %+v, and TeamProjects %+v", folders, projects)
	}
	if sub := must(c.Subfolders(ctx, folder))(t); len(sub.Folders) != 0 || sub.Name == "" {
		t.Errorf("Subfolders: got %+v", sub)
	}
	files, old := must(c.FolderFiles(ctx, folder))(t), must(c.ProjectFiles(ctx, folder))(t)
	if len(files.Files) != 1 || files.Files[0].Key != tidal || files.Files[0].LastModified.IsZero() || len(old.Files) != 1 {
		t.Errorf("FolderFiles: got %+v, and ProjectFiles %+v", files, old)
	}
	if fills := must(c.ImageFills(ctx, tidal))(t); fills == nil {
		t.Errorf("ImageFills: got nil")
	}
}

func TestListsArePagedToTheirEnd(t *testing.T) {
	c, s, _ := sandboxed(t)
	for range 5 {
		s.EditFigma(tidal, true)
	}
	var ids []string
	for before := ""; ; {
		p := must(c.Versions(t.Context(), tidal, api.Page{Size: 2, Before: before}))(t)
		for _, v := range p.Versions {
			ids = append(ids, v.ID)
		}
		if before = p.Before; before == "" {
			break
		}
	}
	all := must(c.Versions(t.Context(), tidal, api.Page{Size: 50}))(t)
	if len(ids) <= 50 || ids[49] != all.Versions[49].ID || !slices.IsSortedFunc(ids, func(a, b string) int { return -bytes.Compare([]byte(a), []byte(b)) }) {
		t.Errorf("got versions %v in parts, want more than a page of 50, the newest first", ids)
	}
	var keys []string
	for after := ""; ; {
		p := must(c.TeamPublished(t.Context(), team, api.Components, api.Page{Size: 3, After: after}))(t)
		for _, x := range p.List {
			keys = append(keys, x.Key)
		}
		if after = p.After; after == "" {
			break
		}
	}
	whole := must(c.TeamPublished(t.Context(), team, api.Components, api.Page{Size: 1000}))(t)
	if len(keys) != len(whole.List) || len(keys) < 4 {
		t.Errorf("got %d components in parts, want %d", len(keys), len(whole.List))
	}
}

func TestWhatFilesPublish(t *testing.T) {
	c, _, _ := sandboxed(t)
	for _, kind := range []api.Asset{api.Components, api.ComponentSets, api.Styles} {
		list := must(c.FilePublished(t.Context(), kit, kind))(t)
		if len(list) == 0 || list[0].Key == "" || list[0].FileKey != kit || list[0].NodeID == "" || list[0].Name == "" || list[0].UpdatedAt.IsZero() {
			t.Errorf("%s: got %+v", kind, list)
		}
	}
	variants := 0
	for _, p := range must(c.FilePublished(t.Context(), kit, api.Components))(t) {
		if p.Frame.Set != nil && p.Frame.Set.NodeID != "" {
			variants++
		}
	}
	if variants == 0 {
		t.Errorf("got no component in a set")
	}
	if none := must(c.FilePublished(t.Context(), tidal, api.ComponentSets))(t); len(none) != 0 {
		t.Errorf("got %+v of a file that publishes none", none)
	}
}

func TestCommentsArePosted(t *testing.T) {
	c, _, _ := sandboxed(t)
	ctx := t.Context()
	node := must(c.Comments(ctx, tidal))(t)[0].Position.NodeID
	x, y := 10.0, -4.5
	for _, n := range []api.NewComment{
		{Message: "Plain"},
		{Message: "On a node", Position: &api.Position{NodeID: node, Offset: &api.Point{X: 3, Y: 4}}},
		{Message: "On the canvas", Position: &api.Position{X: &x, Y: &y}},
	} {
		made := must(c.PostComment(ctx, tidal, n))(t)
		if made.ID == "" || made.Message != n.Message || made.User.Handle != "Caleb Ochoa" {
			t.Errorf("got %+v, want %+v", made, n)
		}
		reply := must(c.PostComment(ctx, tidal, api.NewComment{Message: "Yes", CommentID: made.ID}))(t)
		if reply.ParentID != made.ID {
			t.Errorf("got a reply to %q, want %q", reply.ParentID, made.ID)
		}
	}
	if got := len(must(c.Comments(ctx, tidal))(t)); got != 10 {
		t.Errorf("got %d comments, want the 4 that were there and 6 more", got)
	}
}

func TestPicturesAreRenderedAndFetched(t *testing.T) {
	c, _, w := sandboxed(t)
	ctx := t.Context()
	node, outline := must(c.Comments(ctx, tidal))(t)[0].Position.NodeID, false
	urls := must(c.Images(ctx, tidal, api.Render{IDs: []string{node, "99:99"}, Format: "png", Scale: 0.5}))(t)
	if urls[node] == "" || urls["99:99"] != "" || len(urls) != 2 {
		t.Fatalf("got %v, want an address, and none for a node that is not there", urls)
	}
	p := must(c.Download(ctx, urls[node], 1<<20))(t)
	if p.MIMEType != "image/png" || !bytes.HasPrefix(p.Data, []byte("\x89PNG")) {
		t.Errorf("got %s of %d bytes, want a PNG", p.MIMEType, len(p.Data))
	}
	version := must(c.Versions(ctx, tidal, api.Page{}))(t).Versions[0].ID
	vector := must(c.Images(ctx, tidal, api.Render{IDs: []string{node}, Format: "svg", Version: version, SVGOutlineText: &outline}))(t)
	if p := must(c.Download(ctx, vector[node], 1<<20))(t); p.MIMEType != "image/svg+xml" {
		t.Errorf("got %s, want an SVG", p.MIMEType)
	}
	if got := w.Count(1); got != 2 {
		t.Errorf("got %d calls of tier 1, want 2", got)
	}
}

// methods are all that a Client can ask for.
func methods(ctx context.Context, c *api.Client) map[string]func(key string) error {
	drain := func(r io.Reader) error { _, err := io.Copy(io.Discard, r); return err }
	return map[string]func(string) error{
		"getMe":           func(string) error { _, err := c.Me(ctx); return err },
		"getFile":         func(k string) error { return c.File(ctx, k, api.FileQuery{Depth: 1}, drain) },
		"getFileNodes":    func(k string) error { return c.Nodes(ctx, k, []string{"1:2", "0:1"}, api.FileQuery{Depth: 1}, drain) },
		"getFileMeta":     func(k string) error { _, err := c.Meta(ctx, k); return err },
		"getComments":     func(k string) error { _, err := c.Comments(ctx, k); return err },
		"postComment":     func(k string) error { _, err := c.PostComment(ctx, k, api.NewComment{Message: "Hello"}); return err },
		"getFileVersions": func(k string) error { _, err := c.Versions(ctx, k, api.Page{Size: 5, Before: "12"}); return err },
		"getImages": func(k string) error {
			_, err := c.Images(ctx, k, api.Render{IDs: []string{"1:2"}, Format: "jpg"})
			return err
		},
		"getImageFills":     func(k string) error { _, err := c.ImageFills(ctx, k); return err },
		"getTeamFolders":    func(k string) error { _, err := c.TeamFolders(ctx, k); return err },
		"getTeamProjects":   func(k string) error { _, err := c.TeamProjects(ctx, k); return err },
		"getFolderFolders":  func(k string) error { _, err := c.Subfolders(ctx, k); return err },
		"getFolderFiles":    func(k string) error { _, err := c.FolderFiles(ctx, k); return err },
		"getProjectFiles":   func(k string) error { _, err := c.ProjectFiles(ctx, k); return err },
		"getFileComponents": func(k string) error { _, err := c.FilePublished(ctx, k, api.Components); return err },
		"getTeamComponents": func(k string) error {
			_, err := c.TeamPublished(ctx, k, api.Components, api.Page{Size: 9, After: "1"})
			return err
		},
		"getTeamStyles":        func(k string) error { _, err := c.TeamPublished(ctx, k, api.Styles, api.Page{}); return err },
		"getTeamComponentSets": func(k string) error { _, err := c.TeamPublished(ctx, k, api.ComponentSets, api.Page{}); return err },
		"getFileComponentSets": func(k string) error { _, err := c.FilePublished(ctx, k, api.ComponentSets); return err },
		"getLocalVariables":    func(k string) error { _, err := c.VariableNames(ctx, k); return err },
		"getFileStyles":        func(k string) error { _, err := c.FilePublished(ctx, k, api.Styles); return err },
	}
}

func TestVariableNames(t *testing.T) {
	c := over(&fake{replies: []reply{{body: `{"status":200,"error":false,"meta":{"variables":{"VariableID:1:2":{"id":"VariableID:1:2","name":"color/brand"}},"variableCollections":{}}}`}}})
	names := must(c.VariableNames(t.Context(), "K1"))(t)
	if len(names) != 1 || names["VariableID:1:2"] != "color/brand" {
		t.Errorf("got %v, want the name by its id", names)
	}
}

func TestEveryMethodIsOneOperationOfItsTier(t *testing.T) {
	c, _, w := sandboxed(t)
	keys := map[string]string{"getTeamFolders": team, "getTeamProjects": team, "getTeamComponents": team, "getTeamStyles": team, "getTeamComponentSets": team,
		"getFolderFolders": folder, "getFolderFiles": folder, "getProjectFiles": folder}
	for operation, call := range methods(t.Context(), c) {
		w.Reset()
		key := keys[operation]
		if key == "" {
			key = tidal
		}
		err := call(key)
		if kind, _ := api.KindOf(err); operation == "getLocalVariables" && kind == api.Forbidden {
			err = nil // no team of the sandbox is in an Enterprise plan
		}
		if err != nil {
			t.Errorf("%s: got %v", operation, err)
		}
		calls := w.Calls()
		if len(calls) != 1 || calls[0].Operation != operation || calls[0].Unheld {
			t.Errorf("%s: got %+v, want that operation, once, held to the specification", operation, calls)
		}
	}
}

// sandboxCut cuts the answer to the next request of an endpoint in the middle,
// after it was acted on.
func sandboxCut(what string) sandbox.Failure { return sandbox.Failure{What: what, Late: true} }
