package names_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
)

func TestList(t *testing.T) {
	all := []api.Kind{api.Public, api.Private, api.Direct, api.Group}
	for _, c := range []struct {
		name  string
		q     names.ListQuery
		scope []string
		want  string // ids
		notes int
	}{
		{"private ones, then public ones", names.ListQuery{}, nil, "C0SECRET1 C0GENERAL C0TIDAL01 C0UMLAUT1", 0},
		{"archived ones too", names.ListQuery{Archived: true}, nil, "C0SECRET1 C0GENERAL C0TIDAL01 C0SEASON1 C0UMLAUT1", 0},
		{"public ones alone", names.ListQuery{Kinds: all[:1]}, nil, "C0GENERAL C0TIDAL01 C0UMLAUT1", 0},
		{"private ones alone", names.ListQuery{Kinds: all[1:2]}, nil, "C0SECRET1", 0},
		{"direct ones alone", names.ListQuery{Kinds: all[2:3]}, nil, "D0SANA001", 0},
		{"all kinds", names.ListQuery{Kinds: all}, nil, "C0SECRET1 D0SANA001 G0SEVERAL C0GENERAL C0TIDAL01 C0UMLAUT1", 0},
		{"a part of a name", names.ListQuery{Name: "#DA"}, nil, "C0TIDAL01", 0},
		{"a pattern", names.ListQuery{Name: "*al"}, nil, "C0GENERAL C0TIDAL01", 0},
		{"a pattern for one character", names.ListQuery{Name: "?idal"}, nil, "C0TIDAL01", 0},
		{"a pattern that is none", names.ListQuery{Name: "[*"}, nil, "", 0},
		{"nothing like it", names.ListQuery{Name: "zzz"}, nil, "", 0},
		{"without groups:read public ones, and a note", names.ListQuery{}, []string{"channels:read"}, "C0GENERAL C0TIDAL01 C0UMLAUT1", 1},
		{"without channels:read private ones, and a note", names.ListQuery{}, []string{"groups:read"}, "C0SECRET1", 1},
	} {
		s := studio()
		s.scopes = c.scope
		listed, err := of(s).List(context.Background(), c.q)
		if got := ids(listed.List); err != nil || got != c.want || len(listed.Notes) != c.notes || listed.Next != "" || listed.List == nil {
			t.Errorf("%s: %q, %v, notes %q, next %q; want %q and %d notes", c.name, got, err, listed.Notes, listed.Next, c.want, c.notes)
		}
	}
	s := studio()
	s.scopes = []string{"im:read"}
	if _, err := of(s).List(context.Background(), names.ListQuery{Kinds: all[:1]}); codeOf(err) != "slack_scope_missing" {
		t.Errorf("where nothing of it may be listed: %v, want slack_scope_missing", err)
	}
}

func ids(list []api.Channel) string {
	var all []string
	for _, c := range list {
		all = append(all, c.ID)
	}
	return strings.Join(all, " ")
}

func TestListPageByPage(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		fresh bool // another process each time
		pages int  // of Slack's list
	}{
		{"pages are read once", 70, false, 11},
		{"pages of one", 1, false, 11},
		{"cursors are good in another process", 250, true, 13},
	} {
		s := many(1000)
		n := of(s)
		var got []string
		for cursor, calls := "", 0; calls == 0 || cursor != ""; calls++ {
			listed, err := n.List(context.Background(), names.ListQuery{Limit: c.limit, Cursor: cursor})
			if err != nil || calls > 1100 {
				t.Fatalf("%s: call %d: %v", c.name, calls, err)
			}
			got = append(got, ids(listed.List))
			if cursor = listed.Next; c.fresh {
				n = of(s)
			}
		}
		list := strings.Fields(strings.Join(got, " "))
		once := map[string]bool{}
		for _, id := range list {
			once[id] = true
		}
		if len(list) != 1004 || len(once) != 1004 || s.count("conversations.list") != c.pages {
			t.Errorf("%s: %d channels, %d of them others, with %d pages; want 1004 each once with %d", c.name, len(list), len(once), s.count("conversations.list"), c.pages)
		}
	}
}

func TestListOfMoreThanACallReads(t *testing.T) {
	s := many(5000)
	listed, err := of(s).List(context.Background(), names.ListQuery{Name: "many-4999"})
	if err != nil || len(listed.List) != 0 || listed.Next == "" || len(listed.Notes) != 1 || listed.Searched != 4000 {
		t.Fatalf("%+v, %v; want none among 4000, a note and a cursor", listed, err)
	}
	listed, err = of(s).List(context.Background(), names.ListQuery{Name: "many-4999", Cursor: listed.Next})
	if err != nil || ids(listed.List) != "C0MANY4999" || listed.Next != "" {
		t.Errorf("with the cursor: %+v, %v; want C0MANY4999", listed, err)
	}
}
