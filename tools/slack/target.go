package slack

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// target is a conversation that may be written to.
type target struct {
	api.Channel
	where place // as answers have it
}

// target finds the conversation that text names, and refuses it where it must not
// be written to. Every tool that writes asks here first.
// Errors: of names.Names.Target, *posting.Denied, and *api.Error of what is archived.
func (h handlers) target(ctx context.Context, text string) (target, error) {
	ch, err := h.Names.Target(ctx, text)
	if err != nil {
		return target{}, err
	}
	tools.Touch(ctx, "channel:"+ch.ID)
	to, who := target{ch, h.placeOf(ctx, ch)}, api.User{}
	if ch.Kind == api.Direct && ch.User != "" {
		who = h.called.People(ctx, []string{ch.User})[ch.User]
		who.ID = ch.User
	}
	if err := h.Policy.Check(ch, who); err != nil {
		return to, err
	}
	if ch.Archived { // of which Slack tells only who posts
		return to, &api.Error{Kind: api.ChannelArchived}
	}
	return to, nil
}

// opened reports whether there is a conversation: not with somebody to whom
// nothing was said yet.
func (t target) opened() bool { return t.ID != t.User || t.User == "" }

// message is a message that a caller names.
type message struct {
	channel string // id, of a link alone
	ts      string
	thread  string // ts of the message that begins its thread, of a link alone
}

// timestamp is a ts, and the same in links and without its point.
var timestamp = regexp.MustCompile(`^(?:(\d{1,12}\.\d{6})|p?(\d{10})(\d{6}))$`)

// parseMessage reads a ts, or a link to a message. argument names it in errors.
// Errors: bad_argument.
func parseMessage(text, argument string) (message, error) {
	text = strings.TrimSpace(text)
	if m := timestamp.FindStringSubmatch(text); m != nil {
		if m[1] != "" {
			return message{ts: m[1]}, nil
		}
		return message{ts: m[2] + "." + m[3]}, nil
	}
	if channel, ts, thread, ok := names.Link(text); ok && ts != "" {
		return message{channel, ts, thread}, nil
	}
	return message{}, tools.NewBadArgument(argument+" is no ts of a message and no link to one",
		"Give "+argument+" a ts as slack_get_channel_history shows it, such as 1726133700.123456, or the link of the message.")
}

// of says that the message is in another conversation, if it is.
func (m message) of(to target, argument string) error {
	if m.channel == "" || m.channel == to.ID {
		return nil
	}
	return tools.NewBadArgument(argument+" is a link to a message of another conversation than channel",
		"Give the link as channel too, or a message of the channel.")
}

// root is the ts of the message that begins the thread of m.
func (m message) root() string {
	if m.thread != "" {
		return m.thread
	}
	return m.ts
}

// replyTo is the message to reply to, by what callers give as thread_ts and
// channel; zero: none.
// Errors: bad_argument, also where channel alone is a link to a message: whether
// that is to be replied to cannot be known.
func replyTo(channel, thread string, broadcast bool) (message, error) {
	switch _, ts, _, ok := names.Link(channel); {
	case thread != "":
		return parseMessage(thread, "thread_ts")
	case ok && ts != "":
		return message{}, tools.NewBadArgument("channel is a link to a message", "Give the link as thread_ts to reply to it, and the channel's #name or id as channel.")
	case broadcast:
		return message{}, tools.NewBadArgument("reply_broadcast is for replies", "Give thread_ts, or leave out reply_broadcast.")
	}
	return message{}, nil
}

// existing is the message that is to be changed or deleted, and where it is, by
// what callers give as ts and channel: the link of the message will do for both.
// Errors: bad_argument, and those of target.
func (h handlers) existing(ctx context.Context, channel, ts string) (target, string, error) {
	if ts == "" {
		if _, linked, _, ok := names.Link(channel); !ok || linked == "" {
			return target{}, "", tools.NewBadArgument("the argument ts is missing", "Give the ts of the message, or its link as channel.")
		}
		ts = channel
	}
	m, err := parseMessage(ts, "ts")
	if err != nil {
		return target{}, "", err
	}
	to, err := h.target(ctx, channel)
	if err != nil {
		return to, "", err
	}
	if err := m.of(to, "ts"); err != nil {
		return to, "", err
	}
	if !to.opened() {
		return to, "", &unopened{to.where, "Check channel: nothing was said there yet."}
	}
	tools.Touch(ctx, "message:"+to.ID+":"+m.ts)
	return to, m.ts, nil
}

// unopened says that there is no direct message with somebody yet.
type unopened struct {
	place
	hint string
}

// Error says with whom.
func (e *unopened) Error() string { return "there is no " + e.place.text() + " yet" }

// Code is unknown_channel.
func (*unopened) Code() string { return "unknown_channel" }

// Hint says how to go on.
func (e *unopened) Hint() string { return e.hint }

// permalink is where a message opens, built rather than asked for: base is the
// address of the workspace. Empty where base is no address.
// Source: the answers of https://docs.slack.dev/reference/methods/chat.getPermalink
func permalink(base, channel, ts, thread string) string {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || u.Host == "" || ts == "" {
		return ""
	}
	u = u.JoinPath("archives", channel, "p"+strings.ReplaceAll(ts, ".", ""))
	u.RawQuery, u.Fragment = "", ""
	if thread != "" && thread != ts {
		u.RawQuery = url.Values{"thread_ts": {thread}, "cid": {channel}}.Encode()
	}
	return u.String()
}

// onlyLink is what Slack sends as a link; empty where it is none.
func onlyLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// linkTo is the permalink of a message; empty where it cannot be known. It is
// asked for after the act, which its failure must not undo.
func (h handlers) linkTo(ctx context.Context, channel, ts, thread string) string {
	me, err := h.me(ctx)
	if err != nil {
		return ""
	}
	return permalink(me.URL, channel, ts, thread)
}

// lines joins those that are not empty.
func lines(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(s string) bool { return s == "" }), "\n")
}
