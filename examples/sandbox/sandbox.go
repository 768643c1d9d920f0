// Package sandbox is a local stand-in of Figma, Slack and GitHub: consent pages
// for a browser, tokens, and the parts of their APIs that fluxmcp uses, for
// `make demo` and for tests. It is strict: what the documentation refuses, it
// refuses, in the provider's own form. Nothing in it is real, and it knows
// nothing of fluxmcp.
//
// Everything is below one address: /figma, /slack and /github stand for the
// hosts of the three (see Settings), /_control turns the knobs from other
// processes on this machine.
package sandbox

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/consent"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/figma"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/github"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/install"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/page"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/slack"
)

// The providers, as the methods name them. Methods panic for others: that is a
// mistake in a test.
const (
	Figma  = "figma"
	Slack  = "slack"
	GitHub = "github"
)

// Options are how a sandbox is made. The zero value is good.
type Options struct {
	BaseURL string           // how clients reach it, without a slash at the end; empty: as each request has it
	Log     *slog.Logger     // requests at debug level; nil: nowhere
	Now     func() time.Time // nil: time.Now
}

// Sandbox is safe for concurrent use.
type Sandbox struct {
	base   string
	now    func() time.Time
	sender *hooks.Sender

	figma     *figma.Figma
	slack     *slack.Slack
	github    *github.GitHub
	providers map[string]provider
	handler   http.Handler

	mu    sync.Mutex
	ahead time.Duration // of now
}

// provider is what the three have in common.
type provider struct {
	gate   *gate.Gate
	issuer *issuer.Issuer
	desk   *consent.Desk
	revoke func(match func(issuer.Holder, string) bool) int
}

// New makes a sandbox. It listens nowhere: see Handler.
func New(o Options) *Sandbox {
	s := &Sandbox{base: strings.TrimSuffix(o.BaseURL, "/"), now: o.Now, providers: map[string]provider{}}
	if s.now == nil {
		s.now = time.Now
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s.sender = hooks.NewSender(log)
	newGate := func(name string, refuse func(http.ResponseWriter, *http.Request, gate.Failure)) *gate.Gate {
		return gate.New(gate.Config{Provider: name, Log: log, Now: s.clock, Refuse: refuse})
	}
	// A gate asks its provider how to refuse, and the provider has the gate.
	gates := map[string]*gate.Gate{
		Figma:  newGate(Figma, func(w http.ResponseWriter, r *http.Request, f gate.Failure) { s.figma.Refuse(w, r, f) }),
		Slack:  newGate(Slack, func(w http.ResponseWriter, r *http.Request, f gate.Failure) { s.slack.Refuse(w, r, f) }),
		GitHub: newGate(GitHub, func(w http.ResponseWriter, r *http.Request, f gate.Failure) { s.github.Refuse(w, r, f) }),
	}
	s.figma = figma.New(figma.Config{Gate: gates[Figma], Sender: s.sender, Now: s.clock, Base: s.baseOf(Figma)})
	s.slack = slack.New(slack.Config{Gate: gates[Slack], Sender: s.sender, Now: s.clock, Base: s.baseOf(Slack)})
	s.github = github.New(github.Config{Gate: gates[GitHub], Sender: s.sender, Now: s.clock, Base: s.baseOf(GitHub)})
	s.providers[Figma] = provider{gates[Figma], s.figma.Issuer(), s.figma.Desk(), s.figma.Issuer().Revoke}
	s.providers[Slack] = provider{gates[Slack], s.slack.Issuer(), s.slack.Desk(), s.slack.Revoke}
	s.providers[GitHub] = provider{gates[GitHub], s.github.Issuer(), s.github.Desk(), s.github.Issuer().Revoke}
	s.handler = s.routes()
	return s
}

func (s *Sandbox) routes() http.Handler {
	mux := http.NewServeMux()
	for prefix, add := range map[string]func(*http.ServeMux){Figma: s.figma.Routes, Slack: s.slack.Routes, GitHub: s.github.Routes} {
		inner := http.NewServeMux()
		add(inner)
		mux.Handle("/"+prefix+"/", http.StripPrefix("/"+prefix, inner))
	}
	mux.HandleFunc("GET "+page.StylePath, page.ServeStyle)
	mux.Handle("/_control/", s.control())
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		page.WriteMessage(w, http.StatusOK, page.Message{
			Title: "Sandbox", Heading: "A stand-in of Figma, Slack and GitHub", Text: "Connect an account from fluxmcp, and its consent page opens here.",
		})
	})
	return mux
}

// Handler serves the sandbox. It must be at the root of its address.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// clock is the sandbox's time.
func (s *Sandbox) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now().Add(s.ahead)
}

func (s *Sandbox) baseOf(name string) func(*http.Request) string {
	return func(r *http.Request) string {
		return cmp.Or(s.base, "http://"+r.Host) + "/" + name
	}
}

func (s *Sandbox) of(name string) provider {
	p, ok := s.providers[name]
	if !ok {
		panic(fmt.Sprintf("sandbox: there is no provider %q", name))
	}
	return p
}

// Setting is an environment variable of fluxmcp.
type Setting struct{ Name, Value string }

// Settings make fluxmcp use the sandbox, which must have a BaseURL.
func (s *Sandbox) Settings() []Setting {
	list := []Setting{
		{"FIGMA_API_URL", s.base + "/figma"},
		{"FIGMA_AUTHORIZE_URL", s.base + "/figma/oauth"},
		{"FIGMA_SCOPES", "folders:read,projects:read"},
		{"FIGMA_TEAM_ID", company.Studios()[0].FigmaTeam},
		{"SLACK_API_URL", s.base + "/slack/api"},
		{"SLACK_AUTHORIZE_URL", s.base + "/slack/oauth/v2/authorize"},
		{"GITHUB_API_URL", s.base + "/github/api"},
		{"GITHUB_AUTHORIZE_URL", s.base + "/github/login/oauth/authorize"},
		{"GITHUB_TOKEN_URL", s.base + "/github/login/oauth/access_token"},
	}
	for _, name := range []string{Figma, Slack, GitHub} {
		id, secret := s.Client(name)
		prefix := strings.ToUpper(name)
		list = append(list, Setting{prefix + "_CLIENT_ID", id}, Setting{prefix + "_CLIENT_SECRET", secret})
	}
	return list
}

// Client is the id and the secret of the demo app at a provider.
func (s *Sandbox) Client(provider string) (id, secret string) { return s.of(provider).issuer.Client() }

// Register adds a redirect URI to the demo app at a provider.
func (s *Sandbox) Register(provider, redirectURI string) { s.of(provider).issuer.Register(redirectURI) }

// SlackSigningSecret signs what comes from the stand-in of Slack.
func (s *Sandbox) SlackSigningSecret() string { return slack.SigningSecret }

// Person is somebody who can sign in at the consent pages.
type Person struct {
	Key    string // as the knobs name them: caleb.ochoa
	Name   string
	Email  string
	Studio string
	Figma  string // id there
	Slack  string // team id and user id there, T…/U…
	GitHub string // login there
}

// People lists who can sign in.
func (s *Sandbox) People() []Person {
	var list []Person
	for _, p := range company.People() {
		if st := company.StudioOf(p); p.SignsIn {
			list = append(list, Person{p.Key, p.Name, p.Email, st.Name, p.FigmaID, st.SlackTeam + "/" + p.SlackID, p.Login})
		}
	}
	return list
}

// PersonalToken is a token that was made by hand: Figma's personal access token
// of a person, or Slack's bot token of their workspace. GitHub has none.
func (s *Sandbox) PersonalToken(provider, person string) string {
	p, ok := company.ByKey(person)
	switch {
	case ok && provider == Figma:
		return figma.PersonalToken(p)
	case ok && provider == Slack:
		return install.BotToken(company.StudioOf(p))
	}
	panic(fmt.Sprintf("sandbox: there is no personal token of %q at %q", person, provider))
}

// SlackBotToken is the token of Slack's bot in the workspace of Flux Studio, which
// installed the app by hand.
func (s *Sandbox) SlackBotToken() string { return install.BotToken(company.Studios()[0]) }

// SlackUserToken is the token that a person, who need not be one of those who can
// sign in, got by installing Slack's app by hand. It may do all that there is.
func (s *Sandbox) SlackUserToken(person string) string {
	p, ok := company.ByKey(person)
	if !ok {
		panic(fmt.Sprintf("sandbox: there is nobody called %q", person))
	}
	return install.UserToken(p)
}

// Allow does what a person's browser does who allows what is asked at
// authorizeURL, and returns where it is sent to.
// Errors: what the consent page says where there is nothing to allow.
func (s *Sandbox) Allow(provider, authorizeURL, person string) (callback string, err error) {
	q, err := s.asked(provider, authorizeURL)
	if err != nil {
		return "", err
	}
	callback, refused := s.of(provider).desk.Allow(q, person)
	return callback, refusal(refused)
}

// Deny does what the browser of a person does who does not allow it. callback
// is empty where they are not sent back, as by Figma.
// Errors: as of Allow.
func (s *Sandbox) Deny(provider, authorizeURL string) (callback string, err error) {
	q, err := s.asked(provider, authorizeURL)
	if err != nil {
		return "", err
	}
	callback, refused := s.of(provider).desk.Deny(q)
	return callback, refusal(refused)
}

// asked is the query of a consent page, which must be the provider's.
func (s *Sandbox) asked(provider, authorizeURL string) (url.Values, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return nil, fmt.Errorf("read the consent page's address: %w", err)
	}
	path := map[string]string{Figma: "/figma/oauth", Slack: "/slack/oauth/v2/authorize", GitHub: "/github/login/oauth/authorize"}[provider]
	if !strings.HasSuffix(u.Path, path) {
		return nil, fmt.Errorf("the consent page of %s is not at %s", provider, u.Path)
	}
	return u.Query(), nil
}

func refusal(r *consent.Refusal) error {
	if r == nil {
		return nil
	}
	return fmt.Errorf("the consent page refused: %s%v%s", r.Text, cmp.Or(r.JSON, any("")), r.Location)
}
