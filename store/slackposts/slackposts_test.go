package slackposts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
	"github.com/fluxstudio/fluxmcp/store/slackposts"
)

// TestAClaimTellsWhatBecameOfIt follows one key, which two processes claim in turn.
func TestAClaimTellsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	other := replica(r.Database)
	k := key("ada", "K")
	before := time.Now().Add(-time.Second)
	first := r.claim(k, "d1")
	if got, want := said(first), `true d1 pending "" "" ""`; got != want {
		t.Errorf("the first: got %s, want %s", got, want)
	}
	if first.Attempted.Before(before) || first.Now.Before(first.Attempted) || first.Now.After(time.Now().Add(time.Second)) {
		t.Errorf("the first: attempted at %v, now %v, want now", first.Attempted, first.Now)
	}
	for _, c := range []struct {
		name string
		act  func()
		want string
	}{
		{"nothing yet", func() {}, `false d1 pending "" "" ""`},
		{"another digest is told of the first", func() { other.claim(k, "d2") }, `false d1 pending "" "" ""`},
		{"how it can be found again", func() { r.mark(k, first.Attempted, slackposts.Mark{State: slackposts.Pending, Ref: "F1"}) }, `false d1 pending "" "" "F1"`},
		{"its outcome is not known", func() { r.mark(k, first.Attempted, slackposts.Mark{State: slackposts.Unknown}) }, `false d1 unknown "" "" "F1"`},
		{"it is posted", func() { r.mark(k, time.Time{}, posted("1.2")) }, `false d1 posted "C1" "1.2" "F1"`},
	} {
		c.act()
		got := other.claim(k, "d1")
		if said(got) != c.want || !got.Attempted.Equal(first.Attempted) || got.Now.Before(first.Now) {
			t.Errorf("%s: got %s, begun %v; want %s, begun %v", c.name, said(got), got.Attempted, c.want, first.Attempted)
		}
	}
	r.Want("the person", "SELECT issuer || ' ' || subject || ' ' || email FROM fluxmcp.users", "https://id.example auth0|ada ada@example.com")
	r.Want("how long it stays", "SELECT (expires_at - created_at BETWEEN interval '1 hour' AND interval '61 minutes')::text FROM fluxmcp.slack_posts", "true")
}

func TestKeysDoNotMeet(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	mine := key("ada", "key")
	r.claim(mine, "d")
	others := map[string]slackposts.Key{"no key": key("ada", ""), "a long key": key("ada", strings.Repeat("K", 1<<20))}
	for name, k := range owntest.Strangers(kept.Key{Person: mine.Person, Account: mine.Account, Part: mine.Key}) {
		if k.Account != "" { // the schema wants one
			others[name] = slackposts.Key{Person: k.Person, Account: k.Account, Key: k.Part}
		}
	}
	for name, k := range others {
		if got := r.claim(k, "d"); !got.New {
			t.Errorf("%s: got %s, want New", name, said(got))
		}
		if got := r.claim(k, "d"); got.New {
			t.Errorf("%s, again: got New", name)
		}
	}
	if row := r.Texts("SELECT string_agg(p::text || encode(key_hash, 'escape'), ' ') FROM fluxmcp.slack_posts p")[0]; strings.Contains(row, "key") {
		t.Errorf("the table has a key: %.300s", row)
	}
}

func TestReleaseFreesAKey(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	for _, c := range []struct {
		name  string
		state string
		which func(slackposts.Claim) time.Time
		want  bool
	}{
		{"a pending one", slackposts.Pending, begun, true},
		{"an unknown one", slackposts.Unknown, begun, true},
		{"whichever there is", slackposts.Pending, never, true},
		{"what an attempt of before was about", slackposts.Pending, earlier, false},
		{"a posted one", slackposts.Posted, begun, true},
		{"whichever there is, though it is posted", slackposts.Posted, never, true},
		{"what an attempt of before has posted", slackposts.Posted, earlier, false},
	} {
		r.Exec("DELETE FROM fluxmcp.slack_posts")
		claimed := r.claim(k, "d")
		r.mark(k, claimed.Attempted, slackposts.Mark{State: c.state})
		if got := r.release(k, c.which(claimed)); got != c.want {
			t.Errorf("%s: released %t, want %t", c.name, got, c.want)
		}
		if got := r.claim(k, "d"); got.New != c.want {
			t.Errorf("%s: afterwards got %s, want New %t", c.name, said(got), c.want)
		}
	}
	if r.release(key("nobody", "K"), time.Time{}) {
		t.Error("the key of a person who is not known is released")
	}
}

func begun(c slackposts.Claim) time.Time   { return c.Attempted }
func earlier(c slackposts.Claim) time.Time { return c.Attempted.Add(-time.Microsecond) }
func never(slackposts.Claim) time.Time     { return time.Time{} }

func TestWhatIsPostedStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	c := r.claim(k, "d")
	r.mark(k, c.Attempted, posted("1.2"))
	for name, m := range map[string]slackposts.Mark{
		"unknown":         {State: slackposts.Unknown},
		"pending":         {State: slackposts.Pending, Ref: "F1"},
		"posted again":    posted("9.9"),
		"for a long time": {State: slackposts.Posted, Keep: 1000 * time.Hour},
	} {
		for _, attempted := range []time.Time{c.Attempted, {}} {
			if r.mark(k, attempted, m) {
				t.Errorf("%s: marked what is posted", name)
			}
		}
	}
	if got := r.retake(k, c.Attempted); said(got) != `false d posted "C1" "1.2" ""` {
		t.Errorf("retaken: got %s, want it as it is", said(got))
	}
	r.Want("it stays an hour", "SELECT (expires_at < now() + interval '61 minutes')::text FROM fluxmcp.slack_posts", "true")
}

// TestALateAttemptChangesNothing: a process that was stopped for minutes goes
// on after another one has taken its place.
func TestALateAttemptChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	late := r.claim(k, "d")
	r.mark(k, late.Attempted, slackposts.Mark{State: slackposts.Unknown, Ref: "F1"})
	now := r.retake(k, late.Attempted)
	if want := `true d pending "" "" "F1"`; said(now) != want || !now.Attempted.After(late.Attempted) {
		t.Errorf("retaken: got %s, begun %v after %v; want %s", said(now), now.Attempted, late.Attempted, want)
	}
	if again := r.retake(k, late.Attempted); again.New || !again.Attempted.Equal(now.Attempted) {
		t.Errorf("retaken for the same attempt again: got %+v, want the attempt of %v", again, now.Attempted)
	}
	if r.mark(k, late.Attempted, slackposts.Mark{State: slackposts.Unknown}) || r.mark(k, late.Attempted, posted("1.2")) {
		t.Error("the late attempt marks that of its successor")
	}
	if r.release(k, late.Attempted) {
		t.Error("the late attempt releases the key of its successor")
	}
	if !r.mark(k, now.Attempted, posted("3.4")) || said(r.claim(k, "d")) != `false d posted "C1" "3.4" "F1"` {
		t.Errorf("its successor: got %s, want it posted", said(r.claim(k, "d")))
	}
	if got := r.retake(key("ada", "other"), late.Attempted); got != (slackposts.Claim{}) {
		t.Errorf("retaken what is not there: got %+v", got)
	}
}

func TestClaimsExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	first := r.claim(k, "d1")
	r.Want("its life", "SELECT (expires_at - created_at)::text FROM fluxmcp.slack_posts", "1 day")
	r.mark(k, first.Attempted, slackposts.Mark{State: slackposts.Posted, Channel: "C1", TS: "1.2", Ref: "F1", Keep: 10 * time.Minute})
	r.Want("as it was marked", within("9 minutes", "10 minutes"), "true")
	r.Exec("UPDATE fluxmcp.slack_posts SET expires_at = now() - interval '1 microsecond', created_at = now() - interval '2 days'")
	second := r.claim(k, "d2")
	if want := `true d2 pending "" "" ""`; said(second) != want || !second.Attempted.After(first.Attempted) {
		t.Errorf("expired: got %s, begun %v after %v; want %s", said(second), second.Attempted, first.Attempted, want)
	}
	r.Want("its life then", "SELECT (expires_at - created_at)::text FROM fluxmcp.slack_posts", "1 day")
	r.Exec("UPDATE fluxmcp.slack_posts SET expires_at = now() + interval '1 minute'")
	r.mark(k, second.Attempted, slackposts.Mark{State: slackposts.Unknown})
	r.Want("marked for no time, it stays as long as before", within("0 minutes", "1 minute"), "true")
	r.retake(k, second.Attempted)
	r.Want("another attempt stays for a day", within("23 hours", "24 hours"), "true")
}

// within asks whether the only row stays between so long and so long.
func within(least, most string) string {
	return "SELECT (expires_at - now() BETWEEN interval '" + least + "' AND interval '" + most + "')::text FROM fluxmcp.slack_posts"
}

// TestAttemptsDifferWhereTheClockStandsStill: the database's clock may be set back.
func TestAttemptsDifferWhereTheClockStandsStill(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	k := key("ada", "K")
	c := r.claim(k, "d")
	r.Exec("UPDATE fluxmcp.slack_posts SET attempted_at = attempted_at + interval '1 day'")
	ahead := r.claim(k, "d").Attempted
	if ahead.Sub(c.Attempted) != 24*time.Hour {
		t.Fatalf("begun %v, want a day after %v", ahead, c.Attempted)
	}
	next := r.retake(k, ahead)
	if !next.New || next.Attempted.Sub(ahead) != time.Microsecond {
		t.Errorf("retaken: got %+v, want it 1 µs after %v", next, ahead)
	}
	r.Exec("UPDATE fluxmcp.slack_posts SET expires_at = now()")
	if again := r.claim(k, "d"); !again.New || again.Attempted.Sub(next.Attempted) != time.Microsecond {
		t.Errorf("claimed after it has expired: got %+v, want it 1 µs after %v", again, next.Attempted)
	}
}

func TestExpiredClaimsAreDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, k := range []string{"stays", "goes", "goes too"} {
		r.claim(key("ada", k), k)
	}
	r.Exec("UPDATE fluxmcp.slack_posts SET expires_at = now() - interval '1 second' WHERE digest LIKE 'goes%'")
	for _, want := range []string{"2", "0"} {
		r.Want("the hourly cleaning", "SELECT slack_deleted::text FROM fluxmcp.cleanup_expired_cache()", want)
	}
	r.Want("afterwards", "SELECT digest FROM fluxmcp.slack_posts", "stays")
	r.Exec("DELETE FROM fluxmcp.users")
	r.Want("a person who is deleted leaves none", "SELECT digest FROM fluxmcp.slack_posts")
}

func TestSchemaRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.claim(key("ada", "K"), "d")
	const row = "INSERT INTO fluxmcp.slack_posts (user_id, account, key_hash, digest, status) SELECT "
	for _, c := range []struct{ name, sql, state string }{
		{"a key a second time", row + "user_id, account, key_hash, 'd2', 'pending' FROM fluxmcp.slack_posts", "23505"},
		{"a key itself", row + "id, 'a', 'K', 'd', 'pending' FROM fluxmcp.users", "23514"},
		{"no account", row + "id, '', sha256(''), 'd', 'pending' FROM fluxmcp.users", "23514"},
		{"no digest", row + "id, 'a', sha256(''), '', 'pending' FROM fluxmcp.users", "23514"},
		{"a state that there is not", row + "id, 'a', sha256(''), 'd', 'Posted' FROM fluxmcp.users", "23514"},
		{"a key of nobody", row + "gen_random_uuid(), 'a', sha256(''), 'd', 'pending'", "23503"},
		{"nothing wrong", row + "id, 'a', sha256(''), 'd', 'pending' FROM fluxmcp.users", ""},
	} {
		r.Answer(c.name, c.sql, c.state)
	}
}

func TestFailuresAreTheDatabases(t *testing.T) {
	t.Parallel()
	owntest.Fails(t, func(o *store.Own) map[string]error {
		p, k := slackposts.New(o), key("ada", "K")
		claimed, claim := p.Claim(t.Context(), k, "d")
		retaken, retake := p.Retake(t.Context(), k, time.Now())
		marked, mark := p.Mark(t.Context(), k, time.Now(), posted("1.2"))
		released, release := p.Release(t.Context(), k, time.Now())
		if none := (slackposts.Claim{}); claimed != none || retaken != none || marked || released {
			t.Errorf("got %+v, %+v, %t, %t beside errors, want nothing done", claimed, retaken, marked, released)
		}
		return map[string]error{"claim": claim, "retake": retake, "mark": mark, "release": release}
	})
}
