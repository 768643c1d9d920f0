package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/cache"
	"github.com/fluxstudio/fluxmcp/tools"
)

// Cache keeps what queries read for a while. Its values are bytes of
// store.Result; a value that it lost is read again.
type Cache interface {
	// Lookup gives the value under key. Where there is none, the entry says
	// under which circumstances a new value may be stored.
	Lookup(ctx context.Context, key string) (cache.Entry, bool)
	Store(ctx context.Context, key string, value []byte, ttl time.Duration, e cache.Entry)
}

// CacheUse is how the cache served one call of query.
type CacheUse string

// The ways a call of query can meet the cache.
const (
	CacheHit      CacheUse = "hit"
	CacheMiss     CacheUse = "miss"
	CacheBypass   CacheUse = "bypass"   // fresh was asked for; what is read is kept
	CacheVolatile CacheUse = "volatile" // two runs may differ: neither looked up nor kept
)

// Caching is how query uses a cache. The zero value uses none.
type Caching struct {
	Cache  Cache
	TTL    time.Duration
	Policy string                                // digest of all that decides what a statement may read, and where
	Used   func(ctx context.Context, u CacheUse) // may be nil
}

// cached answers in from the cache, or reads and keeps what was read. An error
// is never kept. It also says when the database was read, and whether that was
// before this call.
func (h handlers) cached(ctx context.Context, st sqlguard.Statement, in queryArgs, read func() (*store.Result, error)) (*store.Result, time.Time, bool, error) {
	c := h.cfg.Caching
	if c.Cache == nil || st.Volatile() || st.IsExplain() {
		c.used(ctx, CacheVolatile)
		res, err := read()
		return res, time.Now(), false, err
	}
	key := c.key(tools.PrincipalOf(ctx), st, in)
	entry, found := c.Cache.Lookup(ctx, key)
	if found && !in.Fresh {
		if res, err := store.DecodeResult(entry.Value); err == nil {
			c.used(ctx, CacheHit)
			return res, entry.Stored, true, nil
		}
	}
	c.used(ctx, missed(in.Fresh))
	res, err := read()
	switch {
	case err == nil:
		c.Cache.Store(ctx, key, res.AppendBinary(nil), c.TTL, entry)
	case found: // what was kept may be withdrawn; an empty value is read as none
		c.Cache.Store(ctx, key, nil, c.TTL, entry)
	}
	return res, time.Now(), false, err
}

func missed(fresh bool) CacheUse {
	if fresh {
		return CacheBypass
	}
	return CacheMiss
}

func (c Caching) used(ctx context.Context, u CacheUse) {
	if c.Used != nil && c.Cache != nil {
		c.Used(ctx, u)
	}
}

// key tells apart whatever can make two answers differ: who asks and in which
// roles, what may be read there, the statement in its normal form, its
// parameters and its limit. Each part is preceded by its length, so that no two
// lists of parts run together to the same text.
func (c Caching) key(p tools.Principal, st sqlguard.Statement, in queryArgs) string {
	roles := slices.Clone(p.Roles)
	slices.Sort(roles)
	params, _ := json.Marshal(in.Params) // decoded JSON encodes
	rolesText, _ := json.Marshal(roles)
	h := sha256.New()
	for _, part := range []string{
		"query/1", p.Key(), string(rolesText), c.Policy, st.Normalized(), string(params), strconv.Itoa(in.Limit),
	} {
		_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(part)))) // a hash takes every write
		_, _ = h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}
