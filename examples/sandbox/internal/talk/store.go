// Package talk is what is said at Slack's workspaces of the invented company:
// conversations, messages and files, as they were before the sandbox began and as
// they become. It knows no API and no permissions.
package talk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// World has the workspaces. Whoever uses it must see to it that nobody else does at
// the same moment.
type World struct {
	Users    []*User
	Known    map[string]*User // by id
	Channels []*Channel
	ByID     map[string]*Channel
	Bots     map[string]*App  // by the bot's id
	Files    map[string]*File // by id
	Serial   int              // counts what is made, for ids

	now func() time.Time
}

// New makes the workspaces of the studios.
func New(now func() time.Time) *World {
	w := &World{Known: map[string]*User{}, ByID: map[string]*Channel{}, Bots: map[string]*App{}, Files: map[string]*File{}, now: now}
	w.fill()
	return w
}

// Message is one message of a conversation. Its user is empty where a bot wrote
// it that is no user of the workspace.
type Message struct {
	TS, User, Text string
	Serial         int    // of all that the stand-in made
	Subtype        string // such as channel_join
	Thread         string // ts of the first message, of replies alone
	Broadcast      bool   // a reply that is shown in the channel too
	App            *App   // through which it was sent; nil: somebody typed it
	Blocks         json.RawMessage
	Attachments    json.RawMessage
	Metadata       json.RawMessage
	Edited         string // ts
	Reactions      []Reaction
	Files          []*File
	Gone           bool // deleted, with replies left
}

// Reaction is an emoji, and who gave it.
type Reaction struct {
	Name  string
	Users []string
}

// App is what sends messages for others.
type App struct{ ID, Bot, Name, User string }

// Find is the place of a ts in a list that is in their order.
func Find(list []*Message, ts string) (int, bool) {
	return slices.BinarySearchFunc(list, ts, func(m *Message, ts string) int { return strings.Compare(m.TS, ts) })
}

// Message is that of a ts; nil: there is none.
func (ch *Channel) Message(ts string) *Message {
	if i, ok := Find(ch.Messages, ts); ok {
		return ch.Messages[i]
	}
	return nil
}

// Remove takes a message away. Of one that has replies something stays.
func (ch *Channel) Remove(m *Message) {
	if len(ch.Replies[m.TS]) > 0 {
		*m = Message{TS: m.TS, Serial: m.Serial, User: "USLACKBOT", Subtype: "tombstone", Text: "This message was deleted.", Gone: true}
		return
	}
	if i, ok := Find(ch.Messages, m.TS); ok {
		ch.Messages = slices.Delete(ch.Messages, i, i+1)
	}
	if i, ok := Find(ch.Replies[m.Thread], m.TS); ok {
		ch.Replies[m.Thread] = slices.Delete(ch.Replies[m.Thread], i, i+1)
	}
}

// Say adds a message, with a ts that no other has.
func (w *World) Say(ch *Channel, m *Message, at time.Time) *Message {
	w.Serial++
	m.Serial, m.TS = w.Serial, fmt.Sprintf("%d.%06d", at.Unix(), w.Serial%1000000)
	i, _ := Find(ch.Messages, m.TS)
	ch.Messages = slices.Insert(ch.Messages, i, m)
	if m.Thread != "" {
		i, _ := Find(ch.Replies[m.Thread], m.TS)
		ch.Replies[m.Thread] = slices.Insert(ch.Replies[m.Thread], i, m)
	}
	for _, f := range m.Files {
		f.Shares = append(f.Shares, Place{ch, m})
	}
	return m
}

// File is one that was shared, or that its owner alone has.
type File struct {
	ID, Team, Name, Title, User string
	Size                        int64
	Created                     time.Time
	Shares                      []Place
}

// Place is where a file is to be seen.
type Place struct {
	Ch *Channel
	M  *Message
}

// Public reports whether everybody can see a file.
func (f *File) Public() bool {
	return slices.ContainsFunc(f.Shares, func(p Place) bool { return p.Ch.Kind == "public_channel" })
}

// Purpose is what a channel says it is for.
func (ch *Channel) Purpose() string {
	if ch.Topic == "" {
		return ""
	}
	return "For everybody who works on it: " + ch.Topic
}
