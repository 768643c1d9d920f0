package redisdb

import (
	"context"
	"errors"
	"log/slog"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

func (d *DB) newBreaker() *breaker {
	var b *breaker
	b = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		MaxRequests:   1,
		Timeout:       probeAfter,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failuresToOpen },
		IsSuccessful:  func(err error) bool { return !errors.As(err, new(*Unavailable)) },
		IsExcluded:    saysNothing,
		OnStateChange: func(_ string, _, to gobreaker.State) { d.changed(b, to) },
	})
	return b
}

// changed takes notice of what the breaker in use decided. A breaker that Ping
// replaced may still hear of calls that began before.
func (d *DB) changed(b *breaker, to gobreaker.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.breaker.Load() != b || to == gobreaker.StateHalfOpen {
		return
	}
	d.set(to == gobreaker.StateClosed)
}

// reset closes the breaker, which gobreaker can only do by another one.
func (d *DB) reset() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.up.Load() {
		return
	}
	d.breaker.Store(d.newBreaker())
	d.set(true)
}

// set tells of a change. d.mu is held.
func (d *DB) set(up bool) {
	if d.up.Swap(up) == up {
		return
	}
	if up {
		d.o.Log.Info("redis is back")
	} else {
		cause, _ := d.cause.Load().(string)
		d.o.Log.Warn("redis is away", slog.String("error", cause))
	}
	if d.o.OnState != nil {
		d.o.OnState(up)
	}
}

// refused reports whether the breaker kept the call from Redis.
func refused(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// saysNothing is true of errors that are no news of Redis, good or bad: the
// caller left, every connection is in use, or the DB is closed.
func saysNothing(err error) bool {
	return errors.As(err, new(*callerGone)) || errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, redis.ErrClosed)
}

// answered reports whether Redis itself sent err, and could have served
// another command. A Redis that loads its data, has lost its primary, is out
// of memory or does not let us in is of no use to any.
func answered(err error) bool {
	var reply redis.Error
	if !errors.As(err, &reply) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	for _, useless := range []func(error) bool{
		redis.IsLoadingError, redis.IsReadOnlyError, redis.IsClusterDownError, redis.IsMasterDownError,
		redis.IsMaxClientsError, redis.IsAuthError, redis.IsOOMError, redis.IsNoReplicasError,
	} {
		if useless(err) {
			return false
		}
	}
	return !redis.HasErrorPrefix(err, "MISCONF")
}
