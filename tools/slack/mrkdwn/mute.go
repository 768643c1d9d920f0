package mrkdwn

import (
	"html"
	"regexp"
	"strings"
)

var (
	// typedCast is a mention as people type it. Slack makes one of it where
	// link_names is set, and perhaps in text objects that are not verbatim.
	typedCast = regexp.MustCompile(`(?i)@(channel|here|everyone|group)\b`)

	// openCast is what a broadcast begins with, closed or not.
	openCast = regexp.MustCompile(`(?i)<\s*!\s*(channel|here|everyone|group\b|subteam)`)

	// markdownCast is the same as Markdown may write it: its < and ! escaped by
	// \ or as entities.
	markdownCast = regexp.MustCompile(`(?i)(<|&lt;?|&#0*60;?|&#x0*3c;?)([\s\\]*)(!|&excl;|&#0*33;?|&#x0*21;?)([\s\\]*)(channel|here|everyone|group\b|subteam)`)
)

// Mute makes every broadcast of a mrkdwn text inert, in whatever spelling: its <
// becomes &lt;, and a typed @channel gets a zero width space, but for one in the
// address of a link. All else stays byte for byte.
func Mute(text string) string {
	return muteTyped(openCast.ReplaceAllStringFunc(text, func(cast string) string {
		return "&lt;" + cast[1:]
	}))
}

// MuteMarkdown does the same for Markdown that Slack itself will read, as in a
// markdown block. What Slack makes of <!channel> there is nowhere written, so a
// zero width space goes in, which no number of decodings takes out.
func MuteMarkdown(text string) string {
	text = markdownCast.ReplaceAllString(text, "$1$2$3"+hidden+"$4$5")
	text = muteTyped(text)
	if read := html.UnescapeString(strings.ReplaceAll(text, `\`, "")); HasBroadcast(read) {
		text = strings.ReplaceAll(text, "&", "&amp;") // spelled out letter by letter: shown that way
		return strings.ReplaceAll(text, `\`, `\\`)
	}
	return text
}

// HasBroadcast says whether a mrkdwn text holds what would notify a whole channel
// or group, as a sequence or as a typed @channel, closed or not.
func HasBroadcast(text string) bool {
	return openCast.MatchString(text) || len(typed(text)) > 0
}

// muteTyped parts the @ of typed broadcasts from their word.
func muteTyped(text string) string {
	at := typed(text)
	if len(at) == 0 {
		return text
	}
	var b strings.Builder
	from := 0
	for _, i := range at {
		b.WriteString(text[from:i+1] + hidden)
		from = i + 1
	}
	return b.String() + text[from:]
}

// typed finds the @ of typed broadcasts. That of an email address is none, nor one
// in the address of a link.
func typed(text string) []int {
	if !strings.Contains(text, "@") {
		return nil
	}
	found := typedCast.FindAllStringIndex(text, -1)
	if found == nil {
		return nil
	}
	links := addresses(text)
	var at []int
	for _, m := range found {
		for len(links) > 0 && links[0].end <= m[0] {
			links = links[1:]
		}
		linked := len(links) > 0 && links[0].start <= m[0]
		if !linked && (m[0] == 0 || !letter(text[m[0]-1])) {
			at = append(at, m[0])
		}
	}
	return at
}

// span is a piece of a text, in bytes.
type span struct{ start, end int }

// addresses finds the addresses of the links of a mrkdwn text, in order.
func addresses(text string) []span {
	var found []span
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '<')
		if next < 0 {
			return found
		}
		at += next
		t, n, ok := read(text[at:])
		if !ok {
			at++
			continue
		}
		if t.kind == link {
			found = append(found, span{at + 1, at + 1 + len(t.head)})
		}
		at += n
	}
}

func letter(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
