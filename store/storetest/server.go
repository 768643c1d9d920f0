//go:build unix

package storetest

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Instance is a PostgreSQL server that belongs to one test, which may stop and
// kill it. Methods are not safe for concurrent use.
type Instance struct {
	t testing.TB
	p *private
}

// Server starts an Instance, whatever EnvURL says. It is running; it and its
// data are gone when the test ends.
func Server(t testing.TB) *Instance {
	t.Helper()
	p, err := startPrivate(false)
	if err != nil {
		t.Fatalf("storetest: start a PostgreSQL for this test: %v%s", err, hint(err))
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Errorf("storetest: remove the test's server: %v", err)
		}
	})
	return &Instance{t: t, p: p}
}

// URL is the connection URL of an empty database, as superuser. It stays the
// same over Stop and Start.
func (i *Instance) URL() string { return i.p.AdminURL() }

// Stop shuts the server down, disconnecting everybody.
func (i *Instance) Stop() { i.p.Stop() }

// Kill ends the server as a crash would.
func (i *Instance) Kill() { i.p.Kill() }

// Start starts the server after Stop or Kill, with its data.
func (i *Instance) Start() {
	i.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	if err := i.p.Start(ctx); err != nil {
		i.t.Fatalf("storetest: start the server again: %v%s", err, hint(err))
	}
}

// runDir makes a directory that is this process's while held is reachable, and
// removes those of processes that have ended.
func runDir() (dir string, held *os.File, err error) {
	base, err := ownDir(scratch())
	if err != nil {
		return "", nil, err
	}
	// One process at a time: a directory whose lock is not yet taken looks
	// like one whose owner has ended.
	turn, err := lock(filepath.Join(base, "lock"), syscall.LOCK_EX)
	if err != nil {
		return "", nil, err
	}
	defer turn.Close()
	old, _ := filepath.Glob(filepath.Join(base, "run-*")) // errs on a malformed pattern only
	for _, dir := range old {
		if f, err := lock(filepath.Join(dir, "lock"), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			_ = os.RemoveAll(dir) // the next process tries again
			f.Close()
		}
	}
	dir, err = os.MkdirTemp(base, "run-")
	if err != nil {
		return "", nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", nil, err
	}
	held, err = lock(filepath.Join(dir, "lock"), syscall.LOCK_EX)
	return dir, held, err
}

func lock(path string, how int) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// scratch is memory where there is enough of it: a cluster is over a thousand
// files, which some disks take a second to copy.
func scratch() string {
	var fs syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &fs); err == nil && uint64(fs.Bsize)*uint64(fs.Bavail) > 1<<30 {
		return "/dev/shm"
	}
	return os.TempDir()
}
