package consenttest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// Provider is a provider with a consent page. It is strict: a code is good
// once, for its redirect URI and its verifier. It is safe for concurrent use.
type Provider struct {
	About     oauth.Provider
	Refuse    error // of Exchange
	Nobody    error // of Identity
	Exchanged int   // how often a code was exchanged, whatever came of it

	mu       sync.Mutex
	asked    map[string]oauth.Authorization // by state
	codes    map[string]code
	accounts map[string]string // by access token
}

type code struct {
	account string
	asked   oauth.Authorization
}

// NewProvider makes a provider.
func NewProvider(name string, pkce bool) *Provider {
	return &Provider{
		About: oauth.Provider{Name: name, Title: strings.ToUpper(name), PKCE: pkce, Scopes: []oauth.Scope{{Name: "read", Kind: oauth.KindUser}}},
		asked: map[string]oauth.Authorization{}, codes: map[string]code{}, accounts: map[string]string{},
	}
}

// Provider is what the flow knows of it.
func (p *Provider) Provider() oauth.Provider { return p.About }

// AuthorizeURL is the address of the consent page.
func (p *Provider) AuthorizeURL(a oauth.Authorization) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[a.State] = a
	return "https://" + p.About.Name + ".example/authorize?" + url.Values{"state": {a.State}, "redirect_uri": {a.RedirectURI}}.Encode()
}

// Consent is somebody with account who allows at the page of url: the code and
// the state that their browser brings back. Any other URL panics.
func (p *Provider) Consent(page, account string) (newCode, state string) {
	u, err := url.Parse(page)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	state = u.Query().Get("state")
	asked, ok := p.asked[state]
	if !ok {
		panic("no such consent page: " + page)
	}
	newCode = "code-" + rand.Text()
	p.codes[newCode] = code{account, asked}
	return newCode, state
}

// Exchange gives a token for a code.
func (p *Provider) Exchange(ctx context.Context, text, verifier, redirectURI string) (oauth.Grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Exchanged++
	c, ok := p.codes[text]
	delete(p.codes, text)
	switch {
	case ctx.Err() != nil:
		return oauth.Grant{}, ctx.Err()
	case p.Refuse != nil:
		return oauth.Grant{}, p.Refuse
	case !ok:
		return oauth.Grant{}, errors.New("invalid_grant: the code is not known")
	case c.asked.RedirectURI != redirectURI:
		return oauth.Grant{}, errors.New("invalid_grant: redirect_uri differs")
	case c.asked.Verifier != verifier:
		return oauth.Grant{}, errors.New("invalid_grant: code_verifier differs")
	}
	token := "token-" + rand.Text()
	p.accounts[token] = c.account
	return oauth.Grant{Tokens: []oauth.Token{{Kind: oauth.KindUser, Access: oauth.NewSecret(token)}}}, nil
}

// Identity tells whose a token is.
func (p *Provider) Identity(ctx context.Context, g oauth.Grant) (oauth.Identity, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := cmp.Or(ctx.Err(), p.Nobody); err != nil {
		return oauth.Identity{}, err
	}
	id, ok := p.accounts[g.Tokens[0].Access.Reveal()]
	if !ok {
		return oauth.Identity{}, errors.New("no such token")
	}
	return oauth.Identity{ID: id, Name: "name of " + id}, nil
}

// Accounts saves accounts in memory. The zero value is ready. It is safe for
// concurrent use.
type Accounts struct {
	Fail  error // of Save
	Saves []consent.Account

	mu    sync.Mutex
	there map[string]consent.Account
}

func key(p oauth.Person, provider string) string {
	return fmt.Sprintf("%q %q %q", p.Issuer, p.Subject, provider)
}

// Save stores a.
func (s *Accounts) Save(ctx context.Context, a consent.Account) (consent.Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmp.Or(ctx.Err(), s.Fail); err != nil {
		return consent.Saved{}, err
	}
	was, ok := s.there[key(a.Person, a.Provider)]
	other := ok && was.Identity.ID != a.Identity.ID
	if other && !a.Replace {
		return consent.Saved{}, &consent.OtherAccount{Was: was.Identity.Name, Is: a.Identity.Name}
	}
	if s.there == nil {
		s.there = map[string]consent.Account{}
	}
	s.there[key(a.Person, a.Provider)] = a
	s.Saves = append(s.Saves, a)
	if other {
		return consent.Saved{Replaced: was.Grant.Tokens}, nil
	}
	return consent.Saved{}, nil
}

// Connected names the account that is there.
func (s *Accounts) Connected(_ context.Context, p oauth.Person, provider string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.there[key(p, provider)].Identity.Name, nil
}
