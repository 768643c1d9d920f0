// Command independent connects accounts, with fluxmcp's consent flow and OAuth
// client, at providers that other people wrote; asks a server made of Figma's
// OpenAPI all that its client of Figma can ask, and emulate all that its client of
// Slack can; and checks what comes of it. It knows no database and no HTTP server of ours: what is kept is kept in
// memory.
//
// run.sh starts the providers and then this.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/consent/consenttest"
)

//go:embed generic.yaml
var generic []byte

// subject is one provider to connect at.
type subject struct {
	provider oauth.Provider
	person   string // button to click on the consent page; empty: it asks nobody
	name     string // account that must be connected
	id       string // its id; empty: the provider makes one up
	again    string // reason for which a code is refused the second time
	secret   string // of the app
	badApp   string // reason for which a wrong secret is refused; empty: it takes any
	renews   bool   // tokens can be refreshed and revoked
}

func main() {
	at := map[string]*string{}
	for _, name := range []string{"generic", "slack", "github", "figma"} {
		at[name] = flag.String(name, "", "URL of the provider "+name)
	}
	flag.Parse()
	list, err := subjects(*at["generic"], *at["slack"], *at["github"])
	failed := err != nil
	if failed {
		fmt.Println("FAIL ", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute) // Prism takes its time at first
	defer cancel()
	for _, s := range list {
		if err := s.run(ctx); err != nil {
			failed = true
			fmt.Printf("FAIL  %-8s %v\n", s.provider.Name, err)
		}
	}
	if err := figma(ctx, *at["figma"]); err != nil {
		failed = true
		fmt.Println("FAIL  figma   ", err)
	}
	if err := slackTools(ctx, *at["slack"]+"/api"); err != nil {
		failed = true
		fmt.Println("FAIL  slack   ", err)
	}
	if failed {
		os.Exit(1)
	}
}

// subjects are the providers, moved to where they are.
func subjects(generically, slack, github string) ([]subject, error) {
	r, err := oauth.Load(generic)
	if err != nil {
		return nil, err
	}
	list := []subject{
		{name: "johndoe", id: "johndoe", again: "invalid_request", secret: "any", renews: true},
		{person: "maria", name: "maria (Emulate)", again: "invalid_code", secret: "secretofslack1", badApp: "invalid_client_id"},
		{person: "octocat", name: "octocat", again: "bad_verification_code", secret: "secretofgithub1", badApp: "incorrect_client_credentials"},
	}
	for i, bases := range []map[string]string{
		{"": "generic", "api": generically},
		{"": "slack", "api": slack + "/api", "authorize": slack + "/oauth/v2/authorize"},
		{"": "github", "api": github, "authorize": github + "/login/oauth/authorize", "token": github + "/login/oauth/access_token"},
	} {
		p, _ := r.Get(bases[""])
		delete(bases, "")
		for base, url := range bases {
			if p, err = p.WithBase(base, url); err != nil {
				return nil, err
			}
		}
		list[i].provider = p
	}
	return list, nil
}

func (s subject) client(secret string) *oauth.Client {
	return oauth.NewClient(s.provider, oauth.Credentials{ID: "independent." + s.provider.Name, Secret: oauth.NewSecret(secret)}, nil)
}

func (s subject) redirect() string {
	return "http://127.0.0.1:8787/api/integrations/" + s.provider.Name + "/callback"
}

func (s subject) run(ctx context.Context) error {
	kept := &consenttest.Accounts{}
	back, flow, err := s.consent(ctx, kept)
	if err != nil {
		return fmt.Errorf("consent: %w", err)
	}
	if _, err := flow.Return(ctx, back); reasonOf(err) != string(consent.StateUsed) {
		return fmt.Errorf("the callback is replayed: got %v, want it refused", err)
	}
	if len(kept.Saves) != 1 {
		return fmt.Errorf("%d accounts were saved, want 1", len(kept.Saves))
	}
	account := kept.Saves[0]
	if account.Identity.Name != s.name || account.Identity.ID == "" || s.id != "" && account.Identity.ID != s.id {
		return fmt.Errorf("the account is %+v, want %s", account.Identity, s.name)
	}
	fmt.Printf("ok    %-8s connected as %s (%s), %d token(s), scopes %q\n",
		s.provider.Name, account.Identity.Name, account.Identity.ID, len(account.Grant.Tokens), account.Grant.Tokens[0].Scopes)
	if err := s.refuses(ctx, back.Code); err != nil {
		return err
	}
	return s.lives(ctx, account)
}

// consent is a person who opens the link, allows, and consents at the provider.
func (s subject) consent(ctx context.Context, kept *consenttest.Accounts) (consent.Callback, *consent.Flow, error) {
	memory := &consenttest.Memory{}
	flow := consent.New(consent.Config{
		Tickets: memory, States: memory, Accounts: kept, Open: true,
		Client:      func(string) (consent.Client, bool) { return s.client(s.secret), true },
		RedirectURI: func(string) string { return s.redirect() },
	})
	person := oauth.Person{Issuer: "local", Subject: "somebody"}
	link, err := flow.Ask(ctx, consent.Request{Person: person, Provider: s.provider.Name, Client: "independent"})
	if err != nil {
		return consent.Callback{}, nil, err
	}
	start, err := flow.Allow(ctx, link.Ticket, "", consent.Browser{})
	if err != nil {
		return consent.Callback{}, nil, err
	}
	answer, err := visit(ctx, start.URL, s.person)
	if err != nil {
		return consent.Callback{}, nil, err
	}
	back := consent.Callback{
		Provider: s.provider.Name, Code: answer.Get("code"), State: answer.Get("state"), RedirectURI: s.redirect(),
		Browser: consent.Browser{Cookie: start.Cookie},
	}
	_, err = flow.Return(ctx, back)
	return back, flow, err
}

// refuses checks what the provider must not take, and how we understand that.
func (s subject) refuses(ctx context.Context, used string) error {
	_, err := s.client(s.secret).Exchange(ctx, used, verifier(s.provider), s.redirect())
	if reasonOf(err) != s.again {
		return fmt.Errorf("a used code: got %v, want it refused with %s", err, s.again)
	}
	fmt.Printf("ok    %-8s refuses a used code: %v\n", s.provider.Name, err)
	if s.badApp == "" {
		return nil
	}
	_, err = s.client("wrong1").Exchange(ctx, used, verifier(s.provider), s.redirect())
	var told *oauth.Error
	if !errors.As(err, &told) || told.Kind != oauth.BadClient || told.Reason != s.badApp {
		return fmt.Errorf("a wrong secret: got %v, want it refused with %s", err, s.badApp)
	}
	fmt.Printf("ok    %-8s refuses a wrong secret: %v\n", s.provider.Name, err)
	return nil
}

func verifier(p oauth.Provider) string {
	if p.PKCE {
		return oauth.NewVerifier()
	}
	return ""
}

// lives uses the account: whose it is with the stored token alone and, where
// the provider can, refreshed and revoked.
func (s subject) lives(ctx context.Context, a consent.Account) error {
	c := s.client(s.secret)
	token := a.Grant.Tokens[0]
	if s.renews {
		next, err := c.Refresh(ctx, token)
		if err != nil {
			return err
		}
		if next.Refresh == token.Refresh || next.Expires.IsZero() {
			return fmt.Errorf("the refresh token is the old one, or the access token has no end: %+v", next)
		}
		token = next
	}
	who, err := c.Identity(ctx, oauth.Grant{Tokens: []oauth.Token{token}})
	if err != nil || who.ID != a.Identity.ID {
		return fmt.Errorf("the stored token is %+v's, %v; want %s's", who, err, a.Identity.ID)
	}
	if s.renews {
		err = c.Revoke(ctx, token)
	}
	fmt.Printf("ok    %-8s token used; refreshed and revoked: %t\n", s.provider.Name, s.renews)
	return err
}

// reasonOf is why the flow or the provider refuses; empty: for another reason.
func reasonOf(err error) string {
	var refused *consent.Refused
	var told *oauth.Error
	switch {
	case errors.As(err, &refused):
		return string(refused.Reason)
	case errors.As(err, &told):
		return told.Reason
	}
	return ""
}
