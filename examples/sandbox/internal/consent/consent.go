// Package consent runs the part of OAuth that a browser sees: it checks what is
// asked, shows the page, and sends the person on with a code or an error. What
// is checked and how a refusal looks is the Provider's; tokens it does not know.
package consent

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/issuer"
	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/page"
)

// Provider is what differs between the consent pages.
type Provider interface {
	// Ask checks the query of the consent page.
	Ask(q url.Values) (issuer.Ask, *Refusal)
	// Page is what the page shows.
	Page(a issuer.Ask) page.Consent
	// Denied are the parameters of a callback that says no.
	Denied() url.Values
}

// Refusal is a consent that does not take place: Location to go to, JSON to
// answer, or else a page with Text.
type Refusal struct {
	Location string
	Status   int
	JSON     any
	Text     string
}

// Desk is safe for concurrent use.
type Desk struct {
	provider Provider
	issuer   *issuer.Issuer

	mu       sync.Mutex
	callback bool     // a person who says no is sent back
	withheld []string // scopes that nobody allows
}

// New makes a desk. callback says whether a person who says no is sent back to
// the app, or stays.
func New(p Provider, i *issuer.Issuer, callback bool) *Desk {
	return &Desk{provider: p, issuer: i, callback: callback}
}

// CallBack changes whether a person who says no is sent back.
func (d *Desk) CallBack(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.callback = on
}

// Withhold names the scopes that people do not allow from now on though they
// are asked for.
func (d *Desk) Withhold(scopes []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.withheld = slices.Clone(scopes)
}

// Allow is what happens when a person allows what q asks.
func (d *Desk) Allow(q url.Values, person string) (location string, refused *Refusal) {
	a, refused := d.provider.Ask(q)
	if refused != nil {
		return "", refused
	}
	if p, ok := company.ByKey(person); !ok || !p.SignsIn {
		return "", &Refusal{Status: http.StatusBadRequest, Text: "Nobody of that name signs in here."}
	}
	d.mu.Lock()
	for kind, list := range a.Scopes {
		a.Scopes[kind] = slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(d.withheld, s) })
	}
	d.mu.Unlock()
	return Back(a.RedirectURI, a.State, url.Values{"code": {d.issuer.Allow(a, person)}}), nil
}

// Deny is what happens when a person does not allow what q asks; location is
// empty where the person stays.
func (d *Desk) Deny(q url.Values) (location string, refused *Refusal) {
	a, refused := d.provider.Ask(q)
	if refused != nil {
		return "", refused
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.callback {
		return "", nil
	}
	return Back(a.RedirectURI, a.State, d.provider.Denied()), nil
}

// Back is a redirect URI with parameters and the state added.
func Back(redirectURI, state string, add url.Values) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return "" // it was compared with a registered one before
	}
	q := u.Query()
	for name, values := range add {
		q.Set(name, values[0])
	}
	if state != "" {
		q.Set("state", state)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// ServeHTTP serves the page with GET and takes its answer with POST.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	a, refused := d.provider.Ask(q)
	if refused != nil {
		d.refuse(w, r, refused)
		return
	}
	if r.Method != http.MethodPost {
		c := d.provider.Page(a)
		c.Action, c.Next = "?"+r.URL.RawQuery, host(a.RedirectURI)
		page.WriteConsent(w, c)
		return
	}
	location, refused := d.decide(q, r)
	switch {
	case refused != nil:
		d.refuse(w, r, refused)
	case location == "":
		p := d.provider.Page(a)
		page.WriteMessage(w, http.StatusOK, page.Message{
			Look: p.Look, Title: p.Title, Heading: "Access was not allowed",
			Text: "As " + p.Title + " does, the sandbox tells the app nothing of that. Close this page, and start again from the app where you want to.",
		})
	default:
		http.Redirect(w, r, location, http.StatusSeeOther)
	}
}

func (d *Desk) decide(q url.Values, r *http.Request) (string, *Refusal) {
	switch r.PostFormValue(page.FieldDecision) {
	case page.Allow:
		return d.Allow(q, r.PostFormValue(page.FieldPerson))
	case page.Cancel:
		return d.Deny(q)
	default:
		return "", &Refusal{Status: http.StatusBadRequest, Text: "Nothing was decided."}
	}
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, f *Refusal) {
	switch {
	case f.Location != "":
		http.Redirect(w, r, f.Location, http.StatusFound)
	case f.JSON != nil:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(f.Status)
		_ = json.NewEncoder(w).Encode(f.JSON) // a browser that left needs no answer
	default:
		p := d.provider.Page(issuer.Ask{})
		page.WriteMessage(w, f.Status, page.Message{Look: p.Look, Title: p.Title, Heading: "This cannot be allowed", Text: f.Text})
	}
}

// host is where a redirect URI leads, for people.
func host(redirectURI string) string {
	u, err := url.Parse(redirectURI)
	if err != nil {
		return ""
	}
	return u.Host
}
