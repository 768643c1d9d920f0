package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// taker takes an upload over a real connection, and records what came.
type taker struct {
	*httptest.Server
	status int
	bodies []string
	heads  []http.Header
}

func newTaker(t *testing.T) *taker {
	t.Helper()
	k := &taker{status: http.StatusOK}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		k.bodies, k.heads = append(k.bodies, string(body)), append(k.heads, r.Header)
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(k.status)
		_, _ = fmt.Fprintf(w, "OK - %d", len(body))
	}))
	t.Cleanup(k.Close)
	return k
}

// uploading is a client whose API is at base, and whose every request there has
// a token.
func uploading(base string) *api.Client {
	person := &http.Client{Transport: api.BotToken("xoxp-test", base, nil)}
	return api.New(api.Config{BaseURL: base, Client: func(context.Context) *http.Client { return person }})
}

func TestUploadsGoWithoutAToken(t *testing.T) {
	home := newTaker(t)
	client := uploading(home.URL + "/api")
	content := bytes.Repeat([]byte("x"), 100_000)
	var told []int64
	err := client.SendUpload(t.Context(), api.UploadPlace{FileID: "F1", URL: home.URL + "/upload/v1/abc"}, bytes.NewReader(content), int64(len(content)), func(n int64) { told = append(told, n) })
	if err != nil || len(home.bodies) != 1 || home.bodies[0] != string(content) {
		t.Fatalf("got %v, %d bodies", err, len(home.bodies))
	}
	if h := home.heads[0]; h.Get("Authorization") != "" || h.Get("Content-Type") != "application/octet-stream" || h.Get("Content-Length") != "100000" {
		t.Errorf("headers %v, want no token, and the length", h)
	}
	if len(told) == 0 || told[len(told)-1] != 100_000 || !slices.IsSorted(told) {
		t.Errorf("progress %v, want it to end at 100000", told)
	}
}

func TestUploadsThatFail(t *testing.T) {
	home, other := newTaker(t), newTaker(t)
	for _, c := range []struct {
		name, to, content string
		size              int64
		status            int
		want              string
		came              int // requests
	}{
		{"not to another host without TLS", other.URL, "x", 1, 200, "slack_refused", 0},
		{"not into the network behind", strings.Replace(other.URL, "http://", "https://", 1), "x", 1, 200, "slack_refused", 0},
		{"not into it by a name", "https://localhost/upload", "x", 1, 200, "slack_refused", 0},
		{"not with a password in it", strings.Replace(home.URL, "http://", "http://a:b@", 1), "x", 1, 200, "slack_refused", 0},
		{"not to a file", "file:///etc/passwd", "x", 1, 200, "slack_refused", 0},
		{"not to nowhere", "", "x", 1, 200, "slack_refused", 0},
		{"not where a redirect leads", home.URL, "x", 1, 307, "slack_refused", 1},
		{"not even with another method", home.URL, "x", 1, 303, "slack_refused", 1},
		{"refused by the host", home.URL, "x", 1, 400, "slack_refused", 1},
		{"the host fails", home.URL, "x", 1, 503, "slack_unavailable", 1},
		{"too many at once", home.URL, "x", 1, 429, "slack_rate_limited", 1},
		{"fewer bytes than were announced", home.URL, "x", 2, 200, "slack_unavailable", -1},
	} {
		home.status, home.bodies, other.bodies = c.status, nil, nil
		err := uploading(home.URL+"/api").SendUpload(t.Context(), api.UploadPlace{URL: c.to}, strings.NewReader(c.content), c.size, nil)
		if got := toldOf(t, err); got.code != c.want || c.came >= 0 && len(home.bodies)+len(other.bodies) != c.came {
			t.Errorf("%s: got %v after %d requests, want %s after %d", c.name, err, len(home.bodies)+len(other.bodies), c.want, c.came)
		}
	}
}

func TestPlacesToUploadToAreChecked(t *testing.T) {
	for address, want := range map[string]string{
		"https://files.slack.com/upload/v1/ABC":                "",
		"https://slack.invalid/upload":                         "",
		"https://files.slack-gov.com/upload":                   "",
		"http://files.slack.com/upload":                        "slack_unreadable",
		"https://evil.example/upload":                          "slack_unreadable",
		"https://files.slack.com.evil.example/":                "slack_unreadable",
		"https://notslack.com/":                                "slack_unreadable",
		"javascript:alert(1)":                                  "slack_unreadable",
		"https://a:b@files.slack.com/":                         "slack_unreadable",
		"":                                                     "slack_unreadable",
		"https://files.slack.com/" + strings.Repeat("x", 9000): "slack_unreadable",
	} {
		client, _ := over(t, reply{body: `{"ok":true,"file_id":"F1","upload_url":"` + address + `"}`})
		if _, err := client.PlaceUpload(t.Context(), api.Upload{Name: "a", Size: 1}); toldOf(t, err).code != want {
			t.Errorf("%.60s: got %v, want %q", address, err, want)
		}
	}
	for _, id := range []string{"", "F1\u0000", "../F1", "f1"} {
		client, _ := over(t, reply{body: `{"ok":true,"file_id":"` + strings.ReplaceAll(id, "\x00", `\u0000`) + `","upload_url":"https://files.slack.com/a"}`})
		if _, err := client.PlaceUpload(t.Context(), api.Upload{Name: "a", Size: 1}); toldOf(t, err).code != "slack_unreadable" {
			t.Errorf("the id %q: got %v, want slack_unreadable", id, err)
		}
	}
	client, slack := over(t, reply{body: `{"ok":true}`})
	for _, u := range []api.Upload{{Name: "a"}, {Size: 1}, {Name: "a", Size: -1}} {
		if _, err := client.PlaceUpload(t.Context(), u); toldOf(t, err).code != "slack_refused" || len(slack.seen) != 0 {
			t.Errorf("%+v: got %v after %d requests, want slack_refused after none", u, err, len(slack.seen))
		}
	}
}

// slowly gives a byte every now and then, and then no more.
type slowly struct{ left int }

func (s *slowly) Read(p []byte) (int, error) {
	if s.left--; s.left < 0 {
		time.Sleep(time.Hour)
		return 0, io.EOF
	}
	time.Sleep(15 * time.Second)
	return copy(p, "x"), nil
}

// reader reads what is sent, as a transport does, until nobody waits.
type reader struct{}

func (reader) RoundTrip(r *http.Request) (*http.Response, error) {
	end := make(chan error, 1)
	go func() { _, err := io.Copy(io.Discard, r.Body); end <- err }()
	select {
	case err := <-end:
		return nil, err
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestAnUploadMayTakeLongButNotPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := configOf(&fake{t: t})
		cfg.Uploads = &http.Client{Transport: reader{}}
		began := time.Now()
		err := api.New(cfg).SendUpload(t.Context(), api.UploadPlace{URL: "https://files.slack.com/u"}, &slowly{left: 10}, 11, nil)
		if toldOf(t, err).code != "slack_unavailable" || time.Since(began) != 170*time.Second {
			t.Errorf("got %v after %s, want slack_unavailable 20 s after the last byte at 150 s", err, time.Since(began))
		}
		time.Sleep(2 * time.Hour) // so that the reader ends too
	})
}
