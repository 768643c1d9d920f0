package figma

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// post posts a comment and returns what is told of it and what Figma then has.
func (g *rig) post(t *testing.T, args string) (postCommentResult, thread) {
	t.Helper()
	made := decoded[postCommentResult](t, g.must(t, "figma_post_comment", args))
	all := decoded[getCommentsResult](t, g.must(t, "figma_get_comments", `{"file":"`+tidal+`","status":"all"}`))
	for _, th := range all.Threads {
		if th.ID == made.ThreadID {
			return made, th
		}
	}
	t.Fatalf("%s: there is no thread %s", args, made.ThreadID)
	return made, thread{}
}

func TestPostComment(t *testing.T) {
	g := newRig(t)
	file := `"file":"` + tidal + `"`
	cover := decoded[getCommentsResult](t, g.must(t, "figma_get_comments", `{`+file+`}`)).Threads[0].NodeID
	link := `"file":"https://www.figma.com/design/` + tidal + `/Tidal?node-id=` + strings.ReplaceAll(cover, ":", "-") + `"`
	for _, c := range []struct {
		name, args, node string
		x, y             float64
	}{
		{"on the file", `{` + file + `,"text":"Looks good"}`, "", 0, 0},
		{"on a node", `{` + file + `,"text":"Looks good","node_ids":["` + cover + `"],"x":12.5,"y":8}`, cover, 12.5, 8},
		{"on the node of the link", `{` + link + `,"text":"Looks good"}`, cover, 0, 0},
		{"at a place on the canvas", `{` + file + `,"text":"Looks good","x":-40,"y":20}`, "", -40, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			made, th := g.post(t, c.args)
			url := "https://www.figma.com/design/" + tidal
			if c.node != "" {
				url += "?node-id=" + strings.ReplaceAll(c.node, ":", "-")
			}
			if made.URL != url+"#comment-"+made.ID || made.PostedAs != "Caleb Ochoa" || made.ThreadID != made.ID || made.Note != "" {
				t.Errorf("got %+v, want the URL %s", made, url)
			}
			if th.Text != "Looks good" || th.NodeID != c.node || th.Position == nil || th.Position.X != c.x || th.Position.Y != c.y {
				t.Errorf("got %+v at %+v, want it on %q at %g,%g", th, th.Position, c.node, c.x, c.y)
			}
		})
	}
}

func TestReplies(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct{ name, to string }{
		{"to a comment", "1400000001"},
		{"to a reply is one to its thread", "1400000002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			link := "https://www.figma.com/design/" + tidal + "?node-id=0-1"
			made, th := g.post(t, fmt.Sprintf(`{"file":%q,"text":"%s","reply_to":%q}`, link, c.name, c.to))
			last := th.Replies[len(th.Replies)-1]
			if made.ThreadID != "1400000001" || last.Text != c.name || last.ID != made.ID || made.NodeID != th.NodeID {
				t.Errorf("got %+v and the thread %+v", made, th)
			}
			if !strings.Contains(made.URL, strings.ReplaceAll(th.NodeID, ":", "-")) {
				t.Errorf("got %s, want the node of the thread in it", made.URL)
			}
		})
	}
	a := g.call(t, "figma_post_comment", `{"file":"`+tidal+`","text":"Hm","reply_to":"77"}`)
	if a.Failure == nil || a.Failure.Code != "unknown_comment" {
		t.Errorf("got %+v, want unknown_comment", a.Failure)
	}
}

func TestCommentsThatCannotBePosted(t *testing.T) {
	g := newRig(t)
	long, _ := json.Marshal(strings.Repeat("é", 5001))
	for _, c := range []struct{ name, args, want string }{
		{"no text", `"text":""`, "bad_argument"},
		{"blank text", `"text":" \n\u200b"`, "bad_argument"},
		{"a character too many", `"text":` + string(long), "bad_argument"},
		{"two nodes", `"text":"Hi","node_ids":["1:2","1:3"]`, "bad_argument"},
		{"a node that is none", `"text":"Hi","node_ids":["x"]`, "bad_argument"},
		{"a place beyond the canvas", `"text":"Hi","x":1e300`, "bad_argument"},
		{"a reply with a node", `"text":"Hi","reply_to":"1400000001","node_ids":["1:2"]`, "bad_argument"},
		{"a reply with a place", `"text":"Hi","reply_to":"1400000001","x":5`, "bad_argument"},
		{"a node that the file does not have", `"text":"Hi","node_ids":["9:999"]`, "figma_refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.watch.Reset()
			a := g.call(t, "figma_post_comment", `{"file":"`+tidal+`",`+c.args+`}`)
			if a.Failure == nil || a.Failure.Code != c.want || a.Failure.Hint == "" {
				t.Errorf("got %+v, want %s", a.Failure, c.want)
			}
			if n := len(g.watch.Calls()); c.want == "bad_argument" && n > 0 {
				t.Errorf("Figma was asked %d times, want none", n)
			}
			if c.want == "figma_refused" && (a.Failure == nil || !strings.Contains(a.Failure.Message, "9:999")) {
				t.Errorf("got %+v, want the node in it", a.Failure)
			}
		})
	}
	if r := decoded[getCommentsResult](t, g.must(t, "figma_get_comments", `{"file":"`+tidal+`","status":"all"}`)); r.Total != 3 {
		t.Errorf("got %d threads, want the 3 that were there", r.Total)
	}
}

func TestACommentOfTheLongestText(t *testing.T) {
	g := newRig(t)
	text, _ := json.Marshal(strings.Repeat("é", 5000))
	g.must(t, "figma_post_comment", `{"file":"`+tidal+`","text":`+string(text)+`}`)
}

func TestAnAnswerThatIsLost(t *testing.T) {
	const what = "POST /v1/files/{key}/comments"
	for _, c := range []struct {
		name, args string
		fail       sandbox.Failure
		want       string // code; empty: it is found
	}{
		{"a comment that was posted is found", `"text":"It *is* there"`, sandbox.Failure{What: what, Late: true}, ""},
		{"so is one that Figma failed after", `"text":"It is there"`, sandbox.Failure{What: what, Status: 500, Late: true}, ""},
		{"so is a reply", `"text":"Agreed","reply_to":"1400000002"`, sandbox.Failure{What: what, Late: true}, ""},
		{"one that is not there may still come", `"text":"Where is it?"`, sandbox.Failure{What: what}, "figma_outcome_unknown"},
		{"one that Figma failed with", `"text":"Where is it?"`, sandbox.Failure{What: what, Status: 500}, "figma_outcome_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t)
			g.FailWith(sandbox.Figma, c.fail)
			a := g.call(t, "figma_post_comment", `{"file":"`+tidal+`",`+c.args+`}`)
			if n := g.Count(sandbox.Figma, what); n != 1 {
				t.Errorf("it was posted %d times, want once", n)
			}
			if c.want != "" {
				if a.Failure == nil || a.Failure.Code != c.want || a.Failure.RetryAfter != 0 {
					t.Errorf("got %s %+v, want %s", a.Text, a.Failure, c.want)
				}
				return
			}
			if a.Failure != nil {
				t.Fatalf("got %+v, want the comment", a.Failure)
			}
			r := decoded[postCommentResult](t, a)
			if r.ID == "" || r.PostedAs != "Caleb Ochoa" || !strings.Contains(r.Note, "Do not post it again") || !strings.Contains(a.Text, r.Note) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

func TestTheSameReplyOfJustBeforeIsNotTheLostOne(t *testing.T) {
	g := newRig(t)
	const args = `{"file":"` + tidal + `","text":"Agreed","reply_to":"1400000001"}`
	g.must(t, "figma_post_comment", args)
	g.FailWith(sandbox.Figma, sandbox.Failure{What: "POST /v1/files/{key}/comments"})
	if a := g.call(t, "figma_post_comment", args); a.Failure == nil || a.Failure.Code != "figma_outcome_unknown" {
		t.Errorf("got %s %+v, want figma_outcome_unknown", a.Text, a.Failure)
	}
}

func TestOnlyOnesOwnNewCommentIsTheLostOne(t *testing.T) {
	for _, c := range []struct {
		name, user, parent, text string
		age                      time.Duration
		found                    bool
	}{
		{"it", "me", "", "Ship it", time.Second, true},
		{"it, with marks of Markdown", "me", "", `Ship \*it\*`, time.Second, true},
		{"somebody else's", "other", "", "Ship it", time.Second, false},
		{"an older one", "me", "", "Ship it", 3 * time.Minute, false},
		{"another text", "me", "", "Ship it now", time.Second, false},
		{"a reply", "me", "7", "Ship it", time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := serve(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPost:
					w.WriteHeader(http.StatusBadGateway)
				case r.URL.Path == "/v1/me":
					fmt.Fprint(w, `{"id":"me","handle":"Me"}`)
				default:
					_ = json.NewEncoder(w).Encode(map[string]any{"comments": []any{map[string]any{
						"id": "5", "parent_id": c.parent, "message": c.text, "user": map[string]any{"id": c.user, "handle": "X"}, "created_at": time.Now().Add(-c.age),
					}}})
				}
			})
			a := g.call(t, "figma_post_comment", `{"file":"AbCdEf0123456789","text":"Ship it"}`)
			if found := a.Failure == nil; found != c.found || !found && a.Failure.Code != "figma_outcome_unknown" {
				t.Errorf("got %s %+v, want it found: %v", a.Text, a.Failure, c.found)
			}
		})
	}
}

func TestRepliesInACircleEnd(t *testing.T) {
	g := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, `{"comments":[{"id":"1","parent_id":"2"},{"id":"2","parent_id":"1"}]}`)
	})
	if a := g.call(t, "figma_post_comment", `{"file":"AbCdEf0123456789","text":"Hi","reply_to":"1"}`); a.Failure == nil || a.Failure.Code != "figma_refused" {
		t.Errorf("got %+v, want Figma's refusal", a.Failure)
	}
}
