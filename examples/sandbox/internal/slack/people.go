package slack

import (
	"fmt"
	"slices"
	"strings"
)

func (c *call) shownUser(u *user) answer {
	profile := answer{"real_name": u.realName, "display_name": u.name, "title": u.title, "team": u.team}
	if c.has("users:read.email") && !u.bot {
		profile["email"] = u.email
	}
	return answer{
		"id": u.id, "team_id": u.team, "name": u.name, "real_name": u.realName, "deleted": false, "is_bot": u.bot, "is_app_user": false,
		"tz": "America/New_York", "profile": profile,
	}
}

// listUsers answers users.list.
func (c *call) listUsers() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*user
	for _, u := range c.users {
		if u.team == c.studio.SlackTeam {
			list = append(list, u)
		}
	}
	part, next, ok := cut(c, list, c.number("limit", 1000, 1000))
	if !ok {
		return no("invalid_cursor")
	}
	rows := []answer{}
	for _, u := range part {
		rows = append(rows, c.shownUser(u))
	}
	return withCursor(next, answer{"members": rows, "cache_ts": c.cfg.Now().Unix()})
}

func (c *call) userInfo() answer {
	return c.userWhere("user_not_found", func(u *user) bool { return u.id == c.args["user"] })
}

func (c *call) userByEmail() answer {
	return c.userWhere("users_not_found", func(u *user) bool { return u.email != "" && strings.EqualFold(u.email, c.args["email"]) })
}

func (c *call) userWhere(otherwise string, is func(*user) bool) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.users {
		if u.team == c.studio.SlackTeam && is(u) {
			return yes(answer{"user": c.shownUser(u)})
		}
	}
	return no(otherwise)
}

// query is what search.messages looks for: all the words, from somebody, in a
// channel.
type query struct {
	words    []string
	from, in string
}

func parseQuery(text string) query {
	var q query
	for _, word := range strings.Fields(strings.ToLower(text)) {
		switch {
		case strings.HasPrefix(word, "from:"):
			q.from = strings.Trim(word[len("from:"):], "@<>")
		case strings.HasPrefix(word, "in:"):
			q.in = strings.Trim(word[len("in:"):], "#<>")
		default:
			q.words = append(q.words, strings.Trim(word, `"`))
		}
	}
	return q
}

// search answers search.messages, the newest first.
func (c *call) search() answer {
	if c.args["query"] == "" {
		return no("no_query")
	}
	q := parseQuery(c.args["query"])
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []answer
	for _, ch := range c.channels {
		if !c.sees(ch) || q.in != "" && q.in != ch.name && !strings.EqualFold(q.in, ch.id) {
			continue
		}
		for _, m := range ch.messages {
			if u := c.userOf(m.user); c.matches(q, m, u) {
				found = append(found, answer{
					"type": "message", "user": m.user, "username": u.name, "ts": m.ts, "text": m.text, "permalink": c.linkTo(ch, m),
					"channel": answer{"id": ch.id, "name": ch.name, "is_private": ch.kind == "private_channel", "is_im": ch.kind == "im", "is_mpim": ch.kind == "mpim"},
				})
			}
		}
	}
	slices.SortFunc(found, func(a, b answer) int { return strings.Compare(b["ts"].(string), a["ts"].(string)) })
	return yes(answer{"query": c.args["query"], "messages": c.pageOf(found)})
}

func (c *call) matches(q query, m *message, u user) bool {
	if q.from != "" && q.from != u.name && !strings.EqualFold(q.from, u.id) && !(q.from == "me" && m.user == c.me) {
		return false
	}
	text := strings.ToLower(m.text)
	return !slices.ContainsFunc(q.words, func(w string) bool { return !strings.Contains(text, w) })
}

// pageOf is a page by number, as search has it.
func (c *call) pageOf(found []answer) answer {
	count, at := c.number("count", 20, 100), c.number("page", 1, 100)
	pages := (len(found) + count - 1) / count
	from := min((at-1)*count, len(found))
	to := min(from+count, len(found))
	return answer{
		"total": len(found), "matches": append([]answer{}, found[from:to]...),
		"paging":     answer{"count": count, "total": len(found), "page": at, "pages": pages},
		"pagination": answer{"total_count": len(found), "page": at, "per_page": count, "page_count": pages, "first": from + 1, "last": to},
	}
}

// linkTo is the address of a message.
func (c *call) linkTo(ch *channel, m *message) string {
	link := fmt.Sprintf("https://%s.slack.com/archives/%s/p%s", c.studio.SlackHost, ch.id, strings.ReplaceAll(m.ts, ".", ""))
	if m.thread != "" && m.thread != m.ts {
		link += "?thread_ts=" + m.thread + "&cid=" + ch.id
	}
	return link
}

func (c *call) permalink() answer {
	return c.in("", func(ch *channel) answer {
		m := ch.message(c.args["message_ts"])
		if m == nil {
			return no("message_not_found")
		}
		return yes(answer{"channel": ch.id, "permalink": c.linkTo(ch, m)})
	})
}

// message is that of a ts; nil: there is none.
func (ch *channel) message(ts string) *message {
	for _, m := range ch.messages {
		if m.ts == ts {
			return m
		}
	}
	return nil
}
