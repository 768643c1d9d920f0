package api_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// busy is a page of 999 messages as Slack sends them: each with its text as
// blocks once more, with its author, and some with reactions and files.
func busy() string {
	var b strings.Builder
	b.WriteString(`{"ok":true,"has_more":true,"pin_count":0,"channel_actions_ts":null,"channel_actions_count":0,"messages":[`)
	text := "The new hero is in the file, please look at the second frame and tell me whether the margins hold on small screens"
	for i := range 999 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"user":"U0%05d","type":"message","ts":"17%08d.%06d","client_msg_id":"f1c4a6a0-5a5e-4c61-9f0c-%012d","text":%q,"team":"T0SBXFLUX",
		"blocks":[{"type":"rich_text","block_id":"b%d","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":%q},{"type":"user","user_id":"U012345"},{"type":"emoji","name":"eyes","unicode":"1f440"}]}]}],
		"user_profile":{"avatar_hash":"abc123","image_72":"https://avatars.slack-edge.com/2026-01-01/1_abc_72.png","first_name":"Caleb","real_name":"Caleb Ochoa","display_name":"caleb","team":"T0SBXFLUX","name":"caleb.ochoa","is_restricted":false,"is_ultra_restricted":false}`,
			i%40, 60_000_000+i, i, i, text, i, text)
		if i%5 == 0 {
			fmt.Fprintf(&b, `,"thread_ts":"17%08d.%06d","reply_count":4,"reply_users_count":2,"latest_reply":"1760009999.000100","reply_users":["U1","U2"],"is_locked":false,"subscribed":false,"reactions":[{"name":"eyes","users":["U1","U2"],"count":2}]`, 60_000_000+i, i)
		}
		if i%20 == 0 {
			b.WriteString(`,"files":[{"id":"F1","created":1760000000,"timestamp":1760000000,"name":"a.png","title":"A","mimetype":"image/png","filetype":"png","pretty_type":"PNG","user":"U1","size":12345,"mode":"hosted","url_private":"https://files.slack.com/files-pri/T-F/a.png","thumb_64":"https://files.slack.com/files-tmb/T-F-1/a_64.png","permalink":"https://x.slack.com/files/U1/F1/a.png"}]`)
		}
		b.WriteByte('}')
	}
	b.WriteString(`],"response_metadata":{"next_cursor":"bmV4dF90czoxNzYw"}}`)
	return b.String()
}

// canned answers everything with the same, without a limit's bookkeeping.
type canned string

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body := http.NoBody
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: body, ContentLength: -1, Request: r}
	resp.Body = readCloser{strings.NewReader(string(c))}
	return resp, nil
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// always is a client of one answer, whose account changes with every call.
func always(body string) *api.Client {
	client := &http.Client{Transport: canned(body)}
	n := 0
	return api.New(api.Config{
		BaseURL: "https://slack.invalid/api", Client: func(context.Context) *http.Client { return client },
		Account: func(context.Context) (string, error) { n++; return fmt.Sprint(n), nil },
	})
}

func BenchmarkHistory(b *testing.B) {
	page := busy()
	client := always(page)
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if got, err := client.History(b.Context(), api.HistoryQuery{Channel: "C1", Limit: 999}); err != nil || len(got.List) != 999 {
			b.Fatalf("got %d, %v", len(got.List), err)
		}
	}
}

func TestAPageKeepsLittleOfWhatCame(t *testing.T) {
	page := busy()
	client := always(page)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := make([]api.Messages, 0, 10)
	for range 10 {
		kept = append(kept, must(client.History(t.Context(), api.HistoryQuery{Channel: "C1"}))(t))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	got := int64(after.HeapAlloc-before.HeapAlloc) / int64(len(kept))
	t.Logf("a page of %d kB is kept in %d kB", len(page)>>10, got>>10)
	if most := int64(len(page)); got > most || len(kept[9].List) != 999 {
		t.Errorf("a page of %d bytes is kept in %d, want less", most, got)
	}
}
