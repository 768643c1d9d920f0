package pages_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
)

func TestPagesSayWhatTheyAreAbout(t *testing.T) {
	const page, session = "/connect/" + ticket, "session"
	for _, c := range []struct {
		name   string
		change func(*rig)
		path   string
		signed string
		status int
		title  string
		want   []string
		never  []string
	}{
		{"a link says what is asked, for whom, by whom and until when", nil, page, "", 200, "Connect Figma to fluxmcp",
			[]string{"alice@example.com", "Claude Desktop", "See your files and their contents", "<code>file_content:read</code>", "in 14 minutes", ">Allow<", ">Cancel<", "Enter the code that your assistant showed you"}, []string{"Signed in"}},
		{"who is signed in needs no code", func(g *rig) { g.flow.view.NeedCode = false }, page, session, 200, "Connect Figma to fluxmcp", []string{"Signed in as <strong>alice@example.com"}, []string{"Enter the code"}},
		{"a link tells of the account that is there", func(g *rig) { g.flow.view.Connected = "Ann Lee" }, page, session, 200, "Connect Figma to fluxmcp", []string{"Connected now", "Ann Lee"}, nil},
		{"a client without a name is your assistant", func(g *rig) { g.flow.view.Client = "" }, page, "", 200, "Connect Figma to fluxmcp", []string{"Your assistant asks"}, []string{"Asked by"}},
		{"a link without provider signs in", func(g *rig) { g.flow.view.Provider = "" }, page, "", 200, "Open your accounts", []string{">Continue<", "Enter the code"}, []string{"asks to work"}},
		{"accounts with all that is known of them", nil, "/integrations", session, 200, "Your accounts",
			[]string{"Ann Lee", "ann@studio.example", ">Connected<", "last used <time", "3 hours ago", "See your files and their contents", "/integrations/figma/disconnect", "/integrations/linear/connect", "Sign out", "has not set up Quiet"}, []string{"/integrations/quiet/connect", "/integrations/linear/disconnect"}},
		{"an account that must be connected again says why", func(g *rig) {
			g.accounts.list = []pages.Account{{Provider: "figma", Status: pages.NeedsReconnect, Reason: "Figma refuses the token", Name: "Ann"}}
		}, "/integrations", session, 200, "Your accounts", []string{"Needs to be connected again", "Figma refuses the token", ">Reconnect<", "never used"}, nil},
		{"an account that is leaving has no buttons", func(g *rig) {
			g.accounts.list = []pages.Account{{Provider: "figma", Status: pages.Disconnecting, Name: "Ann"}}
		}, "/integrations", session, 200, "Your accounts", []string{"Being disconnected"}, []string{"/integrations/figma/"}},
		{"nobody signed in learns how", nil, "/integrations", "", 401, "Nobody is signed in here", []string{"list_accounts"}, []string{"Ann Lee", "<form"}},
		{"the local person needs no signing in", func(g *rig) { g.Local = &oauth.Person{Issuer: "local"} }, "/integrations", "", 200, "Your accounts", []string{"you, on this computer", "Ann Lee"}, []string{"Sign out"}},
		{"a sign-in page is offered where there is one", func(g *rig) { g.SignIn = func(path string) string { return "/login?to=" + path } }, "/integrations", "", 401, "Nobody is signed in here", []string{`href="/login?to=/integrations"`}, nil},
		{"disconnecting is explained first", nil, "/integrations/figma/disconnect", session, 200, "Disconnect Figma?", []string{"as Ann Lee", "cannot be told by a program", "Keep it"}, nil},
		{"disconnecting where the provider is told", revoking, "/integrations/github/disconnect", session, 200, "Disconnect GitHub?", []string{"is told to revoke"}, []string{"cannot be told"}},
		{"disconnecting at a provider that there is not", nil, "/integrations/nope/disconnect", session, 404, "This provider is not known", nil, []string{"nope"}},
		{"disconnecting for nobody", nil, "/integrations/figma/disconnect", "", 401, "Nobody is signed in here", nil, []string{"Ann Lee"}},
		{"a path that there is not", nil, "/connect", "", 404, "There is nothing here", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(c.change)
			var head []string
			if c.signed != "" {
				head = append(head, g.signedInAs(t, alice))
			}
			w := g.send(t, "GET", c.path, "", head...)
			if w.Code != c.status || title(w) != c.title {
				t.Errorf("got %d %q, want %d %q", w.Code, title(w), c.status, c.title)
			}
			for _, text := range c.want {
				if !strings.Contains(w.Body.String(), text) {
					t.Errorf("the page lacks %q:\n%s", text, w.Body)
				}
			}
			for _, text := range c.never {
				if strings.Contains(w.Body.String(), text) {
					t.Errorf("the page has %q:\n%s", text, w.Body)
				}
			}
		})
	}
}

// revoking makes figma's account one at a provider that can be told.
func revoking(g *rig) {
	known, err := oauth.Load()
	if err != nil {
		panic(err)
	}
	github, _ := known.Get("github")
	g.Providers = append(g.Providers, pages.Provider{Provider: github, Offered: true})
	g.accounts.list[0].Provider = "github"
}

// TestGoldenPages compares three pages with files, so that a change of one is
// seen by whoever reviews it. UPDATE_GOLDEN=1 rewrites them.
func TestGoldenPages(t *testing.T) {
	for name, path := range map[string]string{
		"connect": "/connect/" + ticket, "accounts": "/integrations",
		"connected": "/api/integrations/figma/callback?code=" + secret + "&state=" + state,
	} {
		synctest.Test(t, func(t *testing.T) { // where the clock always begins at the same moment
			g := newRig(nil)
			head := []string{g.signedInAs(t, alice), browserA + cookieA}
			w := g.send(t, "GET", path, "", head...)
			if w.Code == http.StatusSeeOther {
				w = g.follow(t, w, head[0])
			}
			got := w.Body.String()
			begin, end := strings.Index(got, "<style>"), strings.Index(got, "</style>")
			got = got[:begin] + "<style>" + got[end:] // templates/style.css is a file itself
			file := filepath.Join("testdata", name+".html")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Errorf("%s is not what the page is (%v); run with UPDATE_GOLDEN=1 and read the difference.\ngot:\n%s", file, err, got)
			}
		})
	}
}

func TestEachRefusalHasItsPage(t *testing.T) {
	away := &oauth.ProviderAway{Provider: "database", Title: "The database", Wait: 1500 * time.Millisecond}
	misconfigured := &consent.Refused{Reason: consent.ProviderFailed, Err: &oauth.Error{Kind: oauth.BadClient, Provider: "figma"}}
	seen := map[string]string{}
	for _, c := range []struct {
		code   string
		err    error
		status int
		title  string
		retry  string
	}{
		{"ticket_unknown", nil, 404, "This link is not known", ""},
		{"ticket_expired", nil, 410, "This link has expired", ""},
		{"ticket_used", nil, 410, "This link has been used", ""},
		{"ticket_busy", nil, 409, "This link is in use", ""},
		{"ticket_foreign", nil, 403, "This link is for somebody else", ""},
		{"ticket_burned", nil, 410, "This link is locked", ""},
		{"sign_in_needed", nil, 401, "Nobody is signed in here", ""},
		{"state_unknown", nil, 404, "This was not started here", ""},
		{"state_expired", nil, 410, "That took too long", ""},
		{"state_used", nil, 409, "This was done before", ""},
		{"state_foreign", nil, 403, "This was started elsewhere", ""},
		{"provider_mismatch", nil, 400, "This is the wrong way back", ""},
		{"consent_denied", nil, 400, "Figma was not connected", ""},
		{"provider_failed", nil, 502, "Figma gave no access", ""},
		{"identity_failed", nil, 502, "Figma did not say whose account it is", ""},
		{"provider_unconfigured", nil, 404, "Figma is not offered here", ""},
		{"provider_misconfigured", misconfigured, 500, "Figma does not accept this server", ""},
		{"provider_unavailable", away, 503, "That did not work just now", "2"},
		{"internal", errors.New("dial tcp 10.0.0.5: password=hunter2"), 500, "Something went wrong", ""},
	} {
		t.Run(c.code, func(t *testing.T) {
			if c.err == nil {
				c.err = &consent.Refused{Reason: consent.Reason(c.code)}
			}
			g := newRig(func(g *rig) { g.flow.err, g.flow.failing = c.err, "return" })
			w := g.follow(t, g.send(t, "GET", "/api/integrations/figma/callback?code="+secret+"&state="+state, "", browserA+cookieA))
			if w.Code != c.status || title(w) != c.title || w.Header().Get("Retry-After") != c.retry {
				t.Errorf("got %d %q, Retry-After %q, want %d %q %q", w.Code, title(w), w.Header().Get("Retry-After"), c.status, c.title, c.retry)
			}
			if strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), `<p class="next">`) {
				t.Errorf("the page shows the cause, or no next step:\n%s", w.Body)
			}
			if len(g.refused) != 1 || g.refused[0] != c.code {
				t.Errorf("got %v told, want %s", g.refused, c.code)
			}
			if other := seen[title(w)]; other != "" {
				t.Errorf("%s and %s have the same title", other, c.code)
			}
			seen[title(w)] = c.code
		})
	}
}

func TestLinkThatIsRefusedShowsWhy(t *testing.T) {
	for _, act := range []struct{ method, path, failing string }{
		{"GET", "/connect/" + ticket, "open"}, {"POST", "/connect/" + ticket + "/allow", "allow"}, {"POST", "/connect/" + ticket + "/decline", "decline"},
	} {
		g := newRig(func(g *rig) {
			g.flow.err, g.flow.failing = &consent.Refused{Reason: consent.TicketExpired}, act.failing
		})
		w := g.send(t, "GET", act.path, "")
		if act.method == "POST" {
			w = g.post(t, act.path, nil)
		}
		if w.Code != 410 || title(w) != "This link has expired" || len(cookies(w)) != 0 {
			t.Errorf("%s %s: got %d %q, cookies %v, want 410 and none", act.method, act.path, w.Code, title(w), cookies(w))
		}
	}
}

func TestLinkOfSomebodyElseOffersToSignOut(t *testing.T) {
	g := newRig(nil)
	session := g.signedInAs(t, bob)
	g.flow.err, g.flow.failing = &consent.Refused{Reason: consent.TicketForeign, Left: 3}, "open"
	w := g.send(t, "GET", "/connect/"+ticket, "", session)
	if w.Code != 403 || !strings.Contains(w.Body.String(), "signed in as bob") || !strings.Contains(w.Body.String(), `name="back" value="/connect/`+ticket+`"`) {
		t.Errorf("got %d, want 403 with a button that signs out and comes back:\n%s", w.Code, w.Body)
	}
	w = g.post(t, "/integrations/sign-out", url.Values{"back": {"/connect/" + ticket}}, session)
	if w.Header().Get("Location") != "/connect/"+ticket || cookies(w)["__Host-fluxmcp_session"].MaxAge >= 0 {
		t.Errorf("got %v, want no session any more, and the link again", w.Header())
	}
	for _, back := range []string{"https://evil.example/", "//evil.example/connect/x", "/connect/../x", "/connect/x?y", "\\connect/x", ""} {
		if w = g.post(t, "/integrations/sign-out", url.Values{"back": {back}}, session); w.Header().Get("Location") != "/integrations" {
			t.Errorf("back to %q led to %q, want the accounts", back, w.Header().Get("Location"))
		}
	}
}

func TestReadingChangesNothing(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		g := newRig(nil)
		session := g.signedInAs(t, alice)
		for _, r := range pages.New(g.Options).Routes() {
			if r.Methods[method] == nil || strings.Contains(r.Pattern, "callback") {
				continue
			}
			path := strings.NewReplacer("{ticket}", ticket, "{provider}", "figma", "{result}", "x").Replace(r.Pattern)
			w := g.send(t, method, path, "", session)
			if method == "HEAD" && (w.Body.Len() > 0 || w.Code == 200 && w.Header().Get("Content-Length") == "0") {
				t.Errorf("HEAD %s: got a body of %d bytes, and length %s", path, w.Body.Len(), w.Header().Get("Content-Length"))
			}
		}
		if acted := g.flow.acted(); len(acted) > 0 || len(g.accounts.disconnected) > 0 {
			t.Errorf("%s did %v and disconnected %v, want nothing", method, acted, g.accounts.disconnected)
		}
	}
	if w := newRig(nil).send(t, "HEAD", "/api/integrations/figma/callback?code=a&state=b", ""); w.Code != 405 {
		t.Errorf("HEAD of a callback: got %d, want 405: it would use the code up", w.Code)
	}
}

func TestAddressOfAFormLeadsToItsPage(t *testing.T) {
	for path, want := range map[string]string{
		"/connect/" + ticket + "/allow": "/connect/" + ticket, "/connect/" + ticket + "/decline": "/connect/" + ticket,
		"/connect/decide": "/integrations", "/integrations/sign-out": "/integrations", "/integrations/figma/connect": "/integrations",
	} {
		if w := newRig(nil).send(t, "GET", path, ""); w.Code != 303 || w.Header().Get("Location") != want {
			t.Errorf("%s: got %d to %q, want %q", path, w.Code, w.Header().Get("Location"), want)
		}
	}
}

func TestNothingThereIsSaidInTheFormThatIsAskedFor(t *testing.T) {
	g := newRig(nil)
	if w := g.send(t, "GET", "/nope", ""); w.Code != 404 || title(w) != "There is nothing here" {
		t.Errorf("a browser got %d %q", w.Code, title(w))
	}
	want := `{"code":"not_found","message":"there is nothing at this path","hint":"Post MCP messages to /mcp."}` + "\n"
	if w := g.send(t, "GET", "/nope", "", "Accept: */*"); w.Code != 404 || w.Body.String() != want {
		t.Errorf("a program got %d %s\nwant %s", w.Code, w.Body, want)
	}
}
