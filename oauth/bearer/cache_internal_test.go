package bearer

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
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
