package figma

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/figma/figmatest"
)

// keysOf are the files of an answer.
func keysOf(r listFilesResult) (keys []string) {
	for _, f := range r.Folders {
		for _, file := range f.Files {
			keys = append(keys, file.Key)
		}
	}
	return keys
}

func TestListFiles(t *testing.T) {
	all := []string{tidal, board, "SbxSolsticeBrand000003", kit}
	for _, c := range []struct {
		name, args string
		want       []string
		asked      int // requests
		note       string
	}{
		{"a team by its id", `"team":"` + team + `"`, all, 5, ""},
		{"a team by its page", `"team":"https://www.figma.com/files/team/` + team + `/Flux-Studio"`, all, 5, ""},
		{"a team by its page in an organisation", `"team":"https://www.figma.com/files/181033233908053158/team/` + team + `"`, all, 5, ""},
		{"by part of a name", `"team":"` + team + `","query":"show DESIGN"`, []string{tidal, board}, 5, ""},
		{"by part of a folder's name", `"team":"` + team + `","query":"cedar"`, []string{tidal}, 5, ""},
		{"by a name that nothing has", `"team":"` + team + `","query":"zebra"`, nil, 5, "No file matched"},
		{"a folder by its id", `"folder":"` + folder + `"`, []string{tidal}, 2, ""},
		{"a folder by its page", `"folder":"https://www.figma.com/files/project/` + folder + `/Cedar-Ridge"`, []string{tidal}, 2, ""},
		{"a folder's page in place of a team's", `"team":"https://www.figma.com/files/team/` + team + `/project/` + folder + `/Cedar"`, []string{tidal}, 2, ""},
		{"in a folder by a name that nothing has", `"folder":"` + folder + `","query":"zebra"`, nil, 2, "No file matched"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t)
			a := g.must(t, "figma_list_files", `{`+c.args+`}`)
			r := decoded[listFilesResult](t, a)
			if !slices.Equal(keysOf(r), c.want) || r.Files != len(c.want) || r.NextCursor != "" || r.Name == "" {
				t.Errorf("got %+v, want %v", r, c.want)
			}
			if n := len(g.watch.Calls()); n != c.asked || g.watch.Count(2) != n {
				t.Errorf("got %d requests, %d of tier 2, want %d", n, g.watch.Count(2), c.asked)
			}
			if (r.Note == "") != (c.note == "") || !strings.Contains(r.Note, c.note) || !strings.Contains(a.Text, r.Note) {
				t.Errorf("got note %q, want %q", r.Note, c.note)
			}
		})
	}
}

func TestListFilesInWords(t *testing.T) {
	g := newRig(t)
	a := g.must(t, "figma_list_files", `{"folder":"`+folder+`"}`)
	r := decoded[listFilesResult](t, a)
	want := fmt.Sprintf("folder 81000001 \"Cedar Ridge High School\"\n  %s %s \"Tidal: Show design\"\n(1 files; 1 of 1 folders were read)", tidal, r.Folders[0].Files[0].LastModified)
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
}

// crowded is a Figma with many folders, folder n of which has 3 files with
// branches, and a folder in it.
type crowded struct {
	mu      sync.Mutex
	folders int
	fail    map[string]int // status by folder
	only    string         // only this form: v1 or v2
	asked   []string
}

// ServeHTTP answers as Figma does.
func (c *crowded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked = append(c.asked, r.URL.Path)
	parts := strings.Split(r.URL.Path, "/") // "", v2, folders, 3, files
	id := parts[3]
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if c.only != "" && parts[1] != c.only {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"status":403,"err":"Invalid scope(s): x:read. This endpoint requires the %s scope"}`, map[string]string{"v1": "projects:read", "v2": "folders:read"}[parts[1]])
		return
	}
	if s := c.fail[id]; s != 0 {
		w.Header().Set("Retry-After", "42")
		w.WriteHeader(s)
		fmt.Fprint(w, `{"status":0,"err":"no"}`)
		return
	}
	body := map[string]any{"name": "Folder " + id}
	switch {
	case parts[2] == "teams":
		var list []any
		for i := range c.folders {
			list = append(list, map[string]any{"id": strconv.Itoa(i + 1), "name": fmt.Sprint("Folder ", i+1), "parent_folder_id": nil})
		}
		body = map[string]any{"name": "Crowd", parts[4]: append([]any{}, list...)}
	case parts[4] == "files":
		var list []any
		for i := range 3 {
			key := fmt.Sprintf("Key%s0000000%d", id, i)
			list = append(list, map[string]any{"key": key, "name": fmt.Sprintf("File %s.%d", id, i), "last_modified": "2026-11-01T10:00:00Z",
				"branches": []any{map[string]any{"key": key + "b", "name": "Idea", "last_modified": "2026-11-01T10:00:00Z", "thumbnail_url": ""}}})
		}
		body["files"] = list
	case parts[4] == "folders":
		body["folders"] = []any{map[string]any{"id": "9" + id, "name": "Inner " + id, "parent_folder_id": id}}
	}
	_ = json.NewEncoder(w).Encode(body)
}

func (c *crowded) rig(t *testing.T) *rig {
	t.Helper()
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	g := &rig{}
	client := figmatest.Client(t, srv.URL, "figd_1")
	g.watch = figmatest.Watching(client)
	g.use(srv.URL, client)
	return g
}

func TestManyFoldersTakeSeveralCalls(t *testing.T) {
	for _, c := range []struct {
		name  string
		limit int
		calls int
	}{
		{"ten folders a call", 500, 3}, {"no more files than are wanted", 7, 11}, {"less than a folder has", 2, 38},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := &crowded{folders: 25}
			g := far.rig(t)
			var keys []string
			cursor, calls := "", 0
			for calls = 1; calls < 100; calls++ {
				g.watch.Reset()
				r := decoded[listFilesResult](t, g.must(t, "figma_list_files", fmt.Sprintf(`{"team":"7","limit":%d,"cursor":%q}`, c.limit, cursor)))
				if n := len(g.watch.Calls()); n > 1+foldersACall || r.Files > c.limit || r.Total != 25 {
					t.Errorf("call %d: got %d files after %d requests of %d folders", calls, r.Files, n, r.Total)
				}
				keys = append(keys, keysOf(r)...)
				if cursor = r.NextCursor; cursor == "" {
					break
				}
			}
			if len(slices.Compact(slices.Sorted(slices.Values(keys)))) != 75 || len(keys) != 75 || calls != c.calls {
				t.Errorf("got %d files with %d calls, want all 75, each once, with %d", len(keys), calls, c.calls)
			}
		})
	}
}

func TestWhatAFolderHasInIt(t *testing.T) {
	g := (&crowded{}).rig(t)
	a := g.must(t, "figma_list_files", `{"folder":"3","limit":2}`)
	r := decoded[listFilesResult](t, a)
	if len(r.Folders) != 1 || len(r.Folders[0].Folders) != 1 || r.Folders[0].Folders[0] != (place{"93", "Inner 3"}) || len(r.Folders[0].Files[0].Branches) != 1 {
		t.Errorf("got %+v, want a folder in it and files with branches", r)
	}
	want := `folder 3 "Folder 3"
  folder 93 "Inner 3"
  Key300000000 2026-11-01T10:00:00Z "File 3.0"
    branch Key300000000b "Idea"
  Key300000001 2026-11-01T10:00:00Z "File 3.1"
    branch Key300000001b "Idea"
(2 files; 1 of 1 folders were read; more: cursor=3.2)`
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	rest := decoded[listFilesResult](t, g.must(t, "figma_list_files", `{"folder":"3","limit":2,"cursor":"3.2"}`))
	if len(keysOf(rest)) != 1 || len(rest.Folders[0].Folders) != 0 || rest.NextCursor != "" {
		t.Errorf("got %+v, want the last file alone", rest)
	}
	inner := decoded[listFilesResult](t, g.must(t, "figma_list_files", `{"folder":"3","query":"inner"}`))
	if inner.Files != 0 || len(inner.Folders) != 1 || len(inner.Folders[0].Folders) != 1 {
		t.Errorf("got %+v, want the folder in it that matches", inner)
	}
}

func TestFoldersThatAnswerNoMore(t *testing.T) {
	for _, c := range []struct {
		name     string
		fail     map[string]int
		want     string // code
		files    int
		cursor   string
		note     string
		problems int
	}{
		{"a folder that may not be seen is left out", map[string]int{"2": 403}, "", 12, "", "", 1},
		{"a folder that is gone too", map[string]int{"2": 404}, "", 12, "", "", 1},
		{"a limit ends the answer, which says so", map[string]int{"3": 429}, "", 6, "3.0", "after 43 s", 0},
		{"a limit at first is an error", map[string]int{"1": 429}, "figma_rate_limited", 0, "", "", 0},
		{"a limit before is too", map[string]int{"7": 429}, "figma_rate_limited", 0, "", "", 0},
		{"a failure ends it likewise", map[string]int{"3": 503}, "", 6, "3.0", "Go on with next_cursor", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			far := &crowded{folders: 5, fail: c.fail}
			srv := httptest.NewServer(far)
			defer srv.Close()
			g := &rig{}
			g.use(srv.URL, srv.Client())
			a := g.call(t, "figma_list_files", `{"team":"7"}`)
			if c.want != "" {
				if a.Failure == nil || a.Failure.Code != c.want {
					t.Errorf("got %s %+v, want %s", a.Text, a.Failure, c.want)
				}
				return
			}
			r := decoded[listFilesResult](t, a)
			problems := 0
			for _, f := range r.Folders {
				if f.Problem != "" {
					problems++
				}
			}
			if r.Files != c.files || r.NextCursor != c.cursor || !strings.Contains(r.Note, c.note) || problems != c.problems {
				t.Errorf("got %+v, want %d files, cursor %q and %q", r, c.files, c.cursor, c.note)
			}
		})
	}
}

func TestTheFormerFormWhereThePresentOneIsNotAllowed(t *testing.T) {
	far := &crowded{folders: 2, only: "v1"}
	g := far.rig(t)
	if r := decoded[listFilesResult](t, g.must(t, "figma_list_files", `{"team":"7"}`)); r.Files != 6 {
		t.Errorf("got %+v, want 6 files", r)
	}
	if n := len(far.asked); n != 4 { // the team twice, and each folder once
		t.Errorf("got requests %v, want 4: the form is remembered", far.asked)
	}
	far.asked = nil
	r := decoded[listFilesResult](t, g.must(t, "figma_list_files", `{"folder":"2"}`))
	if len(far.asked) != 1 || r.Files != 3 || !strings.Contains(r.Note, "Folders in it cannot be listed") {
		t.Errorf("got %+v after %v, want 3 files after one request, and why there is no folder", r, far.asked)
	}
}

func TestATokenThatMayListNothing(t *testing.T) {
	far := &crowded{only: "none"}
	g := far.rig(t)
	for _, args := range []string{`{"team":"7"}`, `{"folder":"7"}`} {
		a := g.call(t, "figma_list_files", args)
		if a.Failure == nil || a.Failure.Code != "figma_scope_missing" || a.Failure.Details["needed"] != "folders:read, projects:read" {
			t.Fatalf("%s: got %+v, want figma_scope_missing with both scopes", args, a.Failure)
		}
		for _, word := range []string{"public OAuth app", "link", "FIGMA_SCOPES", "FIGMA_ACCESS_TOKEN"} {
			if !strings.Contains(a.Failure.Message+a.Failure.Hint, word) {
				t.Errorf("%s: got %q and %q, want %s in it", args, a.Failure.Message, a.Failure.Hint, word)
			}
		}
	}
}

func TestTeamsThatAreNone(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct{ name, args, want, says string }{
		{"no team", `{}`, "bad_argument", "Figma does not tell"},
		{"a name", `{"team":"Flux Studio"}`, "bad_argument", "/team/"},
		{"a file's link", `{"team":"https://www.figma.com/design/` + tidal + `/T"}`, "bad_argument", "/team/"},
		{"a path", `{"team":"../me"}`, "bad_argument", "/team/"},
		{"a folder's name", `{"folder":"Cedar"}`, "bad_argument", "/project/"},
		{"a team in place of a folder", `{"folder":"https://www.figma.com/files/team/` + team + `"}`, "bad_argument", "/project/"},
		{"a cursor of nothing", `{"team":"` + team + `","cursor":"x"}`, "bad_argument", "next_cursor"},
		{"a cursor of a folder that is gone", `{"team":"` + team + `","cursor":"5.0"}`, "bad_argument", "without cursor"},
		{"a team of others", `{"team":"1170245155647482000"}`, "figma_forbidden", "access"},
		{"a folder of others", `{"folder":"81000005"}`, "figma_forbidden", "access"},
	} {
		a := g.call(t, "figma_list_files", c.args)
		if a.Failure == nil || a.Failure.Code != c.want || !strings.Contains(a.Failure.Message+a.Failure.Hint, c.says) {
			t.Errorf("%s: got %+v, want %s with %q", c.name, a.Failure, c.want, c.says)
		}
	}
}

func TestTheOperatorsTeam(t *testing.T) {
	h := handlers{team: "7"}
	for _, c := range []struct{ name, given, want string }{
		{"is used where none is given", "", "7"}, {"is not where one is", "https://www.figma.com/files/team/8/Other", "8"},
	} {
		if got, err := h.teamOf(c.given); err != nil || got != c.want {
			t.Errorf("it %s: got %q, %v, want %s", c.name, got, err, c.want)
		}
	}
}

func TestALimitOfDaysIsTold(t *testing.T) {
	g := newRig(t)
	g.FailWith(sandbox.Figma, sandbox.Failure{What: "tier 2", Status: 429, RetryAfter: 396749})
	a := g.call(t, "figma_list_files", `{"team":"`+team+`"}`)
	if a.Failure == nil || a.Failure.RetryAfter != 396749 || a.Failure.Details["tier"] != "2" {
		t.Errorf("got %+v, want the limit with its time", a.Failure)
	}
	g.watch.Reset()
	if a := (tools.Runtime{}).Call(t.Context(), g.tools["figma_list_files"], json.RawMessage(`{"team":"`+team+`"}`)); a.Failure == nil || len(g.watch.Calls()) != 0 {
		t.Errorf("got %+v after %d requests, want the same without a request", a.Failure, len(g.watch.Calls()))
	}
}
