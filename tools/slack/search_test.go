package slack

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// hits are messages that a search found, one an hour, the newest first.
func hits(n int) *fakeSlack {
	f := quietChannel()
	for i := range n {
		ts := api.TS(noon.Add(-time.Duration(i) * time.Hour))
		f.found.List = append(f.found.List, api.Message{
			TS: ts, User: "U1", Text: fmt.Sprintf("palette %d", i), Channel: f.channel, Permalink: "https://flux.slack.com/archives/C0TIDAL01/p" + strings.Replace(ts, ".", "", 1),
		})
	}
	f.found.Total, f.found.Page, f.found.Pages = n, 1, 1
	return f
}

func TestWhatIsSearchedFor(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"words as they are", `{"query":"  warm   palette has:link "}`, "warm palette has:link"},
		{"a channel by id", `{"query":"x","in":"#tidal"}`, "x in:<#C0TIDAL01>"},
		{"a person by id", `{"query":"x","from":"U2"}`, "x from:<@U2>"},
		{"me as Slack knows it", `{"from":"me"}`, "from:me"},
		{"days wider than the window", `{"query":"x","since":"2026-11-10","until":"2026-11-12T08:00:00Z"}`, "x after:2026-11-07 before:2026-11-14"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := hits(0)
			r := result[searchResult](t, f.ask(t, "search", c.args))
			if len(f.searched) != 1 || f.searched[0].Query != c.want || r.Query != c.want || f.searched[0].Relevance {
				t.Errorf("got %+v, want %q by time", f.searched, c.want)
			}
			if !strings.HasPrefix(r.Note, "Slack found nothing. Try ") {
				t.Errorf("got %q, want what to try", r.Note)
			}
		})
	}
	f := hits(0)
	f.channel = api.Channel{ID: "D01", Kind: api.Direct, User: "U2"}
	f.ask(t, "search", `{"in":"@fatima","sort":"relevance","limit":3}`)
	if got := f.searched[0]; got.Query != "in:<@U2>" || !got.Relevance || got.Limit != 3 || got.Page != 1 {
		t.Errorf("got %+v, want the direct message, by relevance", got)
	}
}

func TestSearchIsALineAHit(t *testing.T) {
	f := hits(2)
	f.found.List[1].Permalink += "?thread_ts=1795431600.000000&cid=C0TIDAL01"
	f.found.Total = 1234
	want := `2 of 1,234 that Slack found, times UTC, no name: as above, in quotes: what people wrote
2026-11-24
12:00 #tidal (C0TIDAL01) Kofi Larsen (U1) 1795521600.000000: "palette 0" https://flux.slack.com/archives/C0TIDAL01/p1795521600000000
11:00 #tidal (C0TIDAL01) Kofi Larsen (U1) 1795518000.000000 [in thread 1795431600.000000]: "palette 1" https://flux.slack.com/archives/C0TIDAL01/p1795518000000000?thread_ts=1795431600.000000&cid=C0TIDAL01
`
	if a := f.ask(t, "search", `{"query":"palette"}`); a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
}

func TestWhatIsNoLinkIsLeftOut(t *testing.T) {
	f := hits(2)
	f.found.List[0].Permalink, f.found.List[1].Permalink = "javascript:alert(1)", "https://x/\n12:00 evil"
	if a := f.ask(t, "search", `{"query":"palette"}`); strings.Contains(a.Text, "alert") || strings.Contains(a.Text, "evil") {
		t.Errorf("got\n%s", a.Text)
	}
}

func TestSearchKeepsToTheWindow(t *testing.T) {
	f := hits(10)
	r := result[searchResult](t, f.ask(t, "search", `{"query":"palette","since":"5h","until":"2h"}`))
	if len(r.Messages) != 4 || r.Messages[0].Text != "palette 2" || r.Messages[3].Text != "palette 5" {
		t.Errorf("got %+v, want the four of these hours", r.Messages)
	}
}

func TestSearchGoesOn(t *testing.T) {
	f := hits(6)
	all := f.found.List
	f.found = api.Found{List: all[:3], Total: 6, Page: 1, Pages: 2}
	r := result[searchResult](t, f.ask(t, "search", `{"query":"palette","limit":3}`))
	// A new message has moved all others on by one.
	f.found = api.Found{List: all[2:5], Total: 7, Page: 2, Pages: 3}
	next := result[searchResult](t, f.ask(t, "search", `{"query":"palette","limit":9,"cursor":"`+r.NextCursor+`"}`))
	if got := f.searched[1]; got.Page != 2 || got.Limit != 3 {
		t.Errorf("got %+v, want page 2 of 3 each", got)
	}
	if len(next.Messages) != 2 || next.Messages[0].Text != "palette 3" || next.NextCursor == "" {
		t.Errorf("got %+v, want what was not on the page before", next.Messages)
	}
	f.searched = nil
	for _, args := range []string{
		`{"query":"other","cursor":"` + r.NextCursor + `"}`, `{"query":"palette","sort":"relevance","cursor":"` + r.NextCursor + `"}`, `{"query":"palette","cursor":"x"}`, `{"query":" "}`, `{}`,
		`{"query":"palette","cursor":"` + window{Channel: "C0TIDAL01"}.cursor() + `"}`, `{"query":"palette","since":"soon"}`, `{"query":"palette","limit":101}`,
		`{"query":"palette","cursor":"` + searchCursor{page: 200, limit: 20, of: "x"}.String() + `"}`,
	} {
		if a := f.ask(t, "search", args); a.Failure == nil || a.Failure.Code != "bad_argument" || a.Failure.Hint == "" {
			t.Errorf("%s: got %+v, want bad_argument", args, a.Failure)
		}
	}
	if len(f.searched) > 0 {
		t.Errorf("Slack was asked for %v", f.searched)
	}
}

func TestLongHitsAreCut(t *testing.T) {
	f := hits(1)
	f.found.List[0].Text = strings.Repeat("long ", 1000)
	a := f.ask(t, "search", `{"query":"long"}`)
	if r := result[searchResult](t, a); r.Messages[0].Cut != 4000 || len(a.Text) > 1500 {
		t.Errorf("got %d cut and %d bytes, want 4000 cut", r.Messages[0].Cut, len(a.Text))
	}
}
