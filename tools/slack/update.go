package slack

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

var updateMessageSpec = tools.Spec{
	Name:      "slack_update_message",
	Title:     "Change a Slack message",
	Effect:    tools.Overwrites,
	Preview:   "preview",
	OpenWorld: true,
	Choices:   map[string][]string{"format": formats()},
	Description: "Replace the text or the blocks of a message that whoever asks has posted; what is not given again is gone. " +
		"Text of at most 4000 characters. People are not notified again. Call it again where the outcome is unknown; preview=true sends nothing.",
}

type updateMessageArgs struct {
	Channel string          `json:"channel" jsonschema:"#name, id or link of the channel, or the link of the message"`
	TS      string          `json:"ts,omitempty" jsonschema:"ts or link of the message; needed unless channel is its link"`
	Text    string          `json:"text,omitempty" jsonschema:"what to say instead; mention people as <@ID>, with the id of slack_find_user, since @name notifies nobody; with blocks, what notifications show of them"`
	Format  string          `json:"format,omitempty" jsonschema:"how text is written: Markdown, Slack's own mrkdwn, or plain with no links and mentions"`
	Blocks  json.RawMessage `json:"blocks,omitempty" jsonschema:"array of at most 50 Block Kit blocks, shown in place of text"`
	Preview bool            `json:"preview,omitempty" jsonschema:"only return what would be sent"`
}

type updateResult struct {
	Channel     string    `json:"channel" jsonschema:"id"`
	ChannelName string    `json:"channel_name,omitempty"`
	TS          string    `json:"ts"`
	Permalink   string    `json:"permalink,omitempty"`
	Note        string    `json:"note,omitempty" jsonschema:"where it was not as usual"`
	Preview     *outgoing `json:"preview,omitempty" jsonschema:"what would be sent"`

	where place
}

// updateMessage answers the slack_update_message tool.
// Errors: bad_argument, *blockkit.Problem, *tooLong, those of existing, *api.Error
// and *api.Unanswered.
func (h handlers) updateMessage(ctx context.Context, in updateMessageArgs) (updateResult, error) {
	text, blocks, err := h.compose(content{in.Text, in.Format, in.Blocks})
	if err != nil {
		return updateResult{}, err
	}
	if err := within(text, maxEdit, "text", "Shorten text, or post the rest as replies with slack_post_message."); err != nil {
		return updateResult{}, err
	}
	to, ts, err := h.existing(ctx, in.Channel, in.TS)
	if err != nil {
		return updateResult{}, err
	}
	m := api.NewMessage{Channel: to.ID, Text: text, Blocks: blocks}
	r := updateResult{Channel: to.ID, ChannelName: to.where.Name, TS: ts, where: to.where}
	if in.Preview {
		o := shown(m)
		o.TS, r.Preview, r.Note = ts, &o, "This is a preview: nothing was sent."
		return r, nil
	}
	r.Note, err = twice(func() error {
		_, err := h.API.Update(ctx, ts, m)
		return err
	}, 0)
	if err != nil {
		return updateResult{}, err
	}
	r.Permalink = h.linkTo(ctx, to.ID, ts, "")
	return r, nil
}

// twice makes a change that does no harm when it is made again, and makes it
// again where the answer was lost. gone is what Slack then says where the first
// had made it; 0: it says yes.
func twice(change func() error, gone api.Failure) (note string, err error) {
	if err = change(); !errors.As(err, new(*api.Unanswered)) {
		return "", err
	}
	err = change()
	if kind, told := api.KindOf(err); told && gone != 0 && kind == gone {
		err = nil
	}
	return "Slack's first answer was lost, so it was asked again.", err
}

// Text is what the model reads.
func (r updateResult) Text() string {
	where := plain(r.TS) + " in " + r.where.text()
	if r.Preview != nil {
		var b strings.Builder
		b.WriteString(r.Note + " It would change " + where + ".")
		r.Preview.write(&b)
		return b.String()
	}
	return lines("changed "+where, r.Permalink, r.Note)
}
