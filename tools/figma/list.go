package figma

import (
	"context"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

var listFilesSpec = tools.Spec{
	Name:      "figma_list_files",
	Title:     "List Figma files",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges:    map[string]tools.Range{"limit": {Min: 1, Max: 500, Default: 100}},
	Description: "List the files of a Figma team by folder (once called project), or those of one folder, with branches and last change; query filters by name. " +
		"Ten folders a call: give next_cursor as cursor for more. Figma has no search and does not tell which teams there are.",
}

// foldersACall bounds the folders read by one call: each is a request.
const foldersACall = 10

type listFilesArgs struct {
	Team   string `json:"team,omitempty" jsonschema:"id or URL of the team's page; may be left out where the operator has set one"`
	Folder string `json:"folder,omitempty" jsonschema:"id or URL of one folder (project) to list, with the folders in it"`
	Query  string `json:"query,omitempty" jsonschema:"part of the name of a file, branch or folder, in any case"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most files to return"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before"`
}

type listFilesResult struct {
	Team       string        `json:"team,omitempty" jsonschema:"id of the team that was listed"`
	Name       string        `json:"name" jsonschema:"of the team or the folder"`
	Folders    []folderEntry `json:"folders" jsonschema:"in Figma's order"`
	Files      int           `json:"files" jsonschema:"files in this answer"`
	Read       int           `json:"read" jsonschema:"folders whose files were looked at for this answer"`
	Total      int           `json:"total" jsonschema:"folders at the top of the team, or 1"`
	NextCursor string        `json:"next_cursor,omitempty" jsonschema:"for more; absent at the end"`
	Note       string        `json:"note,omitempty"`

	query string
}

// folderEntry is a folder with what is in it.
type folderEntry struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`
	Files   []fileEntry `json:"files"`
	Folders []place     `json:"folders,omitempty" jsonschema:"folders in it, where one folder is listed"`
	Problem string      `json:"problem,omitempty" jsonschema:"why its files are not known"`
}

type fileEntry struct {
	Key          string   `json:"key" jsonschema:"file argument of the other tools"`
	Name         string   `json:"name"`
	LastModified string   `json:"last_modified"`
	Branches     []branch `json:"branches,omitempty"`
}

type branch struct {
	Key  string `json:"key"`
	Name string `json:"name"`
}

type place struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// listFiles answers the figma_list_files tool.
// Errors: bad_argument, *unlisted, *api.Error.
func (h handlers) listFiles(ctx context.Context, in listFilesArgs) (listFilesResult, error) {
	if in.Folder == "" && isFolderURL(in.Team) {
		in.Team, in.Folder = "", in.Team
	}
	at, err := readListCursor(in.Cursor)
	if err != nil {
		return listFilesResult{}, err
	}
	out := listFilesResult{Folders: []folderEntry{}, query: strings.ToLower(strings.TrimSpace(in.Query))}
	if in.Folder != "" {
		return h.listFolder(ctx, in, at, out)
	}
	if out.Team, err = h.teamOf(in.Team); err != nil {
		return out, err
	}
	tools.Touch(ctx, "team:"+out.Team)
	list, err := h.teamFolders(ctx, out.Team)
	if err != nil {
		return out, err
	}
	out.Name, out.Total = list.Name, len(list.Folders)
	first, err := at.in(list.Folders)
	if err != nil {
		return out, err
	}
	err = h.addFolders(ctx, &out, list.Folders[first:], at, in.Limit)
	return out, err
}

// teamOf is the team that is asked for, or the operator's.
func (h handlers) teamOf(team string) (string, error) {
	if team == "" {
		team = h.team
	}
	if team == "" {
		return "", tools.NewBadArgument("there is no team, and Figma does not tell which ones an account is in",
			"Give team as the address of the team's page in Figma, whose number after /team/ is its id.")
	}
	return parseTeam(team)
}

// listFolder lists one folder, and the folders in it.
func (h handlers) listFolder(ctx context.Context, in listFilesArgs, at listCursor, out listFilesResult) (listFilesResult, error) {
	id, err := parseFolder(in.Folder)
	if err != nil {
		return out, err
	}
	tools.Touch(ctx, "folder:"+id)
	c, err := h.api.FolderContents(ctx, id, true)
	if err != nil {
		return out, explain(err)
	}
	out.Name, out.Total = c.Name, 1
	out.NextCursor = out.add(api.Folder{ID: id, Name: c.Name}, c, at, in.Limit)
	if at.offset == 0 {
		out.addInner(api.Folder{ID: id, Name: c.Name}, c.Folders)
	}
	out.Note = out.note()
	if c.NoFolders {
		out.Note = strings.TrimSpace(out.Note + " Folders in it cannot be listed with this account's scopes.")
	}
	return out, nil
}

// Text is one file a line, under its folder; names are other people's text.
func (r listFilesResult) Text() string {
	var b strings.Builder
	if r.Team != "" {
		fmt.Fprintf(&b, "team %s %q\n", r.Team, r.Name)
	}
	for _, f := range r.Folders {
		fmt.Fprintf(&b, "folder %s %q", plain(f.ID), f.Name)
		if f.Problem != "" {
			b.WriteString(": " + f.Problem)
		}
		b.WriteByte('\n')
		for _, in := range f.Folders {
			fmt.Fprintf(&b, "  folder %s %q\n", plain(in.ID), in.Name)
		}
		for _, file := range f.Files {
			fmt.Fprintf(&b, "  %s %s %q\n", plain(file.Key), file.LastModified, file.Name)
			for _, br := range file.Branches {
				fmt.Fprintf(&b, "    branch %s %q\n", plain(br.Key), br.Name)
			}
		}
	}
	fmt.Fprintf(&b, "(%d files; %d of %d folders were read", r.Files, r.Read, r.Total)
	if r.NextCursor != "" {
		b.WriteString("; more: cursor=" + r.NextCursor)
	}
	b.WriteString(")")
	if r.Note != "" {
		b.WriteString("\n" + r.Note)
	}
	return b.String()
}
