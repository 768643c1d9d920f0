package slack

import (
	"context"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

var deleteMessageSpec = tools.Spec{
	Name:      "slack_delete_message",
	Title:     "Delete a Slack message",
	Effect:    tools.Destructive,
	OpenWorld: true,
	Description: "Delete a message that whoever asks has posted, for everybody and for good; replies to it stay. " +
		"Look at it first with slack_get_thread. To correct a message, call slack_update_message instead.",
}

type deleteMessageArgs struct {
	Channel string `json:"channel" jsonschema:"#name, id or link of the channel, or the link of the message"`
	TS      string `json:"ts,omitempty" jsonschema:"ts or link of the message; needed unless channel is its link"`
}

type deleteResult struct {
	Channel     string `json:"channel" jsonschema:"id"`
	ChannelName string `json:"channel_name,omitempty"`
	TS          string `json:"ts"`
	Note        string `json:"note,omitempty" jsonschema:"where it was not as usual"`

	where place
}

// deleteMessage answers the slack_delete_message tool.
// Errors: bad_argument, those of existing, *api.Error and *api.Unanswered.
func (h handlers) deleteMessage(ctx context.Context, in deleteMessageArgs) (deleteResult, error) {
	to, ts, err := h.existing(ctx, in.Channel, in.TS)
	if err != nil {
		return deleteResult{}, err
	}
	note, err := twice(func() error { return h.API.Delete(ctx, to.ID, ts) }, api.UnknownMessage)
	if err != nil {
		return deleteResult{}, err
	}
	return deleteResult{Channel: to.ID, ChannelName: to.where.Name, TS: ts, Note: note, where: to.where}, nil
}

// Text is what the model reads.
func (r deleteResult) Text() string {
	return lines("deleted "+plain(r.TS)+" in "+r.where.text(), r.Note)
}
