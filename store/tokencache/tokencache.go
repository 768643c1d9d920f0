// Package tokencache keeps access tokens for seconds in Redis, for all processes
// at once, sealed by the vault: neither who has only Redis, nor who writes to
// it, can read a token or put one person's in another's place. It is the Cache
// of package tokens. It does not know what a token is good for, nor where it
// comes from.
//
// There is no copy within the process, and no cache without Redis: an account
// that was disconnected must be so at once, in every process.
package tokencache

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/oauth/tokens"
	"github.com/fluxstudio/fluxmcp/store/redisdb"
	"github.com/fluxstudio/fluxmcp/store/vault"
)

// DefaultTTL is how long a token is kept at most where Options do not say.
const DefaultTTL = 5 * time.Second

// graveTTL is how long Drop keeps older tokens out: longer than a token source
// takes from reading one to Put, which is bounded by 20 s.
const graveTTL = 30 * time.Second

// keyPrefix of all keys in Redis; after it a digest of the tokens.Key.
const keyPrefix = "fluxmcp:token:"

// Options of a Cache. The zero value is ready to use.
type Options struct {
	TTL time.Duration // how long a token is kept at most, and never past its expiry; zero: DefaultTTL
	Log *slog.Logger  // for what is no caller's business; nil: no log
}

// Cache is a tokens.Cache. It is safe for concurrent use, by any number of
// processes over one Redis, which must have the same keys of the vault: what
// another key has sealed is not found. Nor is what was kept too long by the
// reader's clock: clocks that differ by more than the TTL cost the cache.
//
// While Redis is away, nothing is found and nothing is kept. A Drop that does
// not reach Redis has no effect: where another process still reaches it, or it
// comes back with what it had, a token may be found for as long as it is kept,
// and one that was read before the Drop may be put after it. That makes at most
// 25 s with the default TTL; the account's row, which every refresh and every
// refused token looks at, says the truth all the time.
type Cache struct {
	db    *redisdb.DB
	vault *vault.Vault
	ttl   time.Duration
	log   *slog.Logger
}

var _ tokens.Cache = (*Cache)(nil)

// New makes a Cache over db, sealed by v.
func New(db *redisdb.DB, v *vault.Vault, o Options) *Cache {
	if o.TTL <= 0 {
		o.TTL = DefaultTTL
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Cache{db: db, vault: v, ttl: o.TTL, log: o.Log}
}

// Get returns what Put has kept, without the refresh token and Attempted. What
// cannot be opened as k's is not found.
func (c *Cache) Get(ctx context.Context, k tokens.Key) (tokens.Stored, bool) {
	name := digest(k)
	var raw string
	err := c.db.Do(ctx, func(ctx context.Context, r *redis.Client) (err error) {
		raw, err = r.Get(ctx, keyPrefix+name).Result()
		return err
	})
	if err == redis.Nil || err == nil && raw == grave {
		return tokens.Stored{}, false
	}
	if err != nil {
		c.note(ctx, "get", err)
		return tokens.Stored{}, false
	}
	s, err := c.open(name, raw)
	c.note(ctx, "open", err)
	return s, err == nil
}

// Put keeps s without its refresh token, until it expires or the TTL is over.
// It does nothing where Drop of k came within the last 30 s, or a later version
// of the same row is kept.
func (c *Cache) Put(ctx context.Context, k tokens.Key, s tokens.Stored) {
	ttl := c.ttl
	if expires := s.Token.Expires; !expires.IsZero() {
		ttl = min(ttl, time.Until(expires))
	}
	if ttl < time.Millisecond {
		return
	}
	name := digest(k)
	h, sealed := headOf(s), c.seal(name, s, time.Now().Add(ttl))
	err := c.db.Do(ctx, func(ctx context.Context, r *redis.Client) error {
		return put.Run(ctx, r, []string{keyPrefix + name}, h.version, h.row, sealed, ttl.Milliseconds()).Err()
	})
	c.note(ctx, "put", err)
}

// Drop forgets k, in all processes and also where ctx has ended, and keeps out
// what was read before.
func (c *Cache) Drop(ctx context.Context, k tokens.Key) {
	err := c.db.Do(context.WithoutCancel(ctx), func(ctx context.Context, r *redis.Client) error {
		return r.Set(ctx, keyPrefix+digest(k), grave, graveTTL).Err()
	})
	c.note(ctx, "drop", err)
}

// note is for the curious: whether Redis is away is told by redisdb.
func (c *Cache) note(ctx context.Context, doing string, err error) {
	if err != nil {
		c.log.DebugContext(ctx, "token cache did without", slog.String("doing", doing), slog.String("cause", err.Error()))
	}
}

// digest names a key without showing whose it is.
func digest(k tokens.Key) string {
	return hex.EncodeToString(vault.Digest("token_cache", fmt.Sprintf("%q %q %q %q", k.Person.Issuer, k.Person.Subject, k.Provider, k.Kind)))
}

// place is where the value under a name is sealed for.
func place(name string, version int64) vault.Place {
	return vault.Place{Table: "token_cache", Row: name, Column: "stored", Version: version}
}

// content is what is sealed. Until is there for who writes to Redis: an old
// value that is put back is not found.
type content struct {
	ID, AccountID      string
	Kind, Access, Type string
	Expires, Until     time.Time
	Scopes             []string
}

func (c *Cache) seal(name string, s tokens.Stored, until time.Time) string {
	t := s.Token
	plain, _ := json.Marshal(content{s.ID, s.AccountID, t.Kind, t.Access.Reveal(), t.Type, t.Expires, until, t.Scopes}) // texts and times always encode
	return headOf(s).text() + string(c.vault.Seal(plain, place(name, s.Version)))
}

func (c *Cache) open(name, raw string) (tokens.Stored, error) {
	version, sealed, err := split(raw)
	if err != nil {
		return tokens.Stored{}, err
	}
	plain, err := c.vault.Open([]byte(sealed), place(name, version))
	if err != nil {
		return tokens.Stored{}, err
	}
	var v content
	if err := json.Unmarshal(plain, &v); err != nil {
		return tokens.Stored{}, err
	}
	if !time.Now().Before(v.Until) {
		return tokens.Stored{}, errOver
	}
	return tokens.Stored{ID: v.ID, AccountID: v.AccountID, Version: version, Token: oauth.Token{
		Kind: v.Kind, Access: oauth.NewSecret(v.Access), Type: v.Type, Expires: v.Expires, Scopes: v.Scopes}}, nil
}
