package pages_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
)

// forms are the paths of all forms, from the routes themselves.
func forms(g *rig) []string {
	var all []string
	for _, r := range pages.New(g.Options).Routes() {
		if r.Methods[http.MethodPost] != nil {
			all = append(all, strings.NewReplacer("{ticket}", ticket, "{provider}", "figma").Replace(r.Pattern))
		}
	}
	return all
}

func TestFormsOfOthersAreNotActedUpon(t *testing.T) {
	g := newRig(nil)
	session := g.signedInAs(t, alice)
	good, others := g.token(t, cookieA), g.token(t, cookieB)
	const form = "Content-Type: application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, token, cookie string
		head                []string
		status              int
		code                string
	}{
		// The token is right, the origin is not.
		{"another site", good, cookieA, []string{"Origin: https://evil.example"}, 403, "form_foreign"},
		{"another site by its Sec-Fetch-Site alone", good, cookieA, []string{"Origin: ", "Sec-Fetch-Site: cross-site"}, 403, "form_foreign"},
		{"a sister site by its Sec-Fetch-Site alone", good, cookieA, []string{"Origin: ", "Sec-Fetch-Site: same-site"}, 403, "form_foreign"},
		{"a sister site", good, cookieA, []string{"Origin: https://x.mcp.example", "Sec-Fetch-Site: same-site"}, 403, "form_foreign"},
		{"an opaque origin", good, cookieA, []string{"Origin: null"}, 403, "form_foreign"},
		{"our name without TLS", good, cookieA, []string{"Origin: http://mcp.example", "Sec-Fetch-Site: "}, 403, "form_foreign"},
		{"our name at another port", good, cookieA, []string{"Origin: https://mcp.example:444", "Sec-Fetch-Site: "}, 403, "form_foreign"},
		{"an origin that begins as ours", good, cookieA, []string{"Origin: https://mcp.example.evil", "Sec-Fetch-Site: "}, 403, "form_foreign"},
		{"the Host that was sent, where the public URL is another", good, cookieA, []string{"Host: evil.example", "Origin: https://evil.example"}, 403, "form_foreign"},
		// The origin is right, the token is not.
		{"no token", "", cookieA, nil, 403, "form_stale"},
		{"the token of another browser", others, cookieA, nil, 403, "form_stale"},
		{"an edited token", good[:len(good)-3] + "AAA", cookieA, nil, 403, "form_stale"},
		{"the cookie itself as token", cookieA, cookieA, nil, 403, "form_stale"},
		{"what was sealed for a session", strings.TrimPrefix(session, "Cookie: __Host-fluxmcp_session="), cookieA, nil, 403, "form_stale"},
		{"a token without cookie", good, "", nil, 403, "form_cookie"},
		{"a cookie that is none of ours", good, "AAAA", nil, 403, "form_cookie"},
		{"an empty token for an empty cookie", g.emptyToken(), "", nil, 403, "form_cookie"},
		// Both are right, the rest is not.
		{"a body that is no form", good, cookieA, []string{"Content-Type: text/plain"}, 415, "form_type"},
		{"a body of 65 KiB", good + "&x=" + strings.Repeat("x", 65<<10), cookieA, []string{form}, 413, "form_size"},
		{"a form that cannot be read", good + "&%zz", cookieA, []string{form}, 415, "form_type"},
	} {
		for _, path := range forms(g) {
			g := newRig(nil)
			w := g.send(t, "POST", path, "token="+c.token, append([]string{browserA + c.cookie, session}, c.head...)...)
			if w.Code != c.status || len(g.flow.calls) > 0 || len(g.accounts.disconnected) > 0 || cookies(w)["__Host-fluxmcp_session"] != nil {
				t.Errorf("%s at %s: got %d, calls %v, disconnected %v, want %d and nothing done", c.name, path, w.Code, g.flow.calls, g.accounts.disconnected, c.status)
			}
			if !slices.Equal(g.refused, []string{c.code}) {
				t.Errorf("%s at %s: got %v told, want %s", c.name, path, g.refused, c.code)
			}
			if want := `href="https://mcp.example/`; !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s at %s: the page does not lead back to ours:\n%s", c.name, path, w.Body)
			}
		}
	}
}

// emptyToken is what a browser without cookie could be given, were there one.
func (g *rig) emptyToken() string {
	return base64.RawURLEncoding.EncodeToString(fakeBox{}.Seal([]byte(`""`), "form"))
}

func TestFormsOfOursAreActedUpon(t *testing.T) {
	for name, head := range map[string][]string{
		"a browser of today": nil, "an old browser": {"Sec-Fetch-Site: "}, "a program": {"Sec-Fetch-Site: ", "Origin: "},
		"a reload": {"Origin: ", "Sec-Fetch-Site: none"}, "our name in capitals": {"Origin: HTTPS://MCP.EXAMPLE"},
	} {
		for _, path := range forms(newRig(nil)) {
			g := newRig(nil)
			session := g.signedInAs(t, alice)
			if w := g.post(t, path, nil, append(head, session)...); w.Code != 303 {
				t.Errorf("%s at %s: got %d, want 303: %s", name, path, w.Code, w.Body)
			}
		}
	}
}

// overHTTP is a server without a public URL, on loopback.
func overHTTP(g *rig) { g.PublicURL = "" }

func TestCookies(t *testing.T) {
	const host = "Host: 127.0.0.1:8787"
	want := func(name, value, twin string) string {
		if twin != "" {
			return name + "=" + value + "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax"
		}
		return "__Host-" + name + "=" + value + "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax"
	}
	secure := newRig(nil)
	got := secure.post(t, "/connect/"+ticket+"/allow", nil).Header().Values("Set-Cookie")
	if len(got) != 2 || got[1] != want("fluxmcp_browser", cookieA, "") || !strings.HasPrefix(got[0], "__Host-fluxmcp_session=") || !strings.HasSuffix(got[0], "; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax") {
		t.Errorf("over HTTPS: got %q", got)
	}
	plain := newRig(overHTTP)
	got = plain.post(t, "/connect/"+ticket+"/allow", nil, host, "Origin: http://127.0.0.1:8787").Header().Values("Set-Cookie")
	if len(got) != 4 || got[2] != want("fluxmcp_browser", cookieA, "") || got[3] != want("fluxmcp_browser", cookieA, "twin") || !strings.HasPrefix(got[1], "fluxmcp_session=") || strings.Contains(got[1], "Secure") {
		t.Errorf("over HTTP: got %q", got)
	}
	for _, value := range got {
		if strings.Contains(value, "alice") || strings.Contains(value, "iss") {
			t.Errorf("a cookie can be read: %s", value)
		}
	}
}

func TestEachBrowserGetsACookieOfItsOwn(t *testing.T) {
	g := newRig(nil)
	first := cookies(g.send(t, "GET", "/connect/"+ticket, ""))["__Host-fluxmcp_browser"]
	second := cookies(g.send(t, "GET", "/connect/"+ticket, ""))["__Host-fluxmcp_browser"]
	if first == nil || second == nil || first.Value == second.Value || !regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`).MatchString(first.Value) {
		t.Errorf("got %v and %v, want two of 43 characters", first, second)
	}
	if kept := cookies(g.send(t, "GET", "/connect/"+ticket, "", browserA+cookieA))["__Host-fluxmcp_browser"]; kept.Value != cookieA {
		t.Errorf("a browser with a cookie got %v, want its own again", kept)
	}
	if w := g.send(t, "GET", "/integrations", ""); len(cookies(w)) != 0 {
		t.Errorf("a page without a form set %v", cookies(w))
	}
}

func TestTwinCookiesCountOnlyOverHTTP(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*rig)
		cookies string
		want    string // of the browser
		person  bool
	}{
		{"HTTPS: the real ones", nil, "__Host-fluxmcp_browser=" + cookieA + "; __Host-fluxmcp_session=S", cookieA, true},
		{"HTTPS: twins are not looked at", nil, "fluxmcp_browser=" + cookieA + "; fluxmcp_session=S", "", false},
		{"HTTPS: a twin does not replace the real one", nil, "fluxmcp_browser=" + cookieB + "; __Host-fluxmcp_browser=" + cookieA, cookieA, false},
		{"HTTP: twins", overHTTP, "fluxmcp_browser=" + cookieA + "; fluxmcp_session=S", cookieA, true},
		{"HTTP: the real one is better", overHTTP, "fluxmcp_browser=" + cookieB + "; __Host-fluxmcp_browser=" + cookieA, cookieA, false},
		{"HTTP: a broken one is passed over", overHTTP, "__Host-fluxmcp_browser=xx; fluxmcp_browser=" + cookieA, cookieA, false},
		{"a session that nobody sealed", nil, "__Host-fluxmcp_session=" + cookieA, "", false},
		{"a form's token is no session", nil, "__Host-fluxmcp_session=T", "", false},
	} {
		g := newRig(c.change)
		sealed := newRig(nil).signedInAs(t, alice)
		sealed = sealed[strings.Index(sealed, "=")+1:]
		text := strings.NewReplacer("session=S", "session="+sealed, "session=T", "session="+newRig(nil).token(t, cookieA)).Replace(c.cookies)
		g.send(t, "GET", "/connect/"+ticket, "", "Cookie: "+text)
		if got := g.flow.seen.browser; got.Cookie != c.want || (got.Person != nil) != c.person {
			t.Errorf("%s: got cookie %q and person %v, want %q and %v", c.name, got.Cookie, got.Person, c.want, c.person)
		}
	}
}

func TestSessionLastsAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newRig(nil)
		session := g.signedInAs(t, alice)
		time.Sleep(59 * time.Minute) // of the bubble's clock
		if w := g.send(t, "GET", "/integrations", "", session); w.Code != 200 || !g.accounts.person.Is(alice) {
			t.Errorf("after 59 minutes: got %d for %v, want 200 for alice", w.Code, g.accounts.person)
		}
		time.Sleep(time.Minute)
		if w := g.send(t, "GET", "/integrations", "", session); w.Code != 401 {
			t.Errorf("after an hour: got %d, want 401", w.Code)
		}
	})
}

func TestLocalPersonIsEveryBrowser(t *testing.T) {
	local := oauth.Person{Issuer: "local"}
	g := newRig(func(g *rig) { g.Local = &local })
	other := newRig(nil).signedInAs(t, bob)
	g.send(t, "GET", "/connect/"+ticket, "", other)
	if p := g.flow.seen.browser.Person; p == nil || !p.Is(local) {
		t.Errorf("got %v, want the local person whatever cookie comes", p)
	}
	if w := g.post(t, "/connect/"+ticket+"/allow", nil); cookies(w)["__Host-fluxmcp_session"] != nil {
		t.Error("the local person got a session, which would outlive the mode")
	}
}

func TestOtherNamesOfThisMachineLeadHome(t *testing.T) {
	const home = "http://127.0.0.1:8787"
	for _, c := range []struct{ name, public, redirect, host, want string }{
		{"localhost", "", home, "localhost:8787", home + "/connect/" + ticket},
		{"the address itself", "", home, "127.0.0.1:8787", ""},
		{"IPv6", "", home, "[::1]:8787", home + "/connect/" + ticket},
		{"a name of another machine is not sent to this one", "", home, "mcp.example", ""},
		{"a redirect URI elsewhere is no home", "", "https://app.example", "localhost:8787", ""},
		{"a public URL is the only name", "http://localhost:8787", home, "localhost:8787", ""},
	} {
		g := newRig(func(g *rig) {
			g.PublicURL = c.public
			g.RedirectURI = func(p string) string { return c.redirect + "/api/integrations/" + p + "/callback" }
		})
		w := g.send(t, "GET", "/connect/"+ticket, "", "Host: "+c.host)
		if w.Header().Get("Location") != c.want || c.want != "" && len(cookies(w)) > 0 {
			t.Errorf("%s: got %d to %q with cookies %v, want %q and none", c.name, w.Code, w.Header().Get("Location"), cookies(w), c.want)
		}
	}
}

var styleTag = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

func TestPoliciesAllowWhatThePageNeeds(t *testing.T) {
	const rest = "; frame-ancestors 'none'; base-uri 'none'"
	for _, c := range []struct{ path, posts, referrer string }{
		{"/connect/" + ticket, "'self' https://mcp.example https://www.figma.example https://*.figma.example", "same-origin"},
		{"/integrations", "'self'", "same-origin"},
		{"/integrations/figma/disconnect", "'self'", "same-origin"},
		{callback, "'none'", "no-referrer"},
		{"/nope", "'none'", "no-referrer"},
	} {
		g := newRig(nil)
		w := g.send(t, "GET", c.path, "", browserA+cookieA, g.signedInAs(t, alice))
		if w.Code == 303 {
			w = g.follow(t, w)
		}
		sum := sha256.Sum256([]byte(styleTag.FindStringSubmatch(w.Body.String())[1]))
		want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src data:; form-action " + c.posts + rest
		if got := w.Header().Get("Content-Security-Policy"); got != want {
			t.Errorf("%s: got policy\n%s\nwant\n%s", c.path, got, want)
		}
		for name, want := range map[string]string{"Referrer-Policy": c.referrer, "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Content-Type": "text/html; charset=utf-8"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: got %s %q, want %q", c.path, name, got, want)
			}
		}
		if found := regexp.MustCompile(`(?i)<script|\sstyle=|\son[a-z]+=|<iframe|<img|javascript:`).FindString(w.Body.String()); found != "" {
			t.Errorf("%s has %q, which the policy forbids", c.path, found)
		}
	}
}

func TestPolicyCannotBeWidenedByAnAddress(t *testing.T) {
	for authorize, want := range map[string]string{
		"http://127.0.0.1:9000/oauth":       "http://127.0.0.1:9000",
		"http://[::1]:9000/oauth":           "http://[::1]:9000",
		"http://localhost:9000/oauth":       "http://localhost:9000",
		"https://slack.com/oauth":           "https://slack.com https://*.slack.com",
		"https://ghe.corp.example:8443/x":   "https://ghe.corp.example:8443 https://*.ghe.corp.example:8443",
		"":                                  "",
		"javascript:alert(1)":               "",
		"https://a.example;script-src/x":    "",
		"https://a.example'unsafe-inline'/": "",
		"https://*/":                        "",
	} {
		g := newRig(func(g *rig) { g.Providers[0].Bases = map[string]string{"authorize": authorize} })
		_, posts, _ := strings.Cut(g.send(t, "GET", "/connect/"+ticket, "").Header().Get("Content-Security-Policy"), "form-action ")
		posts, _, _ = strings.Cut(posts, ";")
		if want = strings.TrimSpace("'self' https://mcp.example " + want); posts != want {
			t.Errorf("%q: got form-action %s, want %s", authorize, posts, want)
		}
	}
}

func TestNamesOfOthersAreOnlyText(t *testing.T) {
	g := newRig(func(g *rig) {
		g.flow.view.Client, g.flow.view.Connected, g.flow.view.Person.Email = hostile, hostile, hostile
		g.flow.view.Scopes = []string{hostile}
		g.flow.done.Name, g.flow.done.Was, g.flow.done.Pending = hostile, hostile, "d"
		g.accounts.list[0].Name, g.accounts.list[0].Email, g.accounts.list[0].Reason, g.accounts.list[0].Scopes = hostile, hostile, hostile, []string{hostile}
		g.accounts.list[0].Status = pages.NeedsReconnect
		g.accounts.gone.ByHand = "javascript:alert(1)"
	})
	session := g.signedInAs(t, oauth.Person{Issuer: "iss", Subject: "x", Email: hostile})
	all := []*httptest.ResponseRecorder{
		g.send(t, "GET", "/connect/"+ticket, "", session),
		g.follow(t, g.send(t, "GET", callback, "", browserA+cookieA, session), session),
		g.send(t, "GET", "/integrations", "", session),
		g.send(t, "GET", "/integrations/figma/disconnect", "", session),
		g.follow(t, g.post(t, "/integrations/figma/disconnect", nil, session), session),
	}
	g.flow.done.Pending = ""
	all = append(all, g.follow(t, g.send(t, "GET", callback, "", browserA+cookieA, session), session))
	for i, w := range all {
		body := w.Body.String()
		if w.Code != 200 || !strings.Contains(body, "alert(1)") && i != 4 {
			t.Errorf("page %d: got %d %q, want the name as text:\n%s", i, w.Code, title(w), body)
		}
		for _, bad := range []string{"<script", "javascript:", "\u202e"} {
			if strings.Contains(body, bad) {
				t.Errorf("page %d (%s) has %q", i, title(w), bad)
			}
		}
	}
	g.flow.view.Client = strings.Repeat("x", 1000) + "\nSigned in as root"
	if body := g.send(t, "GET", "/connect/"+ticket, "").Body.String(); strings.Contains(body, strings.Repeat("x", 121)) || strings.Contains(body, "as root") {
		t.Error("an endless name is shown whole")
	}
}

// TestCodeAndStateAreNeverShown looks for them in all that leaves the server.
func TestCodeAndStateAreNeverShown(t *testing.T) {
	g := newRig(nil)
	session := g.signedInAs(t, alice)
	steps := []func(...string) *httptest.ResponseRecorder{
		func(head ...string) *httptest.ResponseRecorder {
			return g.post(t, "/connect/"+ticket+"/allow", url.Values{"code": {secret}}, head...)
		},
		func(head ...string) *httptest.ResponseRecorder {
			return g.send(t, "GET", callback, "", append(head, browserA+cookieA)...)
		},
	}
	for _, err := range []error{nil, &consent.Refused{Reason: consent.CodeWrong}, &consent.Refused{Reason: consent.StateForeign}, &consent.Refused{Reason: consent.ProviderFailed, Detail: "x"}} {
		g.flow.err = err
		for i, step := range steps {
			for _, accept := range []string{"text/html", "*/*", "application/json"} {
				w := step(session, "Accept: "+accept)
				if location := w.Header().Get("Location"); location == authorize {
					w.Header().Del("Location")
				} else if strings.HasPrefix(location, "/connected/") {
					sealed, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(location, "/connected/"))
					w.Header().Set("Opened", string(fakeBox{}.mask(sealed)))
				}
				var out strings.Builder
				_ = w.Header().Write(&out)
				out.WriteString(w.Body.String())
				if strings.Contains(out.String(), secret) || strings.Contains(out.String(), state) {
					t.Errorf("step %d, %v, %s: code or state is in\n%s", i, err, accept, out.String())
				}
			}
		}
	}
}
