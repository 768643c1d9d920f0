package bearer_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

func TestEachAlgorithmVerifies(t *testing.T) {
	r := newRig(t, newSite(allKeys()))
	tests := []struct {
		method jwt.SigningMethod
		kid    string
	}{
		{jwt.SigningMethodRS256, "rsa"}, {jwt.SigningMethodRS384, "rsa"}, {jwt.SigningMethodRS512, "rsa"},
		{jwt.SigningMethodPS256, "rsa"}, {jwt.SigningMethodPS384, "rsa"}, {jwt.SigningMethodPS512, "rsa"},
		{jwt.SigningMethodES256, "p256"}, {jwt.SigningMethodES384, "p384"}, {jwt.SigningMethodES512, "p521"},
		{jwt.SigningMethodEdDSA, "ed"},
	}
	for _, tt := range tests {
		for _, kid := range []string{tt.kid, ""} { // one key fits each, so none need be named
			t.Run(tt.method.Alg()+" with kid "+kid, func(t *testing.T) {
				token := mint(tt.method, testKeys()[tt.kid], kid, claims())
				want := bearer.Claims{
					Issuer: issuer, Subject: "u-1", Email: "ada@example.com", ClientID: "cli", ID: "j-1",
					Roles: []string{"admin"}, Scopes: []string{"read", "write"}, Scoped: true,
				}
				for _, from := range []string{"checked", "cached"} {
					got, err := r.verify(t, token)
					got.Expires = time.Time{}
					if err != nil || !reflect.DeepEqual(got, want) {
						t.Errorf("%s: got %+v %v, want %+v", from, got, err, want)
					}
				}
			})
		}
	}
}

func TestHeadersOfHonestTokens(t *testing.T) {
	r := newRig(t, newSite(allKeys()))
	tests := []struct {
		name   string
		header head
	}{
		{"typ at+jwt", head{}},
		{"typ JWT", head{"typ": "JWT"}},
		{"typ in lower case", head{"typ": "jwt"}},
		{"typ as a media type", head{"typ": "application/at+JWT"}},
		{"typ is null", head{"typ": nil}},
		{"Microsoft's thumbprint", head{"x5t": "abc", "nonce": "n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.verify(t, mint(jwt.SigningMethodES256, testKeys()["p256"], "p256", claims(), tt.header))
			if err != nil {
				t.Errorf("got %v, want it accepted", err)
			}
		})
	}
}

func TestWhatTokensSay(t *testing.T) {
	r := newRig(t, newSite(allKeys()))
	bare := with{"email": nil, "jti": nil, "client_id": nil, "roles": nil, "scope": nil}
	tests := []struct {
		name  string
		token string
		want  bearer.Claims
	}{
		{"FluxStudio's: id, userType and type, no issuer", hs(bare, with{"sub": nil, "id": "u-7", "userType": "client", "type": "access", "email": "b@example.com"}),
			bearer.Claims{Issuer: "fluxstudio", Subject: "u-7", Email: "b@example.com", Roles: []string{"client"}}},
		{"a numeric id is its decimal text", hs(bare, with{"sub": nil, "id": 42}), bearer.Claims{Issuer: "fluxstudio", Subject: "42"}},
		{"sub and an equal numeric id", hs(bare, with{"sub": "42", "id": 42}), bearer.Claims{Issuer: "fluxstudio", Subject: "42"}},
		{"HS256 keeps its own issuer", hs(bare, with{"iss": "https://other.example.com/"}), bearer.Claims{Issuer: "https://other.example.com/", Subject: "u-1"}},
		{"an empty iss is none", hs(bare, with{"iss": ""}), bearer.Claims{Issuer: "fluxstudio", Subject: "u-1"}},
		{"a slash after iss names the same caller", es(bare, with{"iss": issuer + "/"}), bearer.Claims{Issuer: issuer, Subject: "u-1"}},
		{"roles from three claims, each once", es(bare, with{"roles": []string{"a", "b", ""}, "role": "b", "userType": "c"}),
			bearer.Claims{Issuer: issuer, Subject: "u-1", Roles: []string{"a", "b", "c"}}},
		{"role and userType are one word each", es(bare, with{"role": "not admin", "userType": "team lead,x"}),
			bearer.Claims{Issuer: issuer, Subject: "u-1", Roles: []string{"not admin", "team lead,x"}}},
		{"roles in one string", es(bare, with{"roles": "a, b,c d"}), bearer.Claims{Issuer: issuer, Subject: "u-1", Roles: []string{"a", "b", "c", "d"}}},
		{"scp as an array", es(bare, with{"scp": []string{"r", "w"}}), bearer.Claims{Issuer: issuer, Subject: "u-1", Scopes: []string{"r", "w"}, Scoped: true}},
		{"scp as a string", es(bare, with{"scp": "r w"}), bearer.Claims{Issuer: issuer, Subject: "u-1", Scopes: []string{"r", "w"}, Scoped: true}},
		{"an empty scope is a limit", es(bare, with{"scope": ""}), bearer.Claims{Issuer: issuer, Subject: "u-1", Scoped: true, Scopes: []string{}}},
		{"azp is the client", es(bare, with{"azp": "app"}), bearer.Claims{Issuer: issuer, Subject: "u-1", ClientID: "app"}},
		{"client_id before azp", es(bare, with{"azp": "app", "client_id": "cli"}), bearer.Claims{Issuer: issuer, Subject: "u-1", ClientID: "cli"}},
		{"times with a fraction", es(bare, with{"iat": 1700000000.5, "nbf": 1.7e9}), bearer.Claims{Issuer: issuer, Subject: "u-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := r.verify(t, tt.token)
			got.Expires = time.Time{}
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %#v %v\nwant %#v", got, err, tt.want)
			}
		})
	}
}

func TestSpellingsOfOneAudience(t *testing.T) {
	r := newRig(t, newSite(allKeys()), func(c *bearer.Config) {
		c.Audiences = []string{audience, "flux-api", "https://root.example.com/", "https://u@root.example.com"}
	})
	for _, aud := range []any{
		audience, audience + "/", "HTTPS://MCP.Example.COM/mcp", []string{"https://other.example.com", audience},
		"flux-api", "https://root.example.com",
	} {
		if _, err := r.verify(t, es(with{"aud": aud})); err != nil {
			t.Errorf("aud %v: got %v, want it accepted", aud, err)
		}
	}
	for _, aud := range []any{"flux-api/", "Flux-API", "http://mcp.example.com/mcp", "https://mcp.example.com/%6dcp", "https://U@root.example.com"} {
		_, err := r.verify(t, es(with{"aud": aud}))
		if got := reason(t, err); got != bearer.ReasonAudience {
			t.Errorf("aud %v: got %q, want %q", aud, got, bearer.ReasonAudience)
		}
	}
}

func TestLeeway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newSite(allKeys()))
		defer r.Close()
		now := time.Now().Unix()
		tests := []struct {
			name  string
			claim with
			want  string
		}{
			{"exp 29 s ago counts", with{"exp": now - 29}, ""},
			{"exp 30 s ago does not", with{"exp": now - 30}, bearer.ReasonExpired},
			{"nbf in 30 s counts", with{"nbf": now + 30}, ""},
			{"nbf in 31 s does not", with{"nbf": now + 31}, bearer.ReasonNotYetValid},
			{"iat in 30 s counts", with{"iat": now + 30}, ""},
			{"iat in 31 s does not", with{"iat": now + 31}, bearer.ReasonNotYetValid},
		}
		for _, tt := range tests {
			_, err := r.verify(t, hs(tt.claim))
			if got := reason(t, err); got != tt.want {
				t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}

func TestCacheNeverOutlivesTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, newSite(allKeys()))
		defer r.Close()
		token := es(with{"exp": time.Now().Unix() + 20})
		for _, after := range []time.Duration{0, 19 * time.Second, 30 * time.Second} { // 0, 19, 49 s
			time.Sleep(after)
			if _, err := r.verify(t, token); err != nil {
				t.Fatalf("after %s more: got %v, want it accepted", after, err)
			}
		}
		time.Sleep(time.Second)
		_, err := r.verify(t, token)
		if got := reason(t, err); got != bearer.ReasonExpired {
			t.Errorf("got %q, want %q", got, bearer.ReasonExpired)
		}
	})
}

// A key that an issuer withdraws shows what comes from the cache.
func TestCacheHoldsATokenForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSite(jwks(jwk(testKeys()["p256"], "p256")))
		r := newRig(t, s)
		defer r.Close()
		token := es(with{"exp": time.Now().Unix() + 3600})
		time.Sleep(7 * time.Minute) // short of any refresh
		if _, err := r.verify(t, token); err != nil {
			t.Fatalf("got %v, want it accepted", err)
		}
		s.set(func(s *site) { s.docs["https://login.example.com"+jwksPath] = jwks(jwk(testKeys()["new"], "new")) })
		if _, err := r.verify(t, mint(jwt.SigningMethodES256, testKeys()["new"], "new", claims())); err != nil {
			t.Fatalf("the new key: got %v, want it accepted", err)
		}
		time.Sleep(59 * time.Second)
		if _, err := r.verify(t, token); err != nil {
			t.Errorf("after 59 s: got %v, want it accepted", err)
		}
		time.Sleep(2 * time.Second)
		_, err := r.verify(t, token)
		if got := reason(t, err); got != bearer.ReasonUnknownKey {
			t.Errorf("after 61 s: got %q, want %q", got, bearer.ReasonUnknownKey)
		}
	})
}

func TestCallersCannotChangeEachOthersClaims(t *testing.T) {
	r := newRig(t, newSite(allKeys()))
	token := es()
	for range 3 {
		c, err := r.verify(t, token)
		if err != nil || c.Roles[0] != "admin" || c.Scopes[0] != "read" {
			t.Fatalf("got %v %v %v, want admin and read", c.Roles, c.Scopes, err)
		}
		c.Roles[0], c.Scopes[0] = "changed", "changed"
	}
}
