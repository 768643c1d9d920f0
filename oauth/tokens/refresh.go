package tokens

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
)

const (
	maxRequests  = 3                      // of one flight
	requestLimit = 10 * time.Second       // of one request, whatever the flight has left
	requestPause = 100 * time.Millisecond // before the second; before the third three times as long
	longestWait  = 2 * time.Second        // that a provider may ask for within a flight
	repeatWithin = 4 * time.Second        // of the first request: others wait for the lock of the row
	crowdedPause = 5 * time.Second        // where the flight ended before its turn came
	closeLimit   = 10 * time.Second       // for what follows from an answer
)

var (
	errCrowded    = errors.New("too many refreshes are under way")
	errNotOffered = errors.New("no client id and secret are set")
)

// renewed is how a flight ended: with the token of the row, which it replaced
// itself, or found replaced.
type renewed struct {
	Stored
	own bool
}

// inTime returns the token that follows stored, which ends soon; or stored,
// where that is still good and there is no other yet.
func (s *Source) inTime(ctx context.Context, k Key, stored Stored) (Stored, error) {
	waiting, cancel := ctx, context.CancelFunc(func() {})
	if good(stored) {
		waiting, cancel = context.WithTimeout(ctx, patience)
	}
	defer cancel()
	flight, led := s.timely(waiting, k, stored.ID, 0)
	now, err := s.await(waiting, flight, led)
	switch {
	case err == nil:
		return now, nil
	case ctx.Err() != nil:
		return Stored{}, ctx.Err()
	case good(stored) && !unusable(err):
		return stored, nil
	case waiting.Err() != nil: // stored has expired while there was patience
		return s.inTime(ctx, k, stored)
	}
	return Stored{}, err
}

// timely begins the flight that refreshes a token which ends within its margin
// and ahead, or joins it.
func (s *Source) timely(ctx context.Context, k Key, id string, ahead time.Duration) (f *flight[renewed], led bool) {
	return s.fly(ctx, "due "+id, func(ctx context.Context) (renewed, error) {
		return s.refresh(ctx, &refresh{s: s, k: k, id: id, due: s.due(k, ahead)})
	})
}

// fly begins the flight called name, or joins it.
func (s *Source) fly(ctx context.Context, name string, act func(context.Context) (renewed, error)) (f *flight[renewed], led bool) {
	return s.renewals.join(name, func() (renewed, error) { return detached(ctx, s, act) })
}

// await waits for a flight, and counts that.
func (s *Source) await(ctx context.Context, f *flight[renewed], led bool) (Stored, error) {
	began := time.Now()
	now, err := f.wait(ctx)
	s.cfg.Events.Waited(time.Since(began))
	if err == nil && !(led && now.own) {
		s.cfg.Events.Saved()
	}
	return now.Stored, err
}

// paused returns how much longer no request is sent for a row, and what the
// last one ended with; 0: one may be sent.
func (s *Source) paused(k Key, id string) (time.Duration, error) {
	row, err := s.rows.of(id)
	service, cause := s.services.of(k.Provider)
	if service > row {
		return service, cause
	}
	return row, err
}

// refresh is a flight: one at most of its kind for a row in this process, and
// by the row's lock one that asks the provider in all of them.
func (s *Source) refresh(ctx context.Context, r *refresh) (renewed, error) {
	if wait, err := s.paused(r.k, r.id); wait > 0 {
		return renewed{}, s.told(r.k, wait, err)
	}
	var offered bool
	if r.client, offered = s.cfg.Client(r.k.Provider); !offered {
		return renewed{}, &oauth.Misconfigured{Provider: r.k.Provider, Err: errNotOffered}
	}
	leave, err := s.gates.enter(ctx, r.k.Provider)
	if err != nil {
		return renewed{}, &oauth.ProviderAway{Provider: r.k.Provider, Wait: crowdedPause, Err: errCrowded}
	}
	defer leave()
	now, own, err := s.cfg.Store.Renew(ctx, r.id, r.due, r.ask)
	for r.again(ctx, err) {
		now, own, err = s.cfg.Store.Renew(ctx, r.id, r.due, r.ask)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLimit) // an answer may come after the flight's end
	defer cancel()
	if err != nil {
		return r.failed(ctx, now, err)
	}
	return r.done(ctx, now, own), nil
}

// told is what callers are told of a provider that is left alone.
func (s *Source) told(k Key, wait time.Duration, cause error) error {
	if kindOf(cause) == oauth.BadClient {
		return &oauth.Misconfigured{Provider: k.Provider, Err: cause}
	}
	return &oauth.ProviderAway{Provider: k.Provider, Wait: wait, Err: cause}
}

// refresh is what a flight knows.
type refresh struct {
	s        *Source
	k        Key
	id       string // of the row
	due      func(Stored) bool
	rejected bool // the old token is no good, even if it has not expired
	client   Refresher
	asked    Stored // as the provider was last asked for its successor
	requests int
	began    time.Time // the first request
	doubt    bool      // an earlier request may have had an answer that is lost
}

// ask is called with the row locked, so that nobody else asks meanwhile, here
// or elsewhere. A failure that the provider told itself, such as 503 or 429, is
// tried again at once. One without an answer is not: the flight ends, or reads
// the row again, with the note of this attempt standing; see again.
func (r *refresh) ask(ctx context.Context, stored Stored) (oauth.Token, error) {
	r.asked, r.doubt = stored, r.doubt || !stored.Attempted.IsZero()
	if t, ok := r.s.held.after(stored); ok {
		return t, nil
	}
	for {
		t, err := r.request(ctx, stored.Token)
		if err == nil {
			r.s.lives.learn(r.k.Provider, stored.Token.Kind, t.Expires)
			return t, nil
		}
		doubt := inDoubt(err)
		if doubt || !r.patient(ctx, err) {
			return oauth.Token{}, &noAnswer{err, doubt}
		}
		r.doubt = true // a gateway may say 502 of a request that was served
	}
}

// request sends one request, which no flight's end cuts off.
func (r *refresh) request(ctx context.Context, t oauth.Token) (oauth.Token, error) {
	if r.requests++; r.requests == 1 {
		r.began = time.Now()
	}
	r.s.cfg.Point("refresh.before_request")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
	defer cancel()
	next, err := r.client.Refresh(ctx, t)
	if err == nil && next.Access.IsZero() {
		err = &oauth.Error{Kind: oauth.Malformed, Provider: r.k.Provider, Reason: "no_access_token"}
	}
	r.s.cfg.Point("refresh.after_request")
	r.s.cfg.Events.Refreshed(r.k.Provider, resultOf(err))
	return next, err
}

func resultOf(err error) string {
	switch {
	case err == nil:
		return ResultOK
	case kindOf(err) == oauth.RefusedGrant:
		return ResultRefused
	default:
		return ResultFailed
	}
}

// patient waits before another request; false: there is to be none.
func (r *refresh) patient(ctx context.Context, err error) bool {
	kind, wait := kindOf(err), waitOf(err)
	if r.requests >= maxRequests || time.Since(r.began) > repeatWithin || wait > longestWait || kind != oauth.Away && kind != oauth.Limited {
		return false
	}
	pause := requestPause
	if r.requests > 1 {
		pause *= 3
	}
	return sleep(ctx, max(wait, pause+rand.N(pause/2)))
}

// again tells whether to begin anew after a request without an answer, as Renew
// does by reading the row. While the old access token is good there is no
// haste, and a refusal of a refresh token that was spent by the lost answer
// would take that from the person too; once it has expired, there is nothing to
// lose, and some providers take a spent refresh token for a short while.
func (r *refresh) again(ctx context.Context, err error) bool {
	var lost *noAnswer
	if !errors.As(err, &lost) || !lost.doubt || good(r.asked) && !r.rejected {
		return false
	}
	r.doubt = true
	return kindOf(err) == oauth.Away && r.patient(ctx, err)
}

// done is how a flight ends well.
func (r *refresh) done(ctx context.Context, now Stored, own bool) renewed {
	r.s.rows.over(r.id)
	r.s.held.drop(r.id)
	if own {
		r.s.services.over(r.k.Provider)
		r.s.cfg.Log.InfoContext(ctx, "token refreshed", r.about(now)...)
	}
	r.s.keep(ctx, r.k, now)
	return renewed{now, own}
}

func (r *refresh) about(stored Stored) []any {
	return []any{slog.String("provider", r.k.Provider), slog.String("account", stored.AccountID), slog.Int("requests", r.requests)}
}

// failed is how it ends otherwise.
func (r *refresh) failed(ctx context.Context, now Stored, err error) (renewed, error) {
	var asked *noAnswer
	switch {
	case unusable(err):
		r.s.drop(ctx, r.k)
		return renewed{}, named(err, r.k.Provider)
	case r.asked.ID != "" && now.Version > r.asked.Version: // a token that the provider gave
		r.s.cfg.Log.ErrorContext(ctx, "refreshed token not stored", append(r.about(now), slog.String("cause", err.Error()))...)
		r.s.held.keep(now)
		return renewed{now, true}, nil
	case errors.As(err, &asked):
		return r.refused(ctx, asked.err)
	case errors.Is(err, context.DeadlineExceeded): // the flight's own: others have the lock, or the store's places
		return renewed{}, &oauth.ProviderAway{Provider: r.k.Provider, Wait: crowdedPause, Err: err}
	}
	return renewed{}, err
}

// refused takes the consequence of what the provider answered.
func (r *refresh) refused(ctx context.Context, err error) (renewed, error) {
	log := append(r.about(r.asked), slog.String("cause", err.Error()))
	switch kind := kindOf(err); kind {
	case oauth.RefusedGrant:
		reason := ReasonRefused
		if r.doubt {
			reason = ReasonInterrupted
		}
		r.s.cfg.Log.WarnContext(ctx, "refresh refused", append(log, slog.String("reason", reason))...)
		return r.s.end(ctx, r.k, r.asked, reason)
	case oauth.BadClient:
		r.s.cfg.Log.ErrorContext(ctx, "provider does not accept our credentials", log...)
		return renewed{}, r.s.told(r.k, r.s.rows.failed(r.id, 0, err), err)
	case oauth.Away, oauth.Limited:
		r.s.services.failed(r.k.Provider, 0, err)
	}
	wait := r.s.rows.failed(r.id, waitOf(err), err)
	r.s.cfg.Log.WarnContext(ctx, "refresh failed", append(log, slog.Duration("wait", wait))...)
	return renewed{}, r.s.told(r.k, wait, err)
}
