package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/sqlguard"
)

func TestCatalogKeeper(t *testing.T) {
	down := errors.New("down")
	steps := []struct {
		name    string
		after   time.Duration
		refresh bool
		fail    bool
		wantErr bool
		loads   int // so far
		applied int // so far
	}{
		{"without a catalog a failed load fails closed", 0, false, true, true, 1, 0},
		{"the first load serves", 0, false, false, false, 2, 1},
		{"a young catalog is not loaded again", 59 * time.Second, false, false, false, 2, 1},
		{"an old one is", time.Second, false, false, false, 3, 2},
		{"a forced refresh ignores the time to live", 2 * time.Second, true, false, false, 4, 3},
		{"but not within a second", 999 * time.Millisecond, true, false, false, 4, 3},
		{"a forced refresh reports failure", time.Second, true, true, true, 5, 3},
		{"an old one serves while the database is down", 14 * time.Minute, false, true, false, 6, 3},
		{"but not for ever", 2 * time.Minute, false, true, true, 7, 3},
		{"and it recovers", 0, false, false, false, 8, 4},
	}
	now := time.Unix(1e9, 0)
	var loads, applied int
	var err error
	k := &CatalogKeeper{
		Load:  func(context.Context) (sqlguard.Catalog, error) { loads++; return sqlguard.Catalog{}, err },
		Apply: func(sqlguard.Catalog) { applied++ },
		now:   func() time.Time { return now },
	}
	for _, s := range steps {
		now, err = now.Add(s.after), nil
		if s.fail {
			err = down
		}
		call := k.Ensure
		if s.refresh {
			call = k.Refresh
		}
		got := call(t.Context())
		if (got != nil) != s.wantErr || loads != s.loads || applied != s.applied {
			t.Errorf("%s: got error %v, %d loads, %d applied; want error %v, %d, %d", s.name, got, loads, applied, s.wantErr, s.loads, s.applied)
		}
	}
}

func TestCatalogKeeperLoadsOnceForMany(t *testing.T) {
	release := make(chan struct{})
	var loads atomic.Int32
	k := &CatalogKeeper{
		Load: func(ctx context.Context) (sqlguard.Catalog, error) {
			loads.Add(1)
			<-release
			return sqlguard.Catalog{}, ctx.Err()
		},
		Apply: func(sqlguard.Catalog) {},
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if err := k.Ensure(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left: got %v, want %v", err, context.Canceled)
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := k.Ensure(t.Context()); err != nil {
				t.Errorf("the load must go on when its first caller leaves: %v", err)
			}
		})
	}
	close(release)
	wg.Wait()
	if n := loads.Load(); n != 1 {
		t.Errorf("got %d loads, want 1", n)
	}
}
