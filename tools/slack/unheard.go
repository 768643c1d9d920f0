package slack

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// code is what is shown as it is, and atName what looks like a mention and is none.
var (
	code   = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	atName = regexp.MustCompile(`(?:^|[\s(])@([\p{L}\p{N}][\p{L}\p{N}._-]*[\p{L}\p{N}])`)
)

// mostUnheard bounds how many are named.
const mostUnheard = 5

// unheard says who is named in texts without being notified; empty: nobody.
func unheard(list []api.NewMessage) string {
	var names []string
	for _, m := range list {
		for _, found := range atName.FindAllStringSubmatch(code.ReplaceAllString(m.Text, " "), -1) {
			if name := "@" + found[1]; !slices.Contains(names, name) && len(names) < mostUnheard {
				names = append(names, name)
			}
		}
	}
	if names == nil {
		return ""
	}
	return strings.Join(names, ", ") + " in the text is plain text and notifies nobody: to mention somebody, write <@ID> with the id of slack_find_user."
}
