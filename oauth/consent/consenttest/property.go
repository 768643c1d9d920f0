package consenttest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// Property plays cases in which two or three people connect accounts at the
// same time, in any order, while each of them also tries to get at the others'
// accounts or to slip them their own: links opened by others, edited tickets,
// swapped cookies, replayed and crossed states. Everything a person does with
// their own links must succeed, everything else be refused for the right
// reason, and after every single step the saved accounts must be exactly those
// of honest steps. A case is made by seed and its number alone, so that one
// that fails can be played again.
func Property(t *testing.T, seed uint64, cases, workers int, open func() Kept) {
	t.Helper()
	var next atomic.Int64
	var group sync.WaitGroup
	var all tally
	for range workers {
		group.Go(func() {
			for n := next.Add(1); n <= int64(cases) && !t.Failed(); n = next.Add(1) {
				r := newRun(t.Context(), seed, uint64(n), open())
				if wrong := r.play(); wrong != "" {
					t.Errorf("seed %d, case %d: %s\n%s", seed, n, wrong, strings.Join(r.trace, "\n"))
				}
				all.add(r)
			}
		})
	}
	group.Wait()
	t.Logf("seed %d: %d cases, %d accounts saved, attempts refused: %v", seed, cases, all.saves, all.refused)
	if all.saves < cases {
		t.Errorf("the cases are too tame: %d accounts saved in %d", all.saves, cases)
	}
	for _, a := range attempts() {
		if all.refused[a.name] < cases/500 {
			t.Errorf("the cases are too tame: in %d it was refused %d times that somebody %s", cases, all.refused[a.name], a.name)
		}
	}
}

// tally adds up what happened in all cases.
type tally struct {
	mu      sync.Mutex
	saves   int
	refused map[string]int
}

func (a *tally) add(r *run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.saves += len(r.accounts.Saves)
	if a.refused == nil {
		a.refused = map[string]int{}
	}
	for name, n := range r.refused {
		a.refused[name] += n
	}
}

// human is somebody with a browser, who has two accounts at every provider.
type human struct {
	person  oauth.Person
	browser consent.Browser
}

// errand is a human who connects an account.
type errand struct {
	who      *human
	provider *Provider
	bearer   bool // by a web app
	account  string

	step        step
	link        consent.Link
	start       consent.Start
	code, state string // that the provider gave
	old         []consent.Callback
	done        consent.Done
	tries       int // that others made with the link
}

type step int

const (
	asks step = iota
	opens
	allows
	consents
	returns
	decides
	finished
)

type run struct {
	ctx      context.Context
	rng      *rand.Rand
	coded    bool // people who are not signed in have pairing codes
	flow     *consent.Flow
	accounts *Accounts
	humans   []*human
	errands  []*errand
	provider map[string]*Provider
	trace    []string
	attempt  string         // that is being made
	refused  map[string]int // how often each was
}

func newRun(ctx context.Context, seed, n uint64, kept Kept) *run {
	rng := rand.New(rand.NewPCG(seed, n))
	r := &run{
		ctx: ctx, rng: rng, coded: rng.IntN(2) == 0, accounts: new(Accounts), refused: map[string]int{},
		provider: map[string]*Provider{"figma": NewProvider("figma", true), "slack": NewProvider("slack", false)},
	}
	r.flow = consent.New(consent.Config{
		Tickets: kept.Tickets, States: kept.States, Accounts: r.accounts, Code: r.coded,
		Client:      func(name string) (consent.Client, bool) { p, ok := r.provider[name]; return p, ok },
		RedirectURI: func(provider string) string { return "https://flux.example/" + provider },
		Redirect:    func(provider, uri string) bool { return uri == "https://app.example/"+provider },
	})
	for i := range 2 + rng.IntN(4)/3 {
		h := &human{person: oauth.Person{Issuer: "https://id.example", Subject: fmt.Sprintf("%d-%d-%s", seed, n, []string{"alice", "bob", "carol"}[i])}}
		if !r.coded || rng.IntN(2) == 0 {
			h.browser.Person = &h.person
		}
		r.humans = append(r.humans, h)
		for range 1 + rng.IntN(2) {
			r.errands = append(r.errands, r.newErrand(h))
		}
	}
	return r
}

func (r *run) newErrand(h *human) *errand {
	return &errand{
		who: h, provider: r.provider[[]string{"figma", "figma", "figma", "slack"}[r.rng.IntN(4)]], bearer: r.rng.IntN(4) == 0,
		account: fmt.Sprintf("%s/%d", h.person.Subject, r.rng.IntN(2)),
	}
}

// play returns what is wrong; empty: nothing.
func (r *run) play() string {
	for range 1000 {
		e := r.unfinished()
		if e == nil {
			return ""
		}
		before := len(r.accounts.Saves)
		wrong, saved := "", false
		if r.rng.IntN(2) == 0 {
			wrong, saved = r.honest(e)
		} else {
			wrong = r.hostile()
		}
		if wrong == "" {
			wrong = r.savedWrongly(before, saved, e)
		}
		if wrong != "" {
			return wrong
		}
	}
	return "it does not end"
}

func (r *run) unfinished() *errand {
	var open []*errand
	for _, e := range r.errands {
		if e.step != finished {
			open = append(open, e)
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[r.rng.IntN(len(open))]
}

// savedWrongly compares the accounts saved since with the one that e saved, if it did.
func (r *run) savedWrongly(before int, saved bool, e *errand) string {
	fresh := r.accounts.Saves[before:]
	if !saved {
		if len(fresh) != 0 {
			return fmt.Sprintf("BOUND WRONGLY: %+v was saved by a step that must save nothing", fresh[0])
		}
		return ""
	}
	if len(fresh) != 1 {
		return fmt.Sprintf("%d accounts were saved by one step, want 1", len(fresh))
	}
	a := fresh[0]
	if !a.Person.Is(e.who.person) || a.Provider != e.provider.About.Name || a.Identity.ID != e.account {
		return fmt.Sprintf("BOUND WRONGLY: %s of %s is saved as %s's, want %s of %s as %s's",
			a.Identity.ID, a.Provider, a.Person.Subject, e.account, e.provider.About.Name, e.who.person.Subject)
	}
	return ""
}

// honest lets e do its next step, which must succeed.
func (r *run) honest(e *errand) (wrong string, saved bool) {
	r.trace = append(r.trace, fmt.Sprintf("%s at %s (bearer %v, code %v, signed in %v): step %d",
		e.who.person.Subject, e.provider.About.Name, e.bearer, r.coded, e.who.browser.Person != nil, e.step))
	var err error
	switch e.step {
	case asks:
		err = r.ask(e)
	case opens:
		err = r.open(e)
	case allows:
		err = r.allow(e)
	case consents:
		r.consent(e)
	case returns:
		saved, err = r.comeBack(e)
	case decides:
		saved, err = r.decide(e)
	}
	if err != nil {
		return "an honest step failed: " + err.Error(), false
	}
	return "", saved
}

func (r *run) ask(e *errand) (err error) {
	req := consent.Request{Person: e.who.person, Provider: e.provider.About.Name, Client: "claude"}
	if e.bearer { // a web app on another site, whose requests carry no cookie
		e.start, err = r.flow.Start(r.ctx, req, "https://app.example/"+e.provider.About.Name, consent.Browser{})
		e.step = consents
		return err
	}
	e.link, err = r.flow.Ask(r.ctx, req)
	e.tries, e.step = 0, opens
	return err
}

func (r *run) open(e *errand) error {
	v, err := r.flow.Open(r.ctx, e.link.Ticket, e.who.browser)
	if err == nil && (!v.Person.Is(e.who.person) || v.NeedCode != (e.who.browser.Person == nil)) {
		return fmt.Errorf("the page shows %+v", v)
	}
	e.step = allows
	if r.rng.IntN(10) == 0 {
		e.step = finished
		return r.flow.Decline(r.ctx, e.link.Ticket, e.who.browser)
	}
	return err
}

func (r *run) allow(e *errand) (err error) {
	if e.state != "" {
		e.old = append(e.old, r.callback(e))
	}
	e.code, e.state = "", ""
	e.start, err = r.flow.Allow(r.ctx, e.link.Ticket, strings.ToLower(e.link.Code), e.who.browser)
	e.who.browser.Cookie = e.start.Cookie
	if r.rng.IntN(2) == 0 {
		e.who.browser.Person = &e.who.person
	}
	if r.rng.IntN(4) != 0 { // else Back
		e.step = consents
	}
	return err
}

func (r *run) consent(e *errand) {
	e.code, e.state = e.provider.Consent(e.start.URL, e.account)
	e.step = returns
	if !e.bearer && r.rng.IntN(8) == 0 { // Back, and Allow once more
		e.step = allows
	}
}

// callback is what e's browser, or its web app, brings back.
func (r *run) callback(e *errand) consent.Callback {
	name := e.provider.About.Name
	c := consent.Callback{Provider: name, Code: e.code, State: e.state, RedirectURI: "https://flux.example/" + name, Browser: e.who.browser}
	if e.bearer {
		c.RedirectURI, c.Browser, c.Bearer = "https://app.example/"+name, consent.Browser{}, &e.who.person
	}
	return c
}

func (r *run) comeBack(e *errand) (saved bool, err error) {
	c := r.callback(e)
	if e.bearer && r.rng.IntN(2) == 0 {
		c.RedirectURI = ""
	}
	e.old = append(e.old, c)
	if r.rng.IntN(10) == 0 {
		c.Error = "access_denied"
		_, err = r.flow.Return(r.ctx, c)
		r.again(e)
		return false, expect(err, consent.ConsentDenied)
	}
	e.done, err = r.flow.Return(r.ctx, c)
	if err == nil && e.done.Pending != "" {
		e.step = decides
		return false, nil
	}
	e.step = finished
	return err == nil, err
}

// again lets e start anew after it failed.
func (r *run) again(e *errand) {
	e.step, e.state = allows, ""
	if e.bearer {
		e.step = asks
	}
}

func (r *run) decide(e *errand) (saved bool, err error) {
	b := e.who.browser
	if e.bearer {
		b = consent.Browser{Person: &e.who.person}
	}
	replace := r.rng.IntN(2) == 0
	_, err = r.flow.Decide(r.ctx, e.done.Pending, replace, b)
	e.step = finished
	return replace && err == nil, err
}

// expect is what is wrong with err.
func expect(err error, want ...consent.Reason) error {
	got := reasonOf(err)
	for _, w := range want {
		if got == w {
			return nil
		}
	}
	return fmt.Errorf("got %v (%q), want one of %q", cmpErr(err), got, want)
}
