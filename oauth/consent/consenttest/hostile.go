package consenttest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/fluxstudio/fluxmcp/oauth/consent"
)

// attempt is something that must be refused. It returns nil where it was, and
// where there is nothing to try; name is for the trace.
type attempt struct {
	name string
	try  func(r *run, attacker *human, victim *errand) error
}

// hostile makes one attempt, against whom it can be made, and returns what is wrong.
func (r *run) hostile() string {
	all := attempts()
	a := all[r.rng.IntN(len(all))]
	r.attempt = a.name
	before := r.refused[a.name]
	for _, i := range r.rng.Perm(len(r.errands)) {
		victim, attacker := r.errands[i], r.humans[r.rng.IntN(len(r.humans))]
		if attacker == victim.who {
			continue
		}
		r.trace = append(r.trace, fmt.Sprintf("%s, against %s: %s", attacker.person.Subject, victim.who.person.Subject, a.name))
		if err := a.try(r, attacker, victim); err != nil {
			return a.name + ": " + err.Error()
		}
		if r.refused[a.name] > before {
			return ""
		}
		r.trace = r.trace[:len(r.trace)-1] // there was nothing to try
	}
	return ""
}

func attempts() []attempt {
	return []attempt{
		{"opens another's link", (*run).opensForeign},
		{"allows another's link, signed in", (*run).allowsForeign},
		{"allows another's link with a guessed code", (*run).guesses},
		{"edits a ticket", (*run).editsTicket},
		{"uses one secret as another", (*run).confuses},
		{"brings another's state back", (*run).bringsForeign},
		{"brings another's state back with a bearer token", (*run).bringsWithBearer},
		{"denies in another's place", (*run).deniesForeign},
		{"sends the victim to the provider with their own state", (*run).lures},
		{"puts the victim's code into their own state", (*run).injects},
		{"crosses providers", (*run).crossesProviders},
		{"crosses redirect URIs", (*run).crossesRedirects},
		{"replays what the browser has had", (*run).replays},
		{"uses a link that was used", (*run).usesUsed},
		{"decides in another's place", (*run).decidesForeign},
		{"signs in in the victim's browser", (*run).signsInThere},
		{"waits for another's ticket", (*run).waitsForeign},
	}
}

// expect checks that the attempt under way was refused, and counts it.
func (r *run) expect(err error, want consent.Reason) error {
	if wrong := expect(err, want); wrong != nil {
		return wrong
	}
	r.refused[r.attempt]++
	return nil
}

// linked tells whether the victim has a link that bears one more try of others.
func (e *errand) linked() bool {
	return e.link.Ticket != "" && e.step > asks && e.step < finished && e.tries < consent.MaxTries-1
}

// sent tells whether the victim is at the provider, or on the way back.
func (e *errand) sent() bool {
	return e.start.State != "" && (e.step == consents || e.step == returns)
}

func (r *run) signedIn(h *human) consent.Browser {
	b := h.browser
	b.Person = &h.person
	return b
}

func (r *run) opensForeign(m *human, e *errand) error {
	if !e.linked() {
		return nil
	}
	e.tries++
	_, err := r.flow.Open(r.ctx, e.link.Ticket, r.signedIn(m))
	return r.expect(err, consent.TicketForeign)
}

func (r *run) allowsForeign(m *human, e *errand) error {
	if !e.linked() {
		return nil
	}
	e.tries++
	_, err := r.flow.Allow(r.ctx, e.link.Ticket, e.link.Code, r.signedIn(m))
	return r.expect(err, consent.TicketForeign)
}

func (r *run) guesses(m *human, e *errand) error {
	if !e.linked() {
		return nil
	}
	b := m.browser
	b.Person = nil
	if !r.coded {
		_, err := r.flow.Allow(r.ctx, e.link.Ticket, "", b)
		return r.expect(err, consent.SignInNeeded)
	}
	code := ""
	for _, other := range r.errands { // such as the attacker's own
		if other != e && other.link.Code != "" {
			code = other.link.Code
		}
	}
	if code != "" {
		e.tries++
	}
	_, err := r.flow.Allow(r.ctx, e.link.Ticket, code, b)
	return r.expect(err, consent.CodeWrong)
}

func (r *run) editsTicket(m *human, e *errand) error {
	if e.link.Ticket == "" {
		return nil
	}
	edited := []byte(e.link.Ticket)
	edited[r.rng.IntN(len(edited))] ^= byte(1 + r.rng.IntN(31))
	b := []consent.Browser{m.browser, r.signedIn(e.who)}[r.rng.IntN(2)]
	if r.rng.IntN(2) == 0 {
		_, err := r.flow.Allow(r.ctx, string(edited), e.link.Code, b)
		return r.expect(err, consent.TicketUnknown)
	}
	return r.expect(r.flow.Decline(r.ctx, string(edited), b), consent.TicketUnknown)
}

// confuses brings one secret, of the victim's own browser, where another belongs.
func (r *run) confuses(_ *human, e *errand) error {
	secrets := []string{e.link.Ticket, e.link.ID, e.start.State, e.start.Cookie, e.done.Pending, e.code, ""}
	secret := secrets[r.rng.IntN(len(secrets))]
	switch r.rng.IntN(3) {
	case 0:
		if secret == e.link.Ticket {
			secret = ""
		}
		_, err := r.flow.Open(r.ctx, secret, r.signedIn(e.who))
		return r.expect(err, consent.TicketUnknown)
	case 1:
		c := r.callback(e)
		if c.State = secret; secret == e.start.State {
			c.State = ""
		}
		_, err := r.flow.Return(r.ctx, c)
		return r.expect(err, consent.StateUnknown)
	default:
		if secret == e.done.Pending {
			secret = ""
		}
		_, err := r.flow.Decide(r.ctx, secret, true, e.who.browser)
		return r.expect(err, consent.StateUnknown)
	}
}

// cookies are those that an attacker can send.
func (r *run) cookies(m *human) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return []string{m.browser.Cookie, "", "nonsense", base64.RawURLEncoding.EncodeToString(b[:])}[r.rng.IntN(4)]
}

func (r *run) bringsForeign(m *human, e *errand) error {
	if !e.sent() {
		return nil
	}
	c := r.callback(e)
	c.State, c.Bearer, c.Browser = e.start.State, nil, consent.Browser{Cookie: r.cookies(m)}
	if r.rng.IntN(2) == 0 {
		c.Browser.Person = &m.person
	}
	if c.Code == "" {
		c.Code, _ = e.provider.Consent(e.start.URL, m.person.Subject+"/0")
	}
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.StateForeign)
}

func (r *run) bringsWithBearer(m *human, e *errand) error {
	if !e.sent() {
		return nil
	}
	c := r.callback(e)
	c.State, c.Bearer, c.Browser = e.start.State, &m.person, consent.Browser{Cookie: r.cookies(m)}
	if r.rng.IntN(2) == 0 {
		c.RedirectURI = ""
	}
	if r.rng.IntN(2) == 0 { // not even in the victim's own browser
		c.Browser = e.who.browser
	}
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.StateForeign)
}

func (r *run) deniesForeign(m *human, e *errand) error {
	if !e.sent() {
		return nil
	}
	c := r.callback(e)
	c.State, c.Error, c.Bearer, c.Browser = e.start.State, "access_denied", nil, consent.Browser{Cookie: r.cookies(m)}
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.StateForeign)
}

// lures lets the victim consent with the attacker's state, and come back in the
// victim's browser.
func (r *run) lures(m *human, e *errand) error {
	for _, own := range r.errands {
		if own.who != m || !own.sent() {
			continue
		}
		c := r.callback(own)
		c.Code, c.State = own.provider.Consent(own.start.URL, e.account)
		c.Browser, c.Bearer = e.who.browser, nil
		if own.bearer && r.rng.IntN(2) == 0 {
			c.Bearer, c.Browser = &e.who.person, consent.Browser{}
		}
		if _, err := r.flow.Return(r.ctx, c); r.expect(err, consent.StateForeign) != nil {
			return r.expect(err, consent.StateForeign)
		}
	}
	return nil
}

// injects is the attacker's own flow with the victim's code, which only PKCE
// can refuse. Both lose what they had, and start again.
func (r *run) injects(m *human, e *errand) error {
	if e.step != returns || !e.provider.About.PKCE {
		return nil
	}
	for _, own := range r.errands {
		if own.who != m || own.step != returns || own.provider != e.provider {
			continue
		}
		c := r.callback(own)
		c.Code = e.code
		_, err := r.flow.Return(r.ctx, c)
		r.again(own)
		r.again(e)
		return r.expect(err, consent.ProviderFailed)
	}
	return nil
}

func (r *run) crossesProviders(_ *human, e *errand) error {
	if e.step != returns {
		return nil
	}
	c := r.callback(e)
	c.Provider = map[string]string{"figma": "slack", "slack": "figma"}[c.Provider]
	if r.rng.IntN(2) == 0 {
		c.RedirectURI = "https://flux.example/" + c.Provider
	}
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.ProviderMismatch)
}

func (r *run) crossesRedirects(_ *human, e *errand) error {
	if e.step != returns {
		return nil
	}
	c := r.callback(e)
	c.RedirectURI = []string{c.RedirectURI + "/", "https://evil.example/", "https://FLUX.example/" + c.Provider}[r.rng.IntN(3)]
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.ProviderMismatch)
}

func (r *run) replays(_ *human, e *errand) error {
	for _, c := range e.old {
		if !e.bearer {
			c.Browser = e.who.browser
		}
		if _, err := r.flow.Return(r.ctx, c); r.expect(err, consent.StateUsed) != nil {
			return r.expect(err, consent.StateUsed)
		}
	}
	return nil
}

func (r *run) usesUsed(_ *human, e *errand) error {
	if e.step != finished {
		return nil
	}
	if e.done.Pending != "" {
		b := r.signedIn(e.who)
		if e.bearer {
			b.Cookie = ""
		}
		if _, err := r.flow.Decide(r.ctx, e.done.Pending, true, b); r.expect(err, consent.StateUsed) != nil {
			return r.expect(err, consent.StateUsed)
		}
	}
	if e.bearer {
		return nil
	}
	_, err := r.flow.Allow(r.ctx, e.link.Ticket, e.link.Code, r.signedIn(e.who))
	return r.expect(err, consent.TicketUsed)
}

func (r *run) decidesForeign(m *human, e *errand) error {
	if e.step != decides {
		return nil
	}
	b := consent.Browser{Cookie: r.cookies(m)}
	if r.rng.IntN(2) == 0 {
		b.Person = &m.person
	}
	_, err := r.flow.Decide(r.ctx, e.done.Pending, r.rng.IntN(2) == 0, b)
	return r.expect(err, consent.StateForeign)
}

// signsInThere is the victim's own browser, in which somebody else is signed in.
func (r *run) signsInThere(m *human, e *errand) error {
	if e.step != returns || e.bearer {
		return nil
	}
	c := r.callback(e)
	c.Browser.Person = &m.person
	_, err := r.flow.Return(r.ctx, c)
	return r.expect(err, consent.StateForeign)
}

func (r *run) waitsForeign(m *human, e *errand) error {
	if e.link.ID == "" {
		return nil
	}
	_, err := r.flow.Ending(r.ctx, e.link.ID, m.person)
	return r.expect(err, consent.TicketUnknown)
}
