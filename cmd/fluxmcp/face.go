package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/fluxstudio/fluxmcp/sidecar"
	"github.com/fluxstudio/fluxmcp/sidecar/telemetry"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/transport"
	"github.com/fluxstudio/fluxmcp/tools/transport/origins"
)

// floodFactor is how many requests of all kinds a user may make for each call
// that the limit allows.
const floodFactor = 5

// guessFactor is how many times FLUXMCP_ADDRESS_LIMIT_PER_MINUTE it takes until
// not even valid tokens of an address are looked at.
const guessFactor = 10

// face is the HTTP side of an app.
type face struct {
	handler  http.Handler
	mcp      *transport.HTTP
	verifier *bearer.Verifier // nil: everybody is the local user
	checks   []sidecar.Check
}

func (f *face) close() {
	if f.verifier != nil {
		f.verifier.Close()
	}
}

// newFace wires HTTP around a. base is the URL that it listens at.
func (c *cli) newFace(ctx context.Context, a *app, auth, base string) (*face, error) {
	public, err := publicURL(c.set)
	if err != nil {
		return nil, err
	}
	if err := checkWebAddresses(c.set); err != nil {
		return nil, err
	}
	f := &face{}
	if auth == authJWT {
		known := public
		if known == "" {
			known = base
		}
		if f.verifier, err = newVerifier(ctx, c.set, known, c.log); err != nil {
			return nil, err
		}
	}
	o, err := c.faceOptions(a, f.verifier, public)
	if err != nil {
		f.close()
		return nil, err
	}
	if o.Routes, err = a.pageRoutes(c.set, auth, base, public); err != nil {
		f.close()
		return nil, err
	}
	var authorize func(*http.Request, string, string) *transport.Denied
	if f.mcp, err = c.newMCP(a, public, func(r *http.Request, method, target string) *transport.Denied {
		return authorize(r, method, target)
	}); err != nil {
		f.close()
		return nil, err
	}
	o.MCP, f.checks = f.mcp, o.Checks
	s := sidecar.New(o)
	authorize = s.Authorize
	f.handler = s.Handler()
	return f, nil
}

// newMCP makes the transport's handler.
func (c *cli) newMCP(a *app, public string, authorize func(*http.Request, string, string) *transport.Denied) (*transport.HTTP, error) {
	key, err := sessionKey(c.set)
	if err != nil {
		return nil, err
	}
	streams, err := c.set.number("FLUXMCP_MAX_STREAMS", 5, 1_000_000)
	if err != nil {
		return nil, err
	}
	return transport.NewHTTP(a.mcp, transport.HTTPOptions{
		AllowedOrigins: c.origins(public), SessionKey: key, Authorize: authorize, Log: c.log,
		Principal: func(r *http.Request) string { return tools.PrincipalOf(r.Context()).Key() },
		Observer:  a.around.tel.Observer(), MaxStreams: streams, StreamsOfEach: streams / 5,
	}), nil
}

// origins are the pages that may call: those listed, and the server's own.
func (c *cli) origins(public string) []string {
	list := c.set.list("CORS_ORIGINS")
	if public != "" {
		list = append(list, public)
	}
	return list
}

func (c *cli) faceOptions(a *app, v *bearer.Verifier, public string) (sidecar.Options, error) {
	checkScopes, err := c.set.boolean("FLUXMCP_CHECK_SCOPES")
	if err != nil {
		return sidecar.Options{}, err
	}
	admins, err := admins(c.set)
	if err != nil && v != nil {
		return sidecar.Options{}, err
	}
	proxies, err := trustedProxies(c.set)
	if err != nil {
		return sidecar.Options{}, err
	}
	addresses, err := c.set.number("FLUXMCP_ADDRESS_LIMIT_PER_MINUTE", 0, 1_000_000)
	if err != nil {
		return sidecar.Options{}, err
	}
	tel := a.around.tel
	o := sidecar.Options{
		Local: localUser(), Admins: admins, AnyScope: !checkScopes, PublicURL: public, SignIn: signIn(c.set),
		Origins: origins.New(c.origins(public)), Trusted: proxies, Toolsets: a.sets, Runtime: a.runtime(),
		Checks: a.checks(v), Metrics: tel.MetricsHandler(), Trace: tel.Middleware, Log: c.log, Version: version(),
		Events: sidecar.Events{
			Refused: func(_ context.Context, reason string) { tel.Metrics().AuthFailure(reason) },
			Limited: func(_ context.Context, bucket string) { tel.Metrics().RateLimitDenied(bucket) },
		},
	}
	if v != nil { // a nil *Verifier in the interface would not be nil
		o.Verifier = v
		watchKeys(v, tel.Metrics())
	}
	if a.around.cache != nil {
		o.ClearCache = a.around.cache.Clear
	}
	if addresses > 0 {
		o.Addresses = bucket{a.around.own, perMinute("addresses", addresses)}
		o.Guesses = bucket{a.around.own, perMinute("guesses", addresses*guessFactor)}
	}
	if n := a.around.perMinute; n > 0 {
		o.Requests = bucket{a.around.own, perMinute("requests", n*floodFactor)}
	}
	return o, nil
}

// watchKeys lets the metrics show how old each issuer's keys are.
func watchKeys(v *bearer.Verifier, m *telemetry.Metrics) {
	for n, k := range v.Keys() {
		m.JWKSAge(k.Issuer, func() time.Duration { return v.Keys()[n].Age })
	}
}

// signIn lists the authorization servers for the metadata.
func signIn(set *settings) []string {
	if list := set.list("FLUXMCP_AUTHORIZATION_SERVERS"); len(list) > 0 {
		return list
	}
	var list []string
	for _, i := range issuers(set) {
		list = append(list, i.URL)
	}
	return list
}

// checks are what /readyz looks at.
func (a *app) checks(v *bearer.Verifier) []sidecar.Check {
	list := []sidecar.Check{{Name: "database", Probe: a.probeDatabase}}
	if a.around.audit != nil {
		list = append(list, sidecar.Check{Name: "audit", Degrades: !a.around.required, Probe: func(ctx context.Context) (string, error) {
			return "", a.around.audit.Ready(ctx)
		}})
	}
	list = append(list, a.accountChecks()...)
	if a.around.redis != nil {
		list = append(list, sidecar.Check{Name: "redis", Degrades: true, Probe: func(ctx context.Context) (string, error) {
			return "", a.around.redis.Ping(ctx)
		}})
	}
	if v != nil && len(v.Keys()) > 0 {
		list = append(list, sidecar.Check{Name: "keys", Degrades: true, Probe: func(context.Context) (string, error) { return keysFound(v.Keys()) }})
	}
	return list
}

// probeDatabase makes a round trip. Queries that take all connections are no
// reason to send callers elsewhere.
func (a *app) probeDatabase(ctx context.Context) (string, error) {
	err := a.db.Ping(ctx)
	if errors.As(err, new(*store.Busy)) {
		return "all connections are in use", nil
	}
	return "", err
}

// staleKeys is the age from which an issuer's keys are worth a look: they are
// fetched every ten minutes.
const staleKeys = 2 * time.Hour

// keysFound tells of issuers whose keys are old or missing.
func keysFound(states []bearer.KeyState) (string, error) {
	for _, k := range states {
		host := k.Issuer
		if u, err := url.Parse(k.Issuer); err == nil {
			host = u.Host
		}
		if k.Keys == 0 {
			return "", &keysMissing{host: host, err: k.Err}
		}
		if k.Age > staleKeys {
			return "", &keysMissing{host: host, err: "last fetched " + k.Age.Round(time.Minute).String() + " ago"}
		}
	}
	return fmt.Sprintf("%d issuers", len(states)), nil
}

// keysMissing says that tokens of an issuer cannot be verified, or not for long.
type keysMissing struct{ host, err string }

func (e *keysMissing) Error() string {
	return "the keys of " + e.host + " are missing or old: " + e.err
}
func (e *keysMissing) Code() string { return "keys_unavailable" }
func (e *keysMissing) Hint() string {
	return "Check FLUXMCP_ISSUERS, and that this machine reaches the issuer."
}
