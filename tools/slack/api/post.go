package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"github.com/slack-go/slack"
)

// posted is an answer that says where a message is.
type posted struct {
	envelope
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

// Post posts a message. It is sent once: where its answer is lost, the error is
// *Unanswered, and the message may be there or not.
// Source: https://docs.slack.dev/reference/methods/chat.postMessage
func (c *Client) Post(ctx context.Context, m NewMessage) (Posted, error) {
	at := chatPostMessage()
	form, err := m.form("")
	if err != nil {
		return Posted{}, c.marked(&Error{Kind: Refused, Method: at.name, err: err})
	}
	got, err := ask[posted](ctx, c, at, m.Channel, func(ctx context.Context, s *slack.Client) error {
		_, _, err := s.PostMessageContext(ctx, m.Channel, c.with(at, form))
		return err
	})
	if err == nil && (got.TS == "" || got.Channel == "") {
		err = lost(at, unreadable(at, errNoID))
	}
	return Posted{Channel: got.Channel, TS: got.TS}, err
}

// Update gives the message of ts in m.Channel another text or other blocks; its
// thread stays. It is sent once, as Post is.
// Source: https://docs.slack.dev/reference/methods/chat.update
func (c *Client) Update(ctx context.Context, ts string, m NewMessage) (Posted, error) {
	at := chatUpdate()
	m.Thread, m.Broadcast = "", false
	form, err := m.form("[]") // not every app's blocks go where text alone comes
	if err != nil {
		return Posted{}, c.marked(&Error{Kind: Refused, Method: at.name, err: err})
	}
	got, err := ask[posted](ctx, c, at, "", func(ctx context.Context, s *slack.Client) error {
		_, _, _, err := s.UpdateMessageContext(ctx, m.Channel, ts, c.with(at, form))
		return err
	})
	if err != nil {
		return Posted{}, err
	}
	return Posted{Channel: first(got.Channel, m.Channel), TS: first(got.TS, ts)}, nil
}

// with adds to a form of slack-go.
func (c *Client) with(at method, more url.Values) slack.MsgOption {
	return slack.UnsafeMsgOptionEndpoint(c.cfg.BaseURL+"/"+at.name, func(form url.Values) { maps.Copy(form, more) })
}

// form is a message as Slack takes it. Blocks and metadata go as they are:
// slack-go would decode and encode them, and lose what it does not know.
// noBlocks is sent where there are none.
func (m NewMessage) form(noBlocks string) (url.Values, error) {
	unfurl := strconv.FormatBool(m.Unfurl) // media are unfolded unless both say no
	form := url.Values{"parse": {"none"}, "unfurl_links": {unfurl}, "unfurl_media": {unfurl}}
	for name, value := range map[string]string{"text": m.Text, "blocks": first(string(m.Blocks), noBlocks), "thread_ts": m.Thread} {
		if value != "" {
			form.Set(name, value)
		}
	}
	if m.Plain {
		form.Set("mrkdwn", "false")
	}
	if m.Thread != "" && m.Broadcast {
		form.Set("reply_broadcast", "true")
	}
	if m.Metadata.Type == "" {
		return form, nil
	}
	// Source: https://docs.slack.dev/messaging/message-metadata
	payload := m.Metadata.Payload
	if len(payload) == 0 {
		payload = json.RawMessage("{}")
	}
	note, err := json.Marshal(map[string]any{"event_type": m.Metadata.Type, "event_payload": payload})
	if err != nil {
		return nil, fmt.Errorf("encode metadata: %w", err)
	}
	form.Set("metadata", string(note))
	return form, nil
}

// errNoMessage is what Delete says of no message at all.
var errNoMessage = errors.New("no ts")

// Delete deletes a message. It is sent once, as Post is.
// Source: https://docs.slack.dev/reference/methods/chat.delete
func (c *Client) Delete(ctx context.Context, channel, ts string) error {
	at := chatDelete()
	if ts == "" {
		return c.marked(&Error{Kind: UnknownMessage, Method: at.name, err: errNoMessage})
	}
	_, err := ask[posted](ctx, c, at, "", func(ctx context.Context, s *slack.Client) error {
		_, _, err := s.DeleteMessageContext(ctx, channel, ts)
		return err
	})
	return err
}
