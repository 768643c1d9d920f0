package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	store "github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/accounts"
)

// desk connects, shows and disconnects people's accounts: for tools, pages and
// commands alike. It answers accounts.Desk. Safe for concurrent use.
type desk struct {
	offered  map[string]offeredProvider
	byToken  map[string]bool // providers that are used with a token of the settings instead
	registry *oauth.Registry
	accounts *store.Accounts
	source   *tokens.Source
	flow     *consent.Flow
	cache    tokens.Cache // nil: none
	// revokeSoon lets a job tell the provider; it may fail, since a periodic job
	// finds what was left.
	revokeSoon func(ctx context.Context, accountID string) error
	// page makes sure that our pages can be opened, and says where.
	page    func(ctx context.Context) (base string, err error)
	server  *pageServer                                      // behind page; nil: serve has its own
	record  func(ctx context.Context, e consent.Event) error // in the audit
	metrics *telemetry.Metrics
	log     *slog.Logger
}

var _ accounts.Desk = (*desk)(nil)

func personOf(p tools.Principal) oauth.Person {
	if p.Issuer == "" {
		p.Issuer = tools.LocalIssuer
	}
	return oauth.Person{Issuer: p.Issuer, Subject: p.Subject, Email: p.Email}
}

// title of a provider, for people.
func (d *desk) title(name string) string {
	if p, ok := d.registry.Get(name); ok {
		return p.Title
	}
	return name
}

// Accounts lists those of p at all providers that are offered, and those that
// are no longer offered but connected.
func (d *desk) Accounts(ctx context.Context, p tools.Principal) ([]accounts.Account, error) {
	stored, err := d.accounts.List(ctx, personOf(p))
	if err != nil {
		return nil, d.named(err)
	}
	byName := map[string]store.Account{}
	for _, a := range stored {
		byName[a.Provider] = a
	}
	var list []accounts.Account
	for _, prov := range d.registry.All() {
		a, connected := byName[prov.Name]
		_, offered := d.offered[prov.Name]
		switch {
		case d.byToken[prov.Name]: // it is not used here
		case connected:
			list = append(list, shown(a, prov))
		case offered:
			list = append(list, accounts.Account{Provider: prov.Name, Title: prov.Title, Status: accounts.NotConnected})
		}
	}
	return list, nil
}

// shown is a stored account as tools show it.
func shown(a store.Account, p oauth.Provider) accounts.Account {
	status := a.Status
	if status == store.Active {
		status = accounts.Connected
	}
	out := accounts.Account{
		Provider: a.Provider, Title: p.Title, Status: status, Reason: reasonText(a.Reason, p.Title),
		ID: a.UserID, Name: a.Name, Email: a.Email, Scopes: a.Scopes, ConnectedAt: a.ConnectedAt, LastUsedAt: a.LastUsedAt,
	}
	for _, s := range a.Scopes {
		out.Permissions = append(out.Permissions, p.Describe(s))
	}
	return out
}

// reasonText says to people why an account must be connected again.
func reasonText(reason, title string) string {
	switch reason {
	case "":
		return ""
	case store.ReasonElsewhere:
		return "somebody else here has connected the same " + title + " account since"
	case store.ReasonNoToken:
		return title + " gave no token of the kind that is needed"
	case "interrupted":
		return "fluxmcp was interrupted while it renewed the token"
	default:
		return title + " does not accept the stored token any more"
	}
}

// Connect makes the page where p connects an account.
func (d *desk) Connect(ctx context.Context, p tools.Principal, provider string, further []string) (tools.Visit, error) {
	o, ok := d.offered[provider]
	if !ok {
		return tools.Visit{}, &notOffered{d.title(provider), provider}
	}
	with, err := o.client.Provider().WithScopes(further)
	var unknown *oauth.BadProvider
	if errors.As(err, &unknown) {
		return tools.Visit{}, tools.NewBadArgument(d.title(provider)+" "+unknown.Problem+" among the scopes that fluxmcp asks for", unknown.Hint())
	}
	r := consent.Request{Person: personOf(p), Provider: provider, Scopes: with.DefaultScopes(), Client: tools.ClientName(ctx)}
	v, err := d.visit(ctx, r)
	v.Message = "fluxmcp needs your permission to use your " + d.title(provider) + " account."
	return v, err
}

// Manage makes the page where p sees all accounts.
func (d *desk) Manage(ctx context.Context, p tools.Principal) (tools.Visit, error) {
	v, err := d.visit(ctx, consent.Request{Person: personOf(p), Client: tools.ClientName(ctx)})
	v.Message = "Here you see and change the accounts that fluxmcp may use for you."
	return v, err
}

// visit makes a ticket and the link to it.
func (d *desk) visit(ctx context.Context, r consent.Request) (tools.Visit, error) {
	base, err := d.page(ctx)
	if err != nil {
		return tools.Visit{}, err
	}
	link, err := d.flow.Ask(ctx, r)
	if err != nil {
		return tools.Visit{}, d.named(err)
	}
	v := tools.Visit{ID: link.ID, URL: base + "/connect/" + link.Ticket, Code: link.Code, Expires: link.Expires}
	if d.server != nil && !d.server.serves() {
		err = opens(ctx, v.URL)
	}
	return v, err
}

// useServer lets s serve the pages.
func (d *desk) useServer(s *pageServer) { d.server, d.page = s, s.ready }

// Disconnect makes the account unusable at once, and lets a job tell the provider.
func (d *desk) Disconnect(ctx context.Context, p tools.Principal, provider string) (accounts.Gone, error) {
	return d.disconnect(ctx, personOf(p), provider)
}

func (d *desk) disconnect(ctx context.Context, p oauth.Person, provider string) (accounts.Gone, error) {
	id, gone, err := d.leave(ctx, p, provider)
	if err == nil {
		d.later(ctx, id, provider)
	}
	return gone, err
}

// leave makes the account unusable. The provider is still to be told.
func (d *desk) leave(ctx context.Context, p oauth.Person, provider string) (id string, gone accounts.Gone, err error) {
	left, err := d.accounts.Disconnect(ctx, p, provider)
	if err != nil {
		return "", accounts.Gone{}, d.named(err)
	}
	d.forget(ctx, p, provider)
	d.metrics.OAuthDisconnect(provider)
	gone = accounts.Gone{Name: left.Name}
	if known, ok := d.registry.Get(provider); ok && !known.Revokes() {
		gone.ByHand = known.ManageURL
	}
	return left.AccountID, gone, nil
}

// later lets a job tell the provider; where it cannot be queued, the sweep of
// the jobs finds the account.
func (d *desk) later(ctx context.Context, id, provider string) {
	if err := d.revokeSoon(ctx, id); err != nil {
		d.log.WarnContext(ctx, "the provider is told later that an account was disconnected", "provider", provider, "cause", cause(err))
	}
}

// disconnectNow is disconnect that tells the provider at once, for a process
// that ends then. What fails is left to the jobs of a server.
func (d *desk) disconnectNow(ctx context.Context, p oauth.Person, provider string) (accounts.Gone, error) {
	id, gone, err := d.leave(ctx, p, provider)
	if err != nil {
		return gone, err
	}
	if err := d.revoke(ctx, id); err != nil {
		d.log.WarnContext(ctx, "the provider could not be told at once", "provider", provider, "cause", cause(err))
		d.later(ctx, id, provider)
	}
	return gone, nil
}

// recordDisconnect notes in the audit what is about to happen by other ways
// than a tool, whose calls are recorded anyway.
func (d *desk) recordDisconnect(ctx context.Context, p oauth.Person, provider string) error {
	return d.record(ctx, consent.Event{Kind: "disconnect", Person: p, Provider: provider})
}

// forget drops what the cache has of an account.
func (d *desk) forget(ctx context.Context, p oauth.Person, provider string) {
	if d.cache == nil {
		return
	}
	for _, kind := range []string{"", oauth.KindUser, oauth.KindBot} {
		d.cache.Drop(ctx, tokens.Key{Person: p, Provider: provider, Kind: kind})
	}
}

// Check asks the provider whose account it is, with the token that tools would use.
func (d *desk) Check(ctx context.Context, p tools.Principal, provider string) error {
	o, ok := d.offered[provider]
	if !ok {
		return &notOffered{d.title(provider), provider}
	}
	key := tokens.Key{Person: personOf(p), Provider: provider}
	t, err := d.source.Token(ctx, key)
	if err != nil {
		return d.named(err)
	}
	err = d.identify(ctx, o, t)
	var refused *oauth.Error
	if errors.As(err, &refused) && refused.Kind == oauth.RefusedGrant {
		if t, err = d.source.Renewed(ctx, key, t); err != nil {
			return d.named(err)
		}
		err = d.identify(ctx, o, t)
	}
	return err
}

func (d *desk) identify(ctx context.Context, o offeredProvider, t oauth.Token) error {
	_, err := o.client.Identity(ctx, oauth.Grant{Tokens: []oauth.Token{t}})
	return err
}

// named gives errors of accounts the provider's title.
func (d *desk) named(err error) error {
	var none *oauth.NotConnected
	if errors.As(err, &none) {
		return &oauth.NotConnected{Provider: none.Provider, Title: d.title(none.Provider)}
	}
	var again *oauth.NeedsReconnect
	if errors.As(err, &again) {
		return &oauth.NeedsReconnect{Provider: again.Provider, Title: d.title(again.Provider), Reason: again.Reason}
	}
	return err
}

// mends says which account, connected again and with which further scopes,
// mends err; empty: none does.
func (d *desk) mends(err error) (provider string, scopes []string) {
	var none *oauth.NotConnected
	var again *oauth.NeedsReconnect
	var narrow interface {
		MissingScopes() (provider string, scopes []string)
	}
	switch {
	case errors.As(err, &none):
		return none.Provider, nil
	case errors.As(err, &again):
		return again.Provider, nil
	case !errors.As(err, &narrow):
		return "", nil
	}
	provider, missing := narrow.MissingScopes()
	o, ok := d.offered[provider]
	if !ok {
		return "", nil // a token of a setting
	}
	return further(o.client.Provider(), missing)
}

// further are those of missing that p does not ask for by default; where one of
// several would do, and the person may have been asked for it already, none.
func further(p oauth.Provider, missing []string) (provider string, list []string) {
	known := false
	for _, s := range p.Scopes {
		switch {
		case !slices.Contains(missing, s.Name):
		case s.Optional:
			known, list = true, append(list, s.Name)
		default:
			return p.Name, nil
		}
	}
	if !known {
		return "", nil // nothing that could be asked for
	}
	return p.Name, list
}

// connectPage answers tools.Runtime.Connect: the page that mends err.
func (d *desk) connectPage(ctx context.Context, err error) *tools.Visit {
	provider, further := d.mends(err)
	if provider == "" {
		return nil
	}
	v, err := d.Connect(ctx, tools.PrincipalOf(ctx), provider, further)
	if err != nil {
		d.log.ErrorContext(ctx, "no page to connect an account", "provider", provider, "cause", cause(err))
		return nil
	}
	return &v
}

// awaitLimit bounds how long a call waits for a person in the browser.
const awaitLimit = 25 * time.Second

// await answers tools.Runtime.Await.
func (d *desk) await(ctx context.Context, id string) error {
	bounded, cancel := context.WithTimeout(ctx, awaitLimit)
	defer cancel()
	outcome, err := d.flow.Await(bounded, id, personOf(tools.PrincipalOf(ctx)))
	switch {
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case outcome == consent.OutcomeConnected, outcome == consent.OutcomeSignedIn:
		return nil
	default:
		return &notYet{outcome}
	}
}

// notYet says that the person is not done, or has decided otherwise.
type notYet struct{ outcome consent.Outcome }

func (e *notYet) Error() string {
	switch e.outcome {
	case consent.OutcomePending:
		return "the account is not connected yet: the person has not finished in the browser"
	case consent.OutcomeExpired:
		return "the link has expired before the account was connected"
	case consent.OutcomeFailed:
		return "the account could not be connected"
	default:
		return "the person did not give the permission"
	}
}

func (e *notYet) Code() string {
	switch e.outcome {
	case consent.OutcomePending:
		return "connection_pending"
	case consent.OutcomeExpired, consent.OutcomeFailed:
		return "connection_failed"
	default:
		return "connection_declined"
	}
}

func (e *notYet) Hint() string {
	switch e.outcome {
	case consent.OutcomePending:
		return "Wait until the person says that it is done, then call again."
	case consent.OutcomeExpired, consent.OutcomeFailed:
		return "Call again for a new link."
	default:
		return "Go on without this account, and ask before you try again."
	}
}

// notOffered says that the operator has not set a provider up.
type notOffered struct{ title, name string }

func (e *notOffered) Error() string { return e.title + " is not offered here" }
func (e *notOffered) Code() string  { return "provider_unconfigured" }
func (e *notOffered) Hint() string {
	n := settingPrefix(e.name)
	return fmt.Sprintf("Ask the operator to set %sCLIENT_ID and %sCLIENT_SECRET.", n, n)
}
