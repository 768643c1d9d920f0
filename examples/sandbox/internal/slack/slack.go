// Package slack is the stand-in of Slack: consent, tokens and the Web API, as
// strict as the documentation: failures come with status 200 and ok:false, the
// scopes of a token with every answer. It knows no other provider.
//
// Source: https://docs.slack.dev/reference/methods
package slack

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/consent"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
)

// appID is that of the only app.
const appID = "A0SANDBOX1"

// SigningSecret signs what the sandbox sends.
const SigningSecret = "5bx0signing0secret0not0a0real0one0"

// Config is what the stand-in needs.
type Config struct {
	Gate   *gate.Gate
	Sender *hooks.Sender
	Now    func() time.Time
	// Base is the address of the stand-in, as the client of a request writes it.
	Base func(*http.Request) string
}

// Slack is safe for concurrent use.
type Slack struct {
	cfg    Config
	issuer *issuer.Issuer
	desk   *consent.Desk

	mu       sync.Mutex
	rotation bool
	pkce     bool
	grace    time.Duration
	users    []*user
	known    map[string]*user // by id
	channels []*channel
	uploads  map[string]*upload
	events   string // URL that events are sent to; empty: nowhere
	serial   int
}

// New makes a stand-in with its workspaces.
func New(cfg Config) *Slack {
	s := &Slack{cfg: cfg, uploads: map[string]*upload{}, known: map[string]*user{}}
	s.issuer = issuer.New(issuer.Config{
		ClientID: "sandbox-slack", Secret: "sandbox-slack-secret-not-a-real-one", CodeLife: codeLife, Now: cfg.Now, Redirect: below,
	})
	s.desk = consent.New(asker{s}, s.issuer, true)
	for _, studio := range company.Studios() {
		s.issuer.Plant(issuer.Token{Holder: issuer.Holder{ID: studio.SlackTeam + "/byhand", Kind: bot}, Access: BotToken(studio), Scopes: botScopes()})
	}
	s.fill()
	return s
}

// BotToken is the token of the app in a workspace that installed it by hand.
func BotToken(s company.Studio) string { return "xoxb-SANDBOX-" + s.SlackTeam }

// below allows a registered redirect URI and what is below it.
// Source: https://docs.slack.dev/authentication/installing-with-oauth
func below(registered, asked string) bool {
	rest, ok := strings.CutPrefix(asked, strings.TrimSuffix(registered, "/"))
	return ok && !strings.Contains(rest, "..") && (rest == "" || rest[0] == '/' || rest[0] == '?')
}

// Issuer has the tokens.
func (s *Slack) Issuer() *issuer.Issuer { return s.issuer }

// Desk has the consent page.
func (s *Slack) Desk() *consent.Desk { return s.desk }

// Rotation makes tokens that expire, from now on.
func (s *Slack) Rotation(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rotation = on
}

// PKCE makes the app a public client.
func (s *Slack) PKCE(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pkce = on
}

// Grace is how long a used refresh token still works.
func (s *Slack) Grace(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grace = d
}

// Refuse answers as Slack does when it is not well, or when it is too much.
func (s *Slack) Refuse(w http.ResponseWriter, _ *http.Request, f gate.Failure) {
	code := map[int]string{http.StatusTooManyRequests: "ratelimited", http.StatusServiceUnavailable: "service_unavailable"}[f.Status]
	if f.Code != "" {
		code = f.Code
	}
	if code == "" {
		code = "internal_error"
	}
	gate.RetryAfter(w, f)
	write(w, f.Status, answer{"ok": false, "error": code})
}

// answer is the body of an answer.
type answer map[string]any

func write(w http.ResponseWriter, status int, a answer) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // who does not get it has left
}

// no is an answer that says what is wrong.
func no(code string) answer { return answer{"ok": false, "error": code} }
