package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// noon is when the tests of reading are.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fakeSlack is one conversation, its threads and a search, paged as Slack does.
type fakeSlack struct {
	channel  api.Channel
	messages []api.Message // oldest first, of the conversation and of threads
	people   map[string]api.User
	list     names.Listed
	found    api.Found
	users    names.FoundUsers

	most    int           // messages a page; 0: as many as asked for
	fails   error         // of every page but the first few
	after   int           // how many those are
	delay   time.Duration // of each page
	skipped int           // pages that come first and are empty

	asked    []api.HistoryQuery
	searched []api.SearchQuery
	listed   []names.ListQuery
	sought   []names.FindQuery
	met      []string // ids whose names were asked for
}

func (f *fakeSlack) handlers() handlers {
	return handlers{Config: Config{Now: func() time.Time { return noon }}, reads: f, finds: f, lists: f, called: f}
}

func (f *fakeSlack) Channel(_ context.Context, text string) (api.Channel, error) {
	if text == "#elsewhere" {
		return api.Channel{ID: "C0ELSEWHERE", Kind: api.Public, Name: "elsewhere"}, nil
	}
	return f.channel, nil
}

func (f *fakeSlack) User(_ context.Context, text string) (api.User, error) {
	return f.people[text], nil
}

func (f *fakeSlack) List(_ context.Context, q names.ListQuery) (names.Listed, error) {
	f.listed = append(f.listed, q)
	return f.list, nil
}

func (f *fakeSlack) FindUsers(_ context.Context, q names.FindQuery) (names.FoundUsers, error) {
	f.sought = append(f.sought, q)
	return f.users, nil
}

func (f *fakeSlack) People(_ context.Context, ids []string) map[string]api.User {
	f.met = append(f.met, ids...)
	out := map[string]api.User{}
	for _, id := range ids {
		if u, ok := f.people[id]; ok {
			out[id] = u
		}
	}
	return out
}

func (f *fakeSlack) ChannelNames(context.Context, []string) map[string]string {
	return map[string]string{}
}

func (f *fakeSlack) Note(_ context.Context, users ...api.User) {
	for _, u := range users {
		f.people[u.ID] = u
	}
}

func (f *fakeSlack) Search(_ context.Context, q api.SearchQuery) (api.Found, error) {
	f.searched = append(f.searched, q)
	return f.found, nil
}

func (f *fakeSlack) History(ctx context.Context, q api.HistoryQuery) (api.Messages, error) {
	list := slices.Clone(f.messages)
	slices.Reverse(list)
	return f.page(ctx, q, slices.DeleteFunc(list, func(m api.Message) bool {
		return m.Thread != "" && m.Thread != m.TS && !m.Broadcast || !withinBounds(m.TS, q)
	}))
}

func (f *fakeSlack) Replies(ctx context.Context, q api.HistoryQuery) (api.Messages, error) {
	return f.page(ctx, q, slices.DeleteFunc(slices.Clone(f.messages), func(m api.Message) bool {
		return m.TS != q.Thread && (m.Thread != q.Thread || !withinBounds(m.TS, q))
	}))
}

// withinBounds reports whether a ts is between the bounds of q.
func withinBounds(ts string, q api.HistoryQuery) bool {
	return (q.Oldest == "" || ts > q.Oldest) && (q.Latest == "" || ts < q.Latest)
}

// page is as much of list as one answer has.
func (f *fakeSlack) page(ctx context.Context, q api.HistoryQuery, list []api.Message) (api.Messages, error) {
	f.asked = append(f.asked, q)
	select {
	case <-ctx.Done():
		return api.Messages{}, ctx.Err()
	case <-time.After(f.delay):
	}
	if f.fails != nil && len(f.asked) > f.after {
		return api.Messages{}, f.fails
	}
	if len(f.asked) <= f.skipped {
		return api.Messages{Next: "skip"}, nil
	}
	n := q.Limit
	if f.most > 0 {
		n = min(n, f.most)
	}
	if n < len(list) {
		return api.Messages{List: list[:n], Next: "more"}, nil
	}
	return api.Messages{List: list}, nil
}

// say adds a message of somebody, so long before noon.
func (f *fakeSlack) say(ago time.Duration, by, text string) *api.Message {
	m := api.Message{TS: api.TS(noon.Add(-ago)), User: by, Text: text}
	at, _ := slices.BinarySearchFunc(f.messages, m.TS, func(m api.Message, ts string) int { return cmpTS(m.TS, ts) })
	f.messages = slices.Insert(f.messages, at, m)
	return &f.messages[at]
}

func cmpTS(a, b string) int {
	switch {
	case older(a, b):
		return -1
	case a == b:
		return 0
	default:
		return 1
	}
}

// quietChannel is a conversation without messages, and two people.
func quietChannel() *fakeSlack {
	return &fakeSlack{
		channel: api.Channel{ID: "C0TIDAL01", Kind: api.Public, Name: "tidal"},
		people: map[string]api.User{
			"U1": {ID: "U1", Handle: "kofi", Name: "Kofi Larsen"},
			"U2": {ID: "U2", Handle: "fatima", Name: "Fatima Yates", Display: "Fatima"},
		},
	}
}

// chatter is n messages, one a minute, the last a minute before noon.
func chatter(n int) *fakeSlack {
	f := quietChannel()
	for i := range n {
		f.messages = append(f.messages, api.Message{
			TS: api.TS(noon.Add(time.Duration(i-n) * time.Minute)), User: fmt.Sprintf("U%d", i/3%2+1), Text: fmt.Sprintf("Set %d reads well from the box, the field looks busy.", i),
		})
	}
	return f
}

// ask calls a tool of f through the kernel.
func (f *fakeSlack) ask(t *testing.T, tool, args string) tools.Answer {
	t.Helper()
	h := f.handlers()
	made := map[string]tools.Tool{
		"history": tools.New(getHistorySpec, h.getHistory), "thread": tools.New(getThreadSpec, h.getThread), "search": tools.New(searchMessagesSpec, h.searchMessages),
		"find": tools.New(findUserSpec, h.findUser), "list": tools.New(listChannelsSpec, h.listChannels),
	}
	return tools.Runtime{}.Call(t.Context(), made[tool], json.RawMessage(args))
}

// result is the structured part of the answer to a call that must not fail.
func result[T any](t *testing.T, a tools.Answer) (v T) {
	t.Helper()
	if a.Failure != nil {
		t.Fatalf("got %+v", a.Failure)
	}
	if err := json.Unmarshal(a.Structured, &v); err != nil {
		t.Fatalf("%s: %v", a.Structured, err)
	}
	return v
}

// tss are the ts of messages.
func tss(list []said) (out []string) {
	for _, m := range list {
		out = append(out, m.TS)
	}
	return out
}
