package slack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// threadOf is a conversation with one thread of so many replies.
func threadOf(replies int) (f *fakeSlack, ts string) {
	f = quietChannel()
	f.say(3*24*time.Hour, "U1", "Before it all")
	m := f.say(2*24*time.Hour, "U1", "Which palette?")
	m.Replies, ts = replies, m.TS
	m.Thread = ts
	for i := range replies {
		f.reply(ts, i)
	}
	return f, ts
}

func (f *fakeSlack) reply(ts string, i int) {
	f.say(2*24*time.Hour-time.Duration(i+1)*time.Minute, "U2", fmt.Sprintf("Answer %d", i)).Thread = ts
}

func TestThreadIsItsFirstMessageAndReplies(t *testing.T) {
	f, ts := threadOf(2)
	want := `thread ` + ts + ` in #tidal (C0TIDAL01), 3 messages of 3, times UTC, no name: as above, in quotes: what people wrote
2026-11-22
12:00 Kofi Larsen (U1) ` + ts + `: "Which palette?"
12:01 Fatima (U2) 1795348860.000000: "Answer 0"
12:02 1795348920.000000: "Answer 1"
`
	a := f.ask(t, "thread", `{"channel":"#tidal","thread_ts":"`+ts+`"}`)
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	if r := result[getThreadResult](t, a); r.Replies != 2 || r.ThreadTS != ts || len(r.Messages) != 3 || r.NextCursor != "" {
		t.Errorf("got %+v", r)
	}
}

func TestThreadOfAReplyIsTheWholeThread(t *testing.T) {
	f, ts := threadOf(3)
	r := result[getThreadResult](t, f.ask(t, "thread", `{"channel":"#tidal","thread_ts":"1795348860.000000"}`))
	if r.ThreadTS != ts || len(r.Messages) != 4 || r.Messages[0].TS != ts {
		t.Errorf("got %+v, want the thread that the reply is in", r)
	}
}

func TestThreadGoesOnWithLaterReplies(t *testing.T) {
	f, ts := threadOf(30)
	var got []string
	cursor := ""
	for i := range 20 {
		r := result[getThreadResult](t, f.ask(t, "thread", fmt.Sprintf(`{"channel":"#tidal","thread_ts":%q,"limit":7,"cursor":%q}`, ts, cursor)))
		got = append(got, tss(r.Messages)...)
		if i == 1 {
			f.reply(ts, 40)
		}
		if cursor = r.NextCursor; cursor == "" {
			break
		}
	}
	if len(got) != 32 || !slices.IsSorted(got) || len(slices.Compact(got)) != 32 {
		t.Errorf("got %d: %v, want the first message and all 31 replies, once each", len(got), got)
	}
}

func TestThreadStopsAtItsBudget(t *testing.T) {
	f, ts := threadOf(300)
	a := f.ask(t, "thread", `{"channel":"#tidal","thread_ts":"`+ts+`","budget":4000,"limit":5000}`)
	r := result[getThreadResult](t, a)
	if length(a.Text) > 4300 || len(r.Messages) < 80 || r.Replies != 300 || r.NextCursor == "" || !strings.Contains(a.Text, " messages of 301,") {
		t.Errorf("got %d messages and %d characters, want about 4000, and a cursor", len(r.Messages), length(a.Text))
	}
}

func TestThreadsWithNothingToShow(t *testing.T) {
	f, ts := threadOf(3)
	alone := f.messages[0].TS
	for _, c := range []struct{ name, args, want string }{
		{"a message nobody replied to", `{"channel":"#tidal","thread_ts":"` + alone + `"}`, "Nobody has replied to this message."},
		{"a window without replies", `{"channel":"#tidal","thread_ts":"` + ts + `","since":"1h"}`, "There are no replies since 2026-11-24 11:00 UTC. Leave out since for the whole thread."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := f.ask(t, "thread", c.args); result[getThreadResult](t, a).Note != c.want || !strings.Contains(a.Text, c.want) {
				t.Errorf("got\n%s\nwant %q", a.Text, c.want)
			}
		})
	}
}

func TestThreadArgumentsThatAreWrong(t *testing.T) {
	f, ts := threadOf(30)
	cursor := result[getThreadResult](t, f.ask(t, "thread", `{"channel":"#tidal","thread_ts":"`+ts+`","limit":5}`)).NextCursor
	f.asked = nil
	for _, args := range []string{
		`{"channel":"#tidal"}`, `{"channel":"#tidal","thread_ts":"yesterday"}`, `{"channel":"#tidal","thread_ts":"1"}`, `{"channel":"#tidal","thread_ts":"` + ts + `","since":"x"}`,
		`{"channel":"#elsewhere","thread_ts":"` + ts + `","cursor":"` + cursor + `"}`, `{"channel":"#tidal","thread_ts":"` + f.messages[0].TS + `","cursor":"` + cursor + `"}`,
		`{"channel":"#tidal","thread_ts":"` + ts + `","cursor":"x"}`,
		`{"channel":"#elsewhere","thread_ts":"https://flux.slack.com/archives/C0TIDAL01/p1795348860000000"}`,
	} {
		if a := f.ask(t, "thread", args); a.Failure == nil || a.Failure.Code != "bad_argument" || a.Failure.Hint == "" {
			t.Errorf("%s: got %+v, want bad_argument", args, a.Failure)
		}
	}
	if len(f.asked) > 0 {
		t.Errorf("Slack was asked for %v", f.asked)
	}
}

func TestThreadOfFifteenMessagesACall(t *testing.T) {
	f, ts := threadOf(30)
	r := result[getThreadResult](t, slowApp(f).ask(t, "thread", `{"channel":"#tidal","thread_ts":"`+ts+`"}`))
	if len(r.Messages) != 15 || r.NextCursor == "" || !strings.Contains(r.Note, "15 messages a minute") {
		t.Errorf("got %d messages, %q, want 15, a cursor and why", len(r.Messages), r.Note)
	}
}
