package slack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/blocks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

// Source: https://docs.slack.dev/reference/methods/chat.postMessage, …/chat.update
const (
	maxText        = 40000 // characters
	maxUpdated     = 4000
	maxAttachments = 100
)

// Post is a message that an app was allowed to post, as it was asked to: flags
// are empty where it did not say. A message that is changed or deleted later
// stays in the list.
type Post struct {
	Channel     string          `json:"channel"`
	TS          string          `json:"ts"`
	User        string          `json:"user"` // whose token it was: a person's, or the bot's user
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Thread      string          `json:"thread,omitempty"`
	Broadcast   bool            `json:"broadcast,omitempty"`
	UnfurlLinks string          `json:"unfurl_links"`
	UnfurlMedia string          `json:"unfurl_media"`
	Parse       string          `json:"parse"`
	LinkNames   string          `json:"link_names"`
	Metadata    json.RawMessage `json:"metadata,omitempty"`
}

// Posts are all that chat.postMessage took, by time.
func (s *Slack) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posts)
}

// content is what a message says, checked.
func (c *call) content(most int) (m talk.Message, code string, why []string) {
	m = talk.Message{Text: c.args["text"], User: c.me, App: c.Bots[c.studio.BotID]}
	markdown := c.args["markdown_text"]
	if markdown != "" && (m.Text != "" || c.args["blocks"] != "") {
		return m, "markdown_text_conflict", nil
	}
	m.Text = cmp.Or(m.Text, markdown)
	if n := utf8.RuneCountInString(m.Text); n > most || markdown != "" && n > blocks.MaxMarkdown {
		return m, "msg_too_long", nil
	}
	if raw := c.args["blocks"]; raw != "" {
		n, code, why := blocks.Check(raw)
		if code != "" {
			return m, code, why
		}
		if n > 0 {
			m.Blocks = json.RawMessage(raw)
		}
	}
	if code := c.attached(&m); code != "" {
		return m, code, nil
	}
	if m.Text == "" && m.Blocks == nil && m.Attachments == nil {
		return m, "no_text", nil
	}
	return m, "", nil
}

// attached reads attachments and metadata.
func (c *call) attached(m *talk.Message) string {
	if raw := c.args["attachments"]; raw != "" {
		var list []json.RawMessage
		switch {
		case json.Unmarshal([]byte(raw), &list) != nil:
			return "invalid_attachments"
		case len(list) > maxAttachments:
			return "too_many_attachments"
		case len(list) > 0:
			m.Attachments = json.RawMessage(raw)
		}
	}
	raw := c.args["metadata"]
	if raw == "" {
		return ""
	}
	var meta struct {
		Type    string         `json:"event_type"`
		Payload map[string]any `json:"event_payload"`
	}
	switch {
	case json.Unmarshal([]byte(raw), &meta) != nil:
		return "invalid_metadata_format"
	case raw == "{}": // it removes what was there
	case meta.Type == "" || meta.Payload == nil:
		return "invalid_metadata_schema"
	}
	m.Metadata = json.RawMessage(raw)
	return ""
}

// postMessage answers chat.postMessage. A user's id stands for the direct
// message with them.
func (c *call) postMessage() answer {
	m, code, why := c.content(maxText)
	if code != "" {
		return complaint(code, why)
	}
	c.direct()
	a := c.in("", func(ch *talk.Channel) answer {
		if code := c.mayPost(ch); code != "" {
			return no(code)
		}
		if code := c.inThread(ch, &m); code != "" {
			return no(code)
		}
		if string(m.Metadata) == "{}" {
			m.Metadata = nil
		}
		said := c.Say(ch, &m, c.cfg.Now())
		c.posts = append(c.posts, Post{
			Channel: ch.ID, TS: said.TS, User: c.me, Text: c.args["text"], Blocks: m.Blocks, Thread: m.Thread, Broadcast: m.Broadcast, UnfurlLinks: c.args["unfurl_links"],
			UnfurlMedia: c.args["unfurl_media"], Parse: c.args["parse"], LinkNames: c.args["link_names"], Metadata: m.Metadata,
		})
		return yes(answer{"channel": ch.ID, "ts": said.TS, "message": c.shownMessage(ch, said, allOfIt)})
	})
	if a["ok"] == true {
		c.emitMessage(a["channel"].(string), a["message"].(answer))
	}
	return a
}

// mayPost is Slack's code of why the caller cannot post; empty: it can.
func (c *call) mayPost(ch *talk.Channel) string {
	asBot := c.token.Holder.Kind == install.Bot
	switch {
	case ch.Archived:
		return "is_archived"
	case slices.Contains(ch.Members, c.me), asBot && ch.Kind == "public_channel" && c.has("chat:write.public"):
		return ""
	}
	return "not_in_channel"
}

// inThread makes a message a reply, where the arguments say so: to the message
// that begins the thread, even where another of it is named.
func (c *call) inThread(ch *talk.Channel, m *talk.Message) string {
	ts := c.args["thread_ts"]
	if ts == "" {
		return ""
	}
	var exact string
	if !stamp(ts, &exact) || exact != ts {
		return "invalid_thread_ts"
	}
	parent := ch.Message(ts)
	switch {
	case parent == nil:
		return "thread_not_found"
	case parent.Subtype != "":
		return "cannot_reply_to_message"
	}
	m.Thread, m.Broadcast = cmp.Or(parent.Thread, ts), c.flag("reply_broadcast")
	return ""
}

// direct turns a user's id into that of the direct message.
func (c *call) direct() {
	if id := c.args["channel"]; strings.HasPrefix(id, "U") {
		c.args["users"] = id
		if ch, ok := c.open()["channel"].(answer); ok {
			c.args["channel"] = ch["id"].(string)
		}
	}
}

// complaint is a failure with what is wrong in detail.
func complaint(code string, why []string) answer {
	a := no(code)
	if why != nil {
		a["errors"] = why
		a["response_metadata"] = answer{"messages": why}
	}
	return a
}

// own calls do with a message of the caller's.
func (c *call) own(denied string, do func(*talk.Channel, *talk.Message) answer) answer {
	return c.in("", func(ch *talk.Channel) answer {
		m := ch.Message(c.args["ts"])
		switch {
		case m == nil || m.Gone:
			return no("message_not_found")
		case m.User != c.me:
			return no(denied)
		}
		return do(ch, m)
	})
}

// updateMessage answers chat.update. Blocks go where a text comes without any,
// and metadata stays where there is none; an edit of blocks does not show.
func (c *call) updateMessage() answer {
	to, code, why := c.content(maxUpdated)
	if code != "" {
		return complaint(code, why)
	}
	return c.own("cant_update_message", func(ch *talk.Channel, m *talk.Message) answer {
		if ch.Archived {
			return no("is_inactive")
		}
		m.Text, m.Blocks = to.Text, to.Blocks
		if m.Blocks == nil {
			m.Edited = fmt.Sprintf("%d.000000", c.cfg.Now().Unix())
		}
		if c.args["attachments"] != "" {
			m.Attachments = to.Attachments
		}
		switch {
		case string(to.Metadata) == "{}":
			m.Metadata = nil
		case to.Metadata != nil:
			m.Metadata = to.Metadata
		}
		return yes(answer{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": c.shownMessage(ch, m, allOfIt)})
	})
}

func (c *call) deleteMessage() answer {
	return c.own("cant_delete_message", func(ch *talk.Channel, m *talk.Message) answer {
		if ch.Archived {
			return no("cant_delete_message")
		}
		ts := m.TS
		ch.Remove(m)
		return yes(answer{"channel": ch.ID, "ts": ts})
	})
}

func (c *call) addReaction() answer {
	name := strings.Trim(c.args["name"], ":")
	if name == "" {
		return no("invalid_name")
	}
	return c.in("", func(ch *talk.Channel) answer {
		m := ch.Message(c.args["timestamp"])
		if m == nil {
			return no("message_not_found")
		}
		i := slices.IndexFunc(m.Reactions, func(r talk.Reaction) bool { return r.Name == name })
		if i < 0 {
			m.Reactions = append(m.Reactions, talk.Reaction{Name: name})
			i = len(m.Reactions) - 1
		}
		if slices.Contains(m.Reactions[i].Users, c.me) {
			return no("already_reacted")
		}
		m.Reactions[i].Users = append(m.Reactions[i].Users, c.me)
		return yes(nil)
	})
}

// emitMessage tells the app of a message, its own too.
func (s *call) emitMessage(channel string, m answer) {
	event := maps.Clone(m)
	event["channel"], event["channel_type"], event["event_ts"] = channel, "channel", m["ts"]
	s.Emit(s.studio.SlackTeam, event)
}
