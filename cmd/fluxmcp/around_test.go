package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/audit"
	"github.com/fluxstudio/fluxmcp/store/limits"
	"github.com/fluxstudio/fluxmcp/store/storetest"
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

// TestNobodyTakesAllTurns fills one user's places and looks at another's.
func TestNobodyTakesAllTurns(t *testing.T) {
	turns := newTurns(2)
	turns.wait = 10 * time.Millisecond
	hog, other := tools.Principal{Subject: "hog"}, tools.Principal{Subject: "other"}
	first, err1 := turns.Enter(t.Context(), hog)
	_, err2 := turns.Enter(t.Context(), hog)
	_, err3 := turns.Enter(t.Context(), hog)
	var many *tooManyAtOnce
	if err1 != nil || err2 != nil || !errors.As(err3, &many) {
		t.Fatalf("got %v, %v, %v, want the third refused", err1, err2, err3)
	}
	leave, err := turns.Enter(t.Context(), other)
	if err != nil {
		t.Errorf("another user: got %v", err)
	}
	first()
	if _, err := turns.Enter(t.Context(), hog); err != nil {
		t.Errorf("after one ended: got %v", err)
	}
	leave()
	if len(turns.of) != 1 {
		t.Errorf("got %d users remembered, want the one with calls under way", len(turns.of))
	}
}

func TestHeadersOfTheCollectorAreRead(t *testing.T) {
	for _, c := range []struct{ value, want string }{
		{"x-api-key=a%20b, y=c=d", "map[x-api-key:a b y:c=d]"}, {"", "map[]"},
		{"S3cretApiKey", ""}, {"x=%zz", ""}, {"bad name=x", ""}, {"x=a%0ab", ""},
	} {
		set, err := loadSettings([]string{"OTEL_EXPORTER_OTLP_HEADERS=" + c.value}, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := headers(set)
		if err == nil && fmt.Sprint(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q: got %v, %v, want %s", c.value, got, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "S3cret") {
			t.Errorf("%q: the error tells it: %v", c.value, err)
		}
	}
}

func TestAdministratorsAreOfAnIssuer(t *testing.T) {
	secret := "JWT_SECRET=" + testSecret
	for _, c := range []struct {
		name string
		env  []string
		want string // empty: refused
	}{
		{"subject of the one issuer", []string{secret, "FLUXMCP_ADMINS=alice"}, "[fluxstudio|alice]"},
		{"subject of one issuer with keys", []string{"FLUXMCP_ISSUERS=https://a.example", "FLUXMCP_ADMINS=alice"}, "[https://a.example|alice]"},
		{"subject alone, of two", []string{secret, "FLUXMCP_ISSUERS=https://a.example", "FLUXMCP_ADMINS=alice"}, ""},
		{"whole, of two", []string{secret, "FLUXMCP_ISSUERS=https://a.example", "FLUXMCP_ADMINS=https://a.example|alice"}, "[https://a.example|alice]"},
	} {
		set, err := loadSettings(c.env, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := admins(set)
		if err == nil && fmt.Sprint(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s: got %v, %v, want %s", c.name, got, err, c.want)
		}
	}
}

// TestWhatChangesSomethingIsStoredBeforeItActs asks the adapter over a database
// that has no audit, and over one that has.
func TestWhatChangesSomethingIsStoredBeforeItActs(t *testing.T) {
	for _, c := range []struct {
		name     string
		url      string
		effect   tools.Effect
		required bool
		stored   int // rows when Before has returned; -1: it fails
	}{
		{"a writing call that cannot be stored", storetest.OwnerDB(t), tools.Writes, false, -1},
		{"a reading call that cannot be stored", storetest.OwnerDB(t), tools.ReadOnly, false, 0},
		{"a reading call that must be", storetest.OwnerDB(t), tools.ReadOnly, true, -1},
		{"a writing call", sampleDatabase(t), tools.Destructive, false, 1},
		{"a reading call", sampleDatabase(t), tools.ReadOnly, false, 0},
		{"a reading call where that is required", sampleDatabase(t), tools.ReadOnly, true, 1},
	} {
		db, err := store.Open(store.Config{URL: c.url})
		if err != nil {
			t.Fatal(err)
		}
		log := audit.New(db.Own(), audit.Options{})
		err = (&auditor{log: log, required: c.required}).Before(t.Context(), tools.Entry{Tool: "x", Effect: c.effect, Outcome: tools.OutcomeStarted})
		if (err != nil) != (c.stored < 0) {
			t.Errorf("%s: got %v", c.name, err)
		}
		if rows, err := log.List(t.Context(), audit.Filter{}); c.stored >= 0 && err == nil && len(rows) != c.stored {
			t.Errorf("%s: got %d rows, want %d", c.name, len(rows), c.stored)
		}
		if err := log.Close(t.Context()); err != nil {
			t.Errorf("%s: close: %v", c.name, err)
		}
		db.Close()
	}
}
