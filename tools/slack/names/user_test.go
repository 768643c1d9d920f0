package names_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

func TestUser(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // id, or code of the error
	}{
		{"an id", "U0SANA001", "U0SANA001"},
		{"an id with @", "@U0SANA001", "U0SANA001"},
		{"an id that nobody has", "U0NOBODY1", "unknown_user"},
		{"a mention", "<@U0SANA001>", "U0SANA001"},
		{"a mention with a name", "<@U0SANA001|sana>", "U0SANA001"},
		{"a link to a profile", "https://flux.slack.com/team/U0SANA001", "U0SANA001"},
		{"an address", "Sana@Flux.example", "U0SANA001"},
		{"an address as Slack writes it", "<mailto:sana@flux.example|sana@flux.example>", "U0SANA001"},
		{"an address that nobody has", "nobody@flux.example", "unknown_user"},
		{"a handle", "@theo", "U0THEO001"},
		{"a handle without @", "theo", "U0THEO001"},
		{"a handle whatever its case", "@Theo", "U0THEO001"},
		{"a full name", "Sana Patel", "U0SANA001"},
		{"a full name with @", "@Sana Patel", "U0SANA001"},
		{"a display name", "sana", "U0SANA001"},
		{"a name that two have", "Alex Twin", "ambiguous_user"},
		{"a name that one has who is still there", "Kim Lee", "U0HERE001"},
		{"a handle goes before somebody else's display name", "caleb.ochoa", "U0CALEB01"},
		{"a part of a name", "Patel", "unknown_user"},
		{"a channel's id", "C0TIDAL01", "unknown_user"},
		{"nothing", " ", "unknown_user"},
	} {
		u, err := of(studio()).User(context.Background(), c.text)
		if got := u.ID + codeOf(err); got != c.want {
			t.Errorf("%s: User(%q): %v, %v; want %s", c.name, c.text, u, err, c.want)
		}
		if err != nil && !strings.HasSuffix(hintOf(err), ".") {
			t.Errorf("%s: %v: hint %q, want a sentence", c.name, err, hintOf(err))
		}
	}
}

func TestAmbiguousUserHasIDs(t *testing.T) {
	_, err := of(studio()).User(context.Background(), "alex twin")
	var several *names.Ambiguous
	if !errors.As(err, &several) || several.Details()["candidates"] != "U0TWIN001, U0TWIN002" || !strings.Contains(several.Hint(), "U0TWIN001, U0TWIN002") {
		t.Errorf("%v, %q; want both ids", err, hintOf(err))
	}
}

func TestUnknownUserNamesTheNearest(t *testing.T) {
	_, err := of(studio()).User(context.Background(), "@sana.patl")
	if !strings.Contains(hintOf(err), "@sana.patel") {
		t.Errorf("hint %q, want @sana.patel in it", hintOf(err))
	}
}

// crowd is a workspace with people, some pages long.
func crowd(n int) *slack {
	s := studio()
	s.page = 100
	for i := range n {
		s.users = append(s.users, api.User{ID: fmt.Sprintf("U0CROWD%05d", i), Handle: fmt.Sprintf("guest.%d", i), Name: fmt.Sprintf("Guest Number %d", i)})
	}
	return s
}

func TestUserOfACrowd(t *testing.T) {
	s := crowd(3000)
	if u, err := of(s).User(context.Background(), "@guest.2999"); err != nil || u.ID != "U0CROWD02999" || s.count("users.list") != 1 {
		t.Errorf("a handle: %v, %v after %q; want one page and a search", u, err, s.asked)
	}
	s = crowd(3000)
	s.users[2500].Display = "guest.7x"
	if u, err := of(s).User(context.Background(), "@guest.7x"); codeOf(err) != "unknown_user" {
		t.Errorf("a handle that is somebody's display name, whom the search finds: %v, %v; want nobody", u, err)
	}
	for _, bot := range []bool{true, false} {
		s = crowd(3000)
		s.bot, s.mute = bot, true
		n := of(s)
		_, err := n.User(context.Background(), "@guest.2999")
		var unknown *names.Unknown
		if !errors.As(err, &unknown) || s.count("users.list") != 11 || unknown.RetryAfter() != 0 || !strings.Contains(err.Error(), "the first 1100") {
			t.Errorf("where no search helps: %v after %d pages; want that 1100 were looked through", err, s.count("users.list"))
		}
		found, err := n.FindUsers(context.Background(), names.FindQuery{Text: "guest.1200", Cursor: unknown.Details()["cursor"]})
		if err != nil || len(found.List) != 1 || s.count("users.list") != 21 {
			t.Errorf("the cursor of the error: %v, %v after %d pages; want it to look further", found, err, s.count("users.list"))
		}
	}
	s = crowd(3000)
	s.users[3].Display = "one of a kind"
	if u, err := of(s).User(context.Background(), "one of a kind"); codeOf(err) != "ambiguous_user" || !strings.Contains(err.Error(), "may be more") {
		t.Errorf("a name, where not everybody was looked at: %v, %v; want that others may have it", u, err)
	}
	s = crowd(900)
	if u, err := of(s).User(context.Background(), "Guest Number 17"); err != nil || u.ID != "U0CROWD00017" {
		t.Errorf("a name, where everybody was looked at: %v, %v; want U0CROWD00017", u, err)
	}
}

func TestPeopleAreKeptToABound(t *testing.T) {
	s := crowd(25_000)
	s.page, s.mute = 0, true
	n := of(s)
	ctx := context.Background()
	for range 3 {
		_, _ = n.User(ctx, "@nobody")
	}
	if got := s.count("users.list"); got != 21 {
		t.Errorf("%d pages of the list, want 21, which are 20,000 people", got)
	}
	var unknown *names.Unknown
	_, err := n.User(ctx, "@guest.24999")
	if !errors.As(err, &unknown) {
		t.Fatalf("beyond what is kept: %v, want *Unknown", err)
	}
	found, err := n.FindUsers(ctx, names.FindQuery{Text: "guest.24999", Cursor: unknown.Details()["cursor"]})
	if err != nil || len(found.List) != 1 || found.List[0].ID != "U0CROWD24999" || found.Next != "" {
		t.Errorf("with the cursor: %v, %v; want U0CROWD24999", found, err)
	}
}

func TestFindUsers(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       string // handles
	}{
		{"all without words", "", "caleb.ochoa sana.patel theo twin1 twin2 kim1 kim2 mallory"},
		{"a word of a name", "twin", "twin1 twin2"},
		{"all the words, in any order", "patel sana", "sana.patel"},
		{"a word of a title", "director", "caleb.ochoa"},
		{"a part of an address", "@flux.example", "caleb.ochoa sana.patel"},
		{"an id", "U0THEO001", "theo"},
		{"an address", "sana@flux.example", "sana.patel"},
		{"an address that nobody has", "no@flux.example", ""},
		{"nobody", "zzz", ""},
		{"no flags of ours", "bg", ""},
	} {
		found, err := of(studio()).FindUsers(context.Background(), names.FindQuery{Text: c.text})
		var got []string
		for _, u := range found.List {
			got = append(got, u.Handle)
		}
		if err != nil || strings.Join(got, " ") != c.want || found.Next != "" || found.List == nil {
			t.Errorf("%s: %q: %q, %v, next %q; want %q", c.name, c.text, got, err, found.Next, c.want)
		}
	}
}

func TestFindUsersPageByPage(t *testing.T) {
	s := crowd(3000)
	n := of(s)
	seen := map[string]int{}
	calls, cursor := 0, ""
	for first := true; first || cursor != ""; first = false {
		found, err := n.FindUsers(context.Background(), names.FindQuery{Text: "guest.29", Limit: 50, Cursor: cursor})
		if err != nil || len(found.List) > 50 || calls > 20 {
			t.Fatalf("call %d: %d people, %v", calls, len(found.List), err)
		}
		for _, u := range found.List {
			seen[u.Handle]++
		}
		cursor = found.Next
		calls++
	}
	for handle, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times, want once", handle, n)
		}
	}
	if len(seen) != 111 || s.count("users.list") != 31 {
		t.Errorf("%d people after %d calls and %d pages, want 111 with each page read once", len(seen), calls, s.count("users.list"))
	}
}

func TestFindUsersHasTheHandleFirst(t *testing.T) {
	s := crowd(3000)
	n := of(s)
	found, err := n.FindUsers(context.Background(), names.FindQuery{Text: "@guest.299", Limit: 2})
	if err != nil || len(found.List) != 1 || found.List[0].Handle != "guest.299" || found.Next == "" || s.count("users.list") != 1 {
		t.Fatalf("%v, %v after %d pages; want guest.299 after one", found, err, s.count("users.list"))
	}
	for cursor := found.Next; cursor != ""; cursor = found.Next {
		if found, err = n.FindUsers(context.Background(), names.FindQuery{Text: "@guest.299", Cursor: cursor}); err != nil {
			t.Fatal(err)
		}
		for _, u := range found.List {
			if u.Handle == "guest.299" {
				t.Error("guest.299 came again with the cursor, want it once")
			}
		}
	}
}

func TestCursorsOfOthers(t *testing.T) {
	n := of(studio())
	for _, c := range []struct{ name, cursor string }{
		{"no cursor at all", "x y"},
		{"Slack's own", "bmV4dDoxMDA="},
		{"that of another list", "eyJwIjoibWluZSJ9"},
		{"one with a wrong page", "eyJwIjoicGVvcGxlIiwiYyI6IngifQ"},
		{"one before the begin", "eyJwIjoicGVvcGxlIiwibCI6LTF9"},
	} {
		if _, err := n.FindUsers(context.Background(), names.FindQuery{Cursor: c.cursor}); codeOf(err) != "bad_argument" || hintOf(err) == "" {
			t.Errorf("%s: %v, want bad_argument", c.name, err)
		}
	}
}
