// Package issuer keeps the books of one OAuth app at one provider: what people
// allowed, codes, access and refresh tokens, and when each of them dies. What
// differs between providers is in Config and Policy; how things look on the
// wire, it does not know.
package issuer

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Reason is why something is refused. It is an error.
type Reason string

// The reasons.
const (
	UnknownClient   Reason = "unknown client"
	WrongSecret     Reason = "wrong client secret"
	WrongRedirect   Reason = "wrong redirect URI"
	WrongChallenge  Reason = "the code challenge is not one of S256"
	UnknownCode     Reason = "unknown code"
	UsedCode        Reason = "code used already"
	ExpiredCode     Reason = "expired code"
	WrongVerifier   Reason = "wrong or missing code verifier"
	UnknownToken    Reason = "unknown token"
	RevokedToken    Reason = "revoked token"
	ExpiredToken    Reason = "expired token"
	UsedToken       Reason = "refresh token used already"
	ForeignRedirect Reason = "not the redirect URI that the code was asked with"
)

// Error is the reason.
func (r Reason) Error() string { return string(r) }

// Config is what an app is. All fields must be set.
type Config struct {
	ClientID, Secret string
	CodeLife         time.Duration
	Redirect         func(registered, asked string) bool
	Now              func() time.Time
}

// Ask is what a person is asked to allow.
type Ask struct {
	RedirectURI string
	State       string
	Challenge   string              // empty: without PKCE
	Scopes      map[string][]string // by kind of token
}

// Holder is whom a token is for.
type Holder struct {
	ID   string // at the provider
	Kind string // user or bot
}

// Policy is how tokens of a kind live.
type Policy struct {
	Prefix, RefreshPrefix string
	Life                  time.Duration // of an access token; 0: for ever
	RefreshLife           time.Duration // 0: for ever
	Refresh               bool          // there are refresh tokens
	SingleUse             bool          // a refresh token is good once, and a new one comes with each answer
	Grace                 time.Duration // for which a used refresh token still works
	Keep                  int           // access tokens of a holder that live at once; 0: any number
	KeepRefresh           int           // refresh tokens likewise, those in their grace aside
	Same                  bool          // who has a token gets it again
	Additive              bool          // scopes are added to those that the holder allowed before
}

// Token is an access token and what renews it.
type Token struct {
	Holder  Holder
	Person  string // Key of who allowed it
	Access  string
	Refresh string // empty: none came with it
	Scopes  []string
	Expires time.Time // zero: never
	Life    time.Duration
}

// Issuer is safe for concurrent use.
type Issuer struct {
	cfg Config

	mu        sync.Mutex
	redirects []string
	codes     map[string]*code
	access    map[string]*access
	refresh   map[string]*refresh
	held      map[Holder][]*access  // by age
	renewals  map[Holder][]*refresh // by age
	allowed   map[Holder][]string   // scopes
}

type code struct {
	ask     Ask
	person  string
	expires time.Time
	used    bool
}

type access struct {
	Token
	dead bool
}

type refresh struct {
	value, person string
	holder        Holder
	scopes        []string
	expires       time.Time // zero: never
	used          time.Time // zero: not yet
	dead          bool
}

// New makes the books of an app.
func New(cfg Config) *Issuer {
	return &Issuer{
		cfg: cfg, codes: map[string]*code{}, access: map[string]*access{}, refresh: map[string]*refresh{},
		held: map[Holder][]*access{}, renewals: map[Holder][]*refresh{}, allowed: map[Holder][]string{},
	}
}

// Client is the app's id and secret.
func (s *Issuer) Client() (id, secret string) { return s.cfg.ClientID, s.cfg.Secret }

// Register adds a redirect URI.
func (s *Issuer) Register(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.redirects, uri) {
		s.redirects = append(s.redirects, uri)
	}
}

// Registered is the first redirect URI; empty: there is none.
func (s *Issuer) Registered() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.redirects) == 0 {
		return ""
	}
	return s.redirects[0]
}

// Known checks a client id.
func (s *Issuer) Known(id string) error {
	if id != s.cfg.ClientID {
		return UnknownClient
	}
	return nil
}

// Authenticate checks a client's id and secret.
func (s *Issuer) Authenticate(id, secret string) error {
	if err := s.Known(id); err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(secret), []byte(s.cfg.Secret)) != 1 {
		return WrongSecret
	}
	return nil
}

// RedirectAllowed checks a redirect URI.
func (s *Issuer) RedirectAllowed(uri string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.redirects {
		if s.cfg.Redirect(r, uri) {
			return nil
		}
	}
	return WrongRedirect
}

// challengeForm is that of base64url of 32 bytes.
var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// CheckChallenge wants a challenge of S256. bare says that a challenge without
// a method is one of S256 too.
func CheckChallenge(challenge, method string, bare bool) error {
	switch {
	case challenge == "" && method == "":
		return nil
	case !challengeForm.MatchString(challenge):
		return WrongChallenge
	case method == "S256" || method == "" && bare:
		return nil
	default:
		return WrongChallenge
	}
}

// Challenge is the code challenge of a verifier.
// Source: RFC 7636, section 4.2.
func Challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Allow writes down what a person allowed, and returns the code for it.
func (s *Issuer) Allow(a Ask, person string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	value := "sbxcode" + random()
	s.codes[value] = &code{ask: a, person: person, expires: s.cfg.Now().Add(s.cfg.CodeLife)}
	return value
}

// Exchange takes a code, whose client is proved already. Whatever is wrong, the
// code is used up.
// Errors: Reason.
func (s *Issuer) Exchange(value, redirectURI, verifier string) (Ask, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.codes[value]
	switch {
	case c == nil:
		return Ask{}, "", UnknownCode
	case c.used:
		return Ask{}, "", UsedCode
	}
	c.used = true
	switch {
	case !s.cfg.Now().Before(c.expires):
		return Ask{}, "", ExpiredCode
	case c.ask.RedirectURI != redirectURI:
		return Ask{}, "", ForeignRedirect
	case (c.ask.Challenge == "") != (verifier == ""), verifier != "" && Challenge(verifier) != c.ask.Challenge:
		return Ask{}, "", WrongVerifier
	}
	return c.ask, c.person, nil
}

// random is 128 bits of text.
func random() string { return rand.Text() }
