package bearer_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

// weakRSA is made by hand: crypto/rsa makes none so short.
func weakRSA() *rsa.PrivateKey {
	for {
		p, q := must(rand.Prime(rand.Reader, 512)), must(rand.Prime(rand.Reader, 512))
		k := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}, Primes: []*big.Int{p, q}}
		one := big.NewInt(1)
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if k.D = new(big.Int).ModInverse(big.NewInt(65537), phi); k.D != nil && k.N.BitLen() == 1024 {
			return k
		}
	}
}

func metadata(issuer, keys string) string {
	return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q,"authorization_endpoint":"x"}`, issuer, keys)
}

const (
	base    = "https://login.example.com"
	oidc    = issuer + "/.well-known/openid-configuration"
	oauthIn = base + "/.well-known/oauth-authorization-server/tenant"
	oauthAt = issuer + "/.well-known/oauth-authorization-server"
	custom  = issuer + "/.well-known/jwks.json"
	keys    = base + "/k"
)

func discovering(c *bearer.Config) { c.Issuers = []bearer.Issuer{{URL: issuer}} }

func TestDiscovery(t *testing.T) {
	good := metadata(issuer, keys)
	tests := []struct {
		name  string
		docs  map[string]string
		asked []string
		err   string // "" where the keys are found
	}{
		{"OpenID Connect's place is first", map[string]string{oidc: good, oauthIn: "x", oauthAt: "x"}, []string{oidc, keys}, ""},
		{"then OAuth's before the path", map[string]string{oauthIn: good}, []string{oidc, oauthIn, keys}, ""},
		{"then OAuth's after the path", map[string]string{oauthAt: good}, []string{oidc, oauthIn, oauthAt, keys}, ""},
		{"then keys in the customary place", map[string]string{custom: allKeys()}, []string{oidc, oauthIn, oauthAt, custom}, ""},
		{"a home page for every path is no metadata", map[string]string{oidc: "<html>", oauthIn: good}, []string{oidc, oauthIn, keys}, ""},
		{"metadata may have a slash after the issuer", map[string]string{oidc: metadata(issuer+"/", keys)}, []string{oidc, keys}, ""},
		{"keys may be on another host", map[string]string{oidc: metadata(issuer, "https://keys.example.net/k"), "https://keys.example.net/k": allKeys()},
			[]string{oidc, "https://keys.example.net/k"}, ""},
		{"metadata of another issuer counts for nothing", map[string]string{oidc: metadata(base, keys), custom: allKeys()}, []string{oidc},
			"login.example.com answers with the metadata of another issuer"},
		{"metadata without an issuer counts for nothing", map[string]string{oidc: `{"jwks_uri":"` + keys + `"}`, custom: allKeys()}, []string{oidc},
			"login.example.com answers with the metadata of another issuer"},
		{"keys over http are not fetched", map[string]string{oidc: metadata(issuer, "http://login.example.com/k")}, []string{oidc},
			"login.example.com names no https address for its keys"},
		{"keys on this machine are not fetched", map[string]string{oidc: metadata(issuer, "http://127.0.0.1:8787/k")}, []string{oidc},
			"login.example.com names no https address for its keys"},
		{"keys in a file are not read", map[string]string{oidc: metadata(issuer, "file:///etc/passwd")}, []string{oidc},
			"login.example.com names no https address for its keys"},
		{"nothing anywhere", nil, []string{oidc, oauthIn, oauthAt, custom}, "login.example.com answers 404"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := &site{docs: map[string]string{keys: allKeys()}}
			maps.Copy(s.docs, tt.docs)
			r := newRig(t, s, discovering)
			r.Close()
			if !slices.Equal(s.asked, tt.asked) {
				t.Errorf("got  %q\nwant %q", s.asked, tt.asked)
			}
			if got := r.Keys()[0]; got.Err != tt.err || (got.Keys == 5) != (tt.err == "") {
				t.Errorf("got %+v, want the fault %q", got, tt.err)
			}
			_, err := r.verify(t, es())
			if want := map[bool]string{true: "", false: bearer.ReasonKeysUnavailable}[tt.err == ""]; reason(t, err) != want {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestFoundKeysAreLookedForAgainOnceTheyAreGone(t *testing.T) {
	s := &site{docs: map[string]string{oidc: metadata(issuer, keys), keys: allKeys()}}
	bubbleWith(t, s, discovering, func(t *testing.T, r *rig) {
		moved := base + "/moved"
		s.set(func(s *site) {
			delete(s.docs, keys)
			s.docs[oidc], s.docs[moved] = metadata(issuer, moved), jwks(jwk(testKeys()["new"], "new"))
		})
		time.Sleep(11 * time.Minute)
		if _, err := r.verify(t, esNew()); err != nil {
			t.Errorf("got %v, want the keys found where they are now", err)
		}
	})
}

func TestAnswersThatAreNotTaken(t *testing.T) {
	big := allKeys()[:len(allKeys())-1] + `,"x":"` + strings.Repeat("a", 1<<20) + `"}`
	tests := []struct {
		name   string
		change func(*site)
		err    string
	}{
		{"over 1 MiB", func(s *site) { s.docs[keysURL] = big }, "login.example.com answers with more than 1 MiB"},
		{"not JSON", func(s *site) { s.docs[keysURL] = "<html>" }, "login.example.com answers with no JWK set"},
		{"no keys member", func(s *site) { s.docs[keysURL] = `{}` }, "login.example.com answers with no JWK set"},
		{"an error", func(s *site) { delete(s.docs, keysURL) }, "login.example.com answers 404"},
		{"a redirect to another host", func(s *site) {
			s.moved = map[string]string{keysURL: "https://evil.example/k"}
			s.docs["https://evil.example/k"] = allKeys()
		}, "login.example.com redirects to another host or too often"},
		{"a redirect to http", func(s *site) {
			s.moved = map[string]string{keysURL: "http://login.example.com/k"}
			s.docs["http://login.example.com/k"] = allKeys()
		}, "login.example.com redirects to another host or too often"},
		{"a redirect to itself", func(s *site) { s.moved = map[string]string{keysURL: keysURL} },
			"login.example.com redirects to another host or too often"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(allKeys())
			tt.change(s)
			r := newRig(t, s)
			if got := r.Keys()[0]; got.Err != tt.err || got.Keys != 0 {
				t.Errorf("got %+v, want no keys and %q", got, tt.err)
			}
			if got := s.count("evil.example/k"); got != 0 {
				t.Errorf("got %d requests to the other host, want 0", got)
			}
		})
	}
}

func TestRedirectOnOneHostIsFollowed(t *testing.T) {
	s := &site{docs: map[string]string{keys: allKeys()}, moved: map[string]string{keysURL: keys}}
	r := newRig(t, s)
	if got := r.Keys()[0]; got.Keys != 5 {
		t.Errorf("got %+v, want 5 keys", got)
	}
}

// The real transport, of which the other tests see nothing.
func TestIssuerOnThisMachine(t *testing.T) {
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(metadata(server.URL, server.URL+"/k")))
	})
	mux.HandleFunc("GET /k", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(allKeys())) })
	r := newRig(t, nil, func(c *bearer.Config) {
		c.Transport, c.Issuers = nil, []bearer.Issuer{{URL: server.URL}}
	})
	if c, err := r.verify(t, es(with{"iss": server.URL})); err != nil || c.Issuer != server.URL {
		t.Errorf("got %q %v, want it accepted", c.Issuer, err)
	}
}
