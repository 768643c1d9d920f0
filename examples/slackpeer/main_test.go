package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// newBox is one with a small crowd.
func newBox(t *testing.T) *box {
	t.Helper()
	b, err := serve(t.TempDir(), crowd{channels: 5, users: 5, messages: 60})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	return b
}

// through is a client that trusts the box's certificate and goes by its proxy.
func through(t *testing.T, b *box) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(b.certificate)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	at, err := url.Parse(b.proxy)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(at), TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestTheProxyStandsForSlackAlone(t *testing.T) {
	b := newBox(t)
	client := through(t, b)
	for _, host := range []string{"slack.com", "fluxstudio-sandbox.slack.com", "edgeapi.slack.com"} {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://"+host+"/api/auth.test", nil)
		r.Header.Set("Authorization", "Bearer "+b.SlackUserToken(who))
		resp, err := client.Do(r)
		if err != nil {
			t.Errorf("%s: %v, want an answer", host, err)
			continue
		}
		line, _ := bufio.NewReader(resp.Body).ReadString('\n')
		_ = resp.Body.Close()
		if !strings.Contains(line, `"user":"`+who+`"`) {
			t.Errorf("%s: got %s, want the sandbox's answer", host, line)
		}
	}
	for _, host := range []string{"example.com", "notslack.com", "slack.com.example.com"} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://"+host+"/", nil)
		if resp, err := client.Do(r); err == nil {
			_ = resp.Body.Close()
			t.Errorf("%s: got %s, want no connection", host, resp.Status)
		}
	}
	if got := b.gate.Refused(); !slices.Equal(got, []string{"example.com:443", "notslack.com:443", "slack.com.example.com:443"}) {
		t.Errorf("refused %q, want the three that are not Slack", got)
	}
	if calls, bytes := b.used(); calls["auth.test"] != 3 || bytes == 0 {
		t.Errorf("counted %v and %d bytes, want three calls of auth.test", calls, bytes)
	}
	if calls, bytes := b.used(); len(calls) != 0 || bytes != 0 {
		t.Errorf("counted %v and %d bytes since, want nothing", calls, bytes)
	}
}

func TestTheTasksAreWhatSlackHas(t *testing.T) {
	b := newBox(t)
	list, err := b.tasks(t.Context(), b.SlackUserToken(who))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range list {
		if task.raw > 0 {
			got = append(got, fmt.Sprintf("%s: %d", task.name, len(task.needs)))
		}
	}
	want := "50 newest messages: 50, a day, one call: 60, a day, to its end: 60, all public channels: 12, the channel tidal: 1, search, 20 hits: 4, a thread: 4"
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("got %s; want %s", all, want)
	}
	if _, err := b.tasks(t.Context(), "xoxb-nothing"); err == nil || !strings.Contains(err.Error(), "invalid_auth") {
		t.Errorf("with no such token: %v, want Slack's refusal", err)
	}
	if list, err := b.tasks(t.Context(), b.SlackBotToken()); err != nil || list[5].raw != 0 {
		t.Errorf("as a bot: %v, want no search", err)
	}
}

// fake is a server whose tool gives three pages of one id each, and fails at first.
func fake(t *testing.T, b *box, failures int) *server {
	t.Helper()
	s := mcp.NewServer(&mcp.Implementation{Name: "fake", Version: "1"}, nil)
	type in struct {
		Cursor string `json:"cursor,omitempty"`
	}
	mcp.AddTool(s, &mcp.Tool{Name: "list"}, func(ctx context.Context, _ *mcp.CallToolRequest, a in) (*mcp.CallToolResult, any, error) {
		if failures > 0 {
			failures--
			return nil, nil, errors.New("not yet")
		}
		if _, err := b.post(ctx, b.SlackUserToken(who), "auth.test", url.Values{}); err != nil {
			return nil, nil, err
		}
		next := map[string]string{"": "2", "2": "3", "3": ""}[a.Cursor]
		return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "C" + a.Cursor + "," + next}}}, nil, nil
	})
	near, far := mcp.NewInMemoryTransports()
	if _, err := s.Connect(t.Context(), far, nil); err != nil {
		t.Fatal(err)
	}
	session, err := mcp.NewClient(&mcp.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), near, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	made := theirs("", b, "", false)
	made.session = session
	return made
}

func TestATaskIsFollowedToItsEnd(t *testing.T) {
	b := newBox(t)
	s := fake(t, b, 0)
	job := task{needs: []string{"C2", "C3", "C4"}, theirs: use{tool: "list", with: same(nil)}}
	one, err := s.measure(t.Context(), b, job)
	if err != nil || one.answers != 1 || one.text != len("C,2") || one.named != 0 || one.calls["auth.test"] != 1 {
		t.Errorf("one answer: %+v, %v; want that alone", one, err)
	}
	job.theirs.more = func(cursor string) arguments { return arguments{"cursor": cursor} }
	all, err := s.measure(t.Context(), b, job)
	if err != nil || all.answers != 3 || all.text != len("C,2C2,3C3,") || all.named != 2 || all.calls["auth.test"] != 3 || all.whole <= all.text {
		t.Errorf("to its end: %+v, %v; want three answers that name two of three, and three calls", all, err)
	}
}

func TestAServerMayWantTimeAtFirst(t *testing.T) {
	b := newBox(t)
	s := fake(t, b, 2)
	if took, err := s.ready(t.Context(), task{theirs: use{tool: "list", with: same(nil)}}); err != nil || took <= 0 {
		t.Errorf("got %v, %v; want the time of the third try", took, err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, err := fake(t, b, 10).ready(ctx, task{theirs: use{tool: "list", with: same(nil)}}); err == nil {
		t.Error("nobody waits any more: got an answer, want an error")
	}
}

func TestTheTableSaysWhereThereIsNothing(t *testing.T) {
	var out strings.Builder
	r := newReport(&out)
	r.add("one", task{name: "search"}, measured{lacks: "it has no tool for it"})
	r.add("two", task{name: "search", raw: 1000, needs: []string{"a", "b"}}, measured{text: 25, whole: 40, named: 1, answers: 1, calls: map[string]int{"search.messages": 2}})
	r.end([]string{"example.com:443"})
	for _, want := range []string{"it has no tool for it", "2.50 %", "1 of 2", "2 search.messages", "in vain: example.com:443"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in the table:\n%s", want, &out)
		}
	}
}

func TestAnswersOfSlackThatAreNone(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	b := &box{base: server.URL}
	if _, err := b.ask(t.Context(), "x", "auth.test", url.Values{}, false); err == nil {
		t.Error("got no error, want one")
	}
}
