package api_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

type recorder struct{ heads []string }

func (r *recorder) RoundTrip(q *http.Request) (*http.Response, error) {
	r.heads = append(r.heads, q.Header.Get("Authorization"))
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"ok":true}`)), Header: http.Header{}, Request: q}, nil
}

func TestTheBotsTokenGoesHomeAlone(t *testing.T) {
	for _, c := range []struct {
		name, base, url, want string
	}{
		{"to the API", "https://slack.com/api", "https://slack.com/api/auth.test", "Bearer xoxb-1"},
		{"to the same port, said", "https://slack.com/api", "https://SLACK.com:443/api/auth.test", "Bearer xoxb-1"},
		{"not to another host", "https://slack.com/api", "https://files.slack.com/upload", ""},
		{"not to another port", "http://127.0.0.1:80/api", "http://127.0.0.1:81/api", ""},
		{"not without TLS", "https://slack.com/api", "http://slack.com/api", ""},
		{"not anywhere, without a base", "", "https://slack.com/api", ""},
	} {
		r := &recorder{}
		req, err := http.NewRequest(http.MethodPost, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := api.BotToken("xoxb-1", c.base, r).RoundTrip(req); err != nil || r.heads[0] != c.want || req.Header.Get("Authorization") != "" {
			t.Errorf("%s: sent %q, %v, want %q and the request as it was", c.name, r.heads, err, c.want)
		}
	}
}

func TestTimesOfMessages(t *testing.T) {
	for ts, want := range map[string]time.Time{
		"1405894322.002768": time.Date(2014, 7, 20, 22, 12, 2, 2768000, time.UTC),
		"1405894322":        time.Date(2014, 7, 20, 22, 12, 2, 0, time.UTC),
		"0.5":               time.Unix(0, 500_000_000).UTC(),
		"":                  {}, "now": {}, "-1.0": {}, "1.-2": {}, "1.+2": {}, "1e9": {}, "1.2.3": {}, "1.0123456789": {}, "99999999999999999999.1": {}, "1405894322.00276x": {},
	} {
		if got := api.Time(ts); !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("Time(%q): got %s, want %s", ts, got, want)
		}
	}
	berlin := time.FixedZone("", 3600)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2014, 7, 20, 23, 12, 2, 2768999, berlin), "1405894322.002768"},
		{time.Unix(0, 0), "0.000000"},
	} {
		if got := api.TS(c.at); got != c.want {
			t.Errorf("TS(%s): got %s, want %s", c.at, got, c.want)
		}
	}
}

func TestTheClientAloneNamesTheToken(t *testing.T) {
	slack := &recorder{}
	client := api.New(api.Config{BaseURL: "https://slack.invalid/api", Client: func(context.Context) *http.Client { return &http.Client{Transport: slack} }})
	_, _ = client.Permalink(t.Context(), "C1", "1.2") // which slack-go gives an empty token
	if len(slack.heads) == 0 || slack.heads[0] != "" {
		t.Errorf("sent %q, want no token but that of the client", slack.heads)
	}
}
