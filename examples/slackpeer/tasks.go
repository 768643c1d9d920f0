package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// arguments are those of a tool.
type arguments = map[string]any

// use is how a server is asked for something. Where more is set, the rest is
// asked for too, page by page.
type use struct {
	tool string
	with func(round int) arguments
	more func(cursor string) arguments
}

// same are arguments that every round has.
func same(a arguments) func(int) arguments { return func(int) arguments { return a } }

// task is what both servers are asked for.
type task struct {
	name         string
	method       string     // of Slack's, that has the answer; empty: none
	args         url.Values // of that
	one          bool       // a page of it is all
	needs        []string   // ids or ts, which a whole answer names
	raw          int        // bytes that Slack sends for it
	theirs, ours use
	human        bool // with a person's token alone
	rounds       int  // how often it is given; 0: as usual
}

// whole is the most characters that fluxmcp gives at once.
const whole = 200_000

// The conversation that is looked at, and one that is posted to.
const (
	crowded = "C0CRWTALK"
	quiet   = "C0SBX0010"
)

// tasks are the tasks, with what Slack itself answers.
func (b *box) tasks(ctx context.Context, token string) ([]task, error) {
	list := append(readings(time.Now().Add(-24*time.Hour)), searches()...)
	for i := range list {
		t := &list[i]
		if t.method == "" || t.human && token != b.SlackUserToken(who) {
			continue
		}
		found, err := b.ask(ctx, token, t.method, t.args, t.one)
		if err != nil {
			return nil, fmt.Errorf("ask the sandbox for %s: %w", t.name, err)
		}
		if t.raw = found.bytes; t.needs == nil {
			t.needs = found.ids
		}
		if i == 0 { // of the newest messages: one has a thread
			list = append(list, thread(found.thread))
		}
	}
	last := &list[len(list)-1]
	found, err := b.ask(ctx, token, last.method, last.args, false)
	if err != nil {
		return nil, fmt.Errorf("ask the sandbox for a thread: %w", err)
	}
	last.raw, last.needs = found.bytes, found.ids
	return append(list, posts()), nil
}

// readings are about channels and their messages.
func readings(since time.Time) []task {
	day := url.Values{"channel": {crowded}, "limit": {"999"}, "oldest": {strconv.FormatInt(since.Unix(), 10)}}
	ourDay := arguments{"channel": "#crowd", "since": since.UTC().Format(time.RFC3339)}
	wholeDay := maps.Clone(ourDay)
	wholeDay["budget"] = whole
	everything := url.Values{"limit": {"1000"}}
	public := func() arguments {
		return arguments{"types": []string{"public"}, "include_archived": true, "limit": 1000}
	}
	theirDay := same(arguments{"channel_id": crowded, "limit": "1d"})
	return []task{
		{
			name: "50 newest messages", method: "conversations.history", args: url.Values{"channel": {crowded}, "limit": {"50"}}, one: true,
			theirs: use{tool: "conversations_history", with: same(arguments{"channel_id": crowded, "limit": "50"})},
			ours:   use{tool: "slack_get_channel_history", with: same(arguments{"channel": "#crowd", "limit": 50})},
		},
		{
			name: "a day, one call", method: "conversations.history", args: day, rounds: 3,
			theirs: use{tool: "conversations_history", with: theirDay},
			ours:   use{tool: "slack_get_channel_history", with: same(ourDay)},
		},
		{
			name: "a day, to its end", method: "conversations.history", args: day, rounds: 1, // as often as Slack's limits allow
			theirs: use{tool: "conversations_history", with: theirDay, more: func(cursor string) arguments { return arguments{"channel_id": crowded, "limit": "", "cursor": cursor} }},
			ours: use{
				tool: "slack_get_channel_history", with: same(wholeDay),
				more: func(cursor string) arguments {
					return arguments{"channel": "#crowd", "cursor": cursor, "budget": whole}
				},
			},
		},
		{
			name: "all public channels", method: "conversations.list", args: everything,
			theirs: use{tool: "channels_list", with: same(arguments{"channel_types": "public_channel", "limit": 999}), more: func(cursor string) arguments {
				return arguments{"channel_types": "public_channel", "limit": 999, "cursor": cursor}
			}},
			ours: use{tool: "slack_list_channels", with: same(public()), more: func(cursor string) arguments {
				a := public()
				a["cursor"] = cursor
				return a
			}},
		},
		{
			name: "the channel tidal", method: "conversations.list", args: everything, needs: []string{quiet},
			theirs: use{tool: "channels_list", with: same(arguments{"channel_types": "public_channel", "limit": 999})},
			ours:   use{tool: "slack_list_channels", with: same(arguments{"types": []string{"public"}, "name": "tidal"})},
		},
	}
}

func searches() []task {
	return []task{{
		name: "search, 20 hits", method: "search.messages", args: url.Values{"query": {"hinge"}, "count": {"20"}}, human: true,
		theirs: use{tool: "conversations_search_messages", with: same(arguments{"search_query": "hinge", "limit": 20})},
		ours:   use{tool: "slack_search_messages", with: same(arguments{"query": "hinge", "limit": 20})},
	}}
}

func thread(ts string) task {
	return task{
		name: "a thread", method: "conversations.replies", args: url.Values{"channel": {crowded}, "ts": {ts}, "limit": {"999"}},
		theirs: use{tool: "conversations_replies", with: same(arguments{"channel_id": crowded, "thread_ts": ts})},
		ours:   use{tool: "slack_get_thread", with: same(arguments{"channel": "#crowd", "thread_ts": ts})},
	}
}

func posts() task {
	text := func(channel string) func(int) arguments {
		return func(round int) arguments {
			return arguments{channel: quiet, "text": fmt.Sprintf("Round **%d** is done, see [the notes](https://example.com/%d).", round, round)}
		}
	}
	return task{
		name: "post", theirs: use{tool: "conversations_add_message", with: text("channel_id")}, ours: use{tool: "slack_post_message", with: text("channel")},
	}
}
