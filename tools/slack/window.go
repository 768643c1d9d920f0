package slack

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Bounds of what one call reads.
const (
	pageSize  = 999              // messages a page, Slack's most
	smallPage = 15               // messages that every app gets at once
	maxPages  = 20               // pages
	maxTime   = 40 * time.Second // after which it is over
)

// window is a part of a conversation, or of one of its threads: what was
// written after Oldest and before Latest, both ts; empty: no bound.
type window struct{ Channel, Thread, Oldest, Latest string }

// newWindow reads since and until of a call; both moments are in the window.
// Errors: bad_argument.
func newWindow(channel, since, until string, now time.Time) (w window, err error) {
	w.Channel = channel
	// Without a latest message, Slack may begin at the oldest: with one, the
	// newest come first. A minute is for clocks that differ.
	latest := now.Add(time.Minute)
	if until != "" {
		if latest, err = tools.Until("until", until, now); err != nil {
			return w, err
		}
		w.Latest = api.TS(latest.Add(time.Microsecond))
	}
	if since == "" {
		return w, nil
	}
	oldest, err := tools.Since("since", since, now)
	if err != nil {
		return w, err
	}
	if until == "" && !oldest.Before(latest) {
		return w, tools.NewBadArgument("since is in the future", "Give since a moment that is over; days are those of UTC.")
	}
	if !oldest.Before(latest) {
		return w, tools.NewBadArgument("since is not before until", "Give since an earlier moment than until, or leave until out.")
	}
	w.Oldest, w.Latest = api.TS(oldest.Add(-time.Microsecond)), cmp.Or(w.Latest, api.TS(latest))
	return w, nil
}

// tsForm is what a ts looks like.
var tsForm = regexp.MustCompile(`^\d{1,12}\.\d{6}$`)

// cursor is w as callers are given it.
func (w window) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte("1 " + strings.Join([]string{w.Channel, w.Thread, w.Oldest, w.Latest}, " ")))
}

// readWindow reads what cursor wrote, of the same conversation and thread.
// Errors: bad_argument.
func readWindow(cursor, channel, thread string) (window, error) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(cursor))
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 5 || parts[0] != "1" || slices.ContainsFunc(parts[2:], func(ts string) bool { return ts != "" && !tsForm.MatchString(ts) }) {
		return window{}, badCursor()
	}
	w := window{parts[1], parts[2], parts[3], parts[4]}
	if w.Channel != channel || w.Thread != thread {
		return window{}, tools.NewBadArgument("cursor is of another conversation or thread", "Give the channel and thread_ts of the call whose next_cursor this is, or no cursor.")
	}
	return w, nil
}

func badCursor() error {
	return tools.NewBadArgument("cursor is none that an answer gave", "Give next_cursor of the answer before, or nothing.")
}

// older compares two ts.
func older(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// text says which moments w has, for people; all is what it has without bounds.
func (w window) text(all string) string {
	from, to := "", ""
	if w.Oldest != "" {
		from = " since " + minute(api.Time(w.Oldest).Add(time.Microsecond))
	}
	if w.Latest != "" {
		to = " until " + minute(api.Time(w.Latest))
	}
	if from+to == "" {
		return all
	}
	return from + to + " UTC"
}

// direction is the way in which pages are read.
type direction struct {
	read func(context.Context, api.HistoryQuery) (api.Messages, error)
	on   func(w *window, last string)         // moves the bound behind what was read
	in   func(m api.Message, w window) bool   // whether m is behind that bound
	keep func(list []api.Message) (count int) // how many of list count
	room int                                  // characters after which no more is read; 0: any number
}

// back reads a conversation from the newest message on.
func (h handlers) back() direction {
	return direction{
		read: h.reads.History,
		on:   func(w *window, last string) { w.Latest = last },
		in:   func(m api.Message, w window) bool { return w.Latest == "" || older(m.TS, w.Latest) },
		keep: func(list []api.Message) int { return len(slices.DeleteFunc(slices.Clone(list), comes)) },
	}
}

// forth reads a thread from its first message on.
func (h handlers) forth() direction {
	return direction{
		read: h.reads.Replies,
		on:   func(w *window, last string) { w.Oldest = last },
		in:   func(m api.Message, w window) bool { return older(w.Oldest, m.TS) },
		keep: func(list []api.Message) int { return len(list) },
	}
}

// usualLine is what a line has mostly, characters.
const usualLine = 40

// gathered is what was read of a window.
type gathered struct {
	list    []api.Message
	more    bool   // the window has more
	stopped string // why no more was read though more was wanted; a sentence
	chars   int    // of its lines, about
}

// gather reads w page by page until it has want messages; 0: all of them.
// Messages that come in meanwhile do not shift what is read: it goes on behind
// the last ts, by no cursor of Slack's.
// Errors: those of the first page, and those that going on later would not mend.
func gather(ctx context.Context, w window, want int, d direction) (gathered, error) {
	var g gathered
	bounded, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	skip := ""
	for range maxPages {
		q := api.HistoryQuery{Channel: w.Channel, Thread: w.Thread, Oldest: w.Oldest, Latest: w.Latest, Limit: pageSize, Cursor: skip}
		if want > 0 {
			q.Limit = min(pageSize, max(smallPage, want-d.keep(g.list)))
		}
		if d.room > 0 {
			q.Limit = min(q.Limit, max(smallPage, (d.room-g.chars)/usualLine))
		}
		got, err := d.read(bounded, q)
		if err != nil {
			return g, g.interrupted(ctx, err)
		}
		skip = g.add(got, &w, d)
		g.more = got.Next != ""
		tools.Progress(ctx, float64(len(g.list)), 0, "read "+count(len(g.list), "message", "messages"))
		if !g.more || want > 0 && d.keep(g.list) >= want || d.room > 0 && g.chars >= d.room {
			return g, nil
		}
	}
	g.stopped = fmt.Sprintf("One call reads at most %d pages, and there is more.", maxPages)
	return g, nil
}

// add takes a page, moves w on, and returns Slack's cursor where the page had
// nothing to go on from.
func (g *gathered) add(page api.Messages, w *window, d direction) (skip string) {
	before := len(g.list)
	for _, m := range page.List {
		if d.in(m, *w) {
			g.list = append(g.list, m)
			g.chars += shortLine + length(m.Says())
			d.on(w, m.TS)
		}
	}
	if len(g.list) == before {
		return page.Next
	}
	return ""
}

// interrupted keeps what was read where Slack answers no more for now.
// Errors: err, where nothing was read before or going on is no use.
func (g *gathered) interrupted(ctx context.Context, err error) error {
	kind, _ := api.KindOf(err)
	switch {
	case len(g.list) == 0 || ctx.Err() != nil:
		return err
	case errors.Is(err, context.DeadlineExceeded):
		g.stopped = fmt.Sprintf("One call reads for at most %d s, and there is more", maxTime/time.Second)
	case kind == api.Limited:
		g.stopped = "Slack's limit was reached (an app that is neither internal nor in its Marketplace gets 15 messages a minute)"
	case kind == api.Away:
		g.stopped = "Slack answered no more for now"
	default:
		return err
	}
	var again interface{ RetryAfter() time.Duration }
	if errors.As(err, &again) && again.RetryAfter() > 0 {
		g.stopped += fmt.Sprintf("; go on after %d s", int(math.Ceil(again.RetryAfter().Seconds())))
	}
	g.stopped += "."
	return nil
}

// trim keeps want messages, of those that count; 0: all.
func (g *gathered) trim(want int) {
	if want == 0 {
		return
	}
	for i, m := range g.list {
		if comes(m) {
			continue
		}
		if want--; want < 0 {
			g.list, g.more = g.list[:i], true
			return
		}
	}
}
