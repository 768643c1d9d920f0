package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Tokens of emulate.yaml: of a person who may do everything, of the same with one
// scope, and of somebody else.
const (
	maria  = "xoxp-independent-maria"
	little = "xoxp-independent-little"
	jonas  = "xoxp-independent-jonas"
)

// workspace is emulate as Slack, asked by our client as one person. It notes which
// of the client's methods were tried, and what differs from Slack's documentation.
type workspace struct {
	base    string
	client  *api.Client
	tried   map[string]bool
	odd     []string
	channel api.Channel
}

// slackAt is our client with a token.
func slackAt(base, token string) *api.Client {
	client := &http.Client{Transport: api.BotToken(token, base, nil)}
	return api.New(api.Config{BaseURL: base, Client: func(context.Context) *http.Client { return client }, Token: true})
}

// slackTools asks emulate all that our client of Slack can ask, and checks what
// comes of it.
func slackTools(ctx context.Context, base string) error {
	w := &workspace{base: base, client: slackAt(base, maria), tried: map[string]bool{}}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"lists, page by page", w.lists},
		{"history, page by page", w.history},
		{"a thread", w.thread},
		{"a message changed and deleted", w.changes},
		{"a file in three steps", w.upload},
		{"refusals told apart", w.refusals},
		{"what emulate does not have", w.missing},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Println("ok    slack   ", step.name)
	}
	for method := range reflect.TypeFor[*api.Client]().Methods() {
		if !w.tried[method.Name] {
			return fmt.Errorf("nobody tried %s", method.Name)
		}
	}
	for _, odd := range w.odd {
		fmt.Println("note  slack    emulate differs from Slack's documentation:", odd)
	}
	return nil
}

// try notes that methods are tried.
func (w *workspace) try(methods ...string) {
	for _, m := range methods {
		w.tried[m] = true
	}
}

// differs notes what is odd where it is so.
func (w *workspace) differs(is bool, what string) {
	if is {
		w.odd = append(w.odd, what)
	}
}

// pages follows cursors, and returns all, each of which must come once.
func pages[T any](ask func(cursor string) ([]T, string, error), key func(T) string) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for cursor, n := "", 0; ; n++ {
		list, next, err := ask(cursor)
		if err != nil {
			return nil, err
		}
		for _, item := range list {
			if seen[key(item)] {
				return nil, fmt.Errorf("%s comes twice", key(item))
			}
			seen[key(item)] = true
			all = append(all, item)
		}
		if next == "" {
			if n == 0 {
				return nil, errors.New("everything is on one page, want more")
			}
			return all, nil
		}
		cursor = next
	}
}

func (w *workspace) lists(ctx context.Context) error {
	w.try("Identity", "Channels", "Channel")
	who, err := w.client.Identity(ctx)
	if err != nil || who.Name != "maria" || who.Team == "" {
		return fmt.Errorf("whose token it is: got %+v, %v", who, err)
	}
	channels, err := pages(func(cursor string) ([]api.Channel, string, error) {
		p, err := w.client.Channels(ctx, api.ChannelQuery{Limit: 2, Cursor: cursor})
		return p.List, p.Next, err
	}, func(c api.Channel) string { return c.ID })
	if err != nil {
		return err
	}
	i := slices.IndexFunc(channels, func(c api.Channel) bool { return c.Name == "design" })
	if len(channels) < 5 || i < 0 || channels[i].Topic != "What we draw" || channels[i].Kind != api.Public {
		return fmt.Errorf("got the channels %+v, want five with design", channels)
	}
	if w.channel, err = w.client.Channel(ctx, channels[i].ID); err != nil || w.channel.Name != "design" {
		return fmt.Errorf("the channel: got %+v, %v", w.channel, err)
	}
	return w.people(ctx, who.User)
}

// people lists those of the workspace, and asks for single ones.
func (w *workspace) people(ctx context.Context, me string) error {
	w.try("Users", "User", "UserByEmail")
	users, err := pages(func(cursor string) ([]api.User, string, error) {
		p, err := w.client.Users(ctx, cursor, 1)
		return p.List, p.Next, err
	}, func(u api.User) string { return u.ID })
	if err != nil || len(users) < 2 {
		return fmt.Errorf("got the users %+v, %v", users, err)
	}
	one, err := w.client.User(ctx, me)
	if err != nil || one.Name != "Maria Meier" {
		return fmt.Errorf("the user: got %+v, %v", one, err)
	}
	other, err := w.client.UserByEmail(ctx, "jonas@example.com")
	if err != nil || other.Handle != "jonas" {
		return fmt.Errorf("the user by address: got %+v, %v", other, err)
	}
	return nil
}

// post posts a text with metadata.
func (w *workspace) post(ctx context.Context, text, thread string) (api.Posted, error) {
	w.try("Post")
	return w.client.Post(ctx, api.NewMessage{
		Channel: w.channel.ID, Text: text, Thread: thread, Metadata: api.Metadata{Type: "independent", Payload: []byte(`{"text":"` + text + `"}`)},
	})
}

// all reads the history two at a time.
func (w *workspace) all(ctx context.Context) ([]api.Message, error) {
	w.try("History")
	return pages(func(cursor string) ([]api.Message, string, error) {
		m, err := w.client.History(ctx, api.HistoryQuery{Channel: w.channel.ID, Limit: 2, Cursor: cursor, Metadata: true})
		return m.List, m.Next, err
	}, func(m api.Message) string { return m.TS })
}

func (w *workspace) history(ctx context.Context) error {
	var posted []string
	for _, text := range []string{"one", "two", "three", "four", "five"} {
		p, err := w.post(ctx, text, "")
		if err != nil {
			return err
		}
		if p.Channel != w.channel.ID || p.TS == "" {
			return fmt.Errorf("posted %+v, want it in the channel", p)
		}
		posted = append(posted, p.TS)
	}
	list, err := w.all(ctx)
	if err != nil {
		return err
	}
	var texts []string
	for _, m := range list {
		texts = append(texts, m.Text)
	}
	if got := strings.Join(texts, " "); !strings.HasPrefix(got, "five four three two one") {
		return fmt.Errorf("got the history %s, want the newest first", got)
	}
	if m := list[0].Metadata; m.Type != "independent" || string(m.Payload) != `{"text":"five"}` {
		return fmt.Errorf("got the metadata %s %s, want what was posted", m.Type, m.Payload)
	}
	since, err := w.client.History(ctx, api.HistoryQuery{Channel: w.channel.ID, Oldest: posted[3]})
	w.differs(err == nil && len(since.List) != 1, "conversations.history gives all messages, whatever oldest and latest say")
	_, err = w.client.History(ctx, api.HistoryQuery{Channel: w.channel.ID, Cursor: "nothing"})
	w.differs(err == nil, "a cursor that is none begins again, where invalid_cursor should come")
	return nil
}

func (w *workspace) thread(ctx context.Context) error {
	w.try("Replies", "Permalink")
	first, err := w.post(ctx, "first", "")
	if err != nil {
		return err
	}
	reply, err := w.post(ctx, "reply", first.TS)
	if err != nil {
		return err
	}
	got, err := w.client.Replies(ctx, api.HistoryQuery{Channel: w.channel.ID, Thread: first.TS})
	if err != nil || len(got.List) != 2 || got.List[0].TS != first.TS || got.List[0].Replies != 1 || got.List[1].TS != reply.TS || got.List[1].Thread != first.TS {
		return fmt.Errorf("got the thread %+v, %v", got, err)
	}
	link, err := w.client.Permalink(ctx, w.channel.ID, reply.TS)
	if err != nil || !strings.Contains(link, "p"+strings.ReplaceAll(reply.TS, ".", "")) || !strings.Contains(link, "thread_ts="+first.TS) {
		return fmt.Errorf("got the link %s, %v", link, err)
	}
	none, err := w.client.Replies(ctx, api.HistoryQuery{Channel: w.channel.ID, Thread: "1600000000.000100"})
	w.differs(err == nil && len(none.List) == 0, "a thread that there is not is empty, where thread_not_found should come")
	_, err = w.post(ctx, "lost", "1600000000.000100")
	w.differs(err == nil, "a reply to a message that there is not is taken")
	return nil
}

func (w *workspace) changes(ctx context.Context) error {
	w.try("Update", "Delete")
	said, err := w.post(ctx, "draft", "")
	if err != nil {
		return err
	}
	if _, err := w.client.Update(ctx, said.TS, api.NewMessage{Channel: said.Channel, Text: "final"}); err != nil {
		return err
	}
	list, err := w.all(ctx)
	if err != nil || list[0].Text != "final" || list[0].Edited == "" {
		return fmt.Errorf("got %+v, %v, want the new text, edited", list[0], err)
	}
	if err := w.client.Delete(ctx, said.Channel, said.TS); err != nil {
		return err
	}
	if list, err = w.all(ctx); err != nil || list[0].TS == said.TS {
		return fmt.Errorf("got %+v, %v, want it gone", list[0], err)
	}
	return nil
}

func (w *workspace) upload(ctx context.Context) error {
	w.try("PlaceUpload", "SendUpload", "ShareUpload", "FileInfo")
	const content = "what we agreed on"
	place, err := w.client.PlaceUpload(ctx, api.Upload{Name: "notes.txt", Title: "Notes", Size: int64(len(content))})
	if err != nil {
		return err
	}
	var sent int64
	if err := w.client.SendUpload(ctx, place, strings.NewReader(content), int64(len(content)), func(n int64) { sent = n }); err != nil {
		return err
	}
	shared, err := w.client.ShareUpload(ctx, api.Share{FileID: place.FileID, Title: "Notes", Channel: w.channel.ID, Comment: "Here they are"})
	if err != nil || shared.ID != place.FileID || sent != int64(len(content)) {
		return fmt.Errorf("shared %+v after %d bytes, %v", shared, sent, err)
	}
	info, err := w.client.FileInfo(ctx, place.FileID)
	if err != nil || info.Name != "notes.txt" || info.Size != int64(len(content)) || len(info.Shares[w.channel.ID]) != 1 {
		return fmt.Errorf("got the file %+v, %v, want it in the channel", info, err)
	}
	list, err := w.all(ctx)
	if err != nil || list[0].TS != info.Shares[w.channel.ID][0] || list[0].Text != "Here they are" || len(list[0].Files) != 1 || list[0].Files[0].ID != place.FileID {
		return fmt.Errorf("got %+v, %v, want the message with the file", list[0], err)
	}
	return nil
}
