package posting_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fluxstudio/fluxmcp/tools/slack/posting"
)

func TestMemoryIsBoundedForEachPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := posting.NewMemory()
		ctx := context.Background()
		claim := func(person string, i int) posting.Claim {
			c, err := m.Claim(ctx, posting.Key{Person: person, Key: fmt.Sprint(i)}, "d")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		claim("b", 0)
		for i := range 10_001 {
			time.Sleep(time.Millisecond)
			claim("a", i)
		}
		if c := claim("b", 0); c.New {
			t.Errorf("one person's claim is gone through another's: %+v", c)
		}
		if c := claim("a", 1); c.New {
			t.Errorf("the second of 10,001 claims is gone: %+v, want the first to have made room", c)
		}
		if c := claim("a", 0); !c.New {
			t.Errorf("the first of 10,001 claims is %+v, want it to have made room", c)
		}
	})
}

func TestMemoryRetakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, ctx, k := posting.NewMemory(), context.Background(), posting.Key{Key: "k"}
		first, _ := m.Claim(ctx, k, "d")
		time.Sleep(time.Second)
		_, _ = m.Mark(ctx, k, first.Attempted, posting.Mark{State: posting.Unknown, Ref: "ref", Keep: time.Hour})
		for i, want := range []bool{true, false} {
			if got, _ := m.Retake(ctx, k, first.Attempted); got.New != want {
				t.Errorf("retake %d of the same attempt: %+v, want it: %v", i, got, want)
			}
		}
		c, _ := m.Claim(ctx, k, "d")
		if c.State != posting.Pending || c.Ref != "ref" || !c.Attempted.After(first.Attempted) {
			t.Errorf("after that %+v, want Pending with the ref, attempted later", c)
		}
		if done, _ := m.Mark(ctx, k, first.Attempted, posting.Mark{State: posting.Posted, Keep: time.Hour}); done {
			t.Error("an attempt that was overtaken marks the claim, want it left alone")
		}
		if _ = m.Release(ctx, k, first.Attempted); !claimed(m, k) {
			t.Error("an attempt that was overtaken ends the claim, want it left alone")
		}
		_, _ = m.Mark(ctx, k, c.Attempted, posting.Mark{State: posting.Posted, Channel: "C1", TS: "1.2", Keep: time.Hour})
		if got, _ := m.Retake(ctx, k, c.Attempted); got.New {
			t.Error("what is posted is taken over, want it left alone")
		}
	})
}

// claimed reports whether there is a claim.
func claimed(m *posting.Memory, k posting.Key) bool {
	c, _ := m.Claim(context.Background(), k, "d")
	return !c.New
}
