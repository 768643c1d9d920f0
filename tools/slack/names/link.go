package names

import (
	"net/url"
	"regexp"
	"strings"
)

// What Slack's ids and timestamps look like: capitals and digits, the first of
// which says what it is.
// Source: https://docs.slack.dev/reference/objects/conversation-object and
// https://docs.slack.dev/reference/objects/user-object
var (
	channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{6,20}$`)
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]{6,20}$`)
	linked    = regexp.MustCompile(`^p(\d{10,12})(\d{6})$`)
	moment    = regexp.MustCompile(`^\d{1,12}\.\d{6}$`)
)

// Link reads a link to a conversation, or to a message in it, as Slack's clients
// copy it. ts is empty where it is to a conversation; thread is the ts of the
// message that begins the thread, and empty where the message is no reply.
// Source: the answers of https://docs.slack.dev/reference/methods/chat.getPermalink
func Link(text string) (channel, ts, thread string, ok bool) {
	u := parseURL(text)
	if u == nil {
		return "", "", "", false
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		switch m := linked.FindStringSubmatch(part); {
		case channel == "" && channelID.MatchString(part):
			channel = part
		case channel != "" && m != nil:
			ts = m[1] + "." + m[2]
		case channel != "" && strings.HasPrefix(part, channel+"-") && moment.MatchString(part[len(channel)+1:]):
			ts = part[len(channel)+1:] // app.slack.com/client/T…/C…/thread/C…-1726133700.123456
		}
	}
	if t := u.Query().Get("thread_ts"); ts != "" && t != ts && moment.MatchString(t) {
		thread = t
	}
	return channel, ts, thread, channel != ""
}

// parseURL reads an address of Slack, or of one of our resources; nil: it is none.
func parseURL(text string) *url.URL {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "<"); ok {
		text, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil
	}
	switch host := u.Hostname(); {
	case u.Scheme == "slack" && host == "channel": // slack://channel/C…, and Slack's own slack://channel?id=C…
		u.Path = strings.TrimSuffix(u.Path, "/") + "/" + u.Query().Get("id")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil
	case host != "slack.com" && !strings.HasSuffix(host, ".slack.com") && !strings.HasSuffix(host, ".slack-gov.com"):
		return nil
	}
	return u
}

// reference is what a text names; one of its fields is set.
type reference struct {
	channel string // id
	user    string // id
	email   string
	handle  string // with @ before it
	name    string // of a channel, with or without #
}

// parse reads what callers write for a channel or a person.
func parse(text string) (ref reference) {
	text = strings.TrimSpace(text)
	if channel, _, _, ok := Link(text); ok {
		return reference{channel: channel}
	}
	if id := linkedUser(text); id != "" {
		return reference{user: id}
	}
	inner, marked := strings.CutPrefix(text, "<")
	inner, _, _ = strings.Cut(strings.TrimSuffix(inner, ">"), "|")
	bare := strings.TrimLeft(inner, "#@")
	switch {
	case channelID.MatchString(bare):
		return reference{channel: bare}
	case userID.MatchString(bare):
		return reference{user: bare}
	case marked:
		text = inner
	}
	text = strings.TrimPrefix(text, "mailto:")
	at := strings.LastIndexByte(text, '@')
	switch {
	case at > 0 && strings.IndexByte(text[at:], '.') > 0 && !strings.ContainsAny(text, " #"):
		return reference{email: text}
	case at == 0:
		return reference{handle: strings.TrimSpace(text[1:])}
	default:
		return reference{name: strings.TrimSpace(strings.TrimPrefix(text, "#"))}
	}
}

// linkedUser is the id in a link to a profile, such as https://x.slack.com/team/U….
func linkedUser(text string) string {
	u := parseURL(text)
	if u == nil {
		return ""
	}
	_, id, _ := strings.Cut(u.Path, "/team/")
	if !userID.MatchString(id) {
		return ""
	}
	return id
}
