package oauth_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// acme is all that fluxmcp is told of a provider that it has never heard of:
// no line of Go knows it. %s is where it is.
const acme = `
providers:
  acme:
    title: Acme Cloud
    manage_url: https://acme.example/apps
    bases:
      api: %s/v3
      authorize: https://login.acme.example/consent?brand=1
      token: "{api}/oauth/token"
      refresh: "{api}/oauth/renew"
    client_auth: form
    body_format: json
    pkce: true
    refresh_once: true
    lifetime: 90m
    scope_separator: ","
    authorize_params: {access_type: offline}
    api_headers: {Acme-Version: "2026-11-01"}
    tokens:
      - {kind: user, at: data.credentials, type: acme_user, scope_param: permissions}
    metadata: [data.region, data.shard]
    errors:
      ok: success
      code: problem.code
      refused: [E-401-GRANT]
      client: [E-403-APP]
    identity:
      method: POST
      url: "{api}/whoami"
      id: ["{grant:data.region}:{account.number}"]
      name: ["{account.nick}", "{account.full_name}"]
      email: ["{account.mail}"]
    revoke:
      url: "{api}/oauth/revoke"
      auth: none
      form: {token: "{access_token}", token_type_hint: access_token, client_id: "{client_id}", client_secret: "{client_secret}"}
      dead: [E-404-TOKEN]
    scopes:
      - {name: "read", about: "Read your things"}
      - {name: "write", about: "Change your things"}
      - {name: "admin", about: "Do everything", optional: true}
`

func acmeServer(t *testing.T) *strict {
	s := &strict{tokenPath: "/v3/oauth/token", refreshPath: "/v3/oauth/renew", auth: "form", json: true, rotates: true}
	fault := func(w http.ResponseWriter, code string) {
		replyStatus(w, http.StatusOK, map[string]any{"success": false, "problem": map[string]any{"code": code, "detail": secret}})
	}
	s.fail = func(w http.ResponseWriter, what string) {
		code := "E-401-GRANT"
		if what == "client" {
			code = "E-403-APP"
		}
		fault(w, code)
	}
	give := func() any {
		return map[string]any{"success": true, "data": map[string]any{
			"region": "eu", "shard": 12345678901234567, // more digits than a float64 keeps
			"credentials": map[string]any{"access_token": s.issue("user"), "refresh_token": s.issue("refresh user"), "token_type": "acme_user", "scope": []string{"write", "read"}},
		}}
	}
	s.tokens = func(url.Values) any { return give() }
	s.refreshed = func(string) any { return give() }
	s.api = func(w http.ResponseWriter, r *http.Request) {
		versioned := r.Method == http.MethodPost && r.Header.Get("Acme-Version") == "2026-11-01"
		ours := r.FormValue("client_id") == clientID && r.FormValue("client_secret") == secret
		switch {
		case versioned && r.URL.Path == "/v3/whoami" && s.bearer(r) == "user":
			reply(w, `{"success":true,"account":{"number":90071992547409931,"nick":null,"full_name":"Maria M.","mail":"maria@acme.example"}}`)
		case versioned && r.URL.Path == "/v3/oauth/revoke" && ours && s.kinds[r.FormValue("token")] == "user":
			delete(s.kinds, r.FormValue("token"))
			reply(w, `{"success":true}`)
		case versioned && r.URL.Path == "/v3/oauth/revoke" && ours:
			fault(w, "E-404-TOKEN")
		default:
			s.fail(w, "client")
		}
	}
	return s.start(t)
}

func acmeProvider(t *testing.T, s *strict) oauth.Provider {
	t.Helper()
	r, err := oauth.Load([]byte(fmt.Sprintf(acme, s.server.URL)))
	if err != nil {
		t.Fatal(err)
	}
	p, ok := r.Get("acme")
	if !ok {
		t.Fatal("acme is not there")
	}
	return p
}

func TestAFourthProviderNeedsNothingButYAML(t *testing.T) {
	s := acmeServer(t)
	c := client(acmeProvider(t, s))
	page, verifier := authorize(c)
	u, _ := url.Parse(page)
	q := u.Query()
	if u.Host != "login.acme.example" || q.Get("brand") != "1" || q.Get("access_type") != "offline" || q.Get("permissions") != "read,write" || q.Has("scope") {
		t.Errorf("consent page is %s", page)
	}
	before := time.Now()
	g, err := c.Exchange(t.Context(), s.consent(t, page), verifier, redirect)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Tokens) != 1 || !slices.Equal(g.Tokens[0].Scopes, []string{"read", "write"}) || g.Metadata["data.shard"] != "12345678901234567" {
		t.Fatalf("got %+v", g)
	}
	checkExpiry(t, g.Tokens[0], before, 90*time.Minute)
	who, err := c.Identity(t.Context(), g)
	if want := (oauth.Identity{ID: "eu:90071992547409931", Name: "Maria M.", Email: "maria@acme.example"}); err != nil || who != want {
		t.Errorf("identity is %+v, %v; want %+v", who, err, want)
	}
	next, err := c.Refresh(t.Context(), g.Tokens[0])
	if err != nil || next.Access == g.Tokens[0].Access || next.Refresh == g.Tokens[0].Refresh {
		t.Fatalf("refresh gives %+v, %v", next, err)
	}
	for range 2 { // the second time the token is dead already
		if err := c.Revoke(t.Context(), next); err != nil || !s.revoked(next) {
			t.Errorf("revoke: %v; the token is dead: %t", err, s.revoked(next))
		}
	}
	want := "POST /v3/oauth/token, POST /v3/whoami, POST /v3/oauth/renew, POST /v3/oauth/revoke, POST /v3/oauth/revoke"
	if got := s.requests(); got != want {
		t.Errorf("requests were %s, want %s", got, want)
	}
}

func TestAFourthProviderRefuses(t *testing.T) {
	s := acmeServer(t)
	p := acmeProvider(t, s)
	refusals(t, s, p, map[string][2]string{
		"client": {"client", "E-403-APP"}, "redirect": {"refused", "E-401-GRANT"}, "verifier": {"refused", "E-401-GRANT"}, "code": {"refused", "E-401-GRANT"},
	})
	wrong := oauth.NewClient(p, oauth.Credentials{ID: clientID, Secret: oauth.NewSecret("wr0ng")}, nil)
	err := wrong.Revoke(t.Context(), oauth.Token{Access: oauth.NewSecret("x")})
	wantKind(t, err, oauth.BadClient, "E-403-APP")
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error has the provider's text: %v", err)
	}
}
