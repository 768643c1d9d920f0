package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

var postMessageSpec = tools.Spec{
	Name:      "slack_post_message",
	Title:     "Post a Slack message",
	Effect:    tools.Writes,
	Preview:   "preview",
	OpenWorld: true,
	Timeout:   slow,
	Choices:   map[string][]string{"format": formats()},
	Description: "Post to a channel, a person or a thread as whoever asks: Markdown, or Block Kit. At most 40000 characters; split=true makes more messages of a long text. " +
		"@channel and @here notify nobody. preview=true sends nothing. Repeat a failed call with the same idempotency_key.",
}

type postMessageArgs struct {
	Channel        string          `json:"channel" jsonschema:"#name, id or link of a channel, or @handle, id or email of a person"`
	Text           string          `json:"text,omitempty" jsonschema:"what to say; mention people as <@ID>, with the id of slack_find_user, since @name notifies nobody; with blocks, what notifications show of them"`
	Format         string          `json:"format,omitempty" jsonschema:"how text is written: Markdown, Slack's own mrkdwn, or plain with no links and mentions"`
	Blocks         json.RawMessage `json:"blocks,omitempty" jsonschema:"array of at most 50 Block Kit blocks, shown in place of text"`
	ThreadTS       string          `json:"thread_ts,omitempty" jsonschema:"ts or link of the message to reply to"`
	ReplyBroadcast bool            `json:"reply_broadcast,omitempty" jsonschema:"show the reply in the channel too"`
	Unfurl         bool            `json:"unfurl,omitempty" jsonschema:"show previews of what is linked"`
	Split          bool            `json:"split,omitempty" jsonschema:"post a text of more than 4000 characters as up to 20 messages, the first in the channel and the rest in its thread"`
	IdempotencyKey string          `json:"idempotency_key,omitempty" jsonschema:"any text of up to 200 characters that is the same when this call is repeated: it is posted once"`
	Preview        bool            `json:"preview,omitempty" jsonschema:"only return what would be sent"`
}

type postResult struct {
	Channel     string     `json:"channel" jsonschema:"id"`
	ChannelName string     `json:"channel_name,omitempty"`
	TS          string     `json:"ts,omitempty" jsonschema:"of the message, for slack_update_message and as thread_ts of replies"`
	ThreadTS    string     `json:"thread_ts,omitempty" jsonschema:"of the message it is a reply to"`
	Permalink   string     `json:"permalink,omitempty"`
	Parts       []string   `json:"parts,omitempty" jsonschema:"ts of each part of a text that was split"`
	Repeated    bool       `json:"repeated" jsonschema:"it was posted by an earlier call, and not again"`
	Note        string     `json:"note,omitempty" jsonschema:"where posting was not as usual"`
	Preview     []outgoing `json:"preview,omitempty" jsonschema:"what would be sent"`

	where place
}

// postMessage answers the slack_post_message tool.
// Errors: bad_argument, *blockkit.Problem, *tooLong, those of target and say.
func (h handlers) postMessage(ctx context.Context, in postMessageArgs) (postResult, error) {
	text, blocks, err := h.compose(content{in.Text, in.Format, in.Blocks})
	if err != nil {
		return postResult{}, err
	}
	parts, err := in.parts(text, blocks)
	if err != nil {
		return postResult{}, err
	}
	list := make([]api.NewMessage, len(parts))
	for i, part := range parts {
		list[i] = api.NewMessage{Text: part, Blocks: blocks, Unfurl: in.Unfurl, Plain: in.Format == formatPlain, Broadcast: in.ReplyBroadcast && i == 0}
	}
	return h.deliver(ctx, delivery{channel: in.Channel, thread: in.ThreadTS, key: in.IdempotencyKey, preview: in.Preview}, list)
}

// parts are the texts of the messages to post.
// Errors: bad_argument, *tooLong.
func (in postMessageArgs) parts(text string, blocks json.RawMessage) ([]string, error) {
	if !in.Split {
		return []string{text}, within(text, maxText, "text",
			"Set split=true for messages of 4000 characters in a thread, upload it with slack_upload_file, or shorten text.")
	}
	if blocks != nil {
		return nil, tools.NewBadArgument("blocks cannot be split", "Leave out split, or give text without blocks.")
	}
	parts := mrkdwn.Split(text, maxPart)
	if len(parts) > maxParts {
		return nil, &tooLong{
			has: len([]rune(text)), most: maxPart * maxParts, what: fmt.Sprintf("text would become %d messages, where one call posts at most %d: it", len(parts), maxParts),
			hint: "Upload it with slack_upload_file, or shorten text.",
		}
	}
	return parts, nil
}

// delivery says where messages go, and how.
type delivery struct {
	channel, thread, key string // as callers give them
	preview              bool

	same string // names what is said, where the messages differ from call to call; else empty
}

// address finds out where the messages of a call go, and puts it into each.
// Errors: bad_argument, those of target.
func (h handlers) address(ctx context.Context, d delivery, list []api.NewMessage) (target, error) {
	reply, err := replyTo(d.channel, d.thread, list[0].Broadcast)
	if err != nil {
		return target{}, err
	}
	to, err := h.target(ctx, d.channel)
	if err != nil {
		return target{}, err
	}
	for i := range list {
		list[i].Channel, list[i].Thread = to.ID, reply.root()
	}
	return to, reply.of(to, "thread_ts")
}

// deliver posts the messages of a call, or shows them.
// Errors: those of address and say.
func (h handlers) deliver(ctx context.Context, d delivery, list []api.NewMessage) (postResult, error) {
	to, err := h.address(ctx, d, list)
	if err != nil {
		return postResult{}, err
	}
	said := unheard(list)
	if d.preview {
		r := previewed(to, list)
		r.Note = joined(r.Note, said)
		return r, nil
	}
	r, err := h.say(ctx, to, list, d)
	r.Note = joined(r.Note, said)
	return r, err
}

// say posts messages in their order, those after the first in its thread. What
// was posted before under the same key is not posted again.
// Errors: those of posting.Poster.PostOnce; *unfinished after the first message.
func (h handlers) say(ctx context.Context, to target, list []api.NewMessage, d delivery) (postResult, error) {
	key, r := d.key, postResult{Channel: to.ID, ChannelName: to.where.Name, where: to.where, ThreadTS: list[0].Thread, Repeated: true}
	if key == "" && len(list) > 1 {
		key = keyOf(list)
		r.Note = "An equal text is not posted again within a day, unless it has an idempotency_key of its own."
	}
	for i, m := range list {
		if i > 0 {
			if m.Channel = r.Channel; m.Thread == "" {
				m.Thread = r.TS
			}
			tools.Progress(ctx, float64(i), float64(len(list)), "posting the parts")
		}
		said, err := h.Poster.PostOnce(ctx, posting.Draft{NewMessage: m, To: to.Channel, Same: d.same}, partKey(key, i))
		if err != nil {
			return r, stopped(err, i, len(list), key)
		}
		tools.Touch(ctx, "message:"+said.Channel+":"+said.TS)
		r.Parts = append(r.Parts, said.TS)
		r.Repeated = r.Repeated && said.Repeated
		if i == 0 {
			r.Channel, r.TS = said.Channel, said.TS
		}
		r.Note = joined(r.Note, said.Note)
	}
	if len(list) == 1 {
		r.Parts = nil
	}
	r.Permalink = h.linkTo(ctx, r.Channel, r.TS, r.ThreadTS)
	return r, nil
}

// joined adds a sentence to a note, once.
func joined(note, more string) string {
	if more == "" || strings.Contains(note, more) {
		return note
	}
	return strings.TrimSpace(note + " " + more)
}

// partKey is the key of the part i of what has a key: the key itself for the
// first, so that another text under it is noticed.
func partKey(key string, i int) string {
	if i == 0 || key == "" {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return "part:" + strconv.Itoa(i) + ":" + hex.EncodeToString(sum[:])
}

// keyOf names messages that have no key: what some of them did must be found by
// a call that repeats them all.
func keyOf(list []api.NewMessage) string {
	b, _ := json.Marshal(list) // texts and checked JSON encode
	sum := sha256.Sum256(b)
	return "parts:" + hex.EncodeToString(sum[:])
}

// stopped is err of a message, with how far it came before. What the caller
// cannot act on stays what it is, as its text is not for callers.
func stopped(err error, posted, of int, key string) error {
	why := ""
	switch {
	case posted == 0:
		return err
	case errors.As(err, new(interface {
		error
		Code() string
	})):
		why = err.Error()
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		why = "the call ended"
	default:
		return fmt.Errorf("post message %d of %d: %w", posted+1, of, err)
	}
	return &unfinished{posted, of, key, why, err}
}

// unfinished says that only the first parts of a text were posted.
type unfinished struct {
	posted, of int
	key, why   string
	err        error
}

// Error says how far it came, and why no further.
func (e *unfinished) Error() string {
	return fmt.Sprintf("%d of %d messages were posted, then: %s", e.posted, e.of, e.why)
}

// Unwrap returns what stopped it, with its time to wait.
func (e *unfinished) Unwrap() error { return e.err }

// Code is slack_partly_posted.
func (*unfinished) Code() string { return "slack_partly_posted" }

// Hint says how to post the rest.
func (*unfinished) Hint() string {
	return "Call again with the same arguments and the idempotency_key of details: what is there is not posted again."
}

// Details has the key, and how far it came.
func (e *unfinished) Details() map[string]string {
	return map[string]string{"idempotency_key": e.key, "posted": strconv.Itoa(e.posted), "of": strconv.Itoa(e.of)}
}

// Text is what the model reads.
func (r postResult) Text() string {
	if r.Preview != nil {
		var b strings.Builder
		b.WriteString(r.Note + " It would go to " + r.where.text() + ".")
		for _, o := range r.Preview {
			o.write(&b)
		}
		return b.String()
	}
	first := "posted " + plain(r.TS) + " in " + r.where.text()
	if r.ThreadTS != "" {
		first += ", in the thread " + plain(r.ThreadTS)
	}
	if r.Repeated {
		first += ", by an earlier call"
	}
	parts := ""
	for _, ts := range r.Parts {
		parts += " " + plain(ts)
	}
	if parts != "" {
		parts = "parts:" + parts
	}
	return lines(first, parts, r.Permalink, r.Note)
}
