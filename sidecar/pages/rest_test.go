package pages_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
	"github.com/fluxstudio/fluxmcp/tools"
)

const token = "Authorization: Bearer alice"

var program = []string{token, "Accept: application/json", "Content-Type: application/json", "Origin: ", "Sec-Fetch-Site: "}

func TestREST(t *testing.T) {
	const sent = `{"code":"` + secret + `","state":"` + state + `"}`
	used := &consent.Refused{Reason: consent.StateUsed}
	refuse := func(r consent.Reason) func(*rig) {
		return func(g *rig) { g.flow.err = &consent.Refused{Reason: r} }
	}
	for _, c := range []struct {
		name, method, path, body string
		change                   func(*rig)
		status                   int
		want                     string
	}{
		{"the accounts at all providers", "GET", "/api/integrations", "", nil, 200,
			`{"integrations":[{"provider":"figma","name":"Figma","connected":true,"status":"connected","scopes":["file_content:read"],"permissions":["See your files and their contents"],"accountName":"Ann Lee","accountEmail":"ann@studio.example","accountId":"7","connectedAt":"1999-12-29T00:00:00Z","lastUsedAt":"1999-12-31T21:00:00Z","expiresAt":"2000-01-01T01:00:00Z","offered":true},` +
				`{"provider":"linear","name":"Linear","connected":false,"status":"not_connected","scopes":[],"permissions":[],"connectedAt":null,"lastUsedAt":null,"expiresAt":null,"offered":true},` +
				`{"provider":"quiet","name":"Quiet","connected":false,"status":"not_connected","scopes":[],"permissions":[],"connectedAt":null,"lastUsedAt":null,"expiresAt":null,"offered":false}]}`},
		{"an account that needs its person is not connected", "GET", "/api/integrations", "", func(g *rig) {
			g.accounts.list = []pages.Account{{Provider: "figma", Status: pages.NeedsReconnect, Reason: "refused", Name: "Ann"}}
		}, 200, `"connected":false,"status":"needs_reconnect"`},
		{"where a consent begins", "GET", "/api/integrations/figma/auth", "", nil, 200,
			`{"authorizationUrl":"https://www.figma.example/oauth?state=the-state-of-this-consent","provider":"figma","stateToken":"the-state-of-this-consent"}`},
		{"a consent at an unknown provider", "GET", "/api/integrations/nope/auth", "", nil, 404, `{"code":"unknown_provider","message":"this provider is not known here","hint":"Choose one that GET /api/integrations lists."}`},
		{"a consent that comes back to a page that is not allowed", "GET", "/api/integrations/figma/auth?redirect_uri=https://evil.example", "", refuse(consent.RedirectRefused), 400, `"code":"redirect_refused"`},
		{"a consent that ends well", "POST", "/api/integrations/figma/callback", sent, nil, 200,
			`{"success":true,"message":"Figma integration successful","data":{"provider":"figma","permissions":["current_user:read"],"accountName":"Ann Lee"}}`},
		{"a consent that was used", "POST", "/api/integrations/figma/callback", sent, refuse(consent.StateUsed), 409,
			`{"success":false,"message":"` + used.Error() + `","code":"state_used","hint":"` + used.Hint() + `"}`},
		{"a consent that is somebody else's", "POST", "/api/integrations/figma/callback", sent, refuse(consent.StateForeign), 403, `"code":"state_foreign"`},
		{"a provider that is away", "POST", "/api/integrations/figma/callback", sent, func(g *rig) {
			g.flow.err = &consent.Refused{Reason: consent.ProviderFailed, Err: &oauth.Error{Kind: oauth.Away, Provider: "figma"}}
		}, 502, `"retry_after_seconds":5}`},
		{"another account is connected", "POST", "/api/integrations/figma/callback", sent, func(g *rig) { g.flow.done.Pending, g.flow.done.Was = "d1", "Bob" }, 409,
			`{"success":false,"message":"another account of Figma is connected","code":"other_account","hint":"Ask the person, then post decision with replace true or false.","data":{"provider":"figma","permissions":["current_user:read"],"accountName":"Ann Lee","connectedAccountName":"Bob","decision":"d1"}}`},
		{"the decision to keep it", "POST", "/api/integrations/figma/callback", `{"decision":"d1"}`, func(g *rig) { g.flow.done.Kept = true }, 200, `{"success":true,"message":"Figma integration unchanged"`},
		{"no state", "POST", "/api/integrations/figma/callback", `{"code":"x"}`, nil, 400, `{"success":false,"message":"Missing OAuth code or state","code":"bad_argument"`},
		{"no object", "POST", "/api/integrations/figma/callback", `[]`, nil, 400, `"code":"bad_json"`},
		{"no strings", "POST", "/api/integrations/figma/callback", `{"code":{},"state":1}`, nil, 400, `"code":"bad_json"`},
		{"no body", "POST", "/api/integrations/figma/callback", ``, nil, 400, `"code":"bad_json"`},
		{"65 KiB", "POST", "/api/integrations/figma/callback", `{"code":"` + strings.Repeat("x", 65<<10) + `"}`, nil, 413, `"code":"body_too_large"`},
		{"an unknown provider", "POST", "/api/integrations/nope/callback", sent, nil, 404, `"code":"unknown_provider"`},
		{"the provider's redirect, followed by a program that reads JSON", "GET", callback, "", nil, 200, `{"success":true,"message":"Figma integration successful"`},
		{"such a redirect that is refused", "GET", callback, "", refuse(consent.StateExpired), 410, `"code":"state_expired"`},
		{"disconnecting", "DELETE", "/api/integrations/figma", "", func(g *rig) { g.accounts.gone.ByHand = "https://www.figma.example/settings" }, 200,
			`{"byHand":"https://www.figma.example/settings","message":"Figma integration disconnected successfully","provider":"figma"}`},
		{"disconnecting where the provider is told", "DELETE", "/api/integrations/figma", "", nil, 200, `{"message":"Figma integration disconnected successfully","provider":"figma"}`},
		{"disconnecting what is not there", "DELETE", "/api/integrations/figma", "", func(g *rig) { g.accounts.err = &oauth.NotConnected{Provider: "figma", Title: "Figma"} }, 404, `"code":"not_connected"`},
		{"disconnecting at an unknown provider", "DELETE", "/api/integrations/nope", "", nil, 404, `"code":"unknown_provider"`},
		{"a database that is away", "GET", "/api/integrations", "", func(g *rig) { g.accounts.err = errors.New("password=hunter2") }, 500, `{"code":"internal","message":"the server failed","hint":"Try again once; then give the reference to the operator.","ref":"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // the clock begins at 2000-01-01
				g := newRig(c.change)
				w := g.send(t, c.method, c.path, c.body, program...)
				if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "hunter2") {
					t.Errorf("got  %d %s\nwant %d with %s", w.Code, w.Body, c.status, c.want)
				}
				if got := w.Header().Get("Content-Type"); got != "application/json" || !json.Valid(w.Body.Bytes()) || w.Header().Get("Cache-Control") != "no-store" {
					t.Errorf("got %v, want JSON that is not stored", w.Header())
				}
			})
		})
	}
}

func TestRESTIsForWhoseTokenItIs(t *testing.T) {
	g := newRig(nil)
	session := g.signedInAs(t, bob) // the same browser, signed in as somebody else
	head := append([]string{session, browserA + cookieA}, program...)
	g.send(t, "GET", "/api/integrations", "", head...)
	if !g.accounts.person.Is(alice) {
		t.Errorf("the list was %v's, want alice's", g.accounts.person)
	}
	g.send(t, "DELETE", "/api/integrations/figma", "", head...)
	if !g.accounts.person.Is(alice) {
		t.Errorf("%v was disconnected, want alice", g.accounts.person)
	}
	w := g.send(t, "GET", "/api/integrations/figma/auth?redirect_uri=https://app.example/back", "", head...)
	if s := g.flow.seen; !s.request.Person.Is(alice) || s.request.Client != "studio-web" || s.redirect != "https://app.example/back" || s.browser.Cookie != cookieA {
		t.Errorf("began with %+v", s)
	}
	if cookies(w)["__Host-fluxmcp_browser"] == nil || cookies(w)["__Host-fluxmcp_session"] != nil {
		t.Errorf("got cookies %v, want the browser's and no session", cookies(w))
	}
	g.send(t, "POST", "/api/integrations/figma/callback", `{"code":"c","state":"s","error":"e"}`, head...)
	if c := g.flow.seen.callback; c.Bearer == nil || !c.Bearer.Is(alice) || c.Browser.Person != nil || c.Browser.Cookie != cookieA || c.Code+c.State+c.Error != "cse" || c.RedirectURI != "" {
		t.Errorf("came back with %+v", c)
	}
	g.send(t, "POST", "/api/integrations/figma/callback", `{"decision":"d","replace":true}`, head...)
	if s := g.flow.seen; !s.replace || s.browser.Person == nil || !s.browser.Person.Is(alice) {
		t.Errorf("decided with %+v", s)
	}
	local := oauth.Person{Issuer: "local", Subject: "me"}
	g = newRig(func(g *rig) { g.Local = &local })
	if g.send(t, "GET", "/api/integrations", "", program...); !g.accounts.person.Is(local) {
		t.Errorf("without authentication it was %v's, want the local person's", g.accounts.person)
	}
}

func TestRESTNeedsAToken(t *testing.T) {
	want := map[string]string{
		"GET /api/integrations": tools.ScopeRead, "HEAD /api/integrations": tools.ScopeRead, "DELETE /api/integrations/{provider}": tools.ScopeWrite,
		"GET /api/integrations/{provider}/auth": tools.ScopeWrite, "POST /api/integrations/{provider}/callback": tools.ScopeWrite,
	}
	for _, r := range pages.New(newRig(nil).Options).Routes() {
		for method, b := range r.Bearer {
			name := method + " " + r.Pattern
			if want[name] != b.Scope {
				t.Errorf("%s needs scope %q, want %q", name, b.Scope, want[name])
			}
			delete(want, name)
			if r.Methods[method] != nil {
				t.Errorf("%s is also open to everybody", name)
			}
		}
		if strings.HasPrefix(r.Pattern, "/api/") && len(r.Methods) > 0 && !strings.HasSuffix(r.Pattern, "/callback") {
			t.Errorf("%s is open to everybody", r.Pattern)
		}
	}
	if len(want) > 0 {
		t.Errorf("there is no %v", want)
	}
}

func TestRESTTakesNoForm(t *testing.T) {
	for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", ""} {
		g := newRig(nil)
		w := g.send(t, "POST", "/api/integrations/figma/callback", `{"code":"c","state":"s"}`, token, "Content-Type: "+kind, "Accept: application/json")
		if w.Code != 415 || len(g.flow.calls) > 0 {
			t.Errorf("%q: got %d, calls %v, want 415 and none", kind, w.Code, g.flow.calls)
		}
	}
}

func TestRetryAfterIsWholeSeconds(t *testing.T) {
	g := newRig(func(g *rig) { g.accounts.err = &oauth.ProviderAway{Wait: 1200 * time.Millisecond} })
	if w := g.send(t, "GET", "/api/integrations", "", program...); w.Code != 503 || w.Header().Get("Retry-After") != "2" {
		t.Errorf("got %d, Retry-After %q, want 503 and 2", w.Code, w.Header().Get("Retry-After"))
	}
}
