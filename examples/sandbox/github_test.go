package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
)

// github calls the API and decodes what comes.
func github(t *testing.T, method, address, token string, body any) (int, any, http.Header) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatalf("write the body: %v", err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("make request: %v", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatalf("%s %s: %v", method, address, err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer any
	_ = json.NewDecoder(resp.Body).Decode(&answer) // some answers are empty
	return resp.StatusCode, answer, resp.Header
}

const tidalRepo = "/github/api/repos/flux-studio-sandbox/tidal"

func TestGitHubScopesAndRepositories(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	full := connect(t, s, clientOf(s, base, sandbox.GitHub, "repo", "user:email"), sandbox.GitHub, "theo.norris").AccessToken
	little := connect(t, s, clientOf(s, base, sandbox.GitHub, "read:user"), sandbox.GitHub, "kofi.larsen").AccessToken
	other := connect(t, s, clientOf(s, base, sandbox.GitHub, "repo"), sandbox.GitHub, "mei.ramirez").AccessToken
	for _, c := range []struct {
		name, method, path, token string
		body                      any
		want                      int
	}{
		{"the person", "GET", "/github/api/user", little, nil, 200},
		{"addresses need a scope", "GET", "/github/api/user/emails", little, nil, 404},
		{"addresses with the scope", "GET", "/github/api/user/emails", full, nil, 200},
		{"a repository", "GET", tidalRepo, full, nil, 200},
		{"a repository of others", "GET", tidalRepo, other, nil, 404},
		{"a private repository without the scope", "GET", tidalRepo, little, nil, 404},
		{"an issue", "GET", tidalRepo + "/issues/2", full, nil, 200},
		{"no such issue", "GET", tidalRepo + "/issues/99", full, nil, 404},
		{"an issue is opened", "POST", tidalRepo + "/issues", full, map[string]any{"title": "Brakes", "labels": []string{"props"}}, 201},
		{"an issue without a title", "POST", tidalRepo + "/issues", full, map[string]any{}, 422},
		{"nonsense", "POST", tidalRepo + "/issues", full, "title", 400},
		{"nothing there", "GET", "/github/api/nothing", full, nil, 404},
		{"an unknown token", "GET", "/github/api/user", "gho_nothing", nil, 401},
	} {
		if status, body, _ := github(t, c.method, base+c.path, c.token, c.body); status != c.want {
			t.Errorf("%s: %d %v, want %d", c.name, status, body, c.want)
		}
	}
	_, issues, head := github(t, "GET", base+tidalRepo+"/issues?state=all&per_page=2", full, nil)
	if dig(issues, 0, "title") != "Brakes" || dig(issues, 0, "labels", 0, "name") != "props" || !strings.Contains(head.Get("Link"), `page=2&per_page=2&state=all>; rel="next"`) {
		t.Errorf("issues %v, Link %q; want the new one first, and a next page", issues, head.Get("Link"))
	}
	_, repos, _ := github(t, "GET", base+"/github/api/user/repos", full, nil)
	if list, _ := repos.([]any); len(list) != 4 {
		t.Errorf("repositories %v, want the studio's four", repos)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "GET", base+"/github/api/user", nil)
	r.Header.Set("Authorization", "Bearer "+full)
	r.Header.Set("User-Agent", "")
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != 403 {
		t.Errorf("a request without User-Agent: %v %v, want 403", resp, err)
	}
}

func TestGitHubHooksDeliverAndRedeliver(t *testing.T) {
	s, base := start(t, sandbox.Options{})
	token := connect(t, s, clientOf(s, base, sandbox.GitHub, "repo", "admin:repo_hook"), sandbox.GitHub, "theo.norris").AccessToken
	var failing atomic.Bool
	type event struct{ kind, guid, body string }
	got := make(chan event, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		h := hmac.New(sha256.New, []byte("5bx"))
		h.Write(body)
		if r.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(h.Sum(nil)) {
			t.Errorf("the signature of %.60s is wrong", body)
		}
		if failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		got <- event{r.Header.Get("X-GitHub-Event"), r.Header.Get("X-GitHub-Delivery"), string(body)}
	}))
	defer receiver.Close()
	config := map[string]any{"url": receiver.URL, "content_type": "json", "secret": "5bx"}
	status, hook, _ := github(t, "POST", base+tidalRepo+"/hooks", token, map[string]any{"name": "web", "events": []string{"issues"}, "config": config})
	if status != 201 || dig(hook, "config", "secret") != "********" {
		t.Fatalf("make a hook: %d %v, want it without its secret", status, hook)
	}
	if e := <-got; e.kind != "ping" {
		t.Errorf("first came %s, want a ping", e.kind)
	}
	if status, _, _ := github(t, "POST", base+tidalRepo+"/hooks", token, map[string]any{"name": "web", "events": []string{"issues"}, "config": config}); status != 422 {
		t.Errorf("the same hook once more: %d, want 422", status)
	}
	if status, _, _ := github(t, "POST", base+tidalRepo+"/hooks", token, map[string]any{"config": map[string]any{"url": "https://example.com/", "content_type": "json"}}); status != 422 {
		t.Errorf("a hook that leaves this machine: %d, want 422", status)
	}
	failing.Store(true)
	github(t, "POST", base+tidalRepo+"/issues", token, map[string]any{"title": "Brakes"})
	first := <-got
	s.EmitGitHub("flux-studio-sandbox", "tidal", "push", nil) // not what the hook wants
	s.Wait()
	failing.Store(false)
	path := base + tidalRepo + "/hooks/" + number(dig(hook, "id")) + "/deliveries"
	_, list, head := github(t, "GET", path+"?per_page=1", token, nil)
	if dig(list, 0, "status_code") != 503.0 || dig(list, 0, "guid") != first.guid || !strings.Contains(head.Get("Link"), "cursor=") {
		t.Errorf("deliveries %v, Link %q; want the failed one first, and a next page", list, head.Get("Link"))
	}
	if status, _, _ := github(t, "POST", path+"/"+number(dig(list, 0, "id"))+"/attempts", token, nil); status != 202 {
		t.Errorf("redeliver: %d, want 202", status)
	}
	if again := <-got; again != first {
		t.Errorf("redelivered %v, want the same event with the same id, %v", again, first)
	}
	s.Wait()
	if _, list, _ := github(t, "GET", path, token, nil); dig(list, 0, "redelivery") != true || dig(list, 0, "status_code") != 200.0 {
		t.Errorf("deliveries %v, want the redelivery", list)
	}
	_, one, _ := github(t, "GET", path+"/"+number(dig(list, 0, "id")), token, nil)
	if dig(one, "request", "payload", "action") != "opened" {
		t.Errorf("delivery %v, want its payload", one)
	}
	// As a form, the payload is a field, and the signature is of the whole.
	hookPath := base + tidalRepo + "/hooks/" + number(dig(hook, "id"))
	github(t, "PATCH", hookPath, token, map[string]any{"config": map[string]any{"content_type": "form"}})
	github(t, "POST", hookPath+"/pings", token, nil)
	if e := <-got; !strings.HasPrefix(e.body, "payload=") {
		t.Errorf("a form: %.60s, want payload=", e.body)
	} else if text, err := url.QueryUnescape(e.body[len("payload="):]); err != nil || !json.Valid([]byte(text)) {
		t.Errorf("a form: %.60s, %v; want JSON in it", text, err)
	}
	if status, _, _ := github(t, "DELETE", hookPath, token, nil); status != 204 {
		t.Errorf("delete a hook: %d, want 204", status)
	}
}

func number(v any) string {
	f, _ := v.(float64)
	return fmt.Sprintf("%.0f", f)
}
