package pages_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

const callback = "/api/integrations/figma/callback?code=" + secret + "&state=" + state

func TestAllowSendsTheBrowserToTheProvider(t *testing.T) {
	g := newRig(nil)
	w := g.post(t, "/connect/"+ticket+"/allow", url.Values{"code": {"abcd 2345"}})
	if w.Code != 303 || w.Header().Get("Location") != authorize || g.flow.seen.code != "abcd 2345" || g.flow.seen.browser.Cookie != cookieA {
		t.Errorf("got %d to %q with code %q and cookie %q", w.Code, w.Header().Get("Location"), g.flow.seen.code, g.flow.seen.browser.Cookie)
	}
	set := cookies(w)
	if set["__Host-fluxmcp_browser"] == nil || set["__Host-fluxmcp_browser"].Value != cookieA || set["__Host-fluxmcp_session"] == nil {
		t.Errorf("got cookies %v, want the flow's, and a session of who typed the code", set)
	}
}

func TestAllowKeepsASessionAsItIs(t *testing.T) {
	g := newRig(nil)
	session := g.signedInAs(t, alice)
	w := g.post(t, "/connect/"+ticket+"/allow", nil, session)
	if cookies(w)["__Host-fluxmcp_session"] != nil || g.flow.seen.browser.Person == nil || !g.flow.seen.browser.Person.Is(alice) {
		t.Errorf("got cookies %v for %v, want no new session, and alice", cookies(w), g.flow.seen.browser.Person)
	}
}

func TestWrongCodeIsAskedForAgain(t *testing.T) {
	for left, want := range map[int]string{3: "You can try 3 more times.", 1: "You can try once more.", 0: "A code has eight letters"} {
		g := newRig(func(g *rig) {
			g.flow.err, g.flow.failing = &consent.Refused{Reason: consent.CodeWrong, Left: left}, "allow"
		})
		w := g.post(t, "/connect/"+ticket+"/allow", url.Values{"code": {"WRNG-2345"}})
		body := w.Body.String()
		if w.Code != 422 || !strings.Contains(body, want) || !strings.Contains(body, `aria-invalid="true"`) || strings.Contains(body, "WRNG") {
			t.Errorf("%d left: got %d, want 422 with %q and an empty field:\n%s", left, w.Code, want, body)
		}
		if cookies(w)["__Host-fluxmcp_session"] != nil {
			t.Errorf("%d left: a wrong code signed somebody in", left)
		}
	}
}

func TestLinkWithoutProviderSignsIn(t *testing.T) {
	g := newRig(func(g *rig) { g.flow.start, g.flow.view.Provider = consent.Start{Person: alice}, "" })
	w := g.post(t, "/connect/"+ticket+"/allow", url.Values{"code": {"ABCD-2345"}})
	if w.Code != 303 || w.Header().Get("Location") != "/integrations" || cookies(w)["__Host-fluxmcp_session"] == nil {
		t.Errorf("got %d to %q, cookies %v, want the accounts with a session", w.Code, w.Header().Get("Location"), cookies(w))
	}
	session := "Cookie: __Host-fluxmcp_session=" + cookies(w)["__Host-fluxmcp_session"].Value
	g.flow.view.NeedCode = false
	if w = g.send(t, "GET", "/connect/"+ticket, ""); w.Code != 200 || !strings.Contains(w.Body.String(), "Continue") {
		t.Errorf("who needs no code and is not signed in got %d, want the page that signs in", w.Code)
	}
	if w = g.send(t, "GET", "/connect/"+ticket, "", session); w.Code != 303 || w.Header().Get("Location") != "/integrations" {
		t.Errorf("who is signed in got %d to %q, want the accounts", w.Code, w.Header().Get("Location"))
	}
}

func TestCallbackTellsTheFlowWhatCame(t *testing.T) {
	other := func(g *rig) {
		g.RedirectURI = func(string) string { return "https://app.example/auth/callback/figma" }
	}
	alias := func(g *rig) {
		g.RedirectURI = func(p string) string { return "http://localhost:8787/api/integrations/" + p + "/callback" }
	}
	for _, c := range []struct {
		name   string
		change func(*rig)
		uri    string
	}{
		{"our own redirect URI", nil, "https://mcp.example/api/integrations/figma/callback"},
		{"our own by another of our names", alias, "http://localhost:8787/api/integrations/figma/callback"},
		{"a web app's redirect URI is not ours", other, "https://mcp.example/api/integrations/figma/callback"},
	} {
		g := newRig(c.change)
		g.send(t, "GET", callback+"&error=no", "", browserA+cookieA, g.signedInAs(t, alice))
		got := g.flow.seen.callback
		if got.Browser.Person == nil || !got.Browser.Person.Is(alice) || got.Browser.Cookie != cookieA || got.Bearer != nil {
			t.Errorf("%s: got browser %+v and bearer %v, want cookieA, alice and none", c.name, got.Browser, got.Bearer)
		}
		if got.Provider != "figma" || got.Code != secret || got.State != state || got.Error != "no" || got.RedirectURI != c.uri {
			t.Errorf("%s: got %+v, want redirect URI %s", c.name, got, c.uri)
		}
	}
}

func TestCallbackLeavesTheAddressBar(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*rig)
		status int
		title  string
	}{
		{"connected", nil, 200, "Figma is connected as Ann Lee"},
		{"another account", func(g *rig) { g.flow.done.Pending, g.flow.done.Was = "decision", "Bob" }, 200, "Replace the Figma account?"},
		{"refused", func(g *rig) { g.flow.err = &consent.Refused{Reason: consent.StateUsed} }, 409, "This was done before"},
	} {
		g := newRig(c.change)
		w := g.send(t, "GET", callback, "", browserA+cookieA)
		if w.Code != 303 || !strings.HasPrefix(w.Header().Get("Location"), "/connected/") || w.Body.Len() > 0 {
			t.Errorf("%s: a browser got %d to %q", c.name, w.Code, w.Header().Get("Location"))
		}
		if w = g.follow(t, w); w.Code != c.status || title(w) != c.title {
			t.Errorf("%s: then got %d %q, want %d %q", c.name, w.Code, title(w), c.status, c.title)
		}
		if w = g.send(t, "GET", callback, "", browserA+cookieA, "Accept: */*"); w.Code != c.status || title(w) != c.title {
			t.Errorf("%s: a program got %d %q at once, want %d %q", c.name, w.Code, title(w), c.status, c.title)
		}
	}
}

func TestIncompleteCallbackUsesNothingUp(t *testing.T) {
	for _, query := range []string{"", "?code=" + secret, "?state=" + state, "?state=&code=x", "?error=access_denied"} {
		g := newRig(nil)
		w := g.send(t, "GET", "/api/integrations/figma/callback"+query, "", "Accept: */*")
		if w.Code != 400 || title(w) != "This address is incomplete" || len(g.flow.calls) > 0 {
			t.Errorf("%q: got %d %q, calls %v, want 400 and none", query, w.Code, title(w), g.flow.calls)
		}
	}
	g := newRig(nil)
	if w := g.send(t, "GET", strings.Replace(callback, "figma", "nope", 1), "", "Accept: */*"); w.Code != 404 || len(g.flow.calls) > 0 {
		t.Errorf("an unknown provider got %d, calls %v", w.Code, g.flow.calls)
	}
	if g.send(t, "GET", "/api/integrations/figma/callback?error=access_denied&state="+state, ""); g.flow.seen.callback.Error != "access_denied" {
		t.Errorf("got %+v, want the provider's error", g.flow.seen.callback)
	}
}

func TestResultIsForOneBrowserAndTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(nil)
		result := g.send(t, "GET", callback, "", browserA+cookieA).Header().Get("Location")
		show := func(path, cookie string) *httptest.ResponseRecorder {
			return g.send(t, "GET", path, "", browserA+cookie)
		}
		for _, c := range []struct {
			name, path, cookie string
			status             int
		}{
			{"the browser that came back", result, cookieA, 200},
			{"a reload", result, cookieA, 200},
			{"another browser", result, cookieB, 404},
			{"a browser without cookies", result, "", 404},
			{"an edited one", result[:len(result)-4] + "AAAA", cookieA, 404},
			{"one that was sealed for something else", "/connected/" + g.token(t, cookieA), cookieA, 404},
			{"nonsense", "/connected/%00", cookieA, 404},
		} {
			if w := show(c.path, c.cookie); w.Code != c.status || (w.Code == 404) == strings.Contains(w.Body.String(), "Ann Lee") {
				t.Errorf("%s: got %d %q, want %d", c.name, w.Code, title(w), c.status)
			}
		}
		time.Sleep(10 * time.Minute) // of the bubble's clock
		if w := show(result, cookieA); w.Code != 404 {
			t.Errorf("ten minutes later: got %d, want 404", w.Code)
		}
	})
}

func TestDecision(t *testing.T) {
	g := newRig(func(g *rig) { g.flow.done.Pending, g.flow.done.Was = "decision-token", "Bob Stone" })
	page := g.follow(t, g.send(t, "GET", callback, "", browserA+cookieA)).Body.String()
	for _, text := range []string{"You connected Figma as Bob Stone before; now you signed in as Ann Lee.", "Replace with Ann Lee", "Keep Bob Stone", `name="decision" value="decision-token"`} {
		if !strings.Contains(page, text) {
			t.Errorf("the question lacks %q:\n%s", text, page)
		}
	}
	for _, c := range []struct {
		keep    string
		done    consent.Done
		replace bool
		title   string
	}{
		{"new", consent.Done{Provider: "figma", Name: "Ann Lee"}, true, "Figma is connected as Ann Lee"},
		{"old", consent.Done{Provider: "figma", Name: "Ann Lee", Kept: true}, false, "Nothing has changed"},
		{"", consent.Done{Provider: "figma", Kept: true}, false, "Nothing has changed"},
	} {
		g.flow.done = c.done
		w := g.follow(t, g.post(t, "/connect/decide", url.Values{"decision": {"decision-token"}, "keep": {c.keep}}))
		if g.flow.seen.replace != c.replace || title(w) != c.title {
			t.Errorf("keep=%q: got replace %v and %q, want %v and %q", c.keep, g.flow.seen.replace, title(w), c.replace, c.title)
		}
	}
	g.flow.err = &consent.Refused{Reason: consent.StateExpired}
	if w := g.follow(t, g.post(t, "/connect/decide", nil)); w.Code != 410 {
		t.Errorf("a late decision got %d, want 410", w.Code)
	}
}

func TestDeclineConnectsNothing(t *testing.T) {
	g := newRig(nil)
	if w := g.follow(t, g.post(t, "/connect/"+ticket+"/decline", nil)); w.Code != 200 || title(w) != "Nothing was connected" {
		t.Errorf("got %d %q", w.Code, title(w))
	}
	if len(g.flow.acted()) != 1 || g.flow.calls[0] != "decline" {
		t.Errorf("got %v, want decline alone", g.flow.calls)
	}
}

func TestConnectFromTheListOfAccounts(t *testing.T) {
	g := newRig(nil)
	w := g.post(t, "/integrations/figma/connect", nil, g.signedInAs(t, alice))
	if w.Header().Get("Location") != "/connect/"+ticket || !g.flow.seen.request.Person.Is(alice) || g.flow.seen.request.Provider != "figma" {
		t.Errorf("got %v for %+v, want the link for alice", w.Header(), g.flow.seen.request)
	}
	for path, want := range map[string]int{"/integrations/figma/connect": 401, "/integrations/nope/connect": 401} {
		g = newRig(nil)
		if w = g.post(t, path, nil); w.Code != want || len(g.flow.acted()) > 0 {
			t.Errorf("nobody at %s: got %d, calls %v, want %d and none", path, w.Code, g.flow.calls, want)
		}
	}
	if w = g.post(t, "/integrations/nope/connect", nil, g.signedInAs(t, alice)); w.Code != 404 {
		t.Errorf("an unknown provider: got %d, want 404", w.Code)
	}
}

func TestDisconnect(t *testing.T) {
	g := newRig(func(g *rig) { g.accounts.gone.ByHand = "https://www.figma.example/settings" })
	session := g.signedInAs(t, alice)
	w := g.follow(t, g.post(t, "/integrations/figma/disconnect", nil, session), session)
	if title(w) != "Figma is disconnected" || !strings.Contains(w.Body.String(), `href="https://www.figma.example/settings"`) || !g.accounts.person.Is(alice) {
		t.Errorf("got %q for %v, want it with the address to remove the app at:\n%s", title(w), g.accounts.person, w.Body)
	}
	g.accounts.err = &oauth.NotConnected{Provider: "figma"}
	if w = g.post(t, "/integrations/figma/disconnect", nil, session); w.Header().Get("Location") != "/integrations" {
		t.Errorf("a second click got %d, want the accounts", w.Code)
	}
	g = newRig(nil)
	if w = g.post(t, "/integrations/figma/disconnect", nil); w.Code != 401 || len(g.accounts.disconnected) > 0 {
		t.Errorf("nobody: got %d, disconnected %v, want 401 and nothing", w.Code, g.accounts.disconnected)
	}
}
