package cache

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/store/redisdb"
)

// keys are those of a cache in Redis. What is in braces decides the slot of a
// Redis Cluster, so that one command may name both keys; all values are then on
// one node.
type keys struct{ generation, value string } // value: what comes before the caller's key

func keysOf(name string) keys {
	prefix := "fluxmcp:" + name + ":{cache}:"
	return keys{prefix + "generation", prefix + "value:"}
}

// generationSize is the length of a generation. It is random and not a
// counter: Redis may evict the key, and a counter that begins again would
// bring values back that were cleared long ago.
const generationSize = 26

// ensure returns the generation, and makes ARGV[1] it where there is none.
var ensure = redis.NewScript(`
local found = redis.pcall('GET', KEYS[1])
if type(found) == 'string' and #found == #ARGV[1] then return found end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]
`)

// keep stores a value where the generation is still that of its lookup, so
// that a late value does not displace a newer one.
var keep = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
`)

// shared keeps values in Redis.
type shared struct {
	db       *redisdb.DB
	keys     keys
	maxEntry int
	log      *slog.Logger
}

// lookup reads generation and value in one round trip; a second one follows
// only where there is no generation yet.
func (s *shared) lookup(ctx context.Context, key string) (Entry, bool) {
	var got []any
	err := s.db.Do(ctx, func(ctx context.Context, c *redis.Client) (err error) {
		got, err = c.MGet(ctx, s.keys.generation, s.keys.value+key).Result()
		return err
	})
	if err != nil || len(got) != 2 {
		s.note("look up", err)
		return Entry{}, false
	}
	generation, _ := got[0].(string)
	if len(generation) != generationSize {
		return Entry{generation: s.begin(ctx)}, false
	}
	if raw, there := got[1].(string); there && len(raw) <= s.maxEntry+frameSize {
		if e, ok := unframe(raw); ok && e.generation == generation {
			return e, true
		}
	}
	return Entry{generation: generation}, false
}

// begin agrees with the other processes on a generation; "" without Redis.
func (s *shared) begin(ctx context.Context) (generation string) {
	err := s.db.Do(ctx, func(ctx context.Context, c *redis.Client) (err error) {
		generation, err = ensure.Run(ctx, c, []string{s.keys.generation}, rand.Text()).Text()
		return err
	})
	if err != nil {
		s.note("begin", err)
		return ""
	}
	return generation
}

func (s *shared) store(ctx context.Context, key string, ttl time.Duration, e Entry) {
	err := s.db.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		return keep.Run(ctx, c, []string{s.keys.generation, s.keys.value + key}, e.generation, frame(e), ttl.Milliseconds()).Err()
	})
	s.note("store", err)
}

func (s *shared) clear(ctx context.Context) error {
	err := s.db.Do(ctx, func(ctx context.Context, c *redis.Client) error {
		return c.Set(ctx, s.keys.generation, rand.Text(), 0).Err()
	})
	if err != nil {
		return fmt.Errorf("clear the cache: %w", err)
	}
	return nil
}

// note is for the curious: whether Redis is away is told by redisdb.
func (s *shared) note(doing string, err error) {
	if err != nil {
		s.log.Debug("the cache went without redis", slog.String("doing", doing), slog.String("error", err.Error()))
	}
}
