package limits

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// keyPrefix of all keys in Redis; after it the limit's name, ":" and the key.
const keyPrefix = "fluxmcp:limit:"

// script is Limit.take on the server, in whole microseconds of the server's
// clock. It keeps at most one number per key, which expires when the limit is
// whole again, and reads anything else found there as none.
//
// It is ours, and not redis_rate's, because that one calls the deprecated
// redis.replicate_commands, sets its own prefix before every key, and counts in
// fractions of seconds, so that its answers could not equal the process's own.
var script = redis.NewScript(`
local step, depth = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local found = redis.pcall('GET', KEYS[1])
local tat = type(found) == 'string' and tonumber(found) or now
if not (tat >= now) then tat = now end
if tat > now + depth then tat = now + depth end
local ahead = tat + step - now
if ahead > depth then
  return {0, 0, ahead - depth, tat - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', tat + step), 'PX', math.ceil(ahead / 1000))
return {1, math.floor((depth - ahead) / step), 0, ahead}
`)

var errAnswer = errors.New("answer of another shape")

// shared asks Redis.
func shared(ctx context.Context, c *redis.Client, key string, l Limit) (Decision, error) {
	got, err := script.Run(ctx, c, []string{keyPrefix + l.Name + ":" + key},
		l.interval().Microseconds(), l.depth().Microseconds()).Int64Slice()
	if err != nil {
		return Decision{}, err
	}
	if len(got) != 4 {
		return Decision{}, errAnswer
	}
	return Decision{
		Allowed: got[0] == 1, Limit: l.Count, Remaining: int(got[1]),
		RetryAfter: time.Duration(got[2]) * time.Microsecond, Reset: time.Duration(got[3]) * time.Microsecond,
	}, nil
}
