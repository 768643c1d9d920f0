package pages

import (
	"crypto/subtle"
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// handler answers a browser.
type handler func(w http.ResponseWriter, r *http.Request, b browser)

const maxBody = 64 << 10 // bytes

// page answers GET and HEAD, neither of which changes anything.
func (p *Pages) page(h handler) map[string]http.HandlerFunc {
	serve := func(w http.ResponseWriter, r *http.Request) {
		b := p.browser(r)
		if home := p.home(b.base); home != b.base {
			redirect(w, home+r.URL.EscapedPath())
			return
		}
		h(w, r, b)
	}
	return map[string]http.HandlerFunc{http.MethodGet: serve, http.MethodHead: serve}
}

// form answers POST. Who opens its address, as by Enter in the address bar after
// a refusal, is sent to the page that has the form.
func (p *Pages) form(from func(*http.Request) string, h handler) map[string]http.HandlerFunc {
	return p.both(func(w http.ResponseWriter, r *http.Request, _ browser) { redirect(w, from(r)) }, h)
}

// both answers GET, HEAD and POST.
func (p *Pages) both(show, act handler) map[string]http.HandlerFunc {
	all := map[string]http.HandlerFunc{http.MethodPost: func(w http.ResponseWriter, r *http.Request) {
		b := p.browser(r)
		if refusal := p.posted(w, r, b); refusal != nil {
			p.refuse(w, r, b, Provider{}, refusal)
			return
		}
		act(w, r, b)
	}}
	maps.Copy(all, p.page(show))
	return all
}

// posted parses the form of r, and tells why it must not be acted upon: each of
// the two checks would be enough where browsers and this code have no faults.
func (p *Pages) posted(w http.ResponseWriter, r *http.Request, b browser) error {
	if !ours(r, b.base) {
		return &problem{"form_foreign", "this form came from another site", "Open the page here, and use its own buttons."}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return &problem{"form_type", "this is no form", "Send application/x-www-form-urlencoded."}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		var long *http.MaxBytesError
		if errors.As(err, &long) {
			return &problem{"form_size", "this form is too long", "Send 64 KiB at most."}
		}
		return &problem{"form_type", "this form cannot be read", "Send it again."}
	}
	if b.Cookie == "" {
		return &problem{"form_cookie", "the browser did not send this site's cookie", "Allow cookies for this site, and open the page again."}
	}
	var maker string
	if !p.open(r.PostForm.Get("token"), "form", &maker) || subtle.ConstantTimeCompare([]byte(maker), []byte(b.Cookie)) != 1 {
		return &problem{"form_stale", "this page was made for another browser, or too long ago", "Open the page again."}
	}
	return nil
}

// ours tells whether a page of our own sent r, as far as its headers say. A
// program that sends neither header is no page, so nobody's session is at risk.
// Source: net/http.CrossOriginProtection, whose rules are less strict
func ours(r *http.Request, base string) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	for _, origin := range r.Header.Values("Origin") {
		if !strings.EqualFold(origin, base) {
			return false
		}
	}
	return true
}

// home is base, or the name of this machine that providers bring people back to,
// where base is another: localhost's cookies do not come along to 127.0.0.1.
func (p *Pages) home(base string) string {
	if p.PublicURL != "" || !onLoopback(base) {
		return base
	}
	for _, v := range p.Providers {
		own, isOurs := strings.CutSuffix(p.RedirectURI(v.Name), apiPath+"/"+v.Name+"/callback")
		if isOurs && onLoopback(own) {
			return own
		}
	}
	return base
}

func onLoopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && addr.IsLoopback()
}

// token is what b must send back with a form.
func (p *Pages) token(b browser) string { return p.seal(b.Cookie, "form") }

// redirect sends a browser on with GET.
func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}
