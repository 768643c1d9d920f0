package slack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/server"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
)

func TestFilesAreUploaded(t *testing.T) {
	d := newDesk(t, nil)
	first := d.posted(t, map[string]any{"channel": tidal, "text": "first"})
	bytes := []byte{0, 1, 0xfe, 0xff, '\n'}
	for _, c := range []struct {
		name string
		args map[string]any
		size int
	}{
		{"text", map[string]any{"content": "a,b\n1,2\n"}, 8},
		{"with a comment in a thread", map[string]any{"content": "x", "comment": "**Look** & see", "title": "Report", "thread_ts": first.TS}, 1},
		{"bytes", map[string]any{"content": base64.StdEncoding.EncodeToString(bytes), "encoding": "base64"}, 5},
		{"bytes in the alphabet of URLs, with line ends", map[string]any{"content": "\n" + base64.RawURLEncoding.EncodeToString(bytes) + "\r\n", "encoding": "base64"}, 5},
		{"the largest", map[string]any{"content": strings.Repeat("x", maxUpload)}, maxUpload},
	} {
		t.Run(c.name, func(t *testing.T) {
			d.wire.reset()
			args := merged(merged(c.args, "channel", tidal), "filename", "report.csv")
			a := d.must(t, "slack_upload_file", args)
			r := decoded[uploadFileResult](t, a)
			if r.Channel != first.Channel || r.ChannelName != "tidal" || r.FileID == "" || r.Filename != "report.csv" || r.Size != c.size || r.Repeated || !strings.HasPrefix(r.Permalink, "https://") {
				t.Errorf("got %+v", r)
			}
			if !strings.Contains(a.Text, r.FileID) || !strings.Contains(a.Text, "#tidal") {
				t.Errorf("got the text %q", a.Text)
			}
			placed, shared := d.wire.of("files.getUploadURLExternal"), d.wire.of("files.completeUploadExternal")
			if len(placed) != 1 || placed[0].form.Get("length") != fmt.Sprint(c.size) || len(shared) != 1 {
				t.Fatalf("got %v and %v, want one of each with %d bytes", placed, shared, c.size)
			}
			thread, _ := c.args["thread_ts"].(string)
			comment := map[bool]string{true: "*Look* &amp; see"}[c.args["comment"] != nil]
			if f := shared[0].form; f.Get("thread_ts") != thread || f.Get("initial_comment") != comment || !strings.Contains(f.Get("files"), r.FileID) {
				t.Errorf("got %v, want the comment %q in %q", f, comment, thread)
			}
		})
	}
}

func TestAnUploadTellsHowFarItIs(t *testing.T) {
	d := newDesk(t, nil)
	var done []float64
	rt := tools.Runtime{Notify: func(_ context.Context, _ string, params map[string]any) error {
		if params["total"] != 1_000_000.0 {
			t.Errorf("got %v, want it of 1000000", params)
		}
		done = append(done, params["progress"].(float64))
		return nil
	}}
	s := server.NewMCPServer("test", "1")
	rt.Add(s, d.tools["slack_upload_file"])
	args, _ := json.Marshal(map[string]any{"channel": tidal, "filename": "a.txt", "content": strings.Repeat("x", 1_000_000)})
	s.HandleMessage(t.Context(), json.RawMessage(
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"slack_upload_file","arguments":`+string(args)+`,"_meta":{"progressToken":"t"}}}`))
	if len(done) < 3 || !slices.IsSorted(done) || done[0] != 0 || done[len(done)-1] != 1_000_000 {
		t.Errorf("got %v, want it to grow from 0 to 1000000", done)
	}
}

func TestWhatCannotBeUploaded(t *testing.T) {
	d := newDesk(t, nil)
	for _, c := range []struct {
		name string
		args map[string]any
		want string
		says string
	}{
		{"0 bytes", map[string]any{"content": ""}, "bad_argument", "0 bytes"},
		{"0 bytes in base64", map[string]any{"content": "==", "encoding": "base64"}, "bad_argument", "0 bytes"},
		{"a byte too many", map[string]any{"content": strings.Repeat("x", maxUpload+1)}, "file_too_large", "3 MB"},
		{"too many in base64", map[string]any{"content": strings.Repeat("QUFB", maxUpload/3+1), "encoding": "base64"}, "file_too_large", "3 MB"},
		{"no base64", map[string]any{"content": "not base64!", "encoding": "base64"}, "bad_argument", "base64"},
		{"another encoding", map[string]any{"content": "x", "encoding": "hex"}, "bad_argument", "encoding"},
		{"no name", map[string]any{"content": "x", "filename": "../.."}, "bad_argument", "filename"},
		{"a comment that is too long", map[string]any{"content": "x", "comment": strings.Repeat("x", 4001)}, "slack_message_too_long", "4000"},
		{"somebody to whom nothing was said", map[string]any{"content": "x", "channel": "@kofi.larsen"}, "unknown_channel", "slack_post_message"},
		{"an archived channel", map[string]any{"content": "x", "channel": "#season-2025"}, "slack_channel_archived", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := map[string]any{"channel": tidal, "filename": "a.txt"}
			for name, v := range c.args {
				args[name] = v
			}
			d.wire.reset()
			a := d.call(t, "slack_upload_file", args)
			if a.Failure == nil || a.Failure.Code != c.want || !strings.Contains(a.Failure.Message+a.Failure.Hint, c.says) {
				t.Errorf("got %s %+v, want %s with %q", a.Text, a.Failure, c.want, c.says)
			}
			if sent := d.wire.writes(); len(sent) != 0 {
				t.Errorf("got %v, want nothing sent", sent)
			}
		})
	}
}

func TestNamesOfFiles(t *testing.T) {
	for in, want := range map[string]string{
		"report.csv":                         "report.csv",
		"/etc/passwd":                        "passwd",
		`C:\Users\me\a.txt`:                  "a.txt",
		"../../x":                            "x",
		" spaced name.txt ":                  "spaced name.txt",
		"a\u202egnp.exe":                     "agnp.exe",
		"a\x00b\n.txt":                       "ab .txt",
		".env":                               ".env",
		"a.txt...":                           "a.txt",
		strings.Repeat("x", 300) + ".pdf":    strings.Repeat("x", 251) + ".pdf",
		strings.Repeat("é", 200) + ".tar.gz": strings.Repeat("é", 126) + ".gz",
	} {
		got, err := cleanName(in)
		if err != nil || got != want || !utf8.ValidString(got) {
			t.Errorf("%q: got %q %v, want %q", in, got, err, want)
		}
	}
}

func TestAnUploadIsSharedOnce(t *testing.T) {
	const share, place = "files.completeUploadExternal", "files.getUploadURLExternal"
	args := map[string]any{"channel": tidal, "filename": "a.txt", "content": "abc", "idempotency_key": "k"}
	for _, c := range []struct {
		name    string
		failure sandbox.Failure
		shared  int // after the first call
	}{
		{"when nothing fails", sandbox.Failure{}, 1},
		{"when the answer is lost", sandbox.Failure{What: share, Late: true}, 1},
		{"when Slack fails after it is shared", sandbox.Failure{What: share, Late: true, Status: 500}, 1},
		{"when the request is lost", sandbox.Failure{What: share}, 0},
		{"when there is no place", sandbox.Failure{What: place, Times: 9}, 0},
		{"when the bytes do not get there", sandbox.Failure{What: "upload", Times: 9, Status: 500}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, nil)
			if c.failure.What != "" {
				d.FailWith(sandbox.Slack, c.failure)
			}
			a := d.call(t, "slack_upload_file", args)
			if done := a.Failure == nil; done != (c.shared == 1) {
				t.Errorf("got %s %+v, want it shared: %v", a.Text, a.Failure, c.shared == 1)
			}
			d.Reset()
			d.claims.on(settled)
			r := decoded[uploadFileResult](t, d.must(t, "slack_upload_file", args))
			if r.FileID == "" || r.Repeated != (c.shared == 1) {
				t.Errorf("again: got %+v", r)
			}
			if n := d.filesIn(t, tidal); n != 1 {
				t.Errorf("it is there %d times, want once", n)
			}
		})
	}
}

// filesIn counts the messages with files of a conversation.
func (d *desk) filesIn(t *testing.T, channel string) (n int) {
	t.Helper()
	r := decoded[struct{ Messages []said }](t, d.must(t, "slack_get_channel_history", map[string]any{"channel": channel, "limit": 100}))
	for _, m := range r.Messages {
		n += len(m.Files)
	}
	return n
}
