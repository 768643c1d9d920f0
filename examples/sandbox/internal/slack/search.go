package slack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// query is what search.messages looks for: all the words, none of the others,
// from somebody, in a conversation, within days.
// Source: https://slack.com/help/articles/202528808-Search-in-Slack
type query struct {
	words, without []string
	from, in       string
	after, before  string // ts
	threads        bool
	link, file     bool // has one
}

// terms are words, "several words" as one, and modifiers, which may be -excluded.
var terms = regexp.MustCompile(`(-?)(?:([a-z]+):)?("[^"]*"|\S+)`)

func (c *call) parseQuery(text string) query {
	var q query
	for _, t := range terms.FindAllStringSubmatch(strings.ToLower(text), -1) {
		minus, name, value := t[1], t[2], strings.Trim(t[3], `"`)
		switch {
		case minus != "":
			q.without = append(q.without, value)
		case name == "" || !q.modify(name, strings.Trim(value, "@#<>"), c.cfg.Now()):
			q.words = append(q.words, strings.Trim(strings.TrimSuffix(name+":"+value, ":"), ":"))
		}
	}
	return q
}

// modify takes a modifier; false: it is none.
func (q *query) modify(name, value string, now time.Time) bool {
	switch name {
	case "from":
		q.from = value
	case "in":
		q.in = value
	case "is":
		q.threads = value == "thread"
	case "has":
		q.link, q.file = q.link || value == "link", q.file || value == "file"
	case "after", "before", "on", "during":
		return q.within(name, value, now)
	default:
		return false
	}
	return true
}

// within takes a day, which neither after nor before include.
func (q *query) within(name, value string, now time.Time) bool {
	day, err := time.Parse("2006-01-02", value)
	switch {
	case value == "today":
		day = now.UTC().Truncate(24 * time.Hour)
	case value == "yesterday":
		day = now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	case err != nil:
		return false
	}
	next := fmt.Sprintf("%010d.000000", day.AddDate(0, 0, 1).Unix())
	if name != "before" {
		q.after = next
	}
	if name != "after" {
		q.before = fmt.Sprintf("%010d.000000", day.Unix())
	}
	if name == "on" || name == "during" {
		q.after, q.before = q.before, next
	}
	return true
}

// hit is a message that was found.
type hit struct {
	ch *talk.Channel
	m  *talk.Message
}

// search answers search.messages: the newest first, unless the oldest are asked for.
func (c *call) search() answer {
	if c.args["query"] == "" {
		return no("no_query")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	q := c.parseQuery(c.args["query"])
	var found []hit
	for _, ch := range c.Channels {
		if !c.sees(ch) || q.in != "" && !c.isIn(q.in, ch) {
			continue
		}
		for _, m := range ch.Messages {
			if c.matches(q, ch, m) {
				found = append(found, hit{ch, m})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b hit) int { return strings.Compare(b.m.TS, a.m.TS) })
	if c.args["sort_dir"] == "asc" {
		slices.Reverse(found)
	}
	return yes(answer{"query": c.args["query"], "messages": c.pageOf(found)})
}

// searchAll answers search.all: messages, as search.messages has them, and no files.
func (c *call) searchAll() answer {
	a := c.search()
	if a["ok"] == true {
		a["files"], a["posts"] = c.none(), c.none()
	}
	return a
}

// none is a page of nothing.
func (c *call) none() answer {
	return answer{"total": 0, "matches": []answer{}, "paging": answer{"count": c.number("count", 20, 100), "total": 0, "page": 1, "pages": 0}}
}

// isIn reports whether a conversation is what follows in:, its id, its name or,
// of a direct message, the other person.
func (c *call) isIn(name string, ch *talk.Channel) bool {
	if ch.Kind == "im" && slices.Contains(ch.Members, c.me) {
		for _, id := range ch.Members {
			if id != c.me && (strings.EqualFold(name, id) || name == c.UserOf(id).Name) {
				return true
			}
		}
	}
	return name == ch.Name || strings.EqualFold(name, ch.ID)
}

func (c *call) matches(q query, ch *talk.Channel, m *talk.Message) bool {
	switch {
	case m.Gone || m.Subtype != "",
		q.from != "" && q.from != c.UserOf(m.User).Name && !strings.EqualFold(q.from, m.User) && !(q.from == "me" && m.User == c.me),
		q.after != "" && m.TS < q.after,
		q.before != "" && m.TS >= q.before,
		q.threads && m.Thread == "" && len(ch.Replies[m.TS]) == 0,
		q.link && !strings.Contains(m.Text, "<http"),
		q.file && len(m.Files) == 0:
		return false
	}
	text := strings.ToLower(m.Text + string(m.Attachments))
	has := func(w string) bool { return strings.Contains(text, w) }
	return !slices.ContainsFunc(q.without, has) && !slices.ContainsFunc(q.words, func(w string) bool { return !has(w) })
}

// pageOf is a page by number, as search has it.
func (c *call) pageOf(found []hit) answer {
	count, at := c.number("count", 20, 100), c.number("page", 1, 100)
	pages := (len(found) + count - 1) / count
	from := min((at-1)*count, len(found))
	to := min(from+count, len(found))
	matches := []answer{}
	for i, h := range found[from:to] {
		a := c.shownHit(h)
		a["iid"], a["score"] = fmt.Sprintf("5bx-%s-%d", h.m.TS, from+i), 0
		matches = append(matches, a)
	}
	return answer{
		"total": len(found), "matches": matches,
		"paging":     answer{"count": count, "total": len(found), "page": at, "pages": pages},
		"pagination": answer{"total_count": len(found), "page": at, "per_page": count, "page_count": pages, "first": from + 1, "last": to},
	}
}

// shownHit is a message as search has it: without threads, reactions and files.
func (c *call) shownHit(h hit) answer {
	a := answer{
		"type": "message", "team": h.ch.Team, "user": h.m.User, "username": c.UserOf(h.m.User).Name, "ts": h.m.TS, "text": h.m.Text, "permalink": c.linkTo(h.ch, h.m), "no_reactions": true,
		"channel": answer{
			"id": h.ch.ID, "name": h.ch.Name, "is_channel": h.ch.Kind == "public_channel", "is_group": false, "is_private": h.ch.Kind == "private_channel",
			"is_im": h.ch.Kind == "im", "is_mpim": h.ch.Kind == "mpim", "is_shared": false, "is_org_shared": false, "is_ext_shared": false, "pending_shared": []string{},
		},
	}
	if h.m.App != nil && h.m.User == "" {
		a["username"], a["user"] = h.m.App.Name, nil
	}
	c.showContent(a, &talk.Message{User: h.m.User, Text: h.m.Text, Subtype: h.m.Subtype, Serial: h.m.Serial, Blocks: h.m.Blocks, Attachments: h.m.Attachments})
	return a
}

// linkTo is the address of a message.
func (c *call) linkTo(ch *talk.Channel, m *talk.Message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", c.studio.SlackHost, ch.ID, strings.ReplaceAll(m.TS, ".", ""))
	if m.Thread != "" {
		link += "?thread_ts=" + m.Thread + "&cid=" + ch.ID
	}
	return link
}

func (c *call) permalink() answer {
	return c.in("", func(ch *talk.Channel) answer {
		m := ch.Message(c.args["message_ts"])
		if m == nil {
			return no("message_not_found")
		}
		return yes(answer{"channel": ch.ID, "permalink": c.linkTo(ch, m)})
	})
}
