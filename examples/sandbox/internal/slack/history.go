package slack

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// history answers conversations.history: the newest first, without replies.
func (c *call) history() answer {
	return c.in("history", func(ch *talk.Channel) answer {
		w, code := c.window(ch)
		if code != "" {
			return no(code)
		}
		p := slice{all: w.all}
		last, found := talk.Find(ch.Messages, w.latest)
		if found && w.to {
			last++
		}
		for _, m := range slices.Backward(ch.Messages[:last]) {
			if w.before(m.TS) || p.next != "" {
				break
			}
			if m.Thread == "" || m.Broadcast {
				p.take(m, w.limit)
			}
		}
		return c.messages(ch, p)
	})
}

// replies answers conversations.replies: the first message, with every page, and
// then the others. Where ts is that of a reply, there is that alone.
func (c *call) replies() answer {
	return c.in("history", func(ch *talk.Channel) answer {
		w, code := c.window(ch)
		if code != "" {
			return no(code)
		}
		first := ch.Message(c.args["ts"])
		if first == nil {
			return no("thread_not_found")
		}
		p := slice{all: w.all, list: []*talk.Message{first}}
		list := ch.Replies[first.TS]
		from := 0
		if w.cursor != "" {
			from, _ = talk.Find(list, w.cursor)
			w.limit++ // the first message does not count again
		}
		for _, m := range list[from:] {
			if p.next == "" && !w.before(m.TS) && !w.behind(m.TS) {
				p.take(m, w.limit)
			}
		}
		return c.messages(ch, p)
	})
}

// slice is what one call shows of messages.
type slice struct {
	list []*talk.Message
	next string // ts of the first that is not shown; empty: there is none
	all  int    // of the metadata
}

func (p *slice) take(m *talk.Message, limit int) {
	if len(p.list) == limit {
		p.next = m.TS
		return
	}
	p.list = append(p.list, m)
}

// messages shows a page.
func (c *call) messages(ch *talk.Channel, p slice) answer {
	rows := []answer{}
	for _, m := range p.list {
		rows = append(rows, c.shownMessage(ch, m, p.all))
	}
	a := answer{"messages": rows, "has_more": p.next != "", "pin_count": 0, "channel_actions_ts": nil, "channel_actions_count": 0}
	if p.next == "" {
		return yes(a)
	}
	return withCursor(base64.StdEncoding.EncodeToString([]byte("next_ts:"+strings.Replace(p.next, ".", "", 1))), a)
}

// window is which messages are asked for.
type window struct {
	oldest, latest string // ts; oldest may be empty
	from, to       bool   // these two are inside
	cursor         string // ts that goes on; empty: from the start
	limit, all     int
}

// before and behind report whether a ts is outside.
func (w window) before(ts string) bool { return ts < w.oldest || ts == w.oldest && !w.from }
func (w window) behind(ts string) bool { return ts > w.latest || ts == w.latest && !w.to }

// window reads the arguments, or says what is wrong with them.
func (c *call) window(ch *talk.Channel) (w window, code string) {
	w = window{from: c.flag("inclusive"), to: c.flag("inclusive"), latest: "9999999999.999999"}
	if c.flag("include_all_metadata") {
		w.all = allOfIt
	}
	var ok bool
	switch {
	case c.token.Holder.Kind == install.Bot && !slices.Contains(ch.Members, c.me):
		return w, "not_in_channel"
	case !stamp(c.args["oldest"], &w.oldest):
		return w, "invalid_ts_oldest"
	case c.args["latest"] != "now" && !stamp(c.args["latest"], &w.latest):
		return w, "invalid_ts_latest"
	case !c.goesOn(&w):
		return w, "invalid_cursor"
	}
	if w.limit, ok = c.limit(100, 999); !ok {
		return w, "invalid_limit"
	}
	if c.most > 0 {
		w.limit = min(w.limit, c.most)
	}
	return w, ""
}

// goesOn reads the cursor, whose message is the next one in either direction.
func (c *call) goesOn(w *window) bool {
	text := c.args["cursor"]
	if text == "" {
		return true
	}
	at, ok := cursorAt(text, "next_ts:")
	if !ok || at < 1e15 {
		return false
	}
	w.cursor = fmt.Sprintf("%d.%06d", at/1e6, at%1e6)
	if c.args["ts"] == "" {
		w.latest, w.to = w.cursor, true
	}
	return true
}

// stamp reads seconds, with up to six decimals, as a ts that can be compared; what
// is empty leaves ts as it is.
func stamp(text string, ts *string) bool {
	if text == "" {
		return true
	}
	whole, part, _ := strings.Cut(text, ".")
	if len(whole) > 10 || len(part) > 6 || strings.Trim(whole+part, "0123456789") != "" {
		return false
	}
	*ts = strings.Repeat("0", 10-len(whole)) + whole + "." + (part + "000000")[:6]
	return true
}
