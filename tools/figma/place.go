package figma

import (
	"net/url"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

// parseTeam reads the id of a team, or the URL of its page.
// Errors: bad_argument.
func parseTeam(team string) (string, error) {
	if id := idAfter(team, "team"); id != "" {
		return id, nil
	}
	return "", tools.NewBadArgument("team is neither the id nor the URL of a Figma team",
		"Give team as the address of the team's page in Figma, such as https://www.figma.com/files/team/123/Name, or as the number after /team/.")
}

// parseFolder reads the id of a folder, which was called a project, or the URL
// of its page.
// Errors: bad_argument.
func parseFolder(folder string) (string, error) {
	if id := idAfter(folder, "folder", "project"); id != "" {
		return id, nil
	}
	return "", tools.NewBadArgument("folder is neither the id nor the URL of a Figma folder",
		"Give folder as an id from figma_list_files, or as the address of its page in Figma, such as https://www.figma.com/files/project/123/Name.")
}

// idAfter is s where that is an id, or else what follows the last of the names
// in the path of a URL; empty: there is none.
func idAfter(s string, names ...string) (id string) {
	if s = strings.TrimSpace(s); digits(s) {
		return s
	}
	u := parseURL(s)
	if u == nil {
		return ""
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i := 0; i+1 < len(parts); i++ {
		for _, name := range names {
			if parts[i] == name && digits(parts[i+1]) {
				id = parts[i+1]
			}
		}
	}
	return id
}

// isFolderURL tells links of folders from those of teams, which are in them too.
func isFolderURL(s string) bool {
	u, err := url.Parse(strings.TrimSpace(s))
	return err == nil && u.Path != "" && !digits(s) && idAfter(s, "folder", "project") != ""
}
