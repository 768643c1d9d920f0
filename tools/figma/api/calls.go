package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Tier is a class of Figma's rate limits.
// Source: https://developers.figma.com/docs/rest-api/rate-limits
type Tier int

// The tiers, the scarcest first.
const (
	Tier1 Tier = iota + 1
	Tier2
	Tier3
)

// Me asks who the token belongs to.
func (c *Client) Me(ctx context.Context) (m Me, err error) {
	return m, c.read(ctx, ask{tier: Tier3, path: "/v1/me"}, &m)
}

// Meta asks for a file without its contents.
func (c *Client) Meta(ctx context.Context, file string) (Meta, error) {
	var out struct {
		File Meta `json:"file"`
	}
	err := c.read(ctx, ask{tier: Tier3, file: file, path: "/v1/files/" + segment(file) + "/meta"}, &out)
	return out.File, err
}

// Comments lists the comments of a file, with messages in Markdown.
func (c *Client) Comments(ctx context.Context, file string) ([]Comment, error) {
	var out struct {
		Comments []Comment `json:"comments"`
	}
	err := c.read(ctx, ask{tier: Tier2, file: file, path: "/v1/files/" + segment(file) + "/comments", query: url.Values{"as_md": {"true"}}}, &out)
	return out.Comments, err
}

// PostComment posts a comment. It is sent once: where its answer is lost, the
// error is *Unanswered, and the comment may be there or not.
func (c *Client) PostComment(ctx context.Context, file string, n NewComment) (Comment, error) {
	body, err := json.Marshal(n)
	if err != nil {
		return Comment{}, err
	}
	var out Comment
	err = c.read(ctx, ask{tier: Tier2, file: file, method: http.MethodPost, path: "/v1/files/" + segment(file) + "/comments", body: body}, &out)
	return out, err
}

// Versions lists a part of a file's history, the newest first.
func (c *Client) Versions(ctx context.Context, file string, p Page) (VersionPage, error) {
	var out struct {
		Versions   []Version `json:"versions"`
		Pagination struct {
			Next string `json:"next_page"`
		} `json:"pagination"`
	}
	err := c.read(ctx, ask{tier: Tier2, file: file, path: "/v1/files/" + segment(file) + "/versions", query: p.query()}, &out)
	next := VersionPage{Versions: out.Versions}
	if u, bad := url.Parse(out.Pagination.Next); bad == nil {
		if before := u.Query().Get("before"); number.MatchString(before) {
			next.Before = before
		}
	}
	return next, err
}

// TeamFolders lists the folders at the top of a team.
func (c *Client) TeamFolders(ctx context.Context, team string) (FolderList, error) {
	return c.folders(ctx, "/v2/teams/"+segment(team)+"/folders")
}

// Subfolders lists the folders in a folder.
func (c *Client) Subfolders(ctx context.Context, folder string) (FolderList, error) {
	return c.folders(ctx, "/v2/folders/"+segment(folder)+"/folders")
}

// TeamProjects lists the projects of a team: the deprecated form of TeamFolders,
// for tokens that may not use that.
func (c *Client) TeamProjects(ctx context.Context, team string) (FolderList, error) {
	return c.folders(ctx, "/v1/teams/"+segment(team)+"/projects")
}

func (c *Client) folders(ctx context.Context, path string) (FolderList, error) {
	var out struct {
		Name     string   `json:"name"`
		Folders  []Folder `json:"folders"`
		Projects []Folder `json:"projects"`
	}
	err := c.read(ctx, ask{tier: Tier2, path: path}, &out)
	return FolderList{Name: out.Name, Folders: append(out.Folders, out.Projects...)}, err
}

// FolderFiles lists the files in a folder, with their branches.
func (c *Client) FolderFiles(ctx context.Context, folder string) (l FileList, err error) {
	return l, c.read(ctx, ask{tier: Tier2, path: "/v2/folders/" + segment(folder) + "/files", query: url.Values{"branch_data": {"true"}}}, &l)
}

// ProjectFiles is the deprecated form of FolderFiles.
func (c *Client) ProjectFiles(ctx context.Context, project string) (l FileList, err error) {
	return l, c.read(ctx, ask{tier: Tier2, path: "/v1/projects/" + segment(project) + "/files", query: url.Values{"branch_data": {"true"}}}, &l)
}

// FilePublished lists what a file publishes, all of it.
func (c *Client) FilePublished(ctx context.Context, file string, k Asset) ([]Published, error) {
	p, err := c.published(ctx, ask{tier: Tier3, file: file, path: "/v1/files/" + segment(file) + "/" + string(k)}, k)
	return p.List, err
}

// TeamPublished lists a part of what the files of a team publish.
func (c *Client) TeamPublished(ctx context.Context, team string, k Asset, p Page) (PublishedPage, error) {
	return c.published(ctx, ask{tier: Tier3, path: "/v1/teams/" + segment(team) + "/" + string(k), query: p.query()}, k)
}

func (c *Client) published(ctx context.Context, a ask, k Asset) (PublishedPage, error) {
	var out struct {
		Meta map[string]json.RawMessage `json:"meta"`
	}
	if err := c.read(ctx, a, &out); err != nil {
		return PublishedPage{}, err
	}
	var p PublishedPage
	if err := json.Unmarshal(out.Meta[string(k)], &p.List); err != nil {
		return p, unreadable(err)
	}
	var cursor struct {
		After json.Number `json:"after"`
	}
	if raw := out.Meta["cursor"]; raw != nil && json.Unmarshal(raw, &cursor) == nil && len(p.List) > 0 {
		p.After = cursor.After.String()
	}
	return p, nil
}

// Images asks for pictures of nodes and returns their URLs by node id, which
// last 30 days. The URL of a node that cannot be rendered is empty.
func (c *Client) Images(ctx context.Context, file string, r Render) (map[string]string, error) {
	var out struct {
		Err    *string            `json:"err"`
		Images map[string]*string `json:"images"`
	}
	a := ask{tier: Tier1, file: file, path: "/v1/images/" + segment(file), query: r.query()}
	if err := c.read(ctx, a, &out); err != nil {
		return nil, err
	}
	if out.Err != nil {
		return nil, worded(a, http.StatusBadRequest, *out.Err)
	}
	urls := make(map[string]string, len(out.Images))
	for id, u := range out.Images {
		urls[id] = ""
		if u != nil {
			urls[id] = c.usable(*u)
		}
	}
	return urls, nil
}

// ImageFills returns the URLs of the images that a file uses, by their
// references; they last 14 days at most.
func (c *Client) ImageFills(ctx context.Context, file string) (map[string]string, error) {
	var out struct {
		Meta struct {
			Images map[string]string `json:"images"`
		} `json:"meta"`
	}
	err := c.read(ctx, ask{tier: Tier2, file: file, path: "/v1/files/" + segment(file) + "/images"}, &out)
	for ref, u := range out.Meta.Images {
		out.Meta.Images[ref] = c.usable(u)
	}
	return out.Meta.Images, err
}

// number is what ids of versions look like.
var number = regexp.MustCompile(`^[0-9]{1,40}$`)

// segment makes s one segment of a path, whatever is in it.
func segment(s string) string { return url.PathEscape(s) }

func (p Page) query() url.Values {
	q := url.Values{}
	if p.Size > 0 {
		q.Set("page_size", strconv.Itoa(p.Size))
	}
	if p.Before != "" {
		q.Set("before", p.Before)
	}
	if p.After != "" {
		q.Set("after", p.After)
	}
	return q
}

func (r Render) query() url.Values {
	q := url.Values{"ids": {strings.Join(r.IDs, ",")}, "format": {r.Format}}
	if r.Scale != 0 {
		q.Set("scale", strconv.FormatFloat(r.Scale, 'f', -1, 64))
	}
	if r.Version != "" {
		q.Set("version", r.Version)
	}
	if r.SVGOutlineText != nil {
		q.Set("svg_outline_text", strconv.FormatBool(*r.SVGOutlineText))
	}
	return q
}
