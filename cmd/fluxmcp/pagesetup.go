package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/sidecar"
	"github.com/fluxstudio/fluxmcp/sidecar/pages"
	store "github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools/accounts"
)

// pageOptions are the settings of the pages. local is who every browser is; nil:
// browsers sign in.
func (a *app) pageOptions(set *settings, local *oauth.Person) pages.Options {
	d := a.consent.desk
	public, _ := publicURL(set) // was checked before
	return pages.Options{
		Flow: d.flow, Accounts: pageAccounts{d}, Providers: d.pageProviders(), Box: pageBox{a.consent.vault},
		Local: local, PublicURL: public, RedirectURI: d.redirectURI(a.consent), Version: version(), Log: a.log,
	}
}

// pageRoutes are the pages and the REST API of accounts of a server at base.
// Errors: *badSetting where a browser could not come back.
func (a *app) pageRoutes(set *settings, auth, base, public string) ([]sidecar.Route, error) {
	if a.consent == nil {
		return nil, nil
	}
	if public != "" {
		base = public
	} else if !loopback(set.text("FLUXMCP_LISTEN")) {
		return nil, &badSetting{"FLUXMCP_PUBLIC_URL", "is not set, so browsers would not find the way back from a provider", "Set it to the address that browsers use, such as https://mcp.example.com."}
	}
	a.consent.base.Store(&base)
	a.sandbox.register(base, names(a.consent.desk.offered))
	if err := a.consent.desk.checkRedirects(base); err != nil {
		return nil, err
	}
	var local *oauth.Person
	if auth == authNone {
		me := personOf(localUser())
		local = &me
	}
	return openRoutes(pages.New(a.pageOptions(set, local)).Routes(), true), nil
}

// checkRedirects finds redirect URIs that lead to our path at another address:
// the cookie that binds a browser would not come along.
func (d *desk) checkRedirects(base string) error {
	for _, name := range names(d.offered) {
		redirect := d.offered[name].redirect
		if own, isOurs := strings.CutSuffix(redirect, callbackPath(name)); isOurs && own != base {
			return &badSetting{settingPrefix(name) + "REDIRECT_URI", "leads to " + own + ", but browsers know this server as " + base, "Set FLUXMCP_PUBLIC_URL to " + own + ", or leave the redirect URI out."}
		}
	}
	return nil
}

// pageProviders are all that are offered, and those that are known but not set up.
func (d *desk) pageProviders() []pages.Provider {
	var list []pages.Provider
	for _, p := range d.registry.All() {
		o, offered := d.offered[p.Name]
		if offered {
			p = o.client.Provider()
		}
		list = append(list, pages.Provider{Provider: p, Offered: offered})
	}
	return list
}

// pageAccounts lets the desk answer pages.Accounts.
type pageAccounts struct{ desk *desk }

func (p pageAccounts) List(ctx context.Context, who oauth.Person) ([]pages.Account, error) {
	stored, err := p.desk.accounts.List(ctx, who)
	if err != nil {
		return nil, err
	}
	var list []pages.Account
	for _, a := range stored {
		status := pages.Status(a.Status)
		if a.Status == store.Active {
			status = pages.Connected
		}
		list = append(list, pages.Account{
			Provider: a.Provider, Status: status, Reason: reasonText(a.Reason, p.desk.title(a.Provider)), ID: a.UserID, Name: a.Name, Email: a.Email,
			Scopes: a.Scopes, ConnectedAt: a.ConnectedAt, LastUsedAt: a.LastUsedAt, Expires: a.Expires,
		})
	}
	return list, nil
}

func (p pageAccounts) Disconnect(ctx context.Context, who oauth.Person, provider string) (pages.Gone, error) {
	if err := p.desk.recordDisconnect(ctx, who, provider); err != nil {
		return pages.Gone{}, err
	}
	gone, err := p.desk.disconnect(ctx, who, provider)
	return pages.Gone(gone), err
}

var _ = accounts.Gone(pages.Gone{}) // they have the same members

// pageBox seals what browsers keep, with the keys of the vault.
type pageBox struct{ vault *vault.Vault }

func (b pageBox) place(purpose string) vault.Place {
	return vault.Place{Table: "browser", Row: purpose, Column: "sealed", Version: 1}
}

// Seal makes a text that only Open of the same purpose can read.
func (b pageBox) Seal(plain []byte, purpose string) []byte {
	return b.vault.Seal(plain, b.place(purpose))
}

// Open reads what Seal made.
func (b pageBox) Open(sealed []byte, purpose string) ([]byte, error) {
	return b.vault.Open(sealed, b.place(purpose))
}

// nobody refuses every token: where there are pages alone, nothing is behind one.
type nobody struct{}

func (nobody) Verify(context.Context, string) (bearer.Claims, error) {
	return bearer.Claims{}, http.ErrNoCookie
}
