package tokens

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

// defaultParallel is how many refreshes go on at once in a process.
const defaultParallel = 4

// patience is how long a caller waits for a refresh while the old token is
// still good.
const patience = 3 * time.Second

// Refresher asks a provider for the token that follows t. *oauth.Client is one.
// Errors: *oauth.Error. One of kind oauth.Away without a Reason counts as no
// answer at all, one with a Reason as the provider's word.
type Refresher interface {
	Refresh(ctx context.Context, t oauth.Token) (oauth.Token, error)
}

// Results of Events.Refreshed.
const (
	ResultOK      = "ok"
	ResultRefused = "refused" // the provider wants a new consent
	ResultFailed  = "failed"
)

// Events counts. It is safe for concurrent use and does not wait.
type Events interface {
	Refreshed(provider, result string) // a request was sent, and how it ended
	Waited(d time.Duration)            // a call waited so long for a refresh, its own or another's
	Saved()                            // a call needed a refresh, and another one's served it
}

// silent is told in vain.
type silent struct{}

// Refreshed does nothing.
func (silent) Refreshed(string, string) {}

// Waited does nothing.
func (silent) Waited(time.Duration) {}

// Saved does nothing.
func (silent) Saved() {}

// Config is what a Source needs. Fields are optional unless they say otherwise.
type Config struct {
	Store  Store                                   // required
	Client func(provider string) (Refresher, bool) // required; false: not offered here
	Cache  Cache                                   // for all processes at once; nil: each Token reads the store
	Margin time.Duration                           // least time before its end at which a token is refreshed; zero: 5 min
	// Parallel is how many refreshes go on at once in this process, half of them
	// at most with one provider; each holds a connection of the store. Zero: 4.
	Parallel int
	// Rejected tells whether an answer of a provider's API other than 401 means
	// that the access token is no good. It is asked about answers of 200, with
	// which some providers refuse, and from 400 to 499. It may read their Body,
	// which is the first 4 KiB.
	Rejected func(provider string, r *http.Response) bool
	Events   Events
	Log      *slog.Logger
	Point    func(name string) // for tests: called at refresh.before_request and refresh.after_request
}

// Source gives out access tokens that are alive. It is safe for concurrent use,
// by any number of processes over one store. The tokens it gives have no
// refresh token.
//
// Errors of its methods: *oauth.NotConnected, *oauth.NeedsReconnect,
// *oauth.ProviderAway, *oauth.Misconfigured, ErrClosed, those of the store and
// of the caller's context.
type Source struct {
	cfg   Config
	work  work
	gates *gates
	usage *usage
	lives lives
	held  held

	loads    flights[Stored]  // by key
	renewals flights[renewed] // by what is renewed, and why
	rows     pauses           // of token rows whose refresh failed
	services pauses           // of providers
	forced   pauses           // of token rows that were refreshed because the API refused the token
}

// New makes a source.
func New(cfg Config) *Source {
	if cfg.Cache == nil {
		cfg.Cache = noCache{}
	}
	if cfg.Margin <= 0 {
		cfg.Margin = defaultMargin
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = defaultParallel
	}
	if cfg.Events == nil {
		cfg.Events = silent{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Point == nil {
		cfg.Point = func(string) {}
	}
	s := &Source{cfg: cfg, gates: newGates(cfg.Parallel)}
	s.usage = &usage{source: s}
	s.rows = pauses{first: 30 * time.Second, longest: 15 * time.Minute, after: 1}
	// A provider fails three times within about a minute, so not by one row alone.
	s.services = pauses{first: 30 * time.Second, longest: time.Minute, after: 3}
	s.forced = pauses{first: 30 * time.Second, longest: 15 * time.Minute, after: 1}
	return s
}

// Token returns k's access token, after a refresh where it ends soon. Calls
// that come together share one read and one refresh, which go on when their
// callers leave; a call that comes while a read is under way gets what that
// finds. While the old token is good, it is given out if the refresh fails or
// takes more than 3 s.
func (s *Source) Token(ctx context.Context, k Key) (oauth.Token, error) {
	stored, err := s.current(ctx, k)
	return s.give(stored, err)
}

// Account returns the id of the account whose token Token would give. It is
// another one after the person has connected another account, so that what was
// read with one is not taken for the other's.
func (s *Source) Account(ctx context.Context, k Key) (string, error) {
	stored, err := s.current(ctx, k)
	return stored.AccountID, err
}

// current returns a token that can be used.
func (s *Source) current(ctx context.Context, k Key) (Stored, error) {
	found, _ := s.loads.join(k.text(), func() (Stored, error) {
		return detached(ctx, s, func(ctx context.Context) (Stored, error) { return s.read(ctx, k) })
	})
	stored, err := found.wait(ctx)
	if err == nil {
		stored, err = s.alive(ctx, k, stored)
	}
	return stored, err
}

// read returns what is cached, unless it ends soon: what to do then depends on
// the refresh token, which no cache has.
func (s *Source) read(ctx context.Context, k Key) (Stored, error) {
	if cached, ok := s.cfg.Cache.Get(ctx, k); ok && !s.ends(k, cached, 0) {
		return cached, nil
	}
	return s.reread(ctx, k)
}

func (s *Source) reread(ctx context.Context, k Key) (Stored, error) {
	stored, err := s.cfg.Store.Load(ctx, k)
	if err != nil {
		return Stored{}, named(err, k.Provider)
	}
	s.keep(ctx, k, stored)
	return stored, nil
}

// keep caches what is good for a while.
func (s *Source) keep(ctx context.Context, k Key, stored Stored) {
	if !s.ends(k, stored, 0) {
		s.cfg.Cache.Put(ctx, k, stored)
	}
}

// drop forgets the tokens of k's account, by all their names.
func (s *Source) drop(ctx context.Context, k Key) {
	for _, kind := range []string{"", oauth.KindUser, oauth.KindBot} {
		s.cfg.Cache.Drop(ctx, Key{k.Person, k.Provider, kind})
	}
}

// alive returns a token that can be used: stored, or what takes its place.
func (s *Source) alive(ctx context.Context, k Key, stored Stored) (Stored, error) {
	switch {
	case !s.ends(k, stored, 0):
		return stored, nil
	case !stored.Token.Refresh.IsZero():
		return s.inTime(ctx, k, stored)
	case good(stored):
		return stored, nil
	default:
		return s.endOnce(ctx, k, stored, ReasonExpired)
	}
}

// give counts the use of a token, and keeps its refresh token here.
func (s *Source) give(stored Stored, err error) (oauth.Token, error) {
	if err != nil {
		return oauth.Token{}, err
	}
	s.usage.note(stored.AccountID)
	stored.Token.Refresh = oauth.Secret{}
	return stored.Token, nil
}

// end marks k's account as one to connect again, and returns the error that
// says so; or the token that has taken the place of stored meanwhile.
func (s *Source) end(ctx context.Context, k Key, stored Stored, reason string) (renewed, error) {
	if err := s.cfg.Store.Expire(ctx, stored.ID, stored.Version, reason); err != nil {
		return renewed{}, fmt.Errorf("end token: %w", err)
	}
	s.drop(ctx, k)
	now, err := s.reread(ctx, k)
	switch {
	case err != nil:
		return renewed{}, err
	case now.ID != stored.ID || now.Version != stored.Version:
		return renewed{Stored: now}, nil
	}
	return renewed{}, &oauth.NeedsReconnect{Provider: k.Provider, Reason: reason} // somebody is replacing it at this moment
}

// endOnce is end for all calls that come together.
func (s *Source) endOnce(ctx context.Context, k Key, stored Stored, reason string) (Stored, error) {
	ended, _ := s.renewals.join(reason+" "+stored.ID, func() (renewed, error) {
		return detached(ctx, s, func(ctx context.Context) (renewed, error) { return s.end(ctx, k, stored, reason) })
	})
	now, err := ended.wait(ctx)
	return now.Stored, err
}

// Close waits until ctx ends for what goes on, and notes which accounts were
// used. From then on, the other methods fail.
func (s *Source) Close(ctx context.Context) error {
	err := s.work.close(ctx)
	s.usage.flush(ctx)
	if err != nil {
		return fmt.Errorf("wait for refreshes: %w", err)
	}
	return nil
}
