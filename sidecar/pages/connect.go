package pages

import (
	"errors"
	"net/http"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// asked is what the page of a connect link shows.
type asked struct {
	Ticket      string
	Provider    Provider
	Client      string // the program that asked, as it calls itself; empty: it does not say
	For         string
	Connected   string // name of the account that is connected now
	Permissions []string
	Scopes      []string
	NeedCode    bool
	Wrong       string // why the code was not taken; empty: none was given yet
	Until       time.Time
}

// showTicket shows what a connect link is about.
func (p *Pages) showTicket(w http.ResponseWriter, r *http.Request, b browser) {
	p.showAsked(w, r, b, nil)
}

// showAsked shows the page of the link in r, again where wrong says that the
// code that was typed into it is not the right one.
func (p *Pages) showAsked(w http.ResponseWriter, r *http.Request, b browser, wrong *consent.Refused) {
	ticket := r.PathValue("ticket")
	v, err := p.Flow.Open(r.Context(), ticket, b.Browser)
	if err != nil {
		p.refuse(w, r, b, Provider{}, err)
		return
	}
	if v.Provider == "" && b.Person != nil {
		redirect(w, accountsPath)
		return
	}
	b = b.marked(w)
	s := sheet{Name: "connect", Status: http.StatusOK, Person: p.shown(b), Forms: true, Token: p.token(b)}
	a := asked{
		Ticket: ticket, Client: plain(v.Client), For: label(v.Person), Connected: plain(v.Connected),
		NeedCode: v.NeedCode, Until: v.Expires,
	}
	s.Title = "Open your accounts"
	if v.Provider != "" {
		a.Provider, _ = p.provider(v.Provider)
		a.Permissions = a.Provider.permissions(v.Scopes)
		for _, s := range v.Scopes {
			a.Scopes = append(a.Scopes, plain(s))
		}
		s.Title = "Connect " + a.Provider.Title + " to fluxmcp"
		s.Posts = postsTo(b.base, a.Provider.Bases["authorize"])
	}
	if wrong != nil {
		s.Status, a.Wrong = http.StatusUnprocessableEntity, wrongCode(wrong.Left)
		s.Title = "Wrong code: " + s.Title
	}
	s.Data = a
	p.show(w, r, s)
}

func wrongCode(left int) string {
	switch left {
	case 0:
		return "A code has eight letters and digits, such as ABCD-2345."
	case 1:
		return "That is not the code. You can try once more."
	default:
		return "That is not the code. You can try " + count(left, "more time") + "."
	}
}

// allow sends the browser to the provider.
func (p *Pages) allow(w http.ResponseWriter, r *http.Request, b browser) {
	start, err := p.Flow.Allow(r.Context(), r.PathValue("ticket"), r.PostForm.Get("code"), b.Browser)
	var wrong *consent.Refused
	if errors.As(err, &wrong) && wrong.Reason == consent.CodeWrong {
		p.Refused(r.Context(), wrong.Code())
		p.showAsked(w, r, b, wrong)
		return
	}
	if err != nil {
		p.refuse(w, r, b, Provider{}, err)
		return
	}
	if b.Person == nil {
		p.signIn(w, b, start.Person)
	}
	if start.URL == "" {
		redirect(w, accountsPath)
		return
	}
	b.set(w, browserCookie, start.Cookie, browserLife)
	redirect(w, start.URL)
}

// decline ends a link that is not wanted.
func (p *Pages) decline(w http.ResponseWriter, r *http.Request, b browser) {
	if err := p.Flow.Decline(r.Context(), r.PathValue("ticket"), b.Browser); err != nil {
		p.refuse(w, r, b, Provider{}, err)
		return
	}
	p.finish(w, r, b, outcome{Kind: declined})
}

// callback is where a provider sends people back to. A browser goes on to an
// address without code and state.
func (p *Pages) callback(w http.ResponseWriter, r *http.Request) {
	b := p.browser(r)
	provider, known := p.provider(r.PathValue("provider"))
	q := r.URL.Query()
	c := consent.Callback{
		Provider: provider.Name, Code: q.Get("code"), State: q.Get("state"), Error: q.Get("error"),
		Browser: b.Browser,
	}
	err := incomplete(c)
	var done consent.Done
	switch {
	case !known:
		err = unknown()
	case err == nil:
		c.RedirectURI = p.called(r, b)
		done, err = p.Flow.Return(r.Context(), c)
	}
	if wantsJSON(r) {
		p.answerDone(w, r, provider, done, err)
		return
	}
	if err != nil {
		p.finish(w, r, b, p.failure(r, provider, err))
		return
	}
	p.finish(w, r, b, outcomeOf(done))
}

// called is the redirect URI at which r arrived. Which of our names is in it
// does not matter, since it did arrive here; the path, one for each provider, does.
func (p *Pages) called(r *http.Request, b browser) string {
	own := p.RedirectURI(r.PathValue("provider"))
	if pathOf(own) == r.URL.Path {
		return own
	}
	return b.base + r.URL.Path
}

// incomplete refuses what no provider sends, before it uses up a state.
func incomplete(c consent.Callback) error {
	if c.State == "" || (c.Code == "" && c.Error == "") {
		return &problem{"bad_argument", "Missing OAuth code or state", "Send code and state as the provider gave them."}
	}
	return nil
}

// decide finishes with one of two accounts.
func (p *Pages) decide(w http.ResponseWriter, r *http.Request, b browser) {
	done, err := p.Flow.Decide(r.Context(), r.PostForm.Get("decision"), r.PostForm.Get("keep") == "new", b.Browser)
	if err != nil {
		p.finish(w, r, b, p.failure(r, Provider{}, err))
		return
	}
	p.finish(w, r, b, outcomeOf(done))
}

// connect makes a link for who is signed in, and opens it.
func (p *Pages) connect(w http.ResponseWriter, r *http.Request, b browser) {
	provider, known := p.provider(r.PathValue("provider"))
	if b.Person == nil || !known {
		p.refuse(w, r, b, provider, lacking(b))
		return
	}
	link, err := p.Flow.Ask(r.Context(), consent.Request{Person: *b.Person, Provider: provider.Name, Client: "your accounts page"})
	if err != nil {
		p.refuse(w, r, b, provider, err)
		return
	}
	redirect(w, "/connect/"+link.Ticket)
}

// lacking says what a request to a page of accounts lacks: a person, or else a
// provider that is known.
func lacking(b browser) error {
	if b.Person == nil {
		return &consent.Refused{Reason: consent.SignInNeeded}
	}
	return unknown()
}

// shown is how a page names who is signed in; empty: nobody.
func (p *Pages) shown(b browser) string {
	if b.Person == nil {
		return ""
	}
	return label(*b.Person)
}
