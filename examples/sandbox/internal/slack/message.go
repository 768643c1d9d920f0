package slack

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/blocks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// How much of the metadata of a message is shown.
// Source: https://docs.slack.dev/messaging/message-metadata
const (
	typeAlone = iota // its event_type
	allOfIt
)

// shownMessage is a message as the Web API has it. The caller holds mu.
// Source: https://docs.slack.dev/reference/events/message, and its subtypes
func (c *call) shownMessage(ch *talk.Channel, m *talk.Message, metadata int) answer {
	a := answer{"type": "message", "text": m.Text, "ts": m.TS}
	if m.User != "" {
		a["user"] = m.User
	}
	if m.Subtype != "" {
		a["subtype"] = m.Subtype
	}
	if m.Gone {
		a["hidden"] = true
	}
	c.showAuthor(a, ch, m)
	c.showContent(a, m)
	if m.Metadata != nil {
		a["metadata"] = shownMetadata(m.Metadata, metadata)
	}
	c.showThread(a, ch, m)
	if m.Edited != "" {
		a["edited"] = answer{"user": m.User, "ts": m.Edited}
	}
	if len(m.Reactions) > 0 {
		var list []answer
		for _, r := range m.Reactions {
			list = append(list, answer{"name": r.Name, "users": r.Users, "count": len(r.Users)})
		}
		a["reactions"] = list
	}
	return a
}

// showAuthor adds what tells apart who typed a message and what sent it.
func (c *call) showAuthor(a answer, ch *talk.Channel, m *talk.Message) {
	switch {
	case m.Subtype != "":
	case m.App == nil:
		a["client_msg_id"], a["team"] = fmt.Sprintf("5bx00000-0000-4000-8000-%012x", m.Serial), ch.Team
	case m.User == "":
		a["subtype"], a["bot_id"], a["app_id"], a["username"] = "bot_message", m.App.Bot, m.App.ID, m.App.Name
	default:
		a["bot_id"], a["app_id"], a["team"] = m.App.Bot, m.App.ID, ch.Team
		profile := shownBot(*m.App, ch.Created.Unix())
		profile["team_id"] = ch.Team
		a["bot_profile"] = profile
	}
}

func shownBot(b talk.App, updated int64) answer {
	icon := "https://avatars.slack-edge.example/" + b.Bot
	return answer{
		"id": b.Bot, "app_id": b.ID, "user_id": b.User, "name": b.Name, "deleted": false, "updated": updated,
		"icons": answer{"image_36": icon + "_36.png", "image_48": icon + "_48.png", "image_72": icon + "_72.png"},
	}
}

// showContent adds blocks, attachments and files. What was sent as text alone
// has rich text too, as everything that people type has.
func (c *call) showContent(a answer, m *talk.Message) {
	switch {
	case m.Blocks != nil:
		a["blocks"] = m.Blocks
	case m.Text != "" && m.Subtype == "" && m.User != "":
		a["blocks"] = []answer{{"type": "rich_text", "block_id": fmt.Sprintf("b%04x", m.Serial), "elements": blocks.RichText(m.Text)}}
	}
	if m.Attachments != nil {
		a["attachments"] = m.Attachments
	}
	if len(m.Files) > 0 {
		var list []answer
		for _, f := range m.Files {
			list = append(list, c.shownFile(f))
		}
		a["files"], a["upload"], a["display_as_bot"] = list, true, false
	}
}

func shownMetadata(all json.RawMessage, how int) any {
	if how == allOfIt {
		return all
	}
	var m struct {
		Type string `json:"event_type"`
	}
	_ = json.Unmarshal(all, &m) // it was checked when it came
	return answer{"event_type": m.Type}
}

// showThread adds what is known of the thread that a message begins, or is in.
func (c *call) showThread(a answer, ch *talk.Channel, m *talk.Message) {
	if m.Thread != "" {
		a["thread_ts"] = m.Thread
		parent := ch.Message(m.Thread)
		if parent == nil {
			return
		}
		a["parent_user_id"] = parent.User
		if m.Broadcast {
			a["subtype"] = "thread_broadcast"
			a["root"] = c.shownMessage(ch, parent, typeAlone)
		}
		return
	}
	list := ch.Replies[m.TS]
	if len(list) == 0 {
		return
	}
	users := []string{}
	for _, r := range list {
		if id := r.User; id != "" && !slices.Contains(users, id) {
			users = append(users, id)
		}
	}
	a["thread_ts"], a["reply_count"], a["latest_reply"] = m.TS, len(list), list[len(list)-1].TS
	a["reply_users_count"], a["reply_users"], a["is_locked"], a["subscribed"] = len(users), users[:min(5, len(users))], false, false
}
