// Package figma is the stand-in of Figma: consent, tokens and the REST API, as
// strict as the documentation. What it answers is held to Figma's OpenAPI in
// the tests. It knows no other provider.
//
// Source: https://developers.figma.com/docs/rest-api/ and OpenAPI 0.43.0.
package figma

import (
	"cmp"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/consent"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/gate"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/hooks"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/shelf"
)

// Config is what the stand-in needs.
type Config struct {
	Gate   *gate.Gate
	Sender *hooks.Sender
	Now    func() time.Time
	// Base is the address of the stand-in, as the client of a request writes it.
	Base func(*http.Request) string
}

// Figma is safe for concurrent use.
type Figma struct {
	cfg    Config
	issuer *issuer.Issuer
	desk   *consent.Desk
	shelf  *shelf.Shelf

	mu       sync.Mutex
	public   bool                  // the app is a public one
	comments map[string][]*comment // by file key, the oldest first
	webhooks []*webhook
	serial   int64 // of comments and webhooks
}

// New makes a stand-in with its files.
func New(cfg Config) *Figma {
	f := &Figma{cfg: cfg, shelf: shelf.New(cfg.Now), comments: map[string][]*comment{}, serial: 1400000000}
	f.issuer = issuer.New(issuer.Config{
		ClientID: "sandbox-figma", Secret: "sandbox-figma-secret-not-a-real-one", CodeLife: codeLife, Now: cfg.Now,
		Redirect: func(registered, asked string) bool { return registered == asked },
	})
	f.desk = consent.New(asker{f}, f.issuer, false)
	for _, p := range company.People() {
		f.issuer.Plant(issuer.Token{Holder: issuer.Holder{ID: p.FigmaID, Kind: personal}, Person: p.Key, Access: PersonalToken(p), Scopes: allScopes()})
	}
	f.firstComments()
	return f
}

// Issuer has the tokens.
func (f *Figma) Issuer() *issuer.Issuer { return f.issuer }

// Desk has the consent page.
func (f *Figma) Desk() *consent.Desk { return f.desk }

// Public makes the app a public one, which may not ask for some scopes.
func (f *Figma) Public(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.public = on
}

// Refuse answers as Figma does when it is not well, or when it is too much.
func (f *Figma) Refuse(w http.ResponseWriter, r *http.Request, x gate.Failure) {
	if x.Status == http.StatusTooManyRequests {
		gate.RetryAfter(w, x)
		n, _ := f.shelf.File(r.PathValue("key"))
		w.Header().Set("X-Figma-Plan-Tier", cmp.Or(n.Plan, "pro"))
		w.Header().Set("X-Figma-Rate-Limit-Type", cmp.Or(n.Seat, "high"))
		w.Header().Set("X-Figma-Upgrade-Link", "https://www.figma.com/pricing")
	}
	texts := map[int]string{
		http.StatusBadRequest: tooLarge, http.StatusForbidden: "Token expired",
		http.StatusNotFound: "Not found", http.StatusTooManyRequests: "Rate limit exceeded", http.StatusInternalServerError: "Internal server error",
	}
	text := texts[x.Status]
	if x.Code != "" {
		text = x.Code
	}
	if text == "" {
		text = http.StatusText(x.Status)
	}
	fail(w, x.Status, text, shapeAt(r, x.Status))
}

// shape is one of the two forms of Figma's errors.
type shape int

const (
	withErr   shape = iota // {"status", "err"}
	withError              // {"status", "error": true, "message"}
)

// fail answers an error in the shape that the route has.
func fail(w http.ResponseWriter, status int, text string, s shape) {
	body := map[string]any{"status": status, "err": text}
	if s == withError {
		body = map[string]any{"status": status, "error": true, "message": text, "i18n": nil}
	}
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // who does not get it has left
}
