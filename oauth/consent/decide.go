package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

const discardLimit = 5 * time.Second

// Decide finishes a Done with Pending, once, in the browser that got it: the
// new account replaces the one that is connected, or is given up. Where the
// state came back by a bearer token without a cookie, b.Person must be the one
// whom a bearer token proves now.
func (f *Flow) Decide(ctx context.Context, pending string, replace bool, b Browser) (Done, error) {
	if !wellFormed(pending, secretBytes) {
		return Done{}, refuse(StateUnknown)
	}
	key := digest("pending", pending)
	s, err := f.cfg.States.State(ctx, key)
	if err != nil {
		return Done{}, err
	}
	client, err := f.client(s.Provider)
	if err != nil {
		return Done{}, err
	}
	claim := Claim{
		Digest: key, Provider: s.Provider, RedirectURI: s.RedirectURI, Holding: true,
		Cookie: cookieDigest(b.Cookie), People: people(b, nil), Bearer: b.Person != nil,
	}
	if r := claim.Against(s); r != "" {
		return Done{}, f.unfitFor(ctx, claim, s, r)
	}
	kind := EventKeep
	if replace {
		kind = EventReplace
	}
	if err := f.cfg.Record(ctx, s.event(kind)); err != nil {
		return Done{}, err
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), workLimit)
	defer cancel()
	if s, err = f.claim(bounded, claim); err != nil {
		return Done{}, err
	}
	if !replace {
		return f.keep(bounded, s), nil
	}
	done, err := f.save(bounded, client, s, true)
	if err != nil {
		f.failed(ctx, s, err)
	}
	return done, err
}

// keep gives the new grant up.
func (f *Flow) keep(ctx context.Context, s State) Done {
	f.end(ctx, s, Ending{Outcome: OutcomeDeclined, Reason: "kept"})
	f.step(s.Provider, StepDenied)
	f.discard(ctx, s.Provider, s.Held.Grant.Tokens, nil)
	return Done{Provider: s.Provider, Name: name(s.Held.Identity), Person: s.Person, Kept: true}
}

// discard revokes tokens that nobody will use, except those that stay in use
// all the same: in, and the app's own ones in a team, which belong to everybody
// there who has connected it.
func (f *Flow) discard(ctx context.Context, provider string, tokens, in []oauth.Token) {
	used := map[string]bool{}
	for _, t := range in {
		used[t.Access.Reveal()] = true
	}
	var g oauth.Grant
	for _, t := range tokens {
		if t.Kind != oauth.KindBot && !used[t.Access.Reveal()] {
			g.Tokens = append(g.Tokens, t)
		}
	}
	if len(g.Tokens) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardLimit)
	defer cancel()
	if err := f.cfg.Discard(ctx, provider, g); err != nil {
		f.cfg.Log.WarnContext(ctx, "consent: tokens that nobody uses were not revoked", "provider", provider, "error", fmt.Sprint(err))
	}
}
