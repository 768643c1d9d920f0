package bearer

import (
	"crypto/sha256"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	cacheBytes    = 4 << 20
	cacheTime     = time.Minute
	entryOverhead = 400 // bytes of a node, its key, and a Claims without its texts
	sliceOverhead = 16  // bytes of a string in a slice
)

type cacheKey = [sha256.Size]byte

// cache holds what verified tokens say, each at most a minute and not past its
// expiry, in about 4 MiB. It holds no token.
type cache struct {
	entries *otter.Cache[cacheKey, Claims]
}

func newCache() (*cache, error) {
	entries, err := otter.New(&otter.Options[cacheKey, Claims]{
		MaximumWeight: cacheBytes,
		Weigher:       weigh,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[cacheKey, Claims]) time.Duration {
			return max(1, min(cacheTime, time.Until(e.Value.Expires)))
		}),
	})
	if err != nil {
		return nil, err
	}
	return &cache{entries}, nil
}

func weigh(_ cacheKey, c Claims) uint32 {
	n := entryOverhead + len(c.Issuer) + len(c.Subject) + len(c.Email) + len(c.ClientID) + len(c.ID)
	for _, s := range c.Roles {
		n += sliceOverhead + len(s)
	}
	for _, s := range c.Scopes {
		n += sliceOverhead + len(s)
	}
	return uint32(n)
}

// get gives Claims that the caller may change.
func (c *cache) get(key cacheKey) (Claims, bool) {
	found, ok := c.entries.GetIfPresent(key)
	if !ok {
		return Claims{}, false
	}
	return found.clone(), true
}

// put leaves a token out that is accepted for the leeway alone.
func (c *cache) put(key cacheKey, claims Claims) {
	if time.Until(claims.Expires) > 0 {
		c.entries.Set(key, claims.clone())
	}
}

func (c *cache) close() { c.entries.StopAllGoroutines() }

func (c Claims) clone() Claims {
	c.Roles, c.Scopes = slices.Clone(c.Roles), slices.Clone(c.Scopes)
	return c
}
