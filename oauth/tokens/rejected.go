package tokens

import (
	"context"
	"fmt"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// Renewed returns the token to use after the provider's API refused rejected,
// which Token or Renewed has given: where the stored one is another by now,
// that; else the one that a refresh gives, one for all calls with the same
// rejected token in all processes. A token that cannot be refreshed ends the
// account's use until it is connected again.
//
// After such a refresh, the next one of the same row is done 30 s later at the
// earliest, then a minute, up to a quarter of an hour, however many calls come:
// an API that refuses every token is not to be met with one refresh for each
// request. Meanwhile the error is *Rejected.
//
// Errors: *Rejected, and those of Source.
func (s *Source) Renewed(ctx context.Context, k Key, rejected oauth.Token) (oauth.Token, error) {
	found, _ := s.loads.join("stored "+k.text(), func() (Stored, error) {
		return detached(ctx, s, func(ctx context.Context) (Stored, error) { return s.reread(ctx, k) })
	})
	stored, err := found.wait(ctx)
	if err == nil {
		stored, err = s.instead(ctx, k, stored, rejected.Access)
	}
	return s.give(stored, err)
}

// instead returns a token other than rejected; stored is what the store has.
func (s *Source) instead(ctx context.Context, k Key, stored Stored, rejected oauth.Secret) (Stored, error) {
	if stored.Token.Access != rejected {
		return s.alive(ctx, k, stored)
	}
	if stored.Token.Refresh.IsZero() {
		return s.endOnce(ctx, k, stored, ReasonRejected)
	}
	flight, led := s.fly(ctx, fmt.Sprint("rejected ", stored.ID, " ", stored.Version), func(ctx context.Context) (renewed, error) {
		return s.force(ctx, k, stored.ID, rejected)
	})
	return s.await(ctx, flight, led)
}

// force is the flight of a refresh because of a refused access token.
func (s *Source) force(ctx context.Context, k Key, id string, rejected oauth.Secret) (renewed, error) {
	if wait, _ := s.forced.of(id); wait > 0 {
		return renewed{}, &Rejected{Provider: k.Provider, Wait: wait}
	}
	now, err := s.refresh(ctx, &refresh{s: s, k: k, id: id, rejected: true, due: func(stored Stored) bool {
		return stored.Token.Access == rejected && !stored.Token.Refresh.IsZero()
	}})
	if err == nil && now.own {
		s.forced.failed(id, 0, nil) // if only the token did
	}
	return now, err
}
