package pages_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
)

// visitor is a browser without screen, with cookies of its own. It speaks plain
// HTTP, so that its jar keeps no Secure cookie.
type visitor struct {
	t    *testing.T
	base string
	http.Client
}

func newVisitor(t *testing.T, base string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), base) {
			return nil
		}
		return http.ErrUseLastResponse // at the provider
	}
	return &visitor{t, base, http.Client{Jar: jar, CheckRedirect: stay}}
}

// page is what the visitor sees.
type page struct {
	status               int
	title, body, leadsTo string
}

func (v *visitor) do(method, path string, form url.Values) page {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.base)
	}
	res, err := v.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	p := page{status: res.StatusCode, body: string(body), leadsTo: res.Header.Get("Location")}
	if found := titleTag.FindStringSubmatch(p.body); found != nil {
		p.title = found[1]
	}
	return p
}

// press fills the form of p that is posted to action, and presses its button.
func (v *visitor) press(p page, action string, fill url.Values) page {
	v.t.Helper()
	_, form, found := strings.Cut(p.body, `action="`+action+`"`)
	form, _, _ = strings.Cut(form, "</form>")
	if !found {
		v.t.Fatalf("%q has no form for %s:\n%s", p.title, action, p.body)
	}
	for _, hidden := range regexp.MustCompile(`type="hidden" name="([^"]+)" value="([^"]+)"`).FindAllStringSubmatch(form, -1) {
		if !fill.Has(hidden[1]) {
			fill.Set(hidden[1], hidden[2])
		}
	}
	return v.do(http.MethodPost, action, fill)
}

// TestWholeConsent plays the flow itself, over HTTP.
func TestWholeConsent(t *testing.T) {
	provider, saved := consenttest.NewProvider("figma", true), &consenttest.Accounts{}
	memory := &consenttest.Memory{}
	var base string
	redirect := func(name string) string { return base + "/api/integrations/" + name + "/callback" }
	flow := consent.New(consent.Config{
		Tickets: memory, States: memory, Accounts: saved, Code: true, RedirectURI: redirect,
		Client: func(name string) (consent.Client, bool) { return provider, name == "figma" },
	})
	g := newRig(func(g *rig) { g.Flow, g.PublicURL, g.RedirectURI = flow, "", redirect })
	server := httptest.NewServer(g.mux)
	defer server.Close()
	base = server.URL

	// allow goes as far as the provider, where who consents, and returns the way back.
	allow := func(v *visitor, who string) string {
		link, err := flow.Ask(t.Context(), consent.Request{Person: alice, Provider: "figma", Client: "a client"})
		if err != nil {
			t.Fatal(err)
		}
		path := "/connect/" + link.Ticket
		at := v.press(v.do(http.MethodGet, path, nil), path+"/allow", url.Values{"code": {link.Code}})
		if at.status != 303 {
			t.Fatalf("Allow led to %d %q", at.status, at.title)
		}
		code, state := provider.Consent(at.leadsTo, who)
		return "/api/integrations/figma/callback?" + url.Values{"code": {code}, "state": {state}}.Encode()
	}
	expect := func(what string, got page, status int, title string) {
		t.Helper()
		if got.status != status || got.title != title {
			t.Errorf("%s: got %d %q, want %d %q", what, got.status, got.title, status, title)
		}
	}

	first, second := newVisitor(t, base), newVisitor(t, base)
	back := allow(first, "ann")
	expect("another browser brings the code", second.do(http.MethodGet, back, nil), 403, "This was started elsewhere")
	expect("the browser that allowed comes back", first.do(http.MethodGet, back, nil), 200, "Figma is connected as name of ann")
	expect("it comes back again", first.do(http.MethodGet, back, nil), 409, "This was done before")
	question := first.do(http.MethodGet, allow(first, "bob"), nil)
	expect("another account", question, 200, "Replace the Figma account?")
	expect("the other browser decides", second.do(http.MethodPost, "/connect/decide", url.Values{}), 403, "The cookie is missing")
	expect("it is replaced", first.press(question, "/connect/decide", url.Values{"keep": {"new"}}), 200, "Figma is connected as name of bob")
	expect("it is replaced twice", first.press(question, "/connect/decide", url.Values{"keep": {"new"}}), 409, "This was done before")
	expect("the list of accounts", first.do(http.MethodGet, "/integrations", nil), 200, "Your accounts")
	expect("the list for nobody", second.do(http.MethodGet, "/integrations", nil), 401, "Nobody is signed in here")
	if name, err := saved.Connected(t.Context(), alice, "figma"); name != "name of bob" || err != nil {
		t.Errorf("saved is %q (%v), want name of bob", name, err)
	}
}
