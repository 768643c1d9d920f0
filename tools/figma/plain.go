package figma

import (
	"regexp"
	"strconv"
)

// simple is what ids, keys and times look like.
var simple = regexp.MustCompile(`^[A-Za-z0-9_:;.,+-]{0,200}$`)

// plain writes what should be an id, a key or a time, and quotes what is not, so
// that nothing that Figma sends can look like a line of ours.
func plain(s string) string {
	if simple.MatchString(s) {
		return s
	}
	return strconv.QuoteToASCII(short(s))
}

// longName bounds a name that is shown, characters.
const longName = 200

// short cuts a name that is too long to be shown.
func short(s string) string {
	n := 0
	for i := range s {
		if n == longName {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
