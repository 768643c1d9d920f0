package main

import (
	"context"
	"fmt"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// refusals are what emulate does not allow, and how we understand that.
func (w *workspace) refusals(ctx context.Context) error {
	said, err := w.post(ctx, "mine", "")
	if err != nil {
		return err
	}
	scopeless, other, nobody := slackAt(w.base, little), slackAt(w.base, jonas), slackAt(w.base, "xoxp-independent-nobody")
	for _, c := range []struct {
		name string
		err  error
		want api.Failure
	}{
		{"a channel that there is not", second(w.client.History(ctx, api.HistoryQuery{Channel: "C00000000"})), api.UnknownChannel},
		{"a user that there is not", second(w.client.User(ctx, "U00000000")), api.UnknownUser},
		{"an address that nobody has", second(w.client.UserByEmail(ctx, "nobody@example.com")), api.UnknownUser},
		{"a file that there is not", second(w.client.FileInfo(ctx, "F00000000")), api.UnknownFile},
		{"a message that there is not", w.client.Delete(ctx, w.channel.ID, "1600000000.000100"), api.UnknownMessage},
		{"somebody else's message, to change", second(other.Update(ctx, said.TS, api.NewMessage{Channel: said.Channel, Text: "x"})), api.Forbidden},
		{"somebody else's message, to delete", other.Delete(ctx, said.Channel, said.TS), api.Forbidden},
		{"history without the scope", second(scopeless.History(ctx, api.HistoryQuery{Channel: w.channel.ID})), api.ScopeMissing},
		{"a post without the scope", second(scopeless.Post(ctx, api.NewMessage{Channel: w.channel.ID, Text: "x"})), api.ScopeMissing},
		{"an upload without the scope", second(scopeless.PlaceUpload(ctx, api.Upload{Name: "a", Size: 1})), api.ScopeMissing},
	} {
		if kind, _ := api.KindOf(c.err); kind != c.want {
			return fmt.Errorf("%s: got %v, want the kind %v", c.name, c.err, c.want)
		}
	}
	_, err = scopeless.History(ctx, api.HistoryQuery{Channel: w.channel.ID})
	lacks, ok := err.(interface{ MissingScopes() (string, []string) })
	if !ok {
		return fmt.Errorf("without the scope: got %T, want an error that names scopes", err)
	}
	if provider, scopes := lacks.MissingScopes(); provider != "slack" || len(scopes) != 1 || scopes[0] != "channels:history" {
		return fmt.Errorf("without the scope: %s lacks %q, want channels:history", provider, scopes)
	}
	_, err = nobody.Identity(ctx)
	w.differs(err == nil, "a token that there is not is taken, as an administrator's")
	return nil
}

// second drops what comes with an error.
func second[T any](_ T, err error) error { return err }

// missing are methods that emulate does not have, which must not look as if there
// were nothing to find.
func (w *workspace) missing(ctx context.Context) error {
	w.try("MyChannels", "Search")
	if list, err := w.client.MyChannels(ctx, api.ChannelQuery{}); err == nil {
		return fmt.Errorf("own channels: got %+v, want an error", list)
	}
	if found, err := w.client.Search(ctx, api.SearchQuery{Query: "one"}); err == nil {
		return fmt.Errorf("search: got %+v, want an error", found)
	}
	return nil
}
