package slack

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/fluxstudio/fluxmcp/tools"
	"github.com/fluxstudio/fluxmcp/tools/slack/api"
)

// Who an account is hardly changes, and another one has another name.
const (
	knownLife = 10 * time.Minute
	mostKnown = 10_000 // accounts
)

// known remembers whose accounts are whose. It is safe for concurrent use.
type known struct {
	kept *otter.Cache[string, api.Identity]
}

func newKnown() *known {
	return &known{otter.Must(&otter.Options[string, api.Identity]{
		MaximumSize: mostKnown, ExpiryCalculator: otter.ExpiryWriting[string, api.Identity](knownLife),
		Executor: func(f func()) { f() }, // evict before Set returns: the bound holds at any time
	})}
}

// me is who posts in ctx, and where.
func (h handlers) me(ctx context.Context) (api.Identity, error) {
	if h.Account == nil {
		return h.API.Identity(ctx)
	}
	account, err := h.Account(ctx)
	if err != nil {
		return api.Identity{}, err
	}
	key := tools.PrincipalOf(ctx).Key() + " " + account
	if me, found := h.known.kept.GetIfPresent(key); found {
		return me, nil
	}
	me, err := h.API.Identity(ctx)
	if err == nil {
		h.known.kept.Set(key, me)
	}
	return me, err
}
