// Package slack is the stand-in of Slack: consent, tokens and the Web API, as
// strict as the documentation: failures come with status 200 and ok:false, the
// scopes of a token with every answer. It knows no other provider.
//
// Source: https://docs.slack.dev/reference/methods
package slack

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/talk"
)

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
	*install.Install
	cfg Config

	mu sync.Mutex
	*talk.World
	uploads map[string]*upload
	posts   []Post
	most    int    // messages a call of history or replies; 0: as asked
	events  string // URL that events are sent to; empty: nowhere
}

// New makes a stand-in with its workspaces.
func New(cfg Config) *Slack {
	return &Slack{Install: install.New(cfg.Now), World: talk.New(cfg.Now), cfg: cfg, uploads: map[string]*upload{}}
}

// Crowd adds channels, users and messages: see talk.
func (s *Slack) Crowd(channels, users, messages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.World.Crowd(channels, users, messages)
}

// HistoryLimit gives at most so many messages a call of history and replies, as
// for apps outside Slack's Marketplace that others distribute; 0: as asked.
// Source: https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps
func (s *Slack) HistoryLimit(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.most = n
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
