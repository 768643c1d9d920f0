// Package redisdb is the way to a Redis that may be away: every call is
// bounded, and a Redis that does not answer soon costs nothing.
//
// It does not know what is kept there, nor what to do without it.
package redisdb

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/sony/gobreaker/v2"
)

const (
	// DefaultTimeout bounds one call, waiting for a connection included.
	DefaultTimeout = 250 * time.Millisecond

	failuresToOpen = 3           // consecutive ones, after which Redis counts as away
	probeAfter     = time.Second // how long it is then left alone
)

// Options of a DB. The zero value is ready to use.
type Options struct {
	Log *slog.Logger // nil: no log

	// OnState is told when Redis goes away and when it comes back, in that
	// order and one at a time. It must return at once, and of the DB it may
	// call Up alone.
	OnState func(up bool)

	// Timeout bounds each Do and Ping. 0 is DefaultTimeout.
	Timeout time.Duration
}

// DB is a pool of connections to one Redis, behind a breaker. It is safe for
// concurrent use; whoever opened it closes it.
type DB struct {
	client  *redis.Client
	o       Options
	up      atomic.Bool
	cause   atomic.Value // of the last failure: a text
	mu      sync.Mutex   // makes state changes one at a time; taken after a breaker's own lock
	breaker atomic.Pointer[breaker]
}

type breaker = gobreaker.CircuitBreaker[struct{}]

// Open prepares connections to the Redis at address, a redis:// or rediss://
// URL (the latter with TLS 1.2 or newer), and makes none. Sizes of the pool may
// be set in the URL's query; timeouts and retries there have no effect.
//
// Errors: *BadURL.
//
// It also silences the client library's logger, which belongs to the whole
// process and writes to stderr: what it would say is in the errors of calls.
func Open(address string, o Options) (*DB, error) {
	settings, err := parse(address)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	bound(settings, o.Timeout)
	redis.SetLogger(silence{})
	d := &DB{client: redis.NewClient(settings), o: o}
	d.up.Store(true)
	d.breaker.Store(d.newBreaker())
	return d, nil
}

func parse(address string) (*redis.Options, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Hostname() == "" {
		return nil, &BadURL{}
	}
	settings, err := redis.ParseURL(address)
	if err != nil || settings.DB < 0 {
		return nil, &BadURL{} // the cause may quote the URL
	}
	if settings.TLSConfig != nil {
		settings.TLSConfig.MinVersion = tls.VersionTLS12
	}
	return settings, nil
}

// bound lets nothing in the client take longer than a call may, so that a
// connection is never held for a caller who has gone.
func bound(s *redis.Options, timeout time.Duration) {
	s.ContextTimeoutEnabled = true
	s.DialTimeout, s.ReadTimeout, s.WriteTimeout, s.PoolTimeout = timeout, timeout, timeout, timeout
	s.DialerRetries = 1
	s.MaxRetries = -1 // none: a script that counts must not run twice
	// Extras that cost a round trip for each connection.
	s.DisableIdentity = true
	s.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// Do runs f with the client. The context that f gets ends after the DB's
// Timeout, and f must return then, as every method of the client does.
//
// Errors: f's own where Redis answered, among them redis.Nil and the refusal
// of a command; the caller's context error where that ended first;
// *Unavailable for the rest, and at once while Redis counts as away: from the
// third failure in a row until a call succeeds. One call a second tries.
func (d *DB) Do(ctx context.Context, f func(ctx context.Context, c *redis.Client) error) error {
	_, err := d.breaker.Load().Execute(func() (struct{}, error) {
		return struct{}{}, d.call(ctx, f)
	})
	if refused(err) {
		return &Unavailable{err: err}
	}
	return err
}

// Ping asks Redis whether it answers, also while it counts as away; where it
// does, it no longer does so. Errors are those of Do.
func (d *DB) Ping(ctx context.Context) error {
	err := d.call(ctx, func(ctx context.Context, c *redis.Client) error { return c.Ping(ctx).Err() })
	if err != nil {
		return err
	}
	if !d.up.Load() {
		d.reset()
	}
	return nil
}

// Up reports whether calls reach Redis. It is true before the first call.
func (d *DB) Up() bool { return d.up.Load() }

// Close closes the connections; calls fail from then on.
func (d *DB) Close() error { return d.client.Close() }

// call makes one bounded call, and sorts its error.
func (d *DB) call(ctx context.Context, f func(context.Context, *redis.Client) error) error {
	if err := ctx.Err(); err != nil {
		return &callerGone{err}
	}
	bounded, cancel := context.WithTimeout(ctx, d.o.Timeout)
	defer cancel()
	err := f(bounded, d.client)
	switch {
	case err == nil || answered(err):
		return err
	case ended(ctx) != nil:
		return &callerGone{ended(ctx)}
	}
	d.cause.Store(err.Error())
	return &Unavailable{err: err}
}

// ended is ctx.Err, also in the moment when a socket's deadline, which is the
// context's, has passed and the context's own timer has not run yet.
func ended(ctx context.Context) error {
	if deadline, has := ctx.Deadline(); has && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}

type silence struct{}

// Printf drops what the client library logs.
func (silence) Printf(context.Context, string, ...any) {}
