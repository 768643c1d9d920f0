package slack

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
	"github.com/fluxstudio/fluxmcp/tools/slack/names"
	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

// What the sandbox has, as its people know it.
const (
	caleb = "caleb.ochoa"
	tidal = "#tidal" // Caleb and the app are in it
)

// everything is what the app asks people for.
const everything = "channels:read,channels:history,groups:read,groups:history,im:read,im:history,im:write,mpim:read,mpim:history," +
	"users:read,users:read.email,team:read,chat:write,files:read,files:write,search:read,reactions:write,channels:join"

// desk is the toolset over a sandbox, for what writes.
type desk struct {
	*sandbox.Sandbox
	base   string
	wire   *wire
	audit  *entries
	claims *aged
	set    tools.Toolset
	tools  map[string]tools.Tool // by name, and endpoints by method and path
	now    time.Time             // of layouts
}

// newDesk is the toolset as Caleb uses it; change, which may be nil, changes its
// settings.
func newDesk(t *testing.T, change func(*Config)) *desk {
	t.Helper()
	d := &desk{Sandbox: sandbox.New(sandbox.Options{}), audit: &entries{}, claims: &aged{Memory: posting.NewMemory()}, now: time.Date(2026, 11, 24, 16, 20, 30, 0, time.UTC)}
	var running sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		d.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	d.base = srv.URL + "/slack"
	d.wire = &wire{next: srv.Client().Transport, base: d.base, idle: running.Wait}
	d.wire.token = d.grant(t, caleb)
	d.use(t, change, func(context.Context) (string, error) { return "T1/U1", nil })
	return d
}

// use makes the tools anew; limited names what Slack's limits are counted by.
func (d *desk) use(t *testing.T, change func(*Config), limited func(context.Context) (string, error)) {
	t.Helper()
	client := &http.Client{Transport: d.wire}
	account := func(context.Context) (string, error) { return "T1/U1", nil }
	a := api.New(api.Config{BaseURL: d.base + "/api", Client: func(context.Context) *http.Client { return client }, Account: limited})
	n := names.New(names.Config{API: a, Account: account})
	cfg := Config{
		API: a, Names: n, Now: func() time.Time { return d.now },
		Poster: posting.New(posting.Config{API: a, Account: account, Claims: d.claims, Direct: n.Direct}),
	}
	if change != nil {
		change(&cfg)
	}
	d.set, d.tools = New(cfg), map[string]tools.Tool{}
	for _, tool := range d.set.Tools {
		d.tools[tool.Spec.Name] = tool
	}
	for _, e := range d.set.Endpoints {
		d.tools[e.Method+" "+e.Path] = e.Tool
	}
}

// grant is a token of somebody who allows everything.
func (d *desk) grant(t *testing.T, person string) string {
	t.Helper()
	const callback = "http://127.0.0.1:9/callback"
	d.Register(sandbox.Slack, callback)
	id, secret := d.Client(sandbox.Slack)
	q := url.Values{"client_id": {id}, "redirect_uri": {callback}, "state": {"s"}, "user_scope": {everything}}
	back, err := d.Allow(sandbox.Slack, d.base+"/oauth/v2/authorize?"+q.Encode(), person)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.PostForm(d.base+"/api/oauth.v2.access", url.Values{"client_id": {id}, "client_secret": {secret}, "code": {u.Query().Get("code")}, "redirect_uri": {callback}})
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		User struct {
			Token string `json:"access_token"`
		} `json:"authed_user"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.User.Token == "" {
		t.Fatalf("no token for %s: %v", person, err)
	}
	return answer.User.Token
}

// call calls a tool, or an endpoint by method and path.
func (d *desk) call(t *testing.T, tool string, args map[string]any) tools.Answer {
	t.Helper()
	return d.callAs(t.Context(), tool, args)
}

func (d *desk) callAs(ctx context.Context, tool string, args map[string]any) tools.Answer {
	raw, err := json.Marshal(args)
	if err != nil {
		panic(err)
	}
	return tools.Runtime{Audit: d.audit}.Call(ctx, d.tools[tool], raw)
}

// must is call of what must not fail.
func (d *desk) must(t *testing.T, tool string, args map[string]any) tools.Answer {
	t.Helper()
	a := d.call(t, tool, args)
	if a.Failure != nil {
		t.Fatalf("%s %v: got %+v", tool, args, a.Failure)
	}
	return a
}

// posted posts, and returns what is told of it.
func (d *desk) posted(t *testing.T, args map[string]any) postResult {
	t.Helper()
	return decoded[postResult](t, d.must(t, "slack_post_message", args))
}

// last is the last message that Slack took.
func (d *desk) last(t *testing.T) sandbox.Post {
	t.Helper()
	all := d.SlackPosts()
	if len(all) == 0 {
		t.Fatal("nothing was posted")
	}
	return all[len(all)-1]
}

// decoded is the structured part of an answer.
func decoded[T any](t *testing.T, a tools.Answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(a.Structured, &v); err != nil {
		t.Fatalf("%s: %v", a.Structured, err)
	}
	return v
}
