package slack

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

var taskNotificationSpec = tools.Spec{
	Name:      "slack_task_notification",
	Title:     "Post that a task was assigned",
	Effect:    tools.Writes,
	Preview:   "preview",
	OpenWorld: true,
	Timeout:   slow,
	Description: "Post that a task was assigned to somebody, in FluxStudio's layout: title, assignee and due date. " +
		"An assignee given as @handle, id or email is mentioned and so notified; a plain name is only shown. preview=true sends nothing.",
}

type taskNotificationArgs struct {
	Channel        string `json:"channel" jsonschema:"#name, id or link of a channel, or @handle, id or email of a person"`
	TaskTitle      string `json:"task_title" jsonschema:"what is to be done"`
	Assignee       string `json:"assignee" jsonschema:"@handle, id, <@U…> or email of whoever is to do it, or a name"`
	DueDate        string `json:"due_date,omitempty" jsonschema:"as it is to be shown, such as 2026-12-01"`
	ThreadTS       string `json:"thread_ts,omitempty" jsonschema:"ts or link of the message to reply to"`
	IdempotencyKey string `json:"idempotency_key,omitempty" jsonschema:"any text of up to 200 characters that is the same when this call is repeated: it is posted once"`
	Preview        bool   `json:"preview,omitempty" jsonschema:"only return what would be sent"`
}

// taskNotification answers the slack_task_notification tool.
// Errors: bad_argument, those of names.Names.User, blockkit.TaskNotification and
// deliver.
func (h handlers) taskNotification(ctx context.Context, in taskNotificationArgs) (postResult, error) {
	if strings.TrimFunc(in.Assignee, invisible) == "" {
		return postResult{}, tools.NewBadArgument("assignee is empty", "Give assignee a person of the workspace, or a name.")
	}
	who, err := h.mention(ctx, in.Assignee)
	if err != nil {
		return postResult{}, err
	}
	r, _, err := h.tellTask(ctx, in, who)
	if err == nil && !addressed(in.Assignee) {
		r.Note = joined(r.Note, "The assignee is not mentioned, and so not notified: only an @handle, id or email is.")
	}
	return r, err
}

// tellTask posts the notification, and returns the message; who is the assignee
// as mrkdwn.
func (h handlers) tellTask(ctx context.Context, in taskNotificationArgs, who string) (postResult, api.NewMessage, error) {
	blocks, text, err := blockkit.TaskNotification(blockkit.Task{Title: in.TaskTitle, Assignee: who, Due: in.DueDate})
	if err != nil {
		return postResult{}, api.NewMessage{}, err
	}
	list := []api.NewMessage{{Text: text, Blocks: blocks}}
	r, err := h.deliver(ctx, delivery{channel: in.Channel, thread: in.ThreadTS, key: in.IdempotencyKey, preview: in.Preview}, list)
	return r, list[0], err
}

// address forms of people: what is none of them is a name.
var addressForm = regexp.MustCompile(`^(?:@\S+|[UW][A-Z0-9]{5,}|<@[UW][A-Z0-9]+(?:\|[^<>]*)?>|[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+)$`)

// addressed reports whether text names one person rather than a name.
func addressed(text string) bool { return addressForm.MatchString(strings.TrimSpace(text)) }

// mention is somebody as mrkdwn: mentioned where text addresses them, else as the
// text is.
// Errors: those of names.Names.User.
func (h handlers) mention(ctx context.Context, text string) (string, error) {
	text = strings.TrimSpace(mrkdwn.Valid(text))
	if !addressed(text) {
		return mrkdwn.Escape(text), nil
	}
	u, err := h.Names.User(ctx, text)
	if err != nil {
		return "", err
	}
	return "<@" + u.ID + ">", nil
}

// mentionOrText is mention, and text as it is where nobody is found.
func (h handlers) mentionOrText(ctx context.Context, text string) (string, error) {
	who, err := h.mention(ctx, text)
	if errors.As(err, new(*names.Unknown)) || errors.As(err, new(*names.Ambiguous)) {
		return mrkdwn.Escape(strings.TrimSpace(mrkdwn.Valid(text))), nil
	}
	return who, err
}
