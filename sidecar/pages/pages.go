// Package pages is what a person sees of fluxmcp in a browser: the page of a
// connect link, what came of it, the list of accounts. It is also the REST API
// of accounts for web clients. It knows HTTP, HTML and cookies; what a consent
// is, where accounts are kept and who a bearer token belongs to is decided by
// others. No page needs a script.
//
// What keeps a browser safe here, in one place: every form carries a token that
// only the browser it was made for can send back, and must come from our own
// origin (form.go); cookies have the __Host- prefix (browser.go); a page may load
// nothing and post nowhere but to us and to the provider it is about (render.go);
// a provider's code and state leave the address bar at once (result.go).
package pages

import (
	"context"
	"log/slog"
	"net/http"
	"slices"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/tools"
)

// Flow is *consent.Flow.
type Flow interface {
	Tickets
	Returns
}

// Tickets is the first half of a consent, before the provider.
type Tickets interface {
	Ask(ctx context.Context, r consent.Request) (consent.Link, error)
	Open(ctx context.Context, ticket string, b consent.Browser) (consent.View, error)
	Allow(ctx context.Context, ticket, code string, b consent.Browser) (consent.Start, error)
	Decline(ctx context.Context, ticket string, b consent.Browser) error
}

// Returns is the second half, and the whole for people known by a bearer token.
type Returns interface {
	Start(ctx context.Context, r consent.Request, redirectURI string, b consent.Browser) (consent.Start, error)
	Return(ctx context.Context, c consent.Callback) (consent.Done, error)
	Decide(ctx context.Context, pending string, replace bool, b consent.Browser) (consent.Done, error)
}

// Accounts are the accounts that people have connected. It is safe for
// concurrent use; errors may have Code() and Hint().
type Accounts interface {
	// List returns those of p, in any order.
	List(ctx context.Context, p oauth.Person) ([]Account, error)
	// Disconnect makes p's account at provider unusable at once.
	// Errors: *oauth.NotConnected where there is none.
	Disconnect(ctx context.Context, p oauth.Person, provider string) (Gone, error)
}

// Gone is what became of an account that was disconnected.
type Gone struct {
	Name   string // at the provider
	ByHand string // URL where the person removes the app; empty: the provider is told
}

// Box seals what a browser keeps for us, so that nobody can read, make or change
// it. purpose tells kinds of texts apart: what was sealed for one cannot be
// opened for another. It is safe for concurrent use.
type Box interface {
	Seal(plain []byte, purpose string) []byte
	Open(sealed []byte, purpose string) ([]byte, error)
}

// Provider is one at which people may have accounts.
type Provider struct {
	oauth.Provider
	Offered bool // accounts can be connected: client id and secret are set
}

// Options are the settings of New. Fields are required unless they say otherwise.
type Options struct {
	Flow      Flow
	Accounts  Accounts
	Providers []Provider // all that are known, in the order of the page
	Box       Box

	// Local is who every browser is, where fluxmcp runs without authentication
	// on a loopback address. nil: browsers sign in.
	Local *oauth.Person
	// SignIn is the URL at which a browser signs in and comes back to path.
	// Optional: without it, a pairing code is what signs a browser in.
	SignIn func(path string) string
	// PublicURL is our own URL as browsers write it, without a path. Optional:
	// without it, it is as the request has it.
	PublicURL string
	// RedirectURI is where provider sends people back to, as the flow has it.
	RedirectURI func(provider string) string

	Version string                                 // optional
	Log     *slog.Logger                           // optional
	Refused func(ctx context.Context, code string) // is told of each refusal; optional
}

// Pages answers HTTP. Make it with New; safe for concurrent use.
type Pages struct {
	Options
	sheets
}

// New makes the pages.
func New(o Options) *Pages {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Refused == nil {
		o.Refused = func(context.Context, string) {}
	}
	return &Pages{Options: o, sheets: newSheets()}
}

// Route is a path and what answers there.
type Route struct {
	Pattern string                      // of http.ServeMux, without a method
	Methods map[string]http.HandlerFunc // for everybody
	Bearer  map[string]Bearer           // only for those whose token was checked
}

// Bearer answers a request whose principal is in its context, as tools has it,
// and whose token permits Scope.
type Bearer struct {
	Scope string
	Serve http.HandlerFunc
}

// Routes lists all paths. Which other methods there are, a request's token, the
// scope of it, foreign origins and the headers that every answer has are looked
// after by whoever mounts them.
func (p *Pages) Routes() []Route {
	ticket := func(r *http.Request) string { return "/connect/" + r.PathValue("ticket") }
	accounts := func(*http.Request) string { return accountsPath }
	rest := func(method, scope string, h http.HandlerFunc) map[string]Bearer {
		return map[string]Bearer{method: {scope, h}}
	}
	return []Route{
		{Pattern: "/connect/{ticket}", Methods: p.page(p.showTicket)},
		{Pattern: "/connect/{ticket}/allow", Methods: p.form(ticket, p.allow)},
		{Pattern: "/connect/{ticket}/decline", Methods: p.form(ticket, p.decline)},
		{Pattern: "/connect/decide", Methods: p.form(accounts, p.decide)},
		{Pattern: "/connected/{result}", Methods: p.page(p.showResult)},
		{Pattern: accountsPath, Methods: p.page(p.showAccounts)},
		{Pattern: accountsPath + "/sign-out", Methods: p.form(accounts, p.signOut)},
		{Pattern: accountsPath + "/{provider}/connect", Methods: p.form(accounts, p.connect)},
		{Pattern: accountsPath + "/{provider}/disconnect", Methods: p.both(p.askDisconnect, p.disconnect)},
		{Pattern: apiPath, Bearer: map[string]Bearer{
			http.MethodGet: {tools.ScopeRead, p.apiList}, http.MethodHead: {tools.ScopeRead, p.apiList},
		}},
		{Pattern: apiPath + "/{provider}", Bearer: rest(http.MethodDelete, tools.ScopeWrite, p.apiDisconnect)},
		{Pattern: apiPath + "/{provider}/auth", Bearer: rest(http.MethodGet, tools.ScopeWrite, p.apiStart)},
		{
			Pattern: apiPath + "/{provider}/callback",
			Methods: map[string]http.HandlerFunc{http.MethodGet: p.callback}, // not HEAD: it would use the code up
			Bearer:  rest(http.MethodPost, tools.ScopeWrite, p.apiReturn),
		},
	}
}

const (
	accountsPath = "/integrations"
	apiPath      = "/api/integrations"
)

// provider finds one by name.
func (p *Pages) provider(name string) (Provider, bool) {
	i := slices.IndexFunc(p.Providers, func(v Provider) bool { return v.Name == name })
	if i < 0 {
		return Provider{Provider: oauth.Provider{Name: name, Title: name}}, false
	}
	return p.Providers[i], true
}

// permissions are scopes in plain words, each once.
func (v Provider) permissions(scopes []string) []string {
	all := make([]string, 0, len(scopes))
	for _, s := range scopes {
		if s = plain(v.Describe(s)); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// me is the person whose bearer token came with r.
func (p *Pages) me(ctx context.Context) oauth.Person {
	if p.Local != nil {
		return *p.Local
	}
	who := tools.PrincipalOf(ctx)
	if who.Issuer == "" {
		who.Issuer = tools.LocalIssuer
	}
	return oauth.Person{Issuer: who.Issuer, Subject: who.Subject, Email: who.Email}
}
