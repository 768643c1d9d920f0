package slack

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

var searchMessagesSpec = tools.Spec{
	Name:      "slack_search_messages",
	Title:     "Search Slack messages",
	Effect:    tools.ReadOnly,
	OpenWorld: true,
	Ranges:    map[string]tools.Range{"limit": {Min: 1, Max: 100, Default: 20}},
	Choices:   map[string][]string{"sort": {"newest", "relevance"}},
	Description: "Search messages of the Slack workspace by words, and Slack's own modifiers such as has:link; in, from, since and until narrow it. " +
		"Needs a connected person's account: bots may not search. Read around a hit with slack_get_thread; next_cursor has more.",
}

// maxSnippet bounds the text of one hit, characters.
const maxSnippet = 1000

type searchArgs struct {
	Query  string `json:"query,omitempty" jsonschema:"words, \"phrases\", -without and modifiers; may be empty with in or from"`
	In     string `json:"in,omitempty" jsonschema:"#name, id or link of a channel, or @handle of a direct message"`
	From   string `json:"from,omitempty" jsonschema:"@handle, id, name or email address of who wrote; me"`
	Since  string `json:"since,omitempty" jsonschema:"RFC 3339, a day of UTC, today, or back from now, as 7d, 12h, 30m or 1w"`
	Until  string `json:"until,omitempty" jsonschema:"likewise; a day counts whole"`
	Sort   string `json:"sort,omitempty" jsonschema:"order of the hits"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most messages to return; with cursor, that of the first call counts"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next_cursor of the answer before, with the same other arguments"`
}

type searchResult struct {
	Query      string   `json:"query" jsonschema:"as it was given to Slack"`
	Total      int      `json:"total" jsonschema:"messages that Slack found, in whole days"`
	Messages   []said   `json:"messages" jsonschema:"in the order of sort"`
	People     []person `json:"people" jsonschema:"those who wrote"`
	NextCursor string   `json:"next_cursor,omitempty" jsonschema:"for more; absent at the end"`
	Note       string   `json:"note,omitempty"`
}

// searchMessages answers the slack_search_messages tool.
// Errors: bad_argument, those of names.Names, *api.Error.
func (h handlers) searchMessages(ctx context.Context, in searchArgs) (searchResult, error) {
	w, err := newWindow("", in.Since, in.Until, h.Now())
	if err != nil {
		return searchResult{}, err
	}
	query, err := h.query(ctx, in, w)
	if err != nil {
		return searchResult{}, err
	}
	at, err := readSearchCursor(in.Cursor, query+in.Sort, in.Limit)
	if err != nil {
		return searchResult{}, err
	}
	found, err := h.reads.Search(ctx, api.SearchQuery{Query: query, Relevance: in.Sort == "relevance", Limit: at.limit, Page: at.page})
	if err != nil {
		return searchResult{}, err
	}
	out := searchResult{Query: query, Total: found.Total, Messages: []said{}, People: []person{}}
	var list []api.Message
	for _, m := range found.List {
		if w.has(m.TS) && (at.before == "" || older(m.TS, at.before)) {
			list = append(list, m)
		}
	}
	f := h.meet(ctx, list)
	for _, m := range list {
		out.Messages = append(out.Messages, h.hit(ctx, f, m))
	}
	out.People = f.persons(list)
	if n := len(found.List); n > 0 && found.Page < min(found.Pages, maxSearchPages) {
		out.NextCursor = at.next(found.List[n-1].TS, query+in.Sort, in.Sort == "newest").String()
	}
	out.Note = out.note(found)
	return out, nil
}

// query is what Slack is asked for. Its days are those of the person's time
// zone, and after and before leave their own day out: the days are wider than
// the window, which has the last word.
// Source: https://slack.com/help/articles/202528808
func (h handlers) query(ctx context.Context, in searchArgs, w window) (string, error) {
	var parts []string
	if text := strings.Join(strings.Fields(in.Query), " "); text != "" {
		parts = append(parts, text)
	}
	if in.In != "" {
		ch, err := h.finds.Channel(ctx, in.In)
		if err != nil {
			return "", err
		}
		tools.Touch(ctx, "channel:"+ch.ID)
		if parts = append(parts, "in:<#"+ch.ID+">"); ch.Kind == api.Direct {
			parts[len(parts)-1] = "in:<@" + ch.User + ">"
		}
	}
	if from := strings.TrimSpace(in.From); from == "me" {
		parts = append(parts, "from:me")
	} else if from != "" {
		u, err := h.finds.User(ctx, from)
		if err != nil {
			return "", err
		}
		parts = append(parts, "from:<@"+u.ID+">")
	}
	if len(parts) == 0 {
		return "", tools.NewBadArgument("there is nothing to search for", "Give query, in or from.")
	}
	const days = 2 * 24 * time.Hour
	if w.Oldest != "" {
		parts = append(parts, "after:"+api.Time(w.Oldest).Add(-days).UTC().Format(time.DateOnly))
	}
	if in.Until != "" {
		parts = append(parts, "before:"+api.Time(w.Latest).Add(days).UTC().Format(time.DateOnly))
	}
	return strings.Join(parts, " "), nil
}

// has reports whether a ts is in the window.
func (w window) has(ts string) bool {
	return (w.Oldest == "" || older(w.Oldest, ts)) && (w.Latest == "" || older(ts, w.Latest))
}

// hit is a message that was found, with where it is.
func (h handlers) hit(ctx context.Context, f folk, m api.Message) said {
	s := f.said(m).limited(maxSnippet)
	p := h.placeOf(ctx, m.Channel)
	s.Channel = &p
	if u, err := url.Parse(m.Permalink); err == nil && u.Scheme == "https" {
		s.Link = u.String()
		if s.Thread == "" {
			s.Thread = threadIn(u, m.TS)
		}
	}
	return s
}

// threadIn is the thread that a message's link names; empty: none.
func threadIn(u *url.URL, ts string) string {
	if thread := u.Query().Get("thread_ts"); tsForm.MatchString(thread) && thread != ts {
		return thread
	}
	return ""
}

// note says what was searched where nothing is returned.
func (r searchResult) note(found api.Found) string {
	switch {
	case len(r.Messages) > 0:
		return ""
	case r.NextCursor != "":
		return "None of this page is in the window; the others follow with next_cursor."
	case found.Page > 1:
		return "There are no more messages."
	default:
		return "Slack found nothing. Try fewer or other words, an earlier since, or leave out in and from; slack_get_channel_history reads a channel without searching."
	}
}

// Text is a message a line, in the order of the search.
func (r searchResult) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s that Slack found, %s\n", grouped(len(r.Messages)), grouped(r.Total), legend)
	t := newTranscript(r.People)
	for _, m := range r.Messages {
		b.WriteString(t.line(m))
	}
	writeEnd(&b, r.Note, r.NextCursor)
	return b.String()
}

// maxSearchPages is how far Slack goes.
// Source: https://docs.slack.dev/reference/methods/search.messages
const maxSearchPages = 100

// searchCursor is a page of a search. Search has no other cursor that outlives
// new messages; before leaves out what a page before had.
type searchCursor struct {
	page, limit int
	before      string // ts; empty: no bound
	of          string // digest of the search
}

func (c searchCursor) next(last, search string, newest bool) searchCursor {
	c.page, c.before, c.of = c.page+1, "", digestOfSearch(search)
	if newest {
		c.before = last
	}
	return c
}

// String is the cursor as answers have it.
func (c searchCursor) String() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "s %d %d %s %s", c.page, c.limit, c.of, c.before))
}

// readSearchCursor reads what String wrote, for the same search.
// Errors: bad_argument.
func readSearchCursor(text, search string, limit int) (searchCursor, error) {
	if text == "" {
		return searchCursor{page: 1, limit: limit}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(text))
	var c searchCursor
	n, _ := fmt.Sscanf(string(raw), "s %d %d %s %s", &c.page, &c.limit, &c.of, &c.before)
	if err != nil || n < 3 || c.page < 1 || c.page > maxSearchPages || c.limit < 1 || c.limit > 100 || c.before != "" && !tsForm.MatchString(c.before) {
		return c, badCursor()
	}
	if c.of != digestOfSearch(search) {
		return c, tools.NewBadArgument("cursor is of another search", "Give the same query, in, from, since, until and sort as before, or no cursor.")
	}
	return c, nil
}

func digestOfSearch(search string) string {
	sum := sha256.Sum256([]byte(search))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
