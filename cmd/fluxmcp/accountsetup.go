package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/consents"
	"github.com/fluxstudio/fluxmcp/store/jobs"
	"github.com/fluxstudio/fluxmcp/store/tokencache"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools"
	accounttools "github.com/fluxstudio/fluxmcp/tools/accounts"
	"github.com/fluxstudio/fluxmcp/tools/figma"
	"github.com/fluxstudio/fluxmcp/tools/slack"
)

// consenting is what connects accounts in an app.
type consenting struct {
	desk  *desk
	vault *vault.Vault
	jobs  *jobs.Jobs
	base  atomic.Pointer[string] // our own URL as browsers write it; nil: not known yet
	open  bool                   // whoever can open a page is the local person
	point func(name string)      // as streams.point
}

// openAccounts prepares what connects accounts, where a provider is offered. It
// makes no connection.
func (a *app) openAccounts(set *settings, kind serving) error {
	if kind.without {
		return nil
	}
	if err := a.useSandbox(set); err != nil {
		return err
	}
	if !set.offersAccounts() {
		return nil // reading the providers takes a tenth of the whole start
	}
	registry, err := loadRegistry(set)
	if err != nil {
		return err
	}
	offered, err := offeredProviders(set, registry)
	byToken := map[string]bool{}
	if err == nil {
		byToken, err = leaveToTokens(set, kind, offered)
	}
	if err != nil || len(offered) == 0 {
		return err
	}
	if set.text("DATABASE_URL") == "" && a.private == nil {
		return &badSetting{"DATABASE_URL", "is not set, so people's accounts cannot be kept", "Set it to the database in which fluxmcp may keep its own tables."}
	}
	c := &consenting{open: kind.open, point: kind.point}
	if c.vault, err = openVault(set); err != nil {
		return err
	}
	retention, err := set.duration("FLUXMCP_WEBHOOK_RETENTION", time.Hour, 10*365*24*time.Hour)
	if err != nil {
		return err
	}
	a.consent = c
	a.openDesk(registry, offered, byToken, c)
	c.jobs = jobs.New(a.db.Own(), jobs.Config{
		Log: a.log, WebhookRetention: retention,
		Refresh: c.desk.source.RefreshDue, Revoke: c.desk.revoke, Abandon: c.desk.abandon,
	})
	c.desk.revokeSoon = c.jobs.EnqueueRevoke
	return nil
}

// ownConns is how many connections fluxmcp's own tables have where accounts are
// offered, and renewals how many of them may wait for a provider at once.
const (
	ownConns = 8
	renewals = 4
)

func (a *app) openDesk(registry *oauth.Registry, offered map[string]offeredProvider, byToken map[string]bool, c *consenting) {
	m := a.around.tel.Metrics()
	own := a.db.Own()
	d := &desk{registry: registry, offered: offered, byToken: byToken, metrics: m, log: a.log, page: c.known, record: a.recordConsent}
	d.accounts = accounts.New(own, c.vault, accounts.Options{OnUnreadable: m.TokenDecryptError, Point: c.point, Renewals: renewals})
	if a.around.redis != nil {
		d.cache = tokencache.New(a.around.redis, c.vault, tokencache.Options{Log: a.log})
	}
	d.source = tokens.New(tokens.Config{
		Store: d.accounts, Cache: d.cache, Log: a.log, Events: refreshes{m}, Parallel: renewals, Rejected: rejected,
		Client: func(provider string) (tokens.Refresher, bool) {
			o, ok := offered[provider]
			return o.client, ok
		},
	})
	kept := consents.New(own, c.vault)
	d.flow = consent.New(consent.Config{
		Tickets: kept, States: kept, Accounts: saver{d.accounts, d}, Open: c.open, Code: !c.open, Log: a.log,
		Client: func(provider string) (consent.Client, bool) {
			o, ok := offered[provider]
			return o.client, ok
		},
		RedirectURI: d.redirectURI(c), Redirect: d.ownRedirect,
		Record: a.recordConsent, Discard: d.discard, Events: steps{m}, Point: c.point,
	})
	c.desk = d
}

// accountToolsets are those that need accounts, or a token in their place.
func (a *app) accountToolsets(set *settings, kind serving) (list []tools.Toolset, err error) {
	if a.consent != nil {
		list = append(list, accounttools.New(a.consent.desk, names(a.consent.desk.offered)))
	}
	figmaUse, err := a.figmaUse(set, kind)
	if err != nil {
		return nil, err
	}
	if figmaUse != nil {
		list = append(list, figma.New(a.figmaConfig(*figmaUse)))
	}
	slackUse, err := a.slackUse(set, kind)
	if err != nil {
		return nil, err
	}
	if slackUse != nil {
		list = append(list, slack.New(a.slackConfig(*slackUse)))
	}
	return list, nil
}

// startAccounts begins what goes on in the background, until the returned
// function is called.
func (a *app) startAccounts(ctx context.Context) (stop func()) {
	if a.consent == nil {
		return func() {}
	}
	a.consent.jobs.Start(context.WithoutCancel(ctx))
	ctx, stopCounting := context.WithCancel(ctx)
	go a.countAccounts(ctx)
	return func() {
		stopCounting()
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		defer cancel()
		if err := a.consent.jobs.Close(ctx); err != nil {
			a.log.Warn("a background job was cut off", "cause", err.Error())
		}
	}
}

// rejected reports whether an API does not take the token, rather than the
// request: Figma says so with 403 as well, Slack with 200.
// Sources: https://developers.figma.com/docs/rest-api/errors,
// https://docs.slack.dev/reference/methods/auth.test
func rejected(provider string, res *http.Response) bool {
	says := func(pattern *regexp.Regexp) bool {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1024)) // what was read decides
		return pattern.Match(body)
	}
	switch {
	case provider == "figma" && res.StatusCode == http.StatusForbidden:
		return says(figmaRejects)
	case provider == "slack" && res.StatusCode == http.StatusOK:
		return says(slackRejects)
	default:
		return res.StatusCode == http.StatusUnauthorized
	}
}

// What refuses the token. Slack's failures begin with ok and error, in either order.
var (
	figmaRejects = regexp.MustCompile(`(?i)invalid token|token expired|token has expired`)
	slackRejects = regexp.MustCompile(`^\s*\{\s*("ok":\s*false,\s*)?"error":\s*"(invalid_auth|token_expired|token_revoked|account_inactive)"\s*[,}]`)
)

// closeAccounts waits for refreshes under way: a token that a provider gave must
// not be lost.
func (a *app) closeAccounts() {
	if a.consent != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*closing)
		defer cancel()
		if err := a.consent.desk.source.Close(ctx); err != nil {
			a.log.Warn("a refresh was cut off", "cause", err.Error())
		}
	}
	a.sandbox.close()
}

// shownBase is our own URL as people write it.
func (a *app) shownBase(base string) string {
	if a.consent != nil {
		if known := a.consent.base.Load(); known != nil {
			return *known
		}
	}
	return base
}

// known is our own URL, once it is known.
func (c *consenting) known(context.Context) (string, error) {
	if base := c.base.Load(); base != nil {
		return *base, nil
	}
	return "", &badSetting{"FLUXMCP_LISTEN", "is not listened on yet", "Call again in a moment."}
}

// redirectURI is where a provider sends people back to.
func (d *desk) redirectURI(c *consenting) func(string) string {
	return func(provider string) string {
		if own := d.offered[provider].redirect; own != "" {
			return own
		}
		base, _ := c.known(context.Background()) // nobody comes to a consent before it is known
		return base + callbackPath(provider)
	}
}

// ownRedirect tells whether uri is the page of a web app that the operator named.
func (d *desk) ownRedirect(provider, uri string) bool {
	return uri != "" && d.offered[provider].redirect == uri
}

// saver lets store/accounts answer consent.Saver.
type saver struct {
	of   *accounts.Accounts
	desk *desk
}

func (s saver) Save(ctx context.Context, n consent.Account) (consent.Saved, error) {
	saved, err := s.of.Save(ctx, accounts.NewAccount{
		Person: n.Person, Provider: n.Provider, Grant: n.Grant, Identity: n.Identity, Client: n.Client,
		Scopes: n.Scopes, Replace: n.Replace, OneTokenPerUser: n.OneTokenPerUser,
	})
	var other *accounts.OtherAccount
	if errors.As(err, &other) {
		return consent.Saved{}, &consent.OtherAccount{Was: other.Was, Is: other.Is}
	}
	if err == nil {
		s.desk.forget(ctx, n.Person, n.Provider)
	}
	return consent.Saved{Replaced: saved.Replaced}, err
}

func (s saver) Connected(ctx context.Context, p oauth.Person, provider string) (string, error) {
	list, err := s.of.List(ctx, p)
	for _, a := range list {
		if a.Provider == provider && a.Status != accounts.Disconnecting {
			return a.Name, err
		}
	}
	return "", err
}

// revoke tells the provider that an account was disconnected, and deletes it.
// Where the provider cannot be told, the person was told so.
func (d *desk) revoke(ctx context.Context, accountID string) error {
	provider, list, err := d.accounts.Leaving(ctx, accountID)
	if errors.Is(err, accounts.ErrNotConnected) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.discard(ctx, provider, oauth.Grant{Tokens: list}); err != nil {
		return err
	}
	return d.accounts.Wipe(ctx, accountID)
}

// abandon deletes an account whose provider could not be told in time.
func (d *desk) abandon(ctx context.Context, accountID string) error {
	d.log.WarnContext(ctx, "a provider could not be told that an account was disconnected; its tokens are deleted here", "account", accountID)
	return d.accounts.Wipe(ctx, accountID)
}

// discard revokes tokens at the provider, where that can be done.
func (d *desk) discard(ctx context.Context, provider string, g oauth.Grant) error {
	o, ok := d.offered[provider]
	if !ok || !o.client.CanRevoke() {
		return nil
	}
	for _, t := range g.Tokens {
		if err := o.client.Revoke(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// httpClient sends requests as the person who asks, at provider.
func (d *desk) httpClient(provider string) func(context.Context) *http.Client {
	return func(ctx context.Context) *http.Client {
		key := tokens.Key{Person: personOf(tools.PrincipalOf(ctx)), Provider: provider}
		return &http.Client{
			Transport:     titled{d, d.source.Transport(key, http.DefaultTransport)},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
}

// titled names providers in errors as people know them.
type titled struct {
	desk *desk
	next http.RoundTripper
}

func (t titled) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	return res, t.desk.named(err)
}

// recordConsent stores a step of a consent in the audit.
func (a *app) recordConsent(ctx context.Context, e consent.Event) error {
	if a.around.audit == nil {
		return nil
	}
	about, _ := json.Marshal(e) // no secret is in it
	sum := sha256.Sum256(about)
	request := tools.RequestOf(ctx)
	row := audit.Row{
		At: time.Now(), Issuer: e.Person.Issuer, Subject: e.Person.Subject, Tool: "account_" + string(e.Kind), Effect: tools.Overwrites.String(),
		Outcome: tools.OutcomeStarted, Digest: hex.EncodeToString(sum[:]), RequestID: request.ID, TraceID: telemetry.TraceID(ctx), Address: request.Address,
	}
	if e.Provider != "" {
		row.Objects = append(row.Objects, "account:"+e.Provider)
	}
	if e.Account != "" {
		row.Objects = append(row.Objects, "account:"+e.Provider+":"+e.Account)
	}
	switch e.Kind {
	case consent.EventConnected, consent.EventOther:
		row.Outcome = "ok"
	case consent.EventDenied, consent.EventFailed, consent.EventMismatch:
		row.Outcome = string(e.Kind)
		if e.Reason != "" {
			row.Outcome = e.Reason
		}
	}
	return a.around.audit.Before(ctx, row)
}

// steps lets the metrics answer consent.Events.
type steps struct{ m *telemetry.Metrics }

func (s steps) ConnectStep(provider string, step consent.Step) {
	s.m.OAuthConnectFlow(provider, telemetry.ConnectStep(step))
}
func (s steps) Mismatch() { s.m.IdentityMismatch() }

// refreshes lets the metrics answer tokens.Events.
type refreshes struct{ m *telemetry.Metrics }

func (r refreshes) Refreshed(provider, result string) {
	r.m.OAuthRefresh(provider, telemetry.Refresh(result))
}
func (r refreshes) Waited(d time.Duration) { r.m.OAuthRefreshWait(d) }
func (r refreshes) Saved()                 { r.m.OAuthRefreshSaved() }
