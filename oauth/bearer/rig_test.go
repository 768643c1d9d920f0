package bearer_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

const (
	audience = "https://mcp.example.com/mcp"
	issuer   = "https://login.example.com/tenant"
	secret   = "c4n4ry-secret-of-the-tests-0123456789abcdef"
	jwksPath = "/tenant/.well-known/jwks.json"
)

// pairs are private keys by the kid under which the fake issuer publishes them.
type pairs map[string]crypto.Signer

// testKeys makes each key once for the whole run: RSA ones take their time.
var testKeys = sync.OnceValue(func() pairs {
	p := pairs{}
	for kid, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521(), "new": elliptic.P256()} {
		p[kid] = must(ecdsa.GenerateKey(curve, rand.Reader))
	}
	p["rsa"] = must(rsa.GenerateKey(rand.Reader, 2048))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	p["ed"] = must(ed, err)
	return p
})

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// jwk is the public half as an issuer publishes it, with changes.
func jwk(key crypto.Signer, kid string, changes ...map[string]any) map[string]any {
	meta := jwkset.JWKMetadataOptions{KID: kid, USE: jwkset.UseSig}
	k := must(jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{Metadata: meta}))
	m := map[string]any{}
	if err := json.Unmarshal(must(json.Marshal(k.Marshal())), &m); err != nil {
		panic(err)
	}
	for _, c := range changes {
		maps.Copy(m, c)
	}
	return m
}

func jwks(keys ...map[string]any) string {
	return string(must(json.Marshal(map[string]any{"keys": keys})))
}

func allKeys() string {
	var all []map[string]any
	for _, kid := range []string{"rsa", "p256", "p384", "p521", "ed"} {
		all = append(all, jwk(testKeys()[kid], kid))
	}
	return jwks(all...)
}

// site is the web as the Verifier sees it: documents by URL. It records what is
// asked for.
type site struct {
	mu    sync.Mutex
	docs  map[string]string
	moved map[string]string // redirects
	down  bool
	hang  bool // until the request is given up
	asked []string
}

func newSite(keys string) *site {
	return &site{docs: map[string]string{"https://login.example.com" + jwksPath: keys}}
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	at, down, hang := r.URL.String(), s.down, s.hang
	s.asked = append(s.asked, at)
	doc, ok := s.docs[at]
	to := s.moved[at]
	s.mu.Unlock()
	switch {
	case hang:
		<-r.Context().Done()
		return nil, r.Context().Err()
	case down:
		return nil, errors.New("connection refused by c4n4ry-of-the-network")
	case to != "":
		return answer(r, http.StatusFound, "", "Location", to), nil
	case !ok:
		return answer(r, http.StatusNotFound, "c4n4ry-of-the-body"), nil
	}
	return answer(r, http.StatusOK, doc), nil
}

func answer(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{}
	if len(header) == 2 {
		h.Set(header[0], header[1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// set changes the site under its lock.
func (s *site) set(change func(*site)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// count tells how often an address was asked for that ends so.
func (s *site) count(suffix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.asked {
		if strings.HasSuffix(at, suffix) {
			n++
		}
	}
	return n
}

// sink is a log that can be searched.
type sink struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *sink) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// rig is a Verifier and all that it could leak.
type rig struct {
	*bearer.Verifier
	site  *site
	log   *sink
	mu    sync.Mutex
	canny []string // what must not be in the log
}

func config(s *site) bearer.Config {
	return bearer.Config{
		Audiences: []string{audience}, Secret: []byte(secret), Transport: s,
		Issuers: []bearer.Issuer{{URL: issuer, JWKS: "https://login.example.com" + jwksPath}},
	}
}

// newRig starts a Verifier. At the end of the test it closes it and searches the
// log for every token that was verified, and for every secret.
func newRig(t testing.TB, s *site, changes ...func(*bearer.Config)) *rig {
	t.Helper()
	r := &rig{site: s, log: &sink{}, canny: []string{secret, "c4n4ry", ".well-known", "BEGIN"}}
	c := config(s)
	c.Log = slog.New(slog.NewJSONHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, change := range changes {
		change(&c)
	}
	v, err := bearer.New(t.Context(), c)
	if err != nil {
		t.Fatalf("got %v, want a Verifier", err)
	}
	r.Verifier = v
	t.Cleanup(func() {
		v.Close()
		r.search(t)
	})
	return r
}

func (r *rig) search(t testing.TB) {
	text := r.log.String()
	for _, c := range r.canny {
		if len(c) > 5 && strings.Contains(text, c) {
			t.Errorf("the log has a secret\ngot  %s\nwant none of %q", text, c)
		}
	}
}

// verify is Verify, of whose token no part may be told.
func (r *rig) verify(t testing.TB, token string) (bearer.Claims, error) {
	t.Helper()
	c, err := r.Verify(t.Context(), token)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, part := range append(strings.Split(token, "."), token) {
		r.canny = append(r.canny, part)
		if err != nil && len(part) > 10 && strings.Contains(err.Error(), part) {
			t.Errorf("got the error %q, want nothing of the token in it", err)
		}
	}
	return c, err
}

// reason is "" for an accepted token, and fails the test for an error that is
// not complete.
func reason(t testing.TB, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *bearer.Rejected
	if !errors.As(err, &e) {
		t.Fatalf("got %T %v, want a *Rejected", err, err)
	}
	hint := e.Hint()
	if e.Code() != "invalid_token" || !strings.HasSuffix(hint, ".") || strings.Count(hint, ".") != 1 || e.Error() == "the token is not accepted" {
		t.Errorf("%s: got code %q, message %q, hint %q, want invalid_token and one sentence each", e.Reason, e.Code(), e.Error(), hint)
	}
	return e.Reason
}

// claims are those of a good token from the issuer, with changes; nil removes.
func claims(changes ...map[string]any) map[string]any {
	now := time.Now().Unix()
	m := map[string]any{
		"iss": issuer, "sub": "u-1", "aud": audience, "iat": now, "exp": now + 600, "jti": "j-1",
		"email": "ada@example.com", "roles": []string{"admin"}, "scope": "read write", "client_id": "cli",
	}
	for _, c := range changes {
		for k, v := range c {
			m[k] = v
			if v == nil {
				delete(m, k)
			}
		}
	}
	return m
}

type (
	with = map[string]any
	head = map[string]any
)

// mint signs claims with golang-jwt, under a header of alg and kid, with changes.
func mint(method jwt.SigningMethod, key any, kid string, claims map[string]any, changes ...head) string {
	header := head{"alg": method.Alg(), "typ": "at+jwt", "kid": kid}
	if kid == "" {
		delete(header, "kid")
	}
	for _, c := range changes {
		maps.Copy(header, c)
	}
	return seal(method, key, string(must(json.Marshal(header))), string(must(json.Marshal(claims))))
}

// seal signs header and payload as they are written.
func seal(method jwt.SigningMethod, key any, header, payload string) string {
	signed := b64(header) + "." + b64(payload)
	return signed + "." + b64(string(must(method.Sign(signed, key))))
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// es is a good token of the issuer, by its P-256 key.
func es(changes ...map[string]any) string {
	return mint(jwt.SigningMethodES256, testKeys()["p256"], "p256", claims(changes...))
}

// hs is a good token with the secret; iss is left out unless set.
func hs(changes ...map[string]any) string {
	all := append([]map[string]any{{"iss": nil}}, changes...)
	return mint(jwt.SigningMethodHS256, []byte(secret), "", claims(all...))
}
