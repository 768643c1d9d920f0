package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
)

// attempt is one call by a caller who leaves when the answer is lost.
func (d *desk) attempt(t *testing.T, args map[string]any) tools.Answer {
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	return d.callAs(context.WithValue(ctx, leaving{}, leave), "slack_post_message", args)
}

// TestFiveHundredRetriedPosts is Slack's and the network's worst day: each post
// fails in some way, and is made again until it is told to be there, by either of
// two servers with one store.
func TestFiveHundredRetriedPosts(t *testing.T) {
	const posts, what = 500, "chat.postMessage"
	d := newDesk(t, nil)
	var asked atomic.Int64 // so that nothing of ours limits it
	limited := func(context.Context) (string, error) { return fmt.Sprint(asked.Add(1)), nil }
	d.use(t, nil, limited)
	other := *d
	other.use(t, nil, limited)
	servers := []*desk{d, &other}
	failures := []struct {
		name    string
		fail    sandbox.Failure
		latency bool // answers take longer than callers wait
	}{
		{"cut before", sandbox.Failure{}, false},
		{"cut after", sandbox.Failure{Late: true}, false},
		{"500 before", sandbox.Failure{Status: 500}, false},
		{"500 after", sandbox.Failure{Status: 500, Late: true}, false},
		{"503 after", sandbox.Failure{Status: 503, Late: true}, false},
		{"ok:false after", sandbox.Failure{Status: 200, Code: "internal_error", Late: true}, false},
		{"ok:false before", sandbox.Failure{Status: 200, Code: "fatal_error"}, false},
		{"slow", sandbox.Failure{}, true},
		{"none", sandbox.Failure{}, false},
	}
	rounds, channels := 0, []string{tidal, "#northern-lights", "#solstice-brand", "#flux-kit"}
	for i := range posts {
		f := failures[i%len(failures)]
		args := map[string]any{"channel": channels[i%len(channels)], "text": fmt.Sprintf("post %d, %s", i, f.name), "idempotency_key": fmt.Sprintf("key %d", i)}
		d.claims.on(0)
		switch {
		case f.latency:
			d.Latency(sandbox.Slack, 8*time.Millisecond)
			d.wire.hurry(2 * time.Millisecond)
		case f.name != "none":
			f.fail.What, f.fail.Times = what, 1+i%2
			d.FailWith(sandbox.Slack, f.fail)
		}
		var all sync.WaitGroup
		for range 1 + i%3 { // some callers call several times at once
			all.Go(func() { servers[i%2].attempt(t, args) })
		}
		all.Wait()
		d.Latency(sandbox.Slack, 0)
		d.wire.hurry(0)
		var last tools.Answer
		for try := range 6 {
			rounds++
			d.wire.idle()
			d.claims.on(settled)
			if last = servers[try%2].attempt(t, args); last.Failure == nil {
				break
			}
		}
		if last.Failure != nil {
			t.Fatalf("%v: got %+v at last", args, last.Failure)
		}
		d.claims.on(0)
		d.Reset()
		if r := decoded[postResult](t, d.attempt(t, args)); !r.Repeated || r.TS != decoded[postResult](t, last).TS {
			t.Errorf("%v once more: got %+v, want it repeated", args, r)
		}
	}
	counts := map[string]int{}
	for _, p := range d.SlackPosts() {
		counts[p.Text]++
	}
	for text, n := range counts {
		if n != 1 {
			t.Errorf("%q was posted %d times, want once", text, n)
		}
	}
	if len(counts) != posts {
		t.Errorf("%d posts are there, want %d", len(counts), posts)
	}
	t.Logf("%d posts, %d calls after the first ones, %d messages in all", posts, rounds, len(d.SlackPosts()))
}

func TestALostAnswerIsFoundWithoutAKey(t *testing.T) {
	for _, tool := range []string{"slack_post_message", "slack_project_update", "slack_task_notification"} {
		t.Run(tool, func(t *testing.T) {
			d := newDesk(t, nil)
			d.FailWith(sandbox.Slack, sandbox.Failure{What: "chat.postMessage", Late: true})
			args := map[string]map[string]any{
				"slack_post_message":      {"text": "x"},
				"slack_project_update":    {"project_name": "x", "update_type": "created"},
				"slack_task_notification": {"task_title": "x", "assignee": "Sana"},
			}[tool]
			r := decoded[postResult](t, d.must(t, tool, merged(args, "channel", tidal)))
			if n := len(d.SlackPosts()); n != 1 || r.TS != d.last(t).TS || r.Note == "" {
				t.Errorf("got %+v and %d messages, want the one with a note", r, n)
			}
		})
	}
}

func TestACallerWhoLeft(t *testing.T) {
	d := newDesk(t, nil)
	d.FailWith(sandbox.Slack, sandbox.Failure{What: "chat.postMessage", Status: 500, Late: true})
	args := map[string]any{"channel": tidal, "projectName": "Tidal", "updateType": "created"}
	const path = "POST /api/integrations/slack/project-update"
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	d.callAs(context.WithValue(ctx, leaving{}, leave), path, args)
	if ctx.Err() == nil {
		t.Fatal("the caller is still there")
	}
	d.now = d.now.Add(2 * time.Minute)
	var again restPosted
	if err := json.Unmarshal(d.must(t, path, args).Structured, &again); err != nil {
		t.Fatal(err)
	}
	if n := len(d.SlackPosts()); n != 1 || again.Message.TS != d.last(t).TS {
		t.Errorf("got %+v and %d messages, want the one of the first call", again, n)
	}
}
