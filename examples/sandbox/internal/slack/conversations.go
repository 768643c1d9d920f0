package slack

import (
	"maps"
	"slices"
	"strings"
)

// sees reports whether the caller may know of a conversation. The caller holds mu.
func (c *call) sees(ch *channel) bool {
	return ch.team == c.studio.SlackTeam && (ch.kind == "public_channel" || slices.Contains(ch.members, c.me))
}

// listChannels answers conversations.list.
func (c *call) listChannels() answer {
	types := commas(c.args["types"])
	if len(types) == 0 {
		types = []string{"public_channel"}
	}
	for _, t := range types {
		switch {
		case scopeOf(t, "read") == ":read":
			return no("invalid_types")
		case !c.has(scopeOf(t, "read")):
			return c.lacks(scopeOf(t, "read"))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*channel
	for _, ch := range c.channels {
		if c.sees(ch) && slices.Contains(types, ch.kind) && !(ch.archived && c.flag("exclude_archived")) {
			list = append(list, ch)
		}
	}
	part, next, ok := cut(c, list, c.number("limit", 100, 1000))
	if !ok {
		return no("invalid_cursor")
	}
	rows := []answer{}
	for _, ch := range part {
		rows = append(rows, c.shownChannel(ch))
	}
	return withCursor(next, answer{"channels": rows})
}

func (c *call) shownChannel(ch *channel) answer {
	a := answer{"id": ch.id, "created": ch.created.Unix(), "is_archived": ch.archived, "is_im": ch.kind == "im", "is_mpim": ch.kind == "mpim", "context_team_id": ch.team}
	if ch.kind == "im" {
		for _, m := range ch.members {
			if m != c.me {
				a["user"] = m
			}
		}
		return a
	}
	private := ch.kind != "public_channel"
	maps.Copy(a, answer{
		"name": ch.name, "name_normalized": ch.name, "is_channel": true, "is_group": private, "is_private": private, "is_general": ch.name == "general",
		"is_member": slices.Contains(ch.members, c.me), "num_members": len(ch.members), "creator": ch.members[0],
		"topic": answer{"value": ch.topic, "creator": "", "last_set": 0}, "purpose": answer{"value": "", "creator": "", "last_set": 0},
	})
	return a
}

// in calls do with the conversation of the arguments, holding mu, where the
// caller sees it and has the scope of the act, which is empty where none is needed.
func (c *call) in(act string, do func(*channel) answer) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.args["channel"]
	for _, ch := range c.channels {
		if ch.id != id || !c.sees(ch) {
			continue
		}
		if act != "" && !c.has(scopeOf(ch.kind, act)) {
			return c.lacks(scopeOf(ch.kind, act))
		}
		return do(ch)
	}
	return no("channel_not_found")
}

func (c *call) channelInfo() answer {
	return c.in("read", func(ch *channel) answer { return yes(answer{"channel": c.shownChannel(ch)}) })
}

func (c *call) channelMembers() answer {
	return c.in("read", func(ch *channel) answer {
		part, next, ok := cut(c, ch.members, c.number("limit", 100, 1000))
		if !ok {
			return no("invalid_cursor")
		}
		return withCursor(next, answer{"members": part})
	})
}

func (c *call) join() answer {
	return c.in("", func(ch *channel) answer {
		switch {
		case ch.kind != "public_channel":
			return no("method_not_supported_for_channel_type")
		case ch.archived:
			return no("is_archived")
		case !slices.Contains(ch.members, c.me):
			ch.members = append(ch.members, c.me)
		}
		return yes(answer{"channel": c.shownChannel(ch)})
	})
}

// open finds or makes a direct message.
func (c *call) open() answer {
	others := commas(c.args["users"])
	if len(others) != 1 {
		return no("not_enough_users")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.userOf(others[0]); u.team != c.studio.SlackTeam {
		return no("user_not_found")
	}
	for _, ch := range c.channels {
		if ch.kind == "im" && slices.Contains(ch.members, c.me) && slices.Contains(ch.members, others[0]) {
			return yes(answer{"already_open": true, "channel": answer{"id": ch.id}})
		}
	}
	c.serial++
	ch := c.found(c.studio, 90, c.serial, "", "im", []string{c.me, others[0]})
	return yes(answer{"channel": answer{"id": ch.id}})
}

// history answers conversations.history: the newest first, without replies.
func (c *call) history() answer {
	return c.in("history", func(ch *channel) answer {
		if c.token.Holder.Kind == bot && !slices.Contains(ch.members, c.me) {
			return no("not_in_channel")
		}
		var list []*message
		for _, m := range slices.Backward(ch.messages) {
			if (m.thread == "" || m.thread == m.ts || m.broadcast) && c.within(m.ts) {
				list = append(list, m)
			}
		}
		return c.messages(ch, list)
	})
}

// within reports whether a ts is between oldest and latest.
func (c *call) within(ts string) bool {
	oldest, latest := c.args["oldest"], c.args["latest"]
	inside := c.flag("inclusive")
	after := oldest == "" || oldest == "0" || before(oldest, ts) || inside && oldest == ts
	return after && (latest == "" || before(ts, latest) || inside && latest == ts)
}

// before compares two ts, or times in seconds.
func before(a, b string) bool {
	wholeA, partA, _ := strings.Cut(a, ".")
	wholeB, partB, _ := strings.Cut(b, ".")
	if len(wholeA) != len(wholeB) {
		return len(wholeA) < len(wholeB)
	}
	pad := func(s string) string { return (s + "000000")[:6] }
	return wholeA+pad(partA) < wholeB+pad(partB)
}

// messages shows a page of messages.
func (c *call) messages(ch *channel, list []*message) answer {
	part, next, ok := cut(c, list, c.number("limit", 100, 999))
	if !ok {
		return no("invalid_cursor")
	}
	rows := []answer{}
	for _, m := range part {
		rows = append(rows, c.shownMessage(ch, m))
	}
	return withCursor(next, answer{"messages": rows, "has_more": next != "", "pin_count": 0})
}

func (c *call) shownMessage(ch *channel, m *message) answer {
	a := answer{"type": "message", "user": m.user, "text": m.text, "ts": m.ts, "team": ch.team}
	if m.bot {
		a["bot_id"], a["app_id"] = c.studio.BotID, appID
	}
	if m.thread != "" {
		a["thread_ts"] = m.thread
	}
	var replies []*message
	for _, o := range ch.messages {
		if o.thread == m.ts && o != m {
			replies = append(replies, o)
		}
	}
	if n := len(replies); n > 0 {
		a["thread_ts"], a["reply_count"], a["latest_reply"] = m.ts, n, replies[n-1].ts
	}
	if m.blocks != nil {
		a["blocks"] = m.blocks
	}
	if m.metadata != nil && c.flag("include_all_metadata") {
		a["metadata"] = m.metadata
	}
	if m.edited != "" {
		a["edited"] = answer{"user": m.user, "ts": m.edited}
	}
	if len(m.files) > 0 {
		a["files"] = m.files
	}
	if len(m.reactions) > 0 {
		var list []answer
		for _, r := range m.reactions {
			list = append(list, answer{"name": r.name, "users": r.users, "count": len(r.users)})
		}
		a["reactions"] = list
	}
	return a
}

// replies answers conversations.replies: the first message, then the others.
func (c *call) replies() answer {
	return c.in("history", func(ch *channel) answer {
		ts := c.args["ts"]
		var list []*message
		for _, m := range ch.messages {
			if m.ts == ts || m.thread == ts && c.within(m.ts) {
				list = append(list, m)
			}
		}
		if len(list) == 0 {
			return no("thread_not_found")
		}
		return c.messages(ch, list)
	})
}
