package slackposts_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
	"github.com/fluxstudio/fluxmcp/store/slackposts"
)

// rig is one process of fluxmcp on a database.
type rig struct {
	*slackposts.Posts
	owntest.Database
}

func newRig(t testing.TB) *rig {
	t.Helper()
	return replica(owntest.Migrated(t))
}

func replica(d owntest.Database) *rig {
	return &rig{slackposts.New(owntest.Own(d.T, d.URL)), d}
}

// key is one of somebody's with their only account.
func key(name, k string) slackposts.Key {
	return slackposts.Key{Person: owntest.Person(name), Account: "account of " + name, Key: k}
}

// claim claims k for a digest.
func (r *rig) claim(k slackposts.Key, digest string) slackposts.Claim {
	r.T.Helper()
	c, err := r.Claim(r.T.Context(), k, digest)
	if err != nil {
		r.T.Fatalf("claim %+v: %v", k, err)
	}
	return c
}

func (r *rig) mark(k slackposts.Key, attempted time.Time, m slackposts.Mark) bool {
	r.T.Helper()
	done, err := r.Mark(r.T.Context(), k, attempted, m)
	if err != nil {
		r.T.Fatalf("mark %+v: %v", k, err)
	}
	return done
}

func (r *rig) retake(k slackposts.Key, attempted time.Time) slackposts.Claim {
	r.T.Helper()
	c, err := r.Retake(r.T.Context(), k, attempted)
	if err != nil {
		r.T.Fatalf("retake %+v: %v", k, err)
	}
	return c
}

func (r *rig) release(k slackposts.Key, attempted time.Time) bool {
	r.T.Helper()
	done, err := r.Release(r.T.Context(), k, attempted)
	if err != nil {
		r.T.Fatalf("release %+v: %v", k, err)
	}
	return done
}

// said is a claim without its times.
func said(c slackposts.Claim) string {
	return fmt.Sprintf("%t %s %s %q %q %q", c.New, c.Digest, c.State, c.Channel, c.TS, c.Ref)
}

// posted is a mark of a message that is kept for an hour.
func posted(ts string) slackposts.Mark {
	return slackposts.Mark{State: slackposts.Posted, Channel: "C1", TS: ts, Keep: time.Hour}
}
