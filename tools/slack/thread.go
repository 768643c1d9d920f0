package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

var getThreadSpec = tools.Spec{
	Name:      "slack_get_thread",
	Title:     "Read a Slack thread",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges: map[string]tools.Range{
		"limit":  {Min: 1, Max: 5_000, Default: 200},
		"budget": {Min: 4_000, Max: 400_000, Default: 24_000},
	},
	Description: "Read a thread of Slack from its first message on, by channel and thread_ts (that of any message in it) or by the link of a message alone. " +
		"Stops at limit messages or budget characters: give next_cursor as cursor for later replies. Answer with slack_post_message.",
}

type getThreadArgs struct {
	Channel  string `json:"channel" jsonschema:"#name, id or link of the channel; or the link of a message, and no thread_ts"`
	ThreadTS string `json:"thread_ts,omitempty" jsonschema:"ts of a message of the thread, as slack_get_channel_history shows it, or its link"`
	Since    string `json:"since,omitempty" jsonschema:"only replies since then: RFC 3339, a day of UTC, today, or back from now, as 7d, 12h, 30m or 1w"`
	Limit    int    `json:"limit,omitempty" jsonschema:"most messages to return"`
	Cursor   string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before, with the same channel and thread_ts"`
	Budget   int    `json:"budget,omitempty" jsonschema:"most characters of text to return"`
}

type getThreadResult struct {
	Channel    place    `json:"channel"`
	ThreadTS   string   `json:"thread_ts"`
	Replies    int      `json:"replies,omitempty" jsonschema:"of the whole thread, where the first message is in the answer"`
	Messages   []said   `json:"messages" jsonschema:"the first message, then replies, oldest first"`
	People     []person `json:"people" jsonschema:"those who wrote"`
	NextCursor string   `json:"next_cursor,omitempty" jsonschema:"for later ones; absent at the end"`
	Note       string   `json:"note,omitempty"`
}

// getThread answers the slack_get_thread tool.
// Errors: bad_argument, those of names.Names.Channel, *api.Error.
func (h handlers) getThread(ctx context.Context, in getThreadArgs) (getThreadResult, error) {
	ref, err := in.message()
	if err != nil {
		return getThreadResult{}, err
	}
	w, err := newWindow("", in.Since, "", h.Now())
	if err != nil {
		return getThreadResult{}, err
	}
	ch, err := h.finds.Channel(ctx, in.Channel)
	if err != nil {
		return getThreadResult{}, err
	}
	if ref.channel != "" && ref.channel != ch.ID {
		return getThreadResult{}, tools.NewBadArgument("thread_ts is a link to another conversation than channel", "Give the link as channel, without thread_ts.")
	}
	tools.Touch(ctx, "channel:"+ch.ID)
	w.Channel, w.Thread, w.Latest = ch.ID, ref.root(), ""
	if in.Cursor != "" {
		if w, err = readWindow(in.Cursor, ch.ID, w.Thread); err != nil {
			return getThreadResult{}, err
		}
	}
	got, err := h.thread(ctx, &w, min(in.Limit, in.Budget/shortLine))
	if err != nil {
		return getThreadResult{}, err
	}
	out := getThreadResult{Channel: h.placeOf(ctx, ch), ThreadTS: w.Thread, Messages: []said{}, People: []person{}, Note: got.stopped}
	h.showThread(ctx, &out, w, got, in)
	return out, nil
}

// message is the one that the arguments name.
// Errors: bad_argument.
func (in getThreadArgs) message() (message, error) {
	if in.ThreadTS != "" {
		return parseMessage(in.ThreadTS, "thread_ts")
	}
	if _, ts, _, ok := names.Link(in.Channel); !ok || ts == "" {
		return message{}, tools.NewBadArgument("nothing says which thread", "Give thread_ts, or the link of a message as channel.")
	}
	return parseMessage(in.Channel, "channel")
}

// thread reads a window of a thread. Of a reply, Slack gives that reply alone,
// which says what thread it is in: then w becomes one of that.
// Source: https://docs.slack.dev/reference/methods/conversations.replies
func (h handlers) thread(ctx context.Context, w *window, want int) (gathered, error) {
	got, err := gather(ctx, *w, want, h.forth())
	if err != nil || len(got.list) == 0 || got.list[0].TS != w.Thread {
		return got, err
	}
	if root := got.list[0].Thread; root != "" && root != w.Thread {
		w.Thread = root
		return gather(ctx, *w, want, h.forth())
	}
	return got, nil
}

// showThread shows what was read, as far as limit and budget go.
func (h handlers) showThread(ctx context.Context, out *getThreadResult, w window, got gathered, in getThreadArgs) {
	list := slices.Clone(got.list[:min(len(got.list), in.Limit, in.Budget/shortLine)])
	for i := range list {
		list[i].Thread = "" // the answer says it once
	}
	f := h.meet(ctx, list)
	shown := fit(f, list, in.Budget, newTranscript(f.persons(list)))
	for _, m := range shown {
		if m.TS == w.Thread {
			out.Replies = m.Replies
		}
		out.Messages = append(out.Messages, m)
	}
	out.People = f.persons(list[:len(shown)])
	if len(shown) < len(got.list) || got.more && len(shown) > 0 {
		w.Oldest = shown[len(shown)-1].TS
		out.NextCursor = w.cursor()
	}
	if out.Note == "" {
		out.Note = threadNote(list, w, in)
	}
}

// threadNote says what was searched where nothing, or only the first message, is
// there.
func threadNote(list []api.Message, w window, in getThreadArgs) string {
	switch {
	case len(list) == 0 && in.Cursor != "":
		return "There are no later replies."
	case len(list) == 0:
		return "There are no replies" + w.text("") + ". Leave out since for the whole thread."
	case len(list) == 1 && list[0].TS == w.Thread && list[0].Replies == 0:
		return "Nobody has replied to this message."
	default:
		return ""
	}
}

// Text is a message a line, the first message first.
func (r getThreadResult) Text() string {
	var b strings.Builder
	t := newTranscript(r.People)
	fmt.Fprintf(&b, "thread %s in %s, %s", plain(r.ThreadTS), r.Channel.text(), count(len(r.Messages), "message", "messages"))
	if r.Replies > 0 {
		fmt.Fprintf(&b, " of %s", grouped(r.Replies+1))
	}
	b.WriteString(", " + legend + "\n")
	for _, m := range r.Messages {
		if m.TS == r.ThreadTS {
			m.Replies = 0
		}
		b.WriteString(t.line(m))
	}
	writeEnd(&b, r.Note, r.NextCursor)
	return b.String()
}
