package pages

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// The cookies, without their prefix.
//
// Browsers keep a __Host- cookie only where it is Secure, has no Domain and the
// path /, so that neither a subdomain nor plain HTTP can set it. Over plain
// HTTP, which is loopback, Safari and most programs refuse Secure cookies, so
// there each has a twin without prefix; it is never looked at over HTTPS.
// Source: https://www.rfc-editor.org/rfc/rfc6265 and its successor, section 4.1.3
const (
	hostPrefix    = "__Host-"
	browserCookie = "fluxmcp_browser" // tells browsers apart: 43 characters of base64url
	sessionCookie = "fluxmcp_session" // who is signed in, sealed

	browserLife = time.Hour
	sessionLife = time.Hour // of a browser that a pairing code signed in
)

// browser is what a request tells of the browser it came from.
type browser struct {
	consent.Browser
	base  string // our own URL as it writes it, without a path
	local bool   // its person is Options.Local
}

// plainHTTP reports whether it speaks to us, or to the proxy before us, unencrypted.
func (b browser) plainHTTP() bool { return !strings.HasPrefix(b.base, "https://") }

// base is our own URL as the browser of r writes it.
func (p *Pages) base(r *http.Request) string {
	switch {
	case p.PublicURL != "":
		return strings.TrimSuffix(p.PublicURL, "/")
	case r.TLS != nil:
		return "https://" + r.Host
	default:
		return "http://" + r.Host
	}
}

// browser reads the cookies of r.
func (p *Pages) browser(r *http.Request) browser {
	b := browser{base: p.base(r), local: p.Local != nil}
	for _, c := range b.cookies(r, browserCookie) {
		if raw, err := base64.RawURLEncoding.Strict().DecodeString(c); err == nil && len(raw) == 32 && b.Cookie == "" {
			b.Cookie = c
		}
	}
	if b.local {
		b.Person = p.Local
		return b
	}
	for _, c := range b.cookies(r, sessionCookie) {
		if b.Person == nil {
			b.Person = p.session(c)
		}
	}
	return b
}

// cookies are the values of a cookie that b may be known by, the better first.
func (b browser) cookies(r *http.Request, name string) []string {
	all := r.CookiesNamed(hostPrefix + name)
	if b.plainHTTP() {
		all = append(all, r.CookiesNamed(name)...)
	}
	values := make([]string, len(all))
	for i, c := range all {
		values[i] = c.Value
	}
	return values
}

// set gives b a cookie, or takes it away where life is negative.
func (b browser) set(w http.ResponseWriter, name, value string, life time.Duration) {
	c := http.Cookie{
		Name: hostPrefix + name, Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: true,
		SameSite: http.SameSiteLaxMode, // Strict would not come with the provider's redirect
	}
	http.SetCookie(w, &c)
	if b.plainHTTP() {
		c.Name, c.Secure = name, false
		http.SetCookie(w, &c)
	}
}

// marked is b with a browser cookie, its own for another hour or a new one. A
// page with a form gives it; it means nothing until the form is posted.
func (b browser) marked(w http.ResponseWriter) browser {
	if b.Cookie == "" {
		raw := make([]byte, 32)
		_, _ = rand.Read(raw) // never fails
		b.Cookie = base64.RawURLEncoding.EncodeToString(raw)
	}
	b.set(w, browserCookie, b.Cookie, browserLife)
	return b
}

// signedIn is what a session cookie says.
type signedIn struct {
	Issuer  string `json:"i"`
	Subject string `json:"s"`
	Email   string `json:"e,omitempty"`
	Until   int64  `json:"u"` // Unix seconds
}

// signIn makes b who's.
func (p *Pages) signIn(w http.ResponseWriter, b browser, who oauth.Person) {
	text := p.seal(signedIn{who.Issuer, who.Subject, who.Email, time.Now().Add(sessionLife).Unix()}, "session")
	b.set(w, sessionCookie, text, sessionLife)
}

// session is the person of a session cookie; nil: it is not ours, or over.
func (p *Pages) session(text string) *oauth.Person {
	var s signedIn
	if !p.open(text, "session", &s) || time.Now().Unix() >= s.Until {
		return nil
	}
	return &oauth.Person{Issuer: s.Issuer, Subject: s.Subject, Email: s.Email}
}

// seal makes a text of v that only open can read.
func (p *Pages) seal(v any, purpose string) string {
	text, _ := json.Marshal(v) // our own structs of strings and numbers
	return base64.RawURLEncoding.EncodeToString(p.Box.Seal(text, purpose))
}

// open reads into v what seal made for the same purpose.
func (p *Pages) open(text, purpose string, v any) bool {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	opened, err := p.Box.Open(sealed, purpose)
	return err == nil && json.Unmarshal(opened, v) == nil
}

// label names a person to people.
func label(who oauth.Person) string {
	if l := plain(who.Label()); l != "" {
		return l
	}
	return "you, on this computer"
}
