package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/sidecar"
	"github.com/fluxstudio/fluxmcp/store/accounts"
	"github.com/fluxstudio/fluxmcp/store/vault"
	"github.com/fluxstudio/fluxmcp/tools/figma/api"
)

// figmaToken asks Figma whose FIGMA_ACCESS_TOKEN is.
func (e *examination) figmaToken(ctx context.Context, a *app) {
	const name = "FIGMA_ACCESS_TOKEN"
	if a.figmaToken == nil {
		return
	}
	me, err := a.figmaToken.Me(ctx)
	switch kind, _ := api.KindOf(err); {
	case err == nil:
		e.ok(name, "works, as "+me.Handle+"; only `stdio`, and `serve` for one person, use it")
	case kind == api.ScopeMissing: // it may read files all the same
		e.ok(name, "works, but may not tell whose it is")
	default:
		e.fail(name, err)
	}
}

// slackToken asks Slack whose SLACK_BOT_TOKEN is.
func (e *examination) slackToken(ctx context.Context, a *app) {
	const name = "SLACK_BOT_TOKEN"
	if a.slackToken == nil {
		return
	}
	me, err := a.slackToken.Identity(ctx)
	if err != nil {
		e.fail(name, err)
		return
	}
	e.ok(name, "works, as "+me.Name+" of "+me.Title+"; only `stdio`, and `serve` for one person, use it")
}

// accounts looks at what connects people's accounts.
func (e *examination) accounts(ctx context.Context, a *app) {
	e.figmaToken(ctx, a)
	e.slackToken(ctx, a)
	if a.consent == nil && e.c.set.offersAccounts() {
		return // settings has told why not
	}
	if a.consent == nil {
		e.ok("accounts", "no provider is set up; FIGMA_CLIENT_ID and the like offer them")
		return
	}
	d := a.consent.desk
	if err := d.accounts.CheckKey(ctx); err != nil {
		e.fail("OAUTH_ENCRYPTION_KEY", err)
	} else {
		e.ok("OAUTH_ENCRYPTION_KEY", "seals with key "+vault.KeyName(a.consent.vault.KeyID()))
	}
	base, err := publicURL(e.c.set)
	if err != nil {
		return // public has told of it
	}
	if base == "" {
		base = "http://" + e.c.set.text("FLUXMCP_LISTEN")
	}
	if err := d.checkRedirects(base); err != nil {
		e.fail("redirect URI", err)
	}
	for _, name := range names(d.offered) {
		redirect := d.offered[name].redirect
		if redirect == "" {
			e.ok(name, "set up; its app must have the redirect URI "+base+callbackPath(name))
			continue
		}
		if u, err := url.Parse(redirect); err == nil && u.Scheme != "https" && !loopback(net.JoinHostPort(u.Hostname(), "0")) {
			e.warn(name, redirect+" sends codes in the clear", "Write https in "+settingPrefix(name)+"REDIRECT_URI.")
			continue
		}
		e.ok(name, "set up; "+redirect+" must be registered with its app, and post code and state to "+base+callbackPath(name))
	}
}

// offeredURLs are the API URLs of what is offered, for reach.
func (a *app) offeredURLs() []provider {
	if a == nil || a.consent == nil {
		return nil
	}
	var list []provider
	d := a.consent.desk
	for _, name := range names(d.offered) {
		bases := d.offered[name].client.Provider().Bases
		if strings.HasPrefix(bases["api"], "http") {
			list = append(list, provider{name, bases["api"]})
		}
	}
	return list
}

// accountChecks are what /readyz looks at of accounts.
func (a *app) accountChecks() []sidecar.Check {
	if a.consent == nil {
		return nil
	}
	return []sidecar.Check{
		{Name: "accounts", Degrades: true, Probe: func(ctx context.Context) (string, error) {
			return fmt.Sprintf("%d providers", len(a.consent.desk.offered)), a.consent.desk.accounts.CheckKey(ctx)
		}},
		{Name: "jobs", Degrades: true, Probe: func(ctx context.Context) (string, error) { return "", a.consent.jobs.Ready(ctx) }},
	}
}

// countEvery is how often the metrics learn how many accounts there are.
const countEvery = time.Minute

// countAccounts feeds the metrics until ctx ends.
func (a *app) countAccounts(ctx context.Context) {
	tick := time.NewTicker(countEvery)
	defer tick.Stop()
	for {
		a.countOnce(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (a *app) countOnce(ctx context.Context) {
	d := a.consent.desk
	counts, err := d.accounts.Counts(ctx)
	if err != nil {
		return // the database's own check tells
	}
	for _, name := range names(d.offered) {
		for _, status := range []string{accounts.Active, accounts.NeedsReconnect, accounts.Disconnecting} {
			n := 0
			for _, c := range counts {
				if c.Provider == name && c.Status == status {
					n = c.N
				}
			}
			d.metrics.OAuthConnections(name, status, n)
		}
	}
	if used, err := d.accounts.KeysInUse(ctx); err == nil {
		for id, n := range used {
			d.metrics.KeysetRows(vault.KeyName(id), n)
		}
	}
}
