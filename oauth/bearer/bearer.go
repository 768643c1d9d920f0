// Package bearer verifies bearer tokens, which are JWTs, and signs development
// ones. A token is checked either with one shared secret (HS256) or with the
// published keys of an issuer (RS, PS, ES, EdDSA), never with both: the issuer
// a token names decides which, so that no public key can serve as a secret. It
// knows no HTTP server, no MCP and no storage, and decides nothing about what a
// caller may do.
package bearer

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// DefaultIssuer issued a token that names no issuer, as FluxStudio's do not.
const DefaultIssuer = "fluxstudio"

const (
	maxToken = 8 << 10 // bytes; what common HTTP servers take as one header line
	patience = time.Second
)

// Claims are what a verified token says. Issuer and Subject together name the
// caller, and are never empty; the other strings may be.
type Claims struct {
	Issuer   string // as configured for keys that are fetched; of HS256 the token's, or the default
	Subject  string // sub, or id; at most 255 bytes without control characters
	Email    string // as the issuer says it; nobody here has checked that it is theirs
	ClientID string // client_id, or azp
	ID       string // jti
	Roles    []string
	Scopes   []string
	Scoped   bool // a scope or scp claim is present, so that no scopes means none at all
	Expires  time.Time
}

// Config says which tokens are accepted. Audiences, and a Secret or an Issuer,
// are required.
type Config struct {
	Audiences     []string      // identifiers of this server, one of which a token must name in aud
	Secret        []byte        // of HS256, at least 32 bytes; empty accepts no such tokens
	DefaultIssuer string        // issuer of an HS256 token without iss; empty: DefaultIssuer
	Issuers       []Issuer      // whose keys are fetched
	Leeway        time.Duration // between clocks, at most 60 s; 0: 30 s

	// Transport fetches keys and metadata. nil: one without proxies, which
	// connects to public addresses, and to others only where Issuers names the host.
	Transport http.RoundTripper
	Log       *slog.Logger // of failed fetches: host, status and kind; nil: none
}

// Issuer publishes the keys of the tokens that it signs.
type Issuer struct {
	URL  string // exactly as in iss; https, or http on a loopback host
	JWKS string // where its keys are; empty: discovered
}

// KeyState says how current the keys of one issuer are.
type KeyState struct {
	Issuer string
	Keys   int           // usable ones
	Age    time.Duration // since the last successful fetch; 0 before the first
	Err    string        // why the last fetch failed, without URL and cause; empty where it did not
}

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	audiences     map[string]bool // canonical
	secret        []byte
	defaultIssuer string
	leeway        time.Duration
	sources       []*source
	byIssuer      map[string]*source // without a slash at the end
	canonical     map[string]bool    // issuers, as same compares them
	cache         *cache
	stop          context.CancelFunc
	work          *sync.WaitGroup
}

// New returns a Verifier that keeps the keys of its issuers current until Close
// is called or ctx ends. It waits at most 1 s for the first keys; an issuer that
// does not answer is no error, but tried again in the background.
//
// Errors: *BadConfig.
func New(ctx context.Context, c Config) (*Verifier, error) {
	c, err := c.checked()
	if err != nil {
		return nil, err
	}
	verified, err := newCache()
	if err != nil {
		return nil, fmt.Errorf("make the cache of verified tokens: %w", err)
	}
	v := &Verifier{
		audiences: canonicalSet(c.Audiences), secret: slices.Clone(c.Secret), defaultIssuer: c.DefaultIssuer,
		leeway: c.Leeway, byIssuer: map[string]*source{}, canonical: map[string]bool{},
		cache: verified, work: &sync.WaitGroup{},
	}
	background, stop := context.WithCancel(ctx)
	v.stop = stop
	for _, i := range c.Issuers {
		s := newSource(i, c.Transport, c.Log)
		v.sources = append(v.sources, s)
		v.byIssuer[trimSlash(i.URL)], v.canonical[canonical(i.URL)] = s, true
		v.work.Go(func() { s.run(background) })
	}
	v.awaitFirst(ctx)
	return v, nil
}

// awaitFirst spares the first callers an error when all issuers answer.
func (v *Verifier) awaitFirst(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, s := range v.sources {
		select {
		case <-s.tried:
		case <-ctx.Done():
			return
		}
	}
}

// Verify checks token, which comes without the word Bearer, and tells what it
// says. It waits for the network only where the token names a key that is not
// held: at most 1 s, and for one fetch per issuer and 30 s.
//
// A token that was verified within the last minute is not checked again except
// for its expiry; so a key that its issuer withdraws counts for a minute longer.
//
// Errors: *Rejected always, for ReasonKeysUnavailable wrapped in *Unavailable.
func (v *Verifier) Verify(ctx context.Context, token string) (Claims, error) {
	if len(token) > maxToken {
		return Claims{}, &Rejected{ReasonTooLong}
	}
	// The key is a hash, so that the time a lookup takes tells nothing of tokens.
	key := sha256.Sum256([]byte(token))
	if c, ok := v.cache.get(key); ok && v.inTime(c.Expires) {
		return c, nil
	}
	c, err := v.check(ctx, token)
	if err != nil {
		return Claims{}, err
	}
	v.cache.put(key, c)
	return c, nil
}

func (v *Verifier) inTime(expires time.Time) bool {
	return time.Now().Before(expires.Add(v.leeway))
}

// check is Verify without the cache. Claims count only after the signature.
func (v *Verifier) check(ctx context.Context, text string) (Claims, error) {
	t, err := parse(text)
	if err != nil {
		return Claims{}, err
	}
	issuer, err := v.authenticate(ctx, t)
	if err != nil {
		return Claims{}, err
	}
	if err := v.checkTimes(t.claims); err != nil {
		return Claims{}, err
	}
	if err := v.checkAudience(t.claims); err != nil {
		return Claims{}, err
	}
	return t.claims.read(issuer)
}

// authenticate checks the signature, with what the issuer that t names allows
// and nothing else, and returns that issuer.
func (v *Verifier) authenticate(ctx context.Context, t *parsed) (string, error) {
	issuer, err := t.claims.issuer()
	if err != nil {
		return "", err
	}
	if s, ok := v.byIssuer[trimSlash(issuer)]; ok {
		return s.issuer.URL, s.verify(ctx, t)
	}
	// An HS256 token must not even look as if a configured issuer had signed it.
	if len(v.secret) == 0 || v.canonical[canonical(issuer)] {
		return "", &Rejected{ReasonIssuer}
	}
	if issuer == "" {
		issuer = v.defaultIssuer
	}
	return issuer, t.verify(symmetric(t.alg), v.secret)
}

// Keys tells the state of each issuer's keys, in the order of the Config.
func (v *Verifier) Keys() []KeyState {
	states := make([]KeyState, 0, len(v.sources))
	for _, s := range v.sources {
		states = append(states, s.state())
	}
	return states
}

// Close ends the fetching of keys and waits for it. Tokens are verified
// afterwards too, with the keys held then.
func (v *Verifier) Close() {
	v.stop()
	v.work.Wait()
	v.cache.close()
}
