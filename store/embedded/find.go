//go:build unix

package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 13

// binaries is a directory with initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) initdb() string   { return filepath.Join(b.dir, "initdb") }
func (b binaries) postgres() string { return filepath.Join(b.dir, "postgres") }

// errNoBinaries is returned by findBinaries when nothing usable is installed.
var errNoBinaries = errors.New("no PostgreSQL 13 or later is installed on this machine")

// findBinaries picks the installed PostgreSQL: the one explicitly named, else
// the one on PATH, else the newest. An existing cluster of version want (0:
// none yet) can only be opened by that version.
func findBinaries(ctx context.Context, explicit, fetched string, want int) (binaries, error) {
	found := probeAll(ctx, candidates(explicit, fetched))
	if len(found) == 0 && explicit == "" {
		// Last, because Debian's pg_config is a script that takes 60 ms.
		if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
			found = probeAll(ctx, []string{strings.TrimSpace(string(out))})
		}
	}
	if len(found) == 0 && explicit != "" {
		return binaries{}, &Error{"postgresql_not_found", "Point the setting at a directory that holds initdb and postgres, or leave it out.",
			fmt.Errorf("no PostgreSQL 13 or later in %s", explicit)}
	}
	if len(found) == 0 {
		return binaries{}, errNoBinaries
	}
	if want == 0 {
		return found[0], nil
	}
	i := slices.IndexFunc(found, func(b binaries) bool { return b.major == want })
	if i < 0 {
		return binaries{}, &Error{"postgresql_version", installHint(want),
			fmt.Errorf("the database was made by PostgreSQL %d, which is no longer installed (found: %d)", want, found[0].major)}
	}
	return found[i], nil
}

// candidates lists directories to look in, the preferred one first.
func candidates(explicit, fetched string) []string {
	if explicit != "" {
		return []string{explicit}
	}
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	var globbed []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                               // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                        // PGDG packages on Fedora and RHEL
		"/usr/libexec/postgresql*",                                // Alpine
		"/opt/homebrew/opt/postgresql@*/bin",                      // Homebrew on Apple silicon
		"/usr/local/opt/postgresql@*/bin",                         // Homebrew on Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",         // Homebrew on Linux
		"/Applications/Postgres.app/Contents/Versions/[0-9]*/bin", // Postgres.app
		"/Library/PostgreSQL/*/bin",                               // EDB's installer on macOS
		"/usr/local/pgsql/bin",                                    // built from source
		filepath.Join(fetched, "*", "bin"),                        // fetched by us
	} {
		matches, _ := filepath.Glob(pattern) // errs on a malformed pattern only
		globbed = append(globbed, matches...)
	}
	slices.SortStableFunc(globbed, func(a, b string) int { return cmp.Compare(pathVersion(b), pathVersion(a)) })
	return append(dirs, globbed...)
}

// pathVersion is the last number in a path: the major version where the
// installers above put one.
func pathVersion(path string) int {
	all := regexp.MustCompile(`[0-9]+`).FindAllString(filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path), -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(all[0]) // a number too long for an int sorts last
	return n
}

func probeAll(ctx context.Context, dirs []string) []binaries {
	var found []binaries
	for _, dir := range dirs {
		if b, ok := probe(ctx, dir); ok {
			found = append(found, b)
		}
	}
	return found
}

// probe reports the version of a directory's binaries, false when they are
// missing, too old or do not run.
func probe(ctx context.Context, dir string) (binaries, bool) {
	b := binaries{dir: dir}
	if info, err := os.Stat(b.initdb()); err != nil || info.IsDir() {
		return b, false
	}
	out, err := exec.CommandContext(ctx, b.postgres(), "--version").Output()
	if err != nil {
		return b, false
	}
	m := regexp.MustCompile(`\(PostgreSQL\) ([0-9]+)`).FindSubmatch(out)
	if m == nil {
		return b, false
	}
	b.major, err = strconv.Atoi(string(m[1]))
	return b, err == nil && b.major >= oldestMajor
}

// clusterMajor is the version that made the cluster in data, 0 if there is none.
func clusterMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read PG_VERSION: %w", err)
	}
	return major, nil
}
