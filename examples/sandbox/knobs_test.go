package sandbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

func TestFailuresAreEachProvidersOwn(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	me := map[string]string{sandbox.Figma: base + "/figma/v1/me", sandbox.Slack: base + "/slack/api/auth.test", sandbox.GitHub: base + "/github/api/user"}
	for _, c := range []struct {
		name, provider string
		f              sandbox.Failure
		status         int
		want           string
		header, value  string
	}{
		{"figma's 429 says when, and whose limit it is", sandbox.Figma, sandbox.Failure{Status: 429, RetryAfter: 396749}, 429, "Rate limit exceeded", "Retry-After", "396749"},
		{"figma's 429 names the plan", sandbox.Figma, sandbox.Failure{Status: 429}, 429, "Rate limit exceeded", "X-Figma-Plan-Tier", "pro"},
		{"figma's 429 names the kind of limit", sandbox.Figma, sandbox.Failure{Status: 429}, 429, "Rate limit exceeded", "X-Figma-Rate-Limit-Type", "high"},
		{"figma's 429 has an upgrade link", sandbox.Figma, sandbox.Failure{Status: 429}, 429, "Rate limit exceeded", "X-Figma-Upgrade-Link", "https://www.figma.com/pricing"},
		{"figma's 400 of what is too large", sandbox.Figma, sandbox.Failure{Status: 400}, 400, "Request too large", "", ""},
		{"figma's 500", sandbox.Figma, sandbox.Failure{Status: 500}, 500, "Internal server error", "Retry-After", ""},
		{"slack's 429", sandbox.Slack, sandbox.Failure{Status: 429, RetryAfter: 7}, 429, "ratelimited", "Retry-After", "7"},
		{"slack's 429 without Retry-After", sandbox.Slack, sandbox.Failure{Status: 429, RetryAfter: -1}, 429, "ratelimited", "Retry-After", ""},
		{"slack's failure with status 200", sandbox.Slack, sandbox.Failure{Status: 200, Code: "fatal_error"}, 200, "fatal_error", "", ""},
		{"slack's 500", sandbox.Slack, sandbox.Failure{Status: 500}, 500, "internal_error", "", ""},
		{"github's 429", sandbox.GitHub, sandbox.Failure{Status: 429}, 429, "rate limit", "X-Ratelimit-Remaining", "0"},
		{"github's 500", sandbox.GitHub, sandbox.Failure{Status: 502}, 502, "Bad Gateway", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.FailWith(c.provider, c.f)
			status, body, head := get(t, me[c.provider], "nobody")
			got := fmt.Sprint(body["err"], body["message"], body["error"])
			if status != c.status || !strings.Contains(got, c.want) || c.header != "" && head.Get(c.header) != c.value {
				t.Errorf("%d %v, %s %q; want %d with %q, %q", status, body, c.header, head.Get(c.header), c.status, c.want, c.value)
			}
			if status, body, _ := get(t, me[c.provider], "nobody"); strings.Contains(fmt.Sprint(body), c.want) {
				t.Errorf("the request after that: %d %v, want it answered", status, body)
			}
		})
	}
}

func TestFailuresMeetWhatTheyName(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.Fail(sandbox.Figma, "GET /v1/files/{key}/meta", 2, 500)
	s.Fail(sandbox.Figma, "tier 1", 1, 429)
	want := func(path string, want int) {
		t.Helper()
		if status, body, _ := send(t, "GET", base+"/figma"+path, http.Header{"X-Figma-Token": {caleb}}, ""); status != want {
			t.Errorf("GET %s: %d %v, want %d", path, status, body, want)
		}
	}
	want("/v1/me", 200)
	want("/v1/files/"+tidal+"/meta", 500)
	want("/v1/files/"+tidal+"?depth=1", 429)
	want("/v1/files/"+tidal+"?depth=1", 200)
	want("/v1/files/"+tidal+"/meta", 500)
	want("/v1/files/"+tidal+"/meta", 200)
	if n := s.Count(sandbox.Figma, "GET /v1/files/{key}/meta"); n != 3 {
		t.Errorf("counted %d requests of meta, want 3", n)
	}
	if n := s.Count(sandbox.Figma, "tier 1"); n != 2 {
		t.Errorf("counted %d requests of tier 1, want 2", n)
	}
	if n := s.Count(sandbox.Figma, ""); n != 6 {
		t.Errorf("counted %d requests, want 6", n)
	}
	s.Reset()
	if n := s.Count(sandbox.Figma, ""); n != 0 {
		t.Errorf("counted %d requests after a reset, want 0", n)
	}
}

func TestConnectionsAreCut(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	ask := func() (int, error) {
		r, _ := http.NewRequestWithContext(context.Background(), "GET", base+"/figma/v1/files/"+tidal, nil)
		r.Header.Set("X-Figma-Token", caleb)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		n, err := io.Copy(io.Discard, resp.Body)
		return int(n), err
	}
	whole, err := ask()
	if err != nil {
		t.Fatalf("read a file: %v", err)
	}
	s.FailWith(sandbox.Figma, sandbox.Failure{Late: true})
	if n, err := ask(); err == nil || n < whole/3 || n > whole*2/3 {
		t.Errorf("read %d of %d bytes, %v; want about half of them and an error", n, whole, err)
	}
	// Without an answer, net/http asks a second time by itself.
	s.FailWith(sandbox.Figma, sandbox.Failure{Times: 2})
	if n, err := ask(); err == nil {
		t.Errorf("read %d bytes, want the connection cut", n)
	}
}

func TestLateFailuresHaveActed(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.Rotation(sandbox.Slack, true)
	c := clientOf(s, base, sandbox.Slack, "chat:write")
	first := connect(t, s, c, sandbox.Slack, "caleb.ochoa")
	s.FailWith(sandbox.Slack, sandbox.Failure{What: "refresh", Status: 500, Late: true})
	body := "grant_type=refresh_token&client_id=" + c.ClientID + "&client_secret=" + c.ClientSecret + "&refresh_token=" + first.RefreshToken
	if status, _, _ := send(t, "POST", c.Endpoint.TokenURL, nil, body); status != 500 {
		t.Errorf("refresh: %d, want 500", status)
	}
	if _, got, _ := send(t, "POST", c.Endpoint.TokenURL, nil, body); got["error"] != "invalid_refresh_token" {
		t.Errorf("refresh once more: %v, want the token used up by the lost answer", got)
	}
	if n := s.Count(sandbox.Slack, "refresh"); n != 2 {
		t.Errorf("counted %d refreshes, want 2", n)
	}
	if n := s.Count(sandbox.Slack, "exchange"); n != 1 {
		t.Errorf("counted %d exchanges, want 1", n)
	}
}

func TestLimitsSayWhenToComeAgain(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	s, base := start(t, sandbox.Options{Now: func() time.Time { return now }})
	s.Limit(sandbox.Slack, "conversations.history", 1, time.Minute)
	ask := func() (int, string) {
		status, _, head := send(t, "GET", base+"/slack/api/conversations.history?channel=C0SBX0001", http.Header{"Authorization": {"Bearer " + s.PersonalToken(sandbox.Slack, "caleb.ochoa")}}, "")
		return status, head.Get("Retry-After")
	}
	if status, _ := ask(); status != 200 {
		t.Errorf("the first call: %d, want 200", status)
	}
	s.Advance(18 * time.Second)
	if status, after := ask(); status != 429 || after != "42" {
		t.Errorf("the second call: %d, Retry-After %q, want 429 and 42", status, after)
	}
	s.Advance(42 * time.Second)
	if status, _ := ask(); status != 200 {
		t.Errorf("after a minute: %d, want 200", status)
	}
}

// TestLatency runs by a clock of its own, and so takes no time.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sandbox.New(sandbox.Options{})
		s.Latency(sandbox.GitHub, 150*time.Millisecond)
		ask := func(ctx context.Context) time.Duration {
			began := time.Now()
			s.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/github/api/user", nil))
			return time.Since(began)
		}
		if took := ask(context.Background()); took != 150*time.Millisecond {
			t.Errorf("took %v, want 150 ms", took)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 40*time.Millisecond)
		defer cancel()
		if took := ask(ctx); took != 40*time.Millisecond {
			t.Errorf("took %v for a client that left after 40 ms, want no more", took)
		}
		if n := len(s.Requests(sandbox.GitHub)); n != 2 {
			t.Errorf("%d requests were acted on, want both", n)
		}
		s.Latency(sandbox.GitHub, 0)
		if took := ask(context.Background()); took != 0 {
			t.Errorf("took %v, want nothing", took)
		}
	})
}

func TestRevocationsAndWhatPeopleWithhold(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	c := clientOf(s, base, sandbox.Figma, "current_user:read", "file_comments:write")
	theirs := connect(t, s, c, sandbox.Figma, "theo.norris").AccessToken
	hers := connect(t, s, c, sandbox.Figma, "mei.ramirez").AccessToken
	if n := s.Revoke(sandbox.Figma, "theo.norris"); n != 1 {
		t.Errorf("ended %d tokens, want 1", n)
	}
	wantMe(t, base, theirs, 403)
	wantMe(t, base, hers, 200)
	if n := s.RevokeAll(sandbox.Figma); n != 1 {
		t.Errorf("ended %d tokens, want 1", n)
	}
	wantMe(t, base, hers, 403)
	if status, _, _ := send(t, "GET", base+"/figma/v1/me", http.Header{"X-Figma-Token": {caleb}}, ""); status != 200 {
		t.Errorf("a personal access token: %d, want it untouched", status)
	}
	s.Withhold(sandbox.GitHub, "repo")
	token := connect(t, s, clientOf(s, base, sandbox.GitHub, "repo", "read:user"), sandbox.GitHub, "theo.norris")
	if token.Extra("scope") != "read:user" {
		t.Errorf("granted %v, want what was not withheld", token.Extra("scope"))
	}
}

func TestDenying(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	for provider, want := range map[string]string{sandbox.Figma: "", sandbox.Slack: callback + "?error=access_denied&state=5bxstate", sandbox.GitHub: callback + "?error=access_denied&error_description=The+user+has+denied+your+application+access.&state=5bxstate"} {
		address := clientOf(s, base, provider, map[string]string{sandbox.Figma: "file_content:read", sandbox.Slack: "chat:write", sandbox.GitHub: "repo"}[provider]).AuthCodeURL("5bxstate")
		if back, err := s.Deny(provider, address); err != nil || back != want {
			t.Errorf("%s: sent back to %q, %v; want %q", provider, back, err, want)
		}
	}
	s.CallBack(sandbox.Figma, true)
	if back, err := s.Deny(sandbox.Figma, clientOf(s, base, sandbox.Figma, "file_content:read").AuthCodeURL("5bxstate")); err != nil || back != callback+"?error=access_denied&state=5bxstate" {
		t.Errorf("figma, told to call back: %q, %v", back, err)
	}
}

func TestTheLogHasNoSecrets(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	s.Rotation(sandbox.Slack, true)
	var secrets []string
	for provider, scope := range map[string]string{sandbox.Figma: "current_user:read", sandbox.Slack: "chat:write", sandbox.GitHub: "repo"} {
		token := connect(t, s, clientOf(s, base, provider, scope), provider, "caleb.ochoa")
		_, secret := s.Client(provider)
		secrets = append(secrets, token.AccessToken, secret)
		_, _, _ = get(t, base+"/figma/v1/me?token="+token.AccessToken, token.AccessToken)
		_, _, _ = get(t, base+"/slack/api/auth.test?token="+token.AccessToken, token.AccessToken)
		_, _, _ = get(t, base+"/github/api/user?access_token="+token.AccessToken, token.AccessToken)
	}
	var all []sandbox.Request
	for _, p := range []string{sandbox.Figma, sandbox.Slack, sandbox.GitHub} {
		all = append(all, s.Requests(p)...)
	}
	text, err := json.Marshal(all)
	if err != nil || len(all) != 12 {
		t.Fatalf("%d lines, %v; want 12", len(all), err)
	}
	for _, secret := range secrets {
		if strings.Contains(string(text), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// TestKnobsAreSafeForConcurrentUse is for the race detector.
func TestKnobsAreSafeForConcurrentUse(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := connect(t, s, clientOf(s, base, sandbox.Figma, "current_user:read"), sandbox.Figma, "caleb.ochoa")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 25 {
				_, _, _ = get(t, base+"/figma/v1/me", token.AccessToken)
				s.Latency(sandbox.Figma, time.Microsecond)
				s.Fail(sandbox.Figma, "GET /v1/me", 1, 500)
				s.Limit(sandbox.Figma, "", 1000, time.Minute)
				s.Expire(sandbox.Slack)
				s.Rotation(sandbox.Slack, true)
				_ = s.Requests(sandbox.Figma)
				s.EditFigma(tidal, false)
				_ = s.Alive(sandbox.Figma)
			}
		})
	}
	all.Wait()
	if n := s.Count(sandbox.Figma, "GET /v1/me"); n != 100 {
		t.Errorf("counted %d requests, want 100", n)
	}
}

func TestKnobsOfAnotherProcess(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	ctx := context.Background()
	byHand := s.Alive(sandbox.Slack)
	page := dig(figma(t, base, "/v1/files/"+tidal), "document", "children", 0, "children")
	cover, next := fmt.Sprint(dig(page, 0, "id")), fmt.Sprint(dig(page, 1, "id"))
	connect(t, s, clientOf(s, base, sandbox.Slack, "chat:write"), sandbox.Slack, "theo.norris") // never expires
	for _, c := range []struct {
		name, knob string
		args       map[string]any
		works      func() bool
	}{
		{"register", "register", map[string]any{"provider": "github", "uri": "http://127.0.0.1:1234/cb"}, func() bool {
			id, _ := s.Client(sandbox.GitHub)
			_, err := s.Allow(sandbox.GitHub, base+"/github/login/oauth/authorize?state=x&client_id="+id+"&redirect_uri=http://127.0.0.1:1234/cb", "caleb.ochoa")
			return err == nil
		}},
		{"fail", "fail", map[string]any{"provider": "figma", "what": "GET /v1/me", "times": 1, "status": 500}, func() bool {
			status, _, _ := get(t, base+"/figma/v1/me", "x")
			return status == 500
		}},
		{"rotation", "rotation", map[string]any{"provider": "slack", "on": true}, func() bool {
			return strings.HasPrefix(connect(t, s, clientOf(s, base, sandbox.Slack, "chat:write"), sandbox.Slack, "mei.ramirez").AccessToken, "xoxe.")
		}},
		{"expire", "expire", map[string]any{"provider": "slack"}, func() bool { return s.Alive(sandbox.Slack) == byHand+1 }},
		{"revoke", "revoke", map[string]any{"provider": "slack", "person": "theo.norris"}, func() bool { return s.Alive(sandbox.Slack) == byHand }},
		{"advance", "advance", map[string]any{"duration": "1h"}, func() bool {
			_, _, _ = get(t, base+"/github/api/user", "x")
			log := s.Requests(sandbox.GitHub)
			return time.Until(log[len(log)-1].At) > 50*time.Minute
		}},
		{"figma-edit", "figma-edit", map[string]any{"file": tidal, "on": true}, func() bool {
			_, versions, _ := send(t, "GET", base+"/figma/v1/files/"+tidal+"/versions", http.Header{"X-Figma-Token": {caleb}}, "")
			return dig(versions, "versions", 0, "label") == "Edit 65"
		}},
		{"figma-large", "figma-large", map[string]any{"file": tidal, "on": true}, func() bool {
			status, _, _ := send(t, "GET", base+"/figma/v1/files/"+tidal, http.Header{"X-Figma-Token": {caleb}}, "")
			return status == 400
		}},
		{"figma-unrendered", "figma-unrendered", map[string]any{"file": tidal, "nodes": []string{cover}}, func() bool {
			urls := figma(t, base, "/v1/images/"+tidal+"?ids="+cover+","+next)
			return dig(urls, "images", cover) == nil && dig(urls, "images", next) != nil
		}},
		{"figma-plan", "figma-plan", map[string]any{"file": tidal, "plan": "starter", "seat": "low"}, func() bool {
			s.Fail(sandbox.Figma, "file "+tidal, 1, 429)
			_, _, head := send(t, "GET", base+"/figma/v1/files/"+tidal+"/meta", http.Header{"X-Figma-Token": {caleb}}, "")
			return head.Get("X-Figma-Plan-Tier") == "starter"
		}},
		{"slack-crowd", "slack-crowd", map[string]any{"channels": 3, "users": 3, "messages": 3}, func() bool {
			_, a, _ := get(t, base+"/slack/api/conversations.list?limit=1000", s.PersonalToken(sandbox.Slack, "caleb.ochoa"))
			list, _ := a["channels"].([]any)
			return len(list) > 8
		}},
		{"slack-history-limit", "slack-history-limit", map[string]any{"messages": 2}, func() bool {
			_, a, _ := get(t, base+"/slack/api/conversations.history?channel=C0CRWTALK", s.SlackBotToken())
			list, _ := a["messages"].([]any)
			return len(list) == 2 && a["has_more"] == true
		}},
		{"reset", "reset", nil, func() bool { return s.Count(sandbox.Slack, "") == 0 }},
	} {
		if _, err := sandbox.Turn(ctx, base, c.knob, c.args); err != nil || !c.works() {
			t.Errorf("%s: %v, or it has no effect", c.name, err)
		}
	}
	for name, args := range map[string]map[string]any{
		"latency": {"provider": "figma", "duration": "soon"}, "fail": {"provider": "figma", "status": 999}, "revoke": {"provider": "gitlab"},
		"rotation": {"provider": "figma"}, "figma-edit": {"file": "nothing"}, "figma-large": {"file": "nothing"}, "slack-events": {"uri": "https://example.com/"},
	} {
		if _, err := sandbox.Turn(ctx, base, name, args); err == nil {
			t.Errorf("%s %v: no error", name, args)
		}
	}
	if status, body, _ := send(t, "GET", base+"/_control/counts?provider=figma", nil, ""); status != 200 || body["total"] == nil {
		t.Errorf("counts: %d %v", status, body)
	}
	for name, head := range map[string]http.Header{"a web page": {"Origin": {"http://evil.example"}}, "a browser": {"Sec-Fetch-Site": {"cross-site"}}} {
		if status, _, _ := send(t, "POST", base+"/_control/reset", head, "{}"); status != 403 {
			t.Errorf("%s turns a knob: %d, want 403", name, status)
		}
	}
	away := httptest.NewRequest("POST", "/_control/reset", nil) // its address is 192.0.2.1
	w := httptest.NewRecorder()
	if s.Handler().ServeHTTP(w, away); w.Code != 403 {
		t.Errorf("another machine turns a knob: %d, want 403", w.Code)
	}
}
