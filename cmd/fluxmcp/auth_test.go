package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/bearer"
	"github.com/golang-jwt/jwt/v5"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// testSecret is the JWT_SECRET of the tests.
var testSecret = canary("canary-jwt-secret-0123456789abcdef-of-the-tests")

// tokenOf is a token as `fluxmcp token issue` makes it.
func tokenOf(t testing.TB, subject string, roles ...string) string {
	t.Helper()
	now := time.Now()
	text, err := bearer.Sign([]byte(testSecret), bearer.Claims{Subject: subject, Roles: roles, Expires: now.Add(time.Hour)}, []string{"fluxmcp"}, now)
	if err != nil {
		t.Fatal(err)
	}
	return canary(text)
}

// withToken adds a token to each request.
type withToken struct{ token string }

func (w withToken) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+w.token)
	return http.DefaultTransport.RoundTrip(r)
}

// connectAs gives a session of the Go SDK's client with a token.
func (s *httpServer) connectAs(t *testing.T, token string) *mcp.ClientSession {
	t.Helper()
	return connect(t, &mcp.StreamableClientTransport{Endpoint: s.base + "/mcp", HTTPClient: &http.Client{Transport: withToken{token}}})
}

// answer is what an HTTP request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// do makes one request. head lists headers as Name: value.
func (s *httpServer) do(t testing.TB, method, path, body string, head ...string) answer {
	t.Helper()
	a, err := s.try(t, method, path, body, head...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *httpServer) try(t testing.TB, method, path, body string, head ...string) (answer, error) {
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	for _, h := range head {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

// query asks over REST, as whoever has token.
func (s *httpServer) query(t testing.TB, token, sql string) answer {
	t.Helper()
	body, err := json.Marshal(m{"sql": sql})
	if err != nil {
		t.Fatal(err)
	}
	return s.do(t, "POST", "/api/mcp/query", string(body), "Authorization: Bearer "+token)
}

// field is a member of a JSON body.
func (a answer) field(name string) any {
	var object m
	_ = json.Unmarshal([]byte(a.body), &object)
	return object[name]
}

func TestAuthenticationIsChosen(t *testing.T) {
	long := "JWT_SECRET=" + testSecret
	for _, c := range []struct {
		name, listen string
		env          []string
		want, err    string
	}{
		{"no key on loopback", "127.0.0.1:1", nil, "none", ""},
		{"no key on localhost", "localhost:1", nil, "none", ""},
		{"no key on IPv6 loopback", "[::1]:1", nil, "none", ""},
		{"no key on an open address", "0.0.0.0:1", nil, "", "Set JWT_SECRET or FLUXMCP_ISSUERS, or listen on 127.0.0.1."},
		{"none on an open address", "0.0.0.0:1", []string{"FLUXMCP_AUTH=none", long}, "", "anyone could call"},
		{"jwt without a key", "127.0.0.1:1", []string{"FLUXMCP_AUTH=jwt"}, "", "no key"},
		{"a secret means tokens", "127.0.0.1:1", []string{long}, "jwt", ""},
		{"issuers mean tokens", "0.0.0.0:1", []string{"FLUXMCP_ISSUERS=https://id.example"}, "jwt", ""},
		{"none in spite of a secret", "127.0.0.1:1", []string{long, "FLUXMCP_AUTH=none"}, "none", ""},
		{"a short secret", "127.0.0.1:1", []string{"JWT_SECRET=short"}, "", "shorter than 32 bytes"},
		{"a short secret that nothing uses", "127.0.0.1:1", []string{"JWT_SECRET=short", "FLUXMCP_AUTH=none"}, "", "shorter than 32 bytes"},
		{"the secret of an example", "127.0.0.1:1", []string{"JWT_SECRET=your-super-secret-jwt-key-change-in-production"}, "", "placeholder"},
		{"one character over and over", "127.0.0.1:1", []string{"JWT_SECRET=" + strings.Repeat("x", 40)}, "", "placeholder"},
		{"a word", "127.0.0.1:1", []string{"FLUXMCP_AUTH=basic"}, "", "no kind of authentication"},
	} {
		set, err := loadSettings(c.env, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := authKind(set, c.listen)
		text := ""
		if err != nil {
			text = err.Error() + " " + err.(interface{ Hint() string }).Hint()
		}
		if got != c.want && c.err == "" || (err != nil) != (c.err != "") || !strings.Contains(text, c.err) {
			t.Errorf("%s: got %q, %q, want %q, an error with %q", c.name, got, text, c.want, c.err)
		}
	}
}

func TestIssuersAndPublicURLAreRead(t *testing.T) {
	set, err := loadSettings([]string{"FLUXMCP_ISSUERS=https://a.example, https://b.example/x=https://b.example/keys?v=1", "FLUXMCP_PUBLIC_URL=https://MCP.example/"}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(issuers(set)), "[{https://a.example } {https://b.example/x https://b.example/keys?v=1}]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, err := publicURL(set); got != "https://mcp.example" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []string{"mcp.example", "https://mcp.example/path", "ftp://x", "https://u:p@x", "https://x?y"} {
		set.set("FLUXMCP_PUBLIC_URL", bad, "test")
		if got, err := publicURL(set); err == nil {
			t.Errorf("%s: got %q, want an error", bad, got)
		}
	}
}

// TestSessionWithTokens is what an agent does whose client has a token, of each
// kind of signature.
func TestSessionWithTokens(t *testing.T) {
	id := newIssuer(t)
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret, "FLUXMCP_ISSUERS="+id.url, "RATE_LIMIT_PER_MINUTE=0")
	for name, token := range map[string]string{
		"HS256": tokenOf(t, "alice"), "RS256": id.token("RS256", id.claims("alice")),
		"ES256": id.token("ES256", id.claims("alice")), "EdDSA": id.token("EdDSA", id.claims("alice")),
		"FluxStudio": hs256(t, []byte(testSecret), jwt.MapClaims{"id": "42", "email": "a@example.com", "userType": "designer", "type": "access", "aud": "fluxmcp", "exp": time.Now().Add(time.Minute).Unix()}),
		"resource":   hs256(t, []byte(testSecret), jwt.MapClaims{"sub": "alice", "aud": s.base + "/mcp", "exp": time.Now().Add(time.Minute).Unix()}),
	} {
		t.Run(name, func(t *testing.T) {
			if text, failed := callText(t, s.connectAs(t, token), "query", m{"sql": "SELECT count(*) > 100 AS many FROM projects"}); failed || !strings.Contains(text, "many\nt\n") {
				t.Errorf("got %s", text)
			}
			if a := s.query(t, token, "SELECT 1 AS one"); a.status != 200 || a.field("cached") == nil || a.field("source") != "mcp" {
				t.Errorf("REST: got %d %s", a.status, a.body)
			}
		})
	}
}

// TestBadTokens sends what no server may take.
func TestBadTokens(t *testing.T) {
	id, other := newIssuer(t), newIssuer(t)
	s := serve(t, sampleDatabase(t), "JWT_SECRET="+testSecret, "FLUXMCP_ISSUERS="+id.url, "FLUXMCP_ADDRESS_LIMIT_PER_MINUTE=0")
	key, err := x509.MarshalPKIXPublicKey(id.keys["RS256"].Public())
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key})
	change := func(name string, value any) jwt.MapClaims {
		c := id.claims("alice")
		c[name] = value
		if value == nil {
			delete(c, name)
		}
		return c
	}
	local := func(name string, value any) jwt.MapClaims {
		c := change(name, value)
		if name != "iss" {
			delete(c, "iss")
		}
		return c
	}
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	none := func(alg string) string {
		body, _ := json.Marshal(local("x", 1))
		return part(`{"alg":"`+alg+`","typ":"JWT"}`) + "." + part(string(body)) + "."
	}
	now := time.Now()
	secret := []byte(testSecret)
	for name, token := range map[string]string{
		"alg none":                                 none("none"),
		"alg None":                                 none("None"),
		"alg of no case":                           none("nOnE"),
		"HS256 signed with the issuer's PEM":       hs256(t, publicPEM, id.claims("alice")),
		"HS256 signed with the issuer's DER":       hs256(t, key, id.claims("alice")),
		"HS256 with our secret, in issuer's name":  hs256(t, secret, id.claims("alice")),
		"HS256 signed with nothing":                hs256(t, nil, local("x", 1)),
		"a key of another issuer":                  other.token("RS256", id.claims("alice")),
		"another issuer":                           other.token("RS256", other.claims("alice")),
		"an issuer whose name begins like ours":    id.token("RS256", change("iss", id.url+".evil.example")),
		"another audience":                         id.token("RS256", change("aud", "other")),
		"another audience, HS256":                  hs256(t, secret, local("aud", "other")),
		"no audience":                              hs256(t, secret, local("aud", nil)),
		"no audience in a list":                    hs256(t, secret, local("aud", []string{})),
		"expired":                                  id.token("ES256", change("exp", now.Add(-2*time.Minute).Unix())),
		"no expiry":                                id.token("EdDSA", change("exp", nil)),
		"no expiry, HS256":                         hs256(t, secret, local("exp", nil)),
		"valid only later":                         id.token("EdDSA", change("nbf", now.Add(5*time.Minute).Unix())),
		"a refresh token":                          hs256(t, secret, local("type", "refresh")),
		"no subject":                               id.token("RS256", change("sub", nil)),
		"an unknown kid":                           id.tokenAs("RS256", "no-such-key", id.claims("alice")),
		"a kid of another algorithm":               id.tokenAs("RS256", "EdDSA", id.claims("alice")),
		"no token":                                 "abc",
		"three empty parts":                        "..",
		"a signature cut off":                      strings.TrimSuffix(id.token("RS256", id.claims("alice")), "A")[:200],
		"a subject swapped under a good signature": swapPayload(hs256(t, secret, local("x", 1)), part(`{"sub":"root","aud":"fluxmcp","exp":9999999999}`)),
	} {
		t.Run(name, func(t *testing.T) {
			a := s.query(t, token, "SELECT 1")
			if a.status != 401 || a.field("code") != "invalid_token" || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("got %d %s %q, want 401 invalid_token", a.status, a.body, a.header.Get("WWW-Authenticate"))
			}
		})
	}
	t.Run("100 KB", func(t *testing.T) {
		if a := s.query(t, strings.Repeat("a", 100<<10), "SELECT 1"); a.status != 431 {
			t.Errorf("got %d %.100s, want 431", a.status, a.body)
		}
		if a := s.query(t, strings.Repeat("a", 20<<10), "SELECT 1"); a.status != 401 {
			t.Errorf("20 KB: got %d %.100s, want 401", a.status, a.body)
		}
	})
	t.Run("a flood of kids", func(t *testing.T) {
		good, before := id.token("RS256", id.claims("bob")), id.fetches.Load()
		var all sync.WaitGroup
		for n := range 500 {
			all.Go(func() {
				if a, err := s.try(t, "POST", "/api/mcp/query", `{"sql":"SELECT 1"}`, "Authorization: Bearer "+id.tokenAs("EdDSA", fmt.Sprint("kid", n), id.claims("mallory"))); err != nil || a.status != 401 {
					t.Errorf("kid %d: got %d, %v, want 401", n, a.status, err)
				}
			})
		}
		if a := s.query(t, good, "SELECT 1"); a.status != 200 {
			t.Errorf("a good token meanwhile: got %d %s", a.status, a.body)
		}
		all.Wait()
		if n := id.fetches.Load() - before; n > 1 {
			t.Errorf("500 unknown kids fetched the keys %d times, want once at most", n)
		}
	})
	t.Run("header mismatch", func(t *testing.T) {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"query","arguments":{"sql":"SELECT 1"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"}}}}`
		a := s.do(t, "POST", "/mcp", body, "Authorization: Bearer "+tokenOf(t, "alice"), "MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/list", "Mcp-Name: query")
		if a.status != 400 || !strings.Contains(a.body, "-32020") {
			t.Errorf("got %d %s, want 400 and -32020", a.status, a.body)
		}
	})
}

// swapPayload puts another payload under a token's signature.
func swapPayload(token, payload string) string {
	parts := strings.Split(token, ".")
	return parts[0] + "." + payload + "." + parts[2]
}

// TestIssuerAway lets the issuer of the keys be down: at the start, and later.
func TestIssuerAway(t *testing.T) {
	id := newIssuer(t)
	s := serve(t, sampleDatabase(t), "FLUXMCP_ISSUERS="+id.url+"="+id.url+"/keys")
	token := id.token("RS256", id.claims("alice"))
	if a := s.query(t, token, "SELECT 1"); a.status != 200 {
		t.Fatalf("got %d %s", a.status, a.body)
	}
	id.down.Store(true)
	if a := s.query(t, id.token("ES256", id.claims("alice")), "SELECT 1"); a.status != 200 {
		t.Errorf("with the issuer away: got %d %s", a.status, a.body)
	}
	early := serve(t, sampleDatabase(t), "FLUXMCP_ISSUERS="+id.url)
	a := early.query(t, token, "SELECT 1")
	if a.status != 503 || a.field("code") != "keys_unavailable" || a.header.Get("Retry-After") == "" {
		t.Errorf("started without the issuer: got %d %s, want 503 with Retry-After", a.status, a.body)
	}
	if a := early.do(t, "GET", "/readyz", ""); !strings.Contains(a.body, `"keys":{"state":"degraded"`) {
		t.Errorf("readyz: got %s, want keys degraded", a.body)
	}
}

func TestTokenIssue(t *testing.T) {
	env := []string{"JWT_SECRET=" + testSecret}
	got := runCLI(t, "", env, "token", "issue", "--subject", "alice", "--email", "a@example.com", "--role", "admin", "--scope", "fluxmcp:read")
	token := strings.TrimSpace(got.out)
	if got.code != 0 || strings.Count(token, ".") != 2 || strings.ContainsAny(token, " \n") {
		t.Fatalf("got %+v, want a token alone", got)
	}
	v, err := bearer.New(t.Context(), bearer.Config{Audiences: []string{"fluxmcp"}, Secret: []byte(testSecret)})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	c, err := v.Verify(t.Context(), token)
	if err != nil || c.Subject != "alice" || c.Email != "a@example.com" || c.Roles[0] != "admin" || !c.Scoped || c.Scopes[0] != "fluxmcp:read" {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, c := range []struct {
		name string
		env  []string
		args []string
		code int
		err  string
	}{
		{"no subject", env, nil, 2, "--subject"},
		{"no secret", nil, []string{"--subject", "a"}, 1, "openssl rand"},
		{"a short secret", []string{"JWT_SECRET=short"}, []string{"--subject", "a"}, 1, "32 bytes"},
		{"no life", env, []string{"--subject", "a", "--ttl", "-1h"}, 2, "--ttl"},
	} {
		if got := runCLI(t, "", c.env, append([]string{"token", "issue"}, c.args...)...); got.code != c.code || !strings.Contains(got.err, c.err) || got.out != "" {
			t.Errorf("%s: got %+v, want code %d and %q", c.name, got, c.code, c.err)
		}
	}
}
