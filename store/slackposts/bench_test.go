package slackposts_test

import (
	"fmt"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/slackposts"
)

// BenchmarkPost is what a post costs beside Slack: a claim and its outcome.
func BenchmarkPost(b *testing.B) {
	r := newRig(b)
	for i := 0; b.Loop(); i++ {
		k := key("ada", fmt.Sprint(i))
		c, err := r.Claim(b.Context(), k, "d")
		if err != nil || !c.New {
			b.Fatal(said(c), err)
		}
		if _, err := r.Mark(b.Context(), k, c.Attempted, slackposts.Mark{State: slackposts.Posted}); err != nil {
			b.Fatal(err)
		}
	}
}
