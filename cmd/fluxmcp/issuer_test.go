package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuer stands for an identity provider: it publishes the keys of the tokens
// that it signs.
type issuer struct {
	t       testing.TB
	url     string
	keys    map[string]crypto.Signer // by kid, which is also the algorithm
	fetches atomic.Int64
	down    atomic.Bool
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	rs, err1 := rsa.GenerateKey(rand.Reader, 2048)
	es, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	_, ed, err3 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	i := &issuer{t: t, keys: map[string]crypto.Signer{"RS256": rs, "ES256": es, "EdDSA": ed}}
	s := httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	if i.down.Load() {
		http.Error(w, "away", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		_ = json.NewEncoder(w).Encode(m{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	case "/keys":
		i.fetches.Add(1)
		var keys []m
		for kid, k := range i.keys {
			keys = append(keys, jwk(kid, k.Public()))
		}
		_ = json.NewEncoder(w).Encode(m{"keys": keys})
	default:
		http.NotFound(w, r)
	}
}

func jwk(kid string, key crypto.PublicKey) m {
	b64 := base64.RawURLEncoding.EncodeToString
	switch k := key.(type) {
	case *rsa.PublicKey:
		return m{"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, _ := k.Bytes() // P-256 encodes
		return m{"kty": "EC", "kid": kid, "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
	default:
		return m{"kty": "OKP", "kid": kid, "use": "sig", "alg": "EdDSA", "crv": "Ed25519", "x": b64(key.(ed25519.PublicKey))}
	}
}

// claims are those of a good token for a server whose audience is fluxmcp.
func (i *issuer) claims(subject string) jwt.MapClaims {
	now := time.Now()
	return jwt.MapClaims{"iss": i.url, "sub": subject, "aud": "fluxmcp", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
}

// token signs with the key of alg.
func (i *issuer) token(alg string, claims jwt.MapClaims) string {
	return i.tokenAs(alg, alg, claims)
}

// tokenAs signs with the key of alg, and says kid.
func (i *issuer) tokenAs(alg, kid string, claims jwt.MapClaims) string {
	i.t.Helper()
	unsigned := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims)
	unsigned.Header["kid"] = kid
	text, err := unsigned.SignedString(i.keys[alg])
	if err != nil {
		i.t.Fatal(err)
	}
	return canary(text)
}

// hs256 signs with a secret.
func hs256(t testing.TB, secret []byte, claims jwt.MapClaims) string {
	t.Helper()
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(secret)
	if err != nil {
		t.Fatal(err)
	}
	return canary(text)
}
