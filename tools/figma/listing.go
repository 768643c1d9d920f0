package figma

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// addFolders adds the files of folders, the first from at on, until there is
// enough of them.
func (h handlers) addFolders(ctx context.Context, out *listFilesResult, folders []api.Folder, at listCursor, limit int) error {
	for i, f := range folders {
		if out.Read == foldersACall || out.Files >= limit {
			out.NextCursor = listCursor{folder: f.ID}.String()
			break
		}
		tools.Progress(ctx, float64(i), float64(min(len(folders), foldersACall)), "reading the files of a folder")
		more, err := h.addFolder(ctx, out, f, at, limit)
		if err != nil {
			return out.interrupted(f, at, err)
		}
		if at = (listCursor{}); more != "" {
			out.NextCursor = more
			break
		}
	}
	out.Note = out.note()
	return nil
}

// addFolder adds the files of f; more is the cursor where it has more of them.
// A folder that may not be seen is no error: the others may.
func (h handlers) addFolder(ctx context.Context, out *listFilesResult, f api.Folder, at listCursor, limit int) (more string, err error) {
	c, err := h.api.FolderContents(ctx, f.ID, false)
	if kind, _ := api.KindOf(err); kind == api.NotFound || kind == api.Forbidden {
		out.Read++
		out.Folders = append(out.Folders, folderEntry{ID: f.ID, Name: f.Name, Files: []fileEntry{}, Problem: "this account may not see its files"})
		return "", nil
	}
	if err != nil {
		return "", explain(err)
	}
	return out.add(f, c, at, limit), nil
}

// add adds the files of a folder that match, from those that at has had.
func (r *listFilesResult) add(f api.Folder, c api.Contents, at listCursor, limit int) (more string) {
	r.Read++
	e := folderEntry{ID: f.ID, Name: f.Name, Files: []fileEntry{}}
	all := r.matches(f.Name)
	for i, file := range c.Files {
		if i < at.offset || !all && !r.matches(names(file)...) {
			continue
		}
		if r.Files == limit {
			more = listCursor{f.ID, i}.String()
			break
		}
		e.Files = append(e.Files, entryOf(file))
		r.Files++
	}
	if len(e.Files) > 0 || all {
		r.Folders = append(r.Folders, e)
	}
	return more
}

func names(f api.FileEntry) []string {
	list := []string{f.Name}
	for _, b := range f.Branches {
		list = append(list, b.Name)
	}
	return list
}

func entryOf(f api.FileEntry) fileEntry {
	e := fileEntry{Key: f.Key, Name: f.Name, LastModified: moment(f.LastModified)}
	for _, b := range f.Branches {
		e.Branches = append(e.Branches, branch{b.Key, b.Name})
	}
	return e
}

// matches tells whether a name has the query in it.
func (r *listFilesResult) matches(names ...string) bool {
	for _, n := range names {
		if strings.Contains(strings.ToLower(n), r.query) {
			return true
		}
	}
	return false
}

// addInner adds folders that are in the folder f, where they match.
func (r *listFilesResult) addInner(f api.Folder, inner []api.Folder) {
	for _, in := range inner {
		if !r.matches(in.Name) {
			continue
		}
		if len(r.Folders) == 0 {
			r.Folders = append(r.Folders, folderEntry{ID: f.ID, Name: f.Name, Files: []fileEntry{}})
		}
		r.Folders[0].Folders = append(r.Folders[0].Folders, place{in.ID, in.Name})
	}
}

// interrupted says where to go on after a folder that could not be read.
// Errors: err, where nothing was read before or going on is no use.
func (r *listFilesResult) interrupted(f api.Folder, at listCursor, err error) error {
	kind, _ := api.KindOf(err)
	if r.Read == 0 || kind != api.Limited && kind != api.Away {
		return err
	}
	r.NextCursor = listCursor{f.ID, at.offset}.String()
	wait := 0
	var e *api.Error
	if errors.As(err, &e) {
		wait = int(e.RetryAfter().Seconds() + 1)
	}
	r.Note = fmt.Sprintf("Figma answered no more: %s. Go on with next_cursor after %d s.", err, wait)
	return nil
}

// note says what was searched where nothing is returned.
func (r *listFilesResult) note() string {
	switch {
	case len(r.Folders) > 0 && (r.Files > 0 || r.query == ""):
		return ""
	case r.NextCursor != "":
		return fmt.Sprintf("No file matched in the %d folders that were read; the others follow with next_cursor.", r.Read)
	case r.Total == 0:
		return "The team has no folders that this account can see; drafts are in none."
	case r.query == "":
		return "There are no files."
	case r.Files == 0:
		return "No file matched. Try another part of the name; drafts and files that were only shared by link are in no folder."
	default:
		return ""
	}
}

// listCursor is where to go on: with a folder, after some of its files.
type listCursor struct {
	folder string // empty: the first
	offset int
}

// String is the cursor as answers have it.
func (c listCursor) String() string { return c.folder + "." + strconv.Itoa(c.offset) }

// readListCursor reads what String wrote.
// Errors: bad_argument.
func readListCursor(s string) (c listCursor, err error) {
	if s == "" {
		return c, nil
	}
	folder, offset, _ := strings.Cut(s, ".")
	n, err := strconv.Atoi(offset)
	if err != nil || n < 0 || !digits(folder) {
		return c, tools.NewBadArgument("cursor is none that an answer gave", "Give next_cursor of the answer before, or nothing.")
	}
	return listCursor{folder, n}, nil
}

// in is the index of the cursor's folder.
// Errors: bad_argument.
func (c listCursor) in(list []api.Folder) (int, error) {
	if c.folder == "" {
		return 0, nil
	}
	for i, f := range list {
		if f.ID == c.folder {
			return i, nil
		}
	}
	return 0, tools.NewBadArgument("the team no longer has the folder that cursor goes on with", "Call figma_list_files without cursor.")
}
