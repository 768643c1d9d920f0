//go:build unix

package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRootsPlace(t *testing.T) {
	acct := account{name: "postgres", uid: 4242}
	for _, c := range []struct {
		name    string
		mode    os.FileMode
		used    string // directory that has a cluster already: "asked", "system" or ""
		want    string
		wantErr bool
	}{
		{"an open directory is used as asked", 0o755, "", "asked", false},
		{"a closed one makes way for the system's", 0o700, "", "system", false},
		{"the system's, once used, stays", 0o755, "system", "system", false},
		{"one that was closed after its use is an error, not a new database", 0o700, "asked", "", true},
	} {
		base := emptyDir(t)
		home, system := filepath.Join(base, "home"), filepath.Join(base, "system")
		asked := filepath.Join(home, "postgres")
		places := map[string]string{"asked": asked, "system": filepath.Join(system, shortHash(asked))}
		if err := os.MkdirAll(home, 0o755); err != nil {
			t.Fatal(err)
		}
		if c.used != "" {
			if err := os.MkdirAll(filepath.Join(places[c.used], "data"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(home, c.mode); err != nil {
			t.Fatal(err)
		}
		got, err := rootsPlace(asked, system, acct)
		if got != places[c.want] || (err != nil) != c.wantErr {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, places[c.want])
		}
		if os.Chmod(home, 0o755) != nil {
			t.Fatal("cannot open the directory again")
		}
	}
}

func TestSocketPathFits(t *testing.T) {
	root := "/" + strings.Repeat("d", 120)
	l, err := layoutAt(root)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(filepath.Join(l.run, socketName)); n > maxSocket {
		t.Errorf("socket path %s has %d bytes, want at most %d", l.run, n, maxSocket)
	}
	again, _ := layoutAt(root)
	other, _ := layoutAt(root + "x")
	if l.run != again.run || l.run == other.run {
		t.Errorf("socket directories %s, %s (same root), %s (other root): want one for each root", l.run, again.run, other.run)
	}
}

func TestForeignSocketDirectoryIsRefused(t *testing.T) {
	base := emptyDir(t)
	for _, c := range []struct {
		name string
		make func(path string) error
	}{
		{"open to others", func(p string) error { return makeDir(p, 0o777) }},
		{"a link to somewhere else", func(p string) error { return os.Symlink("/tmp", p) }},
		{"a file", func(p string) error { return os.WriteFile(p, nil, 0o600) }},
	} {
		l := layoutOf(t, base)
		l.root, l.run = filepath.Join(base, "elsewhere"), filepath.Join(base, shortHash(c.name))
		if err := c.make(l.run); err != nil {
			t.Fatal(err)
		}
		if err := l.makeRun(); err == nil {
			t.Errorf("%s: accepted, want an error", c.name)
		}
	}
}

func TestLongDirectoryWorks(t *testing.T) {
	dir := filepath.Join(readyDir(t), "..", filepath.Base(emptyDir(t)), strings.Repeat("long", 25))
	p, err := StartPrivate(t.Context(), PrivateOptions{Options: Options{Dir: dir}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := mustQuery(t, p.URL(), "SELECT 'ok'"); got != "ok" {
		t.Errorf("got %q, want ok", got)
	}
}

func TestPrivateServerCanBeKilledAndStartedAgain(t *testing.T) {
	p, err := StartPrivate(t.Context(), PrivateOptions{Options: Options{Dir: readyDir(t)}, Settings: []string{"fsync=off", "work_mem=1MB"}, Ephemeral: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := mustQuery(t, p.URL(), "SELECT current_setting('fsync') || current_setting('work_mem')"); got != "off1MB" {
		t.Errorf("settings: %q, want off1MB", got)
	}
	p.Stop()
	if left, _ := filepath.Glob(p.layout.data + "/*"); len(left) > 0 {
		t.Errorf("after Stop an ephemeral server left %v, want nothing", left)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
