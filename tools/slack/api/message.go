package api

import (
	"encoding/json"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api/internal/said"
)

// message is a Message on the wire.
// Source: https://docs.slack.dev/reference/events/message and
// https://docs.slack.dev/messaging/retrieving-messages
type message struct{ Message }

// wire are the members of a message that are read.
type wire struct {
	TS        string       `json:"ts"`
	User      string       `json:"user"`
	Bot       string       `json:"bot_id"`
	Username  string       `json:"username"`
	Subtype   string       `json:"subtype"`
	Text      string       `json:"text"`
	Team      string       `json:"team"`
	Thread    string       `json:"thread_ts"`
	Replies   int          `json:"reply_count"`
	LastReply string       `json:"latest_reply"`
	Permalink string       `json:"permalink"`
	Files     []file       `json:"files"`
	Channel   conversation `json:"channel"` // an id, but for searches
	Edited    struct {
		TS string `json:"ts"`
	} `json:"edited"`
	Reactions []struct {
		Name  string   `json:"name"`
		Count int      `json:"count"`
		Users []string `json:"users"`
	} `json:"reactions"`
	Metadata struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	} `json:"metadata"`
	Profile    loose[profile] `json:"user_profile"`
	BotProfile loose[struct {
		Name string `json:"name"`
	}] `json:"bot_profile"`
}

// noText is what Slack says in place of a text that an app left out.
const noText = "This content can't be displayed."

// UnmarshalJSON implements json.Unmarshaler. It never fails: a message of another
// shape has what could be read of it, and says that it is Unreadable.
func (m *message) UnmarshalJSON(raw []byte) error {
	var w wire
	err := json.Unmarshal(raw, &w)
	m.Message = w.message()
	m.Unreadable = err != nil || w.TS == ""
	// People's messages carry their text twice, so that blocks, which are most of a
	// message, need not be looked at.
	switch missing := m.Text == "" || m.Text == noText; {
	case missing:
		m.Text = first(said.In(raw), m.Text)
	case m.Bot != "":
		if more := said.In(raw); len(more) > len(m.Text) {
			m.Blocks = more
		}
	}
	return nil
}

func (w *wire) message() Message {
	m := Message{
		TS: w.TS, User: w.User, Bot: w.Bot, Username: first(w.Username, w.BotProfile.is.Name), Subtype: w.Subtype, Text: w.Text, Team: w.Team,
		Thread: w.Thread, Broadcast: w.Subtype == "thread_broadcast", Replies: w.Replies, LastReply: w.LastReply, Edited: w.Edited.TS,
		Permalink: w.Permalink, Channel: w.Channel.Channel, Metadata: Metadata{Type: w.Metadata.Type, Payload: w.Metadata.Payload},
	}
	for _, r := range w.Reactions {
		m.Reactions = append(m.Reactions, Reaction{Name: strings.Trim(r.Name, ":"), Count: max(r.Count, len(r.Users))})
	}
	for _, f := range w.Files {
		m.Files = append(m.Files, f.File)
	}
	if p := w.Profile.is; p != (profile{}) && w.User != "" {
		m.Profile = User{ID: w.User, Team: p.Team, Handle: p.Name, Name: p.RealName, Display: p.Display, Guest: p.Restricted || p.Ultra}
	}
	return m
}

// file is a File on the wire.
// Source: https://docs.slack.dev/reference/objects/file-object
type file struct{ File }

// shares are the messages that a file is in, by conversation.
type shares map[string][]struct {
	TS string `json:"ts"`
}

// UnmarshalJSON implements json.Unmarshaler. A member of another shape is left
// out; it never fails.
func (f *file) UnmarshalJSON(raw []byte) error {
	var w struct {
		ID        string                          `json:"id"`
		Name      string                          `json:"name"`
		Title     string                          `json:"title"`
		MIMEType  string                          `json:"mimetype"`
		Size      int64                           `json:"size"`
		Permalink string                          `json:"permalink"`
		User      string                          `json:"user"`
		Mode      string                          `json:"mode"`
		Shares    loose[map[string]loose[shares]] `json:"shares"` // public and private
	}
	_ = json.Unmarshal(raw, &w)
	f.File = File{
		ID: w.ID, Name: w.Name, Title: w.Title, MIMEType: w.MIMEType, Size: w.Size, Permalink: w.Permalink, User: w.User,
		Gone: w.Mode == "tombstone" || w.Mode == "hidden_by_limit",
	}
	for _, kind := range w.Shares.is {
		for channel, list := range kind.is {
			for _, share := range list {
				if f.Shares == nil {
					f.Shares = map[string][]string{}
				}
				f.Shares[channel] = append(f.Shares[channel], share.TS)
			}
		}
	}
	return nil
}
