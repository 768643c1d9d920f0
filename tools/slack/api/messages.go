package api

import (
	"context"
	"net/url"

	"github.com/slack-go/slack"
)

const (
	somePage  = 100 // messages of a page that names no limit
	maxPage   = 999
	someFound = 20
	maxFound  = 100 // of a page, and pages
)

// talk is a page of messages.
type talk struct {
	envelope
	Messages []message `json:"messages"`
}

func (t talk) page() Messages {
	page := Messages{List: make([]Message, 0, len(t.Messages)), Next: t.Metadata.Next}
	for i := range t.Messages {
		page.List = append(page.List, t.Messages[i].Message)
	}
	return page
}

// History reads a page of a conversation, the newest message first, without
// those replies that are in their thread alone.
// Source: https://docs.slack.dev/reference/methods/conversations.history
func (c *Client) History(ctx context.Context, q HistoryQuery) (Messages, error) {
	got, err := ask[talk](ctx, c, conversationsHist(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{
			ChannelID: q.Channel, Cursor: q.Cursor, Inclusive: q.Inclusive, Latest: q.Latest, Oldest: q.Oldest,
			Limit: within(q.Limit, somePage, maxPage), IncludeAllMetadata: q.Metadata,
		})
		return err
	})
	page := got.page()
	for i := range page.List { // a reply is here because it was broadcast, whether its subtype says so or not
		m := &page.List[i]
		m.Broadcast = m.Broadcast || m.Thread != "" && m.Thread != m.TS
	}
	return page, err
}

// Replies reads a page of a thread.
// Source: https://docs.slack.dev/reference/methods/conversations.replies
func (c *Client) Replies(ctx context.Context, q HistoryQuery) (Messages, error) {
	got, err := ask[talk](ctx, c, conversationsRepl(), "", func(ctx context.Context, s *slack.Client) error {
		_, _, _, err := s.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{
			ChannelID: q.Channel, Timestamp: q.Thread, Cursor: q.Cursor, Inclusive: q.Inclusive, Latest: q.Latest, Oldest: q.Oldest,
			Limit: within(q.Limit, somePage, maxPage), IncludeAllMetadata: q.Metadata,
		})
		return err
	})
	return got.page(), err
}

// Search looks for messages as a person does in Slack. A bot may not.
// Source: https://docs.slack.dev/reference/methods/search.messages
func (c *Client) Search(ctx context.Context, q SearchQuery) (Found, error) {
	type found struct {
		envelope
		Messages struct {
			Matches []message `json:"matches"`
			Total   int       `json:"total"`
			Paging  struct {
				Page  int `json:"page"`
				Pages int `json:"pages"`
			} `json:"paging"`
		} `json:"messages"`
	}
	m := searchMessages()
	if c.cfg.Bot {
		return Found{}, c.marked(&Error{Kind: UserTokenNeeded, Method: m.name})
	}
	p := slack.SearchParameters{
		Sort: "timestamp", SortDirection: "desc", Count: within(q.Limit, someFound, maxFound), Page: within(q.Page, 1, maxFound),
	}
	if q.Relevance {
		p.Sort = "score"
	}
	got, err := ask[found](ctx, c, m, "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.SearchMessagesContext(ctx, q.Query, p)
		return err
	})
	page := Found{List: make([]Message, 0, len(got.Messages.Matches)), Total: got.Messages.Total, Page: p.Page, Pages: got.Messages.Paging.Pages}
	for i := range got.Messages.Matches {
		match := got.Messages.Matches[i].Message
		match.Thread = first(match.Thread, threadIn(match.Permalink))
		page.List = append(page.List, match)
	}
	return page, err
}

// threadIn is the thread that a permalink names.
func threadIn(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get("thread_ts")
}

// Permalink asks for the address of a message.
// Source: https://docs.slack.dev/reference/methods/chat.getPermalink
func (c *Client) Permalink(ctx context.Context, channel, ts string) (string, error) {
	type link struct {
		envelope
		Permalink string `json:"permalink"`
	}
	got, err := ask[link](ctx, c, chatGetPermalink(), "", func(ctx context.Context, s *slack.Client) error {
		_, err := s.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
		return err
	})
	return got.Permalink, err
}
