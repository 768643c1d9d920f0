package bearer

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestCacheStaysWithin4MiB(t *testing.T) {
	c, err := newCache()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	var last cacheKey
	for i := range uint64(20_000) {
		last = sha256.Sum256(binary.BigEndian.AppendUint64(nil, i))
		c.put(last, Claims{Subject: "u", Scopes: []string{strings.Repeat("s", 3000)}, Expires: time.Now().Add(time.Hour)})
	}
	c.entries.CleanUp()
	if got := c.entries.WeightedSize(); got > cacheBytes || got < cacheBytes/2 {
		t.Errorf("got %d bytes, want it nearly full and no more than %d", got, cacheBytes)
	}
}

func TestCacheLeavesOutWhatHasExpired(t *testing.T) {
	c, err := newCache()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	c.put(cacheKey{1}, Claims{Subject: "u", Expires: time.Now()})
	if got, ok := c.get(cacheKey{1}); ok {
		t.Errorf("got %+v, want nothing", got)
	}
}

// The cache drops what has expired by itself; Verify does not rely on it. The
// clock of a bubble stands still, so that the entry can be kept.
func TestCachedTokenIsHeldAgainstTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, err := New(t.Context(), Config{Audiences: []string{"a"}, Secret: make([]byte, minSecret)})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		key := sha256.Sum256([]byte("token"))
		v.cache.entries.Set(key, Claims{Subject: "u", Expires: time.Now().Add(-v.leeway)})
		v.cache.entries.SetExpiresAfter(key, time.Hour)
		if _, kept := v.cache.get(key); !kept {
			t.Fatal("got no entry in the cache, want one that is past its expiry")
		}
		if got, err := v.Verify(t.Context(), "token"); err == nil {
			t.Errorf("got %+v, want it refused", got)
		}
	})
}
