package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// byPath is a Figma that answers by the first part of the path.
type byPath struct {
	*fake
	v1, v2 reply
}

// RoundTrip implements http.RoundTripper.
func (b byPath) RoundTrip(r *http.Request) (*http.Response, error) {
	b.replies = []reply{b.v1}
	if strings.HasPrefix(r.URL.Path, "/v2/") {
		b.replies = []reply{b.v2}
	}
	return b.fake.RoundTrip(r)
}

func TestFoldersInTheFormThatTheAccountMayUse(t *testing.T) {
	good := reply{body: `{"name":"Team","folders":[{"id":"1","name":"A"}],"files":[]}`}
	old := reply{body: `{"name":"Team","projects":[{"id":"1","name":"A"}],"files":[]}`}
	scope := reply{status: 403, body: `{"err":"Invalid scope(s): x:read. This endpoint requires the folders:read scope"}`}
	no, none, limit := reply{status: 403, body: `{"err":"Forbidden"}`}, reply{status: 404}, limitOf("60")
	for _, c := range []struct {
		name   string
		v2, v1 reply
		want   string // code; none: both are without a scope
		first  int    // requests of the first call
		again  int    // and of the second
	}{
		{"folders that may be listed", good, old, "", 1, 1},
		{"a token that may list projects alone", scope, old, "", 2, 1},
		{"a Figma without folders", none, old, "", 2, 1},
		{"a Figma that refuses folders without a reason", no, old, "", 2, 1},
		{"a token that may list neither", scope, scope, "none", 2, 2},
		{"a team that is not the account's", no, scope, "figma_forbidden", 2, 2},
		{"a team that is not the account's, by the old form", scope, no, "figma_forbidden", 2, 2},
		{"a team that nobody knows", none, scope, "unknown_team", 2, 2},
		{"a limit is no reason to ask more", limit, old, "figma_rate_limited", 1, 0},
		{"a limit of the other form is told", scope, limit, "figma_rate_limited", 2, 0},
		{"a limit of the other form is told, where folders were refused too", no, limit, "figma_rate_limited", 2, 0},
		{"a token that is not good is no reason either", reply{status: 403, body: `{"err":"Token expired"}`}, old, "figma_token_refused", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := byPath{&fake{}, c.v1, c.v2}
			client := over(f)
			for i, asked := range []int{c.first, c.again} {
				f.seen = nil
				l, err := client.Folders(t.Context(), "7")
				var unlisted *api.Unlisted
				if (c.want == "none") != errors.As(err, &unlisted) || c.want != "none" && toldOf(t, err).code != c.want {
					t.Errorf("call %d: got %v, want %q", i+1, err, c.want)
				}
				if len(f.seen) != asked || err == nil && (l.Name != "Team" || len(l.Folders) != 1 || l.Folders[0].Name != "A") {
					t.Errorf("call %d: got %+v after %v, want %d requests", i+1, l, f.seen, asked)
				}
			}
		})
	}
}

func TestTheFormIsRememberedForEachAccountAndMayChange(t *testing.T) {
	good := reply{body: `{"name":"In","folders":[{"id":"2","name":"B"}],"files":[{"key":"K1","name":"F"}]}`}
	scope := reply{status: 403, body: `{"err":"This endpoint requires the folders:read scope"}`}
	f := &byPath{fake: &fake{}, v1: good, v2: scope}
	client := over(f)
	count := func(account string) (requests int, c api.Contents) {
		f.seen = nil
		c, err := client.FolderContents(as(t.Context(), account), "7", true)
		if err != nil {
			t.Fatalf("account %s: got %v", account, err)
		}
		return len(f.seen), c
	}
	if n, c := count("a"); n != 2 || !c.NoFolders || len(c.Files) != 1 {
		t.Errorf("got %+v after %d requests, want files alone after 2", c, n)
	}
	if n, _ := count("a"); n != 1 {
		t.Errorf("got %d requests, want 1: the old form is known", n)
	}
	if n, _ := count("b"); n != 2 {
		t.Errorf("another account: got %d requests, want 2", n)
	}
	f.v1, f.v2 = scope, good // it was connected again, with other scopes
	if n, c := count("a"); n != 3 || c.NoFolders || len(c.Folders) != 1 || len(c.Files) != 1 {
		t.Errorf("got %+v after %d requests, want folders and files after 3", c, n)
	}
	if n, _ := count("a"); n != 2 {
		t.Errorf("got %d requests, want 2: the present form is known", n)
	}
	f.seen = nil
	f.v2 = reply{status: 404}
	if _, err := client.FolderContents(as(t.Context(), "a"), "8", true); toldOf(t, err).code != "unknown_folder" || len(f.seen) != 1 {
		t.Errorf("got %v after %v, want unknown_folder after one: the form is known to work", err, f.seen)
	}
}
