package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// found is what Slack answers, of all pages.
type found struct {
	bytes  int
	ids    []string // of channels, or ts of messages
	thread string   // ts of the newest message that begins one
}

// item is a channel or a message.
type item struct {
	ID      string `json:"id"`
	TS      string `json:"ts"`
	Replies int    `json:"reply_count"`
}

// ask calls a method of the sandbox, page by page unless one will do. A search
// has one page.
func (b *box) ask(ctx context.Context, token, method string, args url.Values, one bool) (f found, err error) {
	for cursor := ""; ; {
		args.Set("cursor", cursor)
		text, err := b.post(ctx, token, method, args)
		if err != nil {
			return f, err
		}
		f.bytes += len(text)
		if cursor, err = f.take(text); err != nil || cursor == "" || one {
			return f, err
		}
	}
}

func (b *box) post(ctx context.Context, token, method string, args url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.base+"/slack/api/"+method, strings.NewReader(args.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/x-www-form-urlencoded"}}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

// take adds a page, and returns the cursor of the next.
func (f *found) take(text []byte) (cursor string, err error) {
	var page struct {
		OK       bool            `json:"ok"`
		Error    string          `json:"error"`
		Channels []item          `json:"channels"`
		Messages json.RawMessage `json:"messages"` // a list, or an object with one
		Meta     struct {
			Cursor string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	if err := json.Unmarshal(text, &page); err != nil {
		return "", fmt.Errorf("read Slack's answer: %w", err)
	}
	if !page.OK {
		return "", errors.New(page.Error)
	}
	var search struct{ Matches []item }
	messages := page.Channels
	if page.Messages != nil && json.Unmarshal(page.Messages, &messages) != nil {
		if err := json.Unmarshal(page.Messages, &search); err != nil {
			return "", fmt.Errorf("read Slack's messages: %w", err)
		}
		messages = search.Matches
	}
	for _, m := range messages {
		f.ids = append(f.ids, m.ID+m.TS) // each has one of them
		if f.thread == "" && m.Replies > 0 {
			f.thread = m.TS
		}
	}
	return page.Meta.Cursor, nil
}
