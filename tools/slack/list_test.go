package slack

import (
	"slices"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

func TestChannelsAreALineEach(t *testing.T) {
	f := quietChannel()
	f.list = names.Listed{
		List: []api.Channel{
			{ID: "C3", Kind: api.Private, Name: "leadership", Member: true, Members: 4},
			{ID: "D1", Kind: api.Direct, User: "U2"},
			{ID: "C1", Kind: api.Public, Name: "tidal", Topic: "Say \"hi\"\n#fake (C9)", Members: 1234},
			{ID: "C2", Kind: api.Public, Name: "old", Archived: true, Purpose: "gone"},
		},
		Next: "n1", Searched: 20_000, Notes: []string{"Group messages are left out: the scope mpim:read is missing."},
	}
	want := `#leadership (C3) private joined 4 members
direct message with Fatima (D1)
#tidal (C1) 1,234 members "Say \"hi\"\n#fake (C9)"
#old (C2) archived "gone"
(4 channels of 20,000 looked at)
Group messages are left out: the scope mpim:read is missing.
next_cursor: n1
`
	a := f.ask(t, "list", `{"name":"#Ti","types":["im","public"],"include_archived":true,"limit":4,"cursor":"n0"}`)
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	if q := f.listed[0]; q.Name != "Ti" || !slices.Equal(q.Kinds, []api.Kind{api.Direct, api.Public}) || !q.Archived || q.Limit != 4 || q.Cursor != "n0" {
		t.Errorf("asked for %+v", q)
	}
	if r := result[listChannelsResult](t, a); r.Channels[1].Name != "Fatima" || r.Channels[1].User != "U2" || r.NextCursor != "n1" {
		t.Errorf("got %+v", r)
	}
}

func TestTypesOfChannels(t *testing.T) {
	for _, c := range []struct {
		name, args string
		want       []api.Kind
	}{
		{"public and private without any", `{}`, []api.Kind{api.Private, api.Public}},
		{"a text with commas will do", `{"types":"public, private,im"}`, []api.Kind{api.Direct, api.Private, api.Public}},
		{"Slack's own names will do", `{"types":["private_channel","mpim","mpim"]}`, []api.Kind{api.Group, api.Private}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := quietChannel()
			a := f.ask(t, "list", c.args)
			if a.Failure != nil || !slices.Equal(f.listed[0].Kinds, c.want) {
				t.Errorf("got %+v, %+v, want %v", f.listed, a.Failure, c.want)
			}
		})
	}
	for _, args := range []string{`{"types":["secret"]}`, `{"types":5}`, `{"limit":1001}`} {
		if a := quietChannel().ask(t, "list", args); a.Failure == nil || a.Failure.Code != "bad_argument" {
			t.Errorf("%s: got %+v, want bad_argument", args, a.Failure)
		}
	}
}

func TestNoChannels(t *testing.T) {
	f := quietChannel()
	a := f.ask(t, "list", `{"name":"tidle","types":["public"]}`)
	want := `No channels (public) that this account can see matched "tidle". Try another part of the name, other types, or include_archived.`
	if r := result[listChannelsResult](t, a); r.Note != want || !strings.Contains(a.Text, want) {
		t.Errorf("got %q, want %q", r.Note, want)
	}
}

func TestPeopleAreALineEach(t *testing.T) {
	f := quietChannel()
	f.users = names.FoundUsers{List: []api.User{
		{ID: "U1", Handle: "kofi", Name: "Kofi Larsen", Display: "Kofi", Title: "Props, \"outdoors\"", Email: "kofi@flux.example", Zone: "Europe/Berlin"},
		{ID: "U2", Handle: "bot", Name: "A\nB", Bot: true, Guest: true, Gone: true, Email: "a\nb@x"},
	}, Searched: 12, Next: "n"}
	want := `U1 @kofi Kofi Larsen Kofi, "Props, \"outdoors\"", kofi@flux.example, Europe/Berlin
U2 @bot "A\nB", "a\nb@x", bot, guest, deactivated
(2 matches of 12 looked at)
next_cursor: n
`
	a := f.ask(t, "find", `{"query":" kofi ","limit":5,"cursor":"c"}`)
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	if q := f.sought[0]; q != (names.FindQuery{Text: "kofi", Limit: 5, Cursor: "c"}) {
		t.Errorf("asked for %+v", q)
	}
}

func TestNobodyFound(t *testing.T) {
	f := quietChannel()
	f.users.Searched = 40
	if r := result[findUserResult](t, f.ask(t, "find", `{"query":"zoe"}`)); r.Note != `None of 40 people matched "zoe". Try another part of the name, or an email address.` || r.Users == nil {
		t.Errorf("got %+v", r)
	}
	f.users.Next = "n"
	if r := result[findUserResult](t, f.ask(t, "find", `{"query":"zoe"}`)); !strings.HasSuffix(r.Note, " The others follow with next_cursor.") {
		t.Errorf("got %+v", r)
	}
	if a := f.ask(t, "find", `{"query":" "}`); a.Failure == nil || a.Failure.Code != "bad_argument" {
		t.Errorf("got %+v, want bad_argument", a.Failure)
	}
}

func TestResourcesOfFakes(t *testing.T) {
	f := chatter(60)
	f.list.List = []api.Channel{{ID: "C2", Kind: api.Public, Name: "my-tidal"}, f.channel, {ID: "D1", Kind: api.Direct}}
	h := f.handlers()
	text, err := h.resources()[0].Read(t.Context())
	if err != nil || !strings.Contains(text, "#tidal (C0TIDAL01)\n") || f.listed[0].Limit != 1000 {
		t.Errorf("got %q, %v by %+v", text, err, f.listed)
	}
	text, err = h.templates()[0].Read(t.Context(), map[string]string{"id": "tidal"})
	if err != nil || strings.Count(text, "\n") != 53 {
		t.Errorf("got %d lines, %v, want the newest 50 messages:\n%s", strings.Count(text, "\n"), err, text)
	}
	complete := h.templates()[0].Complete["id"]
	if got, err := complete(t.Context(), "#Ti"); err != nil || !slices.Equal(got, []string{"tidal", "my-tidal"}) {
		t.Errorf("got %v, %v, want those that begin with it first", got, err)
	}
	f.list.List = nil
	if got, err := complete(t.Context(), "c0tidal01"); err != nil || !slices.Equal(got, []string{"C0TIDAL01"}) {
		t.Errorf("got %v, %v, want the id", got, err)
	}
	if got, err := complete(t.Context(), "tid"); err != nil || len(got) > 0 {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
}
