package api

import (
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	knownPlans = 10_000 // files whose plan is remembered
	openLimits = 4_096  // refusals that are remembered
)

// breaker remembers until when Figma refuses, so that nobody asks before. Limits
// are those of an account, of the plan that a file is in, and of a tier; which
// plan that is, is known from the first refusal on. It is safe for concurrent use.
// Source: https://developers.figma.com/docs/rest-api/rate-limits
type breaker struct {
	now   func() time.Time
	plans *otter.Cache[string, string] // by subject
	shut  *otter.Cache[limit, refusal]
}

// limit is one that Figma counts by.
type limit struct {
	account string
	tier    Tier
	plan    string
	subject string // in place of plan: a file, or what else is asked about
}

// refusal is what Figma said when a limit was reached.
type refusal struct {
	said  Error
	until time.Time
}

func newBreaker(now func() time.Time) *breaker {
	// Evict before Set returns: the bound holds at any time.
	here := func(f func()) { f() }
	return &breaker{
		now:   now,
		plans: otter.Must(&otter.Options[string, string]{MaximumSize: knownPlans, Executor: here}),
		shut:  otter.Must(&otter.Options[limit, refusal]{MaximumSize: openLimits, Executor: here}),
	}
}

// check returns what Figma would say to a, where that is known.
func (b *breaker) check(account string, a ask) error {
	subject := a.subject()
	if err := b.refuses(limit{account: account, tier: a.tier, subject: subject}, a); err != nil {
		return err
	}
	if plan, known := b.plans.GetIfPresent(subject); known {
		return b.refuses(limit{account: account, tier: a.tier, plan: plan}, a)
	}
	return nil
}

func (b *breaker) refuses(l limit, a ask) error {
	r, found := b.shut.GetIfPresent(l)
	if !found {
		return nil
	}
	left := r.until.Sub(b.now())
	if left <= 0 {
		b.shut.Invalidate(l)
		return nil
	}
	said := r.said
	said.Wait, said.about, said.again = left, a.about(), false
	return &said
}

// open notes what Figma said to a.
func (b *breaker) open(account string, a ask, said *Error) {
	subject := a.subject()
	r := refusal{said: *said, until: b.now().Add(said.Wait)}
	b.shut.Set(limit{account: account, tier: a.tier, subject: subject}, r)
	if said.PlanTier != "" {
		b.plans.Set(subject, said.PlanTier)
		b.shut.Set(limit{account: account, tier: a.tier, plan: said.PlanTier}, r)
	}
}
