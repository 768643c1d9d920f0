package bearer_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
)

type refused struct{ name, token, want string }

// confused are tokens signed with what is not a secret, or not the right one.
func confused() []refused {
	rsaKey := testKeys()["rsa"]
	der := must(x509.MarshalPKIXPublicKey(rsaKey.Public()))
	pkcs1 := x509.MarshalPKCS1PublicKey(rsaKey.Public().(*rsa.PublicKey))
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	published := string(must(json.Marshal(jwk(rsaKey, "rsa"))))
	none := func(alg string) string {
		return b64(`{"alg":"`+alg+`"}`) + "." + b64(string(must(json.Marshal(claims())))) + "."
	}
	byKey := func(key string) string {
		return mint(jwt.SigningMethodHS256, []byte(key), "rsa", claims())
	}
	noIssuer := func(key string) string {
		return mint(jwt.SigningMethodHS256, []byte(key), "rsa", claims(with{"iss": nil}))
	}
	p384 := testKeys()["p384"]
	return []refused{
		{"alg none", none("none"), bearer.ReasonAlgorithm},
		{"alg None", none("None"), bearer.ReasonAlgorithm},
		{"alg NONE", none("NONE"), bearer.ReasonAlgorithm},
		{"alg nOnE", none("nOnE"), bearer.ReasonAlgorithm},
		{"alg none without an issuer", b64(`{"alg":"none"}`) + "." + b64(string(must(json.Marshal(claims(with{"iss": nil}))))) + ".", bearer.ReasonAlgorithm},
		{"alg none with a signature", none("none") + "AAAA", bearer.ReasonAlgorithm},
		{"empty alg", none(""), bearer.ReasonAlgorithm},
		{"no alg", b64(`{"typ":"JWT"}`) + "." + b64("{}") + ".", bearer.ReasonAlgorithm},
		{"alg is a number", b64(`{"alg":256}`) + "." + b64("{}") + ".", bearer.ReasonMalformed},
		{"alg in lower case", mint(jwt.SigningMethodHS256, []byte(secret), "", claims(with{"iss": nil}), head{"alg": "hs256"}), bearer.ReasonAlgorithm},
		{"alg of an issuer in lower case", mint(jwt.SigningMethodES256, testKeys()["p256"], "p256", claims(), head{"alg": "es256"}), bearer.ReasonAlgorithm},
		{"HS256 with the issuer's public key as PEM", byKey(public), bearer.ReasonAlgorithm},
		{"HS256 with the issuer's public key as trimmed PEM", byKey(strings.TrimSpace(public)), bearer.ReasonAlgorithm},
		{"HS256 with the issuer's public key as DER", byKey(string(der)), bearer.ReasonAlgorithm},
		{"HS256 with the issuer's public key as PKCS 1", byKey(string(pkcs1)), bearer.ReasonAlgorithm},
		{"HS256 with the issuer's public key as JWK", byKey(published), bearer.ReasonAlgorithm},
		{"HS256 with the right secret in the issuer's name", byKey(secret), bearer.ReasonAlgorithm},
		{"HS256 with the right secret in the issuer's name and a slash", mint(jwt.SigningMethodHS256, []byte(secret), "", claims(with{"iss": issuer + "/"})), bearer.ReasonAlgorithm},
		{"HS256 with the right secret in the issuer's name in other case", mint(jwt.SigningMethodHS256, []byte(secret), "", claims(with{"iss": "HTTPS://Login.Example.com/tenant"})), bearer.ReasonIssuer},
		{"HS256 with a public key as PEM and no issuer", noIssuer(public), bearer.ReasonSignature},
		{"HS256 with a public key as DER and no issuer", noIssuer(string(der)), bearer.ReasonSignature},
		{"HS256 with a public key as JWK and no issuer", noIssuer(published), bearer.ReasonSignature},
		{"HS256 with an empty secret", noIssuer(""), bearer.ReasonSignature},
		{"HS256 with the secret cut short", noIssuer(secret[:32]), bearer.ReasonSignature},
		{"HS256 with an empty signature", hs()[:strings.LastIndex(hs(), ".")+1], bearer.ReasonSignature},
		{"HS256 with a signature cut short", hs()[:len(hs())-3], bearer.ReasonSignature},
		{"HS384 with the right secret", mint(jwt.SigningMethodHS384, []byte(secret), "", claims(with{"iss": nil})), bearer.ReasonAlgorithm},
		{"HS512 with the right secret", mint(jwt.SigningMethodHS512, []byte(secret), "", claims(with{"iss": nil})), bearer.ReasonAlgorithm},
		{"the issuer's key without the issuer's name", mint(jwt.SigningMethodES256, testKeys()["p256"], "p256", claims(with{"iss": nil})), bearer.ReasonAlgorithm},
		{"another's key in the issuer's name", mint(jwt.SigningMethodES256, testKeys()["new"], "p256", claims()), bearer.ReasonSignature},
		{"ES256 over P-384", mint(wideES256{}, p384, "p384", claims()), bearer.ReasonAlgorithm},
		{"ES384 with the key of ES256", mint(jwt.SigningMethodES384, p384, "p256", claims()), bearer.ReasonAlgorithm},
		{"RS256 with the key of EdDSA", mint(jwt.SigningMethodRS256, rsaKey, "ed", claims()), bearer.ReasonAlgorithm},
		{"a changed payload", swapPayload(es(), with{"sub": "u-2"}), bearer.ReasonSignature},
		{"a changed payload of HS256", swapPayload(hs(), with{"sub": "u-2", "iss": nil}), bearer.ReasonSignature},
	}
}

// wideES256 signs with P-384 what ES256 demands of P-256, in as many bytes.
type wideES256 struct{}

func (wideES256) Alg() string                               { return "ES256" }
func (wideES256) Verify(string, []byte, any) error          { return nil }
func (wideES256) Sign(signed string, _ any) ([]byte, error) { return make([]byte, 64), nil }

func swapPayload(token string, change with) string {
	parts := strings.Split(token, ".")
	parts[1] = b64(string(must(json.Marshal(claims(change)))))
	return strings.Join(parts, ".")
}

// selfKeyed are headers that bring a key along or ask for more than a signature.
func selfKeyed() []refused {
	own := must(rsa.GenerateKey(rand.Reader, 2048))
	by := func(h head) string { return mint(jwt.SigningMethodRS256, own, "rsa", claims(), h) }
	good := func(h head) string { return mint(jwt.SigningMethodES256, testKeys()["p256"], "p256", claims(), h) }
	return []refused{
		{"jwk brings a key", by(head{"jwk": jwk(own, "rsa")}), bearer.ReasonMalformed},
		{"jku names a key", by(head{"jku": "https://evil.example/jwks.json"}), bearer.ReasonMalformed},
		{"x5u names a certificate", by(head{"x5u": "https://evil.example/x.pem"}), bearer.ReasonMalformed},
		{"x5c brings a certificate", by(head{"x5c": []string{"AAAA"}}), bearer.ReasonMalformed},
		{"jku beside a good signature", good(head{"jku": issuer + "/jwks"}), bearer.ReasonMalformed},
		{"crit", good(head{"crit": []string{"exp"}}), bearer.ReasonMalformed},
		{"empty crit", good(head{"crit": []string{}}), bearer.ReasonMalformed},
		{"b64 false", good(head{"b64": false}), bearer.ReasonMalformed},
		{"zip", good(head{"zip": "DEF"}), bearer.ReasonMalformed},
		{"enc", good(head{"enc": "A256GCM"}), bearer.ReasonMalformed},
		{"kid is a path", mint(jwt.SigningMethodHS256, []byte{}, "../../../dev/null", claims(with{"iss": nil})), bearer.ReasonSignature},
		{"kid is SQL", mint(jwt.SigningMethodES256, testKeys()["new"], "x' UNION SELECT 'k", claims()), bearer.ReasonUnknownKey},
		{"kid is an object", good(head{"kid": head{}}), bearer.ReasonMalformed},
		{"kid with a line break", good(head{"kid": "p256\n"}), bearer.ReasonMalformed},
		{"kid in other case", good(head{"kid": "P256"}), bearer.ReasonUnknownKey},
		{"kid is unknown", mint(jwt.SigningMethodES256, testKeys()["new"], "new", claims()), bearer.ReasonUnknownKey},
		{"kid is left out where two RSA keys fit", mint(jwt.SigningMethodRS256, testKeys()["rsa"], "", claims(with{"iss": twoKeys})), bearer.ReasonUnknownKey},
		{"typ of a logout token", good(head{"typ": "logout+jwt"}), bearer.ReasonWrongType},
		{"typ of DPoP", good(head{"typ": "dpop+jwt"}), bearer.ReasonWrongType},
		{"typ is a number", good(head{"typ": 1}), bearer.ReasonMalformed},
	}
}

// twoKeys is an issuer that publishes two RSA keys.
const twoKeys = "https://two.example.com"

// wrongClaims are signed by the issuer all right.
func wrongClaims() []refused {
	now := time.Now().Unix()
	long := strings.Repeat("u", 256)
	return []refused{
		{"aud of another server", es(with{"aud": "https://other.example.com/mcp"}), bearer.ReasonAudience},
		{"aud of a longer path", es(with{"aud": audience + "/admin"}), bearer.ReasonAudience},
		{"aud of two slashes", es(with{"aud": audience + "//"}), bearer.ReasonAudience},
		{"aud in other case of the path", es(with{"aud": "https://mcp.example.com/MCP"}), bearer.ReasonAudience},
		{"aud with a user", es(with{"aud": "https://u@mcp.example.com/mcp"}), bearer.ReasonAudience},
		{"no aud", es(with{"aud": nil}), bearer.ReasonAudience},
		{"aud is an empty array", es(with{"aud": []string{}}), bearer.ReasonAudience},
		{"aud is empty", es(with{"aud": ""}), bearer.ReasonAudience},
		{"aud is an object", es(with{"aud": with{audience: true}}), bearer.ReasonMalformed},
		{"aud has a number", es(with{"aud": []any{audience, 1}}), bearer.ReasonMalformed},
		{"no aud in HS256", hs(with{"aud": nil}), bearer.ReasonAudience},
		{"expired", es(with{"exp": now - 60}), bearer.ReasonExpired},
		{"expired in HS256", hs(with{"exp": now - 60}), bearer.ReasonExpired},
		{"exp is 0", es(with{"exp": 0}), bearer.ReasonExpired},
		{"no exp", es(with{"exp": nil}), bearer.ReasonNoExpiry},
		{"no exp in HS256", hs(with{"exp": nil}), bearer.ReasonNoExpiry},
		{"exp is text", es(with{"exp": "9999999999"}), bearer.ReasonMalformed},
		{"exp is negative", es(with{"exp": -1}), bearer.ReasonMalformed},
		{"exp is huge", es(with{"exp": json.Number("1e300")}), bearer.ReasonMalformed},
		{"exp is beyond float64", es(with{"exp": json.Number("1e999")}), bearer.ReasonMalformed},
		{"exp is an array", es(with{"exp": []int{1}}), bearer.ReasonMalformed},
		{"nbf is to come", es(with{"nbf": now + 120}), bearer.ReasonNotYetValid},
		{"iat is to come", es(with{"iat": now + 120}), bearer.ReasonNotYetValid},
		{"iat in milliseconds", es(with{"iat": now * 1000}), bearer.ReasonMalformed},
		{"iat is true", es(with{"iat": true}), bearer.ReasonMalformed},
		{"type refresh", es(with{"type": "refresh"}), bearer.ReasonWrongType},
		{"type refresh in HS256", hs(with{"type": "refresh"}), bearer.ReasonWrongType},
		{"type Access", hs(with{"type": "Access"}), bearer.ReasonWrongType},
		{"type is an array", hs(with{"type": []string{"access"}}), bearer.ReasonWrongType},
		{"iss of another issuer", es(with{"iss": "https://other.example.com"}), bearer.ReasonAlgorithm},
		{"iss of another configured issuer", es(with{"iss": twoKeys}), bearer.ReasonUnknownKey},
		{"iss of two slashes", es(with{"iss": issuer + "//"}), bearer.ReasonAlgorithm},
		{"iss is an array", es(with{"iss": []string{issuer}}), bearer.ReasonMalformed},
		{"iss that would be another's with its subject", hs(with{"iss": issuer + "|u"}), bearer.ReasonMalformed},
		{"no sub", es(with{"sub": nil}), bearer.ReasonNoSubject},
		{"empty sub", es(with{"sub": ""}), bearer.ReasonNoSubject},
		{"empty sub beside an id", hs(with{"sub": "", "id": "u-1"}), bearer.ReasonNoSubject},
		{"Sub instead of sub", es(with{"sub": nil, "Sub": "u-1"}), bearer.ReasonNoSubject},
		{"sub is a number", es(with{"sub": 1}), bearer.ReasonMalformed},
		{"sub of 256 bytes", es(with{"sub": long}), bearer.ReasonMalformed},
		{"sub with a NUL", es(with{"sub": "u-1\x00"}), bearer.ReasonMalformed},
		{"sub with a line break", es(with{"sub": "u\n1"}), bearer.ReasonMalformed},
		{"sub and id differ", hs(with{"id": "u-2"}), bearer.ReasonMalformed},
		{"id is a fraction", hs(with{"sub": nil, "id": 1.5}), bearer.ReasonMalformed},
		{"id is negative", hs(with{"sub": nil, "id": -1}), bearer.ReasonMalformed},
		{"id is true", hs(with{"sub": nil, "id": true}), bearer.ReasonMalformed},
		{"email is an object", es(with{"email": with{}}), bearer.ReasonMalformed},
		{"roles has a number", es(with{"roles": []any{"user", 1}}), bearer.ReasonMalformed},
		{"roles is an object", es(with{"roles": with{"admin": true}}), bearer.ReasonMalformed},
		{"scope is a number", es(with{"scope": 1}), bearer.ReasonMalformed},
	}
}

// notTokens are no compact JWS of two JSON objects.
func notTokens() []refused {
	good := strings.Split(es(), ".")
	payload := string(must(json.Marshal(claims())))
	by := func(header, payload string) string {
		return seal(jwt.SigningMethodES256, testKeys()["p256"], header, payload)
	}
	const header = `{"alg":"ES256","kid":"p256"}`
	twice := func(member string) string { return `{` + member + `,` + payload[1:] }
	return []refused{
		{"nothing", "", bearer.ReasonMalformed},
		{"one segment", "abc", bearer.ReasonMalformed},
		{"two segments", good[0] + "." + good[1], bearer.ReasonMalformed},
		{"only dots", "..", bearer.ReasonMalformed},
		{"five segments, as JWE", strings.Join(append(good, "AA", "AA"), "."), bearer.ReasonMalformed},
		{"100 KB", es() + strings.Repeat("A", 100<<10), bearer.ReasonTooLong},
		{"100 KB of dots", strings.Repeat(".", 100<<10), bearer.ReasonTooLong},
		{"signed by the issuer, but over 8 KiB", es(with{"x": strings.Repeat("A", 8<<10)}), bearer.ReasonTooLong},
		{"the word Bearer", "Bearer " + es(), bearer.ReasonMalformed},
		{"a space before", " " + es(), bearer.ReasonMalformed},
		{"a line break after", es() + "\n", bearer.ReasonMalformed},
		{"a line break inside the payload", good[0] + "." + good[1][:8] + "\n" + good[1][8:] + "." + good[2], bearer.ReasonMalformed},
		{"a carriage return inside the signature", good[0] + "." + good[1] + "." + good[2][:8] + "\r" + good[2][8:], bearer.ReasonMalformed},
		{"padding", good[0] + "." + good[1] + "." + good[2] + "==", bearer.ReasonMalformed},
		{"base64 of the other alphabet", good[0] + "." + good[1] + "." + "++//" + good[2][4:], bearer.ReasonMalformed},
		{"spare bits of base64 set", good[0] + "." + good[1] + "." + spareBits(good[2]), bearer.ReasonMalformed},
		{"a payload that is not UTF-8", by(header, twice(`"name":"`+"\xff\xfe"+`"`)), bearer.ReasonMalformed},
		{"a token that is not UTF-8", "\xff.\xfe.\xfd", bearer.ReasonMalformed},
		{"sub twice", by(header, twice(`"sub":"root"`)), bearer.ReasonMalformed},
		{"sub twice, once in escapes", by(header, twice(`"s\u0075b":"root"`)), bearer.ReasonMalformed},
		{"a member twice inside another", by(header, twice(`"x":{"a":1,"a":2}`)), bearer.ReasonMalformed},
		{"iss twice", by(header, twice(`"iss":"https://other.example.com"`)), bearer.ReasonMalformed},
		{"sub with half a surrogate pair", by(header, strings.Replace(payload, `"sub":"u-1"`, `"sub":"u-\ud800"`, 1)), bearer.ReasonMalformed},
		{"alg twice", by(`{"alg":"none","alg":"ES256","kid":"p256"}`, payload), bearer.ReasonMalformed},
		{"kid twice", by(`{"alg":"ES256","kid":"new","kid":"p256"}`, payload), bearer.ReasonMalformed},
		{"a payload that is an array", by(header, `[`+payload+`]`), bearer.ReasonMalformed},
		{"a payload that is null", by(header, `null`), bearer.ReasonMalformed},
		{"a header that is text", by(`"ES256"`, payload), bearer.ReasonMalformed},
		{"two payloads", by(header, payload+payload), bearer.ReasonMalformed},
		{"a comma too many", by(header, payload[:len(payload)-1]+`,}`), bearer.ReasonMalformed},
		{"exp is NaN", by(header, twice(`"nbf":NaN`)), bearer.ReasonMalformed},
		{"a payload nested 2,000 deep", by(header, twice(`"x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000))), bearer.ReasonMalformed},
		{"a payload cut short", by(header, payload[:len(payload)-2]), bearer.ReasonMalformed},
	}
}

// spareBits sets the lowest bit of the last letter, which 64 bytes leave unused.
func spareBits(segment string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(letters, segment[len(segment)-1])
	return segment[:len(segment)-1] + letters[last|1:last|1+1]
}

func TestHostileTokensAreRefused(t *testing.T) {
	other := must(rsa.GenerateKey(rand.Reader, 2048))
	s := newSite(allKeys())
	s.docs[twoKeys+"/jwks"] = jwks(jwk(testKeys()["rsa"], "a"), jwk(other, "b"))
	r := newRig(t, s, func(c *bearer.Config) {
		c.Issuers = append(c.Issuers, bearer.Issuer{URL: twoKeys, JWKS: twoKeys + "/jwks"})
	})
	for _, table := range [][]refused{confused(), selfKeyed(), wrongClaims(), notTokens()} {
		for _, tt := range table {
			t.Run(tt.name, func(t *testing.T) {
				for range 2 { // a refusal must not become an acceptance from the cache
					c, err := r.verify(t, tt.token)
					if got := reason(t, err); got != tt.want {
						t.Errorf("got %q, want %q", got, tt.want)
					}
					if got := fmt.Sprint(c); got != fmt.Sprint(bearer.Claims{}) {
						t.Errorf("got the claims %s, want none", got)
					}
				}
			})
		}
	}
	if got := s.count("evil.example/jwks.json") + s.count("x.pem"); got != 0 {
		t.Errorf("got %d requests to an address from a token, want 0", got)
	}
}

func TestWithoutASecretHS256IsRefused(t *testing.T) {
	r := newRig(t, newSite(allKeys()), func(c *bearer.Config) { c.Secret = nil })
	for _, token := range []string{hs(), mint(jwt.SigningMethodHS256, []byte{}, "", claims(with{"iss": nil}))} {
		_, err := r.verify(t, token)
		if got := reason(t, err); got != bearer.ReasonIssuer {
			t.Errorf("got %q, want %q", got, bearer.ReasonIssuer)
		}
	}
}
