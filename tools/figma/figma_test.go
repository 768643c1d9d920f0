package figma

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/tools"
)

func TestFileKey(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"a key", "AbCdEf0123456789", "AbCdEf0123456789"},
		{"the URL of a design", "https://www.figma.com/design/AbCdEf0123456789/Site?node-id=1-2", "AbCdEf0123456789"},
		{"an older URL", "https://www.figma.com/file/AbCdEf0123456789/Site", "AbCdEf0123456789"},
		{"a board", " https://www.figma.com/board/AbCdEf0123456789 ", "AbCdEf0123456789"},
		{"a branch is its own file", "https://www.figma.com/design/AbCdEf0123456789/branch/ZyXwVu9876543210/Site", "ZyXwVu9876543210"},
		{"a path into the API is refused", "../me", ""},
		{"a key with a slash is refused", "AbCdEf0123456789/../../me", ""},
		{"a URL of no file is refused", "https://www.figma.com/@someone", ""},
		{"nothing is refused", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := fileKey(c.file)
			if got != c.want || (err != nil) != (c.want == "") {
				t.Errorf("%q: got %q, %v, want %q", c.file, got, err, c.want)
			}
		})
	}
}

const answer = `{"name":"Site","lastModified":"2026-11-01T10:00:00Z","version":"7","editorType":"figma","role":"viewer",
 "document":{"id":"0:0","type":"DOCUMENT","children":[
  {"id":"0:1","type":"CANVAS","name":"Home \"page\"","children":[{"id":"1:2","type":"FRAME","name":"Hero","children":[{"id":"1:3","type":"TEXT","name":"Title"}]}]},
  {"id":"0:2","type":"CANVAS","name":"Notes"}]}}`

// call runs the tool against a Figma that answers with status and body.
func call(t *testing.T, args string, serve http.HandlerFunc) tools.Answer {
	t.Helper()
	srv := httptest.NewServer(serve)
	t.Cleanup(srv.Close)
	set := New(Config{BaseURL: srv.URL + "/", Client: func(context.Context) *http.Client { return srv.Client() }})
	return tools.Runtime{}.Call(t.Context(), set.Tools[0], json.RawMessage(args))
}

func TestGetFile(t *testing.T) {
	a := call(t, `{"file":"AbCdEf0123456789","depth":3}`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/files/AbCdEf0123456789" || r.URL.RawQuery != "depth=3" {
			t.Errorf("asked for %s", r.URL)
		}
		fmt.Fprint(w, answer)
	})
	if a.Failure != nil {
		t.Fatalf("got %+v", a.Failure)
	}
	want := `"Site" (figma), changed 2026-11-01T10:00:00Z, version 7, this account is viewer
0:1 CANVAS "Home \"page\""
  1:2 FRAME "Hero"
    1:3 TEXT "Title"
0:2 CANVAS "Notes"
(4 layers, more=false)`
	if a.Text != want {
		t.Errorf("got\n%s\nwant\n%s", a.Text, want)
	}
	a = call(t, `{"file":"AbCdEf0123456789","limit":2}`, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
	if !strings.Contains(string(a.Structured), `"more":true`) || strings.Count(string(a.Structured), `"level"`) != 2 {
		t.Errorf("got %s, want two layers and more", a.Structured)
	}
}

func TestGetFileFailures(t *testing.T) {
	for _, c := range []struct {
		name, want string
		status     int
		header     string
		body       string
		wait       int
	}{
		{"a file nobody knows", "unknown_file", 404, "", `{"status":404,"err":"Not found"}`, 0},
		{"a file that is not shared", "figma_forbidden", 403, "", `{"status":403,"err":"secret words"}`, 0},
		{"too many requests say when", "figma_rate_limited", 429, "17", `{}`, 17},
		{"a failure at Figma may pass", "figma_unavailable", 500, "", `<html>`, 5},
		{"a request that Figma cannot read", "figma_refused", 400, "", `{}`, 0},
		{"an answer that is no JSON", "figma_unreadable", 200, "", `<html>`, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(t, `{"file":"AbCdEf0123456789"}`, func(w http.ResponseWriter, _ *http.Request) {
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			if a.Failure == nil || a.Failure.Code != c.want || a.Failure.RetryAfter != c.wait || a.Failure.Hint == "" {
				t.Errorf("got %+v, want %s after %d s with a hint", a.Failure, c.want, c.wait)
			}
			if a.Failure != nil && strings.Contains(a.Failure.JSON(), "secret words") {
				t.Errorf("got %s, which quotes Figma's answer", a.Failure.JSON())
			}
		})
	}
}

// unconnected fails as the token source does.
type unconnected struct{}

func (unconnected) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &oauth.NotConnected{Provider: "figma", Title: "Figma"}
}

func TestAccountThatIsMissingReachesTheKernel(t *testing.T) {
	a := api{base: "http://figma.invalid", client: func(context.Context) *http.Client { return &http.Client{Transport: unconnected{}} }}
	err := a.get(t.Context(), "/v1/me", nil, new(file))
	var none *oauth.NotConnected
	if !errors.As(err, &none) {
		t.Errorf("got %v, want *oauth.NotConnected in it", err)
	}
}
