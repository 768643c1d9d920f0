package figma

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
)

// reference is what a link or a key names.
type reference struct {
	Key   string   // of the file; of a branch, the branch's own
	Nodes []string // node ids of the link, as 1:2; nil: none
}

// isKey tells what Figma's file keys look like: letters and digits, which keeps
// a key from being a path.
func isKey(s string) bool {
	return len(s) >= 10 && len(s) <= 128 && strings.IndexFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')
	}) < 0
}

// editors are the path segments before a key in Figma's URLs.
var editors = map[string]bool{
	"file": true, "design": true, "board": true, "slides": true, "deck": true, "proto": true, "buzz": true, "site": true, "make": true, "branch": true,
}

// parseFile reads a key, a URL of a file in any of Figma's forms (with branches,
// nodes, prototypes and embeds), or one of our own resources.
// Errors: bad_argument.
func parseFile(file string) (reference, error) {
	file = strings.TrimSpace(file)
	if isKey(file) {
		return reference{Key: file}, nil
	}
	u := parseURL(file)
	if u == nil {
		return reference{}, badFile()
	}
	if inner := u.Query().Get("url"); inner != "" && strings.HasPrefix(u.Path, "/embed") {
		if u = parseURL(inner); u == nil {
			return reference{}, badFile()
		}
	}
	ref := reference{Key: keyIn(u)}
	if ref.Key == "" {
		return reference{}, badFile()
	}
	for _, name := range []string{"node-id", "starting-point-node-id"} {
		if ids, err := parseNodes(u.Query()[name]); err == nil && len(ids) > 0 {
			ref.Nodes = ids
			break
		}
	}
	return ref, nil
}

// parseURL reads s as a URL, with or without its scheme; nil: it is none.
func parseURL(s string) *url.URL {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return nil
	}
	if u.Scheme == "figma" { // figma://file/KEY/node/1:2 is a resource of ours
		ids := ""
		key, node, found := strings.Cut(strings.Trim(u.Path, "/"), "/node/")
		if found {
			ids = "?node-id=" + url.QueryEscape(node)
		}
		u, err = url.Parse("https://figma.invalid/" + u.Host + "/" + key + ids)
		if err != nil {
			return nil
		}
	}
	return u
}

// keyIn is the last key in the path, which is the branch's where there is one.
func keyIn(u *url.URL) (key string) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	for i := 0; i+1 < len(parts); i++ {
		if editors[parts[i]] && isKey(parts[i+1]) {
			key = parts[i+1]
		}
	}
	return key
}

func badFile() error {
	return tools.NewBadArgument("file is neither the key nor the URL of a Figma file",
		"Give file as the link from Figma's address bar, such as https://www.figma.com/design/KEY/Name, or as the key in it.")
}

// nodeID is what node ids look like, those in instances too.
var nodeID = regexp.MustCompile(`^I?-?\d+:-?\d+(;-?\d+:-?\d+)*$`)

// parseNodes reads node ids as they are in answers (1:2), in links (1-2), in
// whole links, and several with commas between them; it drops repeated ones.
// Errors: bad_argument.
func parseNodes(given []string) (ids []string, err error) {
	for _, text := range given {
		if strings.Contains(text, "node-id=") {
			ref, err := parseFile(text)
			if err != nil {
				return nil, err
			}
			ids = append(ids, ref.Nodes...)
			continue
		}
		for id := range strings.SplitSeq(text, ",") {
			id = strings.TrimSpace(id)
			if plain, err := url.QueryUnescape(id); err == nil {
				id = plain
			}
			if !strings.Contains(id, ":") {
				id = strings.ReplaceAll(id, "-", ":")
			}
			if !nodeID.MatchString(id) {
				return nil, tools.NewBadArgument("node_ids has something that is no node id",
					"Give node ids as 1:2, from figma_get_file or from node-id in a link.")
			}
			ids = append(ids, id)
		}
	}
	return unique(ids), nil
}

// unique keeps the first of each, in order.
func unique(ids []string) []string {
	seen := map[string]bool{}
	return slices.DeleteFunc(ids, func(id string) bool {
		before := seen[id]
		seen[id] = true
		return before
	})
}

// nodesOf are those that an argument names, or else those of the link.
func (r reference) nodesOf(given []string) ([]string, error) {
	if len(given) == 0 {
		return r.Nodes, nil
	}
	return parseNodes(given)
}
