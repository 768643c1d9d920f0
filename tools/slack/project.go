package slack

import (
	"context"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

var projectUpdateSpec = tools.Spec{
	Name:      "slack_project_update",
	Title:     "Post a project update",
	Effect:    tools.Writes,
	Preview:   "preview",
	OpenWorld: true,
	Timeout:   slow,
	Choices:   map[string][]string{"update_type": blockkit.UpdateTypes()},
	Description: "Post that a project was created, updated, completed or archived, in FluxStudio's layout with a headline, details and the time. " +
		"For anything else call slack_post_message. preview=true sends nothing. Repeat a failed call with the same idempotency_key.",
}

type projectUpdateArgs struct {
	Channel        string `json:"channel" jsonschema:"#name, id or link of a channel, or @handle, id or email of a person"`
	ProjectName    string `json:"project_name" jsonschema:"as people know it"`
	UpdateType     string `json:"update_type" jsonschema:"what happened to the project"`
	Details        string `json:"details,omitempty" jsonschema:"in Markdown, at most 12000 characters"`
	ThreadTS       string `json:"thread_ts,omitempty" jsonschema:"ts or link of the message to reply to"`
	IdempotencyKey string `json:"idempotency_key,omitempty" jsonschema:"any text of up to 200 characters that is the same when this call is repeated: it is posted once"`
	Preview        bool   `json:"preview,omitempty" jsonschema:"only return what would be sent"`
}

// projectUpdate answers the slack_project_update tool.
// Errors: those of blockkit.ProjectUpdate and deliver.
func (h handlers) projectUpdate(ctx context.Context, in projectUpdateArgs) (postResult, error) {
	r, _, err := h.tellProject(ctx, in)
	return r, err
}

// tellProject is projectUpdate, and the message.
func (h handlers) tellProject(ctx context.Context, in projectUpdateArgs) (postResult, api.NewMessage, error) {
	blocks, text, err := blockkit.ProjectUpdate(blockkit.Project{Name: in.ProjectName, Type: in.UpdateType, Details: in.Details}, h.Now())
	if err != nil {
		return postResult{}, api.NewMessage{}, err
	}
	list := []api.NewMessage{{Text: text, Blocks: blocks}}
	d := delivery{channel: in.Channel, thread: in.ThreadTS, key: in.IdempotencyKey, preview: in.Preview}
	// The blocks hold the time of the call, which another call to the same end has not.
	d.same = posting.Digest("project", in.ProjectName, in.UpdateType, in.Details)
	r, err := h.deliver(ctx, d, list)
	return r, list[0], err
}
