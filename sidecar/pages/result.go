package pages

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// The kinds of outcome.
const (
	connected    = "connected"
	undecided    = "undecided" // another account is connected
	kept         = "kept"      // and stays
	declined     = "declined"
	disconnected = "disconnected"
	refused      = "refused"
)

// outcome is what a step led to. It travels sealed in the address of its page, so
// that any replica can show it, nothing is stored, and nobody can make up one.
type outcome struct {
	Kind     string   `json:"k"`
	Provider string   `json:"p,omitempty"`
	Name     string   `json:"n,omitempty"` // of the account
	Was      string   `json:"w,omitempty"` // of the other one
	Pending  string   `json:"d,omitempty"` // for the decision
	Scopes   []string `json:"s,omitempty"`
	ByHand   string   `json:"b,omitempty"` // where the app is removed
	Refusal  refusal  `json:"r,omitzero"`

	Browser string `json:"c,omitempty"` // digest of the cookie of the only browser that may see it
	Until   int64  `json:"u"`           // Unix seconds
}

const resultLife = 10 * time.Minute

func outcomeOf(d consent.Done) outcome {
	o := outcome{Kind: connected, Provider: d.Provider, Name: plain(d.Name), Scopes: d.Scopes}
	switch {
	case d.Pending != "":
		o.Kind, o.Pending, o.Was = undecided, d.Pending, plain(d.Was)
	case d.Kept:
		o.Kind = kept
	}
	return o
}

// finish shows o: to a browser at an address of its own, so that neither a reload
// nor its history repeats the step; to a program, which has neither, at once.
func (p *Pages) finish(w http.ResponseWriter, r *http.Request, b browser, o outcome) {
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.showOutcome(w, r, b, o)
		return
	}
	o.Browser, o.Until = digestOf(b.Cookie), time.Now().Add(resultLife).Unix()
	redirect(w, "/connected/"+p.seal(o, "result"))
}

// showResult shows the outcome in the address, to the browser that it is for.
func (p *Pages) showResult(w http.ResponseWriter, r *http.Request, b browser) {
	var o outcome
	if !p.open(r.PathValue("result"), "result", &o) || time.Now().Unix() >= o.Until || (o.Browser != "" && o.Browser != digestOf(b.Cookie)) {
		p.refuse(w, r, b, Provider{}, &problem{"result_gone", "this result is no longer here", "Look at the list of accounts."})
		return
	}
	p.showOutcome(w, r, b, o)
}

// digestOf names a browser without its cookie; empty: it has none.
func digestOf(cookie string) string {
	if cookie == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("result " + cookie))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// showOutcome shows o.
func (p *Pages) showOutcome(w http.ResponseWriter, r *http.Request, b browser, o outcome) {
	provider, _ := p.provider(o.Provider)
	if o.Kind == refused {
		p.showRefusal(w, r, b, provider, o.Refusal)
		return
	}
	p.tell(w, r, b, http.StatusOK, p.message(b, provider, o))
}

// message is what an outcome that is no refusal says.
func (p *Pages) message(b browser, provider Provider, o outcome) message {
	t := provider.Title
	m := message{Tone: toneGood, Provider: provider}
	switch o.Kind {
	case connected:
		m.Heading = t + " is connected as " + o.Name
		m.Text = []string{"You can close this page. Your assistant can go on now."}
		m.ListTitle, m.List = "What you allowed", provider.permissions(o.Scopes)
	case undecided:
		return p.question(provider, o)
	case kept:
		m.Tone, m.Heading = tonePlain, "Nothing has changed"
		m.Text = []string{t + " stays connected as before; " + o.Name + " was not connected. You can close this page."}
	case disconnected:
		m.Heading = t + " is disconnected"
		m.Text = []string{"Tools cannot use it any more, and fluxmcp deletes its keys to the account."}
		if o.ByHand != "" {
			m.Text = append(m.Text, t+" cannot be told about it. To be thorough, remove fluxmcp there as well.")
			m.Actions = []action{{Label: "Remove it at " + t, URL: o.ByHand, Kind: "primary"}}
		}
	default:
		m.Tone, m.Heading = tonePlain, "Nothing was connected"
		m.Text = []string{"You chose not to connect. Nothing has changed, and you can close this page."}
	}
	return m.and(toAccounts(b))
}

// question asks which of two accounts is wanted.
func (p *Pages) question(provider Provider, o outcome) message {
	choose := func(label, keep, kind string) action {
		return action{Label: label, URL: "/connect/decide", Kind: kind, Form: true, Fields: []field{{"decision", o.Pending}, {"keep", keep}}}
	}
	return message{
		Tone: toneAsk, Provider: provider, Heading: "Replace the " + provider.Title + " account?",
		Text: []string{
			"You connected " + provider.Title + " as " + o.Was + " before; now you signed in as " + o.Name + ".",
			"Only one account of " + provider.Title + " can be connected. Nothing has changed yet.",
		},
		Actions: []action{choose("Replace with "+o.Name, "new", "primary"), choose("Keep "+o.Was, "old", "quiet")},
	}
}

// toAccounts leads who is signed in to their accounts.
func toAccounts(b browser) []action {
	if b.Person == nil {
		return nil
	}
	return []action{{Label: "See your accounts", URL: accountsPath, Kind: "quiet"}}
}

func (m message) and(more []action) message {
	m.Actions = append(m.Actions, more...)
	return m
}
