package slack

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// shownUser is a member as the Web API has it.
// Source: https://docs.slack.dev/reference/objects/user-object
func (c *call) shownUser(u *talk.User) answer {
	h := fnv.New64a()
	_, _ = h.Write([]byte(u.ID)) // it takes everything
	avatar := "https://avatars.slack-edge.example/2026-01-12/" + u.ID
	profile := answer{
		"real_name": u.RealName, "real_name_normalized": u.RealName, "display_name": u.Name, "display_name_normalized": u.Name, "title": u.Title, "team": u.Team,
		"phone": "", "skype": "", "status_text": "", "status_emoji": "", "status_expiration": 0, "avatar_hash": fmt.Sprintf("%012x", h.Sum64()>>16),
		"image_24": avatar + "_24.png", "image_48": avatar + "_48.png", "image_192": avatar + "_192.png", "image_512": avatar + "_512.png",
	}
	if c.has("users:read.email") && !u.Bot && u.Email != "" {
		profile["email"] = u.Email
	}
	return answer{
		"id": u.ID, "team_id": c.studio.SlackTeam, "name": u.Name, "real_name": u.RealName, "deleted": false, "color": "9f69e7", "is_bot": u.Bot, "is_app_user": false,
		"is_admin": false, "is_owner": false, "is_restricted": u.Guest, "is_ultra_restricted": false, "is_email_confirmed": true,
		"tz": "America/New_York", "tz_label": "Eastern Standard Time", "tz_offset": -18000, "updated": 1764000000, "profile": profile,
	}
}

// listUsers answers users.list.
func (c *call) listUsers() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []*talk.User
	for _, u := range c.Users {
		if u.Team == c.studio.SlackTeam {
			list = append(list, u)
		}
	}
	part, next, code := cut(c, list, 1000, 1000)
	if code != "" {
		return no(code)
	}
	rows := []answer{}
	for _, u := range part {
		rows = append(rows, c.shownUser(u))
	}
	return withCursor(next, answer{"members": rows, "cache_ts": c.cfg.Now().Unix()})
}

func (c *call) userInfo() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.UserOf(c.args["user"])
	if u.ID == "" || u.Team != "" && u.Team != c.studio.SlackTeam {
		return no("user_not_found")
	}
	return yes(answer{"user": c.shownUser(&u)})
}

func (c *call) userByEmail() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, u := range c.Users {
		if u.Team == c.studio.SlackTeam && u.Email != "" && strings.EqualFold(u.Email, c.args["email"]) {
			return yes(answer{"user": c.shownUser(u)})
		}
	}
	return no("users_not_found")
}

func (c *call) botInfo() answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.Bots[c.args["bot"]]
	if b == nil || b.User != "" && c.UserOf(b.User).Team != c.studio.SlackTeam {
		return no("bot_not_found")
	}
	return yes(answer{"bot": shownBot(*b, 1764000000)})
}
