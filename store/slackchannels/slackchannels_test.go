package slackchannels_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
	"github.com/fluxstudio/fluxmcp/store/slackchannels"
)

// rig is one process of fluxmcp on a database.
type rig struct {
	*slackchannels.Channels
	owntest.Database
}

func newRig(t testing.TB, o slackchannels.Options) *rig {
	t.Helper()
	return replica(owntest.Migrated(t), o)
}

func replica(d owntest.Database, o slackchannels.Options, keys ...string) *rig {
	d.T.Helper()
	return &rig{slackchannels.New(owntest.Own(d.T, d.URL), owntest.Vault(d.T, keys...), o), d}
}

// key is that of a list as somebody reads it with their only account.
func key(name, part string) slackchannels.Key {
	return slackchannels.Key{Person: owntest.Person(name), Account: "account of " + name, Part: part}
}

func (r *rig) put(k slackchannels.Key, content string) {
	r.T.Helper()
	if err := r.Put(r.T.Context(), k, []byte(content)); err != nil {
		r.T.Errorf("put %+v: %v", k, err)
	}
}

// content is what Get gives, in a word: "none" for a miss.
func (r *rig) content(k slackchannels.Key) string {
	r.T.Helper()
	content, at, there, err := r.Get(r.T.Context(), k)
	switch {
	case err != nil:
		return err.Error()
	case !there && (content != nil || !at.IsZero()):
		return fmt.Sprintf("a miss with %q of %v", content, at)
	case !there:
		return "none"
	}
	return string(content)
}

// lists are what is there, as whose:account:part, in order.
const lists = `SELECT replace(u.subject, 'auth0|', '') || ':' || replace(c.account, 'account of ', '') || ':' || c.part
	FROM fluxmcp.slack_channels_cache c JOIN fluxmcp.users u ON u.id = c.user_id ORDER BY 1`

func TestWhatIsPutIsGot(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	k := key("ada", "channels")
	if got := r.content(k); got != "none" {
		t.Errorf("before: got %s, want none, of a person who is new", got)
	}
	other := replica(r.Database, slackchannels.Options{})
	for _, content := range []string{"one", "two", "", "with \x00 and \xff", strings.Repeat("x", slackchannels.DefaultMaxBytes)} {
		before := time.Now().Add(-time.Second)
		r.put(k, content)
		got, at, there, err := other.Get(t.Context(), k)
		if err != nil || !there || string(got) != content {
			t.Errorf("put %.10q: another process got %.10q of %d bytes, %t, %v", content, got, len(got), there, err)
		}
		if at.Before(before) || at.After(time.Now().Add(time.Second)) {
			t.Errorf("put %.10q: cached at %v, want now", content, at)
		}
	}
	r.Want("it lives for an hour", "SELECT (cache_expires_at - cached_at)::text FROM fluxmcp.slack_channels_cache", "01:00:00")
	r.Want("its size", "SELECT size::text FROM fluxmcp.slack_channels_cache", fmt.Sprint(slackchannels.DefaultMaxBytes))
	r.Want("its storage is not compressed", "SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'fluxmcp.slack_channels_cache'::regclass AND attname = 'content'", "e")
	r.put(k, "the secret channel")
	if row := r.Texts("SELECT c::text || encode(content, 'escape') FROM fluxmcp.slack_channels_cache c")[0]; strings.Contains(row, "secret") {
		t.Errorf("the row is %q, want the content sealed", row)
	}
}

func TestNoListIsShownToSomebodyElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	mine := key("ada", "channels")
	r.put(mine, "ada's")
	r.put(key("eve", "channels2"), "eve's")
	for name, k := range owntest.Strangers(kept.Key(mine)) {
		if got := r.content(slackchannels.Key(k)); got != "none" {
			t.Errorf("%s: got %s, want none", name, got)
		}
	}
	if got := r.content(mine); got != "ada's" {
		t.Errorf("their own: got %s, want ada's", got)
	}
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{MaxBytes: 100})
	long := strings.Repeat("x", 512)
	for _, c := range []struct {
		name, account, part string
		size                int
		kept                bool
	}{
		{"as much as may be is kept", long, long, 100, true},
		{"a larger content", "a", "p", 101, false},
		{"no part", "a", "", 1, false},
		{"no account", "", "p", 1, false},
		{"a part that is too long", "a", long + "x", 1, false},
		{"an account that is no text", "a\xff", "p", 1, false},
	} {
		k := slackchannels.Key{Person: owntest.Person("ada"), Account: c.account, Part: c.part}
		r.put(k, strings.Repeat("x", c.size))
		if got := r.content(k) != "none"; got != c.kept {
			t.Errorf("%s: kept %t, want %t", c.name, got, c.kept)
		}
	}
	r.put(key("ada", "p"), "small")
	r.put(key("ada", "p"), strings.Repeat("large", 100))
	if got := r.content(key("ada", "p")); got != "small" {
		t.Errorf("a larger one over a small one: got %.10s, want the small one", got)
	}
	if got := replica(r.Database, slackchannels.Options{MaxBytes: 4}).content(slackchannels.Key{Person: owntest.Person("ada"), Account: long, Part: long}); got != "none" {
		t.Errorf("what another process with a larger bound has put: got %s, want none", got)
	}
}

func TestListsExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	k := key("ada", "channels")
	r.put(k, "one")
	r.Exec("UPDATE fluxmcp.slack_channels_cache SET cache_expires_at = now() - interval '1 millisecond'")
	if got := r.content(k); got != "none" {
		t.Errorf("expired: got %s, want none", got)
	}
	r.put(k, "two")
	if got := r.content(k); got != "two" {
		t.Errorf("put again: got %s, want two", got)
	}
}

// TestCleaningTakesLargeListsSomeAtATime: all at once would take longer than a
// statement may.
func TestCleaningTakesLargeListsSomeAtATime(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	r.Exec(`INSERT INTO fluxmcp.users (issuer, subject) VALUES ('many', 'auth0|');
		INSERT INTO fluxmcp.slack_channels_cache (user_id, account, part, content, size, cache_expires_at)
			SELECT id, 'a', n, '', CASE WHEN n > 12 THEN 4000000 ELSE 0 END, now() - n * interval '1 minute' FROM fluxmcp.users, generate_series(1, 30) n;
		UPDATE fluxmcp.slack_channels_cache SET cache_expires_at = DEFAULT WHERE part = '1'`)
	for _, want := range []string{"13", "16", "0"} {
		r.Want("lists deleted by a call", "SELECT slack_deleted::text FROM fluxmcp.cleanup_expired_cache()", want)
	}
	r.Want("what is fresh stays", lists, ":a:1")
}

func TestDropForgetsAnAccountAndForgetAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	other := key("ada", "people")
	other.Account = "another"
	for _, c := range []struct {
		name string
		act  func() error
		want []string
	}{
		{"drop an account", func() error { return r.Drop(t.Context(), owntest.Person("ada"), "account of ada") }, []string{"ada:another:people", "eve:eve:channels"}},
		{"drop an account that is not there", func() error { return r.Drop(t.Context(), owntest.Person("ada"), "account of eve") }, all()},
		{"drop no account", func() error { return r.Drop(t.Context(), owntest.Person("ada"), "") }, all()},
		{"drop an account that is no text", func() error { return r.Drop(t.Context(), owntest.Person("ada"), "\x00") }, all()},
		{"forget a person", func() error { return r.Forget(t.Context(), owntest.Person("ada")) }, []string{"eve:eve:channels"}},
		{"forget a person who is not known", func() error { return r.Forget(t.Context(), owntest.Person("bob")) }, all()},
		{"forget the same subject at another issuer", func() error {
			return r.Forget(t.Context(), oauth.Person{Issuer: "local", Subject: owntest.Person("ada").Subject})
		}, all()},
		{"a person who is deleted leaves none", func() error {
			r.Exec("DELETE FROM fluxmcp.users WHERE subject = 'auth0|ada'")
			return nil
		}, []string{"eve:eve:channels"}},
	} {
		for _, k := range []slackchannels.Key{key("ada", "channels"), key("ada", "people"), other, key("eve", "channels")} {
			r.put(k, "x")
		}
		if err := c.act(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		r.Want(c.name, lists, c.want...)
	}
}

// all is what TestDropForgetsAnAccountAndForgetAPerson puts.
func all() []string {
	return []string{"ada:ada:channels", "ada:ada:people", "ada:another:people", "eve:eve:channels"}
}

func TestTheOldestGo(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{PerPerson: 2})
	for _, part := range []string{"1", "2", "1", "3"} {
		r.put(key("ada", part), "x")
		r.put(key("eve", "1"), "x")
	}
	r.Want("the last two of a person stay", lists, "ada:ada:1", "ada:ada:3", "eve:eve:1")
}

// TestWhatCannotBeOpenedIsAMiss has somebody who can write to the database give
// themselves another's list, and a key that is gone.
func TestWhatCannotBeOpenedIsAMiss(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	d := owntest.Migrated(t)
	o := slackchannels.Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	r := replica(d, o)
	const take = "UPDATE fluxmcp.slack_channels_cache SET content = (SELECT content FROM fluxmcp.slack_channels_cache WHERE "
	const mine = ") WHERE account = 'account of ada' AND part = 'channels'"
	for _, c := range []struct {
		name, sql string
		reader    *rig
		want      string
	}{
		{"another's content", take + "account = 'account of eve'" + mine, r, "none"},
		{"another list of mine", take + "part = 'people'" + mine, r, "none"},
		{"a text of one's own", "UPDATE fluxmcp.slack_channels_cache SET content = 'mine'", r, "none"},
		{"the key is gone", "SELECT 1", replica(d, o, owntest.NewKey), "none"},
		{"the key is an old one", "SELECT 1", replica(d, o, owntest.NewKey, owntest.OldKey), "ada's"},
		{"nothing is changed", "SELECT 1", r, "ada's"},
	} {
		r.put(key("ada", "channels"), "ada's")
		r.put(key("ada", "people"), "ada's other")
		r.put(key("eve", "channels"), "eve's")
		r.Exec(c.sql)
		log.Reset()
		if got := c.reader.content(key("ada", "channels")); got != c.want || (got == "none") != (strings.Count(log.String(), "level=WARN") == 1) {
			t.Errorf("%s: got %s and the log %q, want %s", c.name, got, log.String(), c.want)
		}
		left := map[string]string{"none": "0", "ada's": "1"}[c.want]
		r.Want(c.name+": rows left", "SELECT count(*)::text FROM fluxmcp.slack_channels_cache WHERE account = 'account of ada' AND part = 'channels'", left)
	}
}

// TestNothingFailsWhenAllHappensAtOnce: no order of locks ends in a deadlock.
func TestNothingFailsWhenAllHappensAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{PerPerson: 2})
	both := []*rig{r, replica(r.Database, slackchannels.Options{PerPerson: 2})}
	var wg sync.WaitGroup
	for i := range 8 {
		random := rand.New(rand.NewPCG(uint64(i), 7))
		wg.Go(func() {
			for range 60 {
				k := key([]string{"ada", "eve"}[random.IntN(2)], []string{"1", "2", "3"}[random.IntN(3)])
				k.Account = []string{"one", "two"}[random.IntN(2)]
				if err := anything(t, both[i%2], random.IntN(8), k); err != nil {
					t.Errorf("%v, want no error", err)
				}
			}
		})
	}
	wg.Wait()
}

func anything(t *testing.T, r *rig, what int, k slackchannels.Key) (err error) {
	switch what {
	case 0:
		err = r.Drop(t.Context(), k.Person, k.Account)
	case 1:
		err = r.Forget(t.Context(), k.Person)
	case 2, 3:
		_, _, _, err = r.Get(t.Context(), k)
	default:
		err = r.Put(t.Context(), k, []byte("x"))
	}
	return err
}

func TestSchemaRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t, slackchannels.Options{})
	r.put(key("ada", "channels"), "x")
	const row = "INSERT INTO fluxmcp.slack_channels_cache (user_id, account, part, content, size) SELECT id, "
	for _, c := range []struct{ name, sql, state string }{
		{"a list a second time", row + "'account of ada', 'channels', '', 0 FROM fluxmcp.users", "23505"},
		{"a list without an account", row + "'', 'p', '', 0 FROM fluxmcp.users", "23514"},
		{"a list without a name", row + "'a', '', '', 0 FROM fluxmcp.users", "23514"},
		{"a size below nothing", row + "'a', 'p', '', -1 FROM fluxmcp.users", "23514"},
		{"a list without a content", row + "'a', 'p', NULL, 0 FROM fluxmcp.users", "23502"},
		{"a list of nobody", row + "'a', 'p', '', 0 FROM (SELECT gen_random_uuid() AS id) nobody", "23503"},
		{"nothing wrong", row + "'a', 'p', '', 0 FROM fluxmcp.users", ""},
	} {
		r.Answer(c.name, c.sql, c.state)
	}
	r.Want("a list lives for an hour", "SELECT (cache_expires_at - cached_at)::text FROM fluxmcp.slack_channels_cache WHERE account = 'a'", "01:00:00")
}

func TestFailuresAreTheDatabases(t *testing.T) {
	t.Parallel()
	owntest.Fails(t, func(o *store.Own) map[string]error {
		c := slackchannels.New(o, owntest.Vault(t), slackchannels.Options{})
		content, _, there, get := c.Get(t.Context(), key("ada", "p"))
		if content != nil || there {
			t.Errorf("got %q, %t beside an error", content, there)
		}
		return map[string]error{
			"get": get, "put": c.Put(t.Context(), key("ada", "p"), []byte("x")),
			"drop": c.Drop(t.Context(), owntest.Person("ada"), "a"), "forget": c.Forget(t.Context(), owntest.Person("ada")),
		}
	})
}
