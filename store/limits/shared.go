package limits

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
)

// keyPrefix of all keys in Redis; after it the limit's name, ":" and the key.
const keyPrefix = "fluxmcp:limit:"

// script is Limit.take on the server, for ARGV[3] calls one after the other, in
// whole microseconds of the server's clock. It keeps at most one number per
// key, which expires when the limit is whole again, and reads anything else
// found there as none. ARGV[4] and ARGV[5] are a debt.
//
// It is ours, and not redis_rate's, because that one calls the deprecated
// redis.replicate_commands, sets its own prefix before every key, and counts in
// fractions of seconds, so that its answers could not equal the process's own.
var script = redis.NewScript(`
local step, depth, calls = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local total, alone = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.pcall('GET', KEYS[1])
local tat = type(found) == 'string' and tonumber(found) or now - total
tat = tat + total
if not (tat >= now + alone) then tat = now + alone end
if tat > now + depth then tat = now + depth end
local granted = math.min(calls, math.floor((now + depth - tat) / step))
tat = tat + granted * step
if granted > 0 or total > 0 then
  redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.max(math.ceil((tat - now) / 1000), 1))
end
return {granted, math.floor((now + depth - tat) / step), tat + step - now - depth, tat - now}
`)

var errAnswer = errors.New("answer of another shape")

// answer is what Redis says to a number of calls at once.
type answer struct {
	granted   int           // of them, the first ones
	remaining int           // after those
	wait      time.Duration // until another one is allowed, where not all were
	ahead     time.Duration // until the whole limit is there again
}

// decision is what call i of them is told, as if they had come one by one.
func (a answer) decision(i int, l Limit) Decision {
	later := a.granted - 1 - i
	if later < 0 {
		return Decision{Limit: l.Count, RetryAfter: a.wait, Reset: a.ahead}
	}
	return Decision{
		Allowed: true, Limit: l.Count,
		Remaining: a.remaining + later, Reset: a.ahead - time.Duration(later)*l.interval(),
	}
}

// over asks the Redis of db.
func over(db *redisdb.DB) asker {
	return func(ctx context.Context, key string, l Limit, n int, owed debt) (a answer, err error) {
		err = db.Do(ctx, func(ctx context.Context, c *redis.Client) error {
			a, err = run(ctx, c, key, l, n, owed)
			return err
		})
		return a, err
	}
}

func run(ctx context.Context, c *redis.Client, key string, l Limit, n int, owed debt) (answer, error) {
	got, err := script.Run(ctx, c, []string{keyPrefix + l.Name + ":" + key}, l.interval().Microseconds(), l.depth().Microseconds(),
		n, owed.total.Microseconds(), owed.alone.Microseconds()).Int64Slice()
	if err != nil {
		return answer{}, err
	}
	if len(got) != 4 {
		return answer{}, errAnswer
	}
	return answer{
		granted: int(got[0]), remaining: int(got[1]),
		wait: time.Duration(got[2]) * time.Microsecond, ahead: time.Duration(got[3]) * time.Microsecond,
	}, nil
}
