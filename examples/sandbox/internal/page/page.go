// Package page renders what a browser sees of the stand-ins: the consent page
// in each provider's plain look, and pages that say what went wrong. It knows
// no OAuth; what it shows, it is given.
package page

import (
	"bytes"
	_ "embed" // the pages
	"html/template"
	"net/http"

	"github.com/fluxstudio/fluxmcp/examples/sandbox/internal/company"
)

//go:embed page.html
var source string

//go:embed page.css
var style []byte

// StylePath is where pages expect ServeStyle, below the sandbox's address.
const StylePath = "/_page.css"

// The fields of the consent page's form, and the values of the decision.
const (
	FieldPerson   = "person"
	FieldDecision = "decision"
	Allow         = "allow"
	Cancel        = "cancel"
)

// Consent is what a person is asked.
type Consent struct {
	Look   string // figma, slack or github
	Title  string // of the provider
	App    string // that asks
	Lists  []Scopes
	Action string // of the form, with the query that was asked with
	Next   string // where an answer goes, for people
}

// Scopes are permissions under a heading.
type Scopes struct {
	Heading string
	Names   []string
}

// Message says that something is over, or wrong.
type Message struct {
	Look, Title, Heading, Text string
}

// shown is what the template gets.
type shown struct {
	Style   string
	Look    string
	Title   string
	Consent *Consent
	People  []person
	Message *Message
}

type person struct {
	company.Person
	Studio string
}

// WriteConsent asks.
func WriteConsent(w http.ResponseWriter, c Consent) {
	s := shown{Look: c.Look, Title: c.Title, Consent: &c}
	for _, p := range company.People() {
		if p.SignsIn {
			s.People = append(s.People, person{p, company.StudioOf(p).Name})
		}
	}
	write(w, http.StatusOK, s)
}

// WriteMessage tells.
func WriteMessage(w http.ResponseWriter, status int, m Message) {
	write(w, status, shown{Look: m.Look, Title: m.Title, Message: &m})
}

func write(w http.ResponseWriter, status int, s shown) {
	s.Style = StylePath
	var out bytes.Buffer
	if err := template.Must(template.New("page").Parse(source)).Execute(&out, s); err != nil {
		http.Error(w, "the page cannot be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	// No form-action: browsers hold the redirect after the form to it as well.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a browser that left needs no answer
}

// ServeStyle serves the style sheet of the pages.
func ServeStyle(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(style)
}
