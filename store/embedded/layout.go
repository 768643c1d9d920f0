//go:build unix

package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const (
	systemDir   = "/var/lib/fluxmcp" // for root, where the caller's directory is closed to other accounts
	socketName  = ".s.PGSQL.5432"
	maxSocket   = 103 // bytes of sun_path without its NUL: 103 on macOS, 107 on Linux
	maxLogBytes = 1 << 20
)

// layout says where everything of one server lies. All of it follows from
// root and the current user, so each process arrives at the same places.
//
// root belongs to the caller, so that an account the server was dropped to can
// not put links in the way of files that the caller writes; data and run
// belong to the account.
type layout struct {
	root    string
	data    string // PGDATA
	run     string // the socket's directory
	account account
}

func (l layout) gate() string    { return filepath.Join(l.root, "gate.lock") }
func (l layout) holders() string { return filepath.Join(l.root, "holders.lock") }
func (l layout) watch() string   { return filepath.Join(l.root, "watch.lock") }
func (l layout) log() string     { return filepath.Join(l.root, "postgres.log") }
func (l layout) hba() string     { return filepath.Join(l.root, "pg_hba.conf") }
func (l layout) ident() string   { return filepath.Join(l.root, "pg_ident.conf") }
func (l layout) fetched() string { return filepath.Join(l.root, "bin") }

// resolve finds the layout for the data directory that the caller named.
// system is where root's servers go when dir is closed to other accounts.
func resolve(dir, system string) (layout, error) {
	if dir == "" {
		return layout{}, errors.New("embedded: Options.Dir is empty")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("find the data directory: %w", err)
	}
	acct, err := serverAccount()
	if err != nil {
		return layout{}, err
	}
	root := filepath.Join(abs, "postgres")
	if acct.drop {
		if root, err = rootsPlace(root, system, acct); err != nil {
			return layout{}, err
		}
	}
	return layoutAt(root)
}

// layoutAt is the layout below a root directory that was resolved before.
func layoutAt(root string) (layout, error) {
	acct, err := serverAccount(filepath.Join(root, "data"))
	if err != nil {
		return layout{}, err
	}
	l := layout{root: root, data: filepath.Join(root, "data"), run: filepath.Join(root, "run"), account: acct}
	if len(filepath.Join(l.run, socketName)) > maxSocket {
		// Not os.TempDir: two processes with different TMPDIR must meet.
		l.run = filepath.Join("/tmp", "fluxmcp-"+strconv.Itoa(acct.uid)+"-"+shortHash(root))
	}
	return l, nil
}

// rootsPlace decides between the directory asked for and one below system.
// A place once used stays the place, whatever permissions change later.
func rootsPlace(root, system string, acct account) (string, error) {
	fallback := filepath.Join(system, shortHash(root))
	if exists(filepath.Join(fallback, "data")) {
		return fallback, nil
	}
	closed := closedAncestor(root, acct)
	if closed == "" {
		return root, nil
	}
	if exists(filepath.Join(root, "data")) {
		return "", &Error{"data_dir", fmt.Sprintf("Run `chmod o+x %s`: the database below it runs as the account %s.", closed, acct.name),
			fmt.Errorf("account %s cannot reach %s", acct.name, root)}
	}
	return fallback, nil
}

// closedAncestor returns the first directory above path that acct may not
// pass through, or "". Directories that do not exist yet will be made open.
func closedAncestor(path string, acct account) string {
	parts := strings.Split(filepath.Dir(path), "/")
	for i := range parts {
		dir := "/" + filepath.Join(parts[:i+1]...)
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			return "" // making the directory will tell what is wrong
		}
		if info.Mode().Perm()&0o001 == 0 && !ownedBy(info, acct.uid) {
			return dir
		}
	}
	return ""
}

// prepare makes the directories. It may run in several processes at once.
func (l layout) prepare() error {
	err := l.makeRoot()
	if err == nil {
		err = l.makeRun()
	}
	if err != nil {
		return classify(l.root, "", fmt.Errorf("make the data directory: %w", err))
	}
	return nil
}

func (l layout) makeRoot() error {
	above, own := fs.FileMode(0o700), fs.FileMode(0o700)
	if l.account.drop {
		above, own = 0o755, 0o711
	}
	if err := makeAll(filepath.Dir(l.root), above); err != nil {
		return err
	}
	return makeDir(l.root, own)
}

// makeRun makes the socket's directory, and refuses one that somebody else
// put there: below /tmp anybody could have.
func (l layout) makeRun() error {
	err := os.Mkdir(l.run, 0o700)
	if err == nil {
		return l.account.give(l.run)
	}
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(l.run)
	if err != nil {
		return err
	}
	if info.IsDir() && (ownedBy(info, os.Geteuid()) || filepath.Dir(l.run) == l.root) {
		// Ours for sure; made by another process just now, by one killed before
		// it gave it away, or for an account that is no longer the server's.
		if err := l.account.give(l.run); err != nil {
			return err
		}
		info, err = os.Lstat(l.run)
	}
	if err != nil || !info.IsDir() || !ownedBy(info, l.account.uid) || info.Mode().Perm() != 0o700 {
		return fmt.Errorf("socket directory %s is not a private directory of %s: %w", l.run, l.account.name, fs.ErrPermission)
	}
	return nil
}

// makeAll is os.MkdirAll, but with a mode that no umask narrows.
func makeAll(path string, mode fs.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
		}
		return nil
	}
	if err := makeAll(filepath.Dir(path), mode); err != nil {
		return err
	}
	return makeDir(path, mode)
}

func makeDir(path string, mode fs.FileMode) error {
	err := os.Mkdir(path, mode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// url is where role connects to the database.
func (l layout) url(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Path: "/" + database}
	u.RawQuery = url.Values{"host": {l.run}, "port": {"5432"}, "sslmode": {"disable"}}.Encode()
	return u.String()
}

func ownedBy(info fs.FileInfo, uid int) bool { return ownerOf(info) == uid }

// ownerOf returns the user id that owns a file, -1 when the system tells none.
func ownerOf(info fs.FileInfo) int {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1
	}
	return int(st.Uid)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
