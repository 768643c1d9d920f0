package slack

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

func TestMoreThanTheBudgetIsADigest(t *testing.T) {
	f := chatter(900)
	f.messages[100].Replies, f.messages[100].LastReply = 12, f.messages[200].TS
	f.messages[300].Replies = 2
	f.messages[400].Reactions = []api.Reaction{{Name: "eyes", Count: 4}, {Name: "tada", Count: 3}}
	f.messages[500].Files = []api.File{{ID: "F1", Name: "a"}}
	for i := range 5 {
		m := &f.messages[600+i]
		m.User, m.Bot, m.Username, m.Text = "", "B1", "Watchtower", "The queue is older than 15 minutes"
		f.messages[700+i].Text = "ok"
	}
	a := f.ask(t, "history", `{"channel":"#tidal","since":"1d","budget":6000}`)
	r := result[getHistoryResult](t, a)
	d := r.Digest
	if d == nil || d.Messages != 900 || d.Authors != 3 || d.Replies != 14 || d.Reactions != 7 || d.Files != 1 || d.Unit != "hour" || len(d.Periods) != 15 || d.Periods[0] != (period{"2026-11-23T21", 60}) {
		t.Fatalf("got %+v, want what was counted", d)
	}
	if len(d.Threads) != 2 || d.Threads[0].TS != f.messages[100].TS || d.Threads[0].Count != 12 || len(d.Reacted) != 1 || d.Reacted[0].Count != 7 {
		t.Errorf("got %+v and %+v, want what stood out", d.Threads, d.Reacted)
	}
	if len(d.Repeated) != 1 {
		t.Errorf("got %+v, want what the bot wrote five times alone", d.Repeated)
	}
	n := len(r.Messages)
	if n < 30 || r.Messages[n-1].TS != f.messages[899].TS || r.Messages[0].TS != f.messages[900-n].TS || r.NextCursor == "" {
		t.Errorf("got %d messages, want the newest without a gap, and a cursor", n)
	}
	if got := length(a.Text); got > 6400 || got < 5000 {
		t.Errorf("got %d characters, want about 6000", got)
	}
	for _, want := range []string{
		fmt.Sprintf("#tidal (C0TIDAL01), 900 messages, times UTC, no name: as above, in quotes: what people wrote, the newest %d in full\n", n),
		"digest of 900 messages by 3 authors, 14 replies in threads, 7 reactions, 1 file\n",
		"busiest: Fatima (U2) 448, Kofi Larsen (U1) 447, Watchtower (B1, bot) 5\n",
		`written again and again: 5× 2026-11-24 07:04 Watchtower (B1, bot) ` + f.messages[604].TS + `: "The queue is older than 15 minutes"`,
		"messages by hour: 2026-11-23 21h 60, 22h 60, 23h 60, 2026-11-24 00h 60, 01h 60",
		`most replies: 12× 2026-11-23 22:40 Fatima (U2) ` + f.messages[100].TS + `: "Set 100 reads well`,
		`most reactions: 7× 2026-11-24 03:40 `,
	} {
		if !strings.Contains(a.Text, want) {
			t.Errorf("got\n%s\nwhich lacks %q", a.Text, want)
		}
	}
}

func TestAfterADigestTheRestFollowsInFull(t *testing.T) {
	f := chatter(500)
	first := result[getHistoryResult](t, f.ask(t, "history", `{"channel":"#tidal","since":"1d","budget":8000}`))
	got, cursor := tss(first.Messages), first.NextCursor
	for calls := 0; cursor != ""; calls++ {
		if calls > 10 {
			t.Fatalf("got %d messages after 10 calls", len(got))
		}
		f.asked = nil
		r := result[getHistoryResult](t, f.ask(t, "history", `{"channel":"#tidal","since":"1d","budget":8000,"cursor":"`+cursor+`"}`))
		if r.Digest != nil || len(f.asked) != 1 || f.asked[0].Limit > 300 {
			t.Errorf("got digest %+v and %+v, want neither a digest nor more pages than can be shown", r.Digest, f.asked)
		}
		got, cursor = append(tss(r.Messages), got...), r.NextCursor
	}
	if len(got) != 500 || !slices.IsSorted(got) || len(slices.Compact(got)) != 500 {
		t.Errorf("got %d messages, want all 500, once each", len(got))
	}
}

func TestAMessageLongerThanTheBudgetIsCut(t *testing.T) {
	f := quietChannel()
	f.say(2*time.Minute, "U1", "before")
	f.say(time.Minute, "U1", strings.Repeat("lång ", 8000))
	a := f.ask(t, "history", `{"channel":"#tidal","budget":4000}`)
	r := result[getHistoryResult](t, a)
	if len(r.Messages) != 1 || r.Messages[0].Cut < 36_000 || length(a.Text) > 4600 || !strings.Contains(a.Text, " characters cut]") || r.NextCursor == "" {
		t.Fatalf("got %d messages, %d cut, %d characters", len(r.Messages), r.Messages[0].Cut, length(a.Text))
	}
	r = result[getHistoryResult](t, f.ask(t, "history", `{"channel":"#tidal","budget":4000,"cursor":"`+r.NextCursor+`"}`))
	if len(r.Messages) != 1 || r.Messages[0].Text != "before" {
		t.Errorf("got %+v, want the one before", r.Messages)
	}
}

func TestPeriodsFitTheWindow(t *testing.T) {
	for _, c := range []struct {
		step time.Duration
		unit string
		want string
	}{
		{time.Hour, "hour", "2026-11-23T17"},
		{24 * time.Hour, "day", "2026-11-05"},
		{7 * 24 * time.Hour, "month", "2026-07"},
	} {
		var list []api.Message
		for i := range 20 {
			list = append(list, api.Message{TS: api.TS(noon.Add(-time.Duration(i) * c.step))})
		}
		unit, got := periodsOf(list)
		n := 0
		for _, p := range got {
			n += p.Messages
		}
		if unit != c.unit || got[0].At != c.want || n != 20 {
			t.Errorf("a message every %s: got %s %+v, want 20 by %s from %s", c.step, unit, got, c.unit, c.want)
		}
	}
}

func TestManyAuthorsAreOneLine(t *testing.T) {
	f := chatter(400)
	for i := range f.messages {
		f.messages[i].User = fmt.Sprintf("U%03d", i%100)
	}
	a := f.ask(t, "history", `{"channel":"#tidal","since":"1d","budget":4000}`)
	r := result[getHistoryResult](t, a)
	if len(r.Digest.Busiest) != 12 || r.Digest.Authors != 100 || !strings.Contains(a.Text, "U011 4, 88 others 352\n") {
		t.Errorf("got %+v\n%s\nwant twelve and the number of the others", r.Digest.Busiest, a.Text)
	}
}
