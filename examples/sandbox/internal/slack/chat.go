package slack

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Source: https://docs.slack.dev/reference/methods/chat.postMessage and /reference/block-kit/blocks
const (
	maxText    = 40000 // characters
	maxBlocks  = 50
	maxSection = 3000
	maxHeader  = 150
)

// content is what a message says, checked.
func (c *call) content() (m message, code string, why []string) {
	m = message{text: c.args["text"], bot: c.token.Holder.Kind == bot, user: c.me}
	if utf8.RuneCountInString(m.text) > maxText {
		return m, "msg_too_long", nil
	}
	if raw := c.args["blocks"]; raw != "" {
		var blocks []map[string]any
		if json.Unmarshal([]byte(raw), &blocks) != nil {
			return m, "invalid_blocks_format", nil
		}
		if why := blockTrouble(blocks); why != nil {
			return m, "invalid_blocks", why
		}
		if len(blocks) > 0 {
			m.blocks = json.RawMessage(raw)
		}
	}
	if raw := c.args["metadata"]; raw != "" {
		if !json.Valid([]byte(raw)) {
			return m, "metadata_must_be_sent_as_json", nil
		}
		m.metadata = json.RawMessage(raw)
	}
	if m.text == "" && m.blocks == nil {
		return m, "no_text", nil
	}
	return m, "", nil
}

// blockTrouble says what is wrong with blocks, and in which; nil: nothing.
func blockTrouble(blocks []map[string]any) []string {
	if len(blocks) > maxBlocks {
		return []string{fmt.Sprintf("[ERROR] no more than %d items allowed [json-pointer:/blocks]", maxBlocks)}
	}
	limits := map[string]int{"section": maxSection, "header": maxHeader, "divider": 0, "context": 0, "actions": 0, "image": 0, "rich_text": 0, "markdown": 12000, "table": 0, "input": 0, "file": 0, "video": 0}
	for i, b := range blocks {
		kind, _ := b["type"].(string)
		most, known := limits[kind]
		text, _ := b["text"].(map[string]any)
		said, _ := text["text"].(string)
		switch {
		case !known:
			return []string{fmt.Sprintf("[ERROR] unsupported type: %s [json-pointer:/blocks/%d/type]", kind, i)}
		case kind == "header" && text["type"] != "plain_text":
			return []string{fmt.Sprintf("[ERROR] must be plain_text [json-pointer:/blocks/%d/text/type]", i)}
		case kind == "section" && b["text"] == nil && b["fields"] == nil, kind == "header" && said == "":
			return []string{fmt.Sprintf("[ERROR] missing required field: text [json-pointer:/blocks/%d]", i)}
		case most > 0 && utf8.RuneCountInString(said) > most:
			return []string{fmt.Sprintf("[ERROR] must be less than %d characters [json-pointer:/blocks/%d/text/text]", most+1, i)}
		}
	}
	return nil
}

// postMessage answers chat.postMessage. A user's id stands for the direct
// message with them.
func (c *call) postMessage() answer {
	m, code, why := c.content()
	if code != "" {
		return complaint(code, why)
	}
	c.direct()
	a := c.in("", func(ch *channel) answer {
		switch {
		case ch.archived:
			return no("is_archived")
		case !slices.Contains(ch.members, c.me) && !c.has("chat:write.public"):
			return no("not_in_channel")
		}
		if thread := c.args["thread_ts"]; thread != "" {
			parent := ch.message(thread)
			if parent == nil {
				return no("thread_not_found")
			}
			m.thread, m.broadcast = thread, c.flag("reply_broadcast")
			if parent.thread != "" {
				m.thread = parent.thread
			}
		}
		said := c.say(ch, &m, c.cfg.Now())
		return yes(answer{"channel": ch.id, "ts": said.ts, "message": c.shownMessage(ch, said)})
	})
	if a["ok"] == true {
		c.emitMessage(a["channel"].(string), a["message"].(answer))
	}
	return a
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
func (c *call) own(denied string, do func(*channel, *message) answer) answer {
	return c.in("", func(ch *channel) answer {
		m := ch.message(c.args["ts"])
		switch {
		case m == nil:
			return no("message_not_found")
		case m.user != c.me || m.bot != (c.token.Holder.Kind == bot):
			return no(denied)
		case ch.archived:
			return no("is_archived")
		}
		return do(ch, m)
	})
}

func (c *call) updateMessage() answer {
	to, code, why := c.content()
	if code != "" {
		return complaint(code, why)
	}
	return c.own("cant_update_message", func(ch *channel, m *message) answer {
		m.text, m.blocks, m.edited = to.text, to.blocks, fmt.Sprintf("%d.000000", c.cfg.Now().Unix())
		if to.metadata != nil {
			m.metadata = to.metadata
		}
		return yes(answer{"channel": ch.id, "ts": m.ts, "text": m.text, "message": c.shownMessage(ch, m)})
	})
}

func (c *call) deleteMessage() answer {
	return c.own("cant_delete_message", func(ch *channel, m *message) answer {
		ch.messages = slices.DeleteFunc(ch.messages, func(o *message) bool { return o == m })
		return yes(answer{"channel": ch.id, "ts": m.ts})
	})
}

func (c *call) addReaction() answer {
	name := strings.Trim(c.args["name"], ":")
	if name == "" {
		return no("invalid_name")
	}
	return c.in("", func(ch *channel) answer {
		m := ch.message(c.args["timestamp"])
		if m == nil {
			return no("message_not_found")
		}
		i := slices.IndexFunc(m.reactions, func(r reaction) bool { return r.name == name })
		if i < 0 {
			m.reactions = append(m.reactions, reaction{name: name})
			i = len(m.reactions) - 1
		}
		if slices.Contains(m.reactions[i].users, c.me) {
			return no("already_reacted")
		}
		m.reactions[i].users = append(m.reactions[i].users, c.me)
		return yes(nil)
	})
}

// emitMessage tells the app of a message, its own too.
func (s *call) emitMessage(channel string, m answer) {
	event := maps.Clone(m)
	event["channel"], event["channel_type"], event["event_ts"] = channel, "channel", m["ts"]
	s.Emit(s.studio.SlackTeam, event)
}
