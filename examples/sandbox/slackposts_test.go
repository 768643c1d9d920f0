package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

func TestSlackPostsAreNotedAsAsked(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	slackCall(t, base, s.SlackBotToken(), "chat.postMessage", "channel", "C0SBX0010", "text", "x", "unfurl_links", "false", "unfurl_media", "false", "parse", "none",
		"metadata", `{"event_type":"t","event_payload":{"key":"k"}}`, "blocks", `[{"type":"divider"}]`)
	want := sandbox.Post{
		Channel: "C0SBX0010", User: "U0SBXBOT1", Text: "x", Blocks: json.RawMessage(`[{"type":"divider"}]`), UnfurlLinks: "false", UnfurlMedia: "false", Parse: "none",
		Metadata: json.RawMessage(`{"event_type":"t","event_payload":{"key":"k"}}`),
	}
	got := s.SlackPosts()
	if len(got) != 1 || got[0].TS == "" {
		t.Fatalf("posts %+v, want one", got)
	}
	want.TS = got[0].TS
	if fmt.Sprintf("%+v", got[0]) != fmt.Sprintf("%+v", want) {
		t.Errorf("got %+v, want %+v", got[0], want)
	}
	if _, a, _ := send(t, "GET", base+"/_control/posts?provider=slack", nil, ""); dig(a, "posts", 0, "unfurl_links") != "false" {
		t.Errorf("for other processes: %v", a)
	}
}

func TestSlackActsThoughTheAnswerIsLost(t *testing.T) {
	s := sandbox.New(sandbox.Options{})
	arrived := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		s.Handler().ServeHTTP(w, r)
	}))
	client := &http.Client{Transport: &http.Transport{}}
	post := func(ctx context.Context, text string) (int, error) {
		form := url.Values{"channel": {"C0SBX0010"}, "text": {text}}
		r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/slack/api/chat.postMessage", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Authorization": {"Bearer " + s.SlackBotToken()}, "Content-Type": {"application/x-www-form-urlencoded"}}
		resp, err := client.Do(r)
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		var a map[string]any
		return resp.StatusCode, json.NewDecoder(resp.Body).Decode(&a)
	}
	for _, f := range []struct {
		text string
		fail sandbox.Failure
		acts bool
	}{
		{"cut in the middle of the answer", sandbox.Failure{Late: true}, true},
		{"500 after acting", sandbox.Failure{Status: 500, Late: true}, true},
		{"fatal_error after acting", sandbox.Failure{Status: 200, Code: "fatal_error", Late: true}, true},
		{"cut before acting", sandbox.Failure{}, false},
		{"503 before acting", sandbox.Failure{Status: 503}, false},
	} {
		f.fail.What = "chat.postMessage"
		s.FailWith(sandbox.Slack, f.fail)
		before := len(s.SlackPosts())
		status, err := post(t.Context(), f.text)
		if status == 200 && err == nil && f.fail.Code == "" {
			t.Errorf("%s: the answer came", f.text)
		}
		if acted := len(s.SlackPosts()) > before; acted != f.acts {
			t.Errorf("%s: acted on: %t, want %t", f.text, acted, f.acts)
		}
	}
	// Somebody who leaves while Slack is slow is acted on all the same.
	s.Latency(sandbox.Slack, 30*time.Millisecond)
	for len(arrived) > 0 {
		<-arrived
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	go func() {
		<-arrived
		leave()
	}()
	if _, err := post(ctx, "left meanwhile"); err == nil {
		t.Error("left meanwhile: an answer came")
	}
	client.CloseIdleConnections()
	server.Close() // waits until nothing is under way
	if got := s.SlackPosts(); !slices.ContainsFunc(got, func(p sandbox.Post) bool { return p.Text == "left meanwhile" }) {
		t.Errorf("left meanwhile: the message is not there, want it: %+v", got)
	}
}

func TestSlackCrowdIsLikeABusyChannel(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.SlackCrowd(20_000, 2_000, 10_000)
	token := s.SlackUserToken("caleb.ochoa")
	count := map[string]int{}
	alerts := map[string]int{}
	for cursor := ""; ; {
		a := slackCall(t, base, token, "conversations.history", "channel", "C0CRWTALK", "limit", "999", "cursor", cursor)
		list, _ := a["messages"].([]any)
		for _, m := range list {
			count["all"]++
			count[fmt.Sprint("by ", dig(m, "user"))]++
			for _, what := range []string{"reactions", "files", "reply_count", "edited", "attachments"} {
				if dig(m, what) != nil {
					count[what]++
				}
			}
			if strings.Contains(fmt.Sprint(dig(m, "text")), "<https://") {
				count["links"]++
			}
			alerts[fmt.Sprint(dig(m, "attachments", 0, "title"))]++
		}
		if cursor, _ = dig(a, "response_metadata", "next_cursor").(string); cursor == "" {
			break
		}
	}
	if count["all"] != 10_000 || count["attachments"] != 2000 || len(alerts) != 4 {
		t.Errorf("%v, %v, want 10,000 messages, of which 2,000 alerts that say one of three things", count, alerts)
	}
	for what, least := range map[string]int{"reactions": 800, "files": 200, "reply_count": 300, "edited": 100, "links": 400, "by U0SBX00AA": 300, "by U0SBX08AA": 200} {
		if count[what] < least {
			t.Errorf("%s: %d messages, want at least %d", what, count[what], least)
		}
	}
}
