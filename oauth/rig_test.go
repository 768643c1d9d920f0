package oauth_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
)

const (
	clientID = "client-1"
	secret   = "s3cret/+&=%"
	redirect = "https://mcp.example/api/integrations/x/callback"
)

// strict is a provider that gives tokens only for what is exactly right. It is
// safe for concurrent use.
type strict struct {
	tokenPath, refreshPath string
	auth                   string // basic, form or public
	json                   bool   // bodies of the token endpoint are JSON
	rotates                bool   // a refresh token is good once
	fail                   func(w http.ResponseWriter, what string)
	tokens                 func(scopes url.Values) any                  // answer to a code, with tokens of issue
	refreshed              func(kind string) any                        // answer to a refresh
	api                    func(w http.ResponseWriter, r *http.Request) // everything else

	server *httptest.Server
	mu     sync.Mutex
	codes  map[string]url.Values // query of the consent page, by code
	kinds  map[string]string     // of a live token, by token
	seen   []string              // method and path of each request
}

func (s *strict) start(t *testing.T) *strict {
	t.Helper()
	s.codes, s.kinds = map[string]url.Values{}, map[string]string{}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

// issue makes a live token.
func (s *strict) issue(kind string) string {
	token := strings.ReplaceAll(kind, " ", "-") + "-" + rand.Text()
	s.kinds[token] = kind
	return token
}

// consent is a person who allows at the page, and the code they come back with.
func (s *strict) consent(t *testing.T, page string) string {
	t.Helper()
	u, err := url.Parse(page)
	if err != nil {
		t.Fatalf("authorize URL %q: %v", page, err)
	}
	q := u.Query()
	if q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("redirect_uri") != redirect || q.Get("state") != "state-1" {
		t.Fatalf("authorize URL has the query %v", q)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	code := "code-" + rand.Text()
	s.codes[code] = q
	return code
}

// revoked reports whether a token is dead.
func (s *strict) revoked(t oauth.Token) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kinds[t.Access.Reveal()] == ""
}

func (s *strict) requests() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.seen, ", ")
}

func (s *strict) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, r.Method+" "+r.URL.Path)
	if r.Method == http.MethodPost && (r.URL.Path == s.tokenPath || r.URL.Path == s.refreshPath) {
		s.token(w, r)
		return
	}
	s.api(w, r)
}

func (s *strict) token(w http.ResponseWriter, r *http.Request) {
	form, ok := s.form(r)
	switch {
	case !ok || r.Header.Get("Accept") != "application/json":
		s.fail(w, "request")
	case !s.client(r, form):
		s.fail(w, "client")
	case form.Get("grant_type") == "authorization_code" && r.URL.Path == s.tokenPath:
		s.code(w, form)
	case form.Get("grant_type") == "refresh_token" && r.URL.Path == s.refreshPath:
		s.refresh(w, form.Get("refresh_token"))
	default:
		s.fail(w, "request")
	}
}

func (s *strict) form(r *http.Request) (url.Values, bool) {
	if !s.json {
		err := r.ParseForm()
		return r.PostForm, err == nil && r.Header.Get("Content-Type") == "application/x-www-form-urlencoded" && r.URL.RawQuery == ""
	}
	var members map[string]string
	err := json.NewDecoder(r.Body).Decode(&members)
	form := url.Values{}
	for name, value := range members {
		form.Set(name, value)
	}
	return form, err == nil && r.Header.Get("Content-Type") == "application/json"
}

// client takes the credentials in one manner, and not in the other as well.
func (s *strict) client(r *http.Request, form url.Values) bool {
	id, pass, basic := r.BasicAuth()
	inForm := form.Get("client_id") == clientID && form.Get("client_secret") == secret
	switch s.auth {
	case "basic":
		return id == url.QueryEscape(clientID) && pass == url.QueryEscape(secret) && !form.Has("client_secret")
	case "form":
		return inForm && !basic
	default:
		return form.Get("client_id") == clientID && !form.Has("client_secret") && !basic
	}
}

func (s *strict) code(w http.ResponseWriter, form url.Values) {
	asked, ok := s.codes[form.Get("code")]
	delete(s.codes, form.Get("code"))
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	challenge := ""
	if form.Has("code_verifier") {
		challenge = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	switch {
	case !ok:
		s.fail(w, "code")
	case asked.Get("redirect_uri") != form.Get("redirect_uri"):
		s.fail(w, "redirect")
	case asked.Get("code_challenge") != challenge, challenge != "" && asked.Get("code_challenge_method") != "S256":
		s.fail(w, "verifier")
	default:
		reply(w, s.tokens(asked))
	}
}

func (s *strict) refresh(w http.ResponseWriter, token string) {
	kind, ok := strings.CutPrefix(s.kinds[token], "refresh ")
	if !ok {
		s.fail(w, "refresh")
		return
	}
	if s.rotates {
		delete(s.kinds, token)
	}
	reply(w, s.refreshed(kind))
}

// bearer is the kind of the live token that r carries; empty: none.
func (s *strict) bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return s.kinds[token]
}

func reply(w http.ResponseWriter, v any) { replyStatus(w, http.StatusOK, v) }

func replyStatus(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	switch v := v.(type) {
	case nil:
	case string:
		_, _ = fmt.Fprint(w, v)
	default:
		_ = json.NewEncoder(w).Encode(v)
	}
}

// provider is one of those that come with fluxmcp, at a server of the test.
func provider(t *testing.T, name string, at *httptest.Server) oauth.Provider {
	t.Helper()
	r, err := oauth.Load()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := r.Get(name)
	if !ok {
		t.Fatalf("no provider %s", name)
	}
	return moved(t, p, "api", at.URL)
}

func moved(t *testing.T, p oauth.Provider, base, url string) oauth.Provider {
	t.Helper()
	p, err := p.WithBase(base, url)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func client(p oauth.Provider) *oauth.Client {
	return oauth.NewClient(p, oauth.Credentials{ID: clientID, Secret: oauth.NewSecret(secret)}, nil)
}

// authorize is the consent page of c, with PKCE where the provider has it.
func authorize(c *oauth.Client, scopes ...string) (page, verifier string) {
	if c.Provider().PKCE {
		verifier = oauth.NewVerifier()
	}
	return c.AuthorizeURL(oauth.Authorization{State: "state-1", Verifier: verifier, RedirectURI: redirect, Scopes: scopes}), verifier
}

// connect goes through consent and exchange.
func connect(t *testing.T, s *strict, c *oauth.Client, scopes ...string) oauth.Grant {
	t.Helper()
	page, verifier := authorize(c, scopes...)
	g, err := c.Exchange(t.Context(), s.consent(t, page), verifier, redirect)
	if err != nil {
		t.Fatalf("exchange: %v", err)
	}
	return g
}

// wantKind fails unless err is an *oauth.Error of a kind and a reason.
func wantKind(t *testing.T, err error, kind oauth.Kind, reason string) *oauth.Error {
	t.Helper()
	var e *oauth.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *oauth.Error of kind %s", err, kind)
	}
	if e.Kind != kind || e.Reason != reason {
		t.Errorf("got kind %s and reason %q (%v), want %s and %q", e.Kind, e.Reason, err, kind, reason)
	}
	return e
}

// refusals are what each strict provider must refuse, and what we make of it.
func refusals(t *testing.T, s *strict, p oauth.Provider, reasons map[string][2]string) {
	t.Helper()
	good := client(p)
	wrong := oauth.NewClient(p, oauth.Credentials{ID: clientID, Secret: oauth.NewSecret("wr0ng")}, nil)
	for _, c := range []struct {
		name, what string
		exchange   func(code, verifier string) error
	}{
		{"a wrong secret is the operator's to mend", "client", func(code, verifier string) error {
			_, err := wrong.Exchange(t.Context(), code, verifier, redirect)
			return err
		}},
		{"another redirect URI is refused", "redirect", func(code, verifier string) error {
			_, err := good.Exchange(t.Context(), code, verifier, redirect+"/other")
			return err
		}},
		{"another verifier is refused", "verifier", func(code, _ string) error {
			_, err := good.Exchange(t.Context(), code, oauth.NewVerifier(), redirect)
			return err
		}},
		{"a code is good once", "code", func(code, verifier string) error {
			if _, err := good.Exchange(t.Context(), code, verifier, redirect); err != nil {
				return fmt.Errorf("first exchange: %w", err)
			}
			_, err := good.Exchange(t.Context(), code, verifier, redirect)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, verifier := authorize(good)
			want := reasons[c.what]
			wantKind(t, c.exchange(s.consent(t, page), verifier), oauth.Kind(want[0]), want[1])
		})
	}
}
