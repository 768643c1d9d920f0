//go:build unix

package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account is the operating-system user the server runs as.
type account struct {
	caller   string // name of the user who runs fluxmcp
	name     string // name of the user who runs the server
	uid, gid int
	drop     bool // the server's user differs from the caller's
}

// serverAccount picks the account: the caller's own, or for root (which
// PostgreSQL refuses to run as) an unprivileged one: the owner of the cluster
// in data where there is one, so that an account added later changes nothing.
func serverAccount(data ...string) (account, error) {
	uid := os.Geteuid()
	if uid != 0 {
		u, err := user.LookupId(strconv.Itoa(uid))
		if err != nil {
			return account{}, &Error{"data_dir", fmt.Sprintf("Add user id %d to /etc/passwd (PostgreSQL needs its name), or set DATABASE_URL to a database of your own.", uid),
				fmt.Errorf("look up the current user: %w", err)}
		}
		return account{caller: u.Username, name: u.Username, uid: uid, gid: os.Getegid()}, nil
	}
	for _, dir := range data {
		if info, err := os.Lstat(dir); err == nil && !ownedBy(info, 0) {
			u, err := user.LookupId(strconv.Itoa(ownerOf(info)))
			if err != nil {
				return account{}, fmt.Errorf("look up the owner of %s: %w", dir, err)
			}
			return droppedTo(u)
		}
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return droppedTo(u)
		}
	}
	return account{}, &Error{"data_dir", "Run fluxmcp as an ordinary user, or add an unprivileged account with `useradd --system postgres`.",
		errors.New("PostgreSQL refuses to run as root and there is neither an account postgres nor nobody")}
}

func droppedTo(u *user.User) (account, error) {
	uid, errUID := strconv.Atoi(u.Uid)
	gid, errGID := strconv.Atoi(u.Gid)
	if err := errors.Join(errUID, errGID); err != nil {
		return account{}, fmt.Errorf("read ids of account %s: %w", u.Username, err)
	}
	return account{caller: "root", name: u.Username, uid: uid, gid: gid, drop: true}, nil
}

// apply makes cmd run as the account, in its own process group, with an
// environment that carries nothing of ours: settings such as PGOPTIONS would
// change the server, and secrets have no business in another account.
func (a account) apply(cmd *exec.Cmd) {
	cmd.Dir = "/" // the caller's directory may be closed to the account
	cmd.Env = cleanEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
}

// give makes the account the owner of path, which must not be a symbolic link.
func (a account) give(path string) error {
	if !a.drop {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

func cleanEnvironment() []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME=/", "LC_ALL=C", "TZ=UTC"}
}
