package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/blockkit"
	"github.com/fluxstudio/fluxmcp/tools/slack/mrkdwn"
)

// How long texts may be, characters as Slack counts them: with & < > written out.
const (
	// maxText bounds a message; Slack cuts off what is more.
	maxText = mrkdwn.Longest
	// maxEdit bounds the text that a message is changed to: msg_too_long of
	// https://docs.slack.dev/reference/methods/chat.update
	maxEdit = 4_000
	// maxPart bounds a part of a split text, and the comment of a file: what
	// https://docs.slack.dev/reference/methods/chat.postMessage recommends.
	maxPart = 4_000
	// maxParts bounds how many messages one call posts.
	maxParts = 20
)

// How a text is written. The first is what it is where nothing is said.
const (
	formatMarkdown = "markdown"
	formatMrkdwn   = "mrkdwn"
	formatPlain    = "plain"
)

func formats() []string { return []string{formatMarkdown, formatMrkdwn, formatPlain} }

// content is what a caller wants to be said.
type content struct {
	text, format string
	blocks       json.RawMessage
}

// compose writes c as Slack takes it: text as mrkdwn, escaped, without broadcasts
// unless they are allowed; blocks checked. A text that is missing is made from the
// blocks, for notifications.
// Errors: bad_argument, *blockkit.Problem.
func (h handlers) compose(c content) (text string, blocks json.RawMessage, err error) {
	if blocks = listOf(c.blocks); blocks != nil {
		if err := blockkit.Check(blocks); err != nil {
			return "", nil, err
		}
		blocks, _ = blockkit.Guard(blocks, h.Broadcasts)
	}
	text = h.mrkdwn(c.text, c.format)
	switch {
	case strings.TrimFunc(text, invisible) != "":
		return text, blocks, nil
	case blocks == nil:
		return "", nil, tools.NewBadArgument("there is nothing to say: text is empty and there are no blocks", "Give text something to say, or give blocks.")
	default:
		return blockkit.Text(blocks), blocks, nil
	}
}

// mrkdwn writes a text as Slack takes it.
func (h handlers) mrkdwn(text, format string) string {
	o := mrkdwn.Options{Broadcasts: h.Broadcasts}
	text = mrkdwn.Valid(text)
	switch format {
	case formatPlain:
		return mrkdwn.Escape(text)
	case formatMrkdwn:
		return o.FromMrkdwn(text)
	default:
		return o.FromMarkdown(text)
	}
}

func invisible(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }

// listOf is the list of blocks that raw holds, as JSON or as a text of JSON, which
// some models send; nil: none.
func listOf(raw json.RawMessage) json.RawMessage {
	raw = bytes.TrimSpace(raw)
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		raw = bytes.TrimSpace([]byte(text))
	}
	var list []json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &list) == nil && len(list) == 0 {
		return nil
	}
	return raw
}

// within says that a text is too long, if it is.
func within(text string, most int, what, hint string) error {
	if n := utf8.RuneCountInString(text); n > most {
		return &tooLong{has: n, most: most, what: what, hint: hint}
	}
	return nil
}

// tooLong says that Slack would not take all of a text.
type tooLong struct {
	has, most  int
	what, hint string
}

// Error says how long it is, and may be.
func (e *tooLong) Error() string {
	return fmt.Sprintf("%s has %d characters as Slack counts them, with & < > written out, and may have at most %d", e.what, e.has, e.most)
}

// Code is slack_message_too_long.
func (*tooLong) Code() string { return "slack_message_too_long" }

// Hint names the ways out.
func (e *tooLong) Hint() string { return e.hint }
