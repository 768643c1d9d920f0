package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fluxstudio/fluxmcp/store/audit"
)

// maxSkew is the difference of clocks that tokens and traces bear.
const maxSkew = 5 * time.Second

// keys looks at what verifies bearer tokens.
func (e *examination) keys(ctx context.Context) {
	set := e.c.set
	if secret := set.text("JWT_SECRET"); secret != "" {
		if err := checkSecret(set); err != nil {
			e.fail("JWT_SECRET", err)
		} else {
			e.ok("JWT_SECRET", fmt.Sprintf("%d bytes", len(secret)))
		}
	}
	if _, err := sessionKey(set); err != nil {
		e.fail("FLUXMCP_SESSION_KEY", err)
	}
	if set.text("FLUXMCP_ISSUERS") == "" {
		return
	}
	v, err := newVerifier(ctx, set, "", e.c.log)
	if err != nil {
		e.fail("issuers", err)
		return
	}
	defer v.Close()
	for _, k := range v.Keys() {
		if k.Keys == 0 {
			e.fail("issuer "+k.Issuer, &keysMissing{host: k.Issuer, err: k.Err})
			continue
		}
		e.ok("issuer "+k.Issuer, fmt.Sprintf("%d keys", k.Keys))
	}
}

// redis makes a round trip, where there is one.
func (e *examination) redis(ctx context.Context, a *app) {
	db := a.around.redis
	if db == nil {
		if a.around.replicas > 1 {
			e.warn("redis", fmt.Sprintf("not set, but FLUXMCP_REPLICAS is %d: each replica allows every user the whole limit", a.around.replicas), "Set REDIS_URL.")
			return
		}
		e.ok("redis", "not set: limits and cached answers are each process's own")
		return
	}
	start := time.Now()
	if err := db.Ping(ctx); err != nil {
		e.warn("redis", cause(err), "Start Redis, or correct address, password, TLS (rediss) and number in REDIS_URL. Until then each process limits for itself, and no answer is kept.")
		return
	}
	e.ok("redis", "answers in "+time.Since(start).Round(100*time.Microsecond).String())
}

// clock compares this machine's with the database's.
func (e *examination) clock(ctx context.Context, a *app) {
	before := time.Now()
	there, err := a.db.Clock(ctx)
	if err != nil {
		e.fail("clock", err)
		return
	}
	here := before.Add(time.Since(before) / 2)
	skew := there.Sub(here).Abs().Round(time.Millisecond)
	if skew > maxSkew {
		e.warn("clock", fmt.Sprintf("%s apart from the database's", skew), "Let both machines take the time by NTP; tokens expire by this machine's clock.")
		return
	}
	e.ok("clock", fmt.Sprintf("within %s of the database's", max(skew, time.Millisecond)))
}

// audit looks whether calls can be recorded.
func (e *examination) audit(ctx context.Context, a *app) {
	mode := e.c.set.text("FLUXMCP_AUDIT")
	if mode == "off" {
		e.warn("audit", "calls are not recorded", "Set FLUXMCP_AUDIT to auto or required.")
		return
	}
	log := audit.New(a.db.Own(), audit.Options{})
	defer func() { _ = log.Close(ctx) }() // nothing was queued
	err := log.Ready(ctx)
	switch {
	case err == nil:
		e.ok("audit", "calls are recorded in fluxmcp.audit_log")
	case mode == "required":
		e.fail("audit", err)
	default:
		e.warn("audit", err.Error()+"; calls that only read are not recorded, others are refused", hintOf(err, "Run `fluxmcp migrate up`, or set FLUXMCP_AUDIT to off."))
	}
}

func hintOf(err error, otherwise string) string {
	var told interface{ Hint() string }
	if errors.As(err, &told) {
		return told.Hint()
	}
	return otherwise
}

// provider is a system on the network that is asked for things.
type provider struct{ name, url string }

// providers tries all of them at once. None is needed to serve the database.
func (e *examination) providers(ctx context.Context, a *app) {
	set := e.c.set
	list := append(a.offeredURLs(), []provider{
		{"collector", set.text("OTEL_EXPORTER_OTLP_ENDPOINT")}, {"sentry", withoutUser(set.text("SENTRY_DSN"))},
	}...)
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, p := range list {
		if p.url != "" {
			all.Go(func() { errs[i] = reach(ctx, p.url) })
		}
	}
	all.Wait()
	for i, p := range list {
		switch {
		case p.url == "":
		case errs[i] != nil:
			e.warn(p.name, errs[i].Error(), "Let this machine reach it, or correct its URL; the database tools work without.")
		default:
			e.ok(p.name, "can be reached")
		}
	}
}

// addresses looks at lists of URLs, and at the listener of metrics.
func (e *examination) addresses(ctx context.Context) {
	if err := checkWebAddresses(e.c.set); err != nil {
		e.fail("addresses", err)
	}
	const name = "FLUXMCP_METRICS_LISTEN"
	address := e.c.set.text(name)
	if address == "" {
		return
	}
	if err := checkListen(name, address); err != nil {
		e.fail("metrics", err)
		return
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		e.warn("metrics", err.Error(), "Nothing to do if `fluxmcp serve` is running; else choose another "+name+".")
		return
	}
	_ = l.Close() // only tried
	e.ok("metrics", address+" is free")
}

func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.User = nil
	return u.String()
}

const reachLimit = 3 * time.Second

// reach opens a connection to the host of address. What answers is not asked for
// anything: whether it serves is between it and its users.
func reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return errors.New("its URL cannot be read")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80"}[u.Scheme]
	}
	if port == "" {
		port = "443"
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("%s cannot be reached: %s", u.Hostname(), plainCause(err))
	}
	return conn.Close()
}

// plainCause is the last part of a network error, which says what happened.
func plainCause(err error) string {
	text := err.Error()
	return strings.TrimSpace(text[strings.LastIndex(text, ": ")+1:])
}

// public looks at the address as clients write it.
func (e *examination) public(ctx context.Context) {
	base, err := publicURL(e.c.set)
	if err != nil {
		e.fail("public URL", err)
		return
	}
	if base == "" {
		if !loopback(e.c.set.text("FLUXMCP_LISTEN")) {
			e.warn("public URL", "not set", "Set FLUXMCP_PUBLIC_URL to the address that clients use, so that they find where to sign in.")
		}
		return
	}
	u, _ := url.Parse(base) // publicURL parsed it
	if u.Scheme != "https" && !loopback(net.JoinHostPort(u.Hostname(), "0")) {
		e.warn("public URL", base+" sends tokens in the clear", "Put a proxy with TLS before the server, and write https.")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reachLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		e.fail("public URL", err)
		return
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		e.warn("public URL", base+" does not answer: "+plainCause(err), "Nothing to do while `fluxmcp serve` is not running; else look at DNS, firewall and proxy.")
		return
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		e.warn("public URL", fmt.Sprintf("%s/healthz answers %d", base, res.StatusCode), "Let the proxy pass all paths on to FLUXMCP_LISTEN.")
		return
	}
	e.ok("public URL", base+" answers")
}
