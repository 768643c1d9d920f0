package tokens

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

const (
	dueAhead = 2 * time.Minute // that RefreshDue is earlier than Token, for a job that runs every minute
	dueLimit = 1000            // tokens that it looks at in one run
)

// RefreshDue refreshes tokens shortly before Token would, so that nobody waits,
// and returns how many this process has refreshed. It looks at the 1,000 that
// end soonest. What is a matter of one account or provider is no error; it is
// logged. When ctx ends, refreshes under way go on.
//
// Errors: those of the store, and of ctx.
func (s *Source) RefreshDue(ctx context.Context) (int, error) {
	keys, err := s.cfg.Store.Due(ctx, time.Now().Add(s.widest()+dueAhead), dueLimit)
	if err != nil {
		return 0, fmt.Errorf("refresh tokens that end soon: %w", err)
	}
	services := map[string][]Key{}
	for _, k := range keys {
		services[k.Provider] = append(services[k.Provider], k)
	}
	j := &job{source: s}
	var all sync.WaitGroup
	for _, list := range services { // apart, so that a slow one does not keep the others waiting
		work := make(chan Key, len(list))
		for _, k := range list {
			work <- k
		}
		close(work)
		for range s.gates.each {
			all.Go(func() { j.run(ctx, work) })
		}
	}
	all.Wait()
	return int(j.refreshed.Load()), errors.Join(j.failed(), ctx.Err())
}

// job is one run of RefreshDue.
type job struct {
	source    *Source
	refreshed atomic.Int64
	err       atomic.Pointer[error] // the last one of the store
}

func (j *job) failed() error {
	if err := j.err.Load(); err != nil {
		return fmt.Errorf("refresh tokens that end soon: %w", *err)
	}
	return nil
}

func (j *job) run(ctx context.Context, work <-chan Key) {
	for k := range work {
		if ctx.Err() != nil {
			return
		}
		own, err := j.source.ahead(ctx, k)
		switch {
		case err == nil && own:
			j.refreshed.Add(1)
		case err != nil && ctx.Err() == nil && !ofAccount(err):
			j.err.Store(&err)
		}
	}
}

// ahead refreshes k if it is due soon; own says that this call did.
func (s *Source) ahead(ctx context.Context, k Key) (own bool, err error) {
	stored, err := s.cfg.Store.Load(ctx, k)
	if err != nil || !s.due(k, dueAhead)(stored) {
		return false, err
	}
	flight, led := s.timely(ctx, k, stored.ID, dueAhead)
	now, err := flight.wait(ctx)
	return led && now.own, err
}

// ofAccount reports whether err is a matter of one account or provider.
func ofAccount(err error) bool {
	return unusable(err) || errors.As(err, new(*oauth.ProviderAway)) || errors.As(err, new(*oauth.Misconfigured))
}
