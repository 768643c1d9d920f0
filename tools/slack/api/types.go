package api

import "encoding/json"

// Kind is the kind of a conversation, as Slack's types have it.
type Kind string

// The kinds.
const (
	Public  Kind = "public_channel"
	Private Kind = "private_channel"
	Direct  Kind = "im"   // with one other person
	Group   Kind = "mpim" // with several
)

// Channel is a conversation of any kind. ID and Kind are always set.
type Channel struct {
	ID       string
	Kind     Kind
	Name     string // without #; empty of Direct
	User     string // id of the other person of Direct
	Topic    string
	Purpose  string
	Members  int  // 0: not said
	Member   bool // whoever asks is in it
	Archived bool
}

// User is somebody of a workspace, or a bot.
type User struct {
	ID      string
	Team    string
	Handle  string // without @, unique in the workspace
	Name    string // full name
	Display string // that they chose; may be empty
	Title   string // of their job
	Email   string // empty without the scope users:read.email
	Zone    string // such as Europe/Berlin
	Bot     bool
	Gone    bool // deactivated
	Guest   bool
}

// Called is what people call the user: the first of Display, Name and Handle
// that there is, or the id.
func (u User) Called() string {
	for _, name := range []string{u.Display, u.Name, u.Handle} {
		if name != "" {
			return name
		}
	}
	return u.ID
}

// Message is one message of a conversation.
type Message struct {
	TS       string // seconds.microseconds, its id within the conversation
	User     string // id of who wrote it; empty of some bots
	Bot      string // id of the bot, B…
	Username string // that a bot or a search names; may be empty
	Subtype  string // such as channel_join; empty of what people write
	Text     string // mrkdwn; taken from blocks and attachments where there is no other
	Blocks   string // what an app's blocks and attachments say, mrkdwn, where that is more than Text
	Team     string

	Thread     string // ts of the message that begins its thread; empty: none
	Broadcast  bool   // a reply that is shown in the channel too
	Replies    int    // of the message that begins a thread
	LastReply  string // ts
	Edited     string // ts of the last edit; empty: never
	Reactions  []Reaction
	Files      []File
	Permalink  string  // of search results
	Channel    Channel // of search results: ID, Name and Kind
	Metadata   Metadata
	Profile    User // of who wrote it, where Slack sends it along; mostly zero
	Unreadable bool // Slack sent a shape that this client does not know
}

// Says is what a reader of the message sees, mrkdwn: Text is only what an app
// says in notifications where it has blocks as well.
func (m Message) Says() string {
	if m.Blocks != "" {
		return m.Blocks
	}
	return m.Text
}

// Reaction is an emoji and how many gave it.
type Reaction struct {
	Name  string // without colons
	Count int
}

// File is a file of a message.
type File struct {
	ID        string
	Name      string
	Title     string
	MIMEType  string
	Size      int64
	Permalink string
	User      string
	Shares    map[string][]string // ts of the messages it is in, by id of the conversation; of FileInfo alone
	Gone      bool                // deleted, or hidden by a plan's limit
}

// Metadata is what an app notes with its own message. Payload is a JSON object.
type Metadata struct {
	Type    string
	Payload json.RawMessage
}

// Identity is whose token it is, and where it is good.
type Identity struct {
	User   string // id: of the person, or of the bot's user
	Name   string // handle
	Team   string // id of the workspace
	Title  string // name of the workspace
	URL    string // of the workspace, with a slash at the end
	Bot    string // id of the bot, of its token alone
	Scopes []string
}

// ChannelQuery asks for a page of conversations.
type ChannelQuery struct {
	Kinds    []Kind // empty: Public
	Archived bool   // also those
	Limit    int    // 0: 999, which is the most
	Cursor   string
}

// HistoryQuery asks for a page of messages. Oldest and Latest are ts; empty: no
// bound. Both bounds count where Inclusive.
type HistoryQuery struct {
	Channel   string
	Thread    string // of Replies alone: ts of the message that begins it
	Oldest    string
	Latest    string
	Inclusive bool
	Metadata  bool // with metadata
	Limit     int  // 0: 100; at most 999
	Cursor    string
}

// Messages is a page of messages: of History the newest first, of Replies the
// first message of the thread, then the oldest reply first.
type Messages struct {
	List []Message
	Next string // cursor; empty: this is the last page
}

// SearchQuery asks for a page of what search finds, by time, newest first, or
// by relevance.
type SearchQuery struct {
	Query     string
	Relevance bool
	Limit     int // 1–100; 0: 20
	Page      int // from 1; 0: 1; at most 100
}

// Found is a page of what a search found.
type Found struct {
	List  []Message // with Channel and Permalink
	Total int
	Page  int
	Pages int
}

// NewMessage is what is to be said. Either Text or Blocks is set; with Blocks,
// Text is for notifications.
type NewMessage struct {
	Channel   string // id of a conversation; of Post also of a person, for a direct message
	Text      string // mrkdwn, escaped
	Blocks    json.RawMessage
	Thread    string // ts; empty: none
	Broadcast bool   // a reply that is shown in the channel too
	Unfurl    bool   // links and media are unfolded
	Plain     bool   // of Post: marks such as * in Text are shown as they are
	Metadata  Metadata
}

// Posted says where a message is.
type Posted struct {
	Channel string // id of the conversation
	TS      string
}

// Upload is a file to be shared.
type Upload struct {
	Name    string
	Title   string
	Size    int64 // bytes, at least 1
	AltText string
}

// UploadPlace is where the bytes of an upload go.
type UploadPlace struct {
	FileID string
	URL    string
}

// Share says where a file that was sent is to be seen.
type Share struct {
	FileID  string
	Title   string
	Channel string // id of a conversation; empty: private to whoever uploads
	Thread  string
	Comment string // mrkdwn, escaped
}

// Page is how a list goes on.
type Page[T any] struct {
	List []T
	Next string // cursor; empty: this is the last page
}
