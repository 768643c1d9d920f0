// Package github is the stand-in of GitHub: consent, tokens and a part of the
// REST API, as strict as the documentation: token errors come with status 200,
// as JSON only to those who ask for it. It knows no other provider.
//
// Source: https://docs.github.com/en/apps/oauth-apps and https://docs.github.com/en/rest
package github

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/consent"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// Config is what the stand-in needs.
type Config struct {
	Gate   *gate.Gate
	Sender *hooks.Sender
	Now    func() time.Time
	// Base is the address of the stand-in, as the client of a request writes it.
	Base func(*http.Request) string
}

// GitHub is safe for concurrent use.
type GitHub struct {
	cfg    Config
	issuer *issuer.Issuer
	desk   *consent.Desk

	mu       sync.Mutex
	expiring bool
	grace    time.Duration
	repos    []*repo
	serial   int64
}

// New makes a stand-in with its repositories.
func New(cfg Config) *GitHub {
	g := &GitHub{cfg: cfg, serial: 5000000}
	g.issuer = issuer.New(issuer.Config{
		ClientID: "sandbox-github", Secret: "sandbox-github-secret-not-a-real-one", CodeLife: codeLife, Now: cfg.Now, Redirect: matches,
	})
	g.desk = consent.New(asker{g}, g.issuer, true)
	g.fill()
	return g
}

// matches allows the registered redirect URI; on loopback addresses with any port.
// Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#loopback-redirect-urls
func matches(registered, asked string) bool {
	if registered == asked {
		return true
	}
	a, errA := url.Parse(registered)
	b, errB := url.Parse(asked)
	if errA != nil || errB != nil || b.User != nil || b.Fragment != "" {
		return false
	}
	ip := net.ParseIP(b.Hostname())
	return ip != nil && ip.IsLoopback() && a.Scheme == b.Scheme && a.Hostname() == b.Hostname() && a.Path == b.Path && a.RawQuery == b.RawQuery
}

// Issuer has the tokens.
func (g *GitHub) Issuer() *issuer.Issuer { return g.issuer }

// Desk has the consent page.
func (g *GitHub) Desk() *consent.Desk { return g.desk }

// Expiring makes the app a GitHub App, whose tokens expire, from now on.
func (g *GitHub) Expiring(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expiring = on
}

// Grace is how long a used refresh token still works.
func (g *GitHub) Grace(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.grace = d
}

// Refuse answers as GitHub does when it is not well, or when it is too much.
func (g *GitHub) Refuse(w http.ResponseWriter, r *http.Request, f gate.Failure) {
	if f.Status == http.StatusOK { // an error of the token endpoint
		writeToken(w, r, url.Values{"error": {f.Code}, "error_description": {"The sandbox was told to say so."}})
		return
	}
	text := f.Code
	if f.Status == http.StatusTooManyRequests {
		gate.RetryAfter(w, f)
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(g.cfg.Now().Add(time.Duration(max(f.RetryAfter, 0))*time.Second).Unix(), 10))
		text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
	}
	if text == "" {
		text = http.StatusText(f.Status)
	}
	fail(w, f.Status, text)
}

// fail answers an error of the API.
func fail(w http.ResponseWriter, status int, text string) {
	write(w, status, map[string]any{"message": text, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not get it has left
}
