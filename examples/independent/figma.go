package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
	"github.com/fluxstudio/fluxmcp/tools/figma/design"
)

// figma asks a server that knows nothing but Figma's OpenAPI everything that
// our client can ask. The server refuses requests which that does not allow;
// what it answers is made up, so that only the form of it can be checked.
func figma(ctx context.Context, base string) error {
	tried := map[string]bool{}
	for _, c := range append(calls(), written()) {
		tried[c.method] = true
		got, err := c.ask(ctx, clientAt(base, 0))
		if err != nil {
			return fmt.Errorf("%s: %w", c.method, err)
		}
		if v := reflect.ValueOf(got); v.IsZero() || (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0 {
			return fmt.Errorf("%s: got nothing of the answer", c.method)
		}
	}
	if missing := untried(tried); len(missing) > 0 {
		return fmt.Errorf("methods that nobody tried: %v", missing)
	}
	fmt.Printf("ok    figma    %d methods of the client: requests taken, answers read\n", len(tried))
	if err := refused(ctx, base); err != nil {
		return err
	}
	return failures(ctx, base)
}

// untried are methods that call Figma's API and are not tried. Folders and
// FolderContents are made of others; Download is of no API.
func untried(tried map[string]bool) []string {
	var missing []string
	for method := range reflect.TypeFor[*api.Client]().Methods() {
		if name := method.Name; !tried[name] && !slices.Contains([]string{"Download", "Folders", "FolderContents"}, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// clientAt is a client of the server, which is asked to fail with a status, unless
// that is 0.
func clientAt(base string, status int) *api.Client {
	client := &http.Client{Transport: preferring{status, api.PersonalToken("figd_independent", base, nil)}}
	return api.New(api.Config{BaseURL: base, Client: func(context.Context) *http.Client { return client }})
}

// preferring asks Prism for an answer of one status.
// Source: https://docs.stoplight.io/docs/prism/beeaad1dacf28-http-mocking
type preferring struct {
	status int
	next   http.RoundTripper
}

// RoundTrip adds the header, where there is something to ask for.
func (p preferring) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.status != 0 {
		r = r.Clone(r.Context())
		r.Header.Set("Prefer", fmt.Sprint("code=", p.status))
	}
	return p.next.RoundTrip(r)
}

// call is one method, and what comes of it.
type call struct {
	method string
	ask    func(context.Context, *api.Client) (any, error)
}

// What the requests name; the server has everything.
const (
	file   = "a1B2c3D4e5F6g7H8i9J0kl"
	team   = "1170245155647481265"
	folder = "81000001"
	node   = "12:34"
)

// calls are those that only read, with every argument that they can have.
func calls() []call {
	page := api.Page{Size: 5, After: "10"}
	return slices.Concat(fileCalls(), []call{
		{"Me", func(ctx context.Context, c *api.Client) (any, error) { return c.Me(ctx) }},
		{"TeamFolders", func(ctx context.Context, c *api.Client) (any, error) { return c.TeamFolders(ctx, team) }},
		{"Subfolders", func(ctx context.Context, c *api.Client) (any, error) { return c.Subfolders(ctx, folder) }},
		{"TeamProjects", func(ctx context.Context, c *api.Client) (any, error) { return c.TeamProjects(ctx, team) }},
		{"FolderFiles", func(ctx context.Context, c *api.Client) (any, error) { return c.FolderFiles(ctx, folder) }},
		{"ProjectFiles", func(ctx context.Context, c *api.Client) (any, error) { return c.ProjectFiles(ctx, folder) }},
	}, published(func(k api.Asset) call {
		return call{"TeamPublished", func(ctx context.Context, c *api.Client) (any, error) { return c.TeamPublished(ctx, team, k, page) }}
	}), published(func(k api.Asset) call {
		return call{"FilePublished", func(ctx context.Context, c *api.Client) (any, error) { return c.FilePublished(ctx, file, k) }}
	}))
}

// published is a call for each kind of what is published.
func published(of func(api.Asset) call) []call {
	return []call{of(api.Components), of(api.ComponentSets), of(api.Styles)}
}

// fileCalls are those about a file.
func fileCalls() []call {
	query := api.FileQuery{Version: "2271846305917448123", Depth: 3, IDs: []string{node, "1:2"}}
	outlines := false
	picture := api.Render{IDs: []string{node, "1:2"}, Format: "svg", Scale: 2, Version: query.Version, SVGOutlineText: &outlines}
	return []call{
		{"File", func(ctx context.Context, c *api.Client) (any, error) {
			return drawn(design.Read, func(read func(io.Reader) error) error { return c.File(ctx, file, query, read) })
		}},
		{"Nodes", func(ctx context.Context, c *api.Client) (any, error) {
			return drawn(design.ReadNodes, func(read func(io.Reader) error) error { return c.Nodes(ctx, file, query.IDs, query, read) })
		}},
		{"Meta", func(ctx context.Context, c *api.Client) (any, error) { return c.Meta(ctx, file) }},
		{"Comments", func(ctx context.Context, c *api.Client) (any, error) { return c.Comments(ctx, file) }},
		{"Versions", func(ctx context.Context, c *api.Client) (any, error) {
			return c.Versions(ctx, file, api.Page{Size: 5, Before: "10"})
		}},
		{"Images", func(ctx context.Context, c *api.Client) (any, error) { return c.Images(ctx, file, picture) }},
		{"ImageFills", func(ctx context.Context, c *api.Client) (any, error) { return c.ImageFills(ctx, file) }},
		{"VariableNames", func(ctx context.Context, c *api.Client) (any, error) { return c.VariableNames(ctx, file) }},
	}
}

// drawn reads a drawing, and gives its name.
func drawn(decode func(io.Reader) (*design.File, error), ask func(func(io.Reader) error) error) (any, error) {
	var f *design.File
	if err := ask(func(r io.Reader) (err error) { f, err = decode(r); return err }); err != nil {
		return nil, err
	}
	if f.Root == nil && len(f.Roots) == 0 {
		return nil, errors.New("the file has no nodes")
	}
	return f.Name, nil
}

// written is the one that writes, in its three forms.
func written() call {
	x, y := 12.5, -3.0
	forms := []api.NewComment{
		{Message: "Is this final?", Position: &api.Position{X: &x, Y: &y}},
		{Message: "And *this*?", Position: &api.Position{NodeID: node, Offset: &api.Point{X: x, Y: y}}},
		{Message: "It is.", CommentID: "1400000001"},
	}
	return call{"PostComment", func(ctx context.Context, c *api.Client) (got any, err error) {
		for _, n := range forms {
			if got, err = c.PostComment(ctx, file, n); err != nil {
				return nil, err
			}
		}
		return got, nil
	}}
}
