package pages_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
	"github.com/fluxstudio/fluxmcp/tools"
)

// What must never be shown, and where the provider's page is.
const (
	ticket    = "ticketticketticketticketticketti"
	secret    = "the-code-of-the-provider"
	state     = "the-state-of-this-consent"
	authorize = "https://www.figma.example/oauth?state=" + state
	hostile   = "<script>alert(1)</script>\"'&\u202eevil"
)

var (
	alice = oauth.Person{Issuer: "iss", Subject: "alice", Email: "alice@example.com"}
	bob   = oauth.Person{Issuer: "iss", Subject: "bob"}

	cookieA = strings.Repeat("A", 43)
	cookieB = strings.Repeat("B", 42) + "A"
)

// fakeFlow answers what it is told to, and notes what reached it.
type fakeFlow struct {
	view    consent.View
	start   consent.Start
	done    consent.Done
	err     error // of the step named by failing, or of all
	failing string

	calls []string
	seen  struct {
		browser  consent.Browser
		request  consent.Request
		callback consent.Callback
		redirect string
		code     string
		replace  bool
	}
}

func (f *fakeFlow) step(name string, b consent.Browser) error {
	f.calls, f.seen.browser = append(f.calls, name), b
	if f.failing == "" || f.failing == name {
		return f.err
	}
	return nil
}

func (f *fakeFlow) Ask(_ context.Context, r consent.Request) (consent.Link, error) {
	f.seen.request = r
	return consent.Link{Ticket: ticket}, f.step("ask", consent.Browser{})
}

func (f *fakeFlow) Open(_ context.Context, _ string, b consent.Browser) (consent.View, error) {
	return f.view, f.step("open", b)
}

func (f *fakeFlow) Allow(_ context.Context, _, code string, b consent.Browser) (consent.Start, error) {
	f.seen.code = code
	return f.start, f.step("allow", b)
}

func (f *fakeFlow) Decline(_ context.Context, _ string, b consent.Browser) error {
	return f.step("decline", b)
}

func (f *fakeFlow) Start(_ context.Context, r consent.Request, redirect string, b consent.Browser) (consent.Start, error) {
	f.seen.request, f.seen.redirect = r, redirect
	return f.start, f.step("start", b)
}

func (f *fakeFlow) Return(_ context.Context, c consent.Callback) (consent.Done, error) {
	f.seen.callback = c
	return f.done, f.step("return", c.Browser)
}

func (f *fakeFlow) Decide(_ context.Context, _ string, replace bool, b consent.Browser) (consent.Done, error) {
	f.seen.replace = replace
	return f.done, f.step("decide", b)
}

// acted are the steps that change something.
func (f *fakeFlow) acted() []string {
	var all []string
	for _, c := range f.calls {
		if c != "open" {
			all = append(all, c)
		}
	}
	return all
}

// fakeAccounts has the same accounts for everybody.
type fakeAccounts struct {
	list []pages.Account
	gone pages.Gone
	err  error

	person       oauth.Person
	disconnected []string
}

func (f *fakeAccounts) List(_ context.Context, p oauth.Person) ([]pages.Account, error) {
	f.person = p
	return f.list, f.err
}

func (f *fakeAccounts) Disconnect(_ context.Context, p oauth.Person, provider string) (pages.Gone, error) {
	f.person = p
	if f.err == nil {
		f.disconnected = append(f.disconnected, provider)
	}
	return f.gone, f.err
}

// fakeBox hides and authenticates, and seals the same text the same way.
type fakeBox struct{}

func (fakeBox) mask(b []byte) []byte {
	masked := make([]byte, len(b))
	for i := range b {
		masked[i] = b[i] ^ 0x5a
	}
	return masked
}

func (f fakeBox) tag(plain []byte, purpose string) []byte {
	h := hmac.New(sha256.New, []byte("a key of this test"))
	_, _ = fmt.Fprintf(h, "%s|%s", purpose, plain)
	return h.Sum(nil)[:12]
}

func (f fakeBox) Seal(plain []byte, purpose string) []byte {
	return append(f.tag(plain, purpose), f.mask(plain)...)
}

func (f fakeBox) Open(sealed []byte, purpose string) ([]byte, error) {
	if len(sealed) < 12 {
		return nil, errors.New("too short")
	}
	plain := f.mask(sealed[12:])
	if !bytes.Equal(sealed[:12], f.tag(plain, purpose)) {
		return nil, errors.New("not sealed for " + purpose)
	}
	return plain, nil
}

// rig is the pages behind a small door.
type rig struct {
	pages.Options
	flow     *fakeFlow
	accounts *fakeAccounts
	refused  []string
	mux      *http.ServeMux
}

func figma() oauth.Provider {
	return oauth.Provider{
		Name: "figma", Title: "Figma", ManageURL: "https://www.figma.example/settings",
		Bases: map[string]string{"authorize": "https://www.figma.example/oauth"},
		Scopes: []oauth.Scope{
			{Name: "current_user:read", About: "See your name and email address"},
			{Name: "file_content:read", About: "See your files and their contents"},
		},
	}
}

func newRig(change func(*rig)) *rig {
	g := &rig{flow: &fakeFlow{}, accounts: &fakeAccounts{}, mux: http.NewServeMux()}
	g.flow.view = consent.View{
		ID: "id", Provider: "figma", Scopes: []string{"current_user:read", "file_content:read"}, Person: alice,
		Client: "Claude Desktop", NeedCode: true, Expires: time.Now().Add(14*time.Minute + time.Second),
	}
	g.flow.start = consent.Start{URL: authorize, State: state, Cookie: cookieA, Person: alice}
	g.flow.done = consent.Done{Provider: "figma", Name: "Ann Lee", Person: alice, Scopes: []string{"current_user:read"}}
	g.accounts.list = []pages.Account{{
		Provider: "figma", Status: pages.Connected, ID: "7", Name: "Ann Lee", Email: "ann@studio.example", Scopes: []string{"file_content:read"},
		ConnectedAt: time.Now().Add(-72 * time.Hour), LastUsedAt: time.Now().Add(-3 * time.Hour), Expires: time.Now().Add(time.Hour),
	}}
	g.Options = pages.Options{
		Flow: g.flow, Accounts: g.accounts, Box: fakeBox{}, PublicURL: "https://mcp.example", Version: "1.2.3",
		RedirectURI: func(provider string) string { return "https://mcp.example/api/integrations/" + provider + "/callback" },
		Refused:     func(_ context.Context, code string) { g.refused = append(g.refused, code) },
		Providers: []pages.Provider{
			{Provider: figma(), Offered: true},
			{Provider: oauth.Provider{Name: "linear", Title: "Linear"}, Offered: true},
			{Provider: oauth.Provider{Name: "quiet", Title: "Quiet"}},
		},
	}
	if change != nil {
		change(g)
	}
	p := pages.New(g.Options)
	for _, r := range p.Routes() {
		g.mux.HandleFunc(r.Pattern, door(r))
	}
	g.mux.HandleFunc("/", p.NotFound)
	return g
}

// door does what the package leaves to whoever mounts it.
func door(r pages.Route) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		if serve := r.Methods[q.Method]; serve != nil {
			serve(w, q)
			return
		}
		bearer, known := r.Bearer[q.Method]
		who, sent := strings.CutPrefix(q.Header.Get("Authorization"), "Bearer ")
		switch {
		case !known:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case !sent:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			p := tools.Principal{Issuer: "iss", Subject: who, Client: "studio-web"}
			bearer.Serve(w, q.WithContext(tools.WithPrincipal(q.Context(), p)))
		}
	}
}

// send makes one request, as a browser does. head lists headers as Name: value;
// an empty value takes the header away.
func (g *rig) send(t *testing.T, method, path, body string, head ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "mcp.example"
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "https://mcp.example")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for _, h := range head {
		name, value, _ := strings.Cut(h, ": ")
		switch {
		case name == "Cookie":
			r.Header.Add(name, value)
		case name == "Host":
			r.Host = value
		case value == "":
			r.Header.Del(name)
		default:
			r.Header.Set(name, value)
		}
	}
	w := httptest.NewRecorder()
	g.mux.ServeHTTP(w, r)
	return w
}

const browserA = "Cookie: __Host-fluxmcp_browser="

// signedInAs is a session cookie, got as people get one.
func (g *rig) signedInAs(t *testing.T, who oauth.Person) string {
	t.Helper()
	before := *g.flow
	g.flow.err, g.flow.start = nil, consent.Start{Person: who}
	w := g.post(t, "/connect/"+ticket+"/allow", url.Values{"code": {"ABCD-2345"}})
	*g.flow = before
	for _, c := range w.Result().Cookies() {
		if c.Name == "__Host-fluxmcp_session" {
			return "Cookie: " + c.Name + "=" + c.Value
		}
	}
	t.Fatalf("no session: %d %s", w.Code, w.Body)
	return ""
}

// post sends a form with its token, as the browser with cookieA.
func (g *rig) post(t *testing.T, path string, form url.Values, head ...string) *httptest.ResponseRecorder {
	t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("token", g.token(t, cookieA))
	return g.send(t, http.MethodPost, path, form.Encode(), append([]string{browserA + cookieA}, head...)...)
}

// token is that of a page which the browser with cookie opened.
func (g *rig) token(t *testing.T, cookie string) string {
	t.Helper()
	calls, err := g.flow.calls, g.flow.err
	g.flow.err = nil
	page := g.send(t, http.MethodGet, "/connect/"+ticket, "", browserA+cookie).Body.String()
	g.flow.calls, g.flow.err = calls, err
	found := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("the page has no token:\n%s", page)
	}
	return found[1]
}

// follow opens where w leads to.
func (g *rig) follow(t *testing.T, w *httptest.ResponseRecorder, head ...string) *httptest.ResponseRecorder {
	t.Helper()
	if w.Code != http.StatusSeeOther {
		t.Fatalf("got %d %s, want a redirect", w.Code, w.Body)
	}
	return g.send(t, http.MethodGet, w.Header().Get("Location"), "", append([]string{browserA + cookieA}, head...)...)
}

var titleTag = regexp.MustCompile(`<title>([^<]*) – fluxmcp</title>`)

func title(w *httptest.ResponseRecorder) string {
	found := titleTag.FindStringSubmatch(w.Body.String())
	if found == nil {
		return ""
	}
	return found[1]
}

// cookies are those that w sets, by name.
func cookies(w *httptest.ResponseRecorder) map[string]*http.Cookie {
	all := map[string]*http.Cookie{}
	for _, c := range w.Result().Cookies() {
		all[c.Name] = c
	}
	return all
}
