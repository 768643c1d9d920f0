package slack

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// outgoing is a message as it would be sent.
type outgoing struct {
	Channel   string          `json:"channel" jsonschema:"id of the conversation, or of the person for a first direct message"`
	Text      string          `json:"text" jsonschema:"mrkdwn; with blocks, for notifications"`
	Blocks    json.RawMessage `json:"blocks,omitempty"`
	TS        string          `json:"ts,omitempty" jsonschema:"of the message that would be changed"`
	ThreadTS  string          `json:"thread_ts,omitempty" jsonschema:"it would be a reply to; of the later parts of a text, the first part's ts where empty"`
	Broadcast bool            `json:"reply_broadcast,omitempty"`
	Unfurl    bool            `json:"unfurl,omitempty"`
}

// previewed is the result of a call that sends nothing.
func previewed(to target, list []api.NewMessage) postResult {
	r := postResult{Channel: to.ID, ChannelName: to.where.Name, where: to.where, Note: "This is a preview: nothing was sent.", Preview: []outgoing{}}
	for _, m := range list {
		r.Preview = append(r.Preview, shown(m))
	}
	return r
}

func shown(m api.NewMessage) outgoing {
	return outgoing{Channel: m.Channel, Text: m.Text, Blocks: m.Blocks, ThreadTS: m.Thread, Broadcast: m.Broadcast, Unfurl: m.Unfurl}
}

// write adds what the model reads of a preview.
func (o outgoing) write(b *strings.Builder) {
	fmt.Fprintf(b, "\ntext: %q", o.Text)
	if o.Blocks != nil {
		fmt.Fprintf(b, "\nblocks: %s", o.Blocks)
	}
	if o.ThreadTS != "" {
		fmt.Fprintf(b, "\nin the thread %s", o.ThreadTS)
	}
}
