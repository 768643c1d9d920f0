package api

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/slack-go/slack"
)

// maxChannels is the most that a page of conversations has.
const maxChannels = 999

// conversation is a Channel on the wire.
// Source: https://docs.slack.dev/reference/objects/conversation-object
type conversation struct{ Channel }

// UnmarshalJSON implements json.Unmarshaler. A member of another shape is left
// out, and what has no id is no conversation; it never fails.
func (c *conversation) UnmarshalJSON(raw []byte) error {
	type text struct {
		Value string `json:"value"`
	}
	var w struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		User     string `json:"user"`
		IM       bool   `json:"is_im"`
		MPIM     bool   `json:"is_mpim"`
		Private  bool   `json:"is_private"`
		Group    bool   `json:"is_group"`
		Member   bool   `json:"is_member"`
		Archived bool   `json:"is_archived"`
		Members  int    `json:"num_members"`
		Topic    text   `json:"topic"`
		Purpose  text   `json:"purpose"`
	}
	_ = json.Unmarshal(raw, &w)
	if w.ID == "" {
		return nil
	}
	c.Channel = Channel{
		ID: w.ID, Name: w.Name, User: w.User, Topic: w.Topic.Value, Purpose: w.Purpose.Value,
		Members: w.Members, Member: w.Member, Archived: w.Archived,
	}
	switch {
	case w.IM || strings.HasPrefix(w.ID, "D"):
		c.Kind, c.Member, c.Name = Direct, true, "" // nobody sees those of others
		if w.User == "" && isPerson(w.Name) {       // as a search has it
			c.User = w.Name
		}
	case w.MPIM:
		c.Kind, c.Member = Group, true
	case w.Private || w.Group:
		c.Kind = Private
	default:
		c.Kind = Public
	}
	return nil
}

// isPerson reports whether id is a user's.
func isPerson(id string) bool {
	return len(id) > 1 && (id[0] == 'U' || id[0] == 'W') && strings.ToUpper(id) == id
}

// conversations is a page of them.
type conversations struct {
	envelope
	Channels []conversation `json:"channels"`
}

// page is what is told of it. Those without an id are left out.
func (p conversations) page(mine bool) Page[Channel] {
	page := Page[Channel]{List: make([]Channel, 0, len(p.Channels)), Next: p.Metadata.Next}
	for _, c := range p.Channels {
		if c.ID == "" {
			continue
		}
		c.Member = c.Member || mine
		page.List = append(page.List, c.Channel)
	}
	return page
}

func (q ChannelQuery) kinds() []string {
	kinds := make([]string, 0, 4)
	for _, k := range q.Kinds {
		kinds = append(kinds, string(k))
	}
	if len(kinds) == 0 {
		kinds = append(kinds, string(Public))
	}
	return kinds
}

// Channels lists a page of the conversations of the workspace that the account
// may see. A kind whose scope is missing refuses all of it, as ScopeMissing.
// Source: https://docs.slack.dev/reference/methods/conversations.list
func (c *Client) Channels(ctx context.Context, q ChannelQuery) (Page[Channel], error) {
	got, err := ask[conversations](ctx, c, conversationsList(), "", func(ctx context.Context, s *slack.Client) error {
		_, _, err := s.GetConversationsContext(ctx, &slack.GetConversationsParameters{
			Cursor: q.Cursor, ExcludeArchived: !q.Archived, Limit: within(q.Limit, maxChannels, maxChannels), Types: q.kinds(),
		})
		return err
	})
	return got.page(false), err
}

// MyChannels lists a page of the conversations that the account is in.
// Source: https://docs.slack.dev/reference/methods/users.conversations
func (c *Client) MyChannels(ctx context.Context, q ChannelQuery) (Page[Channel], error) {
	got, err := ask[conversations](ctx, c, usersConversations(), "", func(ctx context.Context, s *slack.Client) error {
		_, _, err := s.GetConversationsForUserContext(ctx, &slack.GetConversationsForUserParameters{
			Cursor: q.Cursor, ExcludeArchived: !q.Archived, Limit: within(q.Limit, maxChannels, maxChannels), Types: q.kinds(),
		})
		return err
	})
	return got.page(true), err
}

// Channel asks for one conversation by its id.
// Source: https://docs.slack.dev/reference/methods/conversations.info
func (c *Client) Channel(ctx context.Context, id string) (Channel, error) {
	type one struct {
		envelope
		Channel conversation `json:"channel"`
	}
	m := conversationsInfo()
	got, err := ask[one](ctx, c, m, "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id, IncludeNumMembers: true})
		return err
	})
	if err == nil && got.Channel.ID == "" {
		err = c.marked(unreadable(m, errNoID))
	}
	return got.Channel.Channel, err
}
