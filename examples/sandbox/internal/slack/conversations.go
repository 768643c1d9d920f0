package slack

import (
	"maps"
	"slices"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// scopeOf is the scope of an act (read or history) in a kind of conversation.
func scopeOf(kind, act string) string {
	return map[string]string{"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}[kind] + ":" + act
}

// sees reports whether the caller may know of a conversation. The caller holds mu.
func (c *call) sees(ch *talk.Channel) bool {
	return ch.Team == c.studio.SlackTeam && (ch.Kind == "public_channel" || slices.Contains(ch.Members, c.me))
}

// listChannels answers conversations.list.
func (c *call) listChannels() answer {
	return c.list(c.sees, func(ch *talk.Channel) answer {
		a := c.shownChannel(ch)
		if ch.Kind != "im" {
			a["is_member"], a["num_members"] = slices.Contains(ch.Members, c.me), len(ch.Members)
		}
		return a
	})
}

// myChannels answers users.conversations: those of the caller, or of another
// user as far as the caller sees them.
func (c *call) myChannels() answer {
	user := c.me
	if other := c.args["user"]; other != "" {
		user = other
	}
	return c.list(func(ch *talk.Channel) bool { return c.sees(ch) && slices.Contains(ch.Members, user) }, c.shownChannel)
}

// list shows a page of the conversations that are asked for.
func (c *call) list(in func(*talk.Channel) bool, show func(*talk.Channel) answer) answer {
	types := install.Commas(c.args["types"])
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
	var list []*talk.Channel
	for _, ch := range c.Channels {
		if slices.Contains(types, ch.Kind) && !(ch.Archived && c.flag("exclude_archived")) && in(ch) {
			list = append(list, ch)
		}
	}
	part, next, code := cut(c, list, 100, 1000)
	if code != "" {
		return no(code)
	}
	rows := []answer{}
	for _, ch := range part {
		rows = append(rows, show(ch))
	}
	return withCursor(next, answer{"channels": rows})
}

// shownChannel is a conversation without what not every method tells of it.
// Source: https://docs.slack.dev/reference/objects/conversation-object
func (c *call) shownChannel(ch *talk.Channel) answer {
	a := answer{
		"id": ch.ID, "created": ch.Created.Unix(), "updated": ch.Created.UnixMilli(), "is_archived": ch.Archived, "is_im": ch.Kind == "im", "is_mpim": ch.Kind == "mpim",
		"is_org_shared": false, "context_team_id": ch.Team,
	}
	if ch.Kind == "im" {
		a["is_user_deleted"], a["priority"] = false, 0
		for _, m := range ch.Members {
			if m != c.me {
				a["user"] = m
			}
		}
		return a
	}
	private := ch.Kind != "public_channel"
	maps.Copy(a, answer{
		"name": ch.Name, "name_normalized": ch.Name, "is_channel": true, "is_group": private, "is_private": private, "is_general": ch.Name == "general",
		"creator": ch.Members[0], "unlinked": 0, "is_shared": false, "is_ext_shared": false, "is_pending_ext_shared": false,
		"pending_shared": []string{}, "pending_connected_team_ids": []string{}, "shared_team_ids": []string{ch.Team}, "parent_conversation": nil, "previous_names": []string{},
		"topic":   answer{"value": ch.Topic, "creator": "", "last_set": 0},
		"purpose": answer{"value": ch.Purpose(), "creator": ch.Members[0], "last_set": ch.Created.Unix()},
	})
	return a
}

// in calls do with the conversation of the arguments, holding mu, where the
// caller sees it and has the scope of the act, which is empty where none is needed.
func (c *call) in(act string, do func(*talk.Channel) answer) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.ByID[c.args["channel"]]
	switch {
	case ch == nil || !c.sees(ch):
		return no("channel_not_found")
	case act != "" && !c.has(scopeOf(ch.Kind, act)):
		return c.lacks(scopeOf(ch.Kind, act))
	}
	return do(ch)
}

func (c *call) channelInfo() answer {
	return c.in("read", func(ch *talk.Channel) answer {
		a := c.shownChannel(ch)
		if ch.Kind != "im" {
			a["is_member"] = slices.Contains(ch.Members, c.me)
		}
		if c.flag("include_num_members") {
			a["num_members"] = len(ch.Members)
		}
		return yes(answer{"channel": a})
	})
}

func (c *call) channelMembers() answer {
	return c.in("read", func(ch *talk.Channel) answer {
		part, next, code := cut(c, ch.Members, 100, 1000)
		if code != "" {
			return no(code)
		}
		return withCursor(next, answer{"members": part})
	})
}

func (c *call) join() answer {
	return c.in("", func(ch *talk.Channel) answer {
		switch {
		case ch.Kind != "public_channel":
			return no("method_not_supported_for_channel_type")
		case ch.Archived:
			return no("is_archived")
		case !slices.Contains(ch.Members, c.me):
			ch.Members = append(ch.Members, c.me)
		}
		return yes(answer{"channel": c.shownChannel(ch)})
	})
}

// open finds or makes a direct message.
func (c *call) open() answer {
	others := install.Commas(c.args["users"])
	if len(others) != 1 {
		return no("not_enough_users")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if u := c.UserOf(others[0]); u.Team != c.studio.SlackTeam {
		return no("user_not_found")
	}
	for _, ch := range c.Channels {
		if ch.Kind == "im" && slices.Contains(ch.Members, c.me) && slices.Contains(ch.Members, others[0]) {
			return yes(answer{"already_open": true, "channel": answer{"id": ch.ID}})
		}
	}
	c.Serial++
	ch := c.Found(c.studio, 90, c.Serial, "", "im", []string{c.me, others[0]})
	return yes(answer{"channel": answer{"id": ch.ID}})
}
