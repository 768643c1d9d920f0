package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/tools"
)

// TestWritingCallsHaveABucketOfTheirOwn charges a writing call to both buckets,
// a reading one to its own, and each user for themselves.
func TestWritingCallsHaveABucketOfTheirOwn(t *testing.T) {
	var denied []string
	c := callLimits{
		shared: limits.New(nil, limits.Options{}), calls: perMinute("calls", 5), writes: perMinute("writes", 2),
		denied: func(bucket string) { denied = append(denied, bucket) },
	}
	alice, bob := tools.Principal{Subject: "alice"}, tools.Principal{Subject: "bob"}
	for n, step := range []struct {
		who    tools.Principal
		effect tools.Effect
		want   string // bucket that refuses, or ""
	}{
		{alice, tools.Writes, ""}, {alice, tools.Destructive, ""}, {alice, tools.Overwrites, "writes"},
		{alice, tools.ReadOnly, ""}, {alice, tools.ReadOnly, ""}, {alice, tools.ReadOnly, ""}, {alice, tools.ReadOnly, "calls"},
		{bob, tools.Writes, ""}, {bob, tools.ReadOnly, ""},
	} {
		q := c.Allow(context.Background(), step.who, step.effect)
		if q.Allowed != (step.want == "") || !q.Allowed && (q.Bucket != step.want || q.RetryAfter <= 0) {
			t.Errorf("step %d, %s by %s: got %+v, want %q to refuse", n+1, step.effect, step.who.Subject, q, step.want)
		}
	}
	if want := []string{"writes", "calls"}; !slices.Equal(denied, want) {
		t.Errorf("got %v told, want %v", denied, want)
	}
}

func TestLimitOfZeroIsNone(t *testing.T) {
	c := callLimits{shared: limits.New(nil, limits.Options{}), calls: perMinute("calls", 0), writes: perMinute("writes", 0)}
	for n := range 100 {
		if q := c.Allow(context.Background(), tools.Principal{}, tools.Writes); !q.Allowed {
			t.Fatalf("call %d: got %+v", n+1, q)
		}
	}
}

// TestPolicyDigestTellsDatabasesAndRulesApart, but not passwords.
func TestPolicyDigestTellsDatabasesAndRulesApart(t *testing.T) {
	digest := func(env ...string) string {
		set, err := loadSettings(env, "")
		if err != nil {
			t.Fatal(err)
		}
		return policyDigest(set)
	}
	base := digest("DATABASE_URL=postgres://u:p@h/d")
	for _, c := range []struct {
		env  []string
		same bool
	}{
		{[]string{"DATABASE_URL=postgres://u:other@h/d"}, true},
		{[]string{"DATABASE_URL=postgres://u:p@h/e"}, false},
		{[]string{"DATABASE_URL=postgres://v:p@h/d"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "QUERY_DATABASE_URL=postgres://r@h/d"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "FLUXMCP_READER_ROLE=other"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "FORBIDDEN_TABLES=salaries"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "ALLOWED_TABLES=projects"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "FLUXMCP_SEARCH_PATH=x"}, false},
		{[]string{"DATABASE_URL=postgres://u:p@h/d", "FLUXMCP_LOG_LEVEL=debug"}, true},
	} {
		if got := digest(c.env...) == base; got != c.same {
			t.Errorf("%s: same digest %v, want %v", fmt.Sprint(c.env), got, c.same)
		}
	}
}
