package figmafiles_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fluxstudio/fluxmcp/oauth"
	"github.com/fluxstudio/fluxmcp/store"
	"github.com/fluxstudio/fluxmcp/store/figmafiles"
	"github.com/fluxstudio/fluxmcp/store/internal/kept"
	"github.com/fluxstudio/fluxmcp/store/internal/owntest"
)

func TestWhatIsPutIsGot(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	k := key("ada", "F1")
	if got := r.content(k); got != "none" {
		t.Errorf("before: got %s, want none, of a person who is new", got)
	}
	for _, content := range []string{"one", "two", "", "with \x00 and \xff", string(noise(300_000))} {
		before := time.Now().Add(-time.Second)
		stamp := fmt.Sprint(len(content), " 2026-11-24T12:00:00Z")
		if err := r.Put(t.Context(), k, figmafiles.Entry{Stamp: stamp, Content: []byte(content)}, "A file", time.Hour); err != nil {
			t.Errorf("put %.10q: %v", content, err)
		}
		e, there, err := r.Get(t.Context(), k)
		if err != nil || !there || string(e.Content) != content || e.Stamp != stamp {
			t.Errorf("put %.10q: got %.10q of %d bytes under %s, %v, %v", content, e.Content, len(e.Content), e.Stamp, there, err)
		}
		if e.CachedAt.Before(before) || e.CachedAt.After(time.Now().Add(time.Second)) {
			t.Errorf("put %.10q: cached at %v, want now", content, e.CachedAt)
		}
	}
	r.Want("rows", "SELECT count(*)::text FROM fluxmcp.figma_files_cache", "1")
	r.Want("the person", "SELECT issuer || ' ' || subject || ' ' || email FROM fluxmcp.users", "https://id.example auth0|ada ada@example.com")
	r.Want("what the operator sees", "SELECT file_key || ', ' || file_name || ', ' || account FROM fluxmcp.figma_files_cache", "F1, A file, account of ada")
}

func TestNoFileIsShownToSomebodyElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	mine := key("ada", "f1")
	r.put(mine, "ada's")
	r.put(key("eve", "f12"), "eve's")
	for name, k := range owntest.Strangers(kept.Key{Person: mine.Person, Account: mine.Account, Part: mine.File}) {
		if got := r.content(figmafiles.Key{Person: k.Person, Account: k.Account, File: k.Part}); got != "none" {
			t.Errorf("%s: got %s, want none", name, got)
		}
	}
	if got := r.content(mine); got != "ada's" {
		t.Errorf("their own: got %s, want ada's", got)
	}
}

func TestFilesExpire(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	k := key("ada", "F1")
	r.put(k, "one")
	r.Want("its life", "SELECT (cache_expires_at - cached_at)::text FROM fluxmcp.figma_files_cache", "01:00:00")
	r.Exec("UPDATE fluxmcp.figma_files_cache SET cache_expires_at = now() - interval '1 millisecond'")
	if got := r.content(k); got != "none" {
		t.Errorf("expired: got %s, want none", got)
	}
	r.put(k, "two")
	if got := r.content(k); got != "two" {
		t.Errorf("put again: got %s, want two", got)
	}
	r.put(key("ada", "F2"), "gone")
	r.Exec("UPDATE fluxmcp.figma_files_cache SET cache_expires_at = now() - interval '1 second' WHERE file_key = 'F2'")
	r.Want("the hourly cleaning", "SELECT figma_deleted::text FROM fluxmcp.cleanup_expired_cache()", "1")
	r.Want("afterwards", files, "ada:F1")
}

func TestWhatIsNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{MaxBytes: 100})
	long := strings.Repeat("x", 512)
	for _, c := range []struct {
		name        string
		file, stamp string
		account     string
		size        int
		ttl         time.Duration
		kept        bool
	}{
		{"as much as may be is kept", long, long, long, 100, time.Hour, true},
		{"a larger content", "F2", "s", "a", 101, time.Hour, false},
		{"no time", "F3", "s", "a", 1, 0, false},
		{"a time that is over", "F3", "s", "a", 1, -time.Hour, false},
		{"no file", "", "s", "a", 1, time.Hour, false},
		{"no account", "F3", "s", "", 1, time.Hour, false},
		{"no stamp is a stamp", "F4", "", "a", 1, time.Hour, true},
		{"a file key that is too long", long + "x", "s", "a", 1, time.Hour, false},
		{"a stamp with NUL", "F3", "s\x00", "a", 1, time.Hour, false},
		{"an account that is no text", "F3", "s", "a\xff", 1, time.Hour, false},
	} {
		k := figmafiles.Key{Person: person("ada"), Account: c.account, File: c.file}
		err := r.Put(t.Context(), k, figmafiles.Entry{Stamp: c.stamp, Content: noise(c.size)}, "", c.ttl)
		_, there, again := r.Get(t.Context(), k)
		if err != nil || again != nil || there != c.kept {
			t.Errorf("%s: put: %v, then there %t, %v; want %t", c.name, err, there, again, c.kept)
		}
	}
	r.put(key("ada", "F5"), "small")
	r.put(key("ada", "F5"), strings.Repeat("large", 100))
	if got := r.content(key("ada", "F5")); got != "small" {
		t.Errorf("a larger one over a small one: got %s, want the small one, whose stamp tells its age", got)
	}
	if got := replica(r.Database, figmafiles.Options{MaxBytes: 4}).content(key("ada", "F5")); got != "none" {
		t.Errorf("what another process with a larger bound has put: got %s, want none", got)
	}
}

func TestNamesOfFilesAreOtherPeoplesText(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	for name, want := range map[string]string{
		"":                             "",
		"Møde'); DROP TABLE x; --":     "Møde'); DROP TABLE x; --",
		"a\x00b\xffc":                  "a\uFFFDb\uFFFDc",
		strings.Repeat("é", 128):       strings.Repeat("é", 128),
		strings.Repeat("é", 128) + "!": strings.Repeat("é", 126) + "…",
	} {
		if err := r.Put(t.Context(), key("ada", "F1"), figmafiles.Entry{}, name, time.Hour); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		r.Want(fmt.Sprintf("%q", name), "SELECT file_name FROM fluxmcp.figma_files_cache", want)
	}
}

func TestDropForgetsAFileOfEverybody(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	for _, who := range []string{"ada", "eve"} {
		r.put(key(who, "F1"), who)
		r.put(key(who, "F2"), who)
	}
	second := key("ada", "F1")
	second.Account = "another"
	r.put(second, "again")
	for _, c := range []struct {
		name, file string
		want       int
	}{
		{"all that there are", "F1", 3},
		{"then none", "F1", 0},
		{"a file that nobody has", "F3", 0},
		{"no text", "F\x00", 0},
	} {
		if n, err := r.Drop(t.Context(), c.file); n != c.want || err != nil {
			t.Errorf("%s: dropped %d, %v; want %d", c.name, n, err, c.want)
		}
	}
	r.Want("others stay", files, "ada:F2", "eve:F2")
	r.Exec(`INSERT INTO fluxmcp.users (issuer, subject) SELECT 'many', i FROM generate_series(1, 250) i;
		INSERT INTO fluxmcp.figma_files_cache (user_id, file_key, account, stamp, content, size) SELECT id, 'F2', 'a', '', '', 0 FROM fluxmcp.users WHERE issuer = 'many'`)
	if n, err := r.Drop(t.Context(), "F2"); n != 252 || err != nil {
		t.Errorf("more than one statement deletes: dropped %d, %v; want 252", n, err)
	}
	r.Want("afterwards", files)
}

func TestForgetForgetsAPerson(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	for _, file := range []string{"F1", "F2"} {
		r.put(key("ada", file), "x")
		r.put(key("eve", file), "x")
	}
	for _, p := range []oauth.Person{person("ada"), person("nobody"), {Issuer: "local", Subject: person("eve").Subject}} {
		if err := r.Forget(t.Context(), p); err != nil {
			t.Errorf("forget %v: %v", p, err)
		}
	}
	r.Want("others stay", files, "eve:F1", "eve:F2")
	if got := r.content(key("ada", "F1")); got != "none" {
		t.Errorf("forgotten: got %s, want none", got)
	}
	r.put(key("ada", "F1"), "again")
	if got := r.content(key("ada", "F1")); got != "again" {
		t.Errorf("put again: got %s, want again", got)
	}
	r.Exec("DELETE FROM fluxmcp.users WHERE subject = 'auth0|ada'")
	r.Want("a person who is deleted leaves none", files, "eve:F1", "eve:F2")
}

func TestRemoveForgetsOneFileOfOneAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	second := key("ada", "F1")
	second.Account = "another"
	all := []figmafiles.Key{key("ada", "F1"), second, key("ada", "F2"), key("eve", "F1")}
	for _, k := range all {
		r.put(k, "x")
	}
	for _, k := range []figmafiles.Key{all[0], all[0], {Person: person("eve"), Account: "another", File: "F1"}, {Person: person("ada"), File: "F2"}} {
		if err := r.Remove(t.Context(), k); err != nil {
			t.Errorf("remove %+v: %v", k, err)
		}
	}
	for i, want := range []string{"none", "x", "x", "x"} {
		if got := r.content(all[i]); got != want {
			t.Errorf("%+v: got %s, want %s", all[i], got, want)
		}
	}
}

func TestContentsAreSealed(t *testing.T) {
	t.Parallel()
	r := newRig(t, figmafiles.Options{})
	r.put(key("ada", "F1"), "the secret plan")
	if row := r.Texts("SELECT f::text || encode(content, 'escape') FROM fluxmcp.figma_files_cache f")[0]; strings.Count(row, "secret plan") != 1 {
		t.Errorf("the row is %q, want the content in its stamp alone, which the test put there", row)
	}
	r.Want("its storage is not compressed", "SELECT attstorage::text FROM pg_attribute WHERE attrelid = 'fluxmcp.figma_files_cache'::regclass AND attname = 'content'", "e")
}

func TestFailuresAreTheDatabases(t *testing.T) {
	t.Parallel()
	owntest.Fails(t, func(o *store.Own) map[string]error {
		f := figmafiles.New(o, owntest.Vault(t), figmafiles.Options{})
		_, there, get := f.Get(t.Context(), key("ada", "F1"))
		if there {
			t.Error("got a file beside an error")
		}
		_, drop := f.Drop(t.Context(), "F1")
		return map[string]error{
			"get": get, "drop": drop, "forget": f.Forget(t.Context(), person("ada")), "remove": f.Remove(t.Context(), key("ada", "F1")),
			"put": f.Put(t.Context(), key("ada", "F1"), figmafiles.Entry{Content: []byte("x")}, "", time.Hour),
		}
	})
}
