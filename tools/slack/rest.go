package slack

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

// endpoints are the REST API of web clients, whose shapes are older than the
// tools.
func (h handlers) endpoints() []tools.Endpoint {
	const at = "/api/integrations/slack/"
	return []tools.Endpoint{
		{Method: http.MethodGet, Path: at + "channels", Tool: tools.New(restSpec("slack_rest_channels", tools.ReadOnly), h.restChannels)},
		{Method: http.MethodPost, Path: at + "message", Tool: tools.New(restSpec("slack_rest_message", tools.Writes), h.restMessage)},
		{Method: http.MethodPost, Path: at + "project-update", Tool: tools.New(restSpec("slack_rest_project_update", tools.Writes), h.restProjectUpdate)},
		{Method: http.MethodPost, Path: at + "task-notification", Tool: tools.New(restSpec("slack_rest_task_notification", tools.Writes), h.restTaskNotification)},
	}
}

// restSpec describes an endpoint for the audit and the log; no client sees it.
func restSpec(name string, effect tools.Effect) tools.Spec {
	return tools.Spec{Name: name, Title: name, Effect: effect, OpenWorld: true, Timeout: slow, Description: "A path of the REST API."}
}

type restNothing struct{}

type restChannels struct {
	Channels []restChannel `json:"channels"`
}

type restChannel struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Private  bool   `json:"is_private"`
	Archived bool   `json:"is_archived"`
	Member   bool   `json:"is_member"`
}

// restPage is how many channels are asked for at once.
const restPage = 1000

// restChannels lists the public and private channels that are not archived.
func (h handlers) restChannels(ctx context.Context, _ restNothing) (restChannels, error) {
	out := restChannels{Channels: []restChannel{}}
	q := names.ListQuery{Kinds: []api.Kind{api.Public, api.Private}, Limit: restPage}
	for {
		page, err := h.lists.List(ctx, q)
		if err != nil {
			return restChannels{}, err
		}
		for _, ch := range page.List {
			out.Channels = append(out.Channels, restChannel{ch.ID, ch.Name, ch.Kind != api.Public, ch.Archived, ch.Member})
		}
		if page.Next == "" || page.Next == q.Cursor {
			return out, nil
		}
		q.Cursor = page.Next
	}
}

// restPosted is what was posted.
type restPosted struct {
	Message restSaid `json:"message"`
}

type restSaid struct {
	Channel string          `json:"channel"`
	TS      string          `json:"ts"`
	Text    string          `json:"text"`
	Blocks  json.RawMessage `json:"blocks"`
	User    string          `json:"user"`
}

// restOf is a message that was posted, as the REST API shows it.
func (h handlers) restOf(ctx context.Context, r postResult, m api.NewMessage) restPosted {
	out := restSaid{Channel: r.Channel, TS: r.TS, Text: m.Text, Blocks: m.Blocks}
	if out.Blocks == nil {
		out.Blocks = json.RawMessage("[]")
	}
	if me, err := h.me(ctx); err == nil { // without it the message is there all the same
		out.User = me.User
	}
	return restPosted{out}
}

type restMessageArgs struct {
	Channel string          `json:"channel,omitempty"`
	Text    string          `json:"text,omitempty"`
	Blocks  json.RawMessage `json:"blocks,omitempty"`
	Key     string          `json:"idempotency_key,omitempty"`
}

// restMessage posts a message, whose text is mrkdwn.
func (h handlers) restMessage(ctx context.Context, in restMessageArgs) (restPosted, error) {
	if in.Channel == "" || in.Text == "" {
		return restPosted{}, tools.NewBadArgument("Channel and text are required", "Give channel and text.")
	}
	text, blocks, err := h.compose(content{in.Text, formatMrkdwn, in.Blocks})
	if err != nil {
		return restPosted{}, err
	}
	if err := within(text, maxText, "text", "Shorten text."); err != nil {
		return restPosted{}, err
	}
	list := []api.NewMessage{{Text: text, Blocks: blocks}}
	r, err := h.deliver(ctx, delivery{channel: in.Channel, key: in.Key}, list)
	if err != nil {
		return restPosted{}, err
	}
	return h.restOf(ctx, r, list[0]), nil
}

func restMissing(fields string) error {
	return tools.NewBadArgument("Missing required fields", "Give "+fields+".")
}

type restProjectUpdateArgs struct {
	Channel     string `json:"channel,omitempty"`
	ProjectName string `json:"projectName,omitempty"`
	UpdateType  string `json:"updateType,omitempty"`
	Details     string `json:"details,omitempty"`
	Key         string `json:"idempotency_key,omitempty"`
}

// restProjectUpdate posts a project update.
func (h handlers) restProjectUpdate(ctx context.Context, in restProjectUpdateArgs) (restPosted, error) {
	if in.Channel == "" || in.ProjectName == "" || in.UpdateType == "" {
		return restPosted{}, restMissing("channel, projectName and updateType")
	}
	r, m, err := h.tellProject(ctx, projectUpdateArgs{Channel: in.Channel, ProjectName: in.ProjectName, UpdateType: in.UpdateType, Details: in.Details, IdempotencyKey: in.Key})
	if err != nil {
		return restPosted{}, err
	}
	return h.restOf(ctx, r, m), nil
}

type restTaskNotificationArgs struct {
	Channel   string `json:"channel,omitempty"`
	TaskTitle string `json:"taskTitle,omitempty"`
	Assignee  string `json:"assignee,omitempty"`
	DueDate   string `json:"dueDate,omitempty"`
	Key       string `json:"idempotency_key,omitempty"`
}

// restTaskNotification posts that a task was assigned. An assignee whom nobody
// knows is shown as it was given: web clients have names of their own.
func (h handlers) restTaskNotification(ctx context.Context, in restTaskNotificationArgs) (restPosted, error) {
	if in.Channel == "" || in.TaskTitle == "" || in.Assignee == "" {
		return restPosted{}, restMissing("channel, taskTitle and assignee")
	}
	who, err := h.mentionOrText(ctx, in.Assignee)
	if err != nil {
		return restPosted{}, err
	}
	r, m, err := h.tellTask(ctx, taskNotificationArgs{Channel: in.Channel, TaskTitle: in.TaskTitle, DueDate: in.DueDate, IdempotencyKey: in.Key}, who)
	if err != nil {
		return restPosted{}, err
	}
	return h.restOf(ctx, r, m), nil
}
