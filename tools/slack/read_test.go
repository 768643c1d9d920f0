package slack

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
)

// talk is the sandbox's channel of many messages.
const talk = "C0CRWTALK"

// newReading is the toolset as Caleb uses it, on the sandbox's clock.
func newReading(t *testing.T) *desk {
	t.Helper()
	return newDesk(t, func(c *Config) { c.Now = time.Now })
}

// rawHistory is how many bytes Slack's answers have to a client that reads all of
// a channel since then, and how many messages those are.
func (d *desk) rawHistory(t *testing.T, channel string, oldest time.Time) (bytes, messages int) {
	t.Helper()
	cursor := ""
	for {
		q := url.Values{"channel": {channel}, "limit": {"999"}, "oldest": {fmt.Sprint(oldest.Unix())}, "cursor": {cursor}}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.base+"/api/conversations.history?"+q.Encode(), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+d.wire.token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		var page struct {
			OK       bool              `json:"ok"`
			Messages []json.RawMessage `json:"messages"`
			Metadata struct {
				Next string `json:"next_cursor"`
			} `json:"response_metadata"`
		}
		if err != nil || json.Unmarshal(body, &page) != nil || !page.OK {
			t.Fatalf("%v: %.200s", err, body)
		}
		bytes, messages = bytes+len(body), messages+len(page.Messages)
		if cursor = page.Metadata.Next; cursor == "" {
			return bytes, messages
		}
	}
}

func TestDayOfTenThousandMessages(t *testing.T) {
	d := newReading(t)
	d.SlackCrowd(0, 0, 10_000)
	raw, messages := d.rawHistory(t, talk, time.Now().Add(-25*time.Hour))
	d.wire.reset()
	start := time.Now()
	a := d.must(t, "slack_get_channel_history", map[string]any{"channel": talk, "since": "25h"})
	took, pages := time.Since(start), len(d.wire.of("conversations.history"))
	r := decoded[getHistoryResult](t, a)
	whole := len(a.Text) + len(a.Structured)
	t.Logf("%d messages, %d bytes as Slack has them; one call: %d bytes (%.2f %%; text %d, structured %d), %d requests, %d ms",
		messages, raw, whole, 100*float64(whole)/float64(raw), len(a.Text), len(a.Structured), pages, took.Milliseconds())
	if messages != 10_000 || r.Digest == nil || r.Digest.Messages+r.Traffic.Joined+r.Traffic.Left != messages || r.Note != "" {
		t.Fatalf("read %d of %d messages, digest %v, note %q, want all in a digest", r.Read, messages, r.Digest, r.Note)
	}
	if whole > raw/4 {
		t.Errorf("the answer has %d bytes of %d, want at most a quarter", whole, raw)
	}
	if n := utf8.RuneCountInString(a.Text); n > 25_000 {
		t.Errorf("the text has %d characters, want about 24,000", n)
	}
	if pages > 12 || len(r.Messages) < 100 || r.NextCursor == "" || len(r.Digest.Threads) == 0 || len(r.Digest.Reacted) == 0 || len(r.Digest.Repeated) == 0 {
		t.Errorf("got %d requests, %d messages, digest %+v, want the newest and what stood out", pages, len(r.Messages), r.Digest)
	}
}

func TestReadingTheSandbox(t *testing.T) {
	d := newReading(t)
	for _, c := range []struct {
		name, tool string
		args       map[string]any
		want       []string
	}{
		{"channels", "slack_list_channels", nil, []string{"#general (C0SBX0001)", "#leadership (C0SBX0002) private joined", `"Everything that concerns all of us"`}},
		{"channels by name", "slack_list_channels", map[string]any{"name": "tid"}, []string{"#tidal (C0SBX0010)"}},
		{"a channel by name", "slack_get_channel_history", map[string]any{"channel": "#tidal", "since": "3d"},
			[]string{"#tidal (C0SBX0010), 3 messages, ", "theo.norris (U", `"The directors asked for a warmer palette in the ballad."`, "[2 replies, last "}},
		{"a direct message", "slack_get_channel_history", map[string]any{"channel": "D0SBX0004"}, []string{"direct message with ", "Nobody wrote in direct message with "}},
		{"a private channel", "slack_get_channel_history", map[string]any{"channel": "leadership", "limit": 5}, []string{"four percent over"}},
		{"search", "slack_search_messages", map[string]any{"query": "palette", "in": "#tidal", "since": "7d"}, []string{"1 of 1 that Slack found", "#tidal (C0SBX0010) caleb.ochoa (U", "https://"}},
		{"search of somebody", "slack_search_messages", map[string]any{"from": "@kofi.larsen"}, []string{"staircase", "wind is a problem"}},
		{"a person by name", "slack_find_user", map[string]any{"query": "theo norris"}, []string{"@theo.norris Theo Norris, "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := d.must(t, c.tool, c.args)
			for _, want := range c.want {
				if !strings.Contains(a.Text, want) {
					t.Errorf("got\n%s\nwhich lacks %q", a.Text, want)
				}
			}
		})
	}
}

func TestThreadByTheLinkOfASearch(t *testing.T) {
	d := newReading(t)
	hit := decoded[searchResult](t, d.must(t, "slack_search_messages", map[string]any{"query": "few counts short"})).Messages[0]
	for name, args := range map[string]map[string]any{
		"the link": {"channel": hit.Link}, "the thread's ts": {"channel": hit.Channel.ID, "thread_ts": hit.Thread}, "the reply's ts": {"channel": "#tidal", "thread_ts": hit.TS},
	} {
		a := d.must(t, "slack_get_thread", args)
		if r := decoded[getThreadResult](t, a); len(r.Messages) != 3 || r.ThreadTS != hit.Thread || !strings.Contains(a.Text, `"Give me until tomorrow."`) {
			t.Errorf("by %s: got\n%s\nwant the first message and two replies", name, a.Text)
		}
	}
}

func TestSandboxOfFifteenMessagesACall(t *testing.T) {
	d := newReading(t)
	d.SlackCrowd(0, 0, 100)
	d.SlackHistoryLimit(15)
	d.Limit(sandbox.Slack, "conversations.history", 1, time.Minute)
	a := d.must(t, "slack_get_channel_history", map[string]any{"channel": talk, "since": "1d"})
	r := decoded[getHistoryResult](t, a)
	if r.Read != 15 || r.NextCursor == "" || !strings.Contains(r.Note, "15 messages a minute") {
		t.Errorf("got %d messages, note %q, want 15, a cursor and why", r.Read, r.Note)
	}
	f := d.call(t, "slack_get_channel_history", map[string]any{"channel": talk, "cursor": r.NextCursor}).Failure
	if f == nil || f.Code != "slack_rate_limited" || f.RetryAfter < 1 {
		t.Errorf("got %+v at once, want the limit and when it is over", f)
	}
}

func TestConversationsThatCannotBeRead(t *testing.T) {
	d := newReading(t)
	for channel, want := range map[string]string{"#tidle": "unknown_channel", "C0NOWHERE": "unknown_channel"} {
		for _, tool := range []string{"slack_get_channel_history", "slack_get_thread"} {
			args := map[string]any{"channel": channel}
			if tool == "slack_get_thread" {
				args["thread_ts"] = "1795431600.000000"
			}
			f := d.call(t, tool, args).Failure
			if f == nil || f.Code != want || f.Hint == "" {
				t.Errorf("%s of %q: got %+v, want %s", tool, channel, f, want)
			}
		}
	}
	if f := d.call(t, "slack_get_thread", map[string]any{"channel": "#tidal", "thread_ts": "1500000000.000000"}).Failure; f == nil || f.Code != "unknown_thread" {
		t.Errorf("got %+v, want unknown_thread", f)
	}
}

func TestResourcesOfTheSandbox(t *testing.T) {
	d := newReading(t)
	if text, err := d.set.Resources[0].Read(t.Context()); err != nil || !strings.Contains(text, "#tidal (C0SBX0010)") {
		t.Errorf("got %q, %v", text, err)
	}
	for _, id := range []string{"C0SBX0010", "tidal"} {
		if text, err := d.set.Templates[0].Read(t.Context(), map[string]string{"id": id}); err != nil || !strings.Contains(text, "warmer palette") {
			t.Errorf("%s: got %q, %v", id, text, err)
		}
	}
	if got, err := d.set.Templates[0].Complete["id"](t.Context(), "tid"); err != nil || !slices.Equal(got, []string{"tidal"}) {
		t.Errorf("got %v, %v, want tidal", got, err)
	}
}

func TestReadingIsAuditedByChannel(t *testing.T) {
	d := newReading(t)
	d.must(t, "slack_get_channel_history", map[string]any{"channel": "#tidal"})
	if e := d.audit.last(); !slices.Equal(e.Objects, []string{"channel:C0SBX0010"}) || e.Effect != tools.ReadOnly {
		t.Errorf("got %+v, want the channel's id", e)
	}
}

func TestDescriptionsOfTheTools(t *testing.T) {
	set := newReading(t).set
	if len(set.Tools) != 11 {
		t.Errorf("got %d tools, want eleven", len(set.Tools))
	}
	for _, tool := range set.Tools {
		if n := utf8.RuneCountInString(tool.Spec.Description); n < 80 || n > 300 {
			t.Errorf("%s: the description has %d characters, want 80 to 300", tool.Spec.Name, n)
		}
		if !strings.HasPrefix(tool.Spec.Name, "slack_") || !tool.Spec.OpenWorld {
			t.Errorf("%s: got %+v, want a name of Slack's and an open world", tool.Spec.Name, tool.Spec)
		}
	}
}
