package api_test

import (
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// TestWhatAnAppSaysIsInItsBlocks: its text is for notifications. People's
// messages have the same in both.
func TestWhatAnAppSaysIsInItsBlocks(t *testing.T) {
	const blocks = `"blocks":[{"type":"header","text":{"type":"plain_text","text":"Project completed: Tidal"}},{"type":"section","text":{"type":"mrkdwn","text":"All *done*"}}]`
	client, _ := over(t, reply{body: `{"ok":true,"messages":[
		{"type":"message","ts":"1.2","bot_id":"B1","text":"Project completed: Tidal",` + blocks + `},
		{"type":"message","ts":"1.1","user":"U1","text":"Project completed: Tidal",` + blocks + `}]}`})
	got, err := client.History(t.Context(), api.HistoryQuery{Channel: "C1"})
	if err != nil || len(got.List) != 2 {
		t.Fatalf("got %+v, %v, want two messages", got, err)
	}
	if says := got.List[0].Says(); says != "Project completed: Tidal\nAll *done*" {
		t.Errorf("an app's: got %q, want what its blocks say", says)
	}
	if says := got.List[1].Says(); says != "Project completed: Tidal" {
		t.Errorf("a person's: got %q, want the text", says)
	}
}

func TestPlainTextIsPostedAsItIs(t *testing.T) {
	for plain, want := range map[bool]string{true: "false", false: ""} {
		client, slack := over(t, reply{body: `{"ok":true,"channel":"C1","ts":"1.1"}`})
		if _, err := client.Post(t.Context(), api.NewMessage{Channel: "C1", Text: "*a*", Plain: plain}); err != nil {
			t.Fatal(err)
		}
		if got := slack.forms[0].Get("mrkdwn"); got != want {
			t.Errorf("plain %v: got mrkdwn=%q, want %q", plain, got, want)
		}
	}
}
