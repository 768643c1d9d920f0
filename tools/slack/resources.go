package slack

import (
	"context"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// resources are what a client can attach to a conversation by itself.
func (h handlers) resources() []tools.Resource {
	return []tools.Resource{{
		URI: "slack://channels", Name: "slack-channels", Title: "Slack channels", MIMEType: "text/plain",
		Description: "Channels of the Slack workspace, as slack_list_channels shows them.",
		Read: func(ctx context.Context) (string, error) {
			r, err := h.listChannels(ctx, listChannelsArgs{Limit: listChannelsSpec.Ranges["limit"].Max})
			if err != nil {
				return "", err
			}
			return r.Text(), nil
		},
	}}
}

func (h handlers) templates() []tools.ResourceTemplate {
	return []tools.ResourceTemplate{{
		URITemplate: "slack://channel/{id}", Name: "slack-channel", Title: "Slack channel", MIMEType: "text/plain",
		Description: "The newest messages of a Slack channel, as slack_get_channel_history shows them; by id, or by name without #.",
		Complete:    map[string]tools.Completer{"id": h.completeChannel},
		Read: func(ctx context.Context, values map[string]string) (string, error) {
			r, err := h.getHistory(ctx, getHistoryArgs{Channel: values["id"], Budget: getHistorySpec.Ranges["budget"].Default})
			if err != nil {
				return "", err
			}
			return r.Text(), nil
		},
	}}
}

// maxCompletions is as many as a client is shown.
const maxCompletions = 100

// completeChannel lists names of channels: those that begin with prefix, then
// those that contain it. What looks like an id is one.
func (h handlers) completeChannel(ctx context.Context, prefix string) ([]string, error) {
	prefix = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(prefix), "#"))
	got, err := h.lists.List(ctx, names.ListQuery{Name: prefix, Limit: maxCompletions})
	if err != nil {
		return nil, err
	}
	var begin, contain []string
	for _, ch := range got.List {
		switch lower := strings.ToLower(ch.Name); {
		case ch.Name == "":
		case strings.HasPrefix(lower, prefix):
			begin = append(begin, ch.Name)
		case strings.Contains(lower, prefix):
			contain = append(contain, ch.Name)
		}
	}
	if found := append(begin, contain...); len(found) > 0 {
		return found, nil
	}
	return h.completeID(ctx, strings.ToUpper(prefix)), nil
}

// completeID is the id that was typed, where there is such a conversation.
func (h handlers) completeID(ctx context.Context, id string) []string {
	if len(id) < 9 || !strings.ContainsAny(id[:1], "CGD") {
		return nil
	}
	ch, err := h.finds.Channel(ctx, id)
	if err != nil {
		return nil
	}
	return []string{ch.ID}
}
