package slack

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

var getHistorySpec = tools.Spec{
	Name:      "slack_get_channel_history",
	Title:     "Read a Slack channel",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Timeout:   slow,
	Ranges: map[string]tools.Range{
		"limit":  {Min: 0, Max: 20_000, Default: 0},
		"budget": {Min: 4_000, Max: 400_000, Default: 24_000},
	},
	Description: "Read messages of a Slack channel or direct message: the newest, or a window such as since=1d. " +
		"More than budget characters become a digest and the newest in full; next_cursor has the older ones. Replies: slack_get_thread.",
}

// withoutWindow is how many messages are read where nothing says how many.
const withoutWindow = 50

type getHistoryArgs struct {
	Channel string `json:"channel" jsonschema:"#name, id or link; @handle for the direct message with somebody"`
	Limit   int    `json:"limit,omitempty" jsonschema:"most messages to read, the newest first; 0: all of the window, or 50 without since"`
	Since   string `json:"since,omitempty" jsonschema:"RFC 3339, a day of UTC, today, or back from now, as 7d, 12h, 30m or 1w; new replies in older threads are not in it"`
	Until   string `json:"until,omitempty" jsonschema:"likewise; a day counts whole"`
	Cursor  string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before, which holds its window; with the same channel"`
	Budget  int    `json:"budget,omitempty" jsonschema:"most characters of text to return"`
}

type getHistoryResult struct {
	Channel    place    `json:"channel"`
	Read       int      `json:"read" jsonschema:"messages read for this answer"`
	Messages   []said   `json:"messages" jsonschema:"oldest first"`
	People     []person `json:"people" jsonschema:"those who wrote"`
	Traffic    *traffic `json:"traffic,omitempty" jsonschema:"who came and went"`
	Digest     *digest  `json:"digest,omitempty" jsonschema:"of all that was read, where not all of it is in messages"`
	NextCursor string   `json:"next_cursor,omitempty" jsonschema:"for older ones; absent at the end of the window"`
	Note       string   `json:"note,omitempty"`
}

// traffic are the messages that somebody came or went, folded.
type traffic struct {
	Joined int      `json:"joined"`
	Left   int      `json:"left"`
	Some   []person `json:"some" jsonschema:"of those who joined"`
}

// getHistory answers the slack_get_channel_history tool.
// Errors: bad_argument, those of names.Names.Channel, *api.Error.
func (h handlers) getHistory(ctx context.Context, in getHistoryArgs) (getHistoryResult, error) {
	w, err := newWindow("", in.Since, in.Until, h.Now())
	if err != nil {
		return getHistoryResult{}, err
	}
	ch, err := h.finds.Channel(ctx, in.Channel)
	if err != nil {
		return getHistoryResult{}, err
	}
	tools.Touch(ctx, "channel:"+ch.ID)
	w.Channel = ch.ID
	if in.Cursor != "" {
		if w, err = readWindow(in.Cursor, ch.ID, ""); err != nil {
			return getHistoryResult{}, err
		}
	}
	back := h.back()
	if in.Cursor != "" {
		back.room = in.Budget // nothing else of it is told
	}
	got, err := gather(ctx, w, in.want(), back)
	if err != nil {
		return getHistoryResult{}, err
	}
	got.trim(in.want())
	out := getHistoryResult{Channel: h.placeOf(ctx, ch), Messages: []said{}, People: []person{}, Note: got.stopped}
	h.fill(ctx, &out, in, w, got)
	if out.Read == 0 && out.Note == "" {
		out.Note = "Nobody wrote in " + out.Channel.text() + w.text(" as far as Slack shows its messages") +
			". Try an earlier since; replies in threads that began before are not in here, slack_search_messages finds them."
	}
	return out, nil
}

// want is how many messages are to be read; 0: all of the window. What follows
// on a cursor is read as far as it can be shown.
func (in getHistoryArgs) want() int {
	shown := in.Budget / shortLine
	switch {
	case in.Cursor != "" && in.Limit > 0:
		return min(in.Limit, shown)
	case in.Cursor != "":
		return shown
	case in.Limit == 0 && in.Since == "":
		return withoutWindow
	default:
		return in.Limit
	}
}

// shortLine is what a line of a transcript has at least, characters.
const shortLine = 28

// fill shows what was read: the messages, or as many of the newest as the budget
// has room for beside a digest of all.
func (h handlers) fill(ctx context.Context, out *getHistoryResult, in getHistoryArgs, w window, got gathered) {
	talk := slices.DeleteFunc(slices.Clone(got.list), comes)
	out.Read = len(talk)
	var d digest
	if in.Cursor == "" {
		d = digestOf(talk)
	}
	near := talk[:min(len(talk), in.Budget/shortLine)]
	f := h.meet(ctx, slices.Concat(near, d.voices), joiners(got.list)...)
	d.complete(f)
	t := newTranscript(f.persons(slices.Concat(near, d.voices)))
	shown := fit(f, near, in.Budget, t)
	voices := near[:len(shown)]
	if len(shown) < len(talk) && in.Cursor == "" {
		out.Digest = &d
		shown = fit(f, near, in.Budget-length(d.text(t)), t)
		voices = slices.Concat(near[:len(shown)], d.voices)
	}
	if len(shown) < len(talk) {
		w.Latest, got.more = shown[len(shown)-1].TS, true
	} else if len(got.list) > 0 {
		w.Latest = got.list[len(got.list)-1].TS
	}
	if got.more && len(got.list) > 0 {
		out.NextCursor = w.cursor()
	}
	out.Traffic = trafficOf(got.list, w.Latest, out.Digest != nil, f)
	slices.Reverse(shown)
	out.Messages, out.People = append(out.Messages, shown...), f.persons(voices)
}

// fit shows messages, the newest first, as far as most characters go; the first
// is cut rather than left out.
func fit(f folk, list []api.Message, most int, t *transcript) (out []said) {
	used := 0
	for i, m := range list {
		s := f.said(m)
		cost, name := t.cost(s)
		if i > 0 && s.By == out[i-1].By {
			_, before := t.cost(out[i-1])
			used -= before // who wrote this and the next is said once
		}
		if used += cost + name; used > most {
			if i > 0 {
				return out
			}
			s = s.limited(length(s.Text) * most / used)
		}
		out = append(out, s)
	}
	return out
}

// comes reports whether m only says that somebody came or went.
func comes(m api.Message) bool { return joins(m) || leaves(m) }

func joins(m api.Message) bool  { return m.Subtype == "channel_join" || m.Subtype == "group_join" }
func leaves(m api.Message) bool { return m.Subtype == "channel_leave" || m.Subtype == "group_leave" }

// maxJoiners bounds those who are named of those who joined.
const maxJoiners = 10

// joiners are the ids of the last who joined.
func joiners(list []api.Message) (ids []string) {
	for _, m := range list {
		if joins(m) && len(ids) < maxJoiners {
			ids = append(ids, m.User)
		}
	}
	return unique(ids)
}

// trafficOf folds who came and went; nil: nobody. What is older than oldest
// counts where all is set; it follows with the cursor otherwise.
func trafficOf(list []api.Message, oldest string, all bool, f folk) *traffic {
	list = slices.DeleteFunc(slices.Clone(list), func(m api.Message) bool { return !comes(m) || !all && older(m.TS, oldest) })
	if len(list) == 0 {
		return nil
	}
	t := &traffic{Some: []person{}}
	for _, m := range list {
		if leaves(m) {
			t.Left++
		} else {
			t.Joined++
		}
	}
	for _, id := range joiners(list) {
		t.Some = append(t.Some, f.person(api.Message{User: id}))
	}
	return t
}

func (t *traffic) text() string {
	var parts []string
	if t.Joined > 0 {
		who := make([]string, len(t.Some))
		for i, p := range t.Some {
			who[i] = p.text()
		}
		part := grouped(t.Joined) + " joined: " + strings.Join(who, ", ")
		if t.Joined > len(who) {
			part += " and others"
		}
		parts = append(parts, part)
	}
	if t.Left > 0 {
		parts = append(parts, grouped(t.Left)+" left")
	}
	return strings.Join(parts, "; ") + "\n"
}

// Text is a message a line, the oldest first, under what was read.
func (r getHistoryResult) Text() string {
	var b strings.Builder
	t := newTranscript(r.People)
	fmt.Fprintf(&b, "%s, %s, %s", r.Channel.text(), count(r.Read, "message", "messages"), legend)
	if n := len(r.Messages); n < r.Read {
		fmt.Fprintf(&b, ", the newest %s in full", grouped(n))
	}
	b.WriteByte('\n')
	if r.Traffic != nil {
		b.WriteString(r.Traffic.text())
	}
	if r.Digest != nil {
		b.WriteString(r.Digest.text(t))
	}
	for _, m := range r.Messages {
		b.WriteString(t.line(m))
	}
	writeEnd(&b, r.Note, r.NextCursor)
	return b.String()
}

// writeEnd ends a text: what there is to note, and how to go on.
func writeEnd(b *strings.Builder, note, cursor string) {
	if note != "" {
		b.WriteString(note + "\n")
	}
	if cursor != "" {
		b.WriteString("next_cursor: " + cursor + "\n")
	}
}
